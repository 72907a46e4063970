package trillianlog

import (
	"context"
	"errors"
	"fmt"

	"github.com/transparency-dev/merkle/compact"
)

// Nodes gives the hashes that Trillian keeps of the tree's nodes, 32 bytes each, in the
// order asked for. They are a cache of what the entries give: Trillian makes the next
// root of them, so a wrong one stops the log. An id that is not there is an error.
func (r *Reader) Nodes(ctx context.Context, ids []compact.NodeID) (_ [][]byte, err error) {
	snap, err := r.log.storage.SnapshotForTree(ctx, r.log.tree)
	if snap != nil {
		defer func() { err = errors.Join(err, snap.Close()) }()
	}
	if err != nil {
		return nil, fmt.Errorf("trillianlog: nodes: %w", err)
	}
	nodes, err := snap.GetMerkleNodes(ctx, ids)
	if err != nil {
		return nil, fmt.Errorf("trillianlog: nodes: %w", err)
	}
	if len(nodes) != len(ids) {
		return nil, fmt.Errorf("trillianlog: %d of %d nodes are there", len(nodes), len(ids))
	}
	out := make([][]byte, len(nodes))
	for i, n := range nodes {
		if n.ID != ids[i] {
			return nil, fmt.Errorf("trillianlog: got node %v, want %v", n.ID, ids[i])
		}
		out[i] = n.Hash
	}
	return out, snap.Commit(ctx)
}
