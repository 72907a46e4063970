package publish_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sijil/sijil/internal/chain"
	"github.com/sijil/sijil/internal/logtest"
	"github.com/sijil/sijil/internal/match"
	"github.com/sijil/sijil/internal/publish"
	"github.com/sijil/sijil/internal/signatory"
	"github.com/sijil/sijil/internal/statement"
	"github.com/sijil/sijil/log"
)

// retraction signs the retraction of a version record, or of the publication
// where version is 0, as the next record.
func (w *world) retraction(a *author, version int, record log.Digest) ([]byte, log.Digest) {
	w.t.Helper()
	p, err := w.service.Publication(a.slug)
	must(w.t, err)
	r := &statement.Retraction{Issued: "2031-05-06T07:08:09Z", Log: statement.NameOf(w.ledger.log.Key), Publication: a.digest, Previous: p.Head,
		Reason: "A demand was missing.", Sequence: p.Sequence + 1}
	if version > 0 {
		r.Version = &statement.VersionName{Number: version, Record: record}
	}
	b := logtest.SignStatement(w.t, a.signer, r)
	data, err := b.Marshal()
	must(w.t, err)
	return data, b.Envelope.Digest()
}

func (w *world) retract(a *author, version int, record log.Digest) *publish.Receipt {
	w.t.Helper()
	data, digest := w.retraction(a, version, record)
	r, err := w.service.Submit(w.t.Context(), a.slug, data, publish.Content{})
	must(w.t, err)
	a.previous = digest
	return r
}

// TestRetract: a version, then the publication: what readers are told, before
// and after a restart.
func TestRetract(t *testing.T) {
	w := newWorld(t)
	a := w.create("river")
	one := w.submit(a, "First version.")
	w.submit(a, "Second version.")
	r := w.retract(a, 1, one.Record)
	if !r.Created || r.Sequence != 3 || r.Index != 3 {
		t.Errorf("receipt %+v", r)
	}
	texts := [2]string{logtest.River()[0].Texts["en"], logtest.River()[1].Texts["en"]}
	gone := &publish.RetractionSummary{Issued: "2031-05-06T07:08:09Z", Reason: "A demand was missing.", Sequence: 3, Record: r.Record, Index: 3, Key: a.signer.Public().Digest(), Version: 1}
	for _, when := range []string{"at once", "after a restart"} {
		if when != "at once" {
			must(t, w.open())
		}
		p, err := w.service.Publication("river")
		must(t, err)
		if diff := cmp.Diff(gone, p.Versions[0].Retracted); diff != "" || p.Versions[1].Retracted != nil || p.Retracted != nil || p.Head != r.Record || p.Sequence != 3 || p.Index != 3 {
			t.Errorf("%s: summary %+v\n%s", when, p, diff)
		}
		if v := w.service.Verify(t.Context(), "", []byte(texts[0])); v.Version != 1 || !v.Retracted || v.Current != match.CurrentNo || v.ExitCode() != 1 || v.LatestVersion != 2 {
			t.Errorf("%s: version 1: %+v", when, v)
		}
		if v := w.service.Verify(t.Context(), "river", []byte(texts[1])); v.Version != 2 || v.Retracted || v.Current != match.CurrentYes || v.ExitCode() != 0 {
			t.Errorf("%s: version 2: %+v", when, v)
		}
		if h := w.head("river"); h.Record != r.Record || h.Index != 3 {
			t.Errorf("%s: head %+v", when, h)
		}
	}
	whole := w.retract(a, 0, log.Digest{})
	for _, when := range []string{"at once", "after a restart"} {
		if when != "at once" {
			must(t, w.open())
		}
		p, err := w.service.Publication("river")
		must(t, err)
		if p.Retracted == nil || p.Retracted.Record != whole.Record || p.Retracted.Version != 0 || p.Versions[0].Retracted.Record != r.Record || p.Versions[1].Retracted.Record != whole.Record {
			t.Errorf("%s, all: %+v", when, p)
		}
		if v := w.service.Verify(t.Context(), "", []byte(texts[1])); v.Version != 2 || !v.Retracted || v.Current != match.CurrentNo || v.ExitCode() != 1 {
			t.Errorf("%s, all: version 2: %+v", when, v)
		}
	}
}

// TestVersionNameIsNamedLast: of versions that match equally the latest that
// stands is named.
func TestVersionNameIsNamedLast(t *testing.T) {
	w := newWorld(t)
	a := w.create("river")
	var records []log.Digest
	for range 3 { // 1 and 3 have the same text
		records = append(records, w.submit(a, "A version.").Record)
	}
	copied := []byte(logtest.River()[0].Texts["en"])
	if v := w.service.Verify(t.Context(), "", copied); v.Version != 3 || v.Current != match.CurrentYes {
		t.Errorf("before: %+v", v)
	}
	w.retract(a, 3, records[2])
	v := w.service.Verify(t.Context(), "", copied)
	want := []match.VersionRef{{Publication: "river", Genesis: a.digest.String(), Version: 3}}
	if v.Version != 1 || v.Retracted || v.Current != match.CurrentNo || v.LatestVersion != 3 {
		t.Errorf("after: %+v", v)
	}
	if diff := cmp.Diff(want, v.AlsoMatches); diff != "" {
		t.Error(diff)
	}
}

// TestRefusedRetractions: each changes nothing.
func TestRefusedRetractions(t *testing.T) {
	w := newWorld(t)
	a := w.create("river")
	one := w.submit(a, "First version.")
	data, _ := w.retraction(a, 1, one.Record)
	noVersion, _ := w.retraction(a, 1, log.Sum(a.digest[:]))
	_, content, _ := w.next(a, "x")
	size := w.ledger.log.Size()
	var invalid *publish.InvalidError
	for name, c := range map[string]publish.Content{
		"texts":       {Texts: content.Texts},
		"disclosures": {Disclosures: []signatory.Disclosure{""}},
		"both":        content,
	} {
		if _, err := w.service.Submit(t.Context(), "river", data, c); !errors.As(err, &invalid) || !strings.Contains(err.Error(), "only a version comes with texts") {
			t.Errorf("a retraction with %s: %v", name, err)
		}
	}
	var conflict *chain.ConflictError
	if _, err := w.service.Submit(t.Context(), "river", noVersion, publish.Content{}); !errors.As(err, &conflict) {
		t.Errorf("of another record: %v", err)
	}
	if w.ledger.log.Size() != size {
		t.Error("something was logged")
	}
	must(t, w.open())
	if p, err := w.service.Publication("river"); err != nil || p.Versions[0].Retracted != nil || p.Sequence != 1 {
		t.Errorf("%+v, %v", p, err)
	}
	// Accepted once; the identical envelope again is answered with the first bundle.
	first, err := w.service.Submit(t.Context(), "river", data, publish.Content{})
	must(t, err)
	again, err := w.service.Submit(t.Context(), "river", data, publish.Content{})
	if err != nil || again.Created || string(again.Bundle) != string(first.Bundle) || again.Index != first.Index {
		t.Errorf("again: %+v, %v", again, err)
	}
	end, _ := w.retraction(a, 0, log.Digest{})
	whole, err := w.service.Submit(t.Context(), "river", end, publish.Content{})
	must(t, err)
	if r, err := w.service.Submit(t.Context(), "river", end, publish.Content{}); err != nil || r.Created || r.Record != whole.Record {
		t.Errorf("the end again: %+v, %v", r, err)
	}
	a.previous, a.n = whole.Record, 3
	next, c, _ := w.next(a, "After the end.")
	if _, err := w.service.Submit(t.Context(), "river", next, c); !errors.As(err, &conflict) || conflict.Head != whole.Record || !strings.Contains(err.Error(), "nothing can follow") {
		t.Errorf("after the end: %v", err)
	}
}

// TestResumeRetraction: a retraction that was interrupted on either side of the
// log withdraws its version exactly once after the next start; until then it
// withdraws nothing.
func TestResumeRetraction(t *testing.T) {
	for name, fail := range map[string]func(*ledger){
		"before the entry is in": func(l *ledger) { l.refuse = true },
		"the answer is lost":     func(l *ledger) { l.lose = true },
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			a := w.create("river")
			one := w.submit(a, "First version.")
			data, digest := w.retraction(a, 1, one.Record)
			fail(w.ledger)
			if _, err := w.service.Submit(t.Context(), "river", data, publish.Content{}); !errors.Is(err, errDown) {
				t.Fatalf("Submit: %v", err)
			}
			copied := []byte(logtest.River()[0].Texts["en"])
			if v := w.service.Verify(t.Context(), "", copied); v.Retracted {
				t.Error("retracted by a record that is not in the log")
			}
			w.ledger.refuse, w.ledger.lose = false, false
			must(t, w.open())
			if v := w.service.Verify(t.Context(), "", copied); !v.Retracted {
				t.Error("not retracted after the restart")
			}
			r, err := w.service.Submit(t.Context(), "river", data, publish.Content{})
			if err != nil || r.Created || r.Record != digest || w.ledger.log.Size() != 3 {
				t.Errorf("%+v, %v; %d entries", r, err, w.ledger.log.Size())
			}
		})
	}
}

// TestVerifyWhileRetracting: readers and a retraction meet; under the race
// detector this proves the index's locks.
func TestVerifyWhileRetracting(t *testing.T) {
	w := newWorld(t)
	a := w.create("river")
	one := w.submit(a, "First version.")
	w.submit(a, "Second version.")
	copied := []byte(strings.Replace(logtest.River()[0].Texts["en"], "gates", "doors", 1))
	ctx, stop := context.WithTimeout(t.Context(), 10*time.Second)
	defer stop()
	var wg sync.WaitGroup
	for i := range 2 {
		wg.Go(func() {
			for ctx.Err() == nil {
				if v := w.service.Verify(ctx, "", copied); v.Verdict != match.Altered {
					t.Errorf("reader %d: %s", i, v.Verdict)
					return
				} else if v.Retracted {
					return
				}
			}
			t.Error("a reader never learned of the retraction")
		})
	}
	w.retract(a, 1, one.Record)
	wg.Wait()
}

// TestCompare joins two published versions.
func TestCompare(t *testing.T) {
	w := newWorld(t)
	a := w.create("river")
	w.submit(a, "First version.")
	w.submit(a, "Second version.")
	c, err := w.service.Compare("river", 1, 2)
	must(t, err)
	if len(c.Texts) != 2 || c.Texts[1].Status != match.TextChanged || c.Texts[1].Changes[0].Before != "seven" || c.Texts[1].Changes[0].After != "nine" || len(c.List.Added) != 1 || len(c.List.Removed) != 1 {
		t.Errorf("%+v", c)
	}
	for _, two := range [][2]int{{0, 1}, {1, 3}, {3, 1}} {
		if _, err := w.service.Compare("river", two[0], two[1]); !errors.Is(err, publish.ErrUnknown) {
			t.Errorf("%v: %v", two, err)
		}
	}
	if _, err := w.service.Compare("lake", 1, 2); !errors.Is(err, publish.ErrUnknown) {
		t.Error(err)
	}
}
