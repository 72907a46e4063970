package statement_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sijil/sijil/internal/statement"
	"github.com/sijil/sijil/log"
)

func release() *statement.Release {
	return statement.NewRelease("Portable verifier", "2026-01-31T12:00:00Z", statement.LogName{KeyID: digest(9), Origin: "log.example"},
		[]statement.File{{Name: "verifier.html", SHA256: digest(2)}, {Name: "sijil_1.0_amd64.deb", SHA256: digest(1)}})
}

func TestRelease(t *testing.T) {
	b, err := statement.EncodeRelease(release())
	check(t, err)
	got, err := statement.ParseRelease(b)
	check(t, err)
	if diff := cmp.Diff([]statement.File{{Name: "sijil_1.0_amd64.deb", SHA256: digest(1)}, {Name: "verifier.html", SHA256: digest(2)}}, got.Files()); diff != "" {
		t.Error(diff)
	}
	if name, ok := got.Holds(digest(2)); !ok || name != "verifier.html" {
		t.Errorf("holds: %q, %v", name, ok)
	}
	if _, ok := got.Holds(digest(3)); ok {
		t.Error("holds a file that it does not name")
	}
	if _, err := statement.Parse(b); err == nil {
		t.Error("a release was taken for a statement of a chain")
	}
	chained, err := statement.Encode(version())
	check(t, err)
	if _, err := statement.ParseRelease(chained); err == nil {
		t.Error("a version was taken for a release")
	}
}

func TestReleaseRules(t *testing.T) {
	for want, change := range map[string]func(r *statement.Release){
		"name: empty": func(r *statement.Release) { r.Name = "" },
		"name":        func(r *statement.Release) { r.Name = "a\nb" },
		"issued":      func(r *statement.Release) { r.Issued = "yesterday" },
		"log":         func(r *statement.Release) { r.Log.Origin = "" },
	} {
		r := release()
		change(r)
		if _, err := statement.EncodeRelease(r); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", want, err)
		}
	}
	for want, files := range map[string][]statement.File{
		"0 files":          {},
		"want a name":      {{Name: "../x", SHA256: digest(1)}},
		"each stands once": {{Name: "x", SHA256: digest(1)}, {Name: "x", SHA256: digest(2)}},
		"no digest":        {{Name: "x", SHA256: log.Digest{}}},
	} {
		r := release()
		if _, err := statement.EncodeRelease(statement.NewRelease(r.Name, r.Issued, r.Log, files)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", want, err)
		}
	}
}

func FuzzParseRelease(f *testing.F) {
	b, err := statement.EncodeRelease(release())
	check(f, err)
	f.Add(b)
	f.Fuzz(func(t *testing.T, b []byte) {
		r, err := statement.ParseRelease(b)
		if err != nil {
			return
		}
		again, err := statement.EncodeRelease(r)
		if err != nil || !bytes.Equal(again, b) {
			t.Errorf("what parses does not encode to the same bytes: %v", err)
		}
	})
}
