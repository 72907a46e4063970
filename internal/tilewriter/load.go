package tilewriter

import (
	"context"
	"errors"
	"fmt"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/sijil/sijil/log/tile"
)

// tail is how many of the newest full entry bundles Open reads. Older ones it
// only looks for; who audits the log reads them all.
const tail = 64

// load brings a new Writer to the last checkpoint.
func (w *Writer) load(ctx context.Context) error {
	cp, err := w.opt.Checkpoints.Last(ctx)
	if err != nil {
		return fmt.Errorf("tile writer: last checkpoint: %w", err)
	}
	seen, any, err := w.disk.readLast()
	if err != nil {
		return fmt.Errorf("tile writer: %w", err)
	}
	// The store is believed, unless it knows less than this folder: then it
	// was restored, and signing from it would be a second history.
	if n := uint64(seen.N); any && (cp.Note == nil || cp.Size < n || cp.Size == n && cp.Root != seen.Hash) {
		return &RollbackError{Last: Checkpoint{Size: n, Root: seen.Hash}, Size: cp.Size, Root: cp.Root, Where: "the checkpoint store"}
	}
	if _, err := sourceRoot(ctx, w.opt.Source, cp); err != nil {
		return err
	}
	s := &snapshot{cp: cp, edge: &edge{}}
	if cp.Size > 0 {
		if s.edge, err = w.restore(ctx, cp); err != nil {
			return err
		}
	}
	if any && seen.N > 0 {
		old, err := tlog.TreeHash(seen.N, w.reader(s))
		if err != nil {
			return err
		}
		if old != seen.Hash {
			return &RollbackError{Last: Checkpoint{Size: uint64(seen.N), Root: seen.Hash}, Size: cp.Size, Root: cp.Root, Computed: old, Where: "the checkpoint store"}
		}
	}
	if cp.Note == nil {
		w.pub.Store(s)
		return nil
	}
	w.publish(s, true)
	return nil
}

// restore proves all tiles of the last checkpoint's tree, makes missing and wrong
// ones again, and returns the tree's right edge.
func (w *Writer) restore(ctx context.Context, cp Checkpoint) (*edge, error) {
	r := &restorer{w: w, cp: cp, made: make(map[string]bool), aside: make(map[string]int)}
	for {
		e, err := r.try(ctx)
		if errors.Is(err, errAgain) {
			continue
		}
		var d *DamageError
		if !errors.As(err, &d) {
			return e, err
		}
		if again := r.setAside(d); again != nil {
			return nil, errors.Join(err, again)
		}
	}
}

// try makes missing files again and proves them all.
func (r *restorer) try(ctx context.Context) (*edge, error) {
	w, cp := r.w, r.cp
	if err := r.mend(ctx); err != nil {
		return nil, err
	}
	t := tlog.Tree{N: int64(cp.Size), Hash: cp.Root}
	v, err := tile.NewVerifier(t, readAll(w.disk))
	if err != nil {
		return nil, fmt.Errorf("tile writer: last checkpoint: %w", err)
	}
	// From the root down, so that each wrong tile is found under a good one.
	if _, err := v.ReadHashes([]int64{tlog.StoredHashIndex(0, t.N-1)}); err != nil {
		return nil, r.edgeError(ctx, err)
	}
	levels := r.tiles()
	for level := len(levels) - 1; level >= 0; level-- {
		for all := levels[level]; len(all) > 0; {
			some := all[:min(len(all), tile.Width)]
			if _, err := v.Tiles(some); err != nil {
				return nil, r.tileError(err)
			}
			all = all[len(some):]
		}
	}
	full := t.N / tile.Width
	for n := range full {
		b := tlog.Tile{H: tile.Height, L: tile.EntriesLevel, N: n, W: tile.Width}
		if n >= full-tail || r.made[fileOf(b)] || w.opt.ProveAll {
			if err := proveBundle(w.disk, v, b); err != nil {
				return nil, r.tileError(err)
			}
		}
	}
	return readEdge(w.disk, v, cp.Size)
}

// readEdge reads the right edge through a Verifier.
func readEdge(d shelf, v *tile.Verifier, size uint64) (*edge, error) {
	e := &edge{size: size}
	for level := 0; size>>(level*tile.Height) > 0; level++ {
		e.tiles = append(e.tiles, nil)
		t, ok := tile.At(level, int64(size>>((level+1)*tile.Height)), size)
		if !ok {
			continue
		}
		data, err := v.Tiles([]tlog.Tile{t})
		if err != nil {
			return nil, damage(err)
		}
		e.tiles[level] = data[0]
		if level > 0 {
			continue
		}
		t.L = tile.EntriesLevel
		if e.bundle, err = d.read(t); err != nil {
			return nil, err
		}
		entries, err := tile.ParseBundle(e.bundle, t.W)
		if err == nil {
			err = tile.CheckEntries(data[0], entries)
		}
		if err != nil {
			return nil, &DamageError{Paths: []string{fileOf(t)}, Err: err}
		}
		end := 0
		for _, entry := range entries {
			end += 2 + len(entry)
			e.ends = append(e.ends, end)
		}
	}
	return e, nil
}

// tileError turns what restore found into damage, or, where the file was just
// made from the log's own entries, into a log that is not the signed one.
func (r *restorer) tileError(err error) error {
	var d *DamageError
	if err = damage(err); errors.As(err, &d) && len(d.Paths) == 1 && r.made[d.Paths[0]] {
		return r.rollback(err)
	}
	return fmt.Errorf("tile writer: %w", err)
}

func (r *restorer) rollback(err error) error {
	r.w.log.Error("tile writer: made again from the log, and wrong", "error", err)
	return &RollbackError{Last: r.cp, Size: r.cp.Size, Root: r.root, Computed: r.root, Where: "the log's own entries"}
}
