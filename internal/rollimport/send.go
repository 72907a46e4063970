package rollimport

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/sijil/sijil/internal/remote"
)

// window is how many batches are on their way at a time.
const window = 2

// tries bounds how often one batch is sent again, and signed anew.
const tries = 20

// sent is a chunk on its way. Without rows that can be taken there is no batch, and nothing
// to wait for.
type sent struct {
	chunk  chunk
	good   []*item
	batch  pending
	try    int
	answer chan answer
	ended  chan bool // told whether it is in the log, when that is known
}

type answer struct {
	receipt *remote.Receipt
	err     error
}

// send signs a chunk without the rows that cannot be taken, and hands it in. What the service
// answers, settle reads. try is how often this chunk is signed.
func (i *importer) send(ctx context.Context, c chunk, try int) error {
	next, good, err := i.next(c)
	if err != nil {
		return err
	}
	x := &sent{chunk: c, good: good, batch: pending{Next: next}, try: try, answer: make(chan answer, 1), ended: make(chan bool, 1)}
	if len(good) == 0 || i.DryRun {
		x.answer <- answer{}
		i.tip.progress = next
		i.sent = append(i.sent, x)
		return nil
	}
	var body []byte
	if x.batch, body, err = i.sign(good, next); err != nil {
		return err
	}
	// If we die from here on, the next run sends this very batch.
	if err := i.journal.put(x.batch, body); err != nil {
		return err
	}
	i.tip = standing{x.batch.Next, x.batch.Number, x.batch.Record}
	var before *sent
	if n := len(i.sent); n > 0 {
		before = i.sent[n-1]
	}
	i.sent = append(i.sent, x)
	go func() { x.answer <- i.follow(ctx, before, body) }()
	return nil
}

// follow delivers a batch. It may come to the service before the one that it follows, or to
// another front end, or both may be too much for the line at a time: then it is delivered
// again once that one is in the log.
func (i *importer) follow(ctx context.Context, before *sent, body []byte) answer {
	if before != nil {
		receipt, err := i.Server.AddBatch(ctx, i.Slug, body)
		bad, refused := refusal(err)
		if early := refused && len(bad) == 0 || err != nil && passing(err); !early {
			return answer{receipt, err}
		}
		select {
		case <-ctx.Done():
			return answer{nil, ctx.Err()}
		case in := <-before.ended:
			if !in {
				return answer{nil, err}
			}
		}
	}
	receipt, err := i.deliver(ctx, body)
	return answer{receipt, err}
}

// settle waits until at most some chunks are on their way.
func (i *importer) settle(ctx context.Context, most int) error {
	for len(i.sent) > most {
		x := i.sent[0]
		a := <-x.answer
		i.sent = i.sent[1:]
		bad, refused := refusal(a.err)
		if refused {
			for _, row := range bad {
				if row.Row >= 1 && row.Row <= len(x.good) {
					x.good[row.Row-1].err = errors.New(row.Detail)
				}
			}
			if err := i.signAgain(ctx, x, len(bad) == 0); err != nil {
				return err
			}
			continue
		}
		if a.err != nil {
			return a.err
		}
		if err := i.took(x.batch, a.receipt); err != nil {
			return err
		}
		x.ended <- true
		if i.Show != nil {
			i.Show(i.result())
		}
	}
	return nil
}

// signAgain signs a chunk anew that was refused, and those behind it, which follow it.
// overtaken: somebody else's batch came in between.
func (i *importer) signAgain(ctx context.Context, first *sent, overtaken bool) error {
	if first.try == tries {
		return errors.New("the service refuses the batch again and again")
	}
	first.try++
	first.ended <- false
	list := append([]*sent{first}, i.sent...)
	i.abandon()
	for _, x := range list {
		if err := i.drop(x.batch); err != nil {
			return err
		}
	}
	if overtaken {
		var err error
		if i.done.number, i.done.record, err = i.Newest(ctx); err != nil {
			return err
		}
	}
	i.tip = i.done
	for _, x := range list {
		if err := i.send(ctx, x.chunk, x.try); err != nil {
			return err
		}
	}
	return nil
}

// drop takes a batch out of the journal, if there is one.
func (i *importer) drop(w pending) error {
	if w.Record.IsZero() {
		return nil
	}
	return i.journal.drop(w.Number)
}

// abandon waits for the answers of all that is on its way, and lets go of it.
func (i *importer) abandon() {
	for _, x := range i.sent {
		<-x.answer
		x.ended <- false
	}
	i.sent = nil
}

// took verifies the service's answer, and notes that the batch is done, if there was one.
func (i *importer) took(w pending, receipt *remote.Receipt) error {
	if i.DryRun {
		i.done.progress = w.Next
		return nil
	}
	batches := i.done.progress.Batches // with the indexes that were not known when w was signed
	if receipt != nil {
		index, err := i.Verify(receipt.Bundle, w.Record)
		if err != nil {
			return fmt.Errorf("the service accepted batch %d, and its answer does not verify: %w", w.Number, err)
		}
		last := w.Next.Batches[len(w.Next.Batches)-1]
		last.Index = index
		batches = append(slices.Clip(batches), last)
		i.done.number, i.done.record = w.Number, w.Record
	}
	w.Next.Batches = batches
	if err := i.journal.done(w.Next); err != nil {
		return err
	}
	i.done.progress = w.Next
	return i.drop(w)
}

// sendAgain sends the batches that an earlier run left behind. From the first that is refused
// on they are not there: their rows are read again.
func (i *importer) sendAgain(ctx context.Context, waits []pending) error {
	refused := false
	for _, w := range waits {
		if !refused {
			body, err := i.journal.body(w)
			if err != nil {
				return err
			}
			receipt, err := i.deliver(ctx, body)
			if _, refused = refusal(err); !refused {
				if err == nil {
					err = i.took(w, receipt)
				}
				if err != nil {
					return err
				}
			}
		}
		if err := i.journal.drop(w.Number); err != nil {
			return err
		}
	}
	return nil
}

// refusal says what of a batch is refused: rows, or its place in the roll. refused is false
// for every other error.
func refusal(err error) (bad []remote.BadRow, refused bool) {
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
