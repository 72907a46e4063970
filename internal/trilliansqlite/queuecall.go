package trilliansqlite

import (
	"crypto/sha256"
	"fmt"
	"time"

	"github.com/google/trillian"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/timestamppb"
)

// hashSize is the length of leaf identity and Merkle leaf hashes (RFC 6962).
const hashSize = sha256.Size

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

// storeCalls writes the leaves of all calls within the transaction of c, and
// sets their results, or their own errors.
func storeCalls(c *conn, calls []*queueCall) error {
	var last int64
	if err := c.row(lastLeafSQL).Scan(&last); err != nil {
		return fmt.Errorf("read last leaf id: %w", err)
	}
	ready := make(map[int64]error) // by tree: why leaves cannot be queued
	for _, call := range calls {
		reason, known := ready[call.treeID]
		if !known {
			_, reason = readRoot(c, call.treeID)
			ready[call.treeID] = reason
		}
		if call.err = reason; reason != nil {
			continue
		}
		var err error
		if call.results, err = insertLeaves(c, call); err != nil {
			return err
		}
	}
	if _, err := c.exec(enqueueSQL, last); err != nil {
		return fmt.Errorf("queue leaves: %w", err)
	}
	return nil
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
