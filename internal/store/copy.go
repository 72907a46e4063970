package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"

	"modernc.org/sqlite"
)

// Pause keeps every writer of the folder's database waiting, those of other
// processes too, until resume is called. Reading goes on. It is for milliseconds:
// a writer gives up after ten seconds. Dying in it resumes.
func Pause(ctx context.Context, dir string) (resume func() error, err error) {
	path := filepath.Join(dir, file)
	if _, err := os.Stat(path); err != nil {
		return nil, fmt.Errorf("store: %s: %w: %w", dir, ErrNotFound, err)
	}
	db, err := sql.Open("sqlite", dsn(path, "rw"))
	if err != nil {
		return nil, fmt.Errorf("store: %w", err)
	}
	db.SetMaxOpenConns(1)
	if _, err := db.ExecContext(ctx, "BEGIN IMMEDIATE"); err != nil {
		return nil, errors.Join(fmt.Errorf("store: pause: %w", err), db.Close())
	}
	return func() error {
		_, err := db.Exec("ROLLBACK")
		return errors.Join(err, db.Close())
	}, nil
}

// Snapshot is one committed state of a database file, which stays as it was when
// OpenSnapshot returned, whatever is written meanwhile. It belongs to one goroutine.
type Snapshot struct {
	db   *sql.DB
	conn *sql.Conn
}

// OpenSnapshot opens the state of a database file, ours or another, as it is now.
// While it is open, the file's write-ahead log only grows.
func OpenSnapshot(ctx context.Context, path string) (_ *Snapshot, err error) {
	db, err := sql.Open("sqlite", dsn(path, "ro"))
	if err != nil {
		return nil, fmt.Errorf("store: snapshot: %w", err)
	}
	s := &Snapshot{db: db}
	defer func() {
		if err != nil {
			err = errors.Join(fmt.Errorf("store: snapshot of %s: %w", path, err), s.Close())
		}
	}()
	if s.conn, err = db.Conn(ctx); err != nil {
		return nil, err
	}
	// A transaction's state is that of its first read, not of its BEGIN.
	var n int
	if _, err = s.conn.ExecContext(ctx, "BEGIN"); err == nil {
		err = s.conn.QueryRowContext(ctx, "SELECT count(*) FROM sqlite_schema").Scan(&n)
	}
	return s, err
}

// copyPages is how many pages are copied between two looks at the context.
const copyPages = 4096

// CopyTo writes the state to a new file (0600) by SQLite's online backup, and syncs
// it. After an error the file is of no use.
func (s *Snapshot) CopyTo(ctx context.Context, path string) error {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return fmt.Errorf("store: copy: %w", err)
	}
	err = s.conn.Raw(func(c any) error { return copyInto(ctx, c, path) })
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return fmt.Errorf("store: copy to %s: %w", path, err)
	}
	return syncDir(filepath.Dir(path))
}

// copyInto copies within the connection's open transaction, and so from its state:
// the backup begins one of its own only where there is none.
func copyInto(ctx context.Context, c any, path string) error {
	source, ok := c.(interface {
		driver.Conn
		NewBackup(to string) (*sqlite.Backup, error)
	})
	if !ok {
		return fmt.Errorf("the driver's connection is a %T, which makes no backups", c)
	}
	b, err := source.NewBackup((&url.URL{Scheme: "file", Opaque: (&url.URL{Path: path}).EscapedPath()}).String())
	if err != nil {
		return err
	}
	for more := true; more && err == nil; {
		if more, err = b.Step(copyPages); err == nil {
			err = ctx.Err()
		}
	}
	return errors.Join(err, b.Finish())
}

// Close ends the snapshot.
func (s *Snapshot) Close() error {
	var err error
	if s.conn != nil {
		err = s.conn.Close()
	}
	return errors.Join(err, s.db.Close())
}

// DropSettings removes values, in one transaction; those that are not there are no error.
func (s *Store) DropSettings(ctx context.Context, names ...string) error {
	return s.queue.do(ctx, func(t *tx) error {
		for _, name := range names {
			if _, err := t.exec(`DELETE FROM setting WHERE name = ?`, name); err != nil {
				return fmt.Errorf("store: setting %q: %w", name, err)
			}
		}
		return nil
	})
}
