package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"

	"github.com/sijil/sijil/internal/jcs"
	"github.com/sijil/sijil/internal/publish"
	"github.com/sijil/sijil/internal/roll"
	"github.com/sijil/sijil/internal/signatory"
	"github.com/sijil/sijil/log"
)

// Batches implements publish.RollStore.
func (s *Store) Batches(ctx context.Context, yield func(publish.StoredBatch) error) error {
	if !s.d.rolls {
		return nil
	}
	return s.each(ctx, func(rows *sql.Rows) error {
		var b publish.StoredBatch
		var record, genesis []byte
		var index sql.NullInt64
		if err := rows.Scan(&genesis, &b.Number, &record, &b.SPKI, &b.Bundle, &index); err != nil {
			return err
		}
		if copy(b.Record[:], record) != len(b.Record) || copy(b.Genesis[:], genesis) != len(b.Genesis) {
			return errors.New("batches: a digest is not 32 bytes")
		}
		if b.Index = -1; index.Valid {
			b.Index = index.Int64
		}
		return yield(b)
	}, `SELECT r.genesis, b.number, b.record, b.spki, b.bundle, b.log_index FROM batch b JOIN roll r ON r.id = b.roll ORDER BY r.id, b.number`)
}

// Rows implements publish.RollStore.
func (s *Store) Rows(ctx context.Context, genesis log.Digest, number int64, yield func(roll.Row) error) error {
	if !s.d.rolls {
		return publish.ErrNoRolls
	}
	return s.each(ctx, func(rows *sql.Rows) error {
		r, err := scanRow(rows)
		if err != nil {
			return err
		}
		return yield(r.Row)
	}, `SELECT `+rowColumns+` FROM roll r JOIN batch b ON b.roll = r.id JOIN endorser e ON e.id BETWEEN (r.id << 32) + b.first AND (r.id << 32) + b.first + b.rows - 1
		WHERE r.genesis = ? AND b.number = ? AND b.log_index IS NOT NULL ORDER BY e.id`, genesis[:], number)
}

const rowColumns = `e.id, e.batch, e.known, e.commitment, e.evidence, e.disclosure, e.claim`

func scanRow(rows *sql.Rows) (out publish.RollEntry, err error) {
	var commitment, evidence []byte
	var disclosure, claim sql.NullString
	var known int
	if err := rows.Scan(&out.Place, &out.Batch, &known, &commitment, &evidence, &disclosure, &claim); err != nil {
		return out, err
	}
	if known < 0 || known >= len(roll.Knowns()) {
		return out, fmt.Errorf("endorser: kind %d is not known", known)
	}
	out.Place, out.Known = out.Place&(1<<placeBits-1), roll.Knowns()[known]
	if !disclosure.Valid {
		var c, e log.Digest
		if copy(c[:], commitment) != len(c) || evidence != nil && copy(e[:], evidence) != len(e) {
			return out, errors.New("endorser: a digest is not 32 bytes")
		}
		out.Row.Withheld = roll.Line(c, e)
		return out, nil
	}
	out.Row.Disclosure = signatory.Disclosure(disclosure.String)
	if claim.Valid {
		out.Row.Claim = new(roll.Claim)
		return out, jcs.Unmarshal([]byte(claim.String), out.Row.Claim)
	}
	return out, nil
}

// Entries implements publish.RollStore.
func (s *Store) Entries(ctx context.Context, genesis log.Digest, number int64) ([]byte, error) {
	if !s.d.rolls {
		return nil, publish.ErrNoRolls
	}
	var doc []byte
	err := s.read.QueryRowContext(ctx, `SELECT b.entries FROM roll r JOIN batch b ON b.roll = r.id WHERE r.genesis = ? AND b.number = ? AND b.entries IS NOT NULL`, genesis[:], number).Scan(&doc)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, fmt.Errorf("batch %w", publish.ErrUnknown)
	}
	if err != nil {
		return nil, fmt.Errorf("store: batch: %w", err)
	}
	return doc, nil
}

// Tally implements publish.RollStore.
func (s *Store) Tally(ctx context.Context, genesis log.Digest) (roll.Tally, error) {
	if !s.d.rolls {
		return roll.Tally{}, nil
	}
	out := roll.Tally{}
	err := s.each(ctx, func(rows *sql.Rows) error {
		var c roll.Cell
		var known int
		var n int64
		if err := rows.Scan(&c.Version, &c.Country, &known, &n); err != nil {
			return err
		}
		if known < 0 || known >= len(roll.Knowns()) {
			return fmt.Errorf("tally: kind %d is not known", known)
		}
		if c.Known = roll.Knowns()[known]; n != 0 {
			out[c] = n
		}
		return nil
	}, `SELECT t.version, t.country, t.known, t.n FROM tally t JOIN roll r ON r.id = t.roll WHERE r.genesis = ?`, genesis[:])
	return out, err
}

// Endorsers implements publish.RollStore.
func (s *Store) Endorsers(ctx context.Context, genesis log.Digest, q publish.RollQuery) ([]publish.RollEntry, error) {
	if !s.d.rolls {
		return nil, nil
	}
	var id, settled int64
	err := s.read.QueryRowContext(ctx, `SELECT id, settled FROM roll WHERE genesis = ?`, genesis[:]).Scan(&id, &settled)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("store: roll: %w", err)
	}
	from, where := `endorser e`, []string{`e.roll = ?`, `e.version = ?`, `e.id > ?`, `e.id <= ?`}
	args := []any{id, q.Version, id<<placeBits | q.After, id<<placeBits | settled}
	if q.Country != "" {
		where, args = append(where, `e.country = ?`), append(args, q.Country)
	}
	if q.Known != "" {
		where, args = append(where, `e.known = ?`), append(args, number(q.Known))
	}
	order := `e.id`
	if match := matchWords(q.Words); match != "" {
		from, order = `endorser_name n CROSS JOIN endorser e ON e.id = n.rowid`, `n.rowid`
		where = append([]string{`n.endorser_name MATCH ?`, `n.rowid > ?`, `n.rowid <= ?`}, where...)
		args = append([]any{match, args[2], args[3]}, args...)
	}
	var out []publish.RollEntry
	err = s.each(ctx, func(rows *sql.Rows) error {
		e, err := scanRow(rows)
		out = append(out, e)
		return err
	}, `SELECT `+rowColumns+` FROM `+from+` WHERE `+strings.Join(where, ` AND `)+` ORDER BY `+order+` LIMIT ?`, append(args, q.Limit)...)
	return out, err
}

// matchWords is a query of the full-text index: every word, and the last as a beginning
// where it ends in an asterisk: that costs a look at all names that begin so. Folded words
// are letters and digits alone, and stand in quotes.
func matchWords(words string) string {
	list := strings.Fields(roll.Fold(words))
	if len(list) == 0 {
		return ""
	}
	const most = 8
	list = list[:min(len(list), most)]
	out := `"` + strings.Join(list, `" AND "`) + `"`
	if strings.HasSuffix(strings.TrimSpace(words), "*") {
		out += "*"
	}
	return out
}
