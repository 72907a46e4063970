package trilliansqlite_test

import (
	"context"
	"testing"

	"github.com/google/trillian"
	"github.com/google/trillian/storage"
	"github.com/google/trillian/types"
	"github.com/transparency-dev/merkle/rfc6962"

	"github.com/sijil/sijil/internal/trilliansqlite"
)

func emptyRoot() []byte { return rfc6962.DefaultHasher.EmptyRoot() }

func signedRoot(t testing.TB, root *types.LogRootV1) *trillian.SignedLogRoot {
	t.Helper()
	b, err := root.MarshalBinary()
	if err != nil {
		t.Fatal(err)
	}
	return &trillian.SignedLogRoot{LogRoot: b}
}

func storeRoot(t testing.TB, s *trilliansqlite.Storage, tree *trillian.Tree, root *types.LogRootV1) {
	t.Helper()
	err := s.LogStorage().ReadWriteTransaction(context.Background(), tree, func(ctx context.Context, tx storage.LogTreeTX) error {
		return tx.StoreSignedLogRoot(ctx, signedRoot(t, root))
	})
	if err != nil {
		t.Fatal(err)
	}
}
