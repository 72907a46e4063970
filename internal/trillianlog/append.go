package trillianlog

import (
	"context"
	"errors"
	"fmt"

	"github.com/google/trillian/trees"
	"github.com/transparency-dev/merkle/rfc6962"
)

// MaxEntryBytes is the size of the largest entry: its length takes two bytes in
// an entry bundle (C2SP tlog-tiles).
const MaxEntryBytes = 65535

// ErrClosed is returned by an Append that Close overtook, and by any after it.
// The entry may be queued; the next Open then integrates it.
var ErrClosed = errors.New("trillianlog: log is closed")

// Append adds an entry of 1 to MaxEntryBytes bytes and returns its index once
// the entry is durable and integrated. The same bytes again give the first
// index and duplicate = true. It is safe for concurrent use.
//
// When ctx ends first, or Close comes first, the entry may still become part of
// the log: appending it again tells.
func (l *Log) Append(ctx context.Context, entry []byte) (index uint64, duplicate bool, err error) {
	if n := len(entry); n == 0 || n > MaxEntryBytes {
		return 0, false, fmt.Errorf("trillianlog: append: entry of %d bytes, want 1 to %d", n, MaxEntryBytes)
	}
	l.calls.RLock()
	defer l.calls.RUnlock()
	select {
	case <-l.seq.ended:
		return 0, false, ErrClosed
	default:
	}
	w := l.waiters.join(leafHash(rfc6962.DefaultHasher.HashLeaf(entry)))
	defer l.waiters.leave(w)

	// Woken early, the sequencer's transaction can take the entry along, and one
	// sync does for both; woken too early, it finds nothing and is woken again.
	l.seq.wake()
	if duplicate, err = l.entries.queue(trees.NewContext(ctx, l.tree), entry); err != nil {
		return 0, false, fmt.Errorf("trillianlog: append: %w", err)
	}
	if duplicate {
		index, found, err := l.lookUp(ctx, w.hash)
		if err != nil {
			return 0, false, fmt.Errorf("trillianlog: append: look up a duplicate: %w", err)
		}
		if found {
			return index, true, nil
		}
		// Queued and not integrated yet. We joined before we looked, so its
		// integration will reach us.
	}
	select {
	case <-w.done:
		return w.index, duplicate, nil
	default:
		l.seq.wake()
	}
	index, err = l.wait(ctx, w)
	return index, duplicate && err == nil, err
}

// wait waits for the integration that a commit reports.
func (l *Log) wait(ctx context.Context, w *waiter) (uint64, error) {
	select {
	case <-w.done:
		return w.index, nil
	case <-ctx.Done():
		return 0, fmt.Errorf("trillianlog: append: entry is queued, not yet integrated: %w", ctx.Err())
	case <-l.seq.ended:
	}
	select {
	case <-w.done: // the last batch brought it
		return w.index, nil
	default:
		return 0, ErrClosed
	}
}

// lookUp gives the index of an integrated entry.
func (l *Log) lookUp(ctx context.Context, hash leafHash) (index uint64, found bool, err error) {
	placed, err := l.integrated(ctx, [][]byte{hash[:]})
	if err != nil || len(placed) == 0 {
		return 0, false, err
	}
	return placed[0].index, true, nil
}

// integrated gives the places of those of the hashes that have one.
func (l *Log) integrated(ctx context.Context, hashes [][]byte) (_ []placement, err error) {
	snap, err := l.storage.SnapshotForTree(ctx, l.tree)
	if snap != nil {
		defer func() { err = errors.Join(err, snap.Close()) }()
	}
	if err != nil {
		return nil, err
	}
	leaves, err := snap.GetLeavesByHash(ctx, hashes, true)
	if err != nil {
		return nil, err
	}
	var placed []placement
	for _, leaf := range leaves {
		p, err := placementOf(leaf)
		if err != nil {
			return nil, err
		}
		placed = append(placed, p)
	}
	return placed, snap.Commit(ctx)
}

// resolveStored answers the waiters whose entries are integrated although no
// commit said so: a commit may reach the disk and still report an error.
func (l *Log) resolveStored(ctx context.Context) error {
	placed, err := l.integrated(ctx, l.waiters.waiting())
	if err != nil {
		return fmt.Errorf("look up waiting entries: %w", err)
	}
	l.waiters.resolve(placed)
	return nil
}
