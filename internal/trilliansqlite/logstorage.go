package trilliansqlite

import (
	"context"
	"errors"
	"time"

	"github.com/google/trillian"
	"github.com/google/trillian/storage"
	"github.com/google/trillian/storage/storagepb"
)

const activeLogsSQL = `SELECT tree_id FROM tree
	WHERE delete_ns IS NULL AND type IN (?, ?) AND state IN (?, ?) ORDER BY tree_id`

// logStorage is Storage as storage.LogStorage.
type logStorage Storage

// CheckDatabaseAccessible reads from the database.
func (s *logStorage) CheckDatabaseAccessible(ctx context.Context) error {
	return (*Storage)(s).checkAccessible(ctx)
}

func (s *Storage) checkAccessible(ctx context.Context) error {
	tx, err := s.readers.begin(ctx)
	if err != nil {
		return err
	}
	err = checkSchema(tx.conn)
	return also(err, tx.rollback())
}

// GetActiveLogIDs gives the logs whose leaves are to be integrated.
func (s *logStorage) GetActiveLogIDs(ctx context.Context) (ids []int64, err error) {
	tx, err := s.readers.begin(ctx)
	if err != nil {
		return nil, err
	}
	defer func() { err = also(err, tx.rollback()) }()
	err = tx.conn.each(func(r scanner) error {
		var id int64
		err := r.Scan(&id)
		ids = append(ids, id)
		return err
	}, activeLogsSQL,
		int32(trillian.TreeType_LOG), int32(trillian.TreeType_PREORDERED_LOG),
		int32(trillian.TreeState_ACTIVE), int32(trillian.TreeState_DRAINING))
	return ids, err
}

// SnapshotForTree begins a read. With ErrTreeNeedsInit comes a snapshot that
// has ended already: some of Trillian's callers close it and some do not, and
// either way no connection is lost.
func (s *logStorage) SnapshotForTree(ctx context.Context, tree *trillian.Tree) (storage.ReadOnlyLogTreeTX, error) {
	tx, err := s.readers.begin(ctx)
	if err != nil {
		return nil, err
	}
	snap, err := newSnapshot(tx, tree)
	if err == nil {
		return &snap, nil
	}
	if rerr := snap.rollback(); rerr != nil {
		return nil, errors.Join(err, rerr)
	}
	if err == storage.ErrTreeNeedsInit {
		return &snap, err
	}
	return nil, err
}

// ReadWriteTransaction runs f in the one transaction that writes and commits
// it when f returns nil. f runs once.
func (s *logStorage) ReadWriteTransaction(ctx context.Context, tree *trillian.Tree, f storage.LogTXFunc) (err error) {
	tx, err := s.beginWrite(ctx, tree)
	if err != nil && err != storage.ErrTreeNeedsInit {
		return err
	}
	// Deferred, so that the turn comes back even if f panics or ends its goroutine.
	defer func() { err = also(err, tx.Close()) }()
	if err := f(ctx, tx); err != nil {
		return err
	}
	return tx.Commit(ctx)
}

// beginWrite gives a usable transaction with ErrTreeNeedsInit, none with any
// other error.
func (s *logStorage) beginWrite(ctx context.Context, tree *trillian.Tree) (*logTX, error) {
	tx, err := s.writer.begin(ctx)
	if err != nil {
		return nil, err
	}
	snap, err := newSnapshot(tx, tree)
	if err != nil && err != storage.ErrTreeNeedsInit {
		return nil, errors.Join(err, snap.rollback())
	}
	snap.warm = s.writer.warm.of(tree.TreeId)
	snap.used = make(map[string]*storagepb.SubtreeProto)
	return &logTX{snapshot: snap, writer: s.writer, queue: s.queue, dequeued: make(map[string]queueKey)}, err
}

// QueueLeaves queues leaves and returns when they are durable. Calls that run
// at the same time share a transaction. An error means that nothing of this
// call was queued.
func (s *logStorage) QueueLeaves(ctx context.Context, tree *trillian.Tree, leaves []*trillian.LogLeaf, at time.Time) ([]*trillian.QueuedLogLeaf, error) {
	call, err := newQueueCall(tree.TreeId, leaves, at)
	if err != nil {
		return nil, err
	}
	if err := s.queue.queue(ctx, call); err != nil {
		return nil, err
	}
	return call.results, nil
}

// also adds the error of a clean-up. Without one, err stays itself: Trillian
// compares some errors with ==.
func also(err, cleanup error) error {
	if cleanup == nil {
		return err
	}
	return errors.Join(err, cleanup)
}
