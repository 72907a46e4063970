package publish_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/sijil/sijil/internal/chain"
	"github.com/sijil/sijil/internal/endorsement"
	"github.com/sijil/sijil/internal/logtest"
	"github.com/sijil/sijil/internal/match"
	"github.com/sijil/sijil/internal/publish"
	"github.com/sijil/sijil/internal/signatory"
	"github.com/sijil/sijil/internal/statement"
	"github.com/sijil/sijil/keys"
	"github.com/sijil/sijil/log"
)

// TestRecordsAreNotHeld: while many publications take endorsements, enrolments, withdrawals
// and a new version, memory has room for none of them, and what is known is what a service
// knows that reads everything anew.
func TestRecordsAreNotHeld(t *testing.T) {
	const publications, entries = 3, 4
	w := newWorld(t)
	said := &domains{lines: map[string][]publish.DomainLine{}}
	w.observer, w.domains = logtest.NewSigner(t), said
	must(t, w.open())
	w.service.SetMaxSaid(1)
	var all []*river
	for p := range publications {
		x := &river{world: w, said: said}
		x.a = w.create(fmt.Sprintf("river-%c", 'a'+7*p))
		for i := range entries {
			x.list = append(x.list, signatory.Signatory{Name: fmt.Sprintf("Organisation %d", i), Kind: signatory.Organisation, Domain: fmt.Sprintf("o%d-%d.example", p, i)})
		}
		x.record = x.version(x.list)
		all = append(all, x)
	}
	claim := func(x *river, s *keys.Signer, c statement.Claim) error {
		_, err := w.service.Claim(context.Background(), x.a.slug, x.sign(s, c), s.Public().SPKI(), "")
		return err
	}
	var wg sync.WaitGroup
	for _, x := range all {
		for i := range entries {
			s := logtest.NewSigner(t)
			wg.Go(func() {
				said.put(x.list[i].Domain, x.keyLine(i, s))
				if _, err := w.service.CheckDomain(context.Background(), x.a.slug, x.entries[i], s.Public().SPKI()); err != nil {
					t.Error(err)
				}
				for k := range 5 {
					var c statement.Claim = x.endorsement(i, func(e *statement.Endorsement) {
						e.Issued = w.now.Add(time.Duration(k) * time.Second).UTC().Format(time.RFC3339)
					})
					if i == 1 && k == 4 {
						c = &statement.Withdrawal{About: x.about(i), Reason: "We left."}
					}
					if err := claim(x, s, c); err != nil {
						t.Error(err)
					}
					if _, err := w.service.Standings(context.Background(), x.a.slug, 1); err != nil {
						t.Error(err)
					}
				}
			})
		}
	}
	wg.Wait()
	w.service.MakeRoom()
	if n := w.service.Held(); n != 0 {
		t.Errorf("%d publications are held", n)
	}
	all[0].version(all[0].list)
	before := map[string]string{}
	for _, x := range all {
		before[x.a.slug] = whatIsKnown(t, w.service, x.a.slug)
	}
	must(t, w.open())
	if n := w.service.Held(); n != 0 {
		t.Errorf("%d publications are read at the start", n)
	}
	for _, slug := range slices.Sorted(maps.Keys(before)) {
		if after := whatIsKnown(t, w.service, slug); after != before[slug] {
			t.Errorf("%s before\n%s\nafter\n%s", slug, before[slug], after)
		}
	}
}

// whatIsKnown is all that a service tells of a publication's entries.
func whatIsKnown(t *testing.T, s *publish.Service, slug string) string {
	t.Helper()
	standings, err := s.Standings(t.Context(), slug, 1)
	must(t, err)
	events, err := s.Said(t.Context(), slug)
	must(t, err)
	doc, err := s.Endorsements(t.Context(), publish.Latest, slug, 1)
	must(t, err)
	out, err := json.Marshal([]any{standings, events, len(doc)})
	must(t, err)
	return string(out)
}

// TestFloodAfterRestart: what an entry may have is counted from the store too.
func TestFloodAfterRestart(t *testing.T) {
	x := newRiver(t)
	s := logtest.NewSigner(t)
	_, err := x.enrol(0, s)
	must(t, err)
	one := func(i int) error {
		_, err := x.claim(s, x.endorsement(0, func(e *statement.Endorsement) {
			e.Issued = x.now.Add(time.Duration(i) * time.Second).UTC().Format(time.RFC3339)
		}), "")
		return err
	}
	for i := range 60 {
		must(t, one(i))
	}
	must(t, x.open())
	for i := range 60 {
		must(t, one(i)) // the same again is no more
	}
	for i := 60; i < 64; i++ {
		must(t, one(i))
	}
	if err := one(64); !errors.Is(err, publish.ErrTooMany) {
		t.Errorf("one more than may be: %v", err)
	}
	must(t, one(7))
}

// TestMoreThanIsRead: a publication has no more records than its readers take, and the last
// room is for those who withdraw.
func TestMoreThanIsRead(t *testing.T) {
	x := newRiver(t)
	s := logtest.NewSigner(t)
	_, err := x.enrol(0, s)
	must(t, err)
	const most = 96 << 10
	x.service.SetMaxBytes(most)
	claim := func(i int, withdraw bool) error {
		var c statement.Claim = x.endorsement(0, func(e *statement.Endorsement) {
			e.Issued = x.now.Add(time.Duration(i) * time.Second).UTC().Format(time.RFC3339)
		})
		if withdraw {
			about := x.about(0)
			about.Issued = x.now.Add(time.Duration(i) * time.Second).UTC().Format(time.RFC3339)
			c = &statement.Withdrawal{About: about, Reason: "We left."}
		}
		_, err := x.claim(s, c, "")
		return err
	}
	taken := 0
	for ; err == nil; taken++ {
		err = claim(taken, false)
	}
	if taken--; !errors.Is(err, publish.ErrTooMany) || taken < 5 {
		t.Fatalf("after %d endorsements: %v", taken, err)
	}
	must(t, claim(0, false)) // the same again is no more
	must(t, claim(taken, true))
	must(t, x.open())
	x.service.SetMaxBytes(most)
	if err := claim(taken+1, false); !errors.Is(err, publish.ErrTooMany) {
		t.Errorf("after a restart: %v", err)
	}
	withdrawn := 1
	for err = nil; err == nil; withdrawn++ {
		err = claim(taken+withdrawn, true)
	}
	if !errors.Is(err, publish.ErrTooMany) {
		t.Error(err)
	}
	doc, err := x.service.Endorsements(t.Context(), publish.Latest, "river", 1)
	must(t, err)
	if len(doc) > most {
		t.Errorf("the document has %d bytes, and %d are read", len(doc), most)
	}
	t.Logf("%d endorsements and %d withdrawals in %d bytes", taken, withdrawn-1, len(doc))
}

// spoilt is a store whose rows about list entries are not what was written.
type spoilt struct {
	publish.Store
	spoil func(*publish.Aside)
}

func (s *spoilt) Asides(ctx context.Context, which publish.AsideSelection, yield func(publish.Aside) error) error {
	return s.Store.Asides(ctx, which, func(a publish.Aside) error {
		s.spoil(&a)
		return yield(a)
	})
}

// TestSpoiltRecord: a record that is not what stands in the log counts for nothing and is
// served to nobody: no number is told, and no verdict given.
func TestSpoiltRecord(t *testing.T) {
	x := newRiver(t)
	s, other := logtest.NewSigner(t), logtest.NewSigner(t)
	_, err := x.enrol(0, s)
	must(t, err)
	r, err := x.claim(s, x.endorsement(0, nil), "")
	must(t, err)
	store := &spoilt{}
	x.wrap = func(s publish.Store) publish.Store {
		store.Store = s
		return store
	}
	file, err := x.service.Text("river", 1, x.text.Language)
	must(t, err)
	for name, spoil := range map[string]func(*publish.Aside){
		"as it is":      func(*publish.Aside) {},
		"payload":       func(a *publish.Aside) { a.Bundle = x.sign(s, x.endorsement(1, nil)) },
		"signature":     func(a *publish.Aside) { a.Bundle = x.sign(s, x.endorsement(0, nil)) },
		"another key":   func(a *publish.Aside) { a.SPKI = other.Public().SPKI() },
		"place":         func(a *publish.Aside) { a.Index-- },
		"entry":         func(a *publish.Aside) { a.Entry = x.entries[1] },
		"record":        func(a *publish.Aside) { a.Record[0] ^= 1 },
		"no enrolment":  func(a *publish.Aside) { a.Enrols = nil },
		"enrolment":     func(a *publish.Aside) { a.Enrols = &log.Digest{1} },
		"no bundle":     func(a *publish.Aside) { a.Bundle = nil },
		"reserved only": func(a *publish.Aside) { a.Index, a.Bundle = -1, nil },
	} {
		store.spoil = func(a *publish.Aside) {
			a.Bundle = slices.Clone(a.Bundle)
			if a.Index == r.Index || name == "no enrolment" {
				spoil(a)
			}
		}
		err := x.open()
		var standings, doc error
		verdict := match.Unchecked
		if err == nil {
			_, standings = x.service.Standings(t.Context(), "river", 1)
			_, doc = x.service.Endorsements(t.Context(), publish.Latest, "river", 1)
			verdict = x.service.Verify(t.Context(), "river", file).Verdict
		}
		for _, err := range []error{standings, doc} {
			var foreign *chain.ForeignError
			if errors.Is(err, endorsement.ErrSigner) || errors.As(err, &foreign) {
				t.Errorf("%s: who asked is told that they did wrong: %v", name, err)
			}
		}
		sound := name == "as it is"
		if (standings == nil) != sound || (doc == nil) != sound || (verdict == match.Identical) != sound || !sound && verdict != match.Unchecked {
			t.Errorf("%s: start %v, standings %v, document %v, verdict %s", name, err, standings, doc, verdict)
		}
	}
}

// leaving is a store whose reader gives up when its records are begun to be read.
type leaving struct {
	publish.Store
	leave func()
	reads int
}

func (l *leaving) Asides(ctx context.Context, which publish.AsideSelection, yield func(publish.Aside) error) error {
	if which.Kind == publish.Enrolments {
		l.reads++
		l.leave()
	}
	return l.Store.Asides(ctx, which, yield)
}

// TestReadersWhoLeave: what was begun for a reader who gave up is there for the next one, and
// nothing is begun for one who had given up before.
func TestReadersWhoLeave(t *testing.T) {
	x := newRiver(t)
	l := &leaving{}
	x.wrap = func(s publish.Store) publish.Store { l.Store = s; return l }
	must(t, x.open())
	ctx, leave := context.WithCancel(t.Context())
	l.leave = leave
	leave()
	if _, err := x.service.Standings(ctx, "river", 1); !errors.Is(err, context.Canceled) || l.reads != 0 {
		t.Errorf("who had left: %v, %d readings", err, l.reads)
	}
	ctx, l.leave = context.WithCancel(t.Context())
	if _, err := x.service.Standings(ctx, "river", 1); err != nil || l.reads != 1 || x.service.Held() != 1 {
		t.Errorf("who left: %v, %d readings, %d are held", err, l.reads, x.service.Held())
	}
}
