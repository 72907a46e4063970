package trilliansqlite

import (
	"bytes"
	"context"
	"fmt"
	"math"
	"time"

	"github.com/google/trillian"
	"github.com/google/trillian/storage/tree"
	"github.com/google/trillian/types"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

const (
	dequeueSQL = `SELECT q.queue_ns, q.leaf_id, l.identity_hash, coalesce(l.merkle_hash, l.identity_hash)
		FROM queue q JOIN leaf l USING (leaf_id)
		WHERE q.tree_id = ? AND q.queue_ns <= ? ORDER BY q.queue_ns, q.leaf_id LIMIT ?`
	unqueueSQL   = `DELETE FROM queue WHERE tree_id = ? AND queue_ns = ? AND leaf_id = ?`
	sequenceSQL  = `INSERT INTO sequence (tree_id, leaf_index, leaf_id, integrate_ns) VALUES (?, ?, ?, ?)`
	writeRootSQL = `INSERT INTO tree_head (tree_id, log_root) VALUES (?, ?)
		ON CONFLICT (tree_id) DO UPDATE SET log_root = excluded.log_root`
)

// logTX is a transaction that writes: storage.LogTreeTX. Nothing that it does
// is seen by anyone, or survives a crash, before Commit.
type logTX struct {
	snapshot
	writer    *writer
	queue     *committer
	taken     []*queueCall        // taken along from queue; answered at the end
	dequeued  map[string]queueKey // by leaf identity hash
	committed bool
}

// queueKey names a row of the queue.
type queueKey struct{ queueNS, leafID int64 }

// Commit stores the changed subtrees and makes the transaction durable: leaf
// places, subtrees and root together. If we die in it, the leaves are still
// queued under the old root. Committing twice changes nothing.
func (t *logTX) Commit(ctx context.Context) error {
	if t.committed {
		return nil
	}
	if _, err := t.use(ctx); err != nil {
		return err
	}
	if err := t.writeSubtrees(); err != nil {
		return also(err, t.rollback())
	}
	if len(t.used) > 0 {
		t.writer.warm = warmSubtrees{t.treeID, t.used} // the turn is still ours
	}
	if err := t.finish(true); err != nil {
		return err
	}
	t.committed = true
	finish(t.taken, nil)
	t.taken = nil
	return nil
}

// Close ends the transaction if Commit has not. The calls that it took along
// go back to where they were: another transaction will carry them.
func (t *logTX) Close() error {
	err := t.rollback()
	if len(t.taken) > 0 {
		t.queue.putBack(t.taken)
		t.taken = nil
	}
	return err
}

// SetMerkleNodes sets nodes; Commit writes them.
func (t *logTX) SetMerkleNodes(ctx context.Context, nodes []tree.Node) error {
	if _, err := t.use(ctx); err != nil {
		return err
	}
	return t.subtrees.SetNodes(nodes, t.loadSubtrees)
}

// StoreSignedLogRoot replaces the root. It refuses one that is smaller than
// the stored one or not later: a log never goes back.
func (t *logTX) StoreSignedLogRoot(ctx context.Context, slr *trillian.SignedLogRoot) error {
	c, err := t.use(ctx)
	if err != nil {
		return err
	}
	next := &logRoot{bytes: bytes.Clone(slr.GetLogRoot())}
	if err := next.UnmarshalBinary(next.bytes); err != nil {
		return status.Errorf(codes.InvalidArgument, "root: %v", err)
	}
	if err := checkNextRoot(t.root, &next.LogRootV1); err != nil {
		return status.Errorf(codes.FailedPrecondition, "root: %v", err)
	}
	if err := c.execN(1, writeRootSQL, t.treeID, next.bytes); err != nil {
		return fmt.Errorf("write root: %w", err)
	}
	t.root = next
	return nil
}

func checkNextRoot(current *logRoot, next *types.LogRootV1) error {
	switch {
	case next.TreeSize > math.MaxInt64:
		return fmt.Errorf("tree size %d is out of range", next.TreeSize)
	case current == nil:
		return nil
	case next.TreeSize < current.TreeSize:
		return fmt.Errorf("tree size %d is below the stored %d", next.TreeSize, current.TreeSize)
	case next.TimestampNanos <= current.TimestampNanos:
		return fmt.Errorf("timestamp %d is not after the stored %d", next.TimestampNanos, current.TimestampNanos)
	}
	return nil
}

// DequeueLeaves gives the leaves to integrate next, oldest first. They leave
// the queue in UpdateSequencedLeaves. A leaf is given once in a transaction.
//
// QueueLeaves calls that wait at this moment join the transaction, and return
// when it has committed.
func (t *logTX) DequeueLeaves(ctx context.Context, limit int, cutoff time.Time) ([]*trillian.LogLeaf, error) {
	c, err := t.use(ctx)
	if err != nil {
		return nil, err
	}
	cutoffNS, err := nanos(cutoff)
	if err != nil {
		return nil, fmt.Errorf("cutoff: %w", err)
	}
	if limit <= 0 {
		return nil, nil
	}
	if t.treeType == trillian.TreeType_PREORDERED_LOG {
		return t.nextPreordered(c, limit, cutoff)
	}
	if calls := t.queue.take(); len(calls) > 0 {
		t.taken = append(t.taken, calls...) // before storing: an error puts them back
		if err := storeCalls(c, calls); err != nil {
			return nil, err
		}
	}
	var leaves []*trillian.LogLeaf
	err = c.each(func(r scanner) error {
		var key queueKey
		leaf := new(trillian.LogLeaf)
		if err := r.Scan(&key.queueNS, &key.leafID, &leaf.LeafIdentityHash, &leaf.MerkleLeafHash); err != nil {
			return err
		}
		if _, again := t.dequeued[string(leaf.LeafIdentityHash)]; again {
			return nil
		}
		t.dequeued[string(leaf.LeafIdentityHash)] = key
		leaf.QueueTimestamp = timestamp(key.queueNS)
		leaves = append(leaves, leaf)
		return checkLeaf(leaf)
	}, dequeueSQL, t.treeID, cutoffNS, limit)
	if err != nil {
		return nil, fmt.Errorf("dequeue leaves: %w", err)
	}
	return leaves, nil
}

// nextPreordered gives the sequenced leaves that follow the tree.
func (t *logTX) nextPreordered(c *conn, limit int, cutoff time.Time) ([]*trillian.LogLeaf, error) {
	leaves, err := leavesByRange(c, t.treeID, t.size(), int64(limit), t.size())
	if err != nil {
		return nil, err
	}
	for i, leaf := range leaves {
		if leaf.QueueTimestamp.AsTime().After(cutoff) {
			return leaves[:i], nil
		}
	}
	return leaves, nil
}

// UpdateSequencedLeaves gives dequeued leaves their place in the log.
func (t *logTX) UpdateSequencedLeaves(ctx context.Context, leaves []*trillian.LogLeaf) error {
	c, err := t.use(ctx)
	if err != nil {
		return err
	}
	for _, leaf := range leaves {
		key, ok := t.dequeued[string(leaf.LeafIdentityHash)]
		if !ok {
			return status.Errorf(codes.FailedPrecondition, "leaf %x was not dequeued", leaf.LeafIdentityHash)
		}
		delete(t.dequeued, string(leaf.LeafIdentityHash))
		if err := leaf.IntegrateTimestamp.CheckValid(); err != nil {
			return status.Errorf(codes.InvalidArgument, "leaf %x: integrate time: %v", leaf.LeafIdentityHash, err)
		}
		integrateNS, err := nanos(leaf.IntegrateTimestamp.AsTime())
		if err != nil {
			return status.Errorf(codes.InvalidArgument, "leaf %x: integrate time: %v", leaf.LeafIdentityHash, err)
		}
		if err := c.execN(1, sequenceSQL, t.treeID, leaf.LeafIndex, key.leafID, integrateNS); err != nil {
			return fmt.Errorf("sequence leaf %d: %w", leaf.LeafIndex, err)
		}
		if err := c.execN(1, unqueueSQL, t.treeID, key.queueNS, key.leafID); err != nil {
			return fmt.Errorf("unqueue leaf %d: %w", leaf.LeafIndex, err)
		}
	}
	return nil
}
