package trilliansqlite_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/google/trillian"
	"github.com/google/trillian/extension"
	"github.com/google/trillian/quota"
	"github.com/google/trillian/server"
	"github.com/google/trillian/storage"
	"github.com/google/trillian/storage/testonly"
	"github.com/google/trillian/util/clock"

	"github.com/sijil/sijil/internal/trilliansqlite"
)

// TestLife is the example of the package comment.
func TestLife(t *testing.T) {
	ctx := context.Background()
	dir := t.TempDir()
	s := opened(t)(trilliansqlite.Create(dir, trilliansqlite.Options{}))
	tree, err := storage.CreateTree(ctx, s.AdminStorage(), testonly.LogTree)
	if err != nil {
		t.Fatal(err)
	}
	registry := extension.Registry{LogStorage: s.LogStorage(), AdminStorage: s.AdminStorage(), QuotaManager: quota.Noop()}
	rpc := server.NewTrillianLogRPCServer(registry, clock.System)
	if _, err := rpc.InitLog(ctx, &trillian.InitLogRequest{LogId: tree.TreeId}); err != nil {
		t.Fatal(err)
	}
	if _, err := rpc.InitLog(ctx, &trillian.InitLogRequest{LogId: tree.TreeId}); err == nil {
		t.Error("a log was initialised twice")
	}
	leaves := []*trillian.LogLeaf{leaf("a"), leaf("b")}
	if _, err := s.LogStorage().QueueLeaves(ctx, tree, leaves, time.Now()); err != nil {
		t.Fatal(err)
	}
	mustClose(t, s)

	s = closing(t)(trilliansqlite.Open(dir, trilliansqlite.Options{}))
	if n := integrate(t, s, tree); n != 2 {
		t.Errorf("integrated %d leaves, want 2", n)
	}
	if got := fmt.Sprint(checkTree(t, s, tree)); got != "[a b]" {
		t.Errorf("leaves %s, want [a b]", got)
	}
}
