package client

import (
	"bytes"
	"errors"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// Copied in one go or in several, the files are exactly those of the tree.
func TestFiles(t *testing.T) {
	filesFrom(t, 1000, 0, 1, 255, 256, 257, 511, 767, 999)
	filesFrom(t, 66000, 65535, 65536)
}

func filesFrom(t *testing.T, size int, froms ...int) {
	l := newLog(size)
	dir := l.export(t)
	want := map[string][]byte{}
	err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		rel, err := filepath.Rel(dir, path)
		if err != nil {
			return err
		}
		want[filepath.ToSlash(rel)], err = os.ReadFile(path)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, from := range froms {
		got := map[string][]byte{}
		keep := func(path string, b []byte) error {
			if _, ok := got[path]; ok {
				t.Errorf("%s twice", path)
			}
			got[path] = slices.Clone(b)
			return nil
		}
		earlier := newLog(from)
		if err := Files(t.Context(), NewDir(earlier.export(t)), earlier.tree(from), 0, keep); err != nil {
			t.Fatal(err)
		}
		first := len(got)
		if err := Files(t.Context(), NewDir(dir), l.tree(size), uint64(from), keep); err != nil {
			t.Fatal(err)
		}
		// What the earlier tree had narrower stays beside the wider.
		maps.DeleteFunc(got, func(path string, _ []byte) bool { _, ok := want[path]; return !ok })
		if !maps.EqualFunc(want, got, bytes.Equal) {
			t.Errorf("from %d (%d files before): %d files, want the %d of the tree", from, first, len(got), len(want))
		}
	}
	if err := Files(t.Context(), NewDir(dir), l.tree(size), uint64(size+1), nil); err == nil {
		t.Error("from a size beyond the tree")
	}
	stop := errors.New("stop")
	if err := Files(t.Context(), NewDir(dir), l.tree(size), 0, func(string, []byte) error { return stop }); !errors.Is(err, stop) {
		t.Errorf("the error of yield: %v", err)
	}
}

// A file that is not the tree's is not yielded.
func TestFilesDamaged(t *testing.T) {
	l := newLog(66000)
	for _, path := range []string{"tile/entries/003", "tile/0/003", "tile/1/000", "tile/0/257.p/208", "tile/2/000.p/1"} {
		dir := l.export(t)
		b, err := os.ReadFile(filepath.Join(dir, path))
		if err != nil {
			t.Fatal(err)
		}
		b[len(b)-1] ^= 1
		if err := os.WriteFile(filepath.Join(dir, path), b, 0o644); err != nil {
			t.Fatal(err)
		}
		err = Files(t.Context(), NewDir(dir), l.tree(66000), 0, func(p string, _ []byte) error {
			if p == path {
				t.Errorf("%s was yielded", p)
			}
			return nil
		})
		if err == nil {
			t.Errorf("%s: no error", path)
		}
	}
}
