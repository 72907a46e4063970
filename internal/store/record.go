package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

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
		done, err := t.execOne(`INSERT INTO record (digest, genesis, sequence, bundle) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING`,
			r.Record[:], r.Genesis[:], r.Sequence, r.Bundle)
		if err != nil {
			return fmt.Errorf("store: reserve: %w", err)
		}
		if !done {
			return publish.ErrTaken
		}
		return insertContent(t, r.Record, r.Content)
	})
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
		done, err := t.execOne(`UPDATE record SET log_index = ?, complete = ? WHERE digest = ? AND log_index IS NULL`, p.Index, p.Bundle, p.Record[:])
		if err != nil {
			return fmt.Errorf("store: settle: %w", err)
		}
		if !done {
			return fmt.Errorf("store: settle: record %s is not reserved", p.Record)
		}
		if _, err := t.exec(`UPDATE publication SET head = ? WHERE genesis = ?`, p.Head, p.Genesis[:]); err != nil {
			return fmt.Errorf("store: head: %w", err)
		}
		return nil
	})
}

// Records implements publish.Store.
func (s *Store) Records(ctx context.Context, yield func(publish.Stored) error) error {
	rows, err := s.read.QueryContext(ctx, `SELECT r.digest, r.genesis, r.sequence, p.slug, r.bundle, r.log_index, p.head
		FROM record r JOIN publication p ON p.genesis = r.genesis ORDER BY r.genesis, r.sequence`)
	if err != nil {
		return fmt.Errorf("store: records: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var r publish.Stored
		var digest, genesis []byte
		var index sql.NullInt64
		if err := rows.Scan(&digest, &genesis, &r.Sequence, &r.Slug, &r.Bundle, &index, &r.Head); err != nil {
			return fmt.Errorf("store: records: %w", err)
		}
		if len(digest) != len(r.Record) || len(genesis) != len(r.Genesis) {
			return errors.New("store: records: a digest is not 32 bytes")
		}
		r.Record, r.Genesis = log.Digest(digest), log.Digest(genesis)
		r.Index = -1
		if index.Valid {
			r.Index = index.Int64
		}
		if r.Content, err = s.content(ctx, r.Record); err != nil {
			return err
		}
		if err := yield(r); err != nil {
			return err
		}
	}
	return rows.Err()
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
func (s *Store) FirstBundle(ctx context.Context, record log.Digest) ([]byte, error) {
	var b []byte
	err := s.read.QueryRowContext(ctx, `SELECT complete FROM record WHERE digest = ? AND complete IS NOT NULL`, record[:]).Scan(&b)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, fmt.Errorf("record %w", publish.ErrUnknown)
	}
	if err != nil {
		return nil, fmt.Errorf("store: bundle: %w", err)
	}
	return b, nil
}

// Token implements publish.Store.
func (s *Store) Token(ctx context.Context, digest log.Digest) (publish.Token, error) {
	var t publish.Token
	var expires int64
	var used []byte
	err := s.read.QueryRowContext(ctx, `SELECT slug, expires, similar, used_by FROM token WHERE digest = ?`, digest[:]).Scan(&t.Slug, &expires, &t.AllowSimilar, &used)
	if errors.Is(err, sql.ErrNoRows) {
		return t, publish.ErrToken
	}
	if err != nil {
		return t, fmt.Errorf("store: token: %w", err)
	}
	t.Expires, t.Used = time.Unix(expires, 0), used != nil
	return t, nil
}

// AddToken makes a token known by its digest.
func (s *Store) AddToken(ctx context.Context, digest log.Digest, token publish.Token) error {
	return s.queue.do(ctx, func(t *tx) error {
		_, err := t.exec(`INSERT INTO token (digest, slug, expires, similar) VALUES (?, ?, ?, ?)`, digest[:], token.Slug, token.Expires.Unix(), token.AllowSimilar)
		if err != nil {
			return fmt.Errorf("store: add token: %w", err)
		}
		return nil
	})
}

// Slugs lists the slugs that are in use, or reserved.
func (s *Store) Slugs(ctx context.Context) ([]string, error) {
	var out []string
	err := s.each(ctx, func(rows *sql.Rows) error {
		var slug string
		if err := rows.Scan(&slug); err != nil {
			return err
		}
		out = append(out, slug)
		return nil
	}, `SELECT slug FROM publication ORDER BY slug`)
	return out, err
}
