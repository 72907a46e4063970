package main

import (
	"context"
	"errors"
	"fmt"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/sijil/sijil/internal/publish"
	"github.com/sijil/sijil/internal/store"
	"github.com/sijil/sijil/internal/tilewriter"
)

// proofs gives the use cases the tiles as their Tree.
type proofs struct {
	w     tree
	moved func() // called when there is a newer checkpoint
}

func (t proofs) Cover(ctx context.Context, index uint64) (publish.Checkpoint, error) {
	c, err := t.w.Cover(ctx, index)
	if err == nil && t.moved != nil {
		t.moved()
	}
	return toPublish(c), full(err)
}

func (t proofs) Latest() publish.Checkpoint { return toPublish(t.w.Latest()) }

func (t proofs) Prove(index, size int64) (tlog.RecordProof, error) {
	return t.w.Prove(uint64(index), uint64(size))
}

func (t proofs) Leaves(indexes []int64) ([]tlog.Hash, error) { return t.w.Leaves(indexes) }

func (t proofs) Room() error { return full(t.w.Room()) }

// full says in the use cases' word that the disk is full.
func full(err error) error {
	if errors.Is(err, tilewriter.ErrDiskFull) {
		return fmt.Errorf("%w: %w", publish.ErrFull, err)
	}
	return err
}

// checkpoints gives the tile writer our rows as its CheckpointStore.
type checkpoints struct{ rows *store.Store }

func (c checkpoints) Last(ctx context.Context) (tilewriter.Checkpoint, error) {
	last, err := c.rows.LastCheckpoint(ctx)
	return toTiles(last), err
}

func (c checkpoints) Swap(ctx context.Context, old, new tilewriter.Checkpoint) error {
	err := c.rows.SwapCheckpoint(ctx, toPublish(old), toPublish(new))
	if errors.Is(err, store.ErrConflict) {
		return tilewriter.ErrConflict
	}
	return err
}

func toPublish(c tilewriter.Checkpoint) publish.Checkpoint {
	return publish.Checkpoint{Size: int64(c.Size), Root: c.Root, Note: c.Note}
}

func toTiles(c publish.Checkpoint) tilewriter.Checkpoint {
	return tilewriter.Checkpoint{Size: uint64(c.Size), Root: c.Root, Note: c.Note}
}
