package witness

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/sijil/sijil/log"
)

// BehindError: a witness cosigned more of this log than the checkpoint holds, or
// another tree. The caller signs nothing: the log would fork.
type BehindError struct {
	Witness    string
	Size, Have int64 // what the witness says that it cosigned, and what the log has
}

func (e *BehindError) Error() string {
	if e.Size == e.Have {
		return fmt.Sprintf("the witness %q cosigned another tree of %d entries of this log than the one here", e.Witness, e.Have)
	}
	return fmt.Sprintf("the witness %q says that it cosigned %d entries of this log, and here there are %d", e.Witness, e.Size, e.Have)
}

// errAnother is a 409 without a size.
var errAnother = errors.New("it refuses the tree: it cosigned another one of the same size")

// Seen asks every witness, all at the same time, whether it cosigned more than the
// newest checkpoint that the log has signed: *BehindError if one says so. silent are
// those that say nothing of it, and why. Nothing but that checkpoint is sent; a
// witness that holds the same tree cosigns it once more.
func (c *Collector) Seen(ctx context.Context, checkpoint []byte) (silent []State, err error) {
	cp, err := log.OpenCheckpoint(checkpoint, c.Policy.LogOnly())
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, c.Timeout)
	defer cancel()
	answers := make([]error, len(c.asked))
	var asking sync.WaitGroup
	for i, w := range c.asked {
		asking.Go(func() { _, answers[i] = c.post(ctx, w, cp.Size(), cp, checkpoint) })
	}
	asking.Wait()
	var behind []error
	for i, w := range c.asked {
		var conflict *conflictError
		switch err := answers[i]; {
		case err == nil:
		case errors.As(err, &conflict) && conflict.size < cp.Size():
		case errors.As(err, &conflict):
			behind = append(behind, &BehindError{Witness: w.Name, Size: conflict.size, Have: cp.Size()})
		case errors.Is(err, errAnother):
			behind = append(behind, &BehindError{Witness: w.Name, Size: cp.Size(), Have: cp.Size()})
		default:
			silent = append(silent, State{Name: w.Name, URL: w.URL, Err: err})
		}
	}
	return silent, errors.Join(behind...)
}
