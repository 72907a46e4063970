package monitor

import (
	"context"
	"errors"
	"fmt"

	"github.com/sijil/sijil/internal/evidence"
	"github.com/sijil/sijil/internal/statement"
)

// rolls reports the batches of the roll that are new; their rows are not read. A roll that
// does not verify is left out: the audit says what is wrong with it.
func (d *difference) rolls(ctx context.Context) error {
	list, err := d.p.Roll(ctx, d.src)
	var damaged *evidence.DamagedError
	switch {
	case errors.As(err, &damaged), err != nil && d.look.s.Wrong != nil && d.look.s.Wrong(err):
		return nil
	case err != nil:
		d.failed = err
		return nil
	case d.s.Batches == nil:
		d.s.Batches = new(int64(len(list)))
		return nil
	}
	for ; *d.s.Batches < int64(len(list)); *d.s.Batches++ {
		b := list[*d.s.Batches]
		e := batchEvent(b.Batch)
		record, index := b.Digest(), b.Index
		e.Record, e.LogIndex = &record, &index
		if err := d.report(e, record.String()); err != nil {
			return err
		}
	}
	return nil
}

func batchEvent(b *statement.Batch) Event {
	e := Event{Type: Batch, Change: b.Change, Number: b.Number, Count: b.Count, Reason: b.Reason, Issued: b.Issued}
	who := "1 endorser"
	if b.Count != 1 {
		who = fmt.Sprintf("%d endorsers", b.Count)
	}
	what := ""
	switch b.Change {
	case statement.BatchAdd:
		e.Version = b.Version.Number
		what = fmt.Sprintf("the publisher adds %s of version %d to the roll", who, e.Version)
	case statement.BatchWithdraw:
		what = fmt.Sprintf("the publisher says that %s of the roll WITHDREW", who)
	default:
		what = fmt.Sprintf("of %s of the roll the names are withheld from now on", who)
	}
	e.Summary = fmt.Sprintf("%s (batch %d)", what, b.Number)
	if b.Reason != "" {
		e.Summary += ": " + quote(b.Reason)
	}
	return e
}
