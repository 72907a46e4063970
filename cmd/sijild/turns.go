package main

import (
	"context"
	"sync"
)

// turns shares looks at something among all who wait for one: a look that begins after
// they asked answers them all.
type turns struct {
	wanted chan struct{} // holds one token when a look is wanted

	mu    sync.Mutex // guards the rest
	next  *turn
	ended error
}

type turn struct {
	done chan struct{} // closed at its end; err is set before
	err  error
}

func newTurns() *turns {
	return &turns{wanted: make(chan struct{}, 1), next: &turn{done: make(chan struct{})}}
}

// ask wants a look, and does not wait for it.
func (t *turns) ask() {
	select {
	case t.wanted <- struct{}{}:
	default:
	}
}

// sync returns after a look that began after the call, with its error.
func (t *turns) sync(ctx context.Context) error {
	t.mu.Lock()
	next, ended := t.next, t.ended
	t.mu.Unlock()
	if ended != nil {
		return ended
	}
	t.ask()
	select {
	case <-next.done:
		return next.err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// take looks, for all who have asked so far.
func (t *turns) take(look func() error) error {
	t.mu.Lock()
	mine := t.next
	t.next = &turn{done: make(chan struct{})}
	t.mu.Unlock()
	mine.err = look()
	close(mine.done)
	return mine.err
}

// end answers everybody that no more looks are taken.
func (t *turns) end(err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.ended = err
	t.next.err = err
	close(t.next.done)
}
