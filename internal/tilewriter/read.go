package tilewriter

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"sync/atomic"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/sijil/sijil/log/tile"
)

// shelf is where tiles are: a folder, or a table.
type shelf interface {
	// read returns the bytes of a tile of a tree that has it in this width.
	read(t tlog.Tile) ([]byte, error)
}

// readAll is a shelf's read for many tiles.
func readAll(s shelf) tile.ReadFunc {
	if t, ok := s.(*table); ok {
		return t.readAll
	}
	return func(tiles []tlog.Tile) ([][]byte, error) {
		out := make([][]byte, len(tiles))
		for i, t := range tiles {
			var err error
			if out[i], err = s.read(t); err != nil {
				return nil, err
			}
		}
		return out, nil
	}
}

// shown is a published tree, to be read. Safe for concurrent use.
type shown struct {
	shelf shelf
	memo  *memo
	pub   atomic.Pointer[snapshot]
}

// Latest is the newest checkpoint that is signed, stored and covered by durable
// tiles; the zero one before the first round.
func (w *shown) Latest() Checkpoint {
	return w.pub.Load().cp
}

// Prove returns the inclusion proof of an entry in the tree of the given size,
// which is at most Latest's. It is made of hashes that were authenticated
// against a published root.
func (w *shown) Prove(index, size uint64) (tlog.RecordProof, error) {
	pub := w.pub.Load()
	if size > pub.cp.Size || index >= size {
		return nil, fmt.Errorf("tile writer: prove index %d in size %d: the published size is %d", index, size, pub.cp.Size)
	}
	return tlog.ProveRecord(int64(size), int64(index), w.reader(pub))
}

// Leaves returns the hashes of entries of the newest checkpoint's tree, in the order of
// their indexes. They were authenticated against its root.
func (w *shown) Leaves(indexes []int64) ([]tlog.Hash, error) {
	pub := w.pub.Load()
	stored := make([]int64, len(indexes))
	for i, x := range indexes {
		if x < 0 || uint64(x) >= pub.cp.Size {
			return nil, fmt.Errorf("tile writer: entry %d: the published size is %d", x, pub.cp.Size)
		}
		stored[i] = tlog.StoredHashIndex(0, x)
	}
	if len(stored) == 0 {
		return nil, nil
	}
	return w.reader(pub).ReadHashes(stored)
}

// Consistency returns the proof that the tree of the given size, at most
// Latest's, begins with the tree of size old; an empty one if old is 0.
func (w *shown) Consistency(old, size uint64) (tlog.TreeProof, error) {
	pub := w.pub.Load()
	if size > pub.cp.Size || old > size {
		return nil, fmt.Errorf("tile writer: prove size %d in size %d: the published size is %d", old, size, pub.cp.Size)
	}
	if old == 0 {
		return tlog.TreeProof{}, nil
	}
	return tlog.ProveTree(int64(size), int64(old), w.reader(pub))
}

// reader reads stored hashes: remembered ones, else authenticated from disk.
func (w *shown) reader(pub *snapshot) tlog.HashReader {
	return tlog.HashReaderFunc(func(indexes []int64) ([]tlog.Hash, error) {
		out := make([]tlog.Hash, len(indexes))
		missing := w.memo.get(indexes, out)
		if len(missing) == 0 {
			return out, nil
		}
		need := make([]int64, len(missing))
		for i, m := range missing {
			need[i] = indexes[m]
		}
		t := tlog.Tree{N: int64(pub.cp.Size), Hash: pub.cp.Root}
		v, err := tile.NewVerifier(t, pub.reader(w.shelf))
		if err != nil {
			return nil, err
		}
		got, err := v.ReadHashes(need)
		if err != nil {
			return nil, fmt.Errorf("tile writer: %w", damage(err))
		}
		for i, m := range missing {
			out[m] = got[i]
			w.memo.add(need[i], got[i:i+1])
		}
		return out, nil
	})
}

// reader reads the tiles of this tree: full ones from disk, where they stay as
// they are, partial ones from memory, since the edge files have moved on.
func (s *snapshot) reader(d shelf) tile.ReadFunc {
	return func(tiles []tlog.Tile) ([][]byte, error) {
		out := make([][]byte, len(tiles))
		for i, t := range tiles {
			var ok bool
			if out[i], ok = s.edge.partial(t); ok {
				continue
			}
			var err error
			if out[i], err = d.read(t); err != nil {
				return nil, err
			}
		}
		return out, nil
	}
}

// ReadTile returns the tile or entry bundle at a tlog-tiles path
// ("tile/entries/000.p/7"), partial ones of earlier sizes included. What the
// newest checkpoint does not cover is fs.ErrNotExist, also while it is on disk
// already; a path that is none is another error.
func (w *shown) ReadTile(path string) ([]byte, error) {
	t, err := tile.ParsePath(path)
	if err != nil {
		return nil, err
	}
	pub := w.pub.Load()
	if !tile.In(t, pub.cp.Size) {
		return nil, &fs.PathError{Op: "read", Path: path, Err: fs.ErrNotExist}
	}
	if b, ok := pub.edge.partial(t); ok {
		return bytes.Clone(b), nil
	}
	full := t
	full.W = tile.Width
	b, err := w.shelf.read(full)
	if errors.Is(err, fs.ErrNotExist) {
		// It is published, so this is damage and must not look like an answer.
		return nil, &DamageError{Paths: []string{fileOf(full)}, Err: errors.New("the file is gone")}
	}
	if err != nil {
		return nil, err
	}
	if t.L != tile.EntriesLevel {
		return b[:t.W*tlog.HashSize], nil
	}
	_, rest, err := tile.CutBundle(b, t.W)
	if err != nil {
		return nil, err
	}
	return b[:len(b)-len(rest)], nil
}
