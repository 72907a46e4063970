package evidence

import (
	"runtime"
	"sync"
)

// workers run the costly steps of a verification beside the walk along the chain, on
// as many goroutines as there are processors.
type workers struct {
	slots chan struct{}
	group sync.WaitGroup
	errs  []*error
}

func newWorkers() *workers {
	return &workers{slots: make(chan struct{}, runtime.GOMAXPROCS(0))}
}

// start runs a step. It blocks while all processors are at work, so that little
// waits in memory. Called from one goroutine.
func (w *workers) start(step func() error) {
	err := new(error)
	w.errs = append(w.errs, err)
	w.slots <- struct{}{}
	w.group.Go(func() {
		defer func() { <-w.slots }()
		*err = step()
	})
}

// wait returns the error of the first step that failed, in the order of their starts,
// once all are done.
func (w *workers) wait() error {
	w.group.Wait()
	for _, err := range w.errs {
		if *err != nil {
			return *err
		}
	}
	return nil
}
