package evidence_test

import (
	"testing"
	"time"

	"github.com/sijil/sijil/internal/evidence"
	"github.com/sijil/sijil/internal/extract"
	"github.com/sijil/sijil/internal/logtest"
	"github.com/sijil/sijil/internal/match"
	"github.com/sijil/sijil/internal/signatory"
)

// TestCheck: the verdict carries the evidence of the version it names.
func TestCheck(t *testing.T) {
	w := newWorld(t)
	p := mustOpen(t, w.served(), w.options())
	editions := logtest.River()
	now := time.Date(2026, 11, 23, 10, 0, 0, 5, time.FixedZone("", 3600))
	for name, c := range map[string]struct {
		copy, verdict, current, asOf string
		now                          time.Time
		version                      int
		index                        int64
	}{
		"latest":                {editions[1].Texts["ar"], match.Identical, match.CurrentYes, "2026-11-23T09:00:00Z", now, 2, 4},
		"superseded":            {editions[0].Texts["en"], match.Identical, match.CurrentNo, "2026-11-23T09:00:00Z", now, 1, 3},
		"latest, offline":       {editions[1].Texts["en"], match.Identical, match.CurrentUndetermined, "", time.Time{}, 2, 4},
		"superseded, offline":   {editions[0].Texts["en"], match.Identical, match.CurrentNo, "", time.Time{}, 1, 3},
		"another text":          {"The weather is fine today, and will be tomorrow.\n", match.Unknown, match.CurrentUndetermined, "2026-11-23T09:00:00Z", now, 0, 0},
		"another text, offline": {"The weather is fine today, and will be tomorrow.\n", match.Unchecked, match.CurrentUndetermined, "", time.Time{}, 0, 0},
	} {
		v, err := p.Check(extract.Plain([]byte(c.copy)), "first-use", c.now)
		check(t, err)
		if v.Verdict != c.verdict || v.Current != c.current || v.AsOf != c.asOf || v.Version != c.version || v.Trust != "first-use" ||
			v.Log != "sijil.example" || v.Publication != slug || v.Genesis != w.pub.Genesis().String() || v.LatestVersion != 2 {
			t.Errorf("%s: %+v", name, v)
		}
		if v.Evidence.TreeSize != w.log.Size() || v.Evidence.LogIndex != c.index || v.Evidence.Witnesses != 0 {
			t.Errorf("%s: evidence %+v", name, v.Evidence)
		}
		if c.version > 0 && v.Evidence.Record != w.pub.Bundles[c.version].Envelope.Digest().String() {
			t.Errorf("%s: record %s", name, v.Evidence.Record)
		}
	}
}

// TestWithheldName: a name may be withheld afterwards, and everything still
// verifies.
func TestWithheldName(t *testing.T) {
	w := newWorld(t)
	docs := w.served()
	list, err := signatory.Parse(docs[served.Signatories(slug, 1)])
	check(t, err)
	list, err = list.Withhold(list.Commitments()[1])
	check(t, err)
	if docs[served.Signatories(slug, 1)], err = list.Encode(); err != nil {
		t.Fatal(err)
	}
	p := mustOpen(t, docs, w.options())
	got := p.Records()[1].Edition.List().Entries()
	if len(got) != 3 || !got[1].Withheld || got[1].Signatory.Name != "" || got[2].Signatory.Name != "Valley Radio" {
		t.Errorf("%+v", got)
	}
}

// TestOnlyGenesis: a publication before its first version.
func TestOnlyGenesis(t *testing.T) {
	w := newWorld(t)
	p := mustOpen(t, w.pub.Documents(evidence.Layout{}, 3), w.options())
	if _, ok := p.Latest(); ok || len(p.Records()) != 1 || p.Genesis() != w.pub.Genesis() {
		t.Errorf("%d records", len(p.Records()))
	}
	v, err := p.Check(extract.Plain([]byte(logtest.River()[0].Texts["en"])), "pinned", logtest.Start)
	check(t, err)
	if v.Verdict != match.Unknown || v.LatestVersion != 0 || v.AsOf == "" {
		t.Errorf("%+v", v)
	}
}
