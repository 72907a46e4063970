package publish

import (
	"context"
	"errors"
	"sync"
)

// ErrQueue: as many batches of the roll wait as may. The caller answers 503, try again later.
var ErrQueue = errors.New("other batches of this roll are being taken in: try again in a moment")

// maxLine bounds how many stand in a line: each holds the rows of a batch.
const maxLine = 4

// line lets those who join it pass one at a time, in the order in which they came. The zero
// line is empty.
type line struct {
	mu   sync.Mutex
	n    int           // who have joined and not left
	last chan struct{} // closed when whoever came last has left; nil before the first
}

// place is somebody's in a line.
type place struct {
	line   *line
	before <-chan struct{} // closed when it is our turn
	after  chan<- struct{}
}

// join is the end of the line. Who joins leaves. ErrQueue: it is full.
func (l *line) join() (place, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.n == maxLine {
		return place{}, ErrQueue
	}
	l.n++
	before, mine := l.last, make(chan struct{})
	if before == nil {
		before = make(chan struct{})
		close(before)
	}
	l.last = mine
	return place{l, before, mine}, nil
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
	p.line.mu.Lock()
	p.line.n--
	p.line.mu.Unlock()
	if p.first() {
		close(p.after)
		return
	}
	go func() { <-p.before; close(p.after) }()
}
