package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"

	"github.com/sijil/sijil/internal/endorsement"
	"github.com/sijil/sijil/internal/jcs"
	"github.com/sijil/sijil/internal/publish"
	"github.com/sijil/sijil/internal/roll"
	"github.com/sijil/sijil/internal/signatory"
	"github.com/sijil/sijil/internal/statement"
	"github.com/sijil/sijil/log"
)

// SettleBatch implements publish.RollStore. In a folder the names of a withholding are
// emptied out of the write-ahead log after it: if we die in between, the next start does so.
func (s *Store) SettleBatch(ctx context.Context, genesis log.Digest, number, index int64) error {
	withheld := false
	err := s.queue.do(ctx, func(t *tx) error {
		b, err := t.settleBatch(genesis, number, index)
		if err != nil {
			return err
		}
		withheld = b.change == statement.BatchWithhold
		if b.change == statement.BatchAdd {
			err = t.settleRows(b)
		} else {
			err = t.end(b)
		}
		if err == nil {
			err = t.counted(b.roll)
		}
		if err != nil {
			return fmt.Errorf("store: settle: %w", err)
		}
		return nil
	})
	if err != nil || !withheld {
		return err
	}
	return s.Scrub(ctx)
}

// Scrub implements publish.RollStore. PostgreSQL keeps what was deleted until it vacuums,
// and its write-ahead log until that is recycled.
func (s *Store) Scrub(ctx context.Context) error {
	if s.path == "" {
		return nil
	}
	return s.truncateWAL(ctx)
}

// settling is a batch that has its place in the log.
type settling struct {
	roll, first, rows int64
	change            string
	doc               []byte
}

func (t *tx) settleBatch(genesis log.Digest, number, index int64) (b settling, err error) {
	var at sql.NullInt64
	err = t.row(`SELECT r.id, b.first, b.rows, b.change, b.entries, b.log_index FROM batch b JOIN roll r ON r.id = b.roll WHERE r.genesis = ? AND b.number = ?`, genesis[:], number).
		Scan(&b.roll, &b.first, &b.rows, &b.change, &b.doc, &at)
	switch {
	case err != nil:
		return b, fmt.Errorf("store: settle: batch %d is not reserved: %w", number, err)
	case at.Valid && at.Int64 == index:
		return b, publish.ErrSettled
	case at.Valid:
		return b, fmt.Errorf("store: settle: batch %d stands at index %d, and was to stand at %d", number, at.Int64, index)
	}
	if _, err := t.exec(`UPDATE batch SET log_index = ? WHERE roll = ? AND number = ?`, index, b.roll, number); err != nil {
		return b, fmt.Errorf("store: settle: %w", err)
	}
	return b, nil
}

// counted says that the counts of a roll have changed, to whoever follows.
func (t *tx) counted(id int64) error {
	_, err := t.exec(`UPDATE roll SET settled = settled WHERE id = ?`, id)
	return err
}

// settleRows makes the rows of a batch count.
func (t *tx) settleRows(b settling) error {
	_, err := t.exec(`INSERT INTO tally (roll, version, country, known, n)
		SELECT roll, version, country, known, count(*) FROM endorser WHERE id BETWEEN ? AND ? GROUP BY roll, version, country, known
		ON CONFLICT (roll, version, country, known) DO UPDATE SET n = tally.n + excluded.n`, b.roll<<placeBits|b.first, b.roll<<placeBits|(b.first+b.rows-1))
	if err != nil {
		return err
	}
	_, err = t.exec(`UPDATE roll SET settled = ? WHERE id = ?`, b.first+b.rows-1, b.roll)
	return err
}

// end withdraws the entries of a batch, or withholds them.
func (t *tx) end(b settling) error {
	var list []log.Digest
	for doc := b.doc; len(doc) >= commitmentLine; doc = doc[commitmentLine:] {
		c, err := roll.ParseCommitment(string(doc[:commitmentLine-1]))
		if err != nil {
			return err
		}
		list = append(list, c)
	}
	have, err := t.find(b.roll, list)
	if err != nil {
		return err
	}
	ids := make([]int64, len(list))
	for i, c := range list {
		if ids[i] = have[c]; ids[i] == 0 {
			return fmt.Errorf("the roll has no entry %s", roll.Commitment(c))
		}
	}
	for some := range slices.Chunk(ids, rowsAtOnce) {
		if b.change == statement.BatchWithhold {
			err = t.withhold(some)
		} else {
			err = t.become(some, endorsement.Withdrawn)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// withhold deletes the names of rows, and what goes with them.
func (t *tx) withhold(ids []int64) error {
	names, err := t.names(ids)
	if err != nil {
		return err
	}
	if err := t.d.rolls.forget(t, names); err != nil {
		return err
	}
	return t.become(ids, endorsement.Withheld)
}

// names are those that are served, by the ids of their rows.
func (t *tx) names(ids []int64) (map[int64]string, error) {
	out := map[int64]string{}
	err := t.now().each(context.Background(), func(rows *sql.Rows) error {
		var id int64
		var disclosure string
		if err := rows.Scan(&id, &disclosure); err != nil {
			return err
		}
		_, s, _, err := signatory.ParseDisclosure(disclosure)
		out[id] = s.Name
		return err
	}, `SELECT id, disclosure FROM endorser WHERE id IN (SELECT value FROM `+t.d.numbers+` x) AND disclosure IS NOT NULL`, jsonOf(ids))
	return out, err
}

// become changes how rows that count are known. A withheld row stays withheld; one that
// becomes so keeps its digests alone.
func (t *tx) become(ids []int64, now endorsement.Known) error {
	list, gone := jsonOf(ids), number(endorsement.Withheld)
	chosen := ` FROM endorser WHERE id IN (SELECT value FROM ` + t.d.numbers + ` x) AND known <> ?2 `
	country, by, set := `country`, `roll, version, country`, `known = ?3`
	if now == endorsement.Withheld {
		country, by = `''`, `roll, version`
		set += `, country = '', disclosure = NULL, claim = NULL, key_tag = NULL, domain = NULL` + t.d.rolls.without()
	}
	for _, q := range []struct {
		sql  string
		args []any
	}{
		{`UPDATE tally SET n = tally.n - d.n FROM (SELECT roll, version, country, known, count(*) AS n` + chosen + `GROUP BY roll, version, country, known) d
			WHERE tally.roll = d.roll AND tally.version = d.version AND tally.country = d.country AND tally.known = d.known`, []any{list, gone}},
		{`INSERT INTO tally (roll, version, country, known, n) SELECT roll, version, ` + country + `, CAST(?3 AS BIGINT), count(*)` + chosen + `GROUP BY ` + by + `
			ON CONFLICT (roll, version, country, known) DO UPDATE SET n = tally.n + excluded.n`, []any{list, gone, number(now)}},
		{`UPDATE endorser SET ` + set + ` WHERE id IN (SELECT value FROM ` + t.d.numbers + ` x) AND known <> ?2`, []any{list, gone, number(now)}},
	} {
		if _, err := t.exec(q.sql, q.args...); err != nil {
			return err
		}
	}
	return nil
}

// Confirm implements publish.RollStore.
func (s *Store) Confirm(ctx context.Context, genesis, key log.Digest, domain string, signed func(index int64) bool) error {
	// Most often there is nothing to do, and nobody has to wait for that.
	if c, err := s.confirmed(ctx, genesis, key, domain, signed); err != nil || len(c.become) == 0 {
		return err
	}
	return s.queue.do(ctx, func(t *tx) error {
		c, err := t.now().confirmed(context.Background(), genesis, key, domain, signed)
		if err != nil {
			return err
		}
		for known, ids := range c.become {
			for some := range slices.Chunk(ids, rowsAtOnce) {
				if err := t.become(some, known); err != nil {
					return fmt.Errorf("store: confirm: %w", err)
				}
			}
		}
		if err := t.counted(c.roll); err != nil {
			return fmt.Errorf("store: confirm: %w", err)
		}
		return nil
	})
}

// confirmation is which rows of a roll are to become signed or unconfirmed.
type confirmation struct {
	roll   int64
	become map[endorsement.Known][]int64
}

func (s reading) confirmed(ctx context.Context, genesis, key log.Digest, domain string, signed func(index int64) bool) (confirmation, error) {
	out := confirmation{become: map[endorsement.Known][]int64{}}
	err := s.each(ctx, func(rows *sql.Rows) error {
		var id, known, index int64
		var claim string
		if err := rows.Scan(&out.roll, &id, &known, &claim, &index); err != nil {
			return err
		}
		var c roll.Claim
		if err := jcs.Unmarshal([]byte(claim), &c); err != nil {
			return errors.Join(errors.New("confirm"), err)
		}
		now := roll.Unconfirmed
		if signed(index) {
			now = endorsement.Signed
		}
		if log.Sum(c.Key) == key && known != number(now) {
			out.become[now] = append(out.become[now], id)
		}
		return nil
	}, `SELECT r.id, e.id, e.known, e.claim, b.log_index FROM roll r JOIN endorser e ON e.roll = r.id JOIN batch b ON b.roll = e.roll AND b.number = e.batch
		WHERE r.genesis = ? AND e.key_tag = ? AND e.domain = ? AND b.log_index IS NOT NULL AND e.known < ?`, genesis[:], tag(key), domain, number(endorsement.Withdrawn))
	return out, err
}
