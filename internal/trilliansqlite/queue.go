package trilliansqlite

import (
	"context"
	"sync"
)

// Bounds of one shared transaction, so that a flood of callers cannot hold the
// writer, or the memory of the write-ahead log, for longer than one of them.
const (
	maxBatchLeaves = 4096
	maxBatchBytes  = 32 << 20
)

// committer turns concurrent QueueLeaves calls into shared transactions. A call
// waits in pending until somebody who holds the writer takes it along:
//
//   - a transaction that dequeues leaves (the sequencer's), which so queues and
//     integrates them with one sync, or
//   - the committer's own goroutine, when no such transaction comes.
type committer struct {
	writer *writer
	wake   chan struct{} // holds one token when pending may not be empty
	ended  chan struct{} // closed when the goroutine has ended

	mu      sync.Mutex // guards the rest
	pending []*queueCall
	stopped bool
}

func startCommitter(w *writer) *committer {
	c := &committer{writer: w, wake: make(chan struct{}, 1), ended: make(chan struct{})}
	go c.run()
	return c
}

// stop ends the goroutine; calls that wait get ErrClosed. It reports false if
// it was called before.
func (c *committer) stop() bool {
	c.mu.Lock()
	if c.stopped {
		c.mu.Unlock()
		return false
	}
	c.stopped = true
	pending := c.pending
	c.pending = nil
	c.mu.Unlock()
	close(c.wake)
	<-c.ended
	finish(pending, ErrClosed)
	return true
}

// queue hands the call to the goroutine and waits until its leaves are durable.
// When ctx ends first, the call is withdrawn; if its transaction has begun, its
// outcome is waited for, so that an error always means that nothing was queued.
func (c *committer) queue(ctx context.Context, call *queueCall) error {
	c.mu.Lock()
	if c.stopped {
		c.mu.Unlock()
		return ErrClosed
	}
	c.pending = append(c.pending, call)
	c.signal()
	c.mu.Unlock()

	select {
	case <-call.done:
	case <-ctx.Done():
		if c.withdraw(call) {
			return ctx.Err()
		}
		<-call.done
	}
	return call.err
}

func (c *committer) withdraw(call *queueCall) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	for i, p := range c.pending {
		if p == call {
			c.pending = append(c.pending[:i], c.pending[i+1:]...)
			return true
		}
	}
	return false
}

func (c *committer) run() {
	defer close(c.ended)
	for range c.wake {
		for c.commitPending() {
		}
	}
}

// commitPending commits one batch and reports whether there was one. The turn
// is taken before the batch is cut: callers that arrive while another
// transaction runs still join it.
func (c *committer) commitPending() bool {
	for round := range 2 {
		if err := c.writer.acquire(context.Background()); err != nil {
			finish(c.take(), err)
			return false
		}
		// Once, and no more, those who wait go first: they may take the calls along.
		if round == 1 || c.writer.waiting.Load() == 0 {
			break
		}
		c.writer.release()
	}
	calls := c.take()
	err := c.commit(calls)
	c.writer.release()
	finish(calls, err)
	return len(calls) > 0
}

// commit writes the calls in a transaction of their own. The caller holds the
// turn.
//
// If we die in it, none of the leaves is queued and no caller was told so. If
// we die after it, all of them wait in the queue table, and the next run of the
// sequencer integrates them.
func (c *committer) commit(calls []*queueCall) error {
	if len(calls) == 0 {
		return nil
	}
	tx, err := c.writer.beginHeld()
	if err != nil {
		return err
	}
	if err := storeCalls(tx.conn, calls); err != nil {
		return also(err, tx.rollback())
	}
	return tx.finish(true)
}

// take cuts the next batch off the pending calls.
func (c *committer) take() []*queueCall {
	c.mu.Lock()
	defer c.mu.Unlock()
	leaves, bytes := 0, 0
	for i, call := range c.pending {
		leaves += len(call.leaves)
		bytes += call.bytes
		if i > 0 && (leaves > maxBatchLeaves || bytes > maxBatchBytes) {
			batch := c.pending[:i:i]
			c.pending = append([]*queueCall(nil), c.pending[i:]...)
			return batch
		}
	}
	batch := c.pending
	c.pending = nil
	return batch
}

// putBack returns calls that were taken along by a transaction that failed. The
// failure is none of theirs, so the goroutine gives them their own.
func (c *committer) putBack(calls []*queueCall) {
	for _, call := range calls {
		call.results, call.err = nil, nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.stopped {
		finish(calls, ErrClosed)
		return
	}
	c.pending = append(calls, c.pending...)
	c.signal()
}

// signal wakes the goroutine. The caller holds mu.
func (c *committer) signal() {
	select {
	case c.wake <- struct{}{}:
	default:
	}
}

// finish wakes the callers. A call's own error, if set, says more than err.
func finish(calls []*queueCall, err error) {
	for _, call := range calls {
		if err != nil && call.err == nil {
			call.results, call.err = nil, err
		}
		close(call.done)
	}
}
