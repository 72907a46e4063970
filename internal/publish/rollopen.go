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

// openedRows are the rows of a batch, verified.
type openedRows struct {
	added   []*roll.Endorser // by an addition
	entries []log.Digest     // of the others
}

// openRows verifies rows. What they endorse stays as it is in a chain that grows.
func openRows(r *roll.Record, c *chain.Chain, body []byte) (rows openedRows, err error) {
	if r.Batch.Change != statement.BatchAdd {
		rows.entries, err = roll.ParseEntries(r.Batch, body)
		return rows, rowsError(err)
	}
	place, err := roll.PlaceOf(c, *r.Batch.Version)
	if err != nil {
		return rows, &InvalidError{err}
	}
	list, err := roll.ParseRows(body)
	if err != nil {
		return rows, rowsError(err)
	}
	rows.added, err = roll.OpenRows(r.Batch, place, list, nil)
	return rows, rowsError(err)
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
