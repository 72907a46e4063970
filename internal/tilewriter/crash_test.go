package tilewriter

import (
	"errors"
	"fmt"
	"testing"

	"golang.org/x/mod/sumdb/tlog"
)

// steps are the places where a round can die, in their order.
var steps = []string{"entries", "tiles", "edge", "sync files", "rename", "sync folders", "compare", "sign", "swap", "publish"}

// A round dies at each step, at sizes on both sides of tile boundaries. Opened
// again, the log goes on with no fork and nothing lost; and so does the same
// Writer, for which it was a failed round.
func TestCrash(t *testing.T) {
	for _, sizes := range [][2]int{{0, 1}, {0, 300}, {3, 4}, {255, 256}, {255, 257}, {256, 257}, {300, 900}, {300, 3000}, {65535, 65537}} {
		for _, step := range steps {
			if sizes[0] > 60000 && step != "sync folders" {
				continue // the step to level 2 is slow to come to
			}
			if step == "tiles" && sizes[0]/256 == sizes[1]/256 {
				continue // no full tile, no such step
			}
			for _, reopen := range []bool{true, false} {
				name := fmt.Sprintf("%d to %d/%s/reopen=%v", sizes[0], sizes[1], step, reopen)
				t.Run(name, func(t *testing.T) {
					t.Parallel()
					crash(t, sizes[0], sizes[1], step, reopen)
				})
			}
		}
	}
}

func crash(t *testing.T, from, to int, step string, reopen bool) {
	f := newFixture(t)
	w := f.openAt(from)
	died := 0
	w.step = func(name string) error {
		if name == step {
			died++
			return errCrash
		}
		return nil
	}
	size := f.log.add(to - from)
	if _, err := w.Advance(t.Context()); !errors.Is(err, errCrash) {
		t.Fatalf("the round did not die: %v", err)
	}
	if died != 1 {
		t.Fatalf("step passed %d times", died)
	}
	if w.Latest().Size != uint64(from) {
		t.Fatalf("published size %d after a crash at %s", w.Latest().Size, step)
	}
	f.check(w, uint64(from))
	if reopen {
		f.close(w)
		w = f.open()
		want := uint64(from)
		if step == "publish" {
			want = size // the swap was done
		}
		f.check(w, want)
	}
	w.step = nil
	// The log has grown meanwhile.
	size = f.log.add(2)
	if cp, err := w.Advance(t.Context()); err != nil || cp.Size != size {
		t.Fatalf("after the crash: size %d, %v", cp.Size, err)
	}
	f.check(w, size)
	f.close(w)
	f.check(f.open(), size)
	f.noFork()
}

// The store's answer is lost, before or after it stored the checkpoint.
func TestSwapFails(t *testing.T) {
	for _, stored := range []bool{false, true} {
		for _, reopen := range []bool{false, true} {
			f := newFixture(t)
			w := f.openAt(300)
			f.store.fail = func(after bool) error {
				if after == stored {
					return errCrash
				}
				return nil
			}
			size := f.log.add(300)
			if _, err := w.Cover(t.Context(), size-1); !errors.Is(err, errCrash) {
				t.Fatalf("stored=%v: %v", stored, err)
			}
			f.check(w, 300)
			f.store.fail = nil
			if reopen {
				f.close(w)
				w = f.open()
			}
			if cp, err := w.Cover(t.Context(), size-1); err != nil || cp.Size != size {
				t.Fatalf("stored=%v: then: size %d, %v", stored, cp.Size, err)
			}
			f.check(w, size)
			f.noFork()
			f.close(w)
		}
	}
}

// Two writers of one log, each with its own folder, and one store.
func TestTwoWriters(t *testing.T) {
	a := newFixture(t)
	wa := a.openAt(10)
	b := newFixture(t)
	b.log, b.store = a.log, a.store
	wb := b.open()
	b.check(wb, 10)
	for _, n := range []int{1, 300, 700, 1} {
		size := a.log.add(n)
		if _, err := wa.Cover(t.Context(), size-1); err != nil {
			t.Fatal(err)
		}
		size = a.log.add(n)
		if cp, err := wb.Cover(t.Context(), size-1); err != nil || cp.Size != size {
			t.Fatalf("the other writer: size %d, %v", cp.Size, err)
		}
		a.check(wa, size-uint64(n))
		b.check(wb, size)
	}
	a.noFork()
}

// Sign fails, or the log cannot be read: the next round goes on.
func TestRoundFails(t *testing.T) {
	f := newFixture(t)
	w := f.openAt(10)
	sign := w.opt.Sign
	for _, note := range [][]byte{nil, {}} {
		w.opt.Sign = func(uint64, tlog.Hash) ([]byte, error) {
			if note == nil {
				return nil, errCrash
			}
			return note, nil
		}
		f.log.add(1)
		if cp, err := w.Advance(t.Context()); err == nil {
			t.Errorf("signed with %q: %+v", note, cp)
		}
		f.check(w, 10)
	}
	w.opt.Sign = sign
	if _, err := w.Advance(t.Context()); err != nil {
		t.Fatal(err)
	}
	f.check(w, 12)
}
