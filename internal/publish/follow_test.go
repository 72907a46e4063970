package publish_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/sijil/sijil/internal/chain"
	"github.com/sijil/sijil/internal/endorsement"
	"github.com/sijil/sijil/internal/logtest"
	"github.com/sijil/sijil/internal/publish"
	"github.com/sijil/sijil/internal/store"
	"github.com/sijil/sijil/keys"
	"github.com/sijil/sijil/log"
)

// front is one of several services over one store and one log.
type front struct {
	*publish.Service
	rows  *store.Store
	looks sync.Mutex // one look at a time
	away  error      // what a look ends with, if it is set
}

// catchUp applies all that the store holds, as a feed that has everything anew would.
func (f *front) catchUp(ctx context.Context) error {
	f.looks.Lock()
	defer f.looks.Unlock()
	if f.away != nil {
		return f.away
	}
	var c publish.Changes
	at := map[log.Digest]int{}
	err := f.rows.Records(ctx, func(r publish.Stored) error {
		i, ok := at[r.Genesis]
		if !ok {
			i = len(c.Publications)
			at[r.Genesis] = i
			c.Publications = append(c.Publications, nil)
		}
		c.Publications[i] = append(c.Publications[i], r)
		return nil
	})
	if err != nil {
		return err
	}
	if err := f.rows.Asides(ctx, publish.AsideSelection{}, func(a publish.Aside) error { c.Asides = append(c.Asides, a); return nil }); err != nil {
		return err
	}
	if err := f.rows.Batches(ctx, func(b publish.StoredBatch) error { c.Batches = append(c.Batches, b); return nil }); err != nil {
		return err
	}
	for genesis := range at {
		c.Rolls = append(c.Rolls, genesis)
	}
	return f.Apply(ctx, c)
}

// fronts opens services on the world's store.
func (w *world) fronts(n int, observer *keys.Signer) []*front {
	w.t.Helper()
	out := make([]*front, n)
	for i := range out {
		f := &front{}
		var err error
		f.rows, err = store.Open(w.t.Context(), w.dir)
		must(w.t, err)
		w.t.Cleanup(func() { _ = f.rows.Close() })
		f.Service, err = publish.Open(w.t.Context(), publish.Config{Log: w.ledger, Tree: w.ledger, Public: w.ledger.Latest, Store: f.rows, Signer: w.ledger.log.Signer, CatchUp: f.catchUp,
			Observer: observer, Domains: w.domains, Trust: w.ledger.log.Trust(), Clock: func() time.Time { return w.now }, Logger: slog.New(slog.DiscardHandler)})
		must(w.t, err)
		out[i] = f
	}
	return out
}

// TestFrontsTakeTurns: whichever front end a record comes to, it follows what another
// one took before; each shows the same chain, and the same head.
func TestFrontsTakeTurns(t *testing.T) {
	w := newWorld(t)
	fs := w.fronts(3, nil)
	a := w.author("river")
	_, err := fs[0].Create(t.Context(), w.token("river", true), a.genesis)
	must(t, err)
	for i := range 9 {
		data, c, digest := w.next(a, fmt.Sprint("version ", i+1))
		f := fs[i%3]
		must(t, f.catchUp(t.Context())) // as each request does
		for range 2 {
			r, err := f.Submit(t.Context(), "river", data, c)
			must(t, err)
			if r.Record != digest || r.Index != int64(i+1) {
				t.Errorf("version %d: %+v", i+1, r)
			}
		}
		a.previous, a.n = digest, a.n+1
	}
	for i, f := range fs {
		for range 2 { // the same again changes nothing
			must(t, f.catchUp(t.Context()))
		}
		list, err := f.Records("river")
		must(t, err)
		if len(list) != 10 || list[9].Record != a.previous {
			t.Errorf("front end %d: %d records", i, len(list))
		}
		note, err := f.Head(publish.Latest, "river")
		must(t, err)
		h, err := log.OpenHead(note, w.ledger.log.Policy)
		must(t, err)
		if h.Head().Record != a.previous {
			t.Errorf("front end %d: the head is %s", i, h.Head().Record)
		}
		if v := f.Verify(t.Context(), "river", []byte(logtest.River()[0].Texts["en"])); v.Version != 9 {
			t.Errorf("front end %d: %+v", i, v)
		}
	}
	if n := w.ledger.log.Size(); n != 10 {
		t.Errorf("%d entries", n)
	}
}

// TestFrontBehind: a front end that cannot see what others have written judges no record.
func TestFrontBehind(t *testing.T) {
	w := newWorld(t)
	fs := w.fronts(2, nil)
	a := w.author("river")
	_, err := fs[0].Create(t.Context(), w.token("river", true), a.genesis)
	must(t, err)
	must(t, fs[1].catchUp(t.Context()))
	data, c, digest := w.next(a, "version 1")
	_, err = fs[0].Submit(t.Context(), "river", data, c)
	must(t, err)
	a.previous, a.n = digest, a.n+1
	data, c, _ = w.next(a, "version 2")
	fs[1].away = context.DeadlineExceeded
	if _, err := fs[1].Submit(t.Context(), "river", data, c); !errors.Is(err, publish.ErrAway) {
		t.Errorf("judged by an older state: %v", err)
	}
	fs[1].away = nil
	if r, err := fs[1].Submit(t.Context(), "river", data, c); err != nil || r.Index != 2 {
		t.Errorf("%+v, %v", r, err)
	}
}

// TestFrontsRace: of two records for one place that come to two front ends at the same
// time, one is next, and the other is told which.
func TestFrontsRace(t *testing.T) {
	w := newWorld(t)
	fs := w.fronts(2, nil)
	a := w.author("river")
	_, err := fs[0].Create(t.Context(), w.token("river", true), a.genesis)
	must(t, err)
	must(t, fs[1].catchUp(t.Context()))
	for i := range 10 {
		type sent struct {
			data   []byte
			c      publish.Content
			digest log.Digest
		}
		var all [2]sent
		errs := make([]error, 2)
		var wg sync.WaitGroup
		for j := range all {
			all[j].data, all[j].c, all[j].digest = w.next(a, fmt.Sprintf("version %d by %d", i+1, j))
		}
		for j := range all {
			wg.Go(func() { _, errs[j] = fs[j].Submit(context.Background(), "river", all[j].data, all[j].c) })
		}
		wg.Wait()
		won := 0
		if errs[0] != nil {
			won = 1
		}
		var conflict *chain.ConflictError
		if errs[won] != nil || !errors.As(errs[1-won], &conflict) || conflict.Head != all[won].digest {
			t.Fatalf("round %d: %v", i, errs)
		}
		a.previous, a.n = all[won].digest, a.n+1
	}
	must(t, w.open()) // and the store is sound
}

// TestFrontsRedact: a redaction names everything about its entry, also what another
// front end has taken meanwhile; then every front end has forgotten it.
func TestFrontsRedact(t *testing.T) {
	x := newRiver(t)
	fs := x.fronts(2, x.observer)
	s := logtest.NewSigner(t)
	early := x.redaction(1, fs[0].payloads(t, x.entries[1]))
	_, err := fs[1].Claim(t.Context(), "river", x.sign(s, x.endorsement(1, nil)), s.Public().SPKI(), x.invite(1, nil))
	must(t, err)
	var invalid *publish.InvalidError
	if _, err := fs[0].Submit(t.Context(), "river", early, publish.Content{}); !errors.As(err, &invalid) {
		t.Fatalf("a redaction that names too little: %v", err)
	}
	named := fs[0].payloads(t, x.entries[1])
	if len(named) != 1 {
		t.Fatalf("%d records about the entry", len(named))
	}
	_, err = fs[0].Submit(t.Context(), "river", x.redaction(1, named), publish.Content{})
	must(t, err)
	// The other one has not heard of it.
	late := logtest.NewSigner(t)
	if _, err := fs[1].Claim(t.Context(), "river", x.sign(late, x.endorsement(1, nil)), late.Public().SPKI(), x.invite(1, nil)); !errors.Is(err, endorsement.ErrNoEntry) {
		t.Errorf("a claim about a name that is withheld: %v", err)
	}
	for i, f := range fs {
		must(t, f.catchUp(t.Context()))
		list, err := f.Standings(t.Context(), "river", 1)
		must(t, err)
		if list[1].Name != "" || len(f.payloads(t, x.entries[1])) != 0 {
			t.Errorf("front end %d knows %+v", i, list[1])
		}
	}
}

func (f *front) payloads(t *testing.T, entry string) []log.Digest {
	t.Helper()
	out, err := f.Payloads(t.Context(), "river", entry)
	must(t, err)
	return out
}

// dead is a store whose process dies between log and settlement.
type dead struct{ publish.Store }

func (dead) Settle(context.Context, publish.Settlement) error { return errLost }

func (dead) SettleAside(context.Context, log.Digest, log.Digest, int64) error { return errLost }

// TestFrontDies: what a front end left that died is finished by another one, once, and
// the same record again has the first answer.
func TestFrontDies(t *testing.T) {
	w := newWorld(t)
	a := w.author("river")
	fs := w.fronts(2, nil)
	fs[0].Store = dead{fs[0].Store}
	token := w.token("river", true)
	if _, err := fs[0].Create(t.Context(), token, a.genesis); !errors.Is(err, errLost) {
		t.Fatal(err)
	}
	must(t, fs[1].catchUp(t.Context()))
	must(t, fs[1].Resume(t.Context()))
	must(t, fs[1].Resume(t.Context()))
	r, err := fs[1].Create(t.Context(), token, a.genesis)
	must(t, err)
	if r.Created || r.Index != 0 || w.ledger.log.Size() != 1 {
		t.Errorf("%+v, %d entries", r, w.ledger.log.Size())
	}
	// It was not dead, only slow.
	fs[0].Store = fs[0].Store.(dead).Store
	if r, err := fs[0].Create(t.Context(), token, a.genesis); err != nil || r.Created || r.Index != 0 {
		t.Errorf("%+v, %v", r, err)
	}
}
