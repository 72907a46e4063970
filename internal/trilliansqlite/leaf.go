package trilliansqlite

import (
	"database/sql"
	"errors"
	"fmt"

	"github.com/google/trillian"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// Bounds of one GetLeavesByRange; callers ask again for the rest.
const (
	maxRange      = 4096
	maxRangeBytes = 16 << 20
)

const (
	leafColumns = `l.identity_hash, coalesce(l.merkle_hash, l.identity_hash), l.value, l.extra, l.queue_ns,
		s.leaf_index, s.integrate_ns`

	leavesByRangeSQL = `SELECT ` + leafColumns + ` FROM sequence s JOIN leaf l USING (leaf_id)
		WHERE s.tree_id = ? AND s.leaf_index >= ? AND s.leaf_index < ? ORDER BY s.leaf_index`

	// A leaf whose Merkle hash is its identity hash is found by the latter.
	leavesByMerkleSQL = `SELECT ` + leafColumns + ` FROM leaf l JOIN sequence s USING (leaf_id)
			WHERE l.tree_id = ?1 AND l.identity_hash = ?2 AND l.merkle_hash IS NULL
		UNION ALL SELECT ` + leafColumns + ` FROM leaf l JOIN sequence s USING (leaf_id)
			WHERE l.tree_id = ?1 AND l.merkle_hash = ?2`

	leafByIdentitySQL = `SELECT ` + leafColumns + ` FROM leaf l LEFT JOIN sequence s USING (leaf_id)
		WHERE l.tree_id = ? AND l.identity_hash = ?`
)

// errStop ends the reading of rows that are not needed.
var errStop = errors.New("enough")

// scanLeaf reads leafColumns. A leaf without a place has index -1.
func scanLeaf(r scanner) (*trillian.LogLeaf, error) {
	leaf := &trillian.LogLeaf{LeafIndex: -1}
	var queueNS int64
	var index, integrateNS sql.NullInt64
	if err := r.Scan(&leaf.LeafIdentityHash, &leaf.MerkleLeafHash, &leaf.LeafValue, &leaf.ExtraData,
		&queueNS, &index, &integrateNS); err != nil {
		return nil, err
	}
	leaf.QueueTimestamp = timestamp(queueNS)
	if index.Valid {
		leaf.LeafIndex = index.Int64
		leaf.IntegrateTimestamp = timestamp(integrateNS.Int64)
	}
	return leaf, checkLeaf(leaf)
}

func leafByIdentity(c *conn, treeID int64, hash []byte) (*trillian.LogLeaf, error) {
	return scanLeaf(c.row(leafByIdentitySQL, treeID, hash))
}

// leavesByMerkle gives the sequenced leaves with one of the hashes, in the
// order of the hashes.
func leavesByMerkle(c *conn, treeID int64, hashes [][]byte) ([]*trillian.LogLeaf, error) {
	var leaves []*trillian.LogLeaf
	for _, hash := range hashes {
		err := c.each(func(r scanner) error {
			leaf, err := scanLeaf(r)
			leaves = append(leaves, leaf)
			return err
		}, leavesByMerkleSQL, treeID, hash)
		if err != nil {
			return nil, err
		}
	}
	return leaves, nil
}

// leavesByRange gives leaves [start, start+count) as far as they go without a
// gap. A gap below size, the number of integrated leaves, is a fault.
func leavesByRange(c *conn, treeID, start, count, size int64) ([]*trillian.LogLeaf, error) {
	count = min(count, maxRange)
	leaves := make([]*trillian.LogLeaf, 0, min(count, 256))
	next, bytes := start, 0
	err := c.each(func(r scanner) error {
		leaf, err := scanLeaf(r)
		if err != nil {
			return err
		}
		if leaf.LeafIndex != next {
			return errStop // a gap
		}
		leaves = append(leaves, leaf)
		next++
		if bytes += len(leaf.LeafValue) + len(leaf.ExtraData); bytes > maxRangeBytes {
			count = next - start
			return errStop
		}
		return nil
	}, leavesByRangeSQL, treeID, start, start+count)
	if err != nil && err != errStop {
		return nil, fmt.Errorf("read leaves: %w", err)
	}
	if next < min(start+count, size) {
		return nil, status.Errorf(codes.DataLoss, "leaf %d is missing in a tree of %d", next, size)
	}
	return leaves, nil
}
