package tilewriter

import (
	"context"
	"fmt"
	"sync"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/sijil/sijil/log/tile"
)

// Follower reads the tiles that some process's Exporter writes. Safe for concurrent
// use; Move is for one goroutine at a time.
type Follower struct {
	shown

	mu      sync.Mutex    // guards the rest
	moved   chan struct{} // closed at the next move
	stopped error         // for good
}

// NewFollower shows nothing yet.
func NewFollower(tiles Tiles) *Follower {
	f := &Follower{shown: shown{shelf: &table{rows: tiles}, memo: newMemo(memoSize)}, moved: make(chan struct{})}
	f.pub.Store(&snapshot{edge: &edge{}})
	return f
}

// Move shows a newer checkpoint, whose tiles it reads as they are stored beside it,
// once they are proved to give its root and to continue the tree that was shown
// before. It returns the leaf hashes of what is new, but for the first move, and the
// index of the first. A checkpoint that goes back, or is of another tree, is
// ErrRollback, for good.
func (f *Follower) Move(ctx context.Context, cp Checkpoint, tiles Tiles) (first uint64, hashes []tlog.Hash, err error) {
	if err := f.failed(); err != nil {
		return 0, nil, err
	}
	was := f.Latest()
	if string(cp.Note) == string(was.Note) {
		return was.Size, nil, nil
	}
	if cp.Note == nil || cp.Size < was.Size || cp.Size == was.Size && was.Note != nil && cp.Root != was.Root {
		return 0, nil, f.stop(&RollbackError{Last: was, Size: cp.Size, Root: cp.Root, Where: "the checkpoint store"})
	}
	e, v, err := loadEdge(&table{ctx, tiles}, cp)
	if err != nil {
		return 0, nil, err
	}
	if was.Size > 0 {
		// Not from what is remembered: that is of the tree that was shown.
		old, err := tlog.TreeHash(int64(was.Size), tlog.HashReaderFunc(v.ReadHashes))
		if err != nil {
			return 0, nil, fmt.Errorf("tile writer: %w", damage(err))
		}
		if old != was.Root {
			return 0, nil, f.stop(&RollbackError{Last: was, Size: cp.Size, Root: cp.Root, Computed: old, Where: "the checkpoint store"})
		}
	}
	if was.Note != nil {
		if hashes, err = leafHashes(v, was.Size, cp.Size); err != nil {
			return 0, nil, fmt.Errorf("tile writer: %w", damage(err))
		}
	}
	f.pub.Store(&snapshot{cp: cp, edge: e})
	f.mu.Lock()
	close(f.moved)
	f.moved = make(chan struct{})
	f.mu.Unlock()
	return was.Size, hashes, nil
}

// leafHashes reads those of the entries [from, to).
func leafHashes(v *tile.Verifier, from, to uint64) ([]tlog.Hash, error) {
	out := make([]tlog.Hash, 0, to-from)
	for next := from; next < to; {
		var some []tlog.Tile
		for n := int64(next / tile.Width); len(some) < tile.Width; n++ {
			t, ok := tile.At(0, n, to)
			if !ok {
				break
			}
			some = append(some, t)
		}
		data, err := v.Tiles(some)
		if err != nil {
			return nil, err
		}
		for i, t := range some {
			for at := next - uint64(t.N)*tile.Width; at < uint64(t.W); at++ {
				out = append(out, tlog.Hash(data[i][at*tlog.HashSize:(at+1)*tlog.HashSize]))
				next++
			}
		}
	}
	return out, nil
}

// Cover returns once a checkpoint that covers the index is shown.
func (f *Follower) Cover(ctx context.Context, index uint64) (Checkpoint, error) {
	for {
		f.mu.Lock()
		moved, stopped := f.moved, f.stopped
		f.mu.Unlock()
		if stopped != nil {
			return Checkpoint{}, stopped
		}
		if cp := f.Latest(); cp.Size > index {
			return cp, nil
		}
		select {
		case <-moved:
		case <-ctx.Done():
			return Checkpoint{}, fmt.Errorf("no checkpoint covers index %d yet: %w", index, ctx.Err())
		}
	}
}

// Room is Writer.Room: why nothing more will be shown, nil while all is well. How full
// the database's disk is, nobody knows here.
func (f *Follower) Room() error { return f.failed() }

// Close ends every Cover that waits.
func (f *Follower) Close() error {
	_ = f.stop(errClosed)
	return nil
}

// failed is why nothing more is shown, nil while all is well.
func (f *Follower) failed() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.stopped
}

func (f *Follower) stop(err error) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.stopped == nil {
		f.stopped = err
		close(f.moved)
		f.moved = make(chan struct{})
	}
	return err
}
