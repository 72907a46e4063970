package trillianlog

import (
	"context"
	"fmt"

	"github.com/google/trillian"
	"github.com/google/trillian/storage"
)

// leafHash is the RFC 6962 hash of an entry, and its identity in the tree.
type leafHash [32]byte

// placement is the index at which a committed transaction integrated a leaf.
type placement struct {
	hash  leafHash
	index uint64
}

func placementOf(leaf *trillian.LogLeaf) (placement, error) {
	if n := len(leaf.LeafIdentityHash); n != len(leafHash{}) || leaf.LeafIndex < 0 {
		return placement{}, fmt.Errorf("leaf %d has an identity hash of %d bytes", leaf.LeafIndex, n)
	}
	return placement{leafHash(leaf.LeafIdentityHash), uint64(leaf.LeafIndex)}, nil
}

// tap is a LogStorage that reports which leaves a transaction integrated, once
// that transaction has committed and not before.
type tap struct {
	storage.LogStorage
	committed func([]placement)
}

// ReadWriteTransaction runs f and reports after the commit.
func (t *tap) ReadWriteTransaction(ctx context.Context, tree *trillian.Tree, f storage.LogTXFunc) error {
	var placed []placement
	err := t.LogStorage.ReadWriteTransaction(ctx, tree, func(ctx context.Context, tx storage.LogTreeTX) error {
		placed = nil // the storage may run f again after a rollback
		return f(ctx, &tapTX{LogTreeTX: tx, placed: &placed})
	})
	if err != nil {
		return err
	}
	t.committed(placed)
	return nil
}

type tapTX struct {
	storage.LogTreeTX
	placed *[]placement
}

// UpdateSequencedLeaves notes the places that it gives.
func (t *tapTX) UpdateSequencedLeaves(ctx context.Context, leaves []*trillian.LogLeaf) error {
	if err := t.LogTreeTX.UpdateSequencedLeaves(ctx, leaves); err != nil {
		return err
	}
	for _, leaf := range leaves {
		p, err := placementOf(leaf)
		if err != nil {
			return err // nothing is committed
		}
		*t.placed = append(*t.placed, p)
	}
	return nil
}
