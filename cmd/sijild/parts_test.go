package main

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/sijil/sijil/internal/endorsement"
	"github.com/sijil/sijil/internal/evidence"
	"github.com/sijil/sijil/internal/remote"
)

// parted are the further parts of what signatories said.
var parted = []string{"/api/v1/publications/{slug}/endorsements.{part}.jsonl", "/api/v1/latest/publications/{slug}/endorsements.{part}.jsonl"}

// said reads the parts of what signatories said, and returns how many lines each has.
func (e *enrolled) said() (lines []int) {
	e.t.Helper()
	for n := 1; ; n++ {
		res, err := e.s.http.Get(e.url + "/" + evidence.Layout{}.Endorsements("river", n))
		check(e.t, err)
		defer res.Body.Close()
		doc, err := io.ReadAll(res.Body)
		check(e.t, err)
		if res.StatusCode != http.StatusOK {
			if res.StatusCode != http.StatusNotFound {
				e.t.Fatalf("part %d: %d %s", n, res.StatusCode, doc)
			}
			return lines
		}
		lines = append(lines, bytes.Count(doc, []byte("\n")))
	}
}

// TestClaimsInParts: as many organisations endorse as fill a part of what they said, and one
// more. The tools verify, audit, export and mirror it.
func TestClaimsInParts(t *testing.T) {
	const n = endorsement.PartRecords / 2
	e := newEnrolled(t, n)
	endorse := func(entry, again int) {
		b, err := e.endorse(e.signers[entry], entry, again).Marshal()
		check(t, err)
		_, err = remote.New(e.url, e.s.http).Claim(t.Context(), "river", b, e.signers[entry].Public().SPKI(), "")
		check(t, err)
	}
	for i := range n {
		endorse(i, 0)
	}
	api := newContract(t, e.s)
	e.s.http = &http.Client{Transport: api}
	if got := e.said(); !slices.Equal(got, []int{2 * n, 0}) {
		t.Errorf("parts with %v lines", got)
	}
	for _, path := range parted {
		if op := api.doc.Paths.Value(path); op == nil || !api.touched(op) {
			t.Errorf("%s is not described, or no exchange has touched it", path)
		}
	}
	home := t.TempDir()
	env := map[string]string{"HOME": home}
	run := func(args ...string) string {
		t.Helper()
		code, out, said := sijil(t, env, append(args, "--trust", home+"/trust.json")...)
		if code != 0 {
			t.Fatalf("%v: %d %s%s", args, code, out, said)
		}
		return out + said
	}
	if code, out, said := sijil(t, env, "trust", "init", e.url, "--out", home+"/trust.json", "--fingerprint", e.key.ID().String(), "--fingerprint", e.genesis.String()); code != 0 {
		t.Fatal(out, said)
	}
	known := func(args ...string) {
		t.Helper()
		if got := run(append([]string{"endorsements", "river"}, args...)...); !strings.Contains(got, fmt.Sprintf("%d signed", n)) {
			t.Errorf("%v: %.200s", args, got)
		}
	}
	for more := range 2 {
		known("--server", e.url)
		if got := run("audit", e.url); !strings.Contains(got, "clean") {
			t.Error(got)
		}
		folder := fmt.Sprintf("%s/evidence%d", home, more)
		run("export", "--server", e.url, "--publication", "river", "--out", folder)
		known("--offline", folder)
		run("mirror", e.url, home+"/mirror")
		if got := run("audit", home+"/mirror"); !strings.Contains(got, "clean") {
			t.Error(got)
		}
		check(t, os.Rename(folder+"/river/endorsements.2.jsonl", home+"/away"))
		if code, out, said := sijil(t, env, "endorsements", "river", "--offline", folder, "--trust", home+"/trust.json"); code == 0 || !strings.Contains(out+said, "river/endorsements.2.jsonl: is missing") {
			t.Errorf("without the second part: %d %s%s", code, out, said)
		}
		endorse(0, more+1)
		if got := e.said(); !slices.Equal(got, []int{2 * n, more + 1}) {
			t.Errorf("parts with %v lines", got)
		}
	}
}
