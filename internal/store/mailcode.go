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

// maxMailCodes bounds the codes of one entry that are neither used nor expired: of those
// that were invited, and of others.
const maxMailCodes = 8

// PutMailCode implements publish.MailStore.
func (s *Store) PutMailCode(ctx context.Context, c publish.MailCode, now time.Time) error {
	return s.queue.do(ctx, func(t *tx) error {
		if _, err := t.exec(`DELETE FROM mail_code WHERE expires <= ?`, now.Unix()); err != nil {
			return fmt.Errorf("store: mail code: %w", err)
		}
		done, err := t.execOne(`INSERT INTO mail_code (digest, genesis, entry, version, kind, language, expires, invited, used)
			SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, 0 WHERE (SELECT count(*) FROM mail_code WHERE genesis = ?2 AND entry = ?3 AND invited = ?8 AND used = 0) < ?9`,
			c.Digest[:], c.Genesis[:], c.Entry, c.Version, c.Kind, c.Language, c.Expires.Unix(), c.Invited, maxMailCodes)
		if err != nil {
			return fmt.Errorf("store: mail code: %w", err)
		}
		if !done {
			return publish.ErrTooMany
		}
		return nil
	})
}

// MailCode implements publish.MailStore.
func (s *Store) MailCode(ctx context.Context, digest log.Digest) (publish.MailCode, error) {
	c := publish.MailCode{Digest: digest}
	var genesis []byte
	var expires int64
	err := s.row(ctx, `SELECT genesis, entry, version, kind, language, expires, used FROM mail_code WHERE digest = ?`, digest[:]).
		Scan(&genesis, &c.Entry, &c.Version, &c.Kind, &c.Language, &expires, &c.Used)
	if errors.Is(err, sql.ErrNoRows) {
		return c, fmt.Errorf("mail code %w", publish.ErrUnknown)
	}
	if err != nil {
		return c, fmt.Errorf("store: mail code: %w", err)
	}
	if len(genesis) != len(c.Genesis) {
		return c, errors.New("store: mail code: a digest is not 32 bytes")
	}
	c.Genesis, c.Expires = log.Digest(genesis), time.Unix(expires, 0).UTC()
	return c, nil
}

// UseMailCode implements publish.MailStore.
func (s *Store) UseMailCode(ctx context.Context, digest log.Digest) error {
	return s.queue.do(ctx, func(t *tx) error {
		if _, err := t.exec(`UPDATE mail_code SET used = 1 WHERE digest = ?`, digest[:]); err != nil {
			return fmt.Errorf("store: mail code: %w", err)
		}
		return nil
	})
}
