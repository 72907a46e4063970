package tilewriter

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"

	"golang.org/x/mod/sumdb/tlog"
)

// Source is the log: an append-only list of entries with an RFC 6962 root.
type Source interface {
	// Root returns the size and the root (32 bytes) of the log, committed. It
	// must never go back, and is not believed when it does.
	Root(ctx context.Context) (size uint64, hash []byte, err error)
	// Leaves returns entries from start on: at least one and at most count,
	// fewer if it likes. Only entries below a size that Root returned are asked
	// for. Both methods are called by one goroutine at a time.
	Leaves(ctx context.Context, start, count uint64) ([][]byte, error)
}

// Checkpoint is a tree that was signed. Note is nil in the zero Checkpoint
// alone, which says that none was ever signed.
type Checkpoint struct {
	Size uint64
	Root tlog.Hash
	Note []byte // the signed note, as Options.Sign made it
}

// CheckpointStore keeps the last signed checkpoint. It is what makes a fork
// impossible, so it must survive whatever the log survives.
type CheckpointStore interface {
	// Last returns the stored checkpoint, the zero one when none was ever
	// signed.
	Last(ctx context.Context) (Checkpoint, error)
	// Swap replaces old by new, durably when it returns nil. It returns
	// ErrConflict, and changes nothing, when the stored one is not old (all
	// three fields). After any other error either may be stored.
	Swap(ctx context.Context, old, new Checkpoint) error
}

// Options configure a Writer.
type Options struct {
	// Dir is the folder of the tiles, made if it is not there. One Writer at a
	// time uses it.
	Dir string
	// Source is the log.
	Source Source
	// Sign makes the signed note of a tree. It is called only for trees whose
	// tiles are durable and were verified.
	Sign func(size uint64, root tlog.Hash) (note []byte, err error)
	// Checkpoints keeps the last signed checkpoint.
	Checkpoints CheckpointStore
	// Logger gets repairs and stops. Optional: nothing is logged without.
	Logger *slog.Logger
	// MinFree is how many bytes must stay free on Dir's disk: with less, a
	// round that would write returns ErrDiskFull. Optional: 0 is no limit.
	MinFree uint64
	// ProveAll has Open prove every entry bundle, not the newest alone. Optional.
	ProveAll bool
	// Free returns the free bytes of the disk that holds dir. Optional: asks
	// the operating system.
	Free func(dir string) (uint64, error)
}

// Writer writes the tiles of one log. Safe for concurrent use.
type Writer struct {
	opt  Options
	log  *slog.Logger
	disk *disk
	shown

	// The round that runs; used by it alone.
	unsure bool // the store may hold another checkpoint than pub
	// step is called before each step; an error ends the round there. Tests
	// set it to stand for a crash; nil otherwise.
	step func(name string) error

	mu        sync.Mutex // guards the rest
	cur, next *round     // the round that runs, and the one after it
	stopped   error      // for good: *RollbackError or errClosed
	cancel    context.CancelFunc
	life      context.Context // rounds run in it, not in a caller's context
}

// snapshot is one tree that is published, or about to be.
type snapshot struct {
	cp   Checkpoint
	edge *edge
	// The newest stored hashes, from the index first on, for the memo; let go
	// when they are published.
	first  int64
	stored []tlog.Hash
}

var errClosed = errors.New("tile writer: closed")

// Open opens a folder of tiles, or begins one, and brings it to the last
// checkpoint. It authenticates every tile of that checkpoint's tree, and the
// newest entry bundles, against its root (half a second for a million entries). Missing
// files are made again from the Source, and so are wrong ones, which are kept in the
// folder's "damaged". What cannot be made again is a *DamageError.
//
// It does not start where the log holds less than, or other than, what was
// signed: ErrRollback.
func Open(ctx context.Context, opt Options) (*Writer, error) {
	switch {
	case opt.Dir == "" || opt.Source == nil || opt.Sign == nil || opt.Checkpoints == nil:
		return nil, errors.New("tile writer: Dir, Source, Sign and Checkpoints are needed")
	case opt.Logger == nil:
		opt.Logger = slog.New(slog.DiscardHandler)
	}
	if opt.Free == nil {
		opt.Free = freeBytes
	}
	return open(ctx, opt, nil)
}

func open(ctx context.Context, opt Options, step func(string) error) (*Writer, error) {
	d, err := openDisk(opt.Dir)
	if err != nil {
		return nil, fmt.Errorf("tile writer: %w", err)
	}
	w := &Writer{opt: opt, log: opt.Logger, disk: d, shown: shown{shelf: d, memo: newMemo(memoSize)}, step: step}
	w.life, w.cancel = context.WithCancel(context.WithoutCancel(ctx))
	if err := w.load(ctx); err != nil {
		w.cancel()
		return nil, errors.Join(err, d.close())
	}
	return w, nil
}

// Close ends the round that runs, lets later calls fail, and frees the folder.
func (w *Writer) Close() error {
	w.mu.Lock()
	if w.stopped == nil {
		w.stopped = errClosed
	}
	cur := w.cur
	w.mu.Unlock()
	w.cancel()
	for cur != nil {
		<-cur.done
		w.mu.Lock()
		cur = w.cur
		w.mu.Unlock()
	}
	return w.disk.close()
}

// Room returns ErrDiskFull when a round would not be allowed to write, so that
// a service refuses an entry before it takes it in.
func (w *Writer) Room() error {
	if w.opt.MinFree == 0 {
		return nil
	}
	free, err := w.opt.Free(w.opt.Dir)
	if err != nil {
		return fmt.Errorf("tile writer: free space: %w", err)
	}
	if free < w.opt.MinFree {
		return &FullError{Dir: w.opt.Dir, Free: free, MinFree: w.opt.MinFree}
	}
	return nil
}

func (w *Writer) at(step string) error {
	if w.step == nil {
		return nil
	}
	return w.step(step)
}
