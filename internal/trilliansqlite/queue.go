package trilliansqlite

import (
	"context"
	"crypto/sha256"
	"fmt"
	"sync"
	"time"

	"github.com/google/trillian"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/timestamppb"
)

// hashSize is the length of leaf identity and Merkle leaf hashes (RFC 6962).
const hashSize = sha256.Size

// Bounds of one shared transaction, so that a flood of callers cannot hold the
// writer, or the memory of the write-ahead log, for longer than one of them.
const (
	maxBatchLeaves = 4096
	maxBatchBytes  = 32 << 20
)

const (
	insertLeafSQL = `INSERT INTO leaf (tree_id, queue_ns, identity_hash, merkle_hash, value, extra)
		VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (tree_id, identity_hash) DO NOTHING`
	lastLeafSQL = `SELECT coalesce(max(leaf_id), 0) FROM leaf`
	enqueueSQL  = `INSERT INTO queue (tree_id, queue_ns, leaf_id)
		SELECT tree_id, queue_ns, leaf_id FROM leaf WHERE leaf_id > ?`
)

// queueCall is one QueueLeaves call on its way to a shared transaction.
type queueCall struct {
	treeID  int64
	leaves  []*trillian.LogLeaf
	queueNS int64
	bytes   int

	results []*trillian.QueuedLogLeaf
	err     error
	done    chan struct{} // closed when results and err are set
}

// committer turns concurrent QueueLeaves calls into shared transactions.
type committer struct {
	writer *writer
	wake   chan struct{} // holds one token when pending may not be empty
	ended  chan struct{} // closed when the goroutine has ended

	mu      sync.Mutex // guards the rest
	pending []*queueCall
	stopped bool
}

func startCommitter(w *writer) *committer {
	c := &committer{writer: w, wake: make(chan struct{}, 1), ended: make(chan struct{})}
	go c.run()
	return c
}

// stop ends the goroutine; calls that wait get ErrClosed. It reports false if
// it was called before.
func (c *committer) stop() bool {
	c.mu.Lock()
	if c.stopped {
		c.mu.Unlock()
		return false
	}
	c.stopped = true
	pending := c.pending
	c.pending = nil
	c.mu.Unlock()
	close(c.wake)
	<-c.ended
	finish(pending, ErrClosed)
	return true
}

// queue hands the call to the goroutine and waits until its leaves are durable.
// When ctx ends first, the call is withdrawn; if its transaction has begun, its
// outcome is waited for, so that an error always means that nothing was queued.
func (c *committer) queue(ctx context.Context, call *queueCall) error {
	c.mu.Lock()
	if c.stopped {
		c.mu.Unlock()
		return ErrClosed
	}
	c.pending = append(c.pending, call)
	select {
	case c.wake <- struct{}{}:
	default:
	}
	c.mu.Unlock()

	select {
	case <-call.done:
	case <-ctx.Done():
		if c.withdraw(call) {
			return ctx.Err()
		}
		<-call.done
	}
	return call.err
}

func (c *committer) withdraw(call *queueCall) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	for i, p := range c.pending {
		if p == call {
			c.pending = append(c.pending[:i], c.pending[i+1:]...)
			return true
		}
	}
	return false
}

func (c *committer) run() {
	defer close(c.ended)
	for range c.wake {
		for c.commitPending() {
		}
	}
}

// commitPending commits one batch. The turn is taken before the batch is cut:
// callers that arrive while another transaction runs still join it.
func (c *committer) commitPending() bool {
	if err := c.writer.acquire(context.Background()); err != nil {
		finish(c.take(), err)
		return false
	}
	calls := c.take()
	if len(calls) == 0 {
		c.writer.release()
		return false
	}
	err := c.commit(calls)
	c.writer.release()
	finish(calls, err)
	return true
}

// take cuts the next batch off the pending calls.
func (c *committer) take() []*queueCall {
	c.mu.Lock()
	defer c.mu.Unlock()
	leaves, bytes := 0, 0
	for i, call := range c.pending {
		leaves += len(call.leaves)
		bytes += call.bytes
		if i > 0 && (leaves > maxBatchLeaves || bytes > maxBatchBytes) {
			batch := c.pending[:i:i]
			c.pending = append([]*queueCall(nil), c.pending[i:]...)
			return batch
		}
	}
	batch := c.pending
	c.pending = nil
	return batch
}

// finish wakes the callers. A call's own error, if set, says more than err.
func finish(calls []*queueCall, err error) {
	for _, call := range calls {
		if err != nil && call.err == nil {
			call.results, call.err = nil, err
		}
		close(call.done)
	}
}

// commit writes all calls in one transaction. The caller holds the turn.
//
// If we die in it, none of the leaves is queued and no caller was told so. If
// we die after it, all of them wait in the queue table, and the next run of the
// sequencer integrates them.
func (c *committer) commit(calls []*queueCall) (err error) {
	tx, err := c.writer.beginHeld()
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			tx.rollback() // err says why already
		}
	}()
	var last int64
	if err := tx.conn.row(lastLeafSQL).Scan(&last); err != nil {
		return fmt.Errorf("read last leaf id: %w", err)
	}
	ready := make(map[int64]error) // by tree: may leaves be queued?
	for _, call := range calls {
		rootErr, ok := ready[call.treeID]
		if !ok {
			_, rootErr = readRoot(tx.conn, call.treeID)
			ready[call.treeID] = rootErr
		}
		if rootErr != nil {
			call.err = rootErr
			continue
		}
		if call.results, err = insertLeaves(tx.conn, call); err != nil {
			return err
		}
	}
	if _, err := tx.conn.exec(enqueueSQL, last); err != nil {
		return fmt.Errorf("queue leaves: %w", err)
	}
	return tx.finish(true)
}

func insertLeaves(c *conn, call *queueCall) ([]*trillian.QueuedLogLeaf, error) {
	results := make([]*trillian.QueuedLogLeaf, len(call.leaves))
	for i, leaf := range call.leaves {
		inserted, _, err := insertLeaf(c, call.treeID, call.queueNS, leaf)
		if err != nil {
			return nil, err
		}
		if inserted {
			results[i] = &trillian.QueuedLogLeaf{Leaf: leaf}
			continue
		}
		stored, err := leafByIdentity(c, call.treeID, leaf.LeafIdentityHash)
		if err != nil {
			return nil, fmt.Errorf("read the stored leaf of a duplicate: %w", err)
		}
		results[i] = &trillian.QueuedLogLeaf{
			Leaf:   stored,
			Status: status.Newf(codes.AlreadyExists, "leaf %x exists", leaf.LeafIdentityHash).Proto(),
		}
	}
	return results, nil
}

// insertLeaf writes a leaf row unless the tree has its identity hash already.
func insertLeaf(c *conn, treeID, queueNS int64, leaf *trillian.LogLeaf) (inserted bool, leafID int64, err error) {
	var merkle any // NULL where it is the identity hash
	if string(leaf.MerkleLeafHash) != string(leaf.LeafIdentityHash) {
		merkle = leaf.MerkleLeafHash
	}
	res, err := c.exec(insertLeafSQL, treeID, queueNS, leaf.LeafIdentityHash, merkle,
		blob(leaf.LeafValue), blob(leaf.ExtraData))
	if err != nil {
		return false, 0, fmt.Errorf("insert leaf: %w", err)
	}
	n, err := res.RowsAffected()
	if err != nil || n == 0 {
		return false, 0, err
	}
	leafID, err = res.LastInsertId()
	return true, leafID, err
}

// blob keeps an absent value from being stored as NULL.
func blob(b []byte) []byte {
	if b == nil {
		return []byte{}
	}
	return b
}

// newQueueCall checks the leaves and stamps them with the queue time, as the
// callers of QueueLeaves expect.
func newQueueCall(treeID int64, leaves []*trillian.LogLeaf, at time.Time) (*queueCall, error) {
	ns, err := nanos(at)
	if err != nil {
		return nil, fmt.Errorf("queue time: %w", err)
	}
	call := &queueCall{treeID: treeID, leaves: leaves, queueNS: ns, done: make(chan struct{})}
	for i, leaf := range leaves {
		if err := checkLeaf(leaf); err != nil {
			return nil, status.Errorf(codes.InvalidArgument, "leaves[%d]: %v", i, err)
		}
		leaf.QueueTimestamp = timestamppb.New(at)
		call.bytes += len(leaf.LeafValue) + len(leaf.ExtraData)
	}
	return call, nil
}

func checkLeaf(leaf *trillian.LogLeaf) error {
	if n := len(leaf.GetLeafIdentityHash()); n != hashSize {
		return fmt.Errorf("identity hash of %d bytes, want %d", n, hashSize)
	}
	if n := len(leaf.GetMerkleLeafHash()); n != hashSize {
		return fmt.Errorf("merkle hash of %d bytes, want %d", n, hashSize)
	}
	return nil
}

// nanos gives a time as it is stored, refusing one that does not fit.
func nanos(t time.Time) (int64, error) {
	ns := t.UnixNano()
	if !time.Unix(0, ns).Equal(t) {
		return 0, fmt.Errorf("%v is out of range", t)
	}
	return ns, nil
}

func timestamp(ns int64) *timestamppb.Timestamp { return timestamppb.New(time.Unix(0, ns)) }
