package tilewriter

import (
	"context"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/sijil/sijil/log/tile"
)

// Tiles reads tiles by the names that their files would have, in that order; nil for
// one that is not there.
type Tiles func(ctx context.Context, names []string) ([][]byte, error)

// readTimeout bounds how long a reader waits for a table.
const readTimeout = 10 * time.Second

// table is a shelf in a database: a row for each file of a folder, under its name.
type table struct {
	ctx  context.Context // of the transaction that is read in; nil: of none
	rows Tiles
}

func (t *table) read(want tlog.Tile) ([]byte, error) {
	got, err := t.readAll([]tlog.Tile{want})
	if err != nil {
		return nil, err
	}
	return got[0], nil
}

// readAll reads many tiles at once (tile.ReadFunc). One that is not there is
// fs.ErrNotExist.
func (t *table) readAll(tiles []tlog.Tile) ([][]byte, error) {
	ctx := t.ctx
	if ctx == nil {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(context.Background(), readTimeout)
		defer cancel()
	}
	names := make([]string, len(tiles))
	for i, want := range tiles {
		names[i] = fileOf(want)
	}
	out, err := t.rows(ctx, names)
	if err != nil {
		return nil, err
	}
	for i, want := range tiles {
		if out[i] == nil {
			return nil, &fs.PathError{Op: "read", Path: names[i], Err: fs.ErrNotExist}
		}
		if out[i], err = decode(want, out[i]); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// edgeFiles are the rows of an edge: its partial tiles, and its partial bundle.
func edgeFiles(e *edge) map[string][]byte {
	out := map[string][]byte{}
	for level := 1; level < len(e.tiles); level++ {
		if t, ok := tile.At(level, int64(e.size>>((level+1)*tile.Height)), e.size); ok && len(e.tiles[level]) > 0 {
			out[fileOf(t)] = e.tiles[level]
		}
	}
	if len(e.ends) > 0 {
		out[fileOf(tlog.Tile{H: tile.Height, L: tile.EntriesLevel, N: int64(e.size / tile.Width), W: len(e.ends)})] = e.bundle
	}
	return out
}

// countFull is how many full tiles and bundles a tree has.
func countFull(size uint64) (n int64) {
	n = int64(size / tile.Width) // the bundles
	for level := 0; size>>((level+1)*tile.Height) > 0; level++ {
		n += int64(size >> ((level + 1) * tile.Height))
	}
	return n
}

// loadEdge reads and verifies the right edge of a checkpoint's tree, and returns it
// with what verifies more of that tree, nil for an empty one.
func loadEdge(on shelf, cp Checkpoint) (*edge, *tile.Verifier, error) {
	if cp.Size > tile.MaxSize {
		return nil, nil, fmt.Errorf("tile writer: a checkpoint of %d entries", cp.Size)
	}
	if cp.Size == 0 {
		return &edge{}, nil, nil
	}
	t := tlog.Tree{N: int64(cp.Size), Hash: cp.Root}
	v, err := tile.NewVerifier(t, readAll(on))
	if err != nil {
		return nil, nil, fmt.Errorf("tile writer: last checkpoint: %w", err)
	}
	e, err := readEdge(on, v, cp.Size)
	if err != nil {
		return nil, nil, fmt.Errorf("tile writer: %w", err)
	}
	root, err := e.root()
	if err == nil && root != cp.Root {
		err = &DamageError{Paths: slices.Sorted(maps.Keys(edgeFiles(e))), Err: fmt.Errorf("they give the root %v, signed was %v", root, cp.Root)}
	}
	return e, v, err
}
