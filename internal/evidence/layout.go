package evidence

import (
	"fmt"

	"github.com/sijil/sijil/log"
)

// Layout says where the documents stand. The zero value is that of a service;
// Folder is that of an exported evidence folder, where they stand without the
// API's prefix.
type Layout struct{ Folder bool }

func (l Layout) publication(slug string) string {
	if l.Folder {
		return slug
	}
	return "api/v1/publications/" + slug
}

// Checkpoint is the newest signed checkpoint.
func (l Layout) Checkpoint() string { return "checkpoint" }

// TrustedRoot is the Sigstore trusted root for stock clients.
func (l Layout) TrustedRoot() string { return "trusted_root.json" }

// Trust is the trust file as the source itself gives it: something to compare
// and pin, never something to believe.
func (l Layout) Trust() string {
	if l.Folder {
		return "trust.json"
	}
	return "api/v1/trust.json"
}

// Head is a publication's signed head.
func (l Layout) Head(slug string) string { return l.publication(slug) + "/head" }

// Bundle is a record's bundle.
func (l Layout) Bundle(slug string, sequence int64) string {
	return fmt.Sprintf("%s/records/%d.bundle.json", l.publication(slug), sequence)
}

// Record is a record's bundle, by record digest: also of one that a publisher key
// signed and that is not in the chain.
func (l Layout) Record(slug string, record log.Digest) string {
	return fmt.Sprintf("%s/records/%s.bundle.json", l.publication(slug), record.Hex())
}

// Version is the folder of a version's documents.
func (l Layout) Version(slug string, version int) string {
	return fmt.Sprintf("%s/versions/%d", l.publication(slug), version)
}

// Signatories is a version's list with its disclosures.
func (l Layout) Signatories(slug string, version int) string {
	return l.Version(slug, version) + "/signatories.json"
}

// Text is a published text file.
func (l Layout) Text(slug string, version int, language string) string {
	return l.Version(slug, version) + "/text." + language + ".txt"
}
