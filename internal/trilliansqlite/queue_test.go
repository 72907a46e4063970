package trilliansqlite_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/trillian"
	"github.com/google/trillian/storage"
	"github.com/google/trillian/storage/testonly"
	"github.com/google/trillian/types"
	"google.golang.org/grpc/codes"

	"github.com/sijil/sijil/internal/trilliansqlite"
)

func code(q *trillian.QueuedLogLeaf) codes.Code { return codes.Code(q.GetStatus().GetCode()) }

func TestQueueDuplicate(t *testing.T) {
	s := create(t)
	tree := newTree(t, s, testonly.LogTree)
	first, second := leaf("a"), leaf("a")
	first.ExtraData, second.ExtraData = []byte("first"), []byte("second")

	check := func(want int64, q []*trillian.QueuedLogLeaf, err error) {
		t.Helper()
		if err != nil || len(q) != 1 || code(q[0]) != codes.AlreadyExists {
			t.Fatalf("QueueLeaves = %v, %v, want AlreadyExists", q, err)
		}
		if got := q[0].Leaf; string(got.ExtraData) != "first" || string(got.LeafValue) != "a" || got.LeafIndex != want {
			t.Errorf("duplicate answered with %v, want the first leaf at index %d", got, want)
		}
	}
	q, err := queue(s, tree, first, second) // within one call
	if err != nil || code(q[0]) != codes.OK {
		t.Fatalf("QueueLeaves = %v, %v", q, err)
	}
	check(-1, q[1:], nil)
	q, err = queue(s, tree, second) // while it waits
	check(-1, q, err)
	if n := integrate(t, s, tree); n != 1 {
		t.Fatalf("integrated %d leaves, want 1", n)
	}
	q, err = queue(s, tree, second) // when it is integrated
	check(0, q, err)

	other := newTree(t, s, testonly.LogTree)
	if q, err := queue(s, other, leaf("a")); err != nil || code(q[0]) != codes.OK {
		t.Errorf("the same leaf in another tree: %v, %v", q, err)
	}
}

func TestQueueRefuses(t *testing.T) {
	ctx := context.Background()
	s := create(t)
	tree := newTree(t, s, testonly.LogTree)
	short := leaf("short")
	short.LeafIdentityHash = short.LeafIdentityHash[1:]
	if _, err := queue(s, tree, leaf("good"), short); err == nil {
		t.Error("an identity hash of 31 bytes was queued")
	}
	noRoot, err := storage.CreateTree(ctx, s.AdminStorage(), testonly.LogTree)
	if err != nil {
		t.Fatal(err)
	}
	for name, tree := range map[string]*trillian.Tree{"uninitialised": noRoot, "unknown": {TreeId: 7}} {
		if _, err := queue(s, tree, leaf("a")); err != storage.ErrTreeNeedsInit {
			t.Errorf("%s tree: %v, want ErrTreeNeedsInit itself", name, err)
		}
	}
	if _, err := s.LogStorage().QueueLeaves(ctx, tree, []*trillian.LogLeaf{leaf("a")}, time.Time{}); err == nil {
		t.Error("the year 1 was accepted as a queue time")
	}
	if n := integrate(t, s, tree); n != 0 {
		t.Errorf("%d leaves were queued, want none", n)
	}
}

func TestQueueConcurrent(t *testing.T) {
	const callers, distinct = 512, 128
	s := create(t)
	tree, other := newTree(t, s, testonly.LogTree), newTree(t, s, testonly.LogTree)
	var first atomic.Int32
	var wg sync.WaitGroup
	for i := range callers {
		wg.Go(func() {
			q, err := queue(s, tree, leaf(fmt.Sprint(i%distinct)))
			if err != nil {
				t.Error(err)
			} else if code(q[0]) == codes.OK {
				first.Add(1)
			}
		})
		wg.Go(func() {
			if _, err := queue(s, other, leaf(fmt.Sprint(i)), leaf(fmt.Sprint(i, "b"))); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if got := first.Load(); got != distinct {
		t.Errorf("%d leaves were answered as new, want %d", got, distinct)
	}
	if n := integrate(t, s, tree); n != distinct {
		t.Errorf("integrated %d leaves, want %d", n, distinct)
	}
	if n := integrate(t, s, other); n != 2*callers {
		t.Errorf("integrated %d leaves, want %d", n, 2*callers)
	}
}

func TestQueueCanceled(t *testing.T) {
	s := create(t)
	tree := newTree(t, s, testonly.LogTree)
	err := write(s, tree, func(context.Context, storage.LogTreeTX) error {
		// The writer is ours: the call cannot have begun when its context ends.
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		_, err := s.LogStorage().QueueLeaves(ctx, tree, []*trillian.LogLeaf{leaf("a")}, time.Now())
		if !errors.Is(err, context.Canceled) {
			t.Errorf("QueueLeaves = %v, want context.Canceled", err)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if n := integrate(t, s, tree); n != 0 {
		t.Errorf("a canceled call queued %d leaves", n)
	}
}

// TestFailureOfTheTransactionThatTookALeaf queues a leaf while a transaction
// runs, lets the transaction take it along, and ends that in every way.
func TestFailureOfTheTransactionThatTookALeaf(t *testing.T) {
	fault := errors.New("fault")
	ways := map[string]func(ctx context.Context, tx storage.LogTreeTX) error{
		"error":  func(context.Context, storage.LogTreeTX) error { return fault },
		"panic":  func(context.Context, storage.LogTreeTX) error { panic(fault) },
		"close":  func(_ context.Context, tx storage.LogTreeTX) error { return tx.Close() },
		"commit": func(ctx context.Context, tx storage.LogTreeTX) error { return tx.Commit(ctx) },
		"return": func(context.Context, storage.LogTreeTX) error { return nil },
	}
	for name, end := range ways {
		t.Run(name, func(t *testing.T) {
			s := create(t)
			tree := newTree(t, s, testonly.LogTree)
			queued := make(chan error, 1)
			func() {
				defer func() { recover() }()
				write(s, tree, func(ctx context.Context, tx storage.LogTreeTX) error {
					go func() {
						q, err := queue(s, tree, leaf("a"))
						if err == nil && code(q[0]) != codes.OK {
							err = fmt.Errorf("status %v", q[0].Status)
						}
						queued <- err
					}()
					for taken := 0; taken == 0; {
						leaves, err := tx.DequeueLeaves(ctx, 10, time.Now().Add(time.Hour))
						if err != nil {
							t.Error(err)
							return err
						}
						taken = len(leaves)
					}
					select {
					case err := <-queued:
						t.Errorf("answered before the commit: %v", err)
					default:
					}
					return end(ctx, tx)
				})
			}()
			if err := <-queued; err != nil {
				t.Errorf("QueueLeaves = %v", err)
			}
			if n := integrate(t, s, tree); n != 1 {
				t.Errorf("integrated %d leaves, want 1", n)
			}
		})
	}
}

func TestCloseWhileQueueing(t *testing.T) {
	dir := t.TempDir()
	s := opened(t)(trilliansqlite.Create(dir, trilliansqlite.Options{}))
	tree := newTree(t, s, testonly.LogTree)
	var durable atomic.Int32
	enough := make(chan struct{})
	var wg sync.WaitGroup
	for g := range 16 {
		wg.Go(func() {
			for i := 0; ; i++ {
				_, err := queue(s, tree, leaf(fmt.Sprint(g, i)))
				if errors.Is(err, trilliansqlite.ErrClosed) {
					return
				} else if err != nil {
					t.Error(err)
					return
				}
				if durable.Add(1) == 100 {
					close(enough)
				}
			}
		})
	}
	<-enough
	mustClose(t, s)
	wg.Wait()
	if err := storeRoot(s, tree, &types.LogRootV1{TimestampNanos: 9}); !errors.Is(err, trilliansqlite.ErrClosed) {
		t.Errorf("write after Close = %v, want ErrClosed", err)
	}
	if _, err := s.LogStorage().SnapshotForTree(context.Background(), tree); !errors.Is(err, trilliansqlite.ErrClosed) {
		t.Errorf("read after Close = %v, want ErrClosed", err)
	}
	s = closing(t)(trilliansqlite.Open(dir, trilliansqlite.Options{}))
	if n := integrate(t, s, tree); n != int(durable.Load()) {
		t.Errorf("integrated %d leaves, %d were answered as durable", n, durable.Load())
	}
}
