package site

import (
	"fmt"
	"net/url"
	"strconv"
)

// The addresses that pages link to: our own, and those of the API.

func publicationPath(slug string) string { return "/p/" + slug }

func versionPath(slug string, version int) string { return fmt.Sprintf("/p/%s/v/%d", slug, version) }

func endorsersPath(slug string, version int) string { return versionPath(slug, version) + "/endorsers" }

func rollPath(slug string) string { return apiPath(slug) + "/roll.jsonl" }

func historyPath(slug string) string { return "/p/" + slug + "/history" }

func chainPath(slug string) string { return "/p/" + slug + "/chain" }

func embedPath(slug string) string { return "/p/" + slug + "/embed" }

func qrPath(slug string) string { return "/p/" + slug + "/qr.svg" }

func evidencePath(slug string) string { return "/p/" + slug + "/evidence.zip" }

func badgePath(slug string) string { return "/p/" + slug + "/badge.svg" }

func printPath(slug string, version int, lang string) string {
	return fmt.Sprintf("/p/%s/v/%d/print/%s", slug, version, lang)
}

func entryPath(index int64) string { return fmt.Sprintf("/log/entries/%d", index) }

// comparePath is a permanent address: published versions do not change.
func comparePath(slug string, a, b int) string { return fmt.Sprintf("/p/%s/compare/%d/%d", slug, a, b) }

func apiPath(slug string) string { return "/api/v1/publications/" + slug }

func headPath(slug string) string { return apiPath(slug) + "/head" }

func bundlePath(slug string, sequence int64) string {
	return fmt.Sprintf("%s/records/%d.bundle.json", apiPath(slug), sequence)
}

// cosignedPath is the bundle of a record's nth signature, from 1.
func cosignedPath(slug string, sequence int64, nth int) string {
	if nth == 1 {
		return bundlePath(slug, sequence)
	}
	return fmt.Sprintf("%s/records/%d.%d.bundle.json", apiPath(slug), sequence, nth)
}

// recordPath is the bundle of a record by its digest, in hex.
func recordPath(slug, digest string) string {
	return fmt.Sprintf("%s/records/%s.bundle.json", apiPath(slug), digest)
}

// claimPath is what a signatory signs.
func claimPath(slug string, version int, kind, entry, lang string) string {
	q := url.Values{"entry": {entry}}
	if kind == "endorsement" {
		q.Set("language", lang)
	}
	return fmt.Sprintf("%s/versions/%d/claims/%s.json?%s", apiPath(slug), version, kind, q.Encode())
}

func itoa(n int) string { return strconv.Itoa(n) }

func invitePath(token string) string { return "/i/" + token }

func textPath(slug string, version int, lang string) string {
	return fmt.Sprintf("%s/versions/%d/text.%s.txt", apiPath(slug), version, lang)
}

func signatoriesPath(slug string, version int) string {
	return fmt.Sprintf("%s/versions/%d/signatories.json", apiPath(slug), version)
}

const (
	checkpointPath  = "/checkpoint"
	trustedRootPath = "/trusted_root.json"
	logPath         = "/log"
	pageCheckPath   = "/check"
)
