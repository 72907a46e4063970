package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/sijil/sijil/internal/publish"
	"github.com/sijil/sijil/internal/signatory"
	"github.com/sijil/sijil/log"
)

var _ publish.Store = (*Store)(nil)

// Reserve implements publish.Store.
func (s *Store) Reserve(ctx context.Context, r publish.Reservation) error {
	return s.queue.do(ctx, func(t *tx) error {
		if r.Token != nil {
			if err := reservePublication(t, r); err != nil {
				return err
			}
		} else if err := t.moveOn(r.Genesis, r.Revision); err != nil {
			return err
		}
		if err := t.checkPayloads(r); err != nil {
			return err
		}
		if err := t.noBatch(r); err != nil {
			return err
		}
		if err := t.claimKeys(r.Names); err != nil {
			return err
		}
		first, err := t.execOne(`INSERT INTO record (digest, genesis, sequence, state) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING`,
			r.Record[:], r.Genesis[:], r.Sequence, publish.Proposed)
		if err != nil {
			return fmt.Errorf("store: reserve: %w", err)
		}
		if r.Takes {
			if err := take(t, r); err != nil {
				return err
			}
		}
		done, err := t.execOne(`INSERT INTO signature (record, position, key, bundle)
			SELECT ?1, count(*), ?2, ?3 FROM signature WHERE record = ?1 ON CONFLICT DO NOTHING`, r.Record[:], r.Key[:], r.Bundle)
		if err != nil {
			return fmt.Errorf("store: reserve: %w", err)
		}
		if !done {
			return publish.ErrTaken
		}
		if !first {
			return nil
		}
		return insertContent(t, r.Record, r.Content)
	})
}

// take makes a place in the chain the record's.
func take(t *tx, r publish.Reservation) error {
	done, err := t.execOne(`UPDATE record SET state = ? WHERE digest = ? AND state = ?
		AND NOT EXISTS (SELECT 1 FROM record other WHERE other.genesis = ? AND other.sequence = ? AND other.state > 0)`, publish.Taken, r.Record[:], publish.Proposed, r.Genesis[:], r.Sequence)
	if err != nil {
		return fmt.Errorf("store: reserve: %w", err)
	}
	if !done {
		return publish.ErrTaken
	}
	return nil
}

func reservePublication(t *tx, r publish.Reservation) error {
	done, err := t.execOne(`UPDATE token SET used_by = ? WHERE digest = ? AND slug = ? AND used_by IS NULL AND expires > ?`,
		r.Genesis[:], r.Token[:], r.Slug, r.Now.Unix())
	if err != nil {
		return fmt.Errorf("store: use token: %w", err)
	}
	if !done {
		return publish.ErrToken
	}
	done, err = t.execOne(`INSERT INTO publication (genesis, slug, revision) VALUES (?, ?, 1) ON CONFLICT DO NOTHING`, r.Genesis[:], r.Slug)
	if err != nil {
		return fmt.Errorf("store: reserve publication: %w", err)
	}
	if !done {
		return publish.ErrTaken
	}
	return nil
}

func insertContent(t *tx, record log.Digest, c publish.Content) error {
	for lang, body := range c.Texts {
		if _, err := t.exec(`INSERT INTO text (record, language, body) VALUES (?, ?, ?)`, record[:], lang, body); err != nil {
			return fmt.Errorf("store: text: %w", err)
		}
	}
	for i, d := range c.Disclosures {
		value := sql.NullString{String: string(d), Valid: d != ""}
		if _, err := t.exec(`INSERT INTO disclosure (record, position, disclosure) VALUES (?, ?, ?)`, record[:], i, value); err != nil {
			return fmt.Errorf("store: disclosure: %w", err)
		}
	}
	return nil
}

// Settle implements publish.Store.
func (s *Store) Settle(ctx context.Context, p publish.Settlement) error {
	return s.queue.do(ctx, func(t *tx) error {
		done, err := t.execOne(`UPDATE signature SET log_index = ?, complete = ? WHERE record = ? AND key = ? AND log_index IS NULL`, p.Index, p.Bundle, p.Record[:], p.Key[:])
		if err != nil {
			return fmt.Errorf("store: settle: %w", err)
		}
		if !done {
			return t.notReserved(p)
		}
		if _, err := t.exec(`UPDATE publication SET revision = revision + 1, head = COALESCE(?, head) WHERE genesis = ?`, p.Head, p.Genesis[:]); err != nil {
			return fmt.Errorf("store: head: %w", err)
		}
		if p.Head == nil {
			return nil
		}
		done, err = t.execOne(`UPDATE record SET state = ? WHERE digest = ? AND state = ?`, publish.Settled, p.Record[:], publish.Taken)
		if err != nil {
			return fmt.Errorf("store: settle: %w", err)
		}
		if !done {
			return fmt.Errorf("store: settle: record %s has no place in the chain", p.Record)
		}
		return nil
	})
}

// moveOn swaps a publication's revision for the next, unless somebody else did.
func (t *tx) moveOn(genesis log.Digest, revision int64) error {
	done, err := t.execOne(`UPDATE publication SET revision = revision + 1 WHERE genesis = ? AND revision = ?`, genesis[:], revision)
	if err != nil {
		return fmt.Errorf("store: revision: %w", err)
	}
	if !done {
		return publish.ErrStale
	}
	return nil
}

// checkPayloads holds what a redaction names against what is here now.
func (t *tx) checkPayloads(r publish.Reservation) error {
	if r.Withholds == "" {
		return nil
	}
	var records, open int
	err := t.row(`SELECT count(DISTINCT record) FROM aside WHERE genesis = ? AND entry = ?`, r.Genesis[:], r.Withholds).Scan(&records)
	if err == nil {
		err = t.row(`SELECT count(*) FROM aside WHERE genesis = ? AND entry = ? AND log_index IS NULL`, r.Genesis[:], r.Withholds).Scan(&open)
	}
	if err != nil {
		return fmt.Errorf("store: reserve: %w", err)
	}
	if records != r.Payloads || open > 0 {
		return publish.ErrStale
	}
	return nil
}

// notReserved says why a signature cannot be settled.
func (t *tx) notReserved(p publish.Settlement) error {
	var settled int
	if err := t.row(`SELECT count(*) FROM signature WHERE record = ? AND key = ? AND log_index = ?`, p.Record[:], p.Key[:], p.Index).Scan(&settled); err != nil {
		return fmt.Errorf("store: settle: %w", err)
	}
	if settled > 0 {
		return publish.ErrSettled
	}
	return fmt.Errorf("store: settle: record %s is not reserved under the key %s", p.Record, p.Key)
}

// Records implements publish.Store.
func (s *Store) Records(ctx context.Context, yield func(publish.Stored) error) error {
	list, err := s.publications(ctx, `SELECT genesis, slug, head, revision FROM publication ORDER BY genesis`)
	if err != nil {
		return err
	}
	var orphan []byte
	switch err := s.row(ctx, `SELECT digest FROM record WHERE genesis NOT IN (SELECT genesis FROM publication) LIMIT 1`).Scan(&orphan); {
	case err == nil:
		return fmt.Errorf("store: record %x is of a publication that is not there: the database is damaged", orphan)
	case !errors.Is(err, sql.ErrNoRows):
		return fmt.Errorf("store: records: %w", err)
	}
	for _, p := range list {
		if err := s.recordsOf(ctx, p, yield); err != nil {
			return err
		}
	}
	return nil
}

// publications returns what records of one publication have in common.
func (s reading) publications(ctx context.Context, query string, args ...any) (out []publish.Stored, err error) {
	err = s.each(ctx, func(rows *sql.Rows) error {
		var p publish.Stored
		var genesis []byte
		if err := rows.Scan(&genesis, &p.Slug, &p.Head, &p.Revision); err != nil {
			return err
		}
		if len(genesis) != len(p.Genesis) {
			return errors.New("publications: a digest is not 32 bytes")
		}
		p.Genesis = log.Digest(genesis)
		out = append(out, p)
		return nil
	}, query, args...)
	return out, err
}

// recordsOf yields the records of a publication. It has no rows open while it does:
// a transaction can read one set at a time.
func (s reading) recordsOf(ctx context.Context, p publish.Stored, yield func(publish.Stored) error) error {
	var list []publish.Stored
	err := s.each(ctx, func(rows *sql.Rows) error {
		r := p
		var digest []byte
		if err := rows.Scan(&digest, &r.Sequence, &r.State); err != nil {
			return fmt.Errorf("records: %w", err)
		}
		if len(digest) != len(r.Record) {
			return errors.New("records: a digest is not 32 bytes")
		}
		r.Record = log.Digest(digest)
		list = append(list, r)
		return nil
	}, `SELECT digest, sequence, state FROM record WHERE genesis = ? ORDER BY sequence, state, digest`, p.Genesis[:])
	if err != nil {
		return err
	}
	for _, r := range list {
		if r.Signatures, err = s.signatures(ctx, r.Record); err != nil {
			return err
		}
		if r.Content, err = s.content(ctx, r.Record); err != nil {
			return err
		}
		if err := yield(r); err != nil {
			return fmt.Errorf("store: %w", err)
		}
	}
	return nil
}

func (s reading) signatures(ctx context.Context, record log.Digest) (out []publish.StoredSignature, err error) {
	err = s.each(ctx, func(rows *sql.Rows) error {
		var key []byte
		var index sql.NullInt64
		one := publish.StoredSignature{Index: -1}
		if err := rows.Scan(&key, &one.Bundle, &index); err != nil {
			return err
		}
		if len(key) != len(one.Key) {
			return errors.New("signatures: a key is not 32 bytes")
		}
		one.Key = log.Digest(key)
		if index.Valid {
			one.Index = index.Int64
		}
		out = append(out, one)
		return nil
	}, `SELECT key, bundle, log_index FROM signature WHERE record = ? ORDER BY position`, record[:])
	return out, err
}

func (s reading) content(ctx context.Context, record log.Digest) (c publish.Content, err error) {
	c.Texts = map[string][]byte{}
	err = s.each(ctx, func(rows *sql.Rows) error {
		var lang string
		var body []byte
		if err := rows.Scan(&lang, &body); err != nil {
			return err
		}
		c.Texts[lang] = body
		return nil
	}, `SELECT language, body FROM text WHERE record = ?`, record[:])
	if err != nil {
		return c, err
	}
	err = s.each(ctx, func(rows *sql.Rows) error {
		var position int
		var d sql.NullString
		if err := rows.Scan(&position, &d); err != nil {
			return err
		}
		if position != len(c.Disclosures) {
			return fmt.Errorf("disclosure %d of record %s is missing", len(c.Disclosures), record)
		}
		c.Disclosures = append(c.Disclosures, signatory.Disclosure(d.String))
		return nil
	}, `SELECT position, disclosure FROM disclosure WHERE record = ? ORDER BY position`, record[:])
	return c, err
}

// FirstBundle implements publish.Store.
func (s *Store) FirstBundle(ctx context.Context, record, key log.Digest) ([]byte, error) {
	var b []byte
	err := s.row(ctx, `SELECT complete FROM signature WHERE record = ? AND key = ? AND complete IS NOT NULL`, record[:], key[:]).Scan(&b)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, fmt.Errorf("record %w", publish.ErrUnknown)
	}
	if err != nil {
		return nil, fmt.Errorf("store: bundle: %w", err)
	}
	return b, nil
}
