package client

import (
	"context"
	"fmt"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/sijil/sijil/log/tile"
)

// EntryError is an entry bundle that does not hold the tree's entries.
type EntryError struct {
	Path string // of the bundle
	Err  error  // which entry, or which rule
}

func (e *EntryError) Error() string { return fmt.Sprintf("%s: %v", e.Path, e.Err) }
func (e *EntryError) Unwrap() error { return e.Err }

// group is how many entry bundles are fetched and verified together.
const group = 16

// part is one group, verified.
type part struct {
	first   uint64 // index of entries[0]
	entries [][]byte
	files   []file // the bundles and the tiles over them
	err     error
}

type file struct {
	tile tlog.Tile
	data []byte
}

// Entries yields the entries start to end-1 of the tree, in order. Each is
// yielded only after its bundle was verified entry by entry against tiles that
// the tree's root proves. The next bundles are fetched meanwhile. An error from
// yield ends it and is returned as it is. The entry must not be kept: copy it.
func Entries(ctx context.Context, f Fetcher, t Tree, start, end uint64, yield func(index uint64, entry []byte) error) error {
	if start > end || end > t.Size {
		return fmt.Errorf("entries %d to %d are not in a tree of size %d", start, end, t.Size)
	}
	v, err := verifier(ctx, f, t)
	if err != nil || start == end {
		return err
	}
	return groups(ctx, f, v, t, start, end, func(p part) error {
		for i, entry := range p.entries {
			index := p.first + uint64(i)
			if index < start || index >= end {
				continue
			}
			if err := yield(index, entry); err != nil {
				return err
			}
		}
		return nil
	})
}

// groups yields the verified groups that hold the entries start to end-1.
func groups(ctx context.Context, f Fetcher, v *tile.Verifier, t Tree, start, end uint64, yield func(part) error) error {
	ctx, cancel := context.WithCancel(ctx)
	parts := make(chan part, 1)
	go func() {
		defer close(parts)
		for n := start / tile.Width; n*tile.Width < end; n += group {
			p := readGroup(ctx, f, v, t, n, min(n+group, (end-1)/tile.Width+1))
			select {
			case parts <- p:
			case <-ctx.Done():
				return
			}
			if p.err != nil {
				return
			}
		}
	}()
	// The reader has ended when this returns: f is not used any more.
	defer func() {
		cancel()
		for range parts {
		}
	}()
	for p := range parts {
		if p.err != nil {
			return p.err
		}
		if err := yield(p); err != nil {
			return err
		}
	}
	return ctx.Err()
}

// readGroup reads and verifies the entry bundles from to to-1.
func readGroup(ctx context.Context, f Fetcher, v *tile.Verifier, t Tree, from, to uint64) part {
	var leaves, bundles []tlog.Tile
	for n := from; n < to; n++ {
		leaf, _ := tile.At(0, int64(n), t.Size)
		bundle, _ := tile.At(tile.EntriesLevel, int64(n), t.Size)
		leaves, bundles = append(leaves, leaf), append(bundles, bundle)
	}
	data, err := v.Tiles(leaves)
	if err != nil {
		return part{err: fmt.Errorf("tiles of the entries from %d: %w", from*tile.Width, err)}
	}
	raw, err := fetchTiles(ctx, f, bundles)
	if err != nil {
		return part{err: fmt.Errorf("entries from %d: %w", from*tile.Width, err)}
	}
	p := part{first: from * tile.Width}
	for i, b := range raw {
		entries, err := tile.ParseBundle(b, bundles[i].W)
		if err == nil {
			err = tile.CheckEntries(data[i], entries)
		}
		if err != nil {
			return part{err: &EntryError{Path: tile.Path(bundles[i]), Err: err}}
		}
		p.entries = append(p.entries, entries...)
		p.files = append(p.files, file{bundles[i], b}, file{leaves[i], data[i]})
	}
	return p
}
