package tilewriter

import (
	"fmt"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/sijil/sijil/log/tile"
)

// edge is the right edge of a tree: its partial tiles and its partial entry
// bundle. With it alone the tree's root can be computed and the tree can grow.
// It does not change; slices may share memory with those of a larger tree, which
// has written only behind them.
type edge struct {
	size   uint64
	tiles  [][]byte // by level; empty where the level has no partial tile
	bundle []byte   // the partial entry bundle
	ends   []int    // ends[i] is the end of its entry i
}

// file is a full tile or entry bundle to be written.
type file struct {
	tile tlog.Tile
	data []byte
}

// ReadHashes reads the stored hashes that lie in the partial tiles
// (tlog.HashReader).
func (e *edge) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	out := make([]tlog.Hash, len(indexes))
	for i, x := range indexes {
		t := tlog.TileForIndex(tile.Height, x)
		full, ok := tile.At(t.L, t.N, e.size)
		if !ok || full.W == tile.Width || t.W > full.W {
			return nil, fmt.Errorf("hash %d is in %s, not on the edge of size %d", x, tile.Path(t), e.size)
		}
		var err error
		if out[i], err = tlog.HashFromTile(full, e.tiles[full.L], x); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func (e *edge) root() (tlog.Hash, error) {
	return tlog.TreeHash(int64(e.size), e)
}

// grow returns the edge of the tree with more entries, the full tiles and
// bundles that it completes, bundles first, and the new stored hashes, which
// begin at tlog.StoredHashIndex(0, e.size).
func (e *edge) grow(entries [][]byte) (*edge, []file, []tlog.Hash, error) {
	size := e.size + uint64(len(entries))
	if size > tile.MaxSize {
		return nil, nil, nil, fmt.Errorf("a tree of %d entries, at most %d", size, int64(tile.MaxSize))
	}
	first := tlog.StoredHashIndex(0, int64(e.size))
	stored := make([]tlog.Hash, 0, 2*len(entries)+64)
	r := tlog.HashReaderFunc(func(indexes []int64) ([]tlog.Hash, error) {
		out := make([]tlog.Hash, len(indexes))
		for i, x := range indexes {
			if x >= first {
				out[i] = stored[x-first]
				continue
			}
			old, err := e.ReadHashes(indexes[i : i+1])
			if err != nil {
				return nil, err
			}
			out[i] = old[0]
		}
		return out, nil
	})
	next := &edge{size: size, bundle: e.bundle, ends: e.ends}
	files, err := next.addEntries(e.size, entries)
	if err != nil {
		return nil, nil, nil, err
	}
	for i, entry := range entries {
		h, err := tlog.StoredHashes(int64(e.size)+int64(i), entry, r)
		if err != nil {
			return nil, nil, nil, err
		}
		stored = append(stored, h...)
	}
	tiles, err := next.addTiles(e, r)
	if err != nil {
		return nil, nil, nil, err
	}
	return next, append(files, tiles...), stored, nil
}

// addEntries appends entries to the bundle and returns the bundles they fill.
func (e *edge) addEntries(index uint64, entries [][]byte) ([]file, error) {
	var files []file
	for i, entry := range entries {
		b, err := tile.AppendEntry(e.bundle, entry)
		if err != nil {
			return nil, fmt.Errorf("index %d: %w", index+uint64(i), err)
		}
		e.bundle, e.ends = b, append(e.ends, len(b))
		if len(e.ends) == tile.Width {
			n := int64(index+uint64(i)) / tile.Width
			files = append(files, file{tlog.Tile{H: tile.Height, L: tile.EntriesLevel, N: n, W: tile.Width}, b})
			e.bundle, e.ends = nil, nil
		}
	}
	return files, nil
}

// addTiles sets the partial tiles and returns the tiles that became full.
func (e *edge) addTiles(old *edge, r tlog.HashReader) ([]file, error) {
	for level := 0; e.size>>(level*tile.Height) > 0; level++ {
		var data []byte
		if e.size>>(level*tile.Height) == old.size>>(level*tile.Height) {
			data = old.tiles[level]
		}
		e.tiles = append(e.tiles, data)
	}
	var files []file
	for _, t := range tlog.NewTiles(tile.Height, int64(old.size), int64(e.size)) {
		data, err := tlog.ReadTileData(t, newTileReader{t, old, r})
		if err != nil {
			return nil, err
		}
		if t.W == tile.Width {
			files = append(files, file{t, data})
		} else {
			e.tiles[t.L] = data
		}
	}
	return files, nil
}

// newTileReader reads the hashes of one tile that grew: its beginning at once
// from the old partial tile, the rest one by one.
type newTileReader struct {
	t   tlog.Tile
	old *edge
	r   tlog.HashReader
}

func (n newTileReader) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	var have []byte
	if was, ok := tile.At(n.t.L, n.t.N, n.old.size); ok {
		have = n.old.tiles[was.L]
	}
	out := make([]tlog.Hash, 0, len(indexes))
	for ; len(have) > 0; have = have[tlog.HashSize:] {
		out = append(out, tlog.Hash(have[:tlog.HashSize]))
	}
	rest, err := n.r.ReadHashes(indexes[len(out):])
	return append(out, rest...), err
}

// partial returns the bytes of a partial tile or bundle of this edge, cut to
// t's width, and false when t is not on the edge.
func (e *edge) partial(t tlog.Tile) ([]byte, bool) {
	at, ok := tile.At(t.L, t.N, e.size)
	if !ok || at.W == tile.Width || t.W > at.W {
		return nil, false
	}
	if t.L == tile.EntriesLevel {
		return e.bundle[:e.ends[t.W-1]], true
	}
	return e.tiles[t.L][:t.W*tlog.HashSize], true
}
