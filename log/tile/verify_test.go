package tile

import (
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/mod/sumdb/tlog"
)

// tree makes a tree of n entries and all its tiles.
func tree(t testing.TB, n int64) (tlog.Tree, map[tlog.Tile][]byte) {
	t.Helper()
	var stored []tlog.Hash
	r := tlog.HashReaderFunc(func(indexes []int64) ([]tlog.Hash, error) {
		out := make([]tlog.Hash, len(indexes))
		for i, x := range indexes {
			out[i] = stored[x]
		}
		return out, nil
	})
	for i := range n {
		h, err := tlog.StoredHashes(i, binary.BigEndian.AppendUint64(nil, uint64(i)), r)
		if err != nil {
			t.Fatal(err)
		}
		stored = append(stored, h...)
	}
	root, err := tlog.TreeHash(n, r)
	if err != nil {
		t.Fatal(err)
	}
	tiles := make(map[tlog.Tile][]byte)
	for _, nt := range tlog.NewTiles(Height, 0, n) {
		if tiles[nt], err = tlog.ReadTileData(nt, r); err != nil {
			t.Fatal(err)
		}
	}
	return tlog.Tree{N: n, Hash: root}, tiles
}

func reader(tiles map[tlog.Tile][]byte, reads *int) ReadFunc {
	return func(want []tlog.Tile) ([][]byte, error) {
		var out [][]byte
		for _, t := range want {
			b, ok := tiles[t]
			if !ok {
				return nil, fmt.Errorf("no tile %s", Path(t))
			}
			*reads++
			out = append(out, b)
		}
		return out, nil
	}
}

func TestVerifierReadsEveryTile(t *testing.T) {
	for _, n := range []int64{1, 2, 255, 256, 257, 1000, 65536, 70000} {
		tr, tiles := tree(t, n)
		reads := 0
		v, err := NewVerifier(tr, reader(tiles, &reads))
		if err != nil {
			t.Fatal(err)
		}
		for want, data := range tiles {
			got, err := v.Tiles([]tlog.Tile{want})
			if err != nil {
				t.Fatalf("size %d: %s: %v", n, Path(want), err)
			}
			if !slices.Equal(got[0], data) {
				t.Fatalf("size %d: %s: other bytes", n, Path(want))
			}
		}
		if reads > len(tiles)+1 {
			t.Errorf("size %d: %d reads of %d tiles", n, reads, len(tiles))
		}
	}
}

// Each tile altered in one bit is found, and named alone if it has a parent.
func TestVerifierNamesTheWrongTile(t *testing.T) {
	tr, tiles := tree(t, 70000)
	edge := []string{"tile/0/273.p/112", "tile/1/001.p/17", "tile/2/000.p/1"}
	for want := range tiles {
		if want.L == 0 && want.W == Width && want.N%50 != 0 {
			continue // some of the 273 full ones are enough
		}
		bad := make(map[tlog.Tile][]byte)
		for k, data := range tiles {
			bad[k] = data
		}
		bad[want] = slices.Clone(tiles[want])
		bad[want][len(bad[want])-1] ^= 1
		reads := 0
		v, err := NewVerifier(tr, reader(bad, &reads))
		if err != nil {
			t.Fatal(err)
		}
		_, err = v.Tiles([]tlog.Tile{want})
		var wrong *WrongError
		if !errors.As(err, &wrong) {
			t.Fatalf("%s altered: %v, want a WrongError", Path(want), err)
		}
		names := []string{Path(want)}
		if want.W < Width {
			names = edge
		}
		if diff := cmp.Diff(names, wrong.Paths); diff != "" {
			t.Errorf("%s altered: named (-want +got):\n%s", Path(want), diff)
		}
	}
}

func TestVerifierShortTile(t *testing.T) {
	tr, tiles := tree(t, 1000)
	short := tlog.Tile{H: Height, L: 0, N: 1, W: Width}
	tiles[short] = tiles[short][:100]
	reads := 0
	v, err := NewVerifier(tr, reader(tiles, &reads))
	if err != nil {
		t.Fatal(err)
	}
	_, err = v.Tiles([]tlog.Tile{short})
	var wrong *WrongError
	if !errors.As(err, &wrong) || !slices.Equal(wrong.Paths, []string{"tile/0/001"}) {
		t.Errorf("a short tile: %v", err)
	}
}

func TestVerifierProves(t *testing.T) {
	tr, tiles := tree(t, 1000)
	reads := 0
	v, err := NewVerifier(tr, reader(tiles, &reads))
	if err != nil {
		t.Fatal(err)
	}
	for _, i := range []int64{0, 255, 256, 999} {
		p, err := tlog.ProveRecord(tr.N, i, v)
		if err != nil {
			t.Fatal(err)
		}
		if err := tlog.CheckRecord(p, tr.N, tr.Hash, i, tlog.RecordHash(binary.BigEndian.AppendUint64(nil, uint64(i)))); err != nil {
			t.Errorf("entry %d: %v", i, err)
		}
	}
}

func TestVerifierEmptyTree(t *testing.T) {
	root, _ := tlog.TreeHash(0, nil)
	v, err := NewVerifier(tlog.Tree{Hash: root}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := v.Tiles([]tlog.Tile{{H: Height, L: 0, N: 0, W: 1}}); err == nil {
		t.Error("a tile of an empty tree was read")
	}
	if _, err := v.ReadHashes([]int64{0}); err == nil {
		t.Error("a hash of an empty tree was read")
	}
	if _, err := NewVerifier(tlog.Tree{}, nil); err == nil {
		t.Error("an empty tree with another root passed")
	}
	if _, err := NewVerifier(tlog.Tree{N: MaxSize + 1}, nil); err == nil {
		t.Error("a tree over MaxSize passed")
	}
}
