package trilliansqlite

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/trillian"
	"github.com/google/trillian/storage"
	"github.com/google/trillian/storage/cache"
	"github.com/google/trillian/storage/storagepb"
	"github.com/google/trillian/storage/testonly"
	"github.com/google/trillian/types"
	"github.com/transparency-dev/merkle/rfc6962"
	"google.golang.org/protobuf/proto"
)

func newStorage(t *testing.T) (*Storage, *trillian.Tree) {
	t.Helper()
	s, err := Create(t.TempDir(), Options{Readers: 3})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	})
	ctx := context.Background()
	tree, err := storage.CreateTree(ctx, s.AdminStorage(), testonly.LogTree)
	if err != nil {
		t.Fatal(err)
	}
	root, err := (&types.LogRootV1{TimestampNanos: 1}).MarshalBinary()
	if err != nil {
		t.Fatal(err)
	}
	err = s.LogStorage().ReadWriteTransaction(ctx, tree, func(ctx context.Context, tx storage.LogTreeTX) error {
		return tx.StoreSignedLogRoot(ctx, &trillian.SignedLogRoot{LogRoot: root})
	})
	if err != nil {
		t.Fatal(err)
	}
	return s, tree
}

func queueOne(s *Storage, tree *trillian.Tree, b byte, size int) error {
	hash := make([]byte, hashSize)
	hash[0] = b
	_, err := s.LogStorage().QueueLeaves(context.Background(), tree, []*trillian.LogLeaf{
		{LeafIdentityHash: hash, MerkleLeafHash: hash, LeafValue: make([]byte, size)},
	}, time.Unix(1, 0))
	return err
}

// TestPragmas asks every connection, not one.
func TestPragmas(t *testing.T) {
	s, _ := newStorage(t)
	conns := map[string]*conn{"writer": s.writer.conn}
	for i := range 3 {
		c := <-s.readers.free
		defer s.readers.put(c)
		defer func() { s.readers.total-- }()
		conns[fmt.Sprint("reader ", i)] = c
	}
	for name, c := range conns {
		want := map[string]string{
			"journal_mode": "wal", "foreign_keys": "1", "busy_timeout": "10000", "trusted_schema": "0",
		}
		if name == "writer" {
			want["synchronous"] = "2"
			want["query_only"] = "0"
		} else {
			want["query_only"] = "1"
			if _, err := c.exec("DELETE FROM tree"); !isReadOnly(err) {
				t.Errorf("%s: a write gives %v, want read-only", name, err)
			}
		}
		for pragma, value := range want {
			var got string
			if err := c.row("PRAGMA " + pragma).Scan(&got); err != nil || got != value {
				t.Errorf("%s: %s = %q, %v, want %q", name, pragma, got, err, value)
			}
		}
	}
}

func TestFullDisk(t *testing.T) {
	s, tree := newStorage(t)
	limit := func(pages int) {
		t.Helper()
		if err := s.writer.acquire(context.Background()); err != nil {
			t.Fatal(err)
		}
		defer s.writer.release()
		var got int
		if err := s.writer.conn.row(fmt.Sprintf("PRAGMA max_page_count = %d", pages)).Scan(&got); err != nil {
			t.Fatal(err)
		}
	}
	if err := queueOne(s, tree, 1, 10); err != nil {
		t.Fatal(err)
	}
	limit(30)
	if err := queueOne(s, tree, 2, 1<<20); err == nil {
		t.Error("a leaf was queued on a full disk")
	}
	limit(1 << 20)
	if err := queueOne(s, tree, 3, 1<<20); err != nil {
		t.Errorf("with room again: %v", err)
	}
	var n int
	err := s.LogStorage().ReadWriteTransaction(context.Background(), tree, func(ctx context.Context, tx storage.LogTreeTX) error {
		leaves, err := tx.DequeueLeaves(ctx, 10, time.Now())
		n = len(leaves)
		return err
	})
	if err != nil || n != 2 {
		t.Errorf("%d leaves wait, %v, want the 2 that were answered", n, err)
	}
}

// TestDiskFault checks that after a fault that leaves the file's state unknown
// nothing more is written, while what is there can be read.
func TestDiskFault(t *testing.T) {
	s, tree := newStorage(t)
	fault := errors.New("sync failed")
	if err := s.writer.acquire(context.Background()); err != nil {
		t.Fatal(err)
	}
	s.writer.broken = fault
	s.writer.release()
	if err := queueOne(s, tree, 1, 10); !errors.Is(err, fault) {
		t.Errorf("QueueLeaves = %v, want the fault", err)
	}
	if _, err := storage.CreateTree(context.Background(), s.AdminStorage(), testonly.LogTree); !errors.Is(err, fault) {
		t.Errorf("CreateTree = %v, want the fault", err)
	}
	if _, err := storage.GetTree(context.Background(), s.AdminStorage(), tree.TreeId); err != nil {
		t.Errorf("GetTree = %v", err)
	}
}

// TestTakeIsBounded checks the bounds of one shared transaction.
func TestTakeIsBounded(t *testing.T) {
	call := func(leaves, bytes int) *queueCall {
		return &queueCall{leaves: make([]*trillian.LogLeaf, leaves), bytes: bytes}
	}
	tests := []struct {
		name  string
		calls []*queueCall
		want  []int // calls in each batch
	}{
		{"none", nil, nil},
		{"few", []*queueCall{call(1, 1), call(1, 1)}, []int{2}},
		{"leaves", []*queueCall{call(maxBatchLeaves, 1), call(1, 1), call(2, 1)}, []int{1, 2}},
		{"bytes", []*queueCall{call(1, maxBatchBytes-1), call(1, 1), call(1, 1)}, []int{2, 1}},
		{"one too large", []*queueCall{call(2*maxBatchLeaves, 1), call(1, 1)}, []int{1, 1}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			c := &committer{pending: test.calls}
			var got []int
			for batch := c.take(); len(batch) > 0; batch = c.take() {
				got = append(got, len(batch))
			}
			if fmt.Sprint(got) != fmt.Sprint(test.want) {
				t.Errorf("batches of %v calls, want %v", got, test.want)
			}
		})
	}
}

// FuzzParseSubtree: what is accepted is what the cache can use as it is.
func FuzzParseSubtree(f *testing.F) {
	hash := make([]byte, hashSize)
	seeds := []*storagepb.SubtreeProto{
		{Prefix: []byte{1}, Depth: subtreeDepth, Leaves: map[string][]byte{"CAA=": hash}},
		{Prefix: []byte{1}, Depth: 7, Leaves: map[string][]byte{"CAA=": hash}},
		{Prefix: []byte{1}, Depth: subtreeDepth, Leaves: map[string][]byte{"CAA=": hash}, InternalNodeCount: 1},
		{Prefix: []byte{1}, Depth: subtreeDepth, Leaves: map[string][]byte{leafSuffix(0): hash, leafSuffix(1): hash}},
		{Prefix: []byte{1}, Depth: subtreeDepth, Leaves: map[string][]byte{leafSuffix(1): hash}},
	}
	for _, seed := range seeds {
		b, err := proto.Marshal(seed)
		if err != nil {
			f.Fatal(err)
		}
		f.Add([]byte{1}, b)
	}
	f.Fuzz(func(t *testing.T, prefix, nodes []byte) {
		st, err := parseSubtree(prefix, nodes)
		if err != nil {
			if st != nil {
				t.Error("a refused subtree was returned")
			}
			return
		}
		if err := cache.PopulateLogTile(proto.Clone(st).(*storagepb.SubtreeProto), rfc6962.DefaultHasher); err != nil {
			t.Errorf("accepted what the cache refuses: %v", err)
		}
		if string(st.Prefix) != string(prefix) || st.Prefix == nil || st.Depth != subtreeDepth || len(st.Leaves) == 0 {
			t.Errorf("accepted %v for prefix %x", st, prefix)
		}
		again, err := proto.Marshal(st)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := parseSubtree(prefix, again); err != nil {
			t.Errorf("what was parsed does not parse again: %v", err)
		}
	})
}
