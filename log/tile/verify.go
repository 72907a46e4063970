package tile

import (
	"errors"
	"fmt"
	"strings"

	"golang.org/x/mod/sumdb/tlog"
)

// WrongError says that tiles do not belong to a tree: altered, damaged, or of
// another tree.
type WrongError struct {
	// Paths are the tiles: one, where its parent was authenticated before it;
	// several, where the tree's right edge does not give the root, since a root
	// cannot tell which of them is wrong.
	Paths []string
	Tree  tlog.Tree
}

func (e *WrongError) Error() string {
	if len(e.Paths) == 1 {
		return fmt.Sprintf("%s does not belong to the tree of size %d and root %v", e.Paths[0], e.Tree.N, e.Tree.Hash)
	}
	return fmt.Sprintf("at least one of %s does not belong to the tree of size %d and root %v",
		strings.Join(e.Paths, ", "), e.Tree.N, e.Tree.Hash)
}

// ReadFunc reads tiles: one slice of 32·W bytes for each, in their order. What
// it returns is not trusted.
type ReadFunc func(tiles []tlog.Tile) ([][]byte, error)

// Verifier reads the tiles of one tree and returns only what the tree's root
// proves. It is a tlog.HashReader. It keeps the tiles above level 0 and those
// of the right edge, so that going through a log reads each of them once. Not
// safe for concurrent use.
type Verifier struct {
	tree tlog.Tree
	read ReadFunc
	kept map[tlog.Tile][]byte // authenticated
}

// NewVerifier returns a Verifier of a tree whose size and root the caller
// trusts, from a verified checkpoint.
func NewVerifier(tree tlog.Tree, read ReadFunc) (*Verifier, error) {
	if tree.N < 0 || tree.N > MaxSize {
		return nil, fmt.Errorf("tree of size %d, at most %d", tree.N, int64(MaxSize))
	}
	if tree.N == 0 {
		if root, _ := tlog.TreeHash(0, nil); tree.Hash != root {
			return nil, fmt.Errorf("tree of size 0: its root is %v, want %v", tree.Hash, root)
		}
	}
	return &Verifier{tree: tree, read: read, kept: make(map[tlog.Tile][]byte)}, nil
}

// Tiles returns the bytes of the tiles that hold the first hash of each tile in
// want, as wide as they are in this tree. Errors: *WrongError, or what the
// ReadFunc returned.
func (v *Verifier) Tiles(want []tlog.Tile) ([][]byte, error) {
	indexes := make([]int64, len(want))
	for i, t := range want {
		if t.L < 0 || !In(t, uint64(v.tree.N)) {
			return nil, fmt.Errorf("%s is not in a tree of size %d", Path(t), v.tree.N)
		}
		indexes[i] = First(t)
	}
	a := &attempt{v: v, good: make(map[tlog.Tile][]byte)}
	if _, err := v.readHashes(a, indexes); err != nil {
		return nil, err
	}
	out := make([][]byte, len(want))
	for i, t := range want {
		t, _ = At(t.L, t.N, uint64(v.tree.N))
		out[i] = a.good[t]
	}
	return out, nil
}

// ReadHashes returns authenticated hashes by their stored hash indexes.
func (v *Verifier) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	if v.tree.N == 0 && len(indexes) > 0 {
		return nil, errors.New("an empty tree has no hashes")
	}
	return v.readHashes(&attempt{v: v, good: make(map[tlog.Tile][]byte)}, indexes)
}

func (v *Verifier) readHashes(a *attempt, indexes []int64) ([]tlog.Hash, error) {
	if len(indexes) == 0 {
		return nil, nil // an empty tree has no tiles to read
	}
	hashes, err := tlog.TileHashReader(v.tree, a).ReadHashes(indexes)
	switch {
	case a.err != nil:
		return nil, a.err
	case err != nil && a.data != nil:
		return nil, v.blame(a, err)
	case err != nil:
		return nil, err
	}
	return hashes, nil
}

// attempt is the tlog.TileReader of one call: what it read, and which of that
// was authenticated.
type attempt struct {
	v     *Verifier
	tiles []tlog.Tile
	data  [][]byte
	err   error
	good  map[tlog.Tile][]byte
}

func (a *attempt) Height() int { return Height }

func (a *attempt) ReadTiles(tiles []tlog.Tile) ([][]byte, error) {
	data := make([][]byte, len(tiles))
	var need []tlog.Tile
	var at []int
	for i, t := range tiles {
		if b, ok := a.v.kept[t]; ok {
			data[i] = b
		} else {
			need, at = append(need, t), append(at, i)
		}
	}
	if len(need) > 0 {
		got, err := a.v.read(need)
		if err == nil && len(got) != len(need) {
			err = fmt.Errorf("%d tiles read, want %d", len(got), len(need))
		}
		if err != nil {
			a.err = err
			return nil, err
		}
		for i, b := range got {
			if len(b) != need[i].W*tlog.HashSize {
				a.err = &WrongError{Paths: []string{Path(need[i])}, Tree: a.v.tree}
				return nil, a.err
			}
			data[at[i]] = b
		}
	}
	a.tiles, a.data = tiles, data
	return data, nil
}

// SaveTiles is called by tlog once all tiles are authenticated.
func (a *attempt) SaveTiles(tiles []tlog.Tile, data [][]byte) {
	for i, t := range tiles {
		a.good[t] = data[i]
		if t.L > 0 || t.W < Width {
			a.v.kept[t] = data[i]
		}
	}
}

// fixed answers with the tiles of a failed attempt.
type fixed map[tlog.Tile][]byte

func (fixed) Height() int { return Height }

func (f fixed) ReadTiles(tiles []tlog.Tile) ([][]byte, error) {
	data := make([][]byte, len(tiles))
	for i, t := range tiles {
		data[i] = f[t]
	}
	return data, nil
}

func (fixed) SaveTiles([]tlog.Tile, [][]byte) {}

// blame finds which tile of a failed attempt is wrong. tlog orders them with
// the right edge first and each parent before its children, so the first tile
// that cannot be authenticated together with its parents is the wrong one.
func (v *Verifier) blame(a *attempt, err error) error {
	f := make(fixed)
	for i, t := range a.tiles {
		f[t] = a.data[i]
	}
	r := tlog.TileHashReader(v.tree, f)
	edge := v.edge()
	if _, err := r.ReadHashes(nil); err != nil {
		return &WrongError{Paths: edge, Tree: v.tree}
	}
	for _, t := range a.tiles {
		if _, err := r.ReadHashes([]int64{First(t)}); err != nil {
			return &WrongError{Paths: []string{Path(t)}, Tree: v.tree}
		}
	}
	return err
}

// edge is the paths of the tiles that the root is computed from: the partial
// ones, and the full ones that have no parent yet.
func (v *Verifier) edge() []string {
	var paths []string
	for level := 0; v.tree.N>>(level*Height) > 0; level++ {
		if w := int(v.tree.N >> (level * Height) & (Width - 1)); w > 0 {
			paths = append(paths, Path(tlog.Tile{H: Height, L: level, N: v.tree.N >> ((level + 1) * Height), W: w}))
		}
	}
	return paths
}
