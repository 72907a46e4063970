package publish

import (
	"errors"

	"github.com/sijil/sijil/internal/chain"
	"github.com/sijil/sijil/internal/roll"
	"github.com/sijil/sijil/internal/statement"
	"github.com/sijil/sijil/keys"
	"github.com/sijil/sijil/log"
)

// openBatch verifies what was handed in, but for its rows.
func openBatch(data, spki []byte, c *chain.Chain) (*log.Bundle, *roll.Record, error) {
	b, err := log.ParseBundle(data)
	if err != nil {
		return nil, nil, &InvalidError{err}
	}
	key, err := keys.ParsePublicKey(spki)
	if err != nil {
		return nil, nil, &InvalidError{err}
	}
	b.VerificationMaterial.LogEntries = nil
	r, err := roll.VerifyBatch(b, key, c)
	var foreign *chain.ForeignError
	if err != nil && !errors.As(err, &foreign) && !errors.Is(err, chain.ErrUnauthorised) {
		err = &InvalidError{err}
	}
	return b, r, err
}

// openedRows is a batch whose rows were verified. Where it stands in the roll is not.
type openedRows struct {
	record  *roll.Record
	bundle  *log.Bundle      // without a log entry
	added   []*roll.Endorser // by an addition
	entries []log.Digest     // of the others
}

// openRows verifies what was handed in by a key of the policy; where nobody is before it, it
// has to follow too. What a batch endorses stays as it is in a chain that grows. known is the
// batch if it is in the log.
func (p *publication) openRows(data, spki, body []byte, turn place) (rows openedRows, known *rollBatch, err error) {
	p.mu.RLock()
	c := p.chain.Clone()
	p.mu.RUnlock()
	if rows.bundle, rows.record, err = openBatch(data, spki, c); err != nil {
		return rows, nil, err
	}
	if known, ok := p.batch(rows.record.Digest()); ok {
		return rows, &known, nil
	}
	err = mayAdd(c, rows.record.Key)
	if err == nil && turn.first() {
		err = p.mayFollow(rows.record, c)
	}
	if err != nil {
		return rows, nil, err
	}
	b := rows.record.Batch
	if b.Change != statement.BatchAdd {
		rows.entries, err = roll.ParseEntries(b, body)
		return rows, nil, rowsError(err)
	}
	place, err := roll.PlaceOf(c, *b.Version)
	if err != nil {
		return rows, nil, &InvalidError{err}
	}
	list, err := roll.ParseRows(body)
	if err != nil {
		return rows, nil, rowsError(err)
	}
	rows.added, err = roll.OpenRows(b, place, list, nil)
	return rows, nil, rowsError(err)
}

func rowsError(err error) error {
	var row *roll.RowError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &row):
		return &RowsError{Rows: []*roll.RowError{row}}
	}
	return &InvalidError{err}
}
