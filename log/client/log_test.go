package client

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/sijil/sijil/log/tile"
)

// virtual is a log in memory, with what it takes to write it out.
type virtual struct {
	entries [][]byte
	stored  []tlog.Hash
}

func (l *virtual) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	out := make([]tlog.Hash, len(indexes))
	for i, x := range indexes {
		out[i] = l.stored[x]
	}
	return out, nil
}

func (l *virtual) add(word string, n int) {
	for range n {
		i := len(l.entries)
		entry := fmt.Appendf(nil, "%s %d %s", word, i, strings.Repeat("y", i%400))
		h, err := tlog.StoredHashes(int64(i), entry, l)
		if err != nil {
			panic(err)
		}
		l.entries, l.stored = append(l.entries, entry), append(l.stored, h...)
	}
}

func newLog(n int) *virtual {
	l := &virtual{}
	l.add("entry", n)
	return l
}

func (l *virtual) tree(size int) Tree {
	root, err := tlog.TreeHash(int64(size), l)
	if err != nil {
		panic(err)
	}
	return Tree{Size: uint64(size), Root: root}
}

// export writes the log's whole tree to a folder.
func (l *virtual) export(t testing.TB) string {
	t.Helper()
	dir := t.TempDir()
	for _, nt := range tlog.NewTiles(tile.Height, 0, int64(len(l.entries))) {
		data, err := tlog.ReadTileData(nt, l)
		if err != nil {
			t.Fatal(err)
		}
		write(t, dir, tile.Path(nt), data)
		if nt.L > 0 {
			continue
		}
		start := int(nt.N) * tile.Width
		bundle, err := tile.EncodeBundle(l.entries[start : start+nt.W])
		if err != nil {
			t.Fatal(err)
		}
		nt.L = tile.EntriesLevel
		write(t, dir, tile.Path(nt), bundle)
	}
	return dir
}

func write(t testing.TB, dir, path string, b []byte) {
	t.Helper()
	p := filepath.Join(dir, path)
	if err := os.MkdirAll(filepath.Dir(p), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(p, b, 0o644); err != nil {
		t.Fatal(err)
	}
}

func read(t testing.TB, dir, path string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(dir, path))
	if err != nil {
		t.Fatal(err)
	}
	return b
}
