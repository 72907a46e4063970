package trilliansqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// createDatabase makes the database under another name and renames it when it
// is complete and synced. If we die before the rename, Open still says
// ErrNotFound and the next Create starts again; after it, the database is whole.
func createDatabase(dir string) error {
	path := filepath.Join(dir, databaseFile)
	switch _, err := os.Lstat(path); {
	case err == nil:
		return ErrExists
	case !errors.Is(err, fs.ErrNotExist):
		return err
	}
	tmp := filepath.Join(dir, newFile)
	if err := removeDatabase(tmp); err != nil {
		return err
	}
	if err := buildDatabase(tmp); err != nil {
		return errors.Join(err, removeDatabase(tmp))
	}
	if err := os.Rename(tmp, path); err != nil {
		return err
	}
	// If we die before this sync the rename may be lost, and with it an empty
	// log that nobody has been told about.
	return syncDir(dir)
}

// removeDatabase removes a database and what SQLite keeps beside it.
func removeDatabase(path string) error {
	for _, suffix := range []string{"", "-wal", "-shm", "-journal"} {
		if err := os.Remove(path + suffix); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}

// buildDatabase writes the schema to a new file, in one file: closing the last
// connection folds the write-ahead log into it.
func buildDatabase(path string) (err error) {
	// SQLite would give the file the umask's mode; a log's database is private.
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
	defer func() { err = errors.Join(err, db.Close()) }()
	db.SetMaxOpenConns(1)
	c, err := newConn(context.Background(), db)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, c.close()) }()
	if err := createSchema(c); err != nil {
		return fmt.Errorf("create schema: %w", err)
	}
	return c.script("PRAGMA wal_checkpoint(TRUNCATE)")
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
