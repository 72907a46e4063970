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
	err := s.row(ctx, `SELECT slug, expires, "similar", used_by FROM token WHERE digest = ?`, digest[:]).Scan(&t.Slug, &expires, &t.AllowSimilar, &used)
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
		_, err := t.exec(`INSERT INTO token (digest, slug, expires, "similar") VALUES (?, ?, ?, ?)`, digest[:], token.Slug, token.Expires.Unix(), token.AllowSimilar)
		if err != nil {
			return fmt.Errorf("store: add token: %w", err)
		}
		return nil
	})
}

// KnownToken is a token as an operator sees it.
type KnownToken struct {
	Digest log.Digest
	publish.Token
}

// Tokens lists the tokens that were made, by slug and expiry.
func (s *Store) Tokens(ctx context.Context) ([]KnownToken, error) {
	var out []KnownToken
	err := s.each(ctx, func(rows *sql.Rows) error {
		var t KnownToken
		var digest []byte
		var expires int64
		if err := rows.Scan(&digest, &t.Slug, &expires, &t.AllowSimilar, &t.Used); err != nil {
			return err
		}
		if copy(t.Digest[:], digest) != len(t.Digest) {
			return errors.New("token: a digest is not 32 bytes")
		}
		t.Expires = time.Unix(expires, 0)
		out = append(out, t)
		return nil
	}, `SELECT digest, slug, expires, similar, used_by IS NOT NULL FROM token ORDER BY slug, expires, digest`)
	return out, err
}

// RevokeToken forgets a token; it reports false for one that was used, or is not known.
func (s *Store) RevokeToken(ctx context.Context, digest log.Digest) (gone bool, err error) {
	err = s.queue.do(ctx, func(t *tx) error {
		gone, err = t.execOne(`DELETE FROM token WHERE digest = ? AND used_by IS NULL`, digest[:])
		if err != nil {
			return fmt.Errorf("store: revoke token: %w", err)
		}
		return nil
	})
	return gone, err
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
