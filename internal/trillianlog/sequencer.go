package trillianlog

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/google/trillian"
	"github.com/google/trillian/log"
	"github.com/google/trillian/quota"
	"github.com/google/trillian/storage"
	"github.com/google/trillian/trees"
	"github.com/google/trillian/util/clock"
)

const (
	// batchLimit bounds one transaction of the sequencer.
	batchLimit = 4096

	// noGuard is a guard window that holds nothing back. Zero would hold back
	// leaves that are stamped later than now, and after a restart under a clock
	// that was stepped back these are the leaves that must not be forgotten.
	noGuard = -20 * 365 * 24 * time.Hour

	// The pause after a failure grows from the first to the second.
	firstPause = 10 * time.Millisecond
	lastPause  = 5 * time.Second
)

// sequencer integrates queued leaves, in one goroutine.
type sequencer struct {
	tree    *trillian.Tree
	storage storage.LogStorage // a tap: commits reach the waiters
	clock   clock.TimeSource
	logger  *slog.Logger
	kick    chan struct{}                   // holds one token when leaves may wait
	recover func(ctx context.Context) error // called after failures have ended
	ended   chan struct{}                   // closed when run has returned
}

// wake says that a leaf was queued. It never blocks: one token stands for any
// number of leaves, because a batch takes all that wait.
func (s *sequencer) wake() {
	select {
	case s.kick <- struct{}{}:
	default:
	}
}

// run integrates whenever it is woken, until ctx ends.
func (s *sequencer) run(ctx context.Context) {
	defer close(s.ended)
	for {
		select {
		case <-ctx.Done():
			return
		case <-s.kick:
		}
		if !s.persist(ctx) {
			return
		}
	}
}

// persist integrates what waits, again and again until it succeeds. It reports
// false when ctx ended first.
func (s *sequencer) persist(ctx context.Context) bool {
	failed := false
	for pause := firstPause; ; pause = min(2*pause, lastPause) {
		err := s.drain(ctx)
		if err == nil && failed {
			err = s.recover(ctx)
		}
		if err == nil {
			return true
		}
		if ctx.Err() != nil {
			return false
		}
		failed = true
		s.logger.ErrorContext(ctx, "integration failed, entries wait", "error", err, "retry_in", pause)
		if clock.SleepContext(ctx, pause) != nil {
			return false
		}
	}
}

// drain integrates until nothing waits.
//
// If we die in a batch, its leaves are still queued under the old root; if we
// die after it and before the waiters hear of it, the leaves are integrated and
// their callers never got an answer.
func (s *sequencer) drain(ctx context.Context) error {
	ctx = trees.NewContext(ctx, s.tree)
	for {
		n, err := log.IntegrateBatch(ctx, s.tree, batchLimit, noGuard, 0, s.clock, s.storage, quota.Noop())
		if err != nil {
			return fmt.Errorf("integrate: %w", err)
		}
		if n < batchLimit {
			return nil
		}
	}
}
