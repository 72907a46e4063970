package tilewriter

import (
	"context"
	"errors"
	"fmt"
)

// round is one round, shared by all who wait for it.
type round struct {
	done chan struct{} // closed at its end; cp and err are set before
	cp   Checkpoint
	err  error
}

// Advance runs one round that begins after the call, and returns the newest
// checkpoint: the same as before when the log has not grown. The first one also
// signs an empty log. After ErrRollback every call returns it; after any other
// error nothing is published, nothing is lost, and the next call tries again.
func (w *Writer) Advance(ctx context.Context) (Checkpoint, error) {
	_, mine, err := w.join()
	if err != nil {
		return Checkpoint{}, err
	}
	return mine.wait(ctx)
}

// Cover returns a checkpoint that covers the index: signed, stored, and its
// tiles durable. All who call while a round runs share the next one, which
// begins the moment that one ends. An entry that the log has not integrated when
// the round begins is ErrNotIntegrated.
func (w *Writer) Cover(ctx context.Context, index uint64) (Checkpoint, error) {
	if cp := w.Latest(); cp.Size > index {
		w.mu.Lock()
		defer w.mu.Unlock()
		if w.stopped != nil {
			return Checkpoint{}, w.stopped
		}
		return cp, nil
	}
	running, mine, err := w.join()
	if err != nil {
		return Checkpoint{}, err
	}
	// The round that runs may have read the root after the entry came in.
	if running != nil {
		if cp, err := running.wait(ctx); err == nil && cp.Size > index {
			return cp, nil
		}
	}
	cp, err := mine.wait(ctx)
	if err == nil && cp.Size <= index {
		return Checkpoint{}, fmt.Errorf("index %d, size %d: %w", index, cp.Size, ErrNotIntegrated)
	}
	return cp, err
}

func (r *round) wait(ctx context.Context) (Checkpoint, error) {
	select {
	case <-r.done:
		return r.cp, r.err
	case <-ctx.Done():
		return Checkpoint{}, ctx.Err()
	}
}

// join returns a round that begins after the call, and the one that runs now,
// if any.
func (w *Writer) join() (running, mine *round, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.stopped != nil {
		return nil, nil, w.stopped
	}
	if w.cur == nil {
		w.cur = &round{done: make(chan struct{})}
		go w.fly()
		return nil, w.cur, nil
	}
	if w.next == nil {
		w.next = &round{done: make(chan struct{})}
	}
	return w.cur, w.next, nil
}

// fly runs rounds until nobody waits for another.
func (w *Writer) fly() {
	for {
		w.mu.Lock()
		r := w.cur
		w.mu.Unlock()

		r.cp, r.err = w.round(w.life)

		w.mu.Lock()
		if errors.Is(r.err, ErrRollback) && w.stopped == nil {
			w.stopped = r.err
			w.log.Error("tile writer: stopped", "error", r.err)
		}
		w.cur, w.next = w.next, nil
		if w.stopped != nil && w.cur != nil {
			w.cur.err = w.stopped
			close(w.cur.done)
			w.cur = nil
		}
		more := w.cur != nil
		w.mu.Unlock()
		close(r.done)
		if !more {
			return
		}
	}
}
