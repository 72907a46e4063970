package store

import (
	"context"
	"database/sql"
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/sijil/sijil/internal/endorsement"
	"github.com/sijil/sijil/internal/jcs"
	"github.com/sijil/sijil/internal/publish"
	"github.com/sijil/sijil/internal/roll"
	"github.com/sijil/sijil/internal/signatory"
	"github.com/sijil/sijil/internal/statement"
	"github.com/sijil/sijil/log"
)

// placeBits are the lower bits of a row's id: its place in the roll.
const placeBits = 32

// maxBadRows bounds how many rows are named that cannot be taken.
const maxBadRows = 1000

// ReserveBatch implements publish.RollStore.
func (s *Store) ReserveBatch(ctx context.Context, b publish.NewBatch) error {
	if !s.d.rolls {
		return publish.ErrNoRolls
	}
	return s.queue.do(ctx, func(t *tx) error {
		if _, err := t.exec(`INSERT INTO roll (genesis, settled) VALUES (?, 0) ON CONFLICT DO NOTHING`, b.Genesis[:]); err != nil {
			return fmt.Errorf("store: roll: %w", err)
		}
		var id, settled int64
		if err := t.row(`SELECT id, settled FROM roll WHERE genesis = ?`, b.Genesis[:]).Scan(&id, &settled); err != nil {
			return fmt.Errorf("store: roll: %w", err)
		}
		var entries any
		if b.Change != statement.BatchAdd {
			if err := t.known(id, b.Entries); err != nil {
				return err
			}
			doc := make([]byte, 0, 44*len(b.Entries))
			for _, e := range b.Entries {
				doc = append(append(doc, roll.Commitment(e)...), '\n')
			}
			entries = doc
		}
		done, err := t.execOne(`INSERT INTO batch (roll, number, record, spki, bundle, change, version, first, rows, entries) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`,
			id, b.Number, b.Record[:], b.SPKI, b.Bundle, b.Change, b.Version, settled+1, len(b.Added), entries)
		if err != nil {
			return fmt.Errorf("store: batch: %w", err)
		}
		if !done {
			return publish.ErrTaken
		}
		return t.addRows(id, settled+1, b)
	})
}

// known refuses entries that the roll does not have.
func (t *tx) known(id int64, entries []log.Digest) error {
	var bad []*roll.RowError
	for i, e := range entries {
		switch at, err := t.find(id, e); {
		case err != nil:
			return err
		case at == 0 && len(bad) < maxBadRows:
			bad = append(bad, &roll.RowError{Row: i + 1, Err: errors.New("the roll has no such entry")})
		}
	}
	if len(bad) > 0 {
		return &publish.RowsError{Rows: bad}
	}
	return nil
}

// find is the id of a row by its commitment; 0 for none.
func (t *tx) find(id int64, commitment log.Digest) (int64, error) {
	s, err := t.stmt(`SELECT id, commitment FROM endorser WHERE roll = ? AND tag = ?`)
	if err != nil {
		return 0, err
	}
	rows, err := s.Query(id, tag(commitment))
	if err != nil {
		return 0, fmt.Errorf("store: endorser: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var at int64
		var have []byte
		if err := rows.Scan(&at, &have); err != nil {
			return 0, fmt.Errorf("store: endorser: %w", err)
		}
		if string(have) == string(commitment[:]) {
			return at, nil
		}
	}
	return 0, rows.Err()
}

// tag is the first eight bytes of a digest.
func tag(d log.Digest) int64 { return int64(binary.BigEndian.Uint64(d[:8])) }

// addRows writes the rows of an addition from a place on.
func (t *tx) addRows(id, first int64, b publish.NewBatch) error {
	var bad []*roll.RowError
	for i, e := range b.Added {
		switch at, err := t.find(id, e.Commitment); {
		case err != nil:
			return err
		case at != 0:
			if len(bad) < maxBadRows {
				bad = append(bad, &roll.RowError{Row: i + 1, Err: errors.New("the entry stands in the roll already")})
			}
			continue
		case len(bad) > 0:
			continue
		}
		if err := t.addRow(id, id<<placeBits|(first+int64(i)), b, e); err != nil {
			return fmt.Errorf("store: endorser: %w", err)
		}
	}
	if len(bad) > 0 {
		return &publish.RowsError{Rows: bad}
	}
	return nil
}

func (t *tx) addRow(id, row int64, b publish.NewBatch, e publish.NewEndorser) error {
	var evidence, claim, keyTag, domain any
	if e.Claim != nil {
		doc, err := jcs.Marshal(e.Claim)
		if err != nil {
			return err
		}
		evidence, claim = e.Evidence[:], string(doc)
		if e.Signatory.Domain != "" {
			keyTag, domain = tag(e.Key), e.Signatory.Domain
		}
	}
	_, err := t.exec(`INSERT INTO endorser (id, roll, version, batch, known, country, tag, commitment, evidence, disclosure, claim, key_tag, domain) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		row, id, b.Version, b.Number, number(e.Known), e.Signatory.Country, tag(e.Commitment), e.Commitment[:], evidence, string(e.Disclosure), claim, keyTag, domain)
	if err != nil {
		return err
	}
	_, err = t.exec(`INSERT INTO endorser_name (rowid, name) VALUES (?, ?)`, row, roll.Fold(e.Signatory.Name))
	return err
}

// number is how a row's kind is stored.
func number(k endorsement.Known) int {
	for i, x := range roll.Knowns() {
		if x == k {
			return i
		}
	}
	return -1
}

// SettleBatch implements publish.RollStore. The names of a withholding are emptied out of
// the write-ahead log after it: if we die in between, the next start does so.
func (s *Store) SettleBatch(ctx context.Context, genesis log.Digest, number, index int64) error {
	if !s.d.rolls {
		return publish.ErrNoRolls
	}
	withheld := false
	err := s.queue.do(ctx, func(t *tx) error {
		var id, first, rows int64
		var change string
		var doc []byte
		err := t.row(`SELECT r.id, b.first, b.rows, b.change, b.entries FROM batch b JOIN roll r ON r.id = b.roll WHERE r.genesis = ? AND b.number = ? AND b.log_index IS NULL`, genesis[:], number).
			Scan(&id, &first, &rows, &change, &doc)
		if err != nil {
			return fmt.Errorf("store: settle: batch %d is not reserved: %w", number, err)
		}
		if _, err := t.exec(`UPDATE batch SET log_index = ? WHERE roll = ? AND number = ?`, index, id, number); err != nil {
			return fmt.Errorf("store: settle: %w", err)
		}
		if change == statement.BatchAdd {
			if err := t.settleRows(id, first, rows); err != nil {
				return fmt.Errorf("store: settle: %w", err)
			}
			return nil
		}
		withheld = change == statement.BatchWithhold
		for ; len(doc) >= 44; doc = doc[44:] {
			c, err := roll.ParseCommitment(string(doc[:43]))
			if err != nil {
				return fmt.Errorf("store: settle: %w", err)
			}
			if err := t.end(id, c, withheld); err != nil {
				return fmt.Errorf("store: settle: %w", err)
			}
		}
		return nil
	})
	if err != nil || !withheld {
		return err
	}
	return s.truncateWAL(ctx)
}

// Scrub implements publish.RollStore.
func (s *Store) Scrub(ctx context.Context) error {
	if !s.d.rolls {
		return nil
	}
	return s.truncateWAL(ctx)
}

// settleRows makes the rows of a batch count.
func (t *tx) settleRows(id, first, rows int64) error {
	_, err := t.exec(`INSERT INTO tally (roll, version, country, known, n)
		SELECT roll, version, country, known, count(*) FROM endorser WHERE id BETWEEN ? AND ? GROUP BY roll, version, country, known
		ON CONFLICT (roll, version, country, known) DO UPDATE SET n = n + excluded.n`, id<<placeBits|first, id<<placeBits|(first+rows-1))
	if err != nil {
		return err
	}
	_, err = t.exec(`UPDATE roll SET settled = ? WHERE id = ?`, first+rows-1, id)
	return err
}

// end withdraws a row, or withholds it. What is withheld stays so.
func (t *tx) end(id int64, commitment log.Digest, withhold bool) error {
	at, err := t.find(id, commitment)
	if err != nil || at == 0 {
		return errors.Join(err, t.missing(at, commitment))
	}
	now := endorsement.Withdrawn
	if withhold {
		now = endorsement.Withheld
		var disclosure sql.NullString
		if err := t.row(`SELECT disclosure FROM endorser WHERE id = ?`, at).Scan(&disclosure); err != nil {
			return err
		}
		if !disclosure.Valid {
			return nil
		}
		_, s, _, err := signatory.ParseDisclosure(disclosure.String)
		if err != nil {
			return err
		}
		if _, err := t.exec(`INSERT INTO endorser_name (endorser_name, rowid, name) VALUES ('delete', ?, ?)`, at, roll.Fold(s.Name)); err != nil {
			return err
		}
	}
	if err := t.become(at, now); err != nil || !withhold {
		return err
	}
	_, err = t.exec(`UPDATE endorser SET country = '', disclosure = NULL, claim = NULL, key_tag = NULL, domain = NULL WHERE id = ?`, at)
	return err
}

func (t *tx) missing(at int64, commitment log.Digest) error {
	if at != 0 {
		return nil
	}
	return fmt.Errorf("the roll has no entry %s", roll.Commitment(commitment))
}

// become changes how a row that counts is known. A withheld row stays withheld; one that
// becomes so is of no country.
func (t *tx) become(row int64, now endorsement.Known) error {
	gone := number(endorsement.Withheld)
	for _, q := range []struct {
		sql  string
		args []any
	}{
		{`UPDATE tally SET n = n - 1 FROM endorser e WHERE e.id = ?1 AND e.known <> ?2 AND tally.roll = e.roll AND tally.version = e.version AND tally.country = e.country AND tally.known = e.known`, []any{row, gone}},
		{`INSERT INTO tally (roll, version, country, known, n) SELECT roll, version, CASE WHEN ?3 = ?2 THEN '' ELSE country END, ?3, 1 FROM endorser WHERE id = ?1 AND known <> ?2
			ON CONFLICT (roll, version, country, known) DO UPDATE SET n = n + 1`, []any{row, gone, number(now)}},
		{`UPDATE endorser SET known = ?3 WHERE id = ?1 AND known <> ?2`, []any{row, gone, number(now)}},
	} {
		if _, err := t.exec(q.sql, q.args...); err != nil {
			return err
		}
	}
	return nil
}

// Confirm implements publish.RollStore.
func (s *Store) Confirm(ctx context.Context, genesis, key log.Digest, domain string, signed func(index int64) bool) error {
	if !s.d.rolls {
		return nil
	}
	return s.queue.do(ctx, func(t *tx) error {
		q, err := t.stmt(`SELECT e.id, e.known, e.claim, b.log_index FROM roll r JOIN endorser e ON e.roll = r.id JOIN batch b ON b.roll = e.roll AND b.number = e.batch
			WHERE r.genesis = ? AND e.key_tag = ? AND e.domain = ? AND b.log_index IS NOT NULL AND e.known < ?`)
		if err != nil {
			return fmt.Errorf("store: confirm: %w", err)
		}
		rows, err := q.Query(genesis[:], tag(key), domain, number(endorsement.Withdrawn))
		if err != nil {
			return fmt.Errorf("store: confirm: %w", err)
		}
		defer rows.Close()
		change := map[int64]endorsement.Known{}
		for rows.Next() {
			var id, known, index int64
			var claim string
			if err := rows.Scan(&id, &known, &claim, &index); err != nil {
				return fmt.Errorf("store: confirm: %w", err)
			}
			var c roll.Claim
			if err := jcs.Unmarshal([]byte(claim), &c); err != nil {
				return fmt.Errorf("store: confirm: %w", err)
			}
			now := roll.Unconfirmed
			if signed(index) {
				now = endorsement.Signed
			}
			if log.Sum(c.Key) == key && int(known) != number(now) {
				change[id] = now
			}
		}
		if err := rows.Err(); err != nil {
			return fmt.Errorf("store: confirm: %w", err)
		}
		for id, now := range change {
			if err := t.become(id, now); err != nil {
				return fmt.Errorf("store: confirm: %w", err)
			}
		}
		return nil
	})
}
