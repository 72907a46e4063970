package trilliansqlite

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/google/trillian"
	"github.com/google/trillian/storage"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/timestamppb"
)

const leafByIndexSQL = `SELECT ` + leafColumns + ` FROM sequence s JOIN leaf l USING (leaf_id)
	WHERE s.tree_id = ? AND s.leaf_index = ?`

// AddSequencedLeaves stores leaves that come with their place, in one
// transaction: if we die in it, none of them is stored. A leaf that cannot be
// stored says so in its own status and does not hinder the others.
func (s *logStorage) AddSequencedLeaves(ctx context.Context, tree *trillian.Tree, leaves []*trillian.LogLeaf, at time.Time) (_ []*trillian.QueuedLogLeaf, err error) {
	call, err := newQueueCall(tree.TreeId, leaves, at)
	if err != nil {
		return nil, err
	}
	tx, err := s.beginWrite(ctx, tree)
	if err == storage.ErrTreeNeedsInit {
		return nil, also(err, tx.Close())
	} else if err != nil {
		return nil, err
	}
	defer func() { err = also(err, tx.Close()) }()
	results := make([]*trillian.QueuedLogLeaf, len(leaves))
	for i, leaf := range leaves {
		if results[i], err = addSequencedLeaf(tx.conn, tree.TreeId, call.queueNS, leaf); err != nil {
			return nil, fmt.Errorf("add leaf %d: %w", leaf.LeafIndex, err)
		}
	}
	if err := tx.Commit(ctx); err != nil {
		return nil, err
	}
	return results, nil
}

// addSequencedLeaf decides the status of one leaf. An error is one of the
// storage and ends the whole call.
func addSequencedLeaf(c *conn, treeID, queueNS int64, leaf *trillian.LogLeaf) (*trillian.QueuedLogLeaf, error) {
	if leaf.LeafIndex < 0 {
		return answer(leaf, codes.OutOfRange, "leaf index below 0"), nil
	}
	stored, err := scanLeaf(c.row(leafByIndexSQL, treeID, leaf.LeafIndex))
	switch {
	case err == nil && sameLeaf(stored, leaf):
		return answer(stored, codes.AlreadyExists, "leaf exists"), nil
	case err == nil:
		return answer(stored, codes.FailedPrecondition, "conflicting LeafIndex"), nil
	case !errors.Is(err, sql.ErrNoRows):
		return nil, err
	}
	inserted, leafID, err := insertLeaf(c, treeID, queueNS, leaf)
	if err != nil {
		return nil, err
	}
	if !inserted {
		stored, err := leafByIdentity(c, treeID, leaf.LeafIdentityHash)
		if err != nil {
			return nil, err
		}
		return answer(stored, codes.FailedPrecondition, "conflicting LeafIdentityHash"), nil
	}
	// Integration time 0: the sequencer has not reached the leaf yet, and
	// Trillian does not tell the storage when it does.
	if err := c.execN(1, sequenceSQL, treeID, leaf.LeafIndex, leafID, 0); err != nil {
		return nil, err
	}
	added := &trillian.LogLeaf{
		LeafIndex:          leaf.LeafIndex,
		LeafIdentityHash:   leaf.LeafIdentityHash,
		MerkleLeafHash:     leaf.MerkleLeafHash,
		LeafValue:          leaf.LeafValue,
		ExtraData:          leaf.ExtraData,
		QueueTimestamp:     leaf.QueueTimestamp,
		IntegrateTimestamp: timestamppb.New(time.Unix(0, 0)),
	}
	return answer(added, codes.OK, "OK"), nil
}

func sameLeaf(a, b *trillian.LogLeaf) bool {
	return bytes.Equal(a.LeafIdentityHash, b.LeafIdentityHash) &&
		bytes.Equal(a.MerkleLeafHash, b.MerkleLeafHash) &&
		bytes.Equal(a.LeafValue, b.LeafValue) &&
		bytes.Equal(a.ExtraData, b.ExtraData)
}

func answer(leaf *trillian.LogLeaf, code codes.Code, message string) *trillian.QueuedLogLeaf {
	return &trillian.QueuedLogLeaf{Leaf: leaf, Status: status.New(code, message).Proto()}
}
