package tilewriter

import (
	"bytes"
	"testing"

	"golang.org/x/mod/sumdb/tlog"
)

// A tree that grows in whatever steps has the root of the log and the full tiles
// and bundles of one that grew at once, and an edge never changes afterwards.
func FuzzGrow(f *testing.F) {
	l := &memLog{}
	l.add(3000)
	f.Add([]byte{1})
	f.Add([]byte{255, 1, 1})
	f.Add([]byte{0, 200, 100, 255, 255, 255, 9})
	f.Add([]byte{128, 128, 128, 128, 1})
	f.Fuzz(func(t *testing.T, parts []byte) {
		grown := &edge{}
		old := []*edge{grown}
		var files []file
		for _, p := range parts {
			n := grown.size + uint64(p)
			if n > uint64(len(l.leaves)) {
				break
			}
			_, _, stored, err := grown.grow(l.leaves[grown.size:n])
			if err != nil {
				t.Fatal(err)
			}
			if first := tlog.StoredHashIndex(0, int64(grown.size)); tlog.StoredHashIndex(0, int64(n)) != first+int64(len(stored)) {
				t.Fatalf("%d stored hashes from %d to %d", len(stored), grown.size, n)
			}
			// A failed round grows the same edge another way first.
			if _, _, _, err := grown.grow([][]byte{[]byte("not of this log")}); err != nil {
				t.Fatal(err)
			}
			next, some, _, err := grown.grow(l.leaves[grown.size:n])
			if err != nil {
				t.Fatal(err)
			}
			grown, files, old = next, append(files, some...), append(old, next)
		}
		for _, e := range old {
			if root, err := e.root(); err != nil || root != l.rootAt(e.size) {
				t.Fatalf("size %d: another root, %v", e.size, err)
			}
		}
		_, want, _, err := (&edge{}).grow(l.leaves[:grown.size])
		if err != nil || len(want) != len(files) {
			t.Fatalf("%d files, want %d, %v", len(files), len(want), err)
		}
		for _, w := range want {
			found := false
			for _, f := range files {
				found = found || f.tile == w.tile && bytes.Equal(f.data, w.data)
			}
			if !found {
				t.Fatalf("%s is missing or another", fileOf(w.tile))
			}
		}
	})
}
