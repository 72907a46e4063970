package monitor

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/sijil/sijil/internal/durable"
	"github.com/sijil/sijil/internal/flock"
	"github.com/sijil/sijil/log"
)

// Names in a monitor's folder.
const (
	stateFile = "state.json"
	lockFile  = "lock"
	maxAudit  = 2 << 30 // bytes of an audit's state: a hundred million entries
)

// Folder is a Store in a folder, which one process at a time has open:
//
//	state.json            what was seen, and what waits to be told
//	audit-<log key ID>    where the audit of a log ended (package audit)
//	misbehaviour-….json   proofs
//
// Each file is replaced by a rename: a crash leaves the old or the new one, whole.
type Folder struct {
	dir  string
	lock *os.File
}

// OpenFolder opens a folder, made if it is not there. Errors: flock.ErrLocked, and those
// of the disk.
func OpenFolder(dir string) (*Folder, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	lock, err := flock.Lock(filepath.Join(dir, lockFile))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", dir, err)
	}
	return &Folder{dir: dir, lock: lock}, nil
}

// Path is the folder.
func (f *Folder) Path() string { return f.dir }

// Close lets another process use the folder.
func (f *Folder) Close() error { return f.lock.Close() }

// Load implements Store.
func (f *Folder) Load() ([]byte, error) { return f.read(stateFile, maxState) }

// Save implements Store.
func (f *Folder) Save(b []byte) error {
	return durable.Replace(filepath.Join(f.dir, stateFile), b, 0o600)
}

// LoadAudit implements Store.
func (f *Folder) LoadAudit(logKey log.Digest) ([]byte, error) {
	return f.read("audit-"+logKey.Hex(), maxAudit)
}

// SaveAudit implements Store.
func (f *Folder) SaveAudit(logKey log.Digest, b []byte) error {
	return durable.Replace(filepath.Join(f.dir, "audit-"+logKey.Hex()), b, 0o600)
}

// SaveProof implements Store.
func (f *Folder) SaveProof(name string, b []byte) (string, error) {
	if name != filepath.Base(name) || strings.HasPrefix(name, ".") {
		return "", fmt.Errorf("%q is no name for a file", name)
	}
	path := filepath.Join(f.dir, name)
	return path, durable.Replace(path, b, 0o600)
}

func (f *Folder) read(name string, most int64) ([]byte, error) {
	path := filepath.Join(f.dir, name)
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() || info.Size() > most {
		return nil, fmt.Errorf("%s is no file, or over %d bytes", path, most)
	}
	return os.ReadFile(path)
}
