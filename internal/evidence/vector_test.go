package evidence_test

import (
	"encoding/json"
	"os"
	"testing"
	"time"

	"github.com/sijil/sijil/internal/evidence"
	"github.com/sijil/sijil/internal/extract"
	"github.com/sijil/sijil/internal/logtest"
	"github.com/sijil/sijil/keys"
)

// TestVector: a whole publication as a service served it once, with a trust file
// that asks for two witnesses, opens for ever, and gives the same verdicts.
func TestVector(t *testing.T) {
	b, err := os.ReadFile("../../docs/testvectors/evidence/river.json")
	check(t, err)
	var v struct {
		Slug, Trust string
		Documents   map[string]string
		Copies      []struct {
			Name, Copy, Verdict string
			Version             int
		}
	}
	check(t, json.Unmarshal(b, &v))
	trust, err := keys.ParseTrust([]byte(v.Trust))
	check(t, err)
	docs := logtest.Documents{}
	for path, s := range v.Documents {
		docs[path] = []byte(s)
	}
	o := evidence.Options{Trust: trust, Slug: v.Slug, Stock: newStock(t, trust), Copy: true}
	p := mustOpen(t, docs, o)
	if p.Checkpoint().Witnesses() != 2 || len(p.Records()) != 3 {
		t.Errorf("%d witnesses, %d records", p.Checkpoint().Witnesses(), len(p.Records()))
	}
	for _, c := range v.Copies {
		got, err := p.Check(extract.Plain([]byte(c.Copy)), "pinned", time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC))
		if err != nil || got.Verdict != c.Verdict || got.Version != c.Version {
			t.Errorf("%s: %s of version %d, %v, want %s of %d", c.Name, got.Verdict, got.Version, err, c.Verdict, c.Version)
		}
	}
	if len(v.Copies) == 0 {
		t.Error("no copies")
	}
	// With a byte more in any document it does not open.
	for path := range docs {
		broken := docs.Clone()
		broken[path] = append([]byte("x"), broken[path]...)
		if _, err := evidence.Open(t.Context(), broken, o); err == nil {
			t.Errorf("%s: opens with a byte before it", path)
		}
	}
}
