package client

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/sijil/sijil/log/tile"
)

func TestInclusion(t *testing.T) {
	l := newLog(70000)
	f := NewDir(l.export(t))
	tree := l.tree(70000)
	for _, i := range []int{0, 1, 255, 256, 65535, 65536, 69887, 69999} {
		leaf, p, err := Inclusion(t.Context(), f, tree, uint64(i))
		if err != nil {
			t.Fatal(err)
		}
		if leaf != tlog.RecordHash(l.entries[i]) {
			t.Errorf("index %d: another leaf", i)
		}
		if err := tlog.CheckRecord(p, 70000, tree.Root, int64(i), leaf); err != nil {
			t.Errorf("index %d: %v", i, err)
		}
	}
	if _, _, err := Inclusion(t.Context(), f, tree, 70000); err == nil {
		t.Error("an index beyond the tree")
	}
	tree.Root[0] ^= 1
	var wrong *tile.WrongError
	if _, _, err := Inclusion(t.Context(), f, tree, 0); !errors.As(err, &wrong) {
		t.Errorf("another root: %v", err)
	}
}

func TestConsistency(t *testing.T) {
	l := newLog(1000)
	f := NewDir(l.export(t))
	for _, size := range []int{0, 1, 255, 256, 700, 999, 1000} {
		if err := Consistency(t.Context(), f, l.tree(size), l.tree(1000)); err != nil {
			t.Errorf("size %d: %v", size, err)
		}
	}
	err := Consistency(t.Context(), f, l.tree(1000), l.tree(700))
	if err == nil || errors.Is(err, ErrInconsistent) {
		t.Errorf("exchanged trees: %v, want an error that accuses nobody", err)
	}
}

// A fork is found, and what the error carries proves it without the log.
func TestInconsistent(t *testing.T) {
	l := newLog(1000)
	f := NewDir(l.export(t))
	for _, size := range []int{1, 256, 700, 1000} {
		fork := newLog(size - 1)
		fork.add("other", 1)
		err := Consistency(t.Context(), f, fork.tree(size), l.tree(1000))
		var e *InconsistentError
		if !errors.Is(err, ErrInconsistent) || !errors.As(err, &e) {
			t.Fatalf("size %d: %v, want ErrInconsistent", size, err)
		}
		if e.Old != fork.tree(size) || e.New != l.tree(1000) || e.Have != l.tree(size).Root || e.Have == e.Old.Root {
			t.Errorf("size %d: %+v", size, e)
		}
		if err := tlog.CheckTree(e.Proof, int64(e.New.Size), e.New.Root, int64(e.Old.Size), e.Have); err != nil {
			t.Errorf("size %d: the evidence: %v", size, err)
		}
	}
}

// Damaged tiles are no proof of misbehaviour.
func TestDamageAccusesNobody(t *testing.T) {
	l := newLog(1000)
	for _, path := range []string{"tile/0/001", "tile/0/003.p/232", "tile/1/000.p/3"} {
		dir := l.export(t)
		b := read(t, dir, path)
		b[0] ^= 1
		write(t, dir, path, b)
		err := Consistency(t.Context(), NewDir(dir), l.tree(300), l.tree(1000))
		var wrong *tile.WrongError
		if !errors.As(err, &wrong) || errors.Is(err, ErrInconsistent) || !slices.Contains(wrong.Paths, path) {
			t.Errorf("%s: %v", path, err)
		}
	}
}

func collect(ctx context.Context, f Fetcher, tree Tree, start, end uint64) (got [][]byte, err error) {
	next := start
	err = Entries(ctx, f, tree, start, end, func(i uint64, e []byte) error {
		if i != next {
			return errors.New("out of order")
		}
		next++
		got = append(got, bytes.Clone(e))
		return nil
	})
	return got, err
}

func TestEntries(t *testing.T) {
	l := newLog(6000)
	f := NewDir(l.export(t))
	for _, r := range [][2]int{{0, 0}, {0, 1}, {0, 6000}, {5999, 6000}, {6000, 6000}, {255, 257}, {300, 300}, {1000, 5200}} {
		got, err := collect(t.Context(), f, l.tree(6000), uint64(r[0]), uint64(r[1]))
		if err != nil {
			t.Fatal(err)
		}
		if !slices.EqualFunc(got, l.entries[r[0]:r[1]], bytes.Equal) {
			t.Errorf("%v: %d other entries", r, len(got))
		}
	}
	for _, r := range [][2]uint64{{0, 6001}, {2, 1}, {6001, 6001}} {
		if _, err := collect(t.Context(), f, l.tree(6000), r[0], r[1]); err == nil {
			t.Errorf("%v: no error", r)
		}
	}
	stop := errors.New("stop")
	n := 0
	err := Entries(t.Context(), f, l.tree(6000), 0, 6000, func(uint64, []byte) error {
		if n++; n == 300 {
			return stop
		}
		return nil
	})
	if err != stop || n != 300 {
		t.Errorf("stopped after %d: %v", n, err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	err = Entries(ctx, f, l.tree(6000), 0, 6000, func(uint64, []byte) error { cancel(); return nil })
	if !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}

// A tree of an earlier size, whose partial tiles the log has deleted.
func TestEarlierTree(t *testing.T) {
	l := newLog(1000)
	f := NewDir(l.export(t))
	_, err := collect(t.Context(), f, l.tree(300), 0, 300)
	if !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), "tile/1/000.p/1:") {
		t.Errorf("without a partial tile that is not filled yet: %v", err)
	}
	write(t, f.dir, "tile/1/000.p/1", read(t, f.dir, "tile/1/000.p/3")[:32])
	got, err := collect(t.Context(), f, l.tree(300), 0, 300)
	if err != nil || !slices.EqualFunc(got, l.entries[:300], bytes.Equal) {
		t.Errorf("%d entries, %v", len(got), err)
	}
	if _, _, err := Inclusion(t.Context(), f, l.tree(300), 299); err != nil {
		t.Error(err)
	}
}

// Every file, altered in one bit, cut, lengthened or lost, is found and named,
// and no altered entry is yielded.
func TestTampered(t *testing.T) {
	l := newLog(1000)
	tree := l.tree(1000)
	files := []string{
		"tile/0/000", "tile/0/001", "tile/0/002", "tile/0/003.p/232", "tile/1/000.p/3",
		"tile/entries/000", "tile/entries/001", "tile/entries/002", "tile/entries/003.p/232",
	}
	for _, path := range files {
		for name, tamper := range map[string]func([]byte) []byte{
			"first bit": func(b []byte) []byte { b[0] ^= 0x80; return b },
			"last bit":  func(b []byte) []byte { b[len(b)-1] ^= 1; return b },
			"cut":       func(b []byte) []byte { return b[:len(b)-1] },
			"longer":    func(b []byte) []byte { return append(b, 0) },
			"empty":     func([]byte) []byte { return nil },
		} {
			dir := l.export(t)
			write(t, dir, path, tamper(read(t, dir, path)))
			got, err := collect(t.Context(), NewDir(dir), tree, 0, 1000)
			var wrong *tile.WrongError
			var entry *EntryError
			switch {
			case errors.As(err, &wrong):
				if !slices.Contains(wrong.Paths, path) {
					t.Errorf("%s, %s: named %q", path, name, wrong.Paths)
				}
			case errors.As(err, &entry):
				if entry.Path != path {
					t.Errorf("%s, %s: named %q", path, name, entry.Path)
				}
			default:
				t.Errorf("%s, %s: %v", path, name, err)
			}
			for i, e := range got {
				if !bytes.Equal(e, l.entries[i]) {
					t.Fatalf("%s, %s: yielded another entry %d", path, name, i)
				}
			}
		}
		dir := l.export(t)
		if err := os.Remove(filepath.Join(dir, path)); err != nil {
			t.Fatal(err)
		}
		if _, err := collect(t.Context(), NewDir(dir), tree, 0, 1000); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s, lost: %v", path, err)
		}
	}
}

func TestBadTree(t *testing.T) {
	f := NewDir(t.TempDir())
	for _, tree := range []Tree{{Size: 0}, {Size: tile.MaxSize + 1}, {Size: 1 << 63}} {
		if err := Entries(t.Context(), f, tree, 0, 0, nil); err == nil {
			t.Errorf("%+v passed", tree)
		}
		if err := Consistency(t.Context(), f, tree, tree); err == nil {
			t.Errorf("%+v is consistent with itself", tree)
		}
	}
}

func BenchmarkEntries(b *testing.B) {
	l := newLog(100_000)
	f := NewDir(l.export(b))
	tree := l.tree(len(l.entries))
	for b.Loop() {
		if err := Entries(b.Context(), f, tree, 0, tree.Size, func(uint64, []byte) error { return nil }); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.N)*float64(tree.Size)/b.Elapsed().Seconds(), "entries/s")
}
