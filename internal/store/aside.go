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

// ReserveAside implements publish.AsideStore.
func (s *Store) ReserveAside(ctx context.Context, a publish.Aside) error {
	return s.queue.do(ctx, func(t *tx) error {
		done, err := t.execOne(`INSERT INTO aside (record, key, genesis, entry, bundle) VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`,
			a.Record[:], a.Key[:], a.Genesis[:], a.Entry, a.Bundle)
		if err != nil {
			return fmt.Errorf("store: reserve: %w", err)
		}
		if !done {
			return publish.ErrTaken
		}
		return nil
	})
}

// SettleAside implements publish.AsideStore.
func (s *Store) SettleAside(ctx context.Context, record, key log.Digest, index int64) error {
	return s.queue.do(ctx, func(t *tx) error {
		done, err := t.execOne(`UPDATE aside SET log_index = ? WHERE record = ? AND key = ? AND log_index IS NULL`, index, record[:], key[:])
		if err != nil {
			return fmt.Errorf("store: settle: %w", err)
		}
		if !done {
			return fmt.Errorf("store: settle: record %s is not reserved", record)
		}
		return nil
	})
}

// Asides implements publish.AsideStore.
func (s *Store) Asides(ctx context.Context, yield func(publish.Aside) error) error {
	return s.each(ctx, func(rows *sql.Rows) error {
		var a publish.Aside
		var record, key, genesis []byte
		var index sql.NullInt64
		if err := rows.Scan(&record, &key, &genesis, &a.Entry, &a.Bundle, &index); err != nil {
			return err
		}
		if len(record) != len(a.Record) || len(key) != len(a.Key) || len(genesis) != len(a.Genesis) {
			return errors.New("asides: a digest is not 32 bytes")
		}
		a.Record, a.Key, a.Genesis, a.Index = log.Digest(record), log.Digest(key), log.Digest(genesis), -1
		if index.Valid {
			a.Index = index.Int64
		}
		return yield(a)
	}, `SELECT record, key, genesis, entry, bundle, log_index FROM aside ORDER BY log_index IS NULL, log_index`)
}

// Withhold implements publish.Store. SQLite overwrites what is deleted
// (secure_delete), and the write-ahead log, which holds the pages as they were, is
// emptied after it. If we die in between, the next start withholds again.
func (s *Store) Withhold(ctx context.Context, genesis log.Digest, entry string, disclosure signatory.Disclosure) error {
	err := s.queue.do(ctx, func(t *tx) error {
		if _, err := t.exec(`UPDATE disclosure SET disclosure = NULL WHERE disclosure = ?`, string(disclosure)); err != nil {
			return fmt.Errorf("store: withhold: %w", err)
		}
		if _, err := t.exec(`DELETE FROM aside WHERE genesis = ? AND entry = ?`, genesis[:], entry); err != nil {
			return fmt.Errorf("store: withhold: %w", err)
		}
		return nil
	})
	if err != nil {
		return err
	}
	return s.truncateWAL(ctx)
}

// truncateWAL writes every page of the write-ahead log into the database, and
// empties it.
func (s *Store) truncateWAL(ctx context.Context) (err error) {
	db, err := sql.Open("sqlite", dsn(s.path, "rw"))
	if err != nil {
		return fmt.Errorf("store: empty the write-ahead log: %w", err)
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	const tries = 50 // of busy_timeout each
	for range tries {
		var busy, pages, done int
		if err := db.QueryRowContext(ctx, `PRAGMA wal_checkpoint(TRUNCATE)`).Scan(&busy, &pages, &done); err != nil {
			return fmt.Errorf("store: empty the write-ahead log: %w", err)
		}
		if busy == 0 {
			return nil
		}
	}
	return errors.New("store: the write-ahead log could not be emptied: a reader holds it")
}
