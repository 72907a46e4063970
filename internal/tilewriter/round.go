package tilewriter

import (
	"context"
	"errors"
	"fmt"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/sijil/sijil/log/tile"
)

// chunk is how many entries a round holds in memory at once.
const chunk = 1024

// round is one round. Another writer of the same log may win the swap; then the
// round goes on from that one's checkpoint.
func (w *Writer) round(ctx context.Context) (cp Checkpoint, err error) {
	for range 3 {
		if w.unsure {
			if err := w.resync(ctx); err != nil {
				return Checkpoint{}, err
			}
		}
		if cp, err = w.advance(ctx); !errors.Is(err, ErrConflict) {
			return cp, err
		}
	}
	return cp, err
}

// advance does the steps of the package comment, numbered as there.
func (w *Writer) advance(ctx context.Context) (Checkpoint, error) {
	pub := w.pub.Load()
	// 1. Read the log's size and root.
	t, err := sourceRoot(ctx, w.opt.Source, pub.cp)
	if err != nil {
		return Checkpoint{}, err
	}
	if uint64(t.N) == pub.cp.Size && pub.cp.Note != nil {
		return pub.cp, nil
	}
	// 2. to 5. Write, and prove what was written.
	next, err := w.extend(ctx, pub, t, "the log")
	if err != nil {
		return Checkpoint{}, err
	}
	// 6. Sign. Dying here leaves a signature that nobody has seen.
	if err := w.at("sign"); err != nil {
		return Checkpoint{}, err
	}
	note, err := sign(w.opt.Sign, t)
	if err != nil {
		return Checkpoint{}, err
	}
	// 7. Swap. Dying here leaves the answer to the store: Open reads it.
	if err := w.at("swap"); err != nil {
		return Checkpoint{}, err
	}
	next.cp = Checkpoint{Size: uint64(t.N), Root: t.Hash, Note: note}
	if err := w.opt.Checkpoints.Swap(ctx, pub.cp, next.cp); err != nil {
		w.unsure = true
		return Checkpoint{}, fmt.Errorf("tile writer: store checkpoint: %w", err)
	}
	// 8. Publish. Dying here loses nothing: the store has the checkpoint.
	if err := w.at("publish"); err != nil {
		w.unsure = true
		return Checkpoint{}, err
	}
	w.publish(next, pub.edge.size/tile.Width != next.edge.size/tile.Width)
	return next.cp, nil
}

func sign(by func(uint64, tlog.Hash) ([]byte, error), t tlog.Tree) ([]byte, error) {
	note, err := by(uint64(t.N), t.Hash)
	if err != nil {
		return nil, fmt.Errorf("tile writer: sign: %w", err)
	}
	if len(note) == 0 {
		return nil, errors.New("tile writer: sign: an empty note")
	}
	return note, nil
}

// sourceRoot reads the log's tree and refuses one that cannot continue cp.
func sourceRoot(ctx context.Context, source Source, cp Checkpoint) (tlog.Tree, error) {
	size, root, err := source.Root(ctx)
	if err != nil {
		return tlog.Tree{}, fmt.Errorf("tile writer: root of the log: %w", err)
	}
	if len(root) != tlog.HashSize || size > tile.MaxSize {
		return tlog.Tree{}, fmt.Errorf("tile writer: root of the log: size %d with a hash of %d bytes", size, len(root))
	}
	t := tlog.Tree{N: int64(size), Hash: tlog.Hash(root)}
	if cp.Note != nil && (size < cp.Size || size == cp.Size && t.Hash != cp.Root) {
		return tlog.Tree{}, &RollbackError{Last: cp, Size: size, Root: t.Hash, Where: "the log"}
	}
	return t, nil
}

// extend writes the entries and tiles between the published tree and t, and
// proves them. Nothing of it is published. It is the whole of steps 2 to 5.
func (w *Writer) extend(ctx context.Context, pub *snapshot, t tlog.Tree, where string) (*snapshot, error) {
	if uint64(t.N) > pub.edge.size {
		if err := w.Room(); err != nil {
			return nil, err
		}
	}
	return extend(ctx, w.opt.Source, pub, t, where, w.disk, func(next *edge, files []file, last bool) error {
		return w.write(pub.edge, next, files, last)
	}, w.at)
}

// extend does so on any shelf. write stores full tiles and bundles, and with last
// the edge; at is called before each step.
func extend(ctx context.Context, source Source, pub *snapshot, t tlog.Tree, where string, on shelf, write func(next *edge, files []file, last bool) error, at func(string) error) (*snapshot, error) {
	e := pub.edge
	s := &snapshot{first: tlog.StoredHashIndex(0, int64(e.size))}
	var full []tlog.Tile
	for e.size < uint64(t.N) {
		entries, err := leaves(ctx, source, e.size, uint64(t.N))
		if err != nil {
			return nil, err
		}
		next, files, stored, err := e.grow(entries)
		if err != nil {
			return nil, fmt.Errorf("tile writer: %w", err)
		}
		if err := write(next, files, next.size == uint64(t.N)); err != nil {
			return nil, fmt.Errorf("tile writer: write: %w", err)
		}
		for _, f := range files {
			full = append(full, f.tile)
		}
		if s.stored = append(s.stored, stored...); len(s.stored) > memoSize/2 {
			s.first, s.stored = tlog.StoredHashIndex(0, int64(e.size)), stored
		}
		e = next
	}
	// 4. Compute the root, and compare.
	if err := at("compare"); err != nil {
		return nil, err
	}
	root, err := e.root()
	if err != nil {
		return nil, fmt.Errorf("tile writer: %w", err)
	}
	if root != t.Hash {
		return nil, &RollbackError{Last: pub.cp, Size: uint64(t.N), Root: t.Hash, Computed: root, Where: where}
	}
	// 5. Read it back.
	if err := prove(on, t, full); err != nil {
		return nil, fmt.Errorf("tile writer: read back: %w", err)
	}
	s.edge = e
	return s, nil
}

// leaves reads some entries from start on, below end.
func leaves(ctx context.Context, source Source, start, end uint64) ([][]byte, error) {
	want := min(end-start, chunk)
	entries, err := source.Leaves(ctx, start, want)
	if err == nil && (len(entries) == 0 || uint64(len(entries)) > want) {
		err = fmt.Errorf("%d entries, want 1 to %d", len(entries), want)
	}
	if err != nil {
		return nil, fmt.Errorf("tile writer: entries of the log from %d: %w", start, err)
	}
	return entries, nil
}

// write is steps 2 and 3 for some entries: entries, tiles, and at the end of the
// round the edge.
func (w *Writer) write(pub, next *edge, files []file, last bool) error {
	b := w.disk.batch()
	defer b.abort()
	if err := w.at("entries"); err != nil {
		return err
	}
	for i, f := range files {
		if f.tile.L == 0 && i > 0 && files[i-1].tile.L != 0 {
			if err := w.at("tiles"); err != nil {
				return err
			}
		}
		if err := b.put(fileOf(f.tile), f.data); err != nil {
			return err
		}
	}
	if last {
		if err := w.at("edge"); err != nil {
			return err
		}
		if err := b.putEdge(pub, next); err != nil {
			return err
		}
	}
	if err := w.at("sync files"); err != nil {
		return err
	}
	return b.commit(last && len(next.ends) > 0, w.at)
}

// resync reads the store after a swap whose outcome is not known, and goes on
// from what it holds, if that continues what was published.
func (w *Writer) resync(ctx context.Context) error {
	pub := w.pub.Load()
	last, err := w.opt.Checkpoints.Last(ctx)
	if err != nil {
		return fmt.Errorf("tile writer: last checkpoint: %w", err)
	}
	t := tlog.Tree{N: int64(last.Size), Hash: last.Root}
	if last.Size < pub.cp.Size || last.Note == nil && pub.cp.Note != nil || last.Size > tile.MaxSize {
		return &RollbackError{Last: pub.cp, Size: last.Size, Root: last.Root, Where: "the checkpoint store"}
	}
	if last.Note != nil {
		if _, err := sourceRoot(ctx, w.opt.Source, last); err != nil {
			return err
		}
		next, err := w.extend(ctx, pub, t, "the checkpoint store")
		if err != nil {
			return err
		}
		next.cp = last
		w.publish(next, true)
	}
	w.unsure = false
	return nil
}

// publish makes a stored checkpoint's tree the newest, and removes edge files
// that have become full tiles.
func (w *Writer) publish(next *snapshot, sweep bool) {
	w.memo.add(next.first, next.stored)
	next.stored = nil
	w.pub.Store(next)
	if err := w.disk.writeLast(tlog.Tree{N: int64(next.cp.Size), Hash: next.cp.Root}); err != nil {
		w.log.Warn("tile writer: note the newest tree", "error", err)
	}
	if !sweep {
		return
	}
	if err := w.disk.sweep(next.edge); err != nil {
		w.log.Warn("tile writer: remove old edge files", "error", err)
	}
}
