package publish

import (
	"context"
	"errors"
	"testing"
)

// TestLine: who joined first passes first, and who goes away lets the next one pass in turn.
func TestLine(t *testing.T) {
	var l line
	join := func() place {
		t.Helper()
		p, err := l.join()
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	first, second, third, fourth := join(), join(), join(), join()
	if _, err := l.join(); !errors.Is(err, ErrQueue) {
		t.Errorf("a fifth: %v", err)
	}
	if !first.first() || second.first() || third.first() {
		t.Error("not the first alone")
	}
	away, cancel := context.WithCancel(t.Context())
	cancel()
	if err := second.wait(away); !errors.Is(err, context.Canceled) {
		t.Errorf("gone away: %v", err)
	}
	second.leave()
	if third.first() {
		t.Error("the third overtakes the first")
	}
	first.leave()
	if err := third.wait(t.Context()); err != nil {
		t.Error(err)
	}
	if fourth.first() {
		t.Error("the fourth overtakes the third")
	}
	third.leave()
	if err := fourth.wait(t.Context()); err != nil {
		t.Error(err)
	}
	fourth.leave()
	if again := join(); !again.first() {
		t.Error("nobody passes an empty line")
	}
}
