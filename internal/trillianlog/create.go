package trillianlog

import (
	"context"
	"errors"
	"fmt"

	"github.com/google/trillian"
	"github.com/google/trillian/extension"
	"github.com/google/trillian/quota"
	"github.com/google/trillian/server"
	"github.com/google/trillian/storage"
	"github.com/google/trillian/util/clock"
	"google.golang.org/protobuf/types/known/durationpb"
)

// ErrExists says that the storage holds a log already. The caller opens it, or
// leaves it alone.
var ErrExists = errors.New("trillianlog: a log exists")

// Create makes the one tree (LOG, RFC 6962 with SHA-256) of a storage, with an
// empty root, and returns its ID. Only the making of a new log calls it.
//
// If we die between the tree and its root, the storage holds a tree that cannot
// be opened; calling Create again completes it. A storage that holds anything
// else is ErrExists.
func Create(ctx context.Context, log storage.LogStorage, admin storage.AdminStorage) (treeID int64, err error) {
	trees, err := storage.ListTrees(ctx, admin, true)
	if err != nil {
		return 0, fmt.Errorf("trillianlog: list trees: %w", err)
	}
	var tree *trillian.Tree
	switch len(trees) {
	case 0:
		tree, err = storage.CreateTree(ctx, admin, &trillian.Tree{
			TreeState:       trillian.TreeState_ACTIVE,
			TreeType:        trillian.TreeType_LOG,
			MaxRootDuration: durationpb.New(0), // no new root without a new entry
		})
		if err != nil {
			return 0, fmt.Errorf("trillianlog: create tree: %w", err)
		}
	case 1:
		tree = trees[0]
		if err := requireNoRoot(ctx, log, tree); err != nil {
			return 0, err
		}
	default:
		return 0, ErrExists
	}
	registry := extension.Registry{LogStorage: log, AdminStorage: admin, QuotaManager: quota.Noop()}
	rpc := server.NewTrillianLogRPCServer(registry, clock.System)
	if _, err := rpc.InitLog(ctx, &trillian.InitLogRequest{LogId: tree.TreeId}); err != nil {
		return 0, fmt.Errorf("trillianlog: initialise tree: %w", err)
	}
	return tree.TreeId, nil
}

// requireNoRoot reports ErrExists for a tree that has a root.
func requireNoRoot(ctx context.Context, log storage.LogStorage, tree *trillian.Tree) error {
	snap, err := log.SnapshotForTree(ctx, tree)
	if snap != nil {
		defer snap.Close() // nothing was read that a failed close could spoil
	}
	switch {
	case err == nil:
		return ErrExists
	case errors.Is(err, storage.ErrTreeNeedsInit):
		return nil
	}
	return fmt.Errorf("trillianlog: read root: %w", err)
}
