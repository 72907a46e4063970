package tilewriter

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/sijil/sijil/log/tile"
)

// memLog is a log in memory: the Source of the tests.
type memLog struct {
	mu     sync.Mutex
	leaves [][]byte
	stored []tlog.Hash
	few    uint64 // Leaves returns at most so many, if not 0
	rooted int    // calls of Root
}

func (l *memLog) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	out := make([]tlog.Hash, len(indexes))
	for i, x := range indexes {
		out[i] = l.stored[x]
	}
	return out, nil
}

// add appends n entries, of various lengths, and returns the new size.
func (l *memLog) add(n int) uint64 {
	return l.addAs("entry", n)
}

func (l *memLog) addAs(word string, n int) uint64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	for range n {
		i := len(l.leaves)
		leaf := fmt.Appendf(nil, "%s %d %s", word, i, strings.Repeat("x", i%600))
		h, err := tlog.StoredHashes(int64(i), leaf, l)
		if err != nil {
			panic(err)
		}
		l.leaves, l.stored = append(l.leaves, leaf), append(l.stored, h...)
	}
	return uint64(len(l.leaves))
}

func (l *memLog) rootAt(size uint64) tlog.Hash {
	h, err := tlog.TreeHash(int64(size), l)
	if err != nil {
		panic(err)
	}
	return h
}

func (l *memLog) Root(context.Context) (uint64, []byte, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.rooted++
	h := l.rootAt(uint64(len(l.leaves)))
	return uint64(len(l.leaves)), h[:], nil
}

func (l *memLog) Leaves(_ context.Context, start, count uint64) ([][]byte, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.few > 0 {
		count = min(count, l.few)
	}
	if start+count > uint64(len(l.leaves)) {
		return nil, fmt.Errorf("no entries %d to %d", start, start+count)
	}
	return l.leaves[start : start+count], nil
}

// memStore is a checkpoint store in memory. It remembers all it was given, so
// that a test sees a fork.
type memStore struct {
	mu   sync.Mutex
	last Checkpoint
	all  []Checkpoint
	fail func(stored bool) error // called before and after storing
}

func (s *memStore) Last(context.Context) (Checkpoint, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.last, nil
}

func (s *memStore) Swap(_ context.Context, old, new Checkpoint) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.fail != nil {
		if err := s.fail(false); err != nil {
			return err
		}
	}
	if old.Size != s.last.Size || old.Root != s.last.Root || !bytes.Equal(old.Note, s.last.Note) {
		return ErrConflict
	}
	s.last, s.all = new, append(s.all, new)
	if s.fail != nil {
		return s.fail(true)
	}
	return nil
}

// fixture is a log, a store and a folder that survive the Writer.
type fixture struct {
	t     testing.TB
	log   *memLog
	store *memStore
	dir   string
	step  func(string) error // of Open, not of the Writer it returns
	opt   func(*Options)
}

func newFixture(t testing.TB) *fixture {
	return &fixture{t: t, log: &memLog{}, store: &memStore{}, dir: filepath.Join(t.TempDir(), "tiles")}
}

func (f *fixture) tryOpen() (*Writer, error) {
	opt := Options{
		Dir: f.dir, Source: f.log, Checkpoints: f.store,
		Sign: func(size uint64, root tlog.Hash) ([]byte, error) {
			return fmt.Appendf(nil, "signed %d %v", size, root), nil
		},
	}
	if f.opt != nil {
		f.opt(&opt)
	}
	if f.step == nil {
		return Open(f.t.Context(), opt)
	}
	opt.Logger, opt.Free = slog.New(slog.DiscardHandler), freeBytes
	return open(f.t.Context(), opt, f.step)
}

func (f *fixture) open() *Writer {
	f.t.Helper()
	w, err := f.tryOpen()
	if err != nil {
		f.t.Fatal(err)
	}
	f.t.Cleanup(func() { w.Close() })
	return w
}

// openAt makes a Writer of a log with n entries, all published.
func (f *fixture) openAt(n int) *Writer {
	f.t.Helper()
	f.log.add(n - len(f.log.leaves))
	w := f.open()
	if _, err := w.Advance(f.t.Context()); err != nil {
		f.t.Fatal(err)
	}
	return w
}

func (f *fixture) close(w *Writer) {
	f.t.Helper()
	if err := w.Close(); err != nil {
		f.t.Fatal(err)
	}
}

// check holds all that the Writer says against the log: Latest, every tile and
// bundle, and some proofs.
func (f *fixture) check(w *Writer, size uint64) {
	f.t.Helper()
	cp := w.Latest()
	if cp.Size != size || cp.Root != f.log.rootAt(size) {
		f.t.Fatalf("latest: size %d, root %v; want %d, %v", cp.Size, cp.Root, size, f.log.rootAt(size))
	}
	for _, t := range tlog.NewTiles(tile.Height, 0, int64(size)) {
		want, err := tlog.ReadTileData(t, f.log)
		if err != nil {
			f.t.Fatal(err)
		}
		got, err := w.ReadTile(tile.Path(t))
		if err != nil || !bytes.Equal(got, want) {
			f.t.Fatalf("%s: %v, other bytes: %v", tile.Path(t), err, !bytes.Equal(got, want))
		}
		if t.L > 0 {
			continue
		}
		t.L = tile.EntriesLevel
		b, err := w.ReadTile(tile.Path(t))
		if err != nil {
			f.t.Fatal(err)
		}
		entries, err := tile.ParseBundle(b, t.W)
		if err != nil {
			f.t.Fatal(err)
		}
		if err := tile.CheckEntries(want, entries); err != nil {
			f.t.Fatal(err)
		}
	}
	for _, n := range []uint64{1, size / 2, size} {
		for _, i := range []uint64{0, n / 2, n - 1} {
			if n == 0 || n > size || i >= n {
				continue
			}
			f.proves(w, i, n)
		}
		if n > 0 && n <= size {
			p, err := w.Consistency(n, size)
			if err != nil {
				f.t.Fatal(err)
			}
			if err := tlog.CheckTree(p, int64(size), cp.Root, int64(n), f.log.rootAt(n)); err != nil {
				f.t.Fatalf("consistency of %d and %d: %v", n, size, err)
			}
		}
	}
}

func (f *fixture) proves(w *Writer, i, n uint64) {
	f.t.Helper()
	p, err := w.Prove(i, n)
	if err != nil {
		f.t.Fatal(err)
	}
	if err := tlog.CheckRecord(p, int64(n), f.log.rootAt(n), int64(i), tlog.RecordHash(f.log.leaves[i])); err != nil {
		f.t.Fatalf("entry %d in size %d: %v", i, n, err)
	}
}

// noFork checks that every checkpoint ever signed is of this log and that they
// only grow.
func (f *fixture) noFork() {
	f.t.Helper()
	var last uint64
	for i, cp := range f.store.all {
		if cp.Size < last || i > 0 && cp.Size == last || cp.Root != f.log.rootAt(cp.Size) {
			f.t.Fatalf("checkpoint %d: size %d after %d, root %v, want %v", i, cp.Size, last, cp.Root, f.log.rootAt(cp.Size))
		}
		last = cp.Size
	}
}

func (f *fixture) flip(name string) {
	f.t.Helper()
	p := filepath.Join(f.dir, name)
	b, err := os.ReadFile(p)
	if err != nil {
		f.t.Fatal(err)
	}
	b[len(b)/2] ^= 4
	if err := os.WriteFile(p, b, 0o644); err != nil {
		f.t.Fatal(err)
	}
}

var errCrash = errors.New("crash")
