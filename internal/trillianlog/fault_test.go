package trillianlog_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/trillian"
	"github.com/google/trillian/storage"
	"k8s.io/klog/v2"

	"github.com/sijil/sijil/internal/trillianlog"
)

var errDisk = errors.New("the disk failed")

// faulty is a real storage whose transactions fail when told to.
type faulty struct {
	storage.LogStorage
	before, after atomic.Int32 // how many still fail: before anything, or after the commit
	attempts      chan struct{}
}

func (s *faulty) ReadWriteTransaction(ctx context.Context, tree *trillian.Tree, f storage.LogTXFunc) error {
	if s.before.Load() > 0 {
		s.before.Add(-1)
		s.attempts <- struct{}{}
		return errDisk
	}
	var dequeued bool
	err := s.LogStorage.ReadWriteTransaction(ctx, tree, func(ctx context.Context, tx storage.LogTreeTX) error {
		return f(ctx, &watched{tx, &dequeued})
	})
	if err == nil && dequeued && s.after.Load() > 0 {
		s.after.Add(-1)
		s.attempts <- struct{}{}
		return errDisk // although it is on the disk
	}
	return err
}

// watched notes whether a transaction had leaves to integrate.
type watched struct {
	storage.LogTreeTX
	dequeued *bool
}

func (w *watched) DequeueLeaves(ctx context.Context, limit int, cutoff time.Time) ([]*trillian.LogLeaf, error) {
	leaves, err := w.LogTreeTX.DequeueLeaves(ctx, limit, cutoff)
	*w.dequeued = len(leaves) > 0
	return leaves, err
}

func openFaulty(t *testing.T) (*trillianlog.Log, *faulty) {
	t.Helper()
	s := &faulty{attempts: make(chan struct{}, 100)}
	f := newFixture(t)
	f.wrap = func(inner storage.LogStorage) storage.LogStorage { s.LogStorage = inner; return s }
	return f.open(t), s
}

func TestAppendWaitsWhileIntegrationFails(t *testing.T) {
	l, s := openFaulty(t)
	s.before.Store(3)
	mustAppend(t, l, "a", 0, false)
	if got := len(s.attempts); got != 3 {
		t.Errorf("%d attempts failed, want 3", got)
	}
	checkRoot(t, l, 1)
}

func TestAppendIsAnsweredWhenTheCommitReportedAnError(t *testing.T) {
	l, s := openFaulty(t)
	s.after.Store(1)
	mustAppend(t, l, "a", 0, false)
	if got := len(s.attempts); got != 1 {
		t.Errorf("%d commits reported an error, want 1", got)
	}
	checkRoot(t, l, 1)
}

func TestAppendGivesUpWithItsContext(t *testing.T) {
	l, s := openFaulty(t)
	s.before.Store(1 << 30)
	ctx, cancel := context.WithCancel(context.Background())
	answer := make(chan error)
	go func() {
		_, _, err := l.Append(ctx, []byte("a"))
		answer <- err
	}()
	<-s.attempts
	select {
	case err := <-answer:
		t.Fatalf("Append = %v while nothing is integrated", err)
	default:
	}
	cancel()
	if err := <-answer; !errors.Is(err, context.Canceled) {
		t.Errorf("Append = %v, want context.Canceled", err)
	}
	s.before.Store(0)
	index, _, err := l.Append(context.Background(), []byte("a"))
	if err != nil || index != 0 {
		t.Errorf("Append again = %d, %v, want 0", index, err)
	}
	checkRoot(t, l, 1)
}

func TestCloseWhileIntegrationFails(t *testing.T) {
	l, s := openFaulty(t)
	s.before.Store(1 << 30)
	answer := make(chan error)
	go func() {
		_, _, err := l.Append(context.Background(), []byte("a"))
		answer <- err
	}()
	<-s.attempts
	closed := make(chan error)
	go func() { closed <- l.Close() }()
	if err := <-answer; !errors.Is(err, trillianlog.ErrClosed) {
		t.Errorf("Append = %v, want ErrClosed", err)
	}
	if err := <-closed; err != nil {
		t.Error(err)
	}
}

func TestOpenFailsWhenIntegrationFails(t *testing.T) {
	f := newFixture(t)
	s := &faulty{LogStorage: f.storage.LogStorage(), attempts: make(chan struct{}, 1)}
	s.before.Store(1)
	_, err := trillianlog.Open(context.Background(), trillianlog.Options{
		Log: s, Admin: f.storage.AdminStorage(), TreeID: f.treeID,
	})
	if !errors.Is(err, errDisk) {
		t.Errorf("Open = %v, want the fault", err)
	}
}

func TestRouteKlog(t *testing.T) {
	var out bytes.Buffer
	trillianlog.RouteKlog(slog.NewTextHandler(&out, &slog.HandlerOptions{Level: slog.LevelDebug}))
	defer trillianlog.RouteKlog(slog.DiscardHandler)
	klog.Info("a batch")
	klog.Error("a failure")
	klog.Flush()
	for _, want := range []string{"level=DEBUG msg=\"a batch\"", "level=WARN msg=\"a failure\""} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("log has no %q:\n%s", want, out.String())
		}
	}
}
