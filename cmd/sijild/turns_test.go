package main

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"
)

// TestTurns: all who wait while a look runs share the next one, which begins after they
// asked; at the end nobody is left waiting.
func TestTurns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ts := newTurns()
		var looks, answered atomic.Int32
		release := make(chan error)
		ended := make(chan struct{})
		stop := make(chan struct{})
		go func() {
			defer close(ended)
			for {
				select {
				case <-ts.wanted:
				case <-stop:
					ts.end(errors.New("ended"))
					return
				}
				_ = ts.take(func() error { looks.Add(1); return <-release })
			}
		}()
		ask := func(want string) {
			go func() {
				if err := ts.sync(context.Background()); err == nil && want != "" || err != nil && err.Error() != want {
					t.Errorf("%v, want %q", err, want)
				}
				answered.Add(1)
			}()
		}
		ask("")
		synctest.Wait() // the first look runs
		for range 10 {
			ask("lost")
		}
		synctest.Wait()
		if looks.Load() != 1 || answered.Load() != 0 {
			t.Fatalf("%d looks, %d answered", looks.Load(), answered.Load())
		}
		release <- nil
		synctest.Wait()
		if looks.Load() != 2 || answered.Load() != 1 {
			t.Fatalf("%d looks, %d answered", looks.Load(), answered.Load())
		}
		release <- errors.New("lost")
		synctest.Wait()
		if answered.Load() != 11 {
			t.Fatalf("%d answered", answered.Load())
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if err := ts.sync(ctx); !errors.Is(err, context.Canceled) {
			t.Errorf("who is gone: %v", err)
		}
		release <- nil // of the look that it had asked for
		synctest.Wait()
		close(stop)
		<-ended
		ask("ended")
		synctest.Wait()
		if answered.Load() != 12 {
			t.Errorf("%d answered", answered.Load())
		}
	})
}
