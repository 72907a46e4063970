package audit

import (
	"context"
	"runtime"
	"sync"

	"github.com/sijil/sijil/log/tile"
)

const (
	// ahead is how many groups may wait for the one before them.
	ahead = 32
	// leastWorkers read at the same time, also where there are fewer processors:
	// a source may be far away. Each holds one entry bundle of at most 17 MiB.
	leastWorkers = 8
	// maxAbsent groups in a row without tile and bundle end the reading.
	maxAbsent = 16
)

// walk checks the log's groups from index start on, in parallel, and takes the
// results in order.
func (a *audit) walk(ctx context.Context, start int64) error {
	ctx, cancel := context.WithCancel(ctx)
	jobs, ordered := make(chan *group), make(chan *group, ahead)
	var wg sync.WaitGroup
	for range max(leastWorkers, runtime.GOMAXPROCS(0)) {
		w := &worker{r: a.reader, skipSignatures: a.o.skipSignatures}
		wg.Go(func() {
			for g := range jobs {
				w.check(ctx, g)
				close(g.done)
			}
		})
	}
	var planErr error
	wg.Go(func() {
		planErr = a.plan(ctx, start, jobs, ordered)
		close(jobs)
		close(ordered)
	})
	err := a.collect(ordered)
	cancel()
	for range ordered {
	}
	wg.Wait()                         // the source is not used any more
	if err == nil && a.stopped == 0 { // where reading was stopped, so was the plan
		err = planErr
	}
	return err
}

// plan makes the groups, each with what the tree says of it.
func (a *audit) plan(ctx context.Context, start int64, jobs, ordered chan<- *group) error {
	size := uint64(a.checkpoint.Size())
	for n := start / tile.Width; uint64(n)*tile.Width < size; n++ {
		g := &group{done: make(chan struct{})}
		g.tile, _ = tile.At(0, n, size)
		var err error
		if g.tile.W == tile.Width {
			g.want, g.known, err = a.tree.hash(ctx, 1, n)
		} else {
			g.edge, g.known = a.tree.edge[0], a.tree.proved
		}
		if err != nil {
			return err
		}
		select {
		case ordered <- g:
		case <-ctx.Done():
			return ctx.Err()
		}
		select {
		case jobs <- g:
		case <-ctx.Done():
			g.err = ctx.Err()
			close(g.done)
			return ctx.Err()
		}
	}
	return nil
}

// collect takes the groups in order.
func (a *audit) collect(ordered <-chan *group) error {
	absent := 0
	for g := range ordered {
		<-g.done
		if g.err != nil {
			return g.err
		}
		a.take(g)
		if absent++; !g.absent {
			absent = 0
		}
		if absent == maxAbsent {
			a.stopped = g.first() + int64(g.tile.W)
			return nil
		}
		if a.o.Progress != nil {
			a.o.Progress(g.first()+int64(g.tile.W), a.checkpoint.Size())
		}
	}
	return nil
}

// take adds a group's results.
func (a *audit) take(g *group) {
	end := g.first() + int64(g.tile.W)
	a.index.leaf = append(a.index.leaf, g.leaf[:g.tile.W]...)
	a.index.key = append(a.index.key, g.key[:g.tile.W]...)
	for _, f := range g.issues {
		a.report.add(f)
	}
	a.damage.note(g)
	a.report.Entries.Checked += int64(g.tile.W)
	if a.clean == g.first() && g.proved && len(g.issues) == 0 {
		a.clean = end
	}
}
