package quorum_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	cosignature "github.com/transparency-dev/formats/note"
	"golang.org/x/mod/sumdb/note"

	"github.com/sijil/sijil/internal/logtest"
	"github.com/sijil/sijil/internal/publish"
	"github.com/sijil/sijil/internal/quorum"
	"github.com/sijil/sijil/internal/store"
	"github.com/sijil/sijil/keys"
	"github.com/sijil/sijil/log"
)

// world is a log with one witness that can be down, lie and be asked.
type world struct {
	t      testing.TB
	log    *logtest.Log
	policy *keys.Policy
	signer note.Signer
	rows   *store.Store
	said   bytes.Buffer

	latest atomic.Pointer[publish.Checkpoint]
	down   atomic.Pointer[error]
	asked  atomic.Int64
	public *quorum.Public
}

func newWorld(t testing.TB) *world {
	w := &world{t: t, log: logtest.New(t, "https://sijil.example")}
	skey, plain, err := note.GenerateKey(rand.Reader, "north.example")
	check(t, err)
	w.signer, err = cosignature.NewSignerForCosignatureV1(skey)
	check(t, err)
	vkey, err := cosignature.VKeyToCosignatureV1(plain)
	check(t, err)
	w.policy, err = keys.ParsePolicy("log " + w.log.Key.String() + "\nwitness north " + vkey + "\nquorum north\n")
	check(t, err)
	dir := t.TempDir()
	check(t, store.Create(dir))
	w.rows, err = store.Open(t.Context(), dir)
	check(t, err)
	w.grow(0)
	return w
}

// grow adds entries, and the log signs.
func (w *world) grow(n int) {
	for range n {
		w.log.Append(fmt.Appendf(nil, "entry %d", w.log.Size()))
	}
	w.latest.Store(&publish.Checkpoint{Size: w.log.Size(), Root: w.log.Root(w.log.Size()), Note: w.log.Checkpoint(w.log.Size())})
	if w.public != nil {
		w.public.Kick()
	}
}

func (w *world) config() quorum.Config {
	return quorum.Config{Policy: w.policy, Latest: func() publish.Checkpoint { return *w.latest.Load() }, Collect: w.collect,
		Store: w.rows, Clock: time.Now, Logger: slog.New(slog.NewTextHandler(&w.said, nil))}
}

func (w *world) collect(_ context.Context, c publish.Checkpoint) ([]byte, error) {
	w.asked.Add(1)
	if err := w.down.Load(); err != nil {
		return nil, *err
	}
	n, err := note.Open(c.Note, w.policy)
	if err != nil {
		return nil, err
	}
	return note.Sign(n, w.signer)
}

func (w *world) open() {
	w.t.Helper()
	var err error
	w.public, err = quorum.Open(context.Background(), w.config())
	check(w.t, err)
}

func (w *world) shown() int64 { return w.public.Checkpoint().Size }

func TestRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		defer w.rows.Close()
		w.open()
		if w.public.Checkpoint().Note != nil {
			t.Error("something is shown before any witness has seen it")
		}
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan struct{})
		go func() { w.public.Run(ctx); close(ended) }()
		synctest.Wait()
		if w.shown() != 0 || w.public.Checkpoint().Note == nil {
			t.Error("the empty tree is not shown")
		}

		// A newer tree is shown at once, but at most one in a second.
		time.Sleep(time.Minute)
		for range 10 {
			w.grow(1)
			synctest.Wait()
		}
		if w.shown() != 1 {
			t.Errorf("%d shown within the second", w.shown())
		}
		time.Sleep(quorum.Interval)
		synctest.Wait()
		if w.shown() != 10 || w.asked.Load() != 3 {
			t.Errorf("%d shown after it, asked %d times", w.shown(), w.asked.Load())
		}
		if c, err := log.OpenCheckpoint(w.public.Checkpoint().Note, w.policy); err != nil || c.Witnesses() != 1 || !c.Cosigned().Equal(w.public.State().Cosigned) {
			t.Errorf("%v", err)
		}

		// An unchanged one is cosigned again each hour.
		before := w.public.State().Cosigned
		time.Sleep(3*time.Hour + time.Minute)
		synctest.Wait()
		if got, d := w.asked.Load(), w.public.State().Cosigned.Sub(before); got != 6 || d < 3*time.Hour || d > 3*time.Hour+time.Minute {
			t.Errorf("asked %d times in three hours, cosigned %v later", got, d)
		}

		// Below the quorum nothing moves, and the tries become rarer.
		down := errors.New("north is down")
		w.down.Store(&down)
		w.grow(5)
		time.Sleep(time.Hour)
		synctest.Wait()
		tries := w.asked.Load() - 6
		if s := w.public.State(); w.shown() != 10 || s.Latest != 15 || !errors.Is(s.Missing, down) || tries < 60 || tries > 70 {
			t.Errorf("%+v after %d tries", s, tries)
		}
		w.down.Store(nil)
		time.Sleep(quorum.LongestPause)
		synctest.Wait()
		if s := w.public.State(); w.shown() != 15 || s.Missing != nil {
			t.Errorf("back: %+v", s)
		}
		if n := strings.Count(w.said.String(), "north is down"); n != 1 || !strings.Contains(w.said.String(), "quorum is back") {
			t.Errorf("said %d times: %s", n, w.said.String())
		}
		cancel()
		<-ended

		// Opened again it shows the same; a restored log is refused.
		w.open()
		if w.shown() != 15 || w.public.State().Cosigned.IsZero() {
			t.Errorf("opened again: %d", w.shown())
		}
		small := publish.Checkpoint{Size: 3, Root: w.log.Root(3), Note: w.log.Checkpoint(3)}
		w.latest.Store(&small)
		if _, err := quorum.Open(t.Context(), w.config()); err == nil || !strings.Contains(err.Error(), "restored from an older copy") {
			t.Errorf("%v", err)
		}
	})
}

// What a collector says is not believed: too few, another tree, no note.
func TestLyingCollector(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		defer w.rows.Close()
		w.grow(5)
		for what, collect := range map[string]quorum.Collect{
			"no cosignature": func(_ context.Context, c publish.Checkpoint) ([]byte, error) { return c.Note, nil },
			"no note":        func(context.Context, publish.Checkpoint) ([]byte, error) { return nil, nil },
			"another tree": func(ctx context.Context, _ publish.Checkpoint) ([]byte, error) {
				return w.collect(ctx, publish.Checkpoint{Size: 3, Root: w.log.Root(3), Note: w.log.Checkpoint(3)})
			},
		} {
			c := w.config()
			c.Collect = collect
			p, err := quorum.Open(t.Context(), c)
			check(t, err)
			ctx, cancel := context.WithCancel(t.Context())
			go p.Run(ctx)
			synctest.Wait()
			if p.Checkpoint().Note != nil || p.State().Missing == nil {
				t.Errorf("%s: %d shown", what, p.Checkpoint().Size)
			}
			cancel()
			synctest.Wait()
		}
	})
}

// Without a quorum readers are shown what the log signed last.
func TestNone(t *testing.T) {
	w := newWorld(t)
	defer w.rows.Close()
	w.policy = w.log.Policy
	w.open()
	w.grow(7)
	w.public.Run(t.Context()) // returns
	if w.shown() != 7 || w.asked.Load() != 0 {
		t.Errorf("%d shown", w.shown())
	}
}

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
