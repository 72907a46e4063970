package trilliansqlite_test

import (
	"context"
	"database/sql"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/trillian"
	"github.com/google/trillian/log"
	"github.com/google/trillian/quota"
	"github.com/google/trillian/storage"
	"github.com/google/trillian/types"
	"github.com/google/trillian/util/clock"
	"github.com/transparency-dev/merkle/rfc6962"

	"github.com/sijil/sijil/internal/trilliansqlite"
)

// create makes a storage in a folder of its own that lives as long as the test.
func create(t testing.TB) *trilliansqlite.Storage {
	t.Helper()
	return closing(t)(trilliansqlite.Create(t.TempDir(), trilliansqlite.Options{}))
}

// closing gives a function that takes what Create or Open returns and closes
// it with the test.
func closing(t testing.TB) func(*trilliansqlite.Storage, error) *trilliansqlite.Storage {
	return func(s *trilliansqlite.Storage, err error) *trilliansqlite.Storage {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := s.Close(); err != nil {
				t.Errorf("Close: %v", err)
			}
		})
		return s
	}
}

func mustClose(t testing.TB, s *trilliansqlite.Storage) {
	t.Helper()
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}

// newTree makes a tree of the kind of like, with an empty root.
func newTree(t testing.TB, s *trilliansqlite.Storage, like *trillian.Tree) *trillian.Tree {
	t.Helper()
	tree, err := storage.CreateTree(context.Background(), s.AdminStorage(), like)
	if err != nil {
		t.Fatal(err)
	}
	root := &types.LogRootV1{RootHash: rfc6962.DefaultHasher.EmptyRoot(), TimestampNanos: 1}
	if err := storeRoot(s, tree, root); err != nil {
		t.Fatal(err)
	}
	return tree
}

func storeRoot(s *trilliansqlite.Storage, tree *trillian.Tree, root *types.LogRootV1) error {
	b, err := root.MarshalBinary()
	if err != nil {
		return err
	}
	return write(s, tree, func(ctx context.Context, tx storage.LogTreeTX) error {
		return tx.StoreSignedLogRoot(ctx, &trillian.SignedLogRoot{LogRoot: b})
	})
}

func write(s *trilliansqlite.Storage, tree *trillian.Tree, f storage.LogTXFunc) error {
	return s.LogStorage().ReadWriteTransaction(context.Background(), tree, f)
}

// read runs f on a snapshot.
func read(s *trilliansqlite.Storage, tree *trillian.Tree, f func(context.Context, storage.ReadOnlyLogTreeTX) error) error {
	ctx := context.Background()
	tx, err := s.LogStorage().SnapshotForTree(ctx, tree)
	if err != nil {
		return err
	}
	defer tx.Close()
	if err := f(ctx, tx); err != nil {
		return err
	}
	return tx.Commit(ctx)
}

func leaf(value string) *trillian.LogLeaf {
	hash := rfc6962.DefaultHasher.HashLeaf([]byte(value))
	return &trillian.LogLeaf{LeafValue: []byte(value), LeafIdentityHash: hash, MerkleLeafHash: hash}
}

func queue(s *trilliansqlite.Storage, tree *trillian.Tree, leaves ...*trillian.LogLeaf) ([]*trillian.QueuedLogLeaf, error) {
	return s.LogStorage().QueueLeaves(context.Background(), tree, leaves, time.Now())
}

// integrate runs Trillian's sequencer until nothing waits and gives how many
// leaves it integrated.
func integrate(t testing.TB, s *trilliansqlite.Storage, tree *trillian.Tree) (total int) {
	t.Helper()
	log.InitMetrics(nil)
	for {
		n, err := log.IntegrateBatch(context.Background(), tree, 1000, 0, 0, clock.System, s.LogStorage(), quota.Noop())
		if err != nil {
			t.Fatal(err)
		}
		if n == 0 {
			return total
		}
		total += n
	}
}

// damage changes the database of a folder whose storage is closed.
func damage(t testing.TB, dir, statement string, args ...any) {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+filepath.Join(dir, "trillian.sqlite")+"?mode=rw")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.Exec(statement, args...); err != nil {
		t.Fatal(err)
	}
}
