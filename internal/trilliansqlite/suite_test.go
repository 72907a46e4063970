package trilliansqlite_test

import (
	"context"
	"net"
	"testing"
	"time"

	"github.com/google/trillian"
	"github.com/google/trillian/extension"
	"github.com/google/trillian/integration"
	"github.com/google/trillian/integration/storagetest"
	"github.com/google/trillian/log"
	"github.com/google/trillian/quota"
	"github.com/google/trillian/server"
	"github.com/google/trillian/storage"
	"github.com/google/trillian/storage/testonly"
	"github.com/google/trillian/trees"
	"github.com/google/trillian/util/clock"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/test/bufconn"

	"github.com/sijil/sijil/internal/trilliansqlite"
)

func TestLogStorage(t *testing.T) {
	storagetest.RunLogStorageTests(t, func(ctx context.Context, t *testing.T) (storage.LogStorage, storage.AdminStorage) {
		s := create(t)
		return s.LogStorage(), s.AdminStorage()
	})
}

func TestAdminStorage(t *testing.T) {
	tester := testonly.AdminStorageTester{NewAdminStorage: func() storage.AdminStorage {
		return create(t).AdminStorage()
	}}
	tester.RunAllTests(t)
}

func TestLogIntegration(t *testing.T) {
	s := create(t)
	tree := newTree(t, s, testonly.LogTree)
	params := integration.DefaultTestParameters(tree.TreeId)
	params.SequencingPollWait = 10 * time.Millisecond
	if err := integration.RunLogIntegration(serve(t, s), params); err != nil {
		t.Fatal(err)
	}
}

// serve runs Trillian's own log server and sequencer over s and gives a gRPC
// client of it.
func serve(t *testing.T, s *trilliansqlite.Storage) trillian.TrillianLogClient {
	t.Helper()
	registry := extension.Registry{
		AdminStorage: s.AdminStorage(),
		LogStorage:   s.LogStorage(),
		QuotaManager: quota.Noop(),
	}
	lis := bufconn.Listen(1 << 20)
	srv := grpc.NewServer()
	trillian.RegisterTrillianLogServer(srv, server.NewTrillianLogRPCServer(registry, clock.System))
	go srv.Serve(lis)
	t.Cleanup(srv.Stop)

	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		sequence(ctx, t, registry)
	}()
	t.Cleanup(func() { cancel(); <-ended })

	cc, err := grpc.NewClient("passthrough:///bufconn",
		grpc.WithContextDialer(func(ctx context.Context, _ string) (net.Conn, error) { return lis.DialContext(ctx) }),
		grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cc.Close() })
	return trillian.NewTrillianLogClient(cc)
}

// sequence integrates the leaves of every active log until ctx ends.
func sequence(ctx context.Context, t *testing.T, registry extension.Registry) {
	log.InitMetrics(nil)
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		ids, err := registry.GetActiveLogIDs(ctx)
		if err != nil && ctx.Err() == nil {
			t.Errorf("GetActiveLogIDs: %v", err)
		}
		for _, id := range ids {
			tree, err := storage.GetTree(ctx, registry.AdminStorage, id)
			if err != nil {
				if ctx.Err() == nil {
					t.Errorf("GetTree(%d): %v", id, err)
				}
				continue
			}
			_, err = log.IntegrateBatch(trees.NewContext(ctx, tree), tree, 100, 0, 0,
				clock.System, registry.LogStorage, registry.QuotaManager)
			if err != nil && ctx.Err() == nil {
				t.Errorf("IntegrateBatch(%d): %v", id, err)
			}
		}
	}
}
