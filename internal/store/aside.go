package store

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/sijil/sijil/internal/publish"
	"github.com/sijil/sijil/internal/signatory"
	"github.com/sijil/sijil/log"
)

// ReserveAside implements publish.AsideStore.
func (s *Store) ReserveAside(ctx context.Context, a publish.Aside) error {
	do := s.queue.do
	if a.Invitation == nil && a.Revision == 0 {
		do = s.queue.doOne
	}
	return do(ctx, func(t *tx) error {
		if a.Revision != 0 {
			var same int
			if err := t.row(`SELECT count(*) FROM publication WHERE genesis = ? AND revision = ?`, a.Genesis[:], a.Revision).Scan(&same); err != nil {
				return fmt.Errorf("store: reserve: %w", err)
			}
			if same == 0 {
				return publish.ErrStale
			}
		}
		key := log.Sum(a.SPKI)
		var enrols []byte
		if a.Enrols != nil {
			enrols = a.Enrols[:]
		}
		done, err := t.execOne(`INSERT INTO aside (record, key, spki, genesis, entry, enrols, bundle) VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`,
			a.Record[:], key[:], a.SPKI, a.Genesis[:], a.Entry, enrols, a.Bundle)
		if err != nil {
			return fmt.Errorf("store: reserve: %w", err)
		}
		if !done {
			return publish.ErrTaken
		}
		if a.Invitation == nil {
			return nil
		}
		done, err = t.execOne(`INSERT INTO invitation (digest, record) VALUES (?, ?) ON CONFLICT DO NOTHING`, a.Invitation[:], a.Record[:])
		if err != nil {
			return fmt.Errorf("store: use invitation: %w", err)
		}
		if !done {
			return publish.ErrInvitationUsed
		}
		return nil
	})
}

// InvitationUsed implements publish.AsideStore.
func (s *Store) InvitationUsed(ctx context.Context, digest log.Digest) (used bool, err error) {
	err = s.each(ctx, func(*sql.Rows) error {
		used = true
		return nil
	}, `SELECT digest FROM invitation WHERE digest = ?`, digest[:])
	return used, err
}

// MarkSeen implements publish.AsideStore.
func (s *Store) MarkSeen(ctx context.Context, genesis log.Digest, entry string, at time.Time) error {
	return s.queue.doOne(ctx, func(t *tx) error {
		_, err := t.exec(`INSERT INTO seen (genesis, entry, at) VALUES (?, ?, ?) ON CONFLICT (genesis, entry) DO UPDATE SET at = excluded.at`, genesis[:], entry, at.Unix())
		if err != nil {
			return fmt.Errorf("store: seen: %w", err)
		}
		return nil
	})
}

// Seen implements publish.AsideStore.
func (s *Store) Seen(ctx context.Context, yield func(genesis log.Digest, entry string, at time.Time)) error {
	return s.seen(ctx, yield, `SELECT genesis, entry, at FROM seen`)
}

func (s reading) seen(ctx context.Context, yield func(genesis log.Digest, entry string, at time.Time), query string, args ...any) error {
	return s.each(ctx, func(rows *sql.Rows) error {
		var genesis []byte
		var entry string
		var at int64
		if err := rows.Scan(&genesis, &entry, &at); err != nil {
			return err
		}
		if len(genesis) != len(log.Digest{}) {
			return errors.New("seen: a digest is not 32 bytes")
		}
		yield(log.Digest(genesis), entry, time.Unix(at, 0).UTC())
		return nil
	}, query, args...)
}

// SettleAside implements publish.AsideStore.
func (s *Store) SettleAside(ctx context.Context, record, key log.Digest, index int64) error {
	return s.queue.doOne(ctx, func(t *tx) error {
		done, err := t.execOne(`UPDATE aside SET log_index = ? WHERE record = ? AND key = ? AND log_index IS NULL`, index, record[:], key[:])
		if err != nil {
			return fmt.Errorf("store: settle: %w", err)
		}
		if done {
			return nil
		}
		var settled int
		if err := t.row(`SELECT count(*) FROM aside WHERE record = ? AND key = ? AND log_index = ?`, record[:], key[:], index).Scan(&settled); err != nil {
			return fmt.Errorf("store: settle: %w", err)
		}
		if settled == 0 {
			return fmt.Errorf("store: settle: record %s is not reserved", record)
		}
		return nil
	})
}

const asideColumns = `SELECT record, key, spki, genesis, entry, enrols, bundle, log_index FROM aside`

// Asides implements publish.AsideStore.
func (s *Store) Asides(ctx context.Context, which publish.AsideSelection, yield func(publish.Aside) error) error {
	where, args := selection(which)
	if !which.Record.IsZero() && !which.Genesis.IsZero() {
		every := yield
		yield = func(a publish.Aside) error {
			if a.Genesis != which.Genesis {
				return nil
			}
			return every(a)
		}
	}
	return s.asides(ctx, yield, asideColumns+where+` ORDER BY log_index NULLS FIRST`, args...)
}

// selection is a condition, with its parameters.
func selection(which publish.AsideSelection) (where string, args []any) {
	var conditions []string
	and := func(condition string, value ...any) {
		conditions, args = append(conditions, condition), append(args, value...)
	}
	if !which.Genesis.IsZero() && which.Record.IsZero() { // else SQLite would read the whole publication
		and("genesis = ?", which.Genesis[:])
	}
	if which.Entry != "" {
		and("entry = ?", which.Entry)
	}
	if !which.Record.IsZero() {
		and("record = ?", which.Record[:])
	}
	if !which.Enrols.IsZero() {
		and("enrols = ?", which.Enrols[:])
	}
	if which.To > 0 {
		and("log_index >= ? AND log_index < ?", which.From, which.To)
	}
	switch which.Kind {
	case publish.Enrolments:
		and("enrols IS NOT NULL")
	case publish.NoEnrolments:
		and("enrols IS NULL")
	}
	if which.Reserved {
		and("log_index IS NULL")
	}
	if len(conditions) > 0 {
		where = " WHERE " + strings.Join(conditions, " AND ")
	}
	return where, args
}

// AsidePlaces implements publish.AsideStore. The index aside_place has all that is asked for.
func (s *Store) AsidePlaces(ctx context.Context, genesis log.Digest, yield func(index int64)) error {
	return s.each(ctx, func(rows *sql.Rows) error {
		var index int64
		if err := rows.Scan(&index); err != nil {
			return err
		}
		yield(index)
		return nil
	}, `SELECT log_index FROM aside WHERE genesis = ? AND log_index >= 0 ORDER BY log_index`, genesis[:])
}

// LastAside implements publish.AsideStore.
func (s *Store) LastAside(ctx context.Context, genesis log.Digest) (index int64, err error) {
	index = -1
	err = s.each(ctx, func(rows *sql.Rows) error { return rows.Scan(&index) },
		`SELECT log_index FROM aside WHERE genesis = ? AND log_index >= 0 ORDER BY log_index DESC LIMIT 1`, genesis[:])
	return index, err
}

// Enrolled implements publish.AsideStore.
func (s *Store) Enrolled(ctx context.Context, yield func(key log.Digest) error) error {
	return s.digests(ctx, yield, `SELECT enrols FROM aside WHERE enrols IS NOT NULL`)
}

func (s reading) asides(ctx context.Context, yield func(publish.Aside) error, query string, args ...any) error {
	return s.each(ctx, func(rows *sql.Rows) error {
		var a publish.Aside
		var record, key, genesis, enrols []byte
		var index sql.NullInt64
		if err := rows.Scan(&record, &key, &a.SPKI, &genesis, &a.Entry, &enrols, &a.Bundle, &index); err != nil {
			return err
		}
		if len(record) != len(a.Record) || len(genesis) != len(a.Genesis) || enrols != nil && len(enrols) != len(a.Record) {
			return errors.New("asides: a digest is not 32 bytes")
		}
		if own := log.Sum(a.SPKI); !bytes.Equal(key, own[:]) || index.Valid && index.Int64 < 0 {
			return fmt.Errorf("asides: record %x: its row has another key's digest, or an index below 0", record)
		}
		a.Record, a.Genesis, a.Index = log.Digest(record), log.Digest(genesis), -1
		if enrols != nil {
			key := log.Digest(enrols)
			a.Enrols = &key
		}
		if index.Valid {
			a.Index = index.Int64
		}
		return yield(a)
	}, query, args...)
}

// Orphans calls yield with the digest of every record that belongs to no chain and is about
// a publication that is not there: somebody has damaged the database.
func (s *Store) Orphans(ctx context.Context, yield func(record log.Digest) error) error {
	return s.digests(ctx, yield, `SELECT record FROM aside WHERE genesis NOT IN (SELECT genesis FROM publication)`)
}

// GoneMails implements publish.AsideStore.
func (s *Store) GoneMails(ctx context.Context, yield func(log.Digest) error) error {
	return s.digests(ctx, yield, `SELECT document FROM gone_mail`)
}

// digests calls yield for each row of a query for one digest.
func (s reading) digests(ctx context.Context, yield func(log.Digest) error, query string, args ...any) error {
	return s.each(ctx, func(rows *sql.Rows) error {
		var b []byte
		if err := rows.Scan(&b); err != nil {
			return err
		}
		if len(b) != len(log.Digest{}) {
			return errors.New("a digest is not 32 bytes")
		}
		return yield(log.Digest(b))
	}, query, args...)
}

// Withhold implements publish.Store. PostgreSQL keeps deleted rows until it vacuums,
// and its write-ahead log until that is recycled. SQLite overwrites what is deleted
// (secure_delete), and the write-ahead log, which holds the pages as they were, is
// emptied after it. If we die in between, the next start withholds again.
func (s *Store) Withhold(ctx context.Context, genesis log.Digest, entry string, disclosure signatory.Disclosure, mails []log.Digest) error {
	err := s.queue.do(ctx, func(t *tx) error {
		if _, err := t.exec(`UPDATE disclosure SET disclosure = NULL WHERE disclosure = ?`, string(disclosure)); err != nil {
			return fmt.Errorf("store: withhold: %w", err)
		}
		if _, err := t.exec(`DELETE FROM aside WHERE genesis = ? AND entry = ?`, genesis[:], entry); err != nil {
			return fmt.Errorf("store: withhold: %w", err)
		}
		for _, m := range mails {
			if _, err := t.exec(`INSERT INTO gone_mail (document) VALUES (?) ON CONFLICT DO NOTHING`, m[:]); err != nil {
				return fmt.Errorf("store: withhold: %w", err)
			}
		}
		if _, err := t.exec(`DELETE FROM mail_code WHERE genesis = ? AND entry = ?`, genesis[:], entry); err != nil {
			return fmt.Errorf("store: withhold: %w", err)
		}
		if _, err := t.exec(`DELETE FROM seen WHERE genesis = ? AND entry = ?`, genesis[:], entry); err != nil {
			return fmt.Errorf("store: withhold: %w", err)
		}
		return nil
	})
	if err != nil || s.path == "" {
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
