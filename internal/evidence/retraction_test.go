package evidence_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/sijil/sijil/internal/evidence"
	"github.com/sijil/sijil/internal/extract"
	"github.com/sijil/sijil/internal/logtest"
	"github.com/sijil/sijil/internal/match"
	"github.com/sijil/sijil/internal/statement"
)

// TestVersionName: the verdict on a retracted version says so, and no
// version is current because the one after it was withdrawn.
func TestVersionName(t *testing.T) {
	editions := logtest.River()
	for name, c := range map[string]struct {
		retract []int
		copy    int // which edition
		again   bool
		version int
		gone    bool
		current string
		exit    int
	}{
		"the first, retracted":             {[]int{1}, 0, false, 1, true, match.CurrentNo, 1},
		"the second, which stands":         {[]int{1}, 1, false, 2, false, match.CurrentYes, 0},
		"the latest, retracted":            {[]int{2}, 1, false, 2, true, match.CurrentNo, 1},
		"replaced by one that is":          {[]int{2}, 0, false, 1, false, match.CurrentNo, 0},
		"both":                             {[]int{2, 1}, 0, false, 1, true, match.CurrentNo, 1},
		"the publication":                  {[]int{0}, 1, false, 2, true, match.CurrentNo, 1},
		"a version, then the publication":  {[]int{1, 0}, 1, false, 2, true, match.CurrentNo, 1},
		"published again after retraction": {[]int{2}, 1, true, 3, false, match.CurrentYes, 0},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			for _, n := range c.retract {
				w.pub.Retract(n, "Withdrawn.")
			}
			if c.again {
				w.pub.Add(editions[1])
			}
			for _, offline := range []bool{false, true} {
				now := time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC)
				want := c.current
				if offline {
					if now = (time.Time{}); want == match.CurrentYes {
						want = match.CurrentUndetermined
					}
				}
				p := mustOpen(t, w.served(), w.options())
				v, err := p.Check(extract.Plain([]byte(editions[c.copy].Texts["en"])), "pinned", now)
				check(t, err)
				if v.Verdict != match.Identical || v.Version != c.version || v.Retracted != c.gone || v.Current != want || v.ExitCode() != c.exit {
					t.Errorf("offline %v: %s of version %d, retracted %v, current %s, exit %d", offline, v.Verdict, v.Version, v.Retracted, v.Current, v.ExitCode())
				}
			}
		})
	}
}

// TestRetractionRecords: records carry retractions in their place, and the head
// may be one.
func TestRetractionRecords(t *testing.T) {
	w := newWorld(t)
	w.pub.Retract(1, "A demand was missing.")
	p := mustOpen(t, w.served(), w.options())
	records := p.Records()
	last := records[len(records)-1]
	s, ok := last.Statement.(*statement.Retraction)
	if len(records) != 4 || !ok || s.Reason != "A demand was missing." || last.Edition != nil || last.Digest() != p.Head().Head().Record {
		t.Fatalf("%d records, the last %+v", len(records), last.Statement)
	}
	if r, ok := p.Retraction(1); !ok || r.Digest() != last.Digest() {
		t.Error("version 1 is not retracted")
	}
	if _, ok := p.Retraction(2); ok {
		t.Error("version 2 is retracted")
	}
	if _, ok := p.Retraction(0); ok {
		t.Error("the publication is retracted")
	}
	if latest, ok := p.Latest(); !ok || latest.Edition.Statement().Version != 2 {
		t.Error("the latest version is not 2")
	}
	if v, ok := p.Version(1); !ok || v.Digest() != s.Version.Record {
		t.Error("version 1 is not the record that was retracted")
	}
	if _, ok := p.Version(3); ok {
		t.Error("there is a version 3")
	}
	// In an exported folder it is the same.
	o := w.options()
	o.Layout.Folder, o.Consistent = true, nil
	if f := mustOpen(t, w.pub.Documents(evidence.Layout{Folder: true}, w.log.Size()), o); len(f.Records()) != 4 {
		t.Errorf("%d records in the folder", len(f.Records()))
	}
	// A service cannot hide it behind an older head without an older tree.
	docs := w.served()
	delete(docs, served.Bundle(slug, 3))
	_, err := evidence.Open(context.Background(), docs, w.options())
	var damaged *evidence.DamagedError
	if !errors.As(err, &damaged) || damaged.Path != served.Bundle(slug, 3) {
		t.Errorf("the retraction left out: %v", err)
	}
}
