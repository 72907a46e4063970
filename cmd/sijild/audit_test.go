package main

import (
	"context"
	"fmt"
	"log/slog"
	"testing"

	"github.com/sijil/sijil/internal/audit"
	"github.com/sijil/sijil/keys"
	"github.com/sijil/sijil/log/client"
)

// TestAuditWhilePublishing: a service that is being written to is as clean as
// one that rests.
func TestAuditWhilePublishing(t *testing.T) {
	s := newRunning(t, serveOptions{noLimits: true}, slog.DiscardHandler)
	w := s.writer(t, 0)
	src, err := client.NewHTTP(s.url, s.http)
	check(t, err)
	b, err := src.Fetch(t.Context(), "api/v1/trust.json")
	check(t, err)
	trust, err := keys.ParseTrust(b)
	check(t, err)
	done, published := make(chan struct{}), make(chan struct{})
	o := audit.Options{Trust: trust, Wait: func(context.Context) error {
		select { // the publish that was under way has ended
		case <-published:
		case <-done:
		}
		return nil
	}}
	go func() {
		defer close(done)
		for i := range 150 {
			w.publish(t, fmt.Sprintf("Title\n\nOne paragraph of text, number %d.\n", i))
			select {
			case published <- struct{}{}:
			default:
			}
		}
	}()
	for running, n := true, 0; running; n++ {
		select {
		case <-done:
			running = false // once more, on the log at rest
		default:
		}
		got, err := audit.Run(t.Context(), src, o)
		check(t, err)
		if got.Report.Outcome != audit.Clean {
			t.Fatalf("audit %d: %+v", n, got.Report)
		}
		o.Memory, o.State = *got.Memory, got.State
		if !running && got.Report.TreeSize != 151 {
			t.Errorf("the last audit is of %d entries", got.Report.TreeSize)
		}
	}
}
