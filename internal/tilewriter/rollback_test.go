package tilewriter

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// The log is restored from a backup, replaced or emptied while the service runs
// or while it does not: nothing is signed, and the Writer stays stopped.
func TestRollback(t *testing.T) {
	for _, tt := range []struct {
		name string
		log  func(*memLog)
		want string
	}{
		{"emptied", func(l *memLog) {}, "emptied"},
		{"smaller", func(l *memLog) { l.add(200) }, "restored from a backup"},
		{"same size, another entry", func(l *memLog) { l.add(299); l.addAs("other", 1) }, "restored from a backup"},
		{"larger, another last entry", func(l *memLog) { l.add(299); l.addAs("other", 400) }, "tiles and entries give the root"},
		{"larger, another first entry", func(l *memLog) { l.addAs("other", 1); l.add(2000) }, "tiles and entries give the root"},
	} {
		for _, reopen := range []bool{false, true} {
			t.Run(tt.name, func(t *testing.T) {
				f := newFixture(t)
				w := f.openAt(300)
				good := f.log
				f.log = &memLog{}
				tt.log(f.log)
				var err error
				if reopen {
					f.close(w)
					if w, err = f.tryOpen(); err == nil {
						_, err = w.Advance(t.Context())
					}
				} else {
					w.opt.Source = f.log
					_, err = w.Advance(t.Context())
				}
				var rollback *RollbackError
				if !errors.Is(err, ErrRollback) || !errors.As(err, &rollback) {
					t.Fatalf("got %v, want ErrRollback", err)
				}
				if rollback.Last.Size != 300 || rollback.Size != uint64(len(f.log.leaves)) || rollback.Root != f.log.rootAt(rollback.Size) {
					t.Errorf("%+v", rollback)
				}
				if !strings.Contains(err.Error(), tt.want) || !strings.Contains(err.Error(), "create a new one") {
					t.Errorf("the message: %v", err)
				}
				if len(f.store.all) != 1 {
					t.Errorf("%d checkpoints signed, want 1", len(f.store.all))
				}
				f.log = good
				if w == nil {
					return
				}
				// For good, though the log is back.
				w.opt.Source = good
				for range 2 {
					if _, err := w.Advance(t.Context()); !errors.Is(err, ErrRollback) {
						t.Errorf("advance, later: %v", err)
					}
					if _, err := w.Cover(t.Context(), 0); !errors.Is(err, ErrRollback) {
						t.Errorf("cover, later: %v", err)
					}
				}
				f.check(w, 300) // what is published stays readable
				f.close(w)
				w = f.open() // and the operator brought the log back
				good.add(1)
				if _, err := w.Advance(t.Context()); err != nil {
					t.Error(err)
				}
				f.check(w, 301)
			})
		}
	}
}

// The checkpoint store is the one that was restored or lost.
func TestStoreRollback(t *testing.T) {
	for _, tt := range []struct {
		name string
		last func(f *fixture) Checkpoint
	}{
		{"lost", func(*fixture) Checkpoint { return Checkpoint{} }},
		{"older", func(f *fixture) Checkpoint { return f.store.all[0] }},
		{"another root", func(f *fixture) Checkpoint { cp := f.store.last; cp.Root[0] ^= 1; return cp }},
	} {
		for _, reopen := range []bool{false, true} {
			f := newFixture(t)
			w := f.openAt(10)
			f.log.add(10)
			if _, err := w.Advance(t.Context()); err != nil {
				t.Fatal(err)
			}
			f.store.last = tt.last(f)
			f.log.add(5)
			var err error
			if reopen {
				f.close(w)
				_, err = f.tryOpen()
			} else {
				_, err = w.Advance(t.Context())
			}
			var rollback *RollbackError
			if !errors.As(err, &rollback) || rollback.Where != "the checkpoint store" || rollback.Last.Size != 20 {
				t.Errorf("%s, reopen=%v: %v", tt.name, reopen, err)
			}
			if len(f.store.all) != 2 {
				t.Errorf("%s: %d checkpoints signed, want 2", tt.name, len(f.store.all))
			}
		}
	}
}

// Both come back from a backup that agrees with itself; the folder knows more.
func TestBothRestored(t *testing.T) {
	f := newFixture(t)
	w := f.openAt(10)
	f.log.add(10)
	if _, err := w.Advance(t.Context()); err != nil {
		t.Fatal(err)
	}
	f.close(w)
	f.store.last = f.store.all[0]
	f.log = &memLog{}
	f.log.add(10)
	f.log.addAs("another history", 30)
	if _, err := f.tryOpen(); !errors.Is(err, ErrRollback) {
		t.Errorf("got %v, want ErrRollback", err)
	}
}

func TestLastIsDamaged(t *testing.T) {
	f := newFixture(t)
	f.close(f.openAt(10))
	p := filepath.Join(f.dir, "last")
	good, err := os.ReadFile(p)
	if err != nil || len(good) != lastSize {
		t.Fatalf("%q, %v", good, err)
	}
	for _, bad := range []string{"x", string(good[:lastSize-1]), string(good) + "\n", "+" + string(good[1:]), strings.Replace(string(good), " ", "\t", 1)} {
		if err := os.WriteFile(p, []byte(bad), 0o644); err != nil {
			t.Fatal(err)
		}
		var d *DamageError
		if _, err := f.tryOpen(); !errors.As(err, &d) || d.Paths[0] != "last" {
			t.Errorf("%q: %v", bad, err)
		}
	}
	if err := os.WriteFile(p, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	f.check(f.open(), 10)
}
