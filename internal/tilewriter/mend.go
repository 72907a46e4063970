package tilewriter

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/sijil/sijil/log/tile"
)

// restorer makes missing files of one tree again and finds wrong ones.
type restorer struct {
	w    *Writer
	cp   Checkpoint
	made map[string]bool // files made again; true: from the log's entries alone
	root tlog.Hash       // the root that the log's own entries give, if computed

	aside    map[string]int // how often a file was set aside
	compared bool           // all of level 0 was held against the log
}

// maxAside is how often one file is set aside: as it was found, and once more when
// it was made again from files that turned out to be wrong.
const maxAside = 2

// setAside moves wrong files into DamagedDir, as evidence of what the disk did, so
// that they are made again. One that was made again and is still wrong was made
// from wrong tiles below it: they go too. Dying in here leaves missing files, which
// the next Open makes. An error says why this damage is not for mending.
func (r *restorer) setAside(d *DamageError) error {
	for _, path := range d.Paths {
		t, err := r.tileOf(path)
		if err != nil {
			return err
		}
		if r.aside[path]++; r.aside[path] > maxAside {
			return errors.New("it was made again, and is wrong again")
		}
		move := []string{path}
		if r.aside[path] == maxAside && t.L > 0 {
			for i := range t.W {
				move = append(move, fileOf(tlog.Tile{H: tile.Height, L: t.L - 1, N: t.N<<tile.Height + int64(i), W: tile.Width}))
			}
		}
		for _, path := range move {
			if err := r.w.disk.setAside(path); err != nil {
				return err
			}
		}
		r.w.log.Error("tile writer: a file was not what was written; set aside, and made again from the log: check the disk", "file", path, "kept", DamagedDir, "error", d.Err)
	}
	return nil
}

// errAgain: files were set aside. The caller tries again.
var errAgain = errors.New("files were set aside")

// spoilt holds every full tile of level 0 against the log's entries, once, and
// returns the files of those that are wrong, and of all tiles above them.
func (r *restorer) spoilt(ctx context.Context) ([]string, error) {
	if r.compared {
		return nil, nil
	}
	r.compared = true
	var wrong []string
	for n := range int64(r.cp.Size / tile.Width) {
		t := tlog.Tile{H: tile.Height, L: 0, N: n, W: tile.Width}
		entries, err := r.entries(ctx, t)
		if err != nil {
			return nil, err
		}
		if data, err := r.w.disk.read(t); err == nil && bytes.Equal(data, hashes(entries)) {
			continue
		}
		for ok := true; ok; {
			if path := fileOf(t); !slices.Contains(wrong, path) {
				wrong = append(wrong, path)
			}
			t, ok = tile.At(t.L+1, t.N>>tile.Height, r.cp.Size)
		}
	}
	return wrong, nil
}

func (r *restorer) setAsideAll(paths []string) error {
	for _, path := range paths {
		if err := r.w.disk.setAside(path); err != nil {
			return err
		}
	}
	r.w.log.Error("tile writer: files were not what was written; set aside, and made again from the log: check the disk", "files", paths, "kept", DamagedDir)
	return errAgain
}

// tileOf is the tile that a file holds in the tree; an error if it holds none.
func (r *restorer) tileOf(path string) (tlog.Tile, error) {
	if t, err := tile.ParsePath(path); err == nil && t.W == tile.Width {
		return t, nil
	}
	for level := tile.EntriesLevel; level < 0 || r.cp.Size>>(level*tile.Height) > 0; level++ {
		at := max(level, 0)
		if t, ok := tile.At(level, int64(r.cp.Size>>((at+1)*tile.Height)), r.cp.Size); ok && fileOf(t) == path {
			return t, nil
		}
	}
	return tlog.Tile{}, fmt.Errorf("%s cannot be made again from the log", path)
}

// tiles returns all full tiles of the tree, by level.
func (r *restorer) tiles() [][]tlog.Tile {
	var levels [][]tlog.Tile
	for level := 0; r.cp.Size>>(level*tile.Height) > 0; level++ {
		var all []tlog.Tile
		for n := range int64(r.cp.Size >> ((level + 1) * tile.Height)) {
			all = append(all, tlog.Tile{H: tile.Height, L: level, N: n, W: tile.Width})
		}
		levels = append(levels, all)
	}
	return levels
}

// mendBatch is how many files are made again between two waits for the disk.
const mendBatch = 64

// mend makes missing files again, bundles first, then tiles from the bottom up.
// Dying here leaves some of them made; the next Open makes the rest.
func (r *restorer) mend(ctx context.Context) error {
	for level := tile.EntriesLevel; level < 0 || r.cp.Size>>(level*tile.Height) > 0; level++ {
		if err := r.mendLevel(ctx, level); err != nil {
			return err
		}
	}
	if len(r.made) > 0 {
		r.w.log.Warn("tile writer: missing files made again from the log", "files", len(r.made), "size", r.cp.Size)
	}
	return r.w.at("mended")
}

func (r *restorer) mendLevel(ctx context.Context, level int) error {
	b := r.w.disk.batch()
	defer func() { b.abort() }()
	for n := int64(0); ; n++ {
		t, more := tile.At(level, n, r.cp.Size)
		if len(b.files) >= mendBatch || !more {
			if err := b.commit(false, r.w.at); err != nil {
				return fmt.Errorf("tile writer: make tiles again: %w", err)
			}
			b = r.w.disk.batch()
		}
		if !more {
			return nil
		}
		if level == 0 && t.W < tile.Width {
			continue // no file of its own
		}
		there, err := r.w.disk.has(t)
		if err == nil && !there {
			err = r.remake(ctx, b, t)
		}
		if err != nil {
			return fmt.Errorf("tile writer: make %s again: %w", fileOf(t), err)
		}
	}
}

func (r *restorer) remake(ctx context.Context, b *batch, t tlog.Tile) error {
	if err := r.w.Room(); err != nil {
		return err
	}
	var data []byte
	var err error
	if t.L > 0 {
		data, err = r.above(t)
	} else {
		var entries [][]byte
		if entries, err = r.entries(ctx, t); err != nil {
			return err
		}
		if t.L == 0 {
			data = hashes(entries)
		} else {
			data, err = tile.EncodeBundle(entries)
		}
	}
	if err != nil {
		return err
	}
	r.made[fileOf(t)] = t.L <= 0
	return b.put(fileOf(t), data)
}

// entries reads a bundle's entries from the log.
func (r *restorer) entries(ctx context.Context, t tlog.Tile) ([][]byte, error) {
	start := uint64(t.N) * tile.Width
	var entries [][]byte
	for len(entries) < t.W {
		some, err := leaves(ctx, r.w.opt.Source, start+uint64(len(entries)), start+uint64(t.W))
		if err != nil {
			return nil, err
		}
		entries = append(entries, some...)
	}
	return entries, nil
}

// above computes a tile of level 1 or more from the full tiles below it.
func (r *restorer) above(t tlog.Tile) ([]byte, error) {
	var data []byte
	for i := range t.W {
		h, err := r.hashOf(tlog.Tile{H: tile.Height, L: t.L - 1, N: t.N<<tile.Height + int64(i), W: tile.Width})
		if err != nil {
			return nil, err
		}
		data = append(data, h[:]...)
	}
	return data, nil
}

// hashOf is the hash that a full tile has in the tile above it.
func (r *restorer) hashOf(t tlog.Tile) (tlog.Hash, error) {
	data, err := r.w.disk.read(t)
	if err != nil {
		return tlog.Hash{}, err
	}
	// A tile's own top is stored in its parent alone: join its two halves.
	half := t.L*tile.Height + tile.Height - 1
	left, err := tlog.HashFromTile(t, data, tlog.StoredHashIndex(half, 2*t.N))
	if err != nil {
		return tlog.Hash{}, err
	}
	right, err := tlog.HashFromTile(t, data, tlog.StoredHashIndex(half, 2*t.N+1))
	return tlog.NodeHash(left, right), err
}

// edgeError finds out which file makes the right edge miss the signed root. The
// root cannot tell; but each tile can be held against those below it, and the
// entries against the log's.
func (r *restorer) edgeError(ctx context.Context, err error) error {
	var wrong *tile.WrongError
	if !errors.As(err, &wrong) {
		return fmt.Errorf("tile writer: %w", err)
	}
	e := &edge{size: r.cp.Size}
	for level := 0; r.cp.Size>>(level*tile.Height) > 0; level++ {
		e.tiles = append(e.tiles, nil)
		t, ok := tile.At(level, int64(r.cp.Size>>((level+1)*tile.Height)), r.cp.Size)
		if !ok {
			continue
		}
		paths, data, cerr := r.compare(ctx, t)
		if cerr != nil {
			return fmt.Errorf("tile writer: %w (looking into: %w)", damage(err), cerr)
		}
		if len(paths) > 0 {
			return fmt.Errorf("tile writer: %w", &DamageError{Paths: paths, Err: err})
		}
		e.tiles[level] = data
	}
	// Every edge file agrees with what is below it. Full tiles may be wrong and have
	// spoilt what was made from them: the log's entries decide.
	if wrong, err := r.spoilt(ctx); err != nil || len(wrong) > 0 {
		return errors.Join(err, r.setAsideAll(wrong))
	}
	// Every file agrees with the log: it is the log that was not signed.
	if r.root, err = e.root(); err != nil {
		return err
	}
	return r.rollback(wrong)
}

// compare holds a partial tile against what it was made from, and returns the
// files that may be wrong, and its bytes if none is.
func (r *restorer) compare(ctx context.Context, t tlog.Tile) (paths []string, data []byte, err error) {
	if data, err = r.w.disk.read(t); err != nil {
		return nil, nil, err
	}
	if t.L == 0 {
		entries, err := r.entries(ctx, t)
		if err == nil && !bytes.Equal(data, hashes(entries)) {
			paths = []string{fileOf(t)}
		}
		return paths, data, err
	}
	want, err := r.above(t)
	if err != nil || bytes.Equal(want, data) {
		return nil, data, err
	}
	for i := 0; i < len(data); i += tlog.HashSize {
		if bytes.Equal(want[i:i+tlog.HashSize], data[i:i+tlog.HashSize]) {
			continue
		}
		below := tlog.Tile{H: tile.Height, L: t.L - 1, N: t.N<<tile.Height + int64(i/tlog.HashSize), W: tile.Width}
		if below.L > 0 {
			paths = append(paths, fileOf(t), fileOf(below))
			continue
		}
		leaves, err := r.entries(ctx, below)
		if err != nil {
			return nil, nil, err
		}
		tileData, err := r.w.disk.read(below)
		if err != nil {
			return nil, nil, err
		}
		if bytes.Equal(hashes(leaves), tileData) {
			paths = append(paths, fileOf(t))
		} else {
			paths = append(paths, fileOf(below))
		}
	}
	return paths, data, nil
}
