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
	done, err := t.execOne(`UPDATE OR IGNORE record SET state = ? WHERE digest = ? AND state = ?`, publish.Taken, r.Record[:], publish.Proposed)
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
	done, err = t.execOne(`INSERT INTO publication (genesis, slug) VALUES (?, ?) ON CONFLICT DO NOTHING`, r.Genesis[:], r.Slug)
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
			return fmt.Errorf("store: settle: record %s is not reserved under the key %s", p.Record, p.Key)
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
		if _, err := t.exec(`UPDATE publication SET head = ? WHERE genesis = ?`, p.Head, p.Genesis[:]); err != nil {
			return fmt.Errorf("store: head: %w", err)
		}
		return nil
	})
}

// Records implements publish.Store.
func (s *Store) Records(ctx context.Context, yield func(publish.Stored) error) error {
	return s.each(ctx, func(rows *sql.Rows) error {
		var r publish.Stored
		var digest, genesis []byte
		var slug sql.NullString
		if err := rows.Scan(&digest, &genesis, &r.Sequence, &r.State, &slug, &r.Head); err != nil {
			return fmt.Errorf("records: %w", err)
		}
		if r.Slug = slug.String; !slug.Valid {
			return fmt.Errorf("record %x is of a publication that is not there: the database is damaged", digest)
		}
		if len(digest) != len(r.Record) || len(genesis) != len(r.Genesis) {
			return errors.New("records: a digest is not 32 bytes")
		}
		r.Record, r.Genesis = log.Digest(digest), log.Digest(genesis)
		var err error
		if r.Signatures, err = s.signatures(ctx, r.Record); err != nil {
			return err
		}
		if r.Content, err = s.content(ctx, r.Record); err != nil {
			return err
		}
		return yield(r)
	}, `SELECT r.digest, r.genesis, r.sequence, r.state, p.slug, p.head
		FROM record r LEFT JOIN publication p ON p.genesis = r.genesis ORDER BY r.genesis, r.sequence, r.state, r.digest`)
}

func (s *Store) signatures(ctx context.Context, record log.Digest) (out []publish.StoredSignature, err error) {
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

func (s *Store) content(ctx context.Context, record log.Digest) (c publish.Content, err error) {
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

func (s *Store) each(ctx context.Context, scan func(*sql.Rows) error, query string, args ...any) error {
	rows, err := s.read.QueryContext(ctx, query, args...)
	if err != nil {
		return fmt.Errorf("store: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		if err := scan(rows); err != nil {
			return fmt.Errorf("store: %w", err)
		}
	}
	if err := rows.Err(); err != nil {
		return fmt.Errorf("store: %w", err)
	}
	return nil
}

// FirstBundle implements publish.Store.
func (s *Store) FirstBundle(ctx context.Context, record, key log.Digest) ([]byte, error) {
	var b []byte
	err := s.read.QueryRowContext(ctx, `SELECT complete FROM signature WHERE record = ? AND key = ? AND complete IS NOT NULL`, record[:], key[:]).Scan(&b)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, fmt.Errorf("record %w", publish.ErrUnknown)
	}
	if err != nil {
		return nil, fmt.Errorf("store: bundle: %w", err)
	}
	return b, nil
}
