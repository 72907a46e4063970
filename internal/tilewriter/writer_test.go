package tilewriter

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestAdvance(t *testing.T) {
	f := newFixture(t)
	w := f.open()
	if w.Latest().Note != nil {
		t.Error("a checkpoint before the first round")
	}
	cp, err := w.Advance(t.Context())
	if err != nil || cp.Note == nil || cp.Size != 0 {
		t.Fatalf("an empty log: %+v, %v", cp, err)
	}
	f.check(w, 0)
	for _, n := range []int{1, 1, 253, 1, 1, 700, 43, 24, 3000, 62000, 1} {
		size := f.log.add(n)
		if cp, err = w.Advance(t.Context()); err != nil || cp.Size != size {
			t.Fatalf("to %d: size %d, %v", size, cp.Size, err)
		}
		f.check(w, size)
	}
	signed := len(f.store.all)
	again, err := w.Advance(t.Context())
	if err != nil || len(f.store.all) != signed {
		t.Errorf("an unchanged log was signed again, %v", err)
	}
	if diff := cmp.Diff(cp, again); diff != "" {
		t.Errorf("an unchanged log (-want +got):\n%s", diff)
	}
	f.close(w)
	w = f.open()
	f.check(w, cp.Size)
	f.noFork()
}

// The files of the package comment's example.
func TestFiles(t *testing.T) {
	f := newFixture(t)
	f.openAt(1000)
	var got []string
	err := filepath.WalkDir(f.dir, func(p string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			rel, _ := filepath.Rel(f.dir, p)
			got = append(got, rel)
		}
		return err
	})
	want := []string{"edge/1-0", "edge/entries-3", "last", "lock",
		"tile/0/000", "tile/0/001", "tile/0/002", "tile/entries/000", "tile/entries/001", "tile/entries/002"}
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("files (-want +got), %v:\n%s", err, diff)
	}
}

func TestLeavesInSmallParts(t *testing.T) {
	f := newFixture(t)
	f.log.few = 7
	w := f.openAt(600)
	f.check(w, 600)
}

// Published partial tiles stay readable, unchanged, after they are filled.
func TestOldPartialTiles(t *testing.T) {
	f := newFixture(t)
	w := f.openAt(5)
	paths := []string{"tile/0/000.p/5", "tile/entries/000.p/5"}
	var before [][]byte
	for _, p := range paths {
		b, err := w.ReadTile(p)
		if err != nil {
			t.Fatal(err)
		}
		before = append(before, b)
	}
	for _, size := range []int{9, 256, 700} {
		f.log.add(size - len(f.log.leaves))
		if _, err := w.Advance(t.Context()); err != nil {
			t.Fatal(err)
		}
		for i, p := range paths {
			if b, err := w.ReadTile(p); err != nil || !slices.Equal(b, before[i]) {
				t.Errorf("size %d: %s changed, %v", size, p, err)
			}
		}
	}
}

func TestReadTileBeyondTheCheckpoint(t *testing.T) {
	f := newFixture(t)
	w := f.openAt(300)
	// A round that writes all tiles and then dies publishes none.
	f.log.add(400)
	w.step = func(name string) error {
		if name == "sign" {
			return errCrash
		}
		return nil
	}
	if _, err := w.Advance(t.Context()); !errors.Is(err, errCrash) {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(f.dir, "tile/0/001")); err != nil {
		t.Fatal("the test is about a tile that is on disk:", err)
	}
	for _, p := range []string{"tile/0/001", "tile/0/000.p/300", "tile/0/001.p/45", "tile/entries/001", "tile/1/000.p/2", "tile/1/000", "tile/2/000.p/1", "tile/9/000"} {
		b, err := w.ReadTile(p)
		if p == "tile/0/000.p/300" {
			if err == nil || errors.Is(err, fs.ErrNotExist) {
				t.Errorf("%s: %v, want a malformed path", p, err)
			}
			continue
		}
		if !errors.Is(err, fs.ErrNotExist) || b != nil {
			t.Errorf("%s: %v, want fs.ErrNotExist", p, err)
		}
	}
	f.check(w, 300)
	if _, err := w.Prove(300, 700); err == nil {
		t.Error("a proof in an unpublished tree")
	}
	if _, err := w.Prove(5, 5); err == nil {
		t.Error("a proof of an index beyond its tree")
	}
	if _, err := w.Consistency(300, 700); err == nil {
		t.Error("a consistency proof to an unpublished tree")
	}
}

func TestOneWriterOneFolder(t *testing.T) {
	f := newFixture(t)
	f.openAt(3)
	if _, err := f.tryOpen(); err == nil || !strings.Contains(err.Error(), "another process") {
		t.Errorf("a second writer: %v", err)
	}
}

func TestCover(t *testing.T) {
	f := newFixture(t)
	w := f.openAt(1)
	if _, err := w.Cover(t.Context(), 1); !errors.Is(err, ErrNotIntegrated) {
		t.Errorf("an index beyond the log: %v", err)
	}
	var wg sync.WaitGroup
	const writers, each = 16, 40
	for range writers {
		wg.Go(func() {
			for range each {
				size := f.log.add(1)
				cp, err := w.Cover(t.Context(), size-1)
				if err != nil || cp.Size < size {
					t.Errorf("cover %d: size %d, %v", size-1, cp.Size, err)
					return
				}
				p, err := w.Prove(size-1, cp.Size)
				if err != nil || p == nil {
					t.Errorf("prove %d in %d: %v", size-1, cp.Size, err)
				}
				if _, err := w.ReadTile("tile/entries/000.p/1"); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	f.check(w, 1+writers*each)
	f.noFork()
	if n := len(f.store.all); n > writers*each {
		t.Errorf("%d rounds for %d entries", n, writers*each)
	}
}

// All who come while a round runs share the next one.
func TestCoverShares(t *testing.T) {
	f := newFixture(t)
	w := f.openAt(1)
	held, enter := make(chan struct{}), make(chan struct{})
	var once sync.Once
	w.step = func(name string) error {
		if name == "entries" {
			once.Do(func() { close(enter); <-held })
		}
		return nil
	}
	f.log.add(1)
	first := make(chan error)
	go func() {
		_, err := w.Cover(t.Context(), 1)
		first <- err
	}()
	<-enter
	// The round has read size 2: these all need the one after it.
	f.log.add(10)
	var calls []*round
	for range 10 {
		running, mine, err := w.join()
		if err != nil || running == nil {
			t.Fatalf("no running round, %v", err)
		}
		calls = append(calls, mine)
	}
	before := len(f.store.all)
	close(held)
	if err := <-first; err != nil {
		t.Fatal(err)
	}
	for _, c := range calls {
		if cp, err := c.wait(t.Context()); err != nil || cp.Size != 12 {
			t.Fatalf("size %d, %v", cp.Size, err)
		}
	}
	if n := len(f.store.all) - before; n != 2 {
		t.Errorf("%d rounds, want the held one and one more", n)
	}
}

// Who stops waiting does not stop the round for the others.
func TestCoverCancelled(t *testing.T) {
	f := newFixture(t)
	w := f.openAt(1)
	held, enter := make(chan struct{}), make(chan struct{})
	w.step = func(name string) error {
		if name == "entries" {
			close(enter)
			<-held
		}
		return nil
	}
	f.log.add(1)
	ctx, cancel := context.WithCancel(t.Context())
	first, second := make(chan error), make(chan error)
	go func() { _, err := w.Cover(ctx, 1); first <- err }()
	<-enter
	go func() { _, err := w.Cover(t.Context(), 1); second <- err }()
	cancel()
	if err := <-first; !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
	close(held)
	if err := <-second; err != nil {
		t.Errorf("the other caller: %v", err)
	}
	if w.Latest().Size != 2 {
		t.Errorf("latest: %d", w.Latest().Size)
	}
}

func TestClose(t *testing.T) {
	f := newFixture(t)
	w := f.openAt(3)
	f.close(w)
	if _, err := w.Advance(t.Context()); !errors.Is(err, errClosed) {
		t.Errorf("advance after close: %v", err)
	}
	f.check(f.open(), 3)
}

func TestDiskFull(t *testing.T) {
	f := newFixture(t)
	free := uint64(1000)
	f.opt = func(o *Options) {
		o.MinFree = 500
		o.Free = func(string) (uint64, error) { return free, nil }
	}
	w := f.openAt(10)
	free = 499
	f.log.add(1)
	_, err := w.Advance(t.Context())
	var full *FullError
	if !errors.Is(err, ErrDiskFull) || !errors.As(err, &full) || full.Free != 499 {
		t.Errorf("a full disk: %v", err)
	}
	if !errors.Is(w.Room(), ErrDiskFull) {
		t.Error("room on a full disk")
	}
	f.check(w, 10)
	free = 500
	if _, err := w.Advance(t.Context()); err != nil {
		t.Errorf("with space again: %v", err)
	}
	f.check(w, 11)
}
