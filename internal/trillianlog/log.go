package trillianlog

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/google/trillian"
	"github.com/google/trillian/extension"
	tlog "github.com/google/trillian/log"
	"github.com/google/trillian/quota"
	"github.com/google/trillian/server"
	"github.com/google/trillian/storage"
	"github.com/google/trillian/trees"
	"github.com/google/trillian/types"
	"github.com/transparency-dev/merkle/rfc6962"
	"google.golang.org/grpc/codes"
)

// MaxEntryBytes is the size of the largest entry: its length takes two bytes in
// an entry bundle (C2SP tlog-tiles).
const MaxEntryBytes = 65535

// ErrClosed is returned by an Append that Close overtook, and by any after it.
// The entry may be queued; the next Open then integrates it.
var ErrClosed = errors.New("trillianlog: log is closed")

// Options say which log to open.
type Options struct {
	// Log and Admin are the two sides of one storage. Required. They must stay
	// open until Close has returned.
	Log   storage.LogStorage
	Admin storage.AdminStorage
	// TreeID is what Create returned. Optional; zero means the only tree.
	TreeID int64
	// Clock gives the times in Trillian's roots and leaves. It may step back.
	// Optional; default time.Now.
	Clock func() time.Time
	// Logger hears of integrations that failed and are retried. Optional;
	// default silence.
	Logger *slog.Logger
}

// Log is an open log. It is safe for concurrent use.
type Log struct {
	entries entries
	tree    *trillian.Tree
	storage storage.LogStorage
	waiters *waiters
	seq     *sequencer
	cancel  context.CancelFunc // ends the sequencer's goroutine

	calls sync.RWMutex // Append holds it for reading, so that Close can wait
}

// Open integrates what an earlier process left queued, then starts the
// goroutine that integrates.
func Open(ctx context.Context, o Options) (*Log, error) {
	if o.Log == nil || o.Admin == nil {
		return nil, errors.New("trillianlog: open: no storage")
	}
	if o.Clock == nil {
		o.Clock = time.Now
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	tlog.InitMetrics(nil) // works once in a process, however often it is called
	tree, err := findTree(ctx, o.Admin, o.TreeID)
	if err != nil {
		return nil, fmt.Errorf("trillianlog: open: %w", err)
	}
	root, err := storedRoot(ctx, o.Log, tree)
	if err != nil {
		return nil, fmt.Errorf("trillianlog: open: %w", err)
	}
	l := assemble(o, tree, newSteadyClock(o.Clock, time.Unix(0, int64(root.TimestampNanos))))
	if err := l.seq.drain(ctx); err != nil {
		return nil, fmt.Errorf("trillianlog: open: %w", err)
	}
	// The goroutine lives until Close, not until the caller's context ends.
	run, cancel := context.WithCancel(context.WithoutCancel(ctx))
	l.cancel = cancel
	go l.seq.run(run)
	return l, nil
}

func assemble(o Options, tree *trillian.Tree, ts *steadyClock) *Log {
	registry := extension.Registry{LogStorage: o.Log, AdminStorage: o.Admin, QuotaManager: quota.Noop()}
	l := &Log{
		entries: entries{server: server.NewTrillianLogRPCServer(registry, ts), treeID: tree.TreeId},
		tree:    tree,
		storage: o.Log,
		waiters: newWaiters(),
	}
	l.seq = &sequencer{
		tree:    tree,
		storage: &tap{LogStorage: o.Log, committed: l.waiters.resolve},
		clock:   ts,
		logger:  o.Logger,
		kick:    make(chan struct{}, 1),
		recover: l.resolveStored,
		ended:   make(chan struct{}),
	}
	return l
}

// findTree gives the tree to open, which has to be one that can grow.
func findTree(ctx context.Context, admin storage.AdminStorage, id int64) (*trillian.Tree, error) {
	if id == 0 {
		all, err := storage.ListTrees(ctx, admin, false)
		if err != nil {
			return nil, err
		}
		if len(all) != 1 {
			return nil, fmt.Errorf("storage holds %d trees, want one", len(all))
		}
		id = all[0].TreeId
	}
	return trees.GetTree(ctx, admin, id, trees.NewGetOpts(trees.SequenceLog, trillian.TreeType_LOG))
}

func storedRoot(ctx context.Context, log storage.LogStorage, tree *trillian.Tree) (*types.LogRootV1, error) {
	snap, err := log.SnapshotForTree(ctx, tree)
	if snap != nil {
		defer snap.Close() // after a commit there is nothing left to fail
	}
	if err != nil {
		return nil, fmt.Errorf("read root: %w", err)
	}
	slr, err := snap.LatestSignedLogRoot(ctx)
	if err != nil {
		return nil, fmt.Errorf("read root: %w", err)
	}
	root := new(types.LogRootV1)
	if err := root.UnmarshalBinary(slr.GetLogRoot()); err != nil {
		return nil, fmt.Errorf("read root: %w", err)
	}
	return root, snap.Commit(ctx)
}

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
	if duplicate, err = l.queue(ctx, entry); err != nil {
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

// queue makes the entry durable in Trillian's queue. That it was there already
// hides in an answer without error.
func (l *Log) queue(ctx context.Context, entry []byte) (duplicate bool, err error) {
	resp, err := l.entries.server.QueueLeaf(trees.NewContext(ctx, l.tree), &trillian.QueueLeafRequest{
		LogId: l.tree.TreeId,
		Leaf:  &trillian.LogLeaf{LeafValue: entry},
	})
	if err != nil {
		return false, err
	}
	if resp.GetQueuedLeaf() == nil {
		return false, errors.New("trillian gave no answer for the leaf")
	}
	switch st := resp.QueuedLeaf.GetStatus(); codes.Code(st.GetCode()) {
	case codes.OK:
		return false, nil
	case codes.AlreadyExists:
		return true, nil
	default:
		return false, fmt.Errorf("trillian refused the leaf: %s: %s", codes.Code(st.GetCode()), st.GetMessage())
	}
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

// integrated gives the places of those of the hashes that have one below the
// tree size.
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
		if len(leaf.LeafIdentityHash) != len(leafHash{}) || leaf.LeafIndex < 0 {
			return nil, fmt.Errorf("leaf %d is damaged", leaf.LeafIndex)
		}
		placed = append(placed, placement{leafHash(leaf.LeafIdentityHash), uint64(leaf.LeafIndex)})
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

// Root gives size and root hash of the tree as Trillian has committed it.
func (l *Log) Root(ctx context.Context) (size uint64, hash []byte, err error) {
	root, err := l.entries.root(trees.NewContext(ctx, l.tree))
	if err != nil {
		return 0, nil, fmt.Errorf("trillianlog: %w", err)
	}
	return root.TreeSize, root.RootHash, nil
}

// Leaves gives the entries [start, start+count): exactly count, or an error.
func (l *Log) Leaves(ctx context.Context, start, count uint64) ([][]byte, error) {
	values, err := l.entries.values(trees.NewContext(ctx, l.tree), start, count)
	if err != nil {
		return nil, fmt.Errorf("trillianlog: %w", err)
	}
	return values, nil
}

// Close stops integrating and returns when the goroutine has ended and every
// Append has returned. It does not close the storage. Closing again is nil.
func (l *Log) Close() error {
	l.cancel()
	<-l.seq.ended
	l.calls.Lock() // waits for running calls; later ones see that we ended
	defer l.calls.Unlock()
	return nil
}
