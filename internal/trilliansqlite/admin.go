package trilliansqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/google/trillian"
	"github.com/google/trillian/storage"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"
)

const (
	readTreesSQL = `SELECT tree_id, state, type, display_name, description,
		create_ns, update_ns, max_root_duration_ns, delete_ns FROM tree`
	readTreeSQL      = readTreesSQL + ` WHERE tree_id = ?`
	readLiveTreesSQL = readTreesSQL + ` WHERE delete_ns IS NULL ORDER BY tree_id`
	readAllTreesSQL  = readTreesSQL + ` ORDER BY tree_id`

	insertTreeSQL = `INSERT INTO tree (tree_id, state, type, display_name, description,
		create_ns, update_ns, max_root_duration_ns) VALUES (?, ?, ?, ?, ?, ?, ?, ?)`
	updateTreeSQL = `UPDATE tree SET state = ?, type = ?, display_name = ?, description = ?,
		update_ns = ?, max_root_duration_ns = ? WHERE tree_id = ?`
	markDeletedSQL = `UPDATE tree SET delete_ns = ? WHERE tree_id = ?`
)

// removeTreeSQL removes everything of a tree, referring rows first.
var removeTreeSQL = [...]string{
	`DELETE FROM queue WHERE tree_id = ?`,
	`DELETE FROM sequence WHERE tree_id = ?`,
	`DELETE FROM leaf WHERE tree_id = ?`,
	`DELETE FROM subtree WHERE tree_id = ?`,
	`DELETE FROM tree_head WHERE tree_id = ?`,
}

// adminStorage is Storage as storage.AdminStorage.
type adminStorage Storage

// CheckDatabaseAccessible reads from the database.
func (s *adminStorage) CheckDatabaseAccessible(ctx context.Context) error {
	return (*Storage)(s).checkAccessible(ctx)
}

// Snapshot begins a read.
func (s *adminStorage) Snapshot(ctx context.Context) (storage.ReadOnlyAdminTX, error) {
	tx, err := s.readers.begin(ctx)
	if err != nil {
		return nil, err
	}
	return &adminTX{transaction: tx}, nil
}

// ReadWriteTransaction runs f in the one transaction that writes and commits
// it when f returns nil: if we die in it, nothing of it has happened.
func (s *adminStorage) ReadWriteTransaction(ctx context.Context, f storage.AdminTXFunc) (err error) {
	wtx, err := s.writer.begin(ctx)
	if err != nil {
		return err
	}
	s.writer.warm = warmSubtrees{} // the tree may be removed
	tx := &adminTX{transaction: wtx, clock: s.clock}
	defer func() { err = also(err, tx.Close()) }()
	if err := f(ctx, tx); err != nil {
		return err
	}
	return tx.Commit()
}

// adminTX is a transaction over trees: storage.AdminTX, of which a snapshot
// offers the reading half.
type adminTX struct {
	*transaction
	clock     func() time.Time
	committed bool
}

// Commit ends the transaction. Committing twice changes nothing.
func (t *adminTX) Commit() error {
	if t.committed {
		return nil
	}
	if err := t.finish(true); err != nil {
		return err
	}
	t.committed = true
	return nil
}

// Close ends the transaction if Commit has not.
func (t *adminTX) Close() error { return t.rollback() }

// GetTree gives a tree, deleted or not.
func (t *adminTX) GetTree(ctx context.Context, treeID int64) (*trillian.Tree, error) {
	c, err := t.use(ctx)
	if err != nil {
		return nil, err
	}
	tree, err := scanTree(c.row(readTreeSQL, treeID))
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return nil, status.Errorf(codes.NotFound, "tree %d not found", treeID)
	case err != nil:
		return nil, fmt.Errorf("read tree %d: %w", treeID, err)
	}
	return tree, nil
}

// ListTrees gives all trees, by ID.
func (t *adminTX) ListTrees(ctx context.Context, includeDeleted bool) ([]*trillian.Tree, error) {
	c, err := t.use(ctx)
	if err != nil {
		return nil, err
	}
	query := readLiveTreesSQL
	if includeDeleted {
		query = readAllTreesSQL
	}
	var trees []*trillian.Tree
	err = c.each(func(r scanner) error {
		tree, err := scanTree(r)
		trees = append(trees, tree)
		return err
	}, query)
	if err != nil {
		return nil, fmt.Errorf("list trees: %w", err)
	}
	return trees, nil
}

// CreateTree stores a new tree under a random ID.
func (t *adminTX) CreateTree(ctx context.Context, tree *trillian.Tree) (*trillian.Tree, error) {
	c, err := t.use(ctx)
	if err != nil {
		return nil, err
	}
	if err := storage.ValidateTreeForCreation(ctx, tree); err != nil {
		return nil, err
	}
	if err := refuseSettings(tree); err != nil {
		return nil, err
	}
	created := proto.Clone(tree).(*trillian.Tree)
	if created.TreeId, err = storage.NewTreeID(); err != nil {
		return nil, err
	}
	now := t.clock().UnixNano()
	created.CreateTime, created.UpdateTime = timestamp(now), timestamp(now)
	err = c.execN(1, insertTreeSQL, created.TreeId, int32(created.TreeState), int32(created.TreeType),
		created.DisplayName, created.Description, now, now, int64(created.MaxRootDuration.AsDuration()))
	if err != nil {
		return nil, fmt.Errorf("create tree: %w", err)
	}
	return created, nil
}

// UpdateTree stores what update changes, if Trillian allows the change.
func (t *adminTX) UpdateTree(ctx context.Context, treeID int64, update func(*trillian.Tree)) (*trillian.Tree, error) {
	tree, err := t.GetTree(ctx, treeID)
	if err != nil {
		return nil, err
	}
	before := proto.Clone(tree).(*trillian.Tree)
	update(tree)
	if err := storage.ValidateTreeForUpdate(ctx, before, tree); err != nil {
		return nil, err
	}
	if err := refuseSettings(tree); err != nil {
		return nil, err
	}
	// A clock stepped back must not make the tree look older than it was.
	now := max(t.clock().UnixNano(), before.UpdateTime.AsTime().UnixNano())
	tree.UpdateTime = timestamp(now)
	err = t.conn.execN(1, updateTreeSQL, int32(tree.TreeState), int32(tree.TreeType), tree.DisplayName,
		tree.Description, now, int64(tree.MaxRootDuration.AsDuration()), treeID)
	if err != nil {
		return nil, fmt.Errorf("update tree %d: %w", treeID, err)
	}
	return tree, nil
}

// SoftDeleteTree marks a tree as deleted.
func (t *adminTX) SoftDeleteTree(ctx context.Context, treeID int64) (*trillian.Tree, error) {
	return t.markDeleted(ctx, treeID, false, t.clock().UnixNano())
}

// UndeleteTree takes the mark away.
func (t *adminTX) UndeleteTree(ctx context.Context, treeID int64) (*trillian.Tree, error) {
	return t.markDeleted(ctx, treeID, true, nil)
}

// HardDeleteTree removes a marked tree and all that belongs to it, for good.
func (t *adminTX) HardDeleteTree(ctx context.Context, treeID int64) error {
	if err := t.requireDeleted(ctx, treeID, true); err != nil {
		return err
	}
	for _, query := range removeTreeSQL {
		if _, err := t.conn.exec(query, treeID); err != nil {
			return fmt.Errorf("remove tree %d: %w", treeID, err)
		}
	}
	return t.conn.execN(1, `DELETE FROM tree WHERE tree_id = ?`, treeID)
}

func (t *adminTX) markDeleted(ctx context.Context, treeID int64, want bool, deleteNS any) (*trillian.Tree, error) {
	if err := t.requireDeleted(ctx, treeID, want); err != nil {
		return nil, err
	}
	if err := t.conn.execN(1, markDeletedSQL, deleteNS, treeID); err != nil {
		return nil, fmt.Errorf("mark tree %d: %w", treeID, err)
	}
	return t.GetTree(ctx, treeID)
}

func (t *adminTX) requireDeleted(ctx context.Context, treeID int64, want bool) error {
	tree, err := t.GetTree(ctx, treeID)
	switch {
	case err != nil:
		return err
	case want && !tree.Deleted:
		return status.Errorf(codes.FailedPrecondition, "tree %d is not soft deleted", treeID)
	case !want && tree.Deleted:
		return status.Errorf(codes.FailedPrecondition, "tree %d is soft deleted", treeID)
	}
	return nil
}

// refuseSettings says no to what would otherwise be dropped silently.
func refuseSettings(tree *trillian.Tree) error {
	if tree.StorageSettings != nil {
		return status.Error(codes.InvalidArgument, "storage_settings are not supported")
	}
	return nil
}

func scanTree(r scanner) (*trillian.Tree, error) {
	tree := new(trillian.Tree)
	var state, typ int32
	var createNS, updateNS, maxRootNS int64
	var deleteNS sql.NullInt64
	if err := r.Scan(&tree.TreeId, &state, &typ, &tree.DisplayName, &tree.Description,
		&createNS, &updateNS, &maxRootNS, &deleteNS); err != nil {
		return nil, err
	}
	if _, ok := trillian.TreeState_name[state]; !ok {
		return nil, fmt.Errorf("unknown tree state %d", state)
	}
	if _, ok := trillian.TreeType_name[typ]; !ok {
		return nil, fmt.Errorf("unknown tree type %d", typ)
	}
	tree.TreeState, tree.TreeType = trillian.TreeState(state), trillian.TreeType(typ)
	tree.CreateTime, tree.UpdateTime = timestamp(createNS), timestamp(updateNS)
	tree.MaxRootDuration = durationpb.New(time.Duration(maxRootNS))
	if deleteNS.Valid {
		tree.Deleted, tree.DeleteTime = true, timestamp(deleteNS.Int64)
	}
	return tree, nil
}
