package trillianlog

import (
	"sync"
	"time"

	"github.com/google/trillian/util/clock"
)

// steadyClock is a clock that never stands still or goes back: each Now is
// later than every one before. Trillian refuses a root whose time is not after
// the last one's, so a wall clock stepped back by an hour would stop the log
// for an hour.
type steadyClock struct {
	clock.TimeSource // timers, which measure durations and need no care
	wall             func() time.Time

	mu   sync.Mutex // guards last
	last time.Time
}

// newSteadyClock makes a clock over wall whose times are after floor.
func newSteadyClock(wall func() time.Time, floor time.Time) *steadyClock {
	return &steadyClock{TimeSource: clock.System, wall: wall, last: floor}
}

// Now gives the wall clock's time, or one nanosecond after the last answer
// where the wall clock is behind it.
func (c *steadyClock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := c.wall().Round(0) // wall time alone: it is what Trillian stores
	if !now.After(c.last) {
		now = c.last.Add(1)
	}
	c.last = now
	return now
}
