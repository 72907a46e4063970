package trilliansqlite_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/google/trillian"
	"github.com/google/trillian/storage"
	"github.com/google/trillian/storage/testonly"
	"github.com/google/trillian/storage/tree"
	"github.com/transparency-dev/merkle/compact"
)

// TestRolledBackNodesAreForgotten changes the nodes that the next batch builds
// on, in a transaction that does not commit and in another tree.
func TestRolledBackNodesAreForgotten(t *testing.T) {
	s := create(t)
	log, other := newTree(t, s, testonly.LogTree), newTree(t, s, testonly.LogTree)
	var wrong []tree.Node
	for i := range uint64(5) {
		wrong = append(wrong, tree.Node{ID: compact.NewNodeID(0, i), Hash: bytes.Repeat([]byte{7}, 32)})
	}
	fault := errors.New("fault")
	setWrong := func(end error) storage.LogTXFunc {
		return func(ctx context.Context, tx storage.LogTreeTX) error {
			if err := tx.SetMerkleNodes(ctx, wrong); err != nil {
				t.Error(err)
			}
			return end
		}
	}
	for batch := range 70 { // past the end of a subtree
		var leaves []*trillian.LogLeaf
		for i := range 5 {
			leaves = append(leaves, leaf(fmt.Sprint(batch, i)))
		}
		if _, err := queue(s, log, leaves...); err != nil {
			t.Fatal(err)
		}
		if n := integrate(t, s, log); n != 5 {
			t.Fatalf("integrated %d leaves, want 5", n)
		}
		if err := write(s, log, setWrong(fault)); err != fault {
			t.Fatal(err)
		}
		if batch%10 == 0 {
			if err := write(s, other, setWrong(nil)); err != nil {
				t.Fatal(err)
			}
		}
	}
	if got := len(checkTree(t, s, log)); got != 350 {
		t.Errorf("%d leaves, want 350", got)
	}
	// What was stored is what was integrated, and not only what is remembered.
	err := read(s, log, func(ctx context.Context, tx storage.ReadOnlyLogTreeTX) error {
		nodes, err := tx.GetMerkleNodes(ctx, []compact.NodeID{compact.NewNodeID(0, 4)})
		if err == nil && !bytes.Equal(nodes[0].Hash, leaf("0 4").MerkleLeafHash) {
			t.Errorf("node of leaf 4 is %x", nodes[0].Hash)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}
