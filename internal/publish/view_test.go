package publish_test

import (
	"errors"
	"sync/atomic"
	"testing"

	"github.com/sijil/sijil/internal/logtest"
	"github.com/sijil/sijil/internal/match"
	"github.com/sijil/sijil/internal/publish"
	"github.com/sijil/sijil/log"
)

// TestViews: readers are shown the tree that Public says, whatever the log has
// signed since; no two heads that were ever served contradict each other, while
// a record is on its way too.
func TestViews(t *testing.T) {
	w := newWorld(t)
	var public atomic.Pointer[publish.Checkpoint]
	public.Store(&publish.Checkpoint{})
	w.service.Public = func() publish.Checkpoint { return *public.Load() }
	var heads []log.Head
	see := func(view publish.View) (log.Head, error) {
		t.Helper()
		note, err := w.service.Head(view, "river")
		if err != nil {
			return log.Head{}, err
		}
		h, err := log.OpenHead(note, w.ledger.log.Policy)
		must(t, err)
		heads = append(heads, h.Head())
		return h.Head(), nil
	}
	a := w.create("river")
	if _, err := see(publish.Public); !errors.Is(err, publish.ErrUnknown) {
		t.Errorf("a head before readers are shown anything: %v", err)
	}
	if _, err := w.service.Bundle(publish.Public, "river", 0, 1); !errors.Is(err, publish.ErrUnknown) {
		t.Errorf("a bundle before readers are shown anything: %v", err)
	}
	if pins := w.service.Pins(); len(pins) > 0 {
		t.Errorf("pins %v", pins)
	}
	at := w.ledger.Latest()
	public.Store(&at)
	w.submit(a, "first")
	w.submit(a, "second")
	h, err := see(publish.Public)
	if err != nil || h.Index != 0 || h.TreeSize != 1 {
		t.Errorf("public head %+v, %v", h, err)
	}
	if h, err = see(publish.Latest); err != nil || h.Index != 2 || h.TreeSize != 3 {
		t.Errorf("latest head %+v, %v", h, err)
	}
	if _, err := w.service.Bundle(publish.Public, "river", 2, 1); !errors.Is(err, publish.ErrUnknown) {
		t.Errorf("version 2, to readers: %v", err)
	}
	if _, err := w.service.Bundle(publish.Latest, "river", 2, 1); err != nil {
		t.Errorf("version 2, to publishers: %v", err)
	}
	p, err := w.service.Publication("river")
	if err != nil || p.Versions[0].Public {
		t.Errorf("version 1 is called public: %v", err)
	}
	v := w.service.Verify(t.Context(), "river", []byte(logtest.River()[1].Texts["en"]))
	if len(v.Warnings) != 1 || v.Warnings[0].Code != match.WarnNotWitnessed || v.Evidence.Witnesses != 0 {
		t.Errorf("verdict %+v", v)
	}
	at = w.ledger.Latest()
	at.Witnesses = 2
	public.Store(&at)
	v = w.service.Verify(t.Context(), "river", []byte(logtest.River()[1].Texts["en"]))
	if len(v.Warnings) != 0 || v.Evidence.Witnesses != 2 {
		t.Errorf("verdict %+v", v)
	}
	if h, err = see(publish.Public); err != nil || h.Index != 2 {
		t.Errorf("public head %+v, %v", h, err)
	}
	// A record whose answer is lost is in the tree and pending. Readers, shown a
	// tree that may hold it or one that ends before it, are told nothing that it
	// contradicts.
	w.ledger.lose = true
	data, c, _ := w.next(a, "third")
	if _, err := w.service.Submit(t.Context(), "river", data, c); !errors.Is(err, errDown) {
		t.Fatal(err)
	}
	w.ledger.lose = false
	for _, size := range []int64{2, 3, 4} {
		at := publish.Checkpoint{Size: size, Root: w.ledger.log.Root(size), Note: w.ledger.log.Checkpoint(size)}
		public.Store(&at)
		if h, err = see(publish.Public); err != nil || h.Index != min(size, 3)-1 || h.TreeSize > size {
			t.Errorf("pending, shown %d: %+v, %v", size, h, err)
		}
	}
	if h, err = see(publish.Latest); err != nil || h.Index != 2 || h.TreeSize != 3 {
		t.Errorf("pending, latest: %+v, %v", h, err)
	}
	if _, err := w.service.Submit(t.Context(), "river", data, c); err != nil {
		t.Fatal(err)
	}
	if h, err = see(publish.Public); err != nil || h.Index != 3 {
		t.Errorf("settled: %+v, %v", h, err)
	}
	for _, a := range heads {
		for _, b := range heads {
			if a.Conflicts(b) {
				t.Errorf("%+v contradicts %+v", a, b)
			}
		}
	}
}
