package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/sijil/sijil/internal/publish"
	"github.com/sijil/sijil/log"
)

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
