package store

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/sijil/sijil/internal/publish"
	"github.com/sijil/sijil/log"
)

// State is one committed state of PostgreSQL's rows: everything is as of the same
// moment, so a record that Latest covers is among those that are known, or Changes.
type State struct {
	Change         int64 // number of the last write
	Latest, Public publish.Checkpoint
	Changes        publish.Changes // since the change that was asked for

	reading
}

// Follow reads what has changed since a change number, and gives it to f. Reading in
// State is good until f returns.
func (s *Store) Follow(ctx context.Context, since int64, f func(State) error) (err error) {
	t, err := s.read.BeginTx(ctx, &sql.TxOptions{Isolation: sql.LevelRepeatableRead, ReadOnly: true})
	if err != nil {
		return fmt.Errorf("store: follow: %w", err)
	}
	defer func() { _ = t.Rollback() }() // it only reads
	st := State{reading: reading{t, s.d}}
	if err := st.row(ctx, `SELECT n FROM change_count`).Scan(&st.Change); err != nil {
		return fmt.Errorf("store: follow: %w", err)
	}
	if st.Latest, err = st.checkpoint(ctx, "latest"); err != nil {
		return err
	}
	if st.Public, err = st.checkpoint(ctx, "public"); err != nil {
		return err
	}
	if st.Change < since {
		return fmt.Errorf("store: the database went back from change %d to %d: it was restored from an older copy", since, st.Change)
	}
	if st.Change > since {
		if st.Changes, err = st.changes(ctx, since); err != nil {
			return err
		}
	}
	return f(st)
}

// Change is the number of the last write.
func (s *Store) Change(ctx context.Context) (n int64, err error) {
	if err := s.row(ctx, `SELECT n FROM change_count`).Scan(&n); err != nil {
		return 0, fmt.Errorf("store: change: %w", err)
	}
	return n, nil
}

func (s reading) changes(ctx context.Context, since int64) (c publish.Changes, err error) {
	list, err := s.publications(ctx, `SELECT genesis, slug, head, revision FROM publication WHERE changed > ? ORDER BY genesis`, since)
	if err != nil {
		return c, err
	}
	for _, p := range list {
		var records []publish.Stored
		err := s.recordsOf(ctx, p, func(r publish.Stored) error {
			records = append(records, r)
			return nil
		})
		if err != nil {
			return c, err
		}
		c.Publications = append(c.Publications, records)
	}
	err = s.asides(ctx, func(a publish.Aside) error {
		c.Asides = append(c.Asides, a)
		return nil
	}, asideColumns+` WHERE changed > ? ORDER BY log_index NULLS FIRST`, since)
	if err != nil {
		return c, err
	}
	err = s.seen(ctx, func(genesis log.Digest, entry string, at time.Time) {
		c.Seen = append(c.Seen, publish.SeenAt{Genesis: genesis, Entry: entry, At: at})
	}, `SELECT genesis, entry, at FROM seen WHERE changed > ?`, since)
	if err != nil {
		return c, err
	}
	keep := func(list *[]log.Digest) func(log.Digest) error {
		return func(d log.Digest) error {
			*list = append(*list, d)
			return nil
		}
	}
	for _, of := range []struct {
		list  *[]log.Digest
		query string
	}{
		{&c.DoorKeys, `SELECT key FROM door_key WHERE changed > ? AND wrote = 1`},
		{&c.GoneMails, `SELECT document FROM gone_mail WHERE changed > ?`},
		{&c.Rolls, `SELECT genesis FROM roll WHERE changed > ?`},
	} {
		if err := s.digests(ctx, keep(of.list), of.query, since); err != nil {
			return c, err
		}
	}
	err = s.batches(ctx, func(b publish.StoredBatch) error {
		c.Batches = append(c.Batches, b)
		return nil
	}, `WHERE b.changed > ?`, since)
	return c, err
}

// Queued tells whoever leads that an entry waits in Trillian's queue.
func (s *Store) Queued(ctx context.Context) error {
	if _, err := s.read.ExecContext(ctx, "NOTIFY "+queuedChannel); err != nil {
		return fmt.Errorf("store: notify: %w", err)
	}
	return nil
}

// Listen calls changed after every write of any process, and queued after Queued of
// any, from one goroutine, until ctx ends or the connection does: then it returns the
// reason. It calls changed once when it has begun to listen.
func Listen(ctx context.Context, url string, changed, queued func()) error {
	c, err := configure(url)
	if err != nil {
		return err
	}
	conn, err := pgx.ConnectConfig(ctx, c)
	if err != nil {
		return fmt.Errorf("store: listen: %w", err)
	}
	defer conn.Close(context.WithoutCancel(ctx)) // nothing was written
	for _, channel := range []string{changedChannel, queuedChannel} {
		if _, err := conn.Exec(ctx, "LISTEN "+channel); err != nil {
			return fmt.Errorf("store: listen: %w", err)
		}
	}
	for changed(); ; {
		n, err := conn.WaitForNotification(ctx)
		if err != nil {
			return fmt.Errorf("store: listen: %w", err)
		}
		if n.Channel == queuedChannel {
			queued()
		} else {
			changed()
		}
	}
}
