package quorum_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sijil/sijil/internal/logtest"
	"github.com/sijil/sijil/internal/publish"
	"github.com/sijil/sijil/internal/quorum"
)

// TestShow: a front end that does not lead shows what the leader has stored, never
// something older, and nothing that the quorum has not cosigned.
func TestShow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		defer w.rows.Close()
		w.open()
		other, err := quorum.Open(t.Context(), w.config())
		check(t, err)
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan struct{})
		go func() { w.public.Run(ctx); close(ended) }()
		stored := func() publish.Checkpoint {
			c, err := w.rows.Public(context.Background())
			check(t, err)
			return c
		}
		check(t, other.Show(publish.Checkpoint{}))
		var old publish.Checkpoint
		for range 3 {
			old = stored()
			w.grow(2)
			time.Sleep(time.Minute)
			synctest.Wait()
			check(t, other.Show(stored()))
			if got, want := other.Checkpoint(), w.public.Checkpoint(); got.Size != want.Size || got.Witnesses != 1 || other.State().Cosigned != w.public.State().Cosigned {
				t.Errorf("%d of %d witnesses shown, want %d", got.Size, got.Witnesses, want.Size)
			}
		}
		check(t, other.Show(old))
		if other.Checkpoint().Size != 6 {
			t.Errorf("it went back to %d", other.Checkpoint().Size)
		}
		time.Sleep(2 * time.Hour) // cosigned again
		synctest.Wait()
		check(t, other.Show(stored()))
		if other.State().Cosigned != w.public.State().Cosigned {
			t.Error("older cosignatures are shown")
		}
		w.grow(1)
		bare := *w.latest.Load()
		if err := other.Show(bare); err == nil || other.Checkpoint().Size != 6 {
			t.Errorf("shown without the quorum: %v", err)
		}
		foreign := logtest.New(t, "https://other.example")
		if err := other.Show(publish.Checkpoint{Size: 9, Note: foreign.Checkpoint(0)}); err == nil {
			t.Error("another log's is shown")
		}
		cancel()
		<-ended
	})
}
