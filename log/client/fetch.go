package client

import (
	"context"
	"errors"
	"io/fs"
	"sync"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/sijil/sijil/log/tile"
)

// parallel is how many files are fetched at the same time.
const parallel = 8

// fetchTiles fetches tiles and entry bundles, not verified.
func fetchTiles(ctx context.Context, f Fetcher, tiles []tlog.Tile) ([][]byte, error) {
	out := make([][]byte, len(tiles))
	errs := make([]error, len(tiles))
	if len(tiles) == 1 {
		out[0], errs[0] = fetchTile(ctx, f, tiles[0])
		return out, errs[0]
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var wg sync.WaitGroup
	slots := make(chan struct{}, parallel)
	for i, t := range tiles {
		slots <- struct{}{}
		wg.Go(func() {
			defer func() { <-slots }()
			if errs[i] = context.Cause(ctx); errs[i] != nil {
				return
			}
			if out[i], errs[i] = fetchTile(ctx, f, t); errs[i] != nil {
				cancel(errs[i]) // the first error says why, the rest that it ended
			}
		})
	}
	wg.Wait()
	return out, context.Cause(ctx)
}

// fetchTile fetches a tile or entry bundle. A log may delete a partial one when
// the full one is there; that begins with it.
func fetchTile(ctx context.Context, f Fetcher, t tlog.Tile) ([]byte, error) {
	b, err := f.Fetch(ctx, tile.Path(t))
	if t.W == tile.Width || !errors.Is(err, fs.ErrNotExist) {
		return b, err
	}
	full := t
	full.W = tile.Width
	b, ferr := f.Fetch(ctx, tile.Path(full))
	switch {
	case errors.Is(ferr, fs.ErrNotExist):
		return nil, err // it is the partial one that was asked for
	case ferr != nil:
		return nil, ferr
	case t.L == tile.EntriesLevel:
		_, rest, err := tile.CutBundle(b, t.W)
		if err != nil {
			return nil, &EntryError{Path: tile.Path(full), Err: err}
		}
		return b[:len(b)-len(rest)], nil
	}
	return b[:min(len(b), t.W*tlog.HashSize)], nil
}
