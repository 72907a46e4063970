package trilliansqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/google/trillian/storage"
	_ "modernc.org/sqlite" // the "sqlite" driver

	"github.com/sijil/sijil/internal/flock"
)

var (
	// ErrInUse says that another open storage, in this process or another,
	// holds the folder. The caller stops: it must not serve the same log.
	ErrInUse = errors.New("in use by another process")
	// ErrNotFound says that the folder holds no database. The caller asks the
	// operator to create one, or to restore the one that is missing.
	ErrNotFound = errors.New("no log database")
	// ErrExists says that Create found a database. The caller leaves it alone.
	ErrExists = errors.New("a log database exists")
	// ErrReadOnly says that the folder or the database cannot be written.
	ErrReadOnly = errors.New("not writable")
	// ErrClosed is returned by every use after Close.
	ErrClosed = errors.New("trilliansqlite: storage is closed")
)

// Options are the settings of a storage. The zero value is good.
type Options struct {
	// Readers is the number of read-only connections, and so of snapshots that
	// can be open at one time; more wait. Optional; default 8.
	Readers int
	// Clock gives the create, update and delete times of trees. Optional;
	// default time.Now. Leaf and root times come from Trillian.
	Clock func() time.Time
}

// Storage is an open database. It is safe for concurrent use.
type Storage struct {
	clock   func() time.Time
	lock    *os.File
	dbs     []*sql.DB
	writer  *writer
	readers *readers
	queue   *committer
}

// Create makes the database of dir, which must exist, and opens it. It reports
// ErrExists if there is one, ErrInUse if another process is at work in dir.
func Create(dir string, o Options) (*Storage, error) {
	lock, err := lockDir(dir)
	if err != nil {
		return nil, err
	}
	if err := createDatabase(dir); err != nil {
		lock.Close()
		return nil, wrapOpen(dir, err)
	}
	return open(dir, lock, o)
}

// Open opens the database of dir. It never creates one: see ErrNotFound.
func Open(dir string, o Options) (*Storage, error) {
	// Asked before the lock, so that a wrong folder gets no lock file.
	if _, err := os.Stat(filepath.Join(dir, databaseFile)); errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("trilliansqlite: %s: %w", dir, ErrNotFound)
	} else if err != nil {
		return nil, fmt.Errorf("trilliansqlite: %w", err)
	}
	lock, err := lockDir(dir)
	if err != nil {
		return nil, err
	}
	return open(dir, lock, o)
}

func lockDir(dir string) (*os.File, error) {
	lock, err := flock.Lock(filepath.Join(dir, lockFile))
	switch {
	case errors.Is(err, flock.ErrLocked):
		return nil, fmt.Errorf("trilliansqlite: %s: %w", dir, ErrInUse)
	case err != nil:
		return nil, wrapOpen(dir, err)
	}
	return lock, nil
}

// open takes over lock, and gives it back on error.
func open(dir string, lock *os.File, o Options) (_ *Storage, err error) {
	s := &Storage{clock: o.Clock, lock: lock}
	if s.clock == nil {
		s.clock = time.Now
	}
	defer func() {
		if err != nil {
			err = wrapOpen(dir, err)
			s.release()
		}
	}()

	path := filepath.Join(dir, databaseFile)
	if err := checkWritable(path); err != nil {
		return nil, err
	}
	wc, err := s.connect(path, "rw")
	if err != nil {
		return nil, err
	}
	s.writer = newWriter(wc)
	if err := checkSchema(wc); err != nil {
		return nil, err
	}
	n := o.Readers
	if n <= 0 {
		n = 8
	}
	s.readers = newReaders(n)
	for range n {
		rc, err := s.connect(path, "ro")
		if err != nil {
			return nil, err
		}
		s.readers.put(rc)
	}
	s.queue = startCommitter(s.writer)
	return s, nil
}

// connect opens one connection on a pool of its own, so that nothing can ever
// run on another connection than the one whose state we know.
func (s *Storage) connect(path, mode string) (*conn, error) {
	db, err := sql.Open("sqlite", dsn(path, mode))
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(1)
	s.dbs = append(s.dbs, db)
	return newConn(context.Background(), db)
}

// checkWritable tells a read-only database from the start. SQLite would open
// it for reading and fail at the first write.
func checkWritable(path string) error {
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	return f.Close()
}

func wrapOpen(dir string, err error) error {
	if errors.Is(err, fs.ErrPermission) || isReadOnly(err) {
		return fmt.Errorf("trilliansqlite: %s: %w: %w", dir, ErrReadOnly, err)
	}
	return fmt.Errorf("trilliansqlite: %s: %w", dir, err)
}

// LogStorage gives the log side of the storage.
func (s *Storage) LogStorage() storage.LogStorage { return (*logStorage)(s) }

// AdminStorage gives the tree administration side of the storage.
func (s *Storage) AdminStorage() storage.AdminStorage { return (*adminStorage)(s) }

// Close waits for running transactions, copies the write-ahead log into the
// database and releases the folder. Snapshots must have been closed or
// committed by then; Close waits for those that are not. Closing twice is
// ErrClosed.
func (s *Storage) Close() error {
	if !s.queue.stop() {
		return ErrClosed
	}
	s.writer.stop()
	s.readers.stop()
	return s.release()
}

// release closes what open has opened so far. The lock goes last: until then
// no other process may touch the files.
func (s *Storage) release() error {
	var errs []error
	if s.readers != nil {
		errs = append(errs, s.readers.closeAll())
	}
	if s.writer != nil {
		errs = append(errs, s.writer.conn.close())
	}
	// The writer, opened first, closes last: the last connection folds the
	// write-ahead log away, and a read-only one could not.
	for _, db := range slices.Backward(s.dbs) {
		errs = append(errs, db.Close())
	}
	errs = append(errs, s.lock.Close())
	return errors.Join(errs...)
}
