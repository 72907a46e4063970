package tilewriter

import (
	"errors"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/sijil/sijil/log/tile"
)

// prove reads the right edge and the given tiles and bundles back from where they are and
// authenticates them against the tree, as a client would.
func prove(from shelf, t tlog.Tree, full []tlog.Tile) error {
	v, err := tile.NewVerifier(t, readAll(from))
	if err != nil || t.N == 0 {
		return err
	}
	if _, err := v.ReadHashes([]int64{tlog.StoredHashIndex(0, t.N-1)}); err != nil {
		return damage(err)
	}
	for _, f := range full {
		if f.L == tile.EntriesLevel {
			if err := proveBundle(from, v, f); err != nil {
				return err
			}
		} else if f.L > 0 { // those of level 0 are read with their bundles
			if _, err := v.Tiles([]tlog.Tile{f}); err != nil {
				return damage(err)
			}
		}
	}
	return nil
}

// proveBundle checks a full bundle, and the tile over it, as they are stored.
func proveBundle(from shelf, v *tile.Verifier, t tlog.Tile) error {
	data, err := v.Tiles([]tlog.Tile{{H: t.H, L: 0, N: t.N, W: t.W}})
	if err != nil {
		return damage(err)
	}
	b, err := from.read(t)
	if err != nil {
		return err
	}
	entries, err := tile.ParseBundle(b, t.W)
	if err == nil {
		err = tile.CheckEntries(data[0], entries)
	}
	if err != nil {
		return &DamageError{Paths: []string{fileOf(t)}, Err: err}
	}
	return nil
}

// damage names the files of the tiles that do not belong to their tree.
func damage(err error) error {
	var wrong *tile.WrongError
	if !errors.As(err, &wrong) {
		return err
	}
	d := &DamageError{Err: err}
	for _, p := range wrong.Paths {
		t, err := tile.ParsePath(p)
		if err != nil {
			return err
		}
		d.Paths = append(d.Paths, fileOf(t))
	}
	return d
}
