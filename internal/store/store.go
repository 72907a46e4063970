// Package store keeps the service's own rows, in one SQLite file or in PostgreSQL:
// payloads, texts, disclosures, heads, tokens, and the last signed checkpoint. The
// log's own rows are Trillian's and stand elsewhere.
//
// In a folder (Create, Open):
//
// Writes go through one connection; concurrent ones share a transaction and so
// one sync. A write is durable when its call returns (write-ahead log,
// synchronous=FULL). Reads use connections of their own. All pragmas stand in
// the DSN, so they hold on every connection.
//
// The folder may be opened by a second process (the operator's token command)
// while the service runs; the lock that allows one service only is the log
// database's.
//
// In PostgreSQL (CreatePostgres, OpenPostgres) the same statements run on the same
// tables, for any number of processes at once: dialect says what differs. There are
// the tiles too, written by whoever leads (Lead, Export); everybody reads what others
// have written (Follow, Listen). A write whose commit got no answer is
// publish.ErrAway, and may have happened.
package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"

	_ "modernc.org/sqlite" // the "sqlite" driver
)

const file = "sijil.sqlite"

var (
	// ErrNotFound: the folder holds no database. The caller asks for init.
	ErrNotFound = errors.New("no database")
	// ErrExists: Create found one. The caller leaves it alone.
	ErrExists = errors.New("a database exists")
)

// Store is an open database, in a folder or in PostgreSQL. Safe for concurrent use.
type Store struct {
	reading           // of now
	path    string    // "" for PostgreSQL
	write   *sql.DB   // one connection, which is:
	conn    *sql.Conn // the queue's
	read    *sql.DB
	queue   *queue
}

// Create makes the database in dir. If we die in the middle, a file of another
// name is left, which the next Create replaces.
func Create(dir string) error {
	path := filepath.Join(dir, file)
	if _, err := os.Lstat(path); err == nil {
		return fmt.Errorf("store: %s: %w", path, ErrExists)
	}
	temp := path + ".new"
	for _, suffix := range []string{"", "-wal", "-shm", "-journal"} {
		if err := os.Remove(temp + suffix); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("store: %w", err)
		}
	}
	if err := build(temp); err != nil {
		return fmt.Errorf("store: create %s: %w", path, err)
	}
	if err := os.Rename(temp, path); err != nil {
		return fmt.Errorf("store: %w", err)
	}
	return syncDir(dir)
}

func build(path string) error {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	if err := f.Close(); err != nil {
		return err
	}
	db, err := sql.Open("sqlite", dsn(path, "rw"))
	if err != nil {
		return err
	}
	_, err = db.Exec(Schema() + fmt.Sprintf("PRAGMA user_version = %d; PRAGMA wal_checkpoint(TRUNCATE);", schemaVersion))
	return errors.Join(err, db.Close())
}

// Open opens the database in dir; it never makes one.
func Open(ctx context.Context, dir string) (*Store, error) {
	path := filepath.Join(dir, file)
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("store: %s: %w", dir, ErrNotFound)
	} else if err != nil {
		return nil, fmt.Errorf("store: %w", err)
	}
	f, err := os.OpenFile(path, os.O_RDWR, 0) // SQLite would open it read-only and fail at the first write
	if err != nil {
		return nil, fmt.Errorf("store: %w", err)
	}
	f.Close()
	s := &Store{path: path}
	if s.write, err = sql.Open("sqlite", dsn(path, "rw")); err != nil {
		return nil, fmt.Errorf("store: %w", err)
	}
	s.write.SetMaxOpenConns(1)
	if s.read, err = sql.Open("sqlite", dsn(path, "ro")); err != nil {
		return nil, fmt.Errorf("store: %w", err)
	}
	s.read.SetMaxOpenConns(8)
	s.reading = reading{s.read, &onSQLite}
	var version int
	if err := s.write.QueryRowContext(ctx, "PRAGMA user_version").Scan(&version); err != nil {
		return nil, errors.Join(fmt.Errorf("store: %s: %w", path, err), s.closeDBs())
	}
	if version != schemaVersion {
		return nil, errors.Join(fmt.Errorf("store: %s: schema edition %d, this program reads %d", path, version, schemaVersion), s.closeDBs())
	}
	if s.conn, err = s.write.Conn(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("store: %w", err), s.closeDBs())
	}
	s.queue = startQueue(&onSQLite, s.conn, nil)
	return s, nil
}

// Close waits for running writes and closes the database.
func (s *Store) Close() error {
	s.queue.stop()
	return s.closeDBs()
}

func (s *Store) closeDBs() error { return errors.Join(s.read.Close(), s.write.Close()) }

func dsn(path, mode string) string {
	q := url.Values{"mode": {mode}, "_pragma": {
		"busy_timeout(10000)", "journal_mode(WAL)", "synchronous(FULL)", "foreign_keys(1)", "trusted_schema(0)", "secure_delete(1)",
	}}
	if mode == "ro" {
		q["_pragma"] = []string{"busy_timeout(10000)", "query_only(1)", "trusted_schema(0)"}
	}
	return (&url.URL{Scheme: "file", Opaque: (&url.URL{Path: path}).EscapedPath(), RawQuery: q.Encode()}).String()
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return fmt.Errorf("store: %w", err)
	}
	return errors.Join(d.Sync(), d.Close())
}
