package audit

import (
	"context"
	"fmt"
	"slices"

	"github.com/transparency-dev/merkle/compact"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/sijil/sijil/log/tile"
)

// tree goes through the tiles above level 0 from the root down, so that each
// hash it gives is one that the checkpoint proves. It is asked in order and
// keeps one full tile of each level.
type tree struct {
	r    *reader
	size uint64
	root tlog.Hash

	edge   map[int][]byte // by level: the partial tiles, as served
	proved bool           // the edge gives the root
	cache  map[int]*level
	failed []failure
}

// level is the tile of a level that was read last.
type level struct {
	n    int64
	data []byte // nil if it is not what the tree holds
}

// failure is a tile that the source does not serve as the tree has it, and the
// subtree below it that has to be computed another way. The right edge is one
// failure without a tile.
type failure struct {
	tile tlog.Tile
	edge bool
	want tlog.Hash
	bad  map[tlog.Tile]*fault
}

func newTree(r *reader, size int64, root tlog.Hash) *tree {
	return &tree{r: r, size: uint64(size), root: root, edge: map[int][]byte{}, cache: map[int]*level{}}
}

// edges lists the tiles that the root is computed from.
func (t *tree) edges() []tlog.Tile {
	var out []tlog.Tile
	for l := 0; t.size>>(l*tile.Height) > 0; l++ {
		n := t.size >> (l * tile.Height)
		if w := int(n % tile.Width); w > 0 {
			out = append(out, tlog.Tile{H: tile.Height, L: l, N: int64(n / tile.Width), W: w})
		}
	}
	return out
}

// openEdge reads the right edge and computes the root from it.
func (t *tree) openEdge(ctx context.Context) error {
	bad := map[tlog.Tile]*fault{}
	for _, e := range t.edges() {
		b, f, err := t.r.tile(ctx, e)
		if err != nil {
			return err
		}
		if f != nil {
			bad[e] = f
			continue
		}
		t.edge[e.L] = b
	}
	if len(bad) == 0 {
		root, err := tlog.TreeHash(int64(t.size), edgeReader(t.edge))
		t.proved = err == nil && root == t.root
	}
	if !t.proved {
		t.failed = append(t.failed, failure{edge: true, want: t.root, bad: bad})
	}
	return nil
}

// edgeReader gives the hashes of an edge's tiles.
type edgeReader map[int][]byte

func (e edgeReader) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	out := make([]tlog.Hash, len(indexes))
	for i, x := range indexes {
		t := tlog.TileForIndex(tile.Height, x)
		data := e[t.L]
		t.W = len(data) / tlog.HashSize
		if t.W == 0 {
			return nil, fmt.Errorf("no tile of level %d", t.L)
		}
		var err error
		if out[i], err = tlog.HashFromTile(t, data, x); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// hash returns the i-th hash of a tile level, and false if it is not proved.
func (t *tree) hash(ctx context.Context, l int, i int64) (tlog.Hash, bool, error) {
	at, ok := tile.At(l, i/tile.Width, t.size)
	if !ok {
		return tlog.Hash{}, false, nil
	}
	data := t.edge[l]
	if at.W == tile.Width {
		var err error
		if data, err = t.full(ctx, at); err != nil {
			return tlog.Hash{}, false, err
		}
	} else if !t.proved {
		data = nil
	}
	if data == nil {
		return tlog.Hash{}, false, nil
	}
	return tlog.Hash(data[i%tile.Width*tlog.HashSize:][:tlog.HashSize]), true, nil
}

// full returns a full tile if it is the one that its parent names.
func (t *tree) full(ctx context.Context, at tlog.Tile) ([]byte, error) {
	if c := t.cache[at.L]; c != nil && c.n == at.N {
		return c.data, nil
	}
	c := &level{n: at.N}
	want, known, err := t.hash(ctx, at.L+1, at.N)
	if err != nil {
		return nil, err
	}
	if known {
		b, bad, err := t.r.tile(ctx, at)
		if err != nil {
			return nil, err
		}
		switch {
		case bad != nil:
		case tileRoot(at, b) == want:
			c.data = b
		default:
			bad = &fault{why: "is not the tile that its parent names"}
		}
		if bad != nil {
			t.failed = append(t.failed, failure{tile: at, want: want, bad: map[tlog.Tile]*fault{at: bad}})
		}
	}
	t.cache[at.L] = c
	return c.data, nil
}

// tileRoot is the root of the subtree over a full tile's hashes.
func tileRoot(t tlog.Tile, data []byte) tlog.Hash {
	top := t.L*tile.Height + tile.Height - 1
	left, err := tlog.HashFromTile(t, data, tlog.StoredHashIndex(top, 2*t.N))
	if err != nil {
		return tlog.Hash{}
	}
	right, err := tlog.HashFromTile(t, data, tlog.StoredHashIndex(top, 2*t.N+1))
	if err != nil {
		return tlog.Hash{}
	}
	return tlog.NodeHash(left, right)
}

// fold is the RFC 6962 root over nodes: subtrees of one size, of which the last
// may be smaller.
func fold(nodes []tlog.Hash) (tlog.Hash, bool) {
	if len(nodes) == 0 {
		return tlog.Hash{}, false
	}
	f := compact.RangeFactory{Hash: func(l, r []byte) []byte {
		h := tlog.NodeHash(tlog.Hash(l), tlog.Hash(r))
		return h[:]
	}}
	r := f.NewEmptyRange(0)
	for _, n := range nodes {
		if n == (tlog.Hash{}) {
			return tlog.Hash{}, false // not known
		}
		if err := r.Append(slices.Clone(n[:]), nil); err != nil {
			return tlog.Hash{}, false
		}
	}
	root, err := r.GetRootHash(nil)
	if err != nil {
		return tlog.Hash{}, false
	}
	return tlog.Hash(root), true
}
