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
)

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
