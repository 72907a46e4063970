package tilewriter

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"maps"
	"slices"

	"golang.org/x/mod/sumdb/tlog"
)

// Round is the transaction of one round of an Exporter: all that it writes becomes
// durable, and is seen by others, together or not at all.
type Round interface {
	// Last is the stored checkpoint; the zero one when none was ever signed.
	Last(ctx context.Context) (Checkpoint, error)
	// Tiles reads tiles as the round has left them so far.
	Tiles(ctx context.Context, names []string) ([][]byte, error)
	// CountTiles is how many names begin with prefix.
	CountTiles(ctx context.Context, prefix string) (int64, error)
	// Put writes a tile, over one of that name.
	Put(ctx context.Context, name string, data []byte) error
	// Keep deletes the tiles whose names begin with prefix, but for those listed.
	Keep(ctx context.Context, prefix string, names []string) error
	// Swap is CheckpointStore.Swap.
	Swap(ctx context.Context, old, new Checkpoint) error
}

// ExporterOptions configure an Exporter. All but Logger are required.
type ExporterOptions struct {
	Source Source
	Sign   func(size uint64, root tlog.Hash) (note []byte, err error)
	// Rounds runs a function in a transaction, which is committed when the function
	// returns nil. After an error the commit may have happened.
	Rounds func(ctx context.Context, f func(Round) error) error
	Logger *slog.Logger // Optional: nothing is logged without
}

// Exporter is what a Writer is for a folder, for a table that several processes read:
// it turns a log into tiles, and then signs a checkpoint over them, in the steps of
// the package comment, all of which are one transaction of the database.
//
// Exactly one process should have one, and more do no harm. An Exporter goes on only
// from the checkpoint that it stored itself, or found when it began: another's round
// is ErrConflict, for good, and then this process does not lead any more.
//
// If we die in a round nothing of it has happened, or all of it: the next Exporter
// goes on from what it finds.
type Exporter struct {
	opt  ExporterOptions
	pub  *snapshot   // nil: to be read
	next *Checkpoint // whose commit failed, and may have happened
	mine *Checkpoint // from which the next round goes on; nil at the beginning
}

// NewExporter begins from whatever is stored.
func NewExporter(opt ExporterOptions) *Exporter {
	if opt.Logger == nil {
		opt.Logger = slog.New(slog.DiscardHandler)
	}
	return &Exporter{opt: opt}
}

var errNothing = errors.New("nothing to export")

// Advance runs one round, and returns the newest checkpoint: the same as before when
// the log has not grown. ErrConflict and ErrRollback are for good. After any other
// error the next call tries again. It is for one goroutine at a time.
func (e *Exporter) Advance(ctx context.Context) (cp Checkpoint, err error) {
	var next *snapshot
	err = e.opt.Rounds(ctx, func(r Round) error {
		last, err := r.Last(ctx)
		if err != nil {
			return err
		}
		if err := e.fence(last); err != nil {
			return err
		}
		next, err = e.round(ctx, r, last)
		return err
	})
	switch {
	case err == nil:
		e.pub, e.mine, e.next = next, &next.cp, nil
	case errors.Is(err, errNothing):
		err = nil
	default:
		// The commit may have happened: what is stored tells.
		e.pub = nil
		if next != nil {
			e.next = &next.cp
		}
	}
	if err != nil {
		return Checkpoint{}, err
	}
	return e.pub.cp, nil
}

// fence refuses a checkpoint that this Exporter has not stored.
func (e *Exporter) fence(last Checkpoint) error {
	same := func(c *Checkpoint) bool {
		return c != nil && c.Size == last.Size && c.Root == last.Root && string(c.Note) == string(last.Note)
	}
	if e.mine == nil || same(e.mine) || same(e.next) {
		return nil
	}
	return fmt.Errorf("%w: of %d entries; this process went on from one of %d, and does not lead any more", ErrConflict, last.Size, e.mine.Size)
}

// round does the steps of the package comment, numbered as there, within one
// transaction.
func (e *Exporter) round(ctx context.Context, r Round, last Checkpoint) (*snapshot, error) {
	made := false
	if e.pub == nil || string(e.pub.cp.Note) != string(last.Note) {
		pub, again, err := e.load(ctx, r, last)
		if err != nil {
			return nil, err
		}
		e.pub, made = pub, again
		e.mine = &pub.cp
	}
	// 1. Read the log's size and root.
	t, err := sourceRoot(ctx, e.opt.Source, last)
	if err != nil {
		return nil, err
	}
	if uint64(t.N) == last.Size && last.Note != nil {
		if made {
			return e.pub, nil // what was made again is committed
		}
		return nil, errNothing
	}
	// 2. to 5. Write, and prove what was written.
	next, err := e.extend(ctx, r, e.pub, t, "the log")
	if err != nil {
		return nil, err
	}
	// 6. Sign. Dying here leaves a signature that nobody has seen.
	note, err := sign(e.opt.Sign, t)
	if err != nil {
		return nil, err
	}
	// 7. and 8. Swap. The commit publishes.
	next.cp = Checkpoint{Size: uint64(t.N), Root: t.Hash, Note: note}
	if err := r.Swap(ctx, last, next.cp); err != nil {
		return nil, fmt.Errorf("tile writer: store checkpoint: %w", err)
	}
	return next, nil
}

// extend is extend on the rows of a round.
func (e *Exporter) extend(ctx context.Context, r Round, pub *snapshot, t tlog.Tree, where string) (*snapshot, error) {
	write := func(next *edge, files []file, last bool) error {
		for _, f := range files {
			if err := r.Put(ctx, fileOf(f.tile), f.data); err != nil {
				return err
			}
		}
		if !last {
			return nil
		}
		rows := edgeFiles(next)
		for name, data := range rows {
			if err := r.Put(ctx, name, data); err != nil {
				return err
			}
		}
		return r.Keep(ctx, edgeDir+"/", slices.Sorted(maps.Keys(rows)))
	}
	next, err := extend(ctx, e.opt.Source, pub, t, where, &table{ctx, r.Tiles}, write, func(string) error { return nil })
	if err != nil {
		return nil, err
	}
	next.stored = nil // an Exporter answers nobody
	return next, nil
}

// load reads the edge of the stored checkpoint's tree. Where it is damaged, or tiles
// are missing, all tiles are made again from the log, which must give the signed root.
func (e *Exporter) load(ctx context.Context, r Round, last Checkpoint) (pub *snapshot, made bool, err error) {
	if _, err := sourceRoot(ctx, e.opt.Source, last); err != nil {
		return nil, false, err
	}
	have, _, err := loadEdge(&table{ctx, r.Tiles}, last)
	if err == nil {
		var n int64
		if n, err = r.CountTiles(ctx, "tile/"); err != nil {
			return nil, false, err
		}
		if n == countFull(last.Size) {
			return &snapshot{cp: last, edge: have}, false, nil
		}
		err = &DamageError{Paths: []string{"tile/"}, Err: fmt.Errorf("there are %d, and should be %d", n, countFull(last.Size))}
	}
	if !errors.Is(err, ErrDamaged) && !errors.Is(err, fs.ErrNotExist) {
		return nil, false, err
	}
	e.opt.Logger.ErrorContext(ctx, "tile writer: tiles are missing or damaged; all are made again from the log", "error", err, "size", last.Size)
	t := tlog.Tree{N: int64(last.Size), Hash: last.Root}
	pub, err = e.extend(ctx, r, &snapshot{cp: last, edge: &edge{}}, t, "the log's own entries")
	if err != nil {
		return nil, false, err
	}
	pub.cp = last
	return pub, true, nil
}
