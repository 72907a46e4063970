// Package clientstate keeps what a machine remembers of a log between runs, in
// $XDG_STATE_HOME/sijil/<log key ID>/:
//
//	checkpoint          the newest verified checkpoint (signed note)
//	latest              the newest that only the log had signed, on a publisher's machine
//	heads/<genesis>     the newest verified head of each publication
//	audit-<source>      where the last audit of a source ended (package audit)
//	first-use           fingerprints that were accepted without comparing them
//	misbehaviour-*.json proofs against the log
//	outbox/<slug>/      signed retractions that are not known to be in the log
//
// Losing the folder loses no evidence, only the memory by which a log that goes
// backwards is caught, and retractions that were not sent yet.
package clientstate

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"sort"
	"strings"
	"time"

	"github.com/sijil/sijil/internal/durable"
	"github.com/sijil/sijil/internal/evidence"
	"github.com/sijil/sijil/log"
)

// maxNote bounds a file that is read back, in bytes.
const maxNote = 64 << 10

// Dir is one log's state folder.
type Dir struct{ path string }

// Base returns $XDG_STATE_HOME/sijil, or ~/.local/state/sijil.
func Base(getenv func(string) string) (string, error) {
	if base := getenv("XDG_STATE_HOME"); filepath.IsAbs(base) {
		return filepath.Join(base, "sijil"), nil
	}
	home := getenv("HOME")
	if home == "" {
		return "", errors.New("neither XDG_STATE_HOME nor HOME is set: there is nowhere to remember what was seen")
	}
	return filepath.Join(home, ".local", "state", "sijil"), nil
}

// Open returns the state folder of a log; nothing is created yet.
func Open(base string, logKeyID log.Digest) *Dir {
	return &Dir{path: filepath.Join(base, logKeyID.Hex())}
}

// Path is the folder.
func (d *Dir) Path() string { return d.path }

// Load reads the memory; an absent folder is an empty memory.
func (d *Dir) Load() (evidence.Memory, error) {
	m := evidence.Memory{Heads: map[log.Digest][]byte{}}
	var err error
	if m.Checkpoint, err = readNote(filepath.Join(d.path, "checkpoint")); err != nil {
		return m, err
	}
	if m.Latest, err = readNote(filepath.Join(d.path, "latest")); err != nil {
		return m, err
	}
	list, err := os.ReadDir(filepath.Join(d.path, "heads"))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return m, fmt.Errorf("client state: %w", err)
	}
	for _, f := range list {
		genesis, err := log.ParseDigest("sha256:" + f.Name())
		if err != nil {
			continue // a temporary file of an interrupted write
		}
		if m.Heads[genesis], err = readNote(filepath.Join(d.path, "heads", f.Name())); err != nil {
			return m, err
		}
	}
	return m, nil
}

// Save writes the memory. If we die between two files, each holds the old or
// the new note; both are true.
func (d *Dir) Save(m evidence.Memory) error {
	if err := write(filepath.Join(d.path, "checkpoint"), m.Checkpoint); err != nil {
		return err
	}
	if err := write(filepath.Join(d.path, "latest"), m.Latest); err != nil {
		return err
	}
	for genesis, note := range m.Heads {
		if err := write(filepath.Join(d.path, "heads", genesis.Hex()), note); err != nil {
			return err
		}
	}
	return nil
}

// SaveProof writes a proof of misbehaviour and returns its path.
func (d *Dir) SaveProof(m *evidence.Misbehaviour, now time.Time) (string, error) {
	b, err := m.Document()
	if err != nil {
		return "", err
	}
	path := filepath.Join(d.path, "misbehaviour-"+now.UTC().Format("20060102T150405.000000000Z")+".json")
	return path, write(path, b)
}

// FirstUse lists the fingerprints that were accepted without comparing them.
func (d *Dir) FirstUse() ([]string, error) {
	b, err := readNote(filepath.Join(d.path, "first-use"))
	if err != nil {
		return nil, err
	}
	return strings.Fields(string(b)), nil
}

// Mark records fingerprints as compared, or as accepted without comparing.
func (d *Dir) Mark(fingerprints []string, compared bool) error {
	list, err := d.FirstUse()
	if err != nil {
		return err
	}
	list = slices.DeleteFunc(list, func(f string) bool { return slices.Contains(fingerprints, f) })
	if !compared {
		list = append(list, fingerprints...)
	}
	sort.Strings(list)
	return write(filepath.Join(d.path, "first-use"), []byte(strings.Join(list, "\n")+"\n"))
}

func readNote(path string) ([]byte, error) {
	b, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("client state: %w", err)
	}
	if len(b) > maxNote {
		return nil, fmt.Errorf("client state: %s is over %d bytes", path, maxNote)
	}
	return b, nil
}

func write(path string, b []byte) error {
	if len(b) == 0 {
		return nil
	}
	if old, err := os.ReadFile(path); err == nil && bytes.Equal(old, b) {
		return nil // it is there, and durable since it was written
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return fmt.Errorf("client state: %w", err)
	}
	if err := durable.Replace(path, b, 0o600); err != nil {
		return fmt.Errorf("client state: %w", err)
	}
	return nil
}
