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

// vector is a whole publication as a service served it once, with a trust file that
// asks for two witnesses.
type vector struct {
	Slug, Trust string
	Documents   map[string]string
	Copies      []struct {
		Name, Copy, Verdict string
		Version             int
	}

	trust *keys.Trust
	docs  logtest.Documents
}

// vectors are the files of docs/testvectors/evidence, and how many records they hold.
var vectors = map[string]int{"river.json": 3, "cosigned.json": 6}

func readVector(t *testing.T, name string) vector {
	t.Helper()
	b, err := os.ReadFile("../../docs/testvectors/evidence/" + name)
	check(t, err)
	var v vector
	check(t, json.Unmarshal(b, &v))
	v.trust, err = keys.ParseTrust([]byte(v.Trust))
	check(t, err)
	v.docs = logtest.Documents{}
	for path, s := range v.Documents {
		v.docs[path] = []byte(s)
	}
	if len(v.Copies) == 0 {
		t.Errorf("%s: no copies", name)
	}
	return v
}

// TestVector: each vector opens for ever, and gives the same verdicts.
func TestVector(t *testing.T) {
	for name, records := range vectors {
		t.Run(name, func(t *testing.T) {
			v := readVector(t, name)
			o := evidence.Options{Trust: v.trust, Slug: v.Slug, Stock: newStock(t, v.trust), Copy: true}
			p := mustOpen(t, v.docs, o)
			if p.Checkpoint().Witnesses() != 2 || len(p.Records()) != records {
				t.Errorf("%d witnesses, %d records", p.Checkpoint().Witnesses(), len(p.Records()))
			}
			for _, c := range v.Copies {
				got, err := p.Check(extract.Plain([]byte(c.Copy)), "pinned", time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC))
				if err != nil || got.Verdict != c.Verdict || got.Version != c.Version {
					t.Errorf("%s: %s of version %d, %v, want %s of %d", c.Name, got.Verdict, got.Version, err, c.Verdict, c.Version)
				}
			}
			// With a byte more in any document it does not open.
			for path := range v.docs {
				broken := v.docs.Clone()
				broken[path] = append([]byte("x"), broken[path]...)
				if _, err := evidence.Open(t.Context(), broken, o); err == nil {
					t.Errorf("%s: opens with a byte before it", path)
				}
			}
		})
	}
}
