package rollimport

import (
	"context"
	"errors"

	"github.com/sijil/sijil/internal/remote"
)

// send takes a chunk into the roll, without the rows that cannot be taken.
func (i *importer) send(ctx context.Context, c chunk) error {
	for n := 0; n < tries; n++ {
		next, good, err := i.next(c)
		if err != nil {
			return err
		}
		if i.DryRun {
			i.progress = next
			return nil
		}
		if len(good) == 0 {
			i.progress = next
			return i.journal.done(next)
		}
		w, body, err := i.sign(good, next)
		if err != nil {
			return err
		}
		// If we die from here on, the next run sends this very batch.
		if err := i.journal.put(w, body); err != nil {
			return err
		}
		receipt, err := i.deliver(ctx, body)
		if err == nil {
			return i.settle(w, receipt)
		}
		bad, again := refusal(err)
		if !again {
			return err
		}
		for _, row := range bad {
			if row.Row >= 1 && row.Row <= len(good) {
				good[row.Row-1].err = errors.New(row.Detail)
			}
		}
		if len(bad) == 0 { // somebody else's batch came in between
			if i.number, i.previous, err = i.Newest(ctx); err != nil {
				return err
			}
		}
	}
	return errors.New("the service refuses the batch again and again")
}

// refusal says what of a batch is refused: rows, or its place in the roll. again is false
// for every other error.
func refusal(err error) (bad []remote.BadRow, again bool) {
	var p *remote.Problem
	if !errors.As(err, &p) {
		return nil, false
	}
	switch p.Type {
	case "urn:sijil:problem:rows":
		return p.Rows, len(p.Rows) > 0
	case "urn:sijil:problem:conflict":
		return nil, true
	}
	return nil, false
}

// deliver sends a body, and again while the service cannot be reached or takes nothing.
func (i *importer) deliver(ctx context.Context, body []byte) (*remote.Receipt, error) {
	for n := 1; ; n++ {
		receipt, err := i.Server.AddBatch(ctx, i.Slug, body)
		if err == nil || ctx.Err() != nil || n == tries || !passing(err) {
			return receipt, err
		}
		if err := i.Wait(ctx, n); err != nil {
			return nil, err
		}
	}
}

// passing reports whether an error may be none in a moment.
func passing(err error) bool {
	var p *remote.Problem
	return !errors.As(err, &p) || p.Status == 429 || p.Status >= 500
}
