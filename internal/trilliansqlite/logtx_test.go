package trilliansqlite_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/trillian"
	"github.com/google/trillian/storage"
	"github.com/google/trillian/storage/testonly"
	"github.com/google/trillian/types"
	"github.com/transparency-dev/merkle/compact"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/sijil/sijil/internal/trilliansqlite"
)

func TestRootNeverGoesBack(t *testing.T) {
	s := create(t)
	tree := newTree(t, s, testonly.LogTree)
	stored := types.LogRootV1{TreeSize: 5, TimestampNanos: 100, RootHash: []byte("five")}
	if err := storeRoot(s, tree, &stored); err != nil {
		t.Fatal(err)
	}
	for name, root := range map[string]types.LogRootV1{
		"smaller":        {TreeSize: 4, TimestampNanos: 101},
		"earlier":        {TreeSize: 6, TimestampNanos: 99},
		"at the same ns": {TreeSize: 6, TimestampNanos: 100},
		"out of range":   {TreeSize: 1 << 63, TimestampNanos: 101},
	} {
		if err := storeRoot(s, tree, &root); status.Code(err) != codes.FailedPrecondition {
			t.Errorf("a root that is %s: %v, want FailedPrecondition", name, err)
		}
	}
	err := read(s, tree, func(ctx context.Context, tx storage.ReadOnlyLogTreeTX) error {
		slr, err := tx.LatestSignedLogRoot(ctx)
		if err != nil {
			return err
		}
		var got types.LogRootV1
		if err := got.UnmarshalBinary(slr.LogRoot); err != nil {
			return err
		}
		if got.TreeSize != 5 || string(got.RootHash) != "five" {
			t.Errorf("root is %+v, want the stored one", got)
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}

// filled makes a folder with a log of n integrated leaves, closed.
func filled(t *testing.T, n int) (dir string, tree *trillian.Tree) {
	t.Helper()
	dir = t.TempDir()
	s := opened(t)(trilliansqlite.Create(dir, trilliansqlite.Options{}))
	tree = newTree(t, s, testonly.LogTree)
	var leaves []*trillian.LogLeaf
	for i := range n {
		leaves = append(leaves, leaf(fmt.Sprint(i)))
	}
	if _, err := queue(s, tree, leaves...); err != nil {
		t.Fatal(err)
	}
	if got := integrate(t, s, tree); got != n {
		t.Fatalf("integrated %d leaves, want %d", got, n)
	}
	mustClose(t, s)
	return dir, tree
}

// TestDamage checks that what cannot be read is an error and never looks like
// an empty or a shorter log.
func TestDamage(t *testing.T) {
	type snapshotFunc = func(context.Context, storage.ReadOnlyLogTreeTX) error
	lastLeaves := func(ctx context.Context, tx storage.ReadOnlyLogTreeTX) error {
		_, err := tx.GetLeavesByRange(ctx, 290, 10)
		return err
	}
	nodes := func(ctx context.Context, tx storage.ReadOnlyLogTreeTX) error {
		_, err := tx.GetMerkleNodes(ctx, compact.RangeNodes(0, 300, nil))
		return err
	}
	byHash := func(ctx context.Context, tx storage.ReadOnlyLogTreeTX) error {
		_, err := tx.GetLeavesByHash(ctx, [][]byte{leaf("3").MerkleLeafHash}, false)
		return err
	}
	root := func(context.Context, storage.ReadOnlyLogTreeTX) error { return nil }
	tests := []struct {
		name, statement string
		read            snapshotFunc
		want            string
	}{
		{"root of other bytes", `UPDATE tree_head SET log_root = x'0001'`, root, "read root"},
		{"empty root", `UPDATE tree_head SET log_root = x''`, root, "read root"},
		{"last leaf without a place", `DELETE FROM sequence WHERE leaf_index = 299`, lastLeaves, "leaf 299 is missing"},
		{"leaf without a place", `DELETE FROM sequence WHERE leaf_index = 292`, lastLeaves, "leaf 292 is missing"},
		{"short hash", `UPDATE leaf SET identity_hash = x'00' WHERE value = '295'`, lastLeaves, "hash of 1 bytes"},
		{"short merkle hash", `UPDATE leaf SET merkle_hash = identity_hash, identity_hash = x'00' WHERE value = CAST('3' AS BLOB)`, byHash, "hash of 1 bytes"},
		{"no subtree", `DELETE FROM subtree WHERE length(prefix) = 7`, nodes, "not found"},
		{"subtree of other bytes", `UPDATE subtree SET nodes = x'ff'`, nodes, "read subtree"},
		{"empty subtree", `UPDATE subtree SET nodes = x''`, nodes, "read subtree"},
		{"subtree of another place", `UPDATE subtree SET nodes = (SELECT nodes FROM subtree s WHERE length(s.prefix) = 6)`, nodes, "stored with prefix"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			dir, tree := filled(t, 300)
			s := opened(t)(trilliansqlite.Open(dir, trilliansqlite.Options{}))
			if err := read(s, tree, test.read); err != nil {
				t.Fatalf("undamaged: %v", err)
			}
			mustClose(t, s)
			damage(t, dir, strings.ReplaceAll(test.statement, "'295'", "CAST('295' AS BLOB)"))
			s = closing(t)(trilliansqlite.Open(dir, trilliansqlite.Options{}))
			err := read(s, tree, test.read)
			if err == nil || errors.Is(err, storage.ErrTreeNeedsInit) || !strings.Contains(err.Error(), test.want) {
				t.Errorf("read = %v, want an error with %q", err, test.want)
			}
		})
	}
}

// TestSnapshot reads an old state while a new one is committed.
func TestSnapshot(t *testing.T) {
	s := create(t)
	tree := newTree(t, s, testonly.LogTree)
	err := read(s, tree, func(ctx context.Context, tx storage.ReadOnlyLogTreeTX) error {
		if _, err := queue(s, tree, leaf("a")); err != nil {
			t.Fatal(err)
		}
		if n := integrate(t, s, tree); n != 1 {
			t.Fatalf("integrated %d leaves, want 1", n)
		}
		leaves, err := tx.GetLeavesByHash(ctx, [][]byte{leaf("a").MerkleLeafHash}, true)
		if len(leaves) != 0 {
			t.Errorf("an earlier snapshot shows %d new leaves", len(leaves))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	tx, err := s.LogStorage().SnapshotForTree(context.Background(), tree)
	if err != nil {
		t.Fatal(err)
	}
	if err := tx.Commit(context.Background()); err != nil {
		t.Error(err)
	}
	if _, err := tx.LatestSignedLogRoot(context.Background()); err == nil {
		t.Error("a snapshot was read after its end")
	}
	if err := tx.Close(); err != nil {
		t.Errorf("Close after Commit: %v", err)
	}
}

// TestSnapshotsOfUninitialisedTrees checks that callers who do not close such
// a snapshot, and Trillian has some, lose no connection.
func TestSnapshotsOfUninitialisedTrees(t *testing.T) {
	s := create(t)
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	for range 100 {
		tx, err := s.LogStorage().SnapshotForTree(ctx, &trillian.Tree{TreeId: 3})
		if err != storage.ErrTreeNeedsInit || tx == nil {
			t.Fatalf("SnapshotForTree = %v, %v, want ErrTreeNeedsInit and a snapshot to close", tx, err)
		}
	}
}

// TestLeavesByHash finds leaves whose identity hash is another than the Merkle
// hash, and several leaves of one Merkle hash.
func TestLeavesByHash(t *testing.T) {
	s := create(t)
	tree := newTree(t, s, testonly.LogTree)
	same, other := leaf("a"), leaf("a")
	other.LeafIdentityHash = leaf("identity").MerkleLeafHash
	if _, err := queue(s, tree, leaf("b"), other, same); err != nil {
		t.Fatal(err)
	}
	if n := integrate(t, s, tree); n != 3 {
		t.Fatalf("integrated %d leaves, want 3", n)
	}
	err := read(s, tree, func(ctx context.Context, tx storage.ReadOnlyLogTreeTX) error {
		leaves, err := tx.GetLeavesByHash(ctx, [][]byte{same.MerkleLeafHash, other.LeafIdentityHash}, true)
		if len(leaves) != 2 || leaves[0].LeafIndex != 1 || leaves[1].LeafIndex != 2 {
			t.Errorf("GetLeavesByHash = %v, want leaves 1 and 2", leaves)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// TestRangeIsBounded reads a range of more bytes than one answer may have.
func TestRangeIsBounded(t *testing.T) {
	const n, size = 6, 4 << 20
	s := create(t)
	tree := newTree(t, s, testonly.LogTree)
	for i := range n {
		if _, err := queue(s, tree, leaf(strings.Repeat(fmt.Sprint(i), size))); err != nil {
			t.Fatal(err)
		}
	}
	if got := integrate(t, s, tree); got != n {
		t.Fatalf("integrated %d leaves, want %d", got, n)
	}
	err := read(s, tree, func(ctx context.Context, tx storage.ReadOnlyLogTreeTX) error {
		for next, end := int64(0), int64(n); next < end; {
			leaves, err := tx.GetLeavesByRange(ctx, next, end-next)
			if err != nil {
				return err
			}
			if len(leaves) == 0 || len(leaves) == n {
				t.Fatalf("%d leaves from %d in one answer", len(leaves), next)
			}
			next += int64(len(leaves))
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestAddSequencedLeavesStatus(t *testing.T) {
	s := create(t)
	tree := newTree(t, s, testonly.PreorderedLogTree)
	at := func(index int64, l *trillian.LogLeaf) *trillian.LogLeaf { l.LeafIndex = index; return l }
	got, err := s.LogStorage().AddSequencedLeaves(context.Background(), tree, []*trillian.LogLeaf{
		at(0, leaf("a")), at(0, leaf("a")), at(0, leaf("b")), at(1, leaf("a")), at(-1, leaf("c")), at(1, leaf("c")),
	}, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	want := []struct {
		code  codes.Code
		value string
	}{
		{codes.OK, "a"}, {codes.AlreadyExists, "a"}, {codes.FailedPrecondition, "a"},
		{codes.FailedPrecondition, "a"}, {codes.OutOfRange, "c"}, {codes.OK, "c"},
	}
	for i, w := range want {
		if code(got[i]) != w.code || string(got[i].Leaf.LeafValue) != w.value {
			t.Errorf("leaf %d: %v with %q, want %v with %q", i, code(got[i]), got[i].Leaf.LeafValue, w.code, w.value)
		}
	}
}

func TestHardDelete(t *testing.T) {
	ctx := context.Background()
	s := create(t)
	kept, tree := newTree(t, s, testonly.LogTree), newTree(t, s, testonly.LogTree)
	for _, tr := range []*trillian.Tree{kept, tree} {
		if _, err := queue(s, tr, leaf("a"), leaf("b")); err != nil {
			t.Fatal(err)
		}
		integrate(t, s, tr)
		if _, err := queue(s, tr, leaf("c")); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := storage.SoftDeleteTree(ctx, s.AdminStorage(), tree.TreeId); err != nil {
		t.Fatal(err)
	}
	if err := storage.HardDeleteTree(ctx, s.AdminStorage(), tree.TreeId); err != nil {
		t.Fatal(err)
	}
	if _, err := s.LogStorage().SnapshotForTree(ctx, tree); err != storage.ErrTreeNeedsInit {
		t.Errorf("snapshot of a removed tree: %v", err)
	}
	if n := integrate(t, s, kept); n != 1 {
		t.Errorf("the other tree integrated %d leaves, want 1", n)
	}
}
