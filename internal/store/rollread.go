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
	return s.batches(ctx, yield, ``)
}

// batches gives those to which a condition applies.
func (s reading) batches(ctx context.Context, yield func(publish.StoredBatch) error, where string, args ...any) error {
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
	}, `SELECT r.genesis, b.number, b.record, b.spki, b.bundle, b.log_index FROM batch b JOIN roll r ON r.id = b.roll `+where+` ORDER BY r.id, b.number`, args...)
}

// Rows implements publish.RollStore.
func (s *Store) Rows(ctx context.Context, genesis log.Digest, number int64, yield func(roll.Row) error) error {
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
	var doc []byte
	err := s.row(ctx, `SELECT b.entries FROM roll r JOIN batch b ON b.roll = r.id WHERE r.genesis = ? AND b.number = ? AND b.entries IS NOT NULL`, genesis[:], number).Scan(&doc)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, fmt.Errorf("batch %w", publish.ErrUnknown)
	}
	if err != nil {
		return nil, fmt.Errorf("store: batch: %w", err)
	}
	return doc, nil
}

// RollCounts implements publish.RollStore. One statement sees one moment.
func (s *Store) RollCounts(ctx context.Context, genesis log.Digest) (publish.RollSummary, error) {
	out := publish.RollSummary{Tally: roll.Tally{}}
	err := s.each(ctx, func(rows *sql.Rows) error {
		var newest []byte
		var version, known, n sql.NullInt64
		var country sql.NullString
		if err := rows.Scan(&out.Batches, &newest, &version, &country, &known, &n); err != nil {
			return err
		}
		if copy(out.Newest[:], newest) != len(out.Newest) {
			return errors.New("roll: a digest is not 32 bytes")
		}
		if n.Int64 == 0 {
			return nil
		}
		if known.Int64 < 0 || known.Int64 >= int64(len(roll.Knowns())) {
			return fmt.Errorf("tally: kind %d is not known", known.Int64)
		}
		out.Tally[roll.Cell{Version: int(version.Int64), Country: country.String, Known: roll.Knowns()[known.Int64]}] = n.Int64
		return nil
	}, `SELECT b.number, b.record, t.version, t.country, t.known, t.n FROM roll r
		JOIN batch b ON b.roll = r.id AND b.number = (SELECT max(number) FROM batch WHERE roll = r.id AND log_index IS NOT NULL)
		LEFT JOIN tally t ON t.roll = r.id WHERE r.genesis = ?`, genesis[:])
	return out, err
}

// Endorsers implements publish.RollStore.
func (s *Store) Endorsers(ctx context.Context, genesis log.Digest, q publish.RollQuery) ([]publish.RollEntry, error) {
	var id, settled int64
	err := s.row(ctx, `SELECT id, settled FROM roll WHERE genesis = ?`, genesis[:]).Scan(&id, &settled)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("store: roll: %w", err)
	}
	after, upTo := id<<placeBits|q.After, id<<placeBits|settled
	from, order, where := `endorser e`, `e.id`, []string{`e.roll = ?`, `e.version = ?`, `e.id > ?`, `e.id <= ?`}
	args := []any{id, q.Version, after, upTo}
	if q.Country != "" {
		where, args = append(where, `e.country = ?`), append(args, q.Country)
	}
	if q.Known != "" {
		where, args = append(where, `e.known = ?`), append(args, number(q.Known))
	}
	if words, beginning := wordsOf(q.Words); len(words) > 0 {
		found := s.d.rolls.find(words, beginning, after, upTo)
		from, order, where, args = found.from, found.order, append([]string{found.where}, where...), append(found.args, args...)
	}
	var out []publish.RollEntry
	err = s.each(ctx, func(rows *sql.Rows) error {
		e, err := scanRow(rows)
		out = append(out, e)
		return err
	}, `SELECT `+rowColumns+` FROM `+from+` WHERE `+strings.Join(where, ` AND `)+` ORDER BY `+order+` LIMIT ?`, append(args, q.Limit)...)
	return out, err
}

// maxWords bounds how many words are looked for.
const maxWords = 8

// wordsOf are the words of a search, folded. The last is the beginning of one where an
// asterisk ends the search: that costs a look at all names that begin so.
func wordsOf(search string) (words []string, beginning bool) {
	words = strings.Fields(roll.Fold(search))
	return words[:min(len(words), maxWords)], strings.HasSuffix(strings.TrimSpace(search), "*")
}
