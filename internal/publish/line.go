package publish

import (
	"context"
	"sync"
)

// line lets those who join it pass one at a time, in the order in which they came. The zero
// line is empty.
type line struct {
	mu   sync.Mutex
	last chan struct{} // closed when whoever came last has left; nil before the first
}

// place is somebody's in a line.
type place struct {
	before <-chan struct{} // closed when it is our turn
	after  chan<- struct{}
}

// join is the end of the line. Who joins leaves.
func (l *line) join() place {
	l.mu.Lock()
	defer l.mu.Unlock()
	before, mine := l.last, make(chan struct{})
	if before == nil {
		before = make(chan struct{})
		close(before)
	}
	l.last = mine
	return place{before, mine}
}

// first reports whether it is our turn.
func (p place) first() bool {
	select {
	case <-p.before:
		return true
	default:
		return false
	}
}

// wait waits for the turn.
func (p place) wait(ctx context.Context) error {
	select {
	case <-p.before:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// leave lets the next one pass, once it is that one's turn.
func (p place) leave() {
	if p.first() {
		close(p.after)
		return
	}
	go func() { <-p.before; close(p.after) }()
}
