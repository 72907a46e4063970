package tilewriter

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// damaged has files of every kind: 66,000 entries.
var damaged = []string{
	"tile/0/000", "tile/0/100", "tile/0/255", "tile/0/256", "tile/1/000",
	"tile/entries/200", "tile/entries/256",
	"edge/entries-257", "edge/1-1", "edge/2-0",
}

// harms are what a disk does to a file.
var harms = map[string]func(good []byte) []byte{
	"a bit flipped": func(b []byte) []byte { b[len(b)/2] ^= 4; return b },
	"cut short":     func(b []byte) []byte { return b[:len(b)-1] },
	"emptied":       func([]byte) []byte { return nil },
	"zeros":         func(b []byte) []byte { return make([]byte, len(b)) },
	"lost":          nil,
}

// A file of any kind is harmed in any way: Open makes it again from the log, with
// the same bytes, and keeps what it found.
func TestDamageMended(t *testing.T) {
	f := newFixture(t)
	f.close(f.openAt(66000))
	for what, harm := range harms {
		for _, name := range damaged {
			t.Run(what+"/"+name, func(t *testing.T) {
				p := filepath.Join(f.dir, name)
				good, err := os.ReadFile(p)
				if err != nil {
					t.Fatal(err)
				}
				if harm == nil {
					err = os.Remove(p)
				} else {
					err = os.WriteFile(p, harm(slices.Clone(good)), 0o644)
				}
				if err != nil {
					t.Fatal(err)
				}
				f.close(f.open())
				again, err := os.ReadFile(p)
				if err != nil || !slices.Equal(again, good) {
					t.Errorf("made again with other bytes, %v", err)
				}
				kept, err := filepath.Glob(filepath.Join(f.dir, DamagedDir, strings.ReplaceAll(name, "/", "-")+".*"))
				if err != nil || (len(kept) > 0) != (harm != nil) {
					t.Errorf("kept: %q, %v", kept, err)
				}
				if err := os.RemoveAll(filepath.Join(f.dir, DamagedDir)); err != nil {
					t.Fatal(err)
				}
			})
		}
	}
	// All at once: a tile is made again from tiles that are wrong too.
	for _, name := range damaged {
		f.flip(name)
	}
	if err := os.Remove(filepath.Join(f.dir, "tile/1/000")); err != nil {
		t.Fatal(err)
	}
	w := f.open()
	f.check(w, 66000)
	f.close(w)
	if len(f.store.all) != 1 {
		t.Errorf("%d checkpoints were signed, want 1", len(f.store.all))
	}
}

// Files are harmed and the log is not the one that was signed: nothing is mended
// into another history.
func TestDamageOfAnotherLog(t *testing.T) {
	for _, name := range []string{"tile/0/001", "tile/entries/001", "edge/entries-3", "edge/1-0"} {
		f := newFixture(t)
		f.close(f.openAt(1000))
		f.log = &memLog{}
		f.log.addAs("other", 1100)
		f.flip(name)
		if _, err := f.tryOpen(); err == nil {
			t.Errorf("%s: opened", name)
		} else if !errors.Is(err, ErrRollback) && !errors.Is(err, ErrDamaged) {
			t.Errorf("%s: %v", name, err)
		}
		if len(f.store.all) != 1 {
			t.Errorf("%s: signed", name)
		}
	}
}

// What cannot be made from the log is for the operator.
func TestLastDamaged(t *testing.T) {
	f := newFixture(t)
	f.close(f.openAt(1000))
	if err := os.Truncate(filepath.Join(f.dir, "last"), 30); err != nil {
		t.Fatal(err)
	}
	_, err := f.tryOpen()
	var d *DamageError
	if !errors.As(err, &d) || !slices.Equal(d.Paths, []string{"last"}) {
		t.Errorf("got %v", err)
	}
}

// The folder is lost: all of it is made again, and must give the signed root.
func TestFolderLost(t *testing.T) {
	f := newFixture(t)
	f.close(f.openAt(66000))
	if err := os.RemoveAll(f.dir); err != nil {
		t.Fatal(err)
	}
	w := f.open()
	f.check(w, 66000)
	f.close(w)
	if err := os.RemoveAll(f.dir); err != nil {
		t.Fatal(err)
	}
	// From another log it does not.
	f = newFixture(t)
	f.close(f.openAt(1000))
	for _, at := range []int{0, 300, 999} {
		if err := os.RemoveAll(f.dir); err != nil {
			t.Fatal(err)
		}
		f.log = &memLog{}
		f.log.add(at)
		f.log.addAs("other", 1)
		f.log.add(1100 - at - 1)
		if _, err := f.tryOpen(); !errors.Is(err, ErrRollback) {
			t.Errorf("entry %d of the log is another: %v", at, err)
		}
	}
}

// Open dies while it makes files again; the next one makes the rest.
func TestCrashWhileMending(t *testing.T) {
	f := newFixture(t)
	f.close(f.openAt(1000))
	for _, step := range []string{"rename", "sync folders", "mended"} {
		for after := range 3 {
			for _, sub := range []string{"tile", "edge"} {
				if err := os.RemoveAll(filepath.Join(f.dir, sub)); err != nil {
					t.Fatal(err)
				}
			}
			n := 0
			f.step = func(name string) error {
				if name == step {
					if n++; n > after || step == "mended" {
						return errCrash
					}
				}
				return nil
			}
			if _, err := f.tryOpen(); !errors.Is(err, errCrash) {
				t.Fatalf("%s: %v", step, err)
			}
			f.step = nil
			w := f.open()
			f.check(w, 1000)
			f.close(w)
		}
	}
}

// A bit flips between writing and reading back: nothing is signed.
func TestBitFlipInARound(t *testing.T) {
	for _, name := range []string{"tile/entries/001", "tile/0/001", "tile/0/002", "edge/entries-3", "edge/1-0"} {
		f := newFixture(t)
		w := f.openAt(300)
		w.step = func(step string) error {
			if step == "compare" {
				f.flip(name)
			}
			return nil
		}
		f.log.add(700)
		_, err := w.Advance(t.Context())
		var d *DamageError
		if !errors.As(err, &d) || !slices.Contains(d.Paths, name) {
			t.Errorf("%s: %v", name, err)
		}
		if len(f.store.all) != 1 {
			t.Errorf("%s: signed", name)
		}
		w.step = nil
		if _, err := w.Advance(t.Context()); err != nil {
			t.Errorf("%s: the next round: %v", name, err)
		}
		f.check(w, 1000)
		f.close(w)
	}
}

// A published tile is damaged while the service runs: no proof is made of it,
// and it is named; a lost one is not taken for one that never was.
func TestDamageWhileRunning(t *testing.T) {
	f := newFixture(t)
	f.close(f.openAt(1000))
	w := f.open()
	f.flip("tile/0/001")
	_, err := w.Prove(300, 1000)
	var d *DamageError
	if !errors.As(err, &d) || !slices.Equal(d.Paths, []string{"tile/0/001"}) {
		t.Errorf("prove: %v", err)
	}
	if err := os.Remove(filepath.Join(f.dir, "tile/entries/001")); err != nil {
		t.Fatal(err)
	}
	for _, p := range []string{"tile/entries/001", "tile/entries/001.p/9"} {
		if _, err := w.ReadTile(p); !errors.Is(err, ErrDamaged) || errors.Is(err, os.ErrNotExist) {
			t.Errorf("%s, lost: %v", p, err)
		}
	}
}
