package trilliansqlite

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"

	"github.com/google/trillian"
	"github.com/google/trillian/storage"
	"github.com/google/trillian/storage/cache"
	"github.com/google/trillian/storage/storagepb"
	"github.com/google/trillian/storage/tree"
	"github.com/google/trillian/types"
	"github.com/transparency-dev/merkle/compact"
	"github.com/transparency-dev/merkle/rfc6962"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

const readRootSQL = `SELECT log_root FROM tree_head WHERE tree_id = ?`

// snapshot is one committed state of a tree: storage.ReadOnlyLogTreeTX.
type snapshot struct {
	*transaction
	treeID   int64
	treeType trillian.TreeType
	root     *logRoot // nil: the tree needs to be initialised
	subtrees *cache.SubtreeCache

	// Subtrees by prefix, for transactions that write: those that need not be
	// read, and those that were used. Nil for reads.
	warm, used map[string]*storagepb.SubtreeProto
}

// logRoot is a root as stored and as read.
type logRoot struct {
	bytes []byte
	types.LogRootV1
}

// readRoot gives the tree's root, or ErrTreeNeedsInit when the tree has none.
// Any other failure is an error of its own: never an empty root.
func readRoot(c *conn, treeID int64) (*logRoot, error) {
	r := new(logRoot)
	switch err := c.row(readRootSQL, treeID).Scan(&r.bytes); {
	case errors.Is(err, sql.ErrNoRows):
		return nil, storage.ErrTreeNeedsInit
	case err != nil:
		return nil, fmt.Errorf("read root: %w", err)
	}
	if err := r.UnmarshalBinary(r.bytes); err != nil {
		return nil, fmt.Errorf("read root: %w", err)
	}
	return r, nil
}

// newSnapshot reads the root, which fixes the state that everything else is
// read from. ErrTreeNeedsInit comes with a usable snapshot.
func newSnapshot(tx *transaction, t *trillian.Tree) (snapshot, error) {
	root, err := readRoot(tx.conn, t.TreeId)
	return snapshot{
		transaction: tx,
		treeID:      t.TreeId,
		treeType:    t.TreeType,
		root:        root,
		subtrees:    cache.NewLogSubtreeCache(rfc6962.DefaultHasher),
	}, err
}

// size is the number of integrated leaves.
func (s *snapshot) size() int64 {
	if s.root == nil {
		return 0
	}
	return int64(s.root.TreeSize)
}

// Commit ends the snapshot.
func (s *snapshot) Commit(ctx context.Context) error {
	if _, err := s.use(ctx); err != nil {
		return err
	}
	return s.finish(true)
}

// Close ends the snapshot if Commit has not.
func (s *snapshot) Close() error { return s.rollback() }

// LatestSignedLogRoot gives the stored root.
func (s *snapshot) LatestSignedLogRoot(ctx context.Context) (*trillian.SignedLogRoot, error) {
	if _, err := s.use(ctx); err != nil {
		return nil, err
	}
	if s.root == nil {
		return nil, storage.ErrTreeNeedsInit
	}
	return &trillian.SignedLogRoot{LogRoot: s.root.bytes}, nil
}

// GetMerkleNodes gives the stored nodes, in the requested order.
func (s *snapshot) GetMerkleNodes(ctx context.Context, ids []compact.NodeID) ([]tree.Node, error) {
	if _, err := s.use(ctx); err != nil {
		return nil, err
	}
	return s.subtrees.GetNodes(ids, s.loadSubtrees)
}

// GetLeavesByRange follows its contract in storage.ReadOnlyLogTreeTX.
func (s *snapshot) GetLeavesByRange(ctx context.Context, start, count int64) ([]*trillian.LogLeaf, error) {
	c, err := s.use(ctx)
	switch {
	case err != nil:
		return nil, err
	case count <= 0:
		return nil, status.Errorf(codes.InvalidArgument, "count %d, want > 0", count)
	case start < 0:
		return nil, status.Errorf(codes.InvalidArgument, "start %d, want >= 0", start)
	}
	if s.treeType == trillian.TreeType_LOG {
		if start >= s.size() {
			return nil, status.Errorf(codes.OutOfRange, "start %d, tree size is %d", start, s.size())
		}
		count = min(count, s.size()-start)
	}
	return leavesByRange(c, s.treeID, start, count, s.size())
}

// GetLeavesByHash follows its contract in storage.ReadOnlyLogTreeTX.
func (s *snapshot) GetLeavesByHash(ctx context.Context, hashes [][]byte, orderBySequence bool) ([]*trillian.LogLeaf, error) {
	c, err := s.use(ctx)
	if err != nil {
		return nil, err
	}
	leaves, err := leavesByMerkle(c, s.treeID, hashes)
	if err != nil {
		return nil, fmt.Errorf("read leaves by hash: %w", err)
	}
	if orderBySequence {
		slices.SortFunc(leaves, func(a, b *trillian.LogLeaf) int { return cmp.Compare(a.LeafIndex, b.LeafIndex) })
	}
	return leaves, nil
}
