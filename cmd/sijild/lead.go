package main

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/sijil/sijil/internal/store"
	"github.com/sijil/sijil/internal/tilewriter"
)

const (
	electionPause = time.Second // between two tries to lead
	heldEvery     = 2 * time.Second
	resumeEvery   = 10 * time.Second

	// While entries are expected, Trillian is asked so often; at other times so often.
	// It does not say by itself that it has integrated something.
	hotPoll, idlePoll = 5 * time.Millisecond, 500 * time.Millisecond
	hotFor            = 2 * time.Second
)

// elect leads whenever nobody else does, until ctx ends.
func (c *cluster) elect(ctx context.Context) {
	for ctx.Err() == nil {
		lock, err := store.Lead(ctx, c.url)
		if err == nil {
			c.lead(ctx, lock)
			err = lock.Close()
		}
		if err != nil && !errors.Is(err, store.ErrInUse) && ctx.Err() == nil {
			c.logger.WarnContext(ctx, "leading is not possible for now", "error", err)
		}
		if !pause(ctx, electionPause) {
			return
		}
	}
}

// lead does what exactly one front end does, until the lock is lost, another one turns
// out to lead, or ctx ends.
//
// The lock makes two leaders unlikely; it is the checkpoint's compare-and-swap that
// makes them harmless, since this process goes on from its own checkpoint alone.
func (c *cluster) lead(ctx context.Context, lock *store.Lock) {
	ctx, cancel := context.WithCancel(ctx)
	c.logger.InfoContext(ctx, "this front end leads", "entries", c.view.Latest().Size)
	c.elected.Add(1)
	c.leads.Store(true)
	var beside sync.WaitGroup
	beside.Go(func() { c.hold(ctx, cancel, lock) })
	beside.Go(func() { c.s.public.Run(ctx) })
	beside.Go(func() { c.s.recheck(ctx) })
	beside.Go(func() { c.resume(ctx) })
	err := c.export(ctx)
	cancel()
	beside.Wait()
	c.leads.Store(false)
	c.logger.InfoContext(ctx, "this front end does not lead any more", "error", err)
}

// hold ends the leadership when the lock is lost.
func (c *cluster) hold(ctx context.Context, end func(), lock *store.Lock) {
	for pause(ctx, heldEvery) {
		if err := lock.Held(ctx); err != nil {
			if ctx.Err() == nil {
				c.logger.WarnContext(ctx, "the lock of the leader is lost", "error", err)
			}
			end()
			return
		}
	}
}

// resume finishes what front ends left that have died. A record that is on its way is
// not waited for: it goes on, and nothing but its own time ends it.
func (c *cluster) resume(ctx context.Context) {
	for {
		done := make(chan error, 1)
		go func() { done <- c.s.uses.Resume(ctx) }()
		select {
		case err := <-done:
			if err != nil && ctx.Err() == nil {
				c.logger.WarnContext(ctx, "interrupted records wait", "error", err)
			}
		case <-ctx.Done():
			return
		}
		if !pause(ctx, resumeEvery) {
			return
		}
	}
}

// exporter makes checkpoints of what Trillian integrates.
func (c *cluster) exporter() *tilewriter.Exporter {
	return tilewriter.NewExporter(tilewriter.ExporterOptions{
		Source: c.remote, Logger: c.logger, Sign: c.s.sign,
		Rounds: func(ctx context.Context, f func(tilewriter.Round) error) error {
			err := c.rows.Export(ctx, func(e *store.Export) error { return f(round{e}) })
			if errors.Is(err, store.ErrConflict) {
				return errors.Join(tilewriter.ErrConflict, err)
			}
			return err
		},
	})
}

// export runs rounds until ctx ends, or another process has run one.
func (c *cluster) export(ctx context.Context) error {
	e := c.exporter()
	var last tilewriter.Checkpoint
	begun, failing := false, false
	hot := time.Now().Add(hotFor)
	for {
		size, _, err := c.remote.Root(ctx)
		if err == nil && (!begun || size != last.Size) {
			if last, err = e.Advance(ctx); err == nil {
				begun, hot = true, time.Now().Add(hotFor)
			}
		}
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case errors.Is(err, tilewriter.ErrConflict):
			return err
		case errors.Is(err, tilewriter.ErrRollback):
			// The next to lead will find the same; nothing is signed until an
			// operator has looked.
			c.logger.ErrorContext(ctx, "nothing is signed", "error", err)
			pause(ctx, time.Minute)
			return err
		case err != nil && !failing:
			c.logger.WarnContext(ctx, "no checkpoint for now", "error", err)
		}
		failing = err != nil
		wait := idlePoll
		if err == nil && time.Now().Before(hot) {
			wait = hotPoll
		}
		t := time.NewTimer(wait)
		select {
		case <-ctx.Done():
		case <-c.queued:
			hot = time.Now().Add(hotFor)
		case <-t.C:
		}
		t.Stop()
	}
}

// round gives the exporter our rows.
type round struct{ *store.Export }

func (r round) Last(ctx context.Context) (tilewriter.Checkpoint, error) {
	last, err := r.Export.Last(ctx)
	return toTiles(last), err
}

func (r round) Swap(ctx context.Context, old, new tilewriter.Checkpoint) error {
	return r.Export.Swap(ctx, toPublish(old), toPublish(new))
}
