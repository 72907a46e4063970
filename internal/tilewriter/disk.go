package tilewriter

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/sijil/sijil/internal/flock"
	"github.com/sijil/sijil/log/tile"
)

// disk is the folder. Reading is safe concurrently; all else belongs to the one
// round that runs.
type disk struct {
	dir  string
	lock *os.File
	last *os.File

	edge     *os.File // the entry bundle being filled, if open
	edgeName string
	// torn says that a commit failed. What an fsync that failed has left on
	// disk is not known, and the next one may claim success: so the edge is
	// then written whole, into a new file.
	torn  bool
	known map[string]bool // folders that are there, durably
}

const (
	tmpDir  = "tmp"
	edgeDir = "edge"
)

// DamagedDir is where Open keeps files that it found wrong and made again, below the
// folder of the tiles. It is there once there was one.
const DamagedDir = "damaged"

func openDisk(dir string) (_ *disk, err error) {
	for _, sub := range []string{tmpDir, edgeDir, "tile"} {
		if err := os.MkdirAll(filepath.Join(dir, sub), 0o755); err != nil {
			return nil, err
		}
	}
	d := &disk{dir: dir, known: map[string]bool{".": true, tmpDir: true, edgeDir: true, "tile": true}}
	defer func() {
		if err != nil {
			d.close()
		}
	}()
	if d.lock, err = flock.Lock(d.path("lock")); err != nil {
		return nil, fmt.Errorf("%s: %w", dir, err)
	}
	if d.last, err = os.OpenFile(d.path("last"), os.O_CREATE|os.O_RDWR, 0o644); err != nil {
		return nil, err
	}
	// What a crash left on its way was never named by anything.
	left, err := os.ReadDir(d.path(tmpDir))
	if err != nil {
		return nil, err
	}
	for _, l := range left {
		if err := os.Remove(d.path(tmpDir, l.Name())); err != nil {
			return nil, err
		}
	}
	return d, errors.Join(d.syncDir("."), d.syncDir(".."))
}

func (d *disk) close() error {
	var errs []error
	for _, f := range []*os.File{d.edge, d.last, d.lock} {
		if f != nil {
			errs = append(errs, f.Close())
		}
	}
	return errors.Join(errs...)
}

func (d *disk) path(elem ...string) string {
	return filepath.Join(append([]string{d.dir}, elem...)...)
}

// fileOf is the file, below the folder, that holds the tile or bundle t of a
// tree that has it in this width.
func fileOf(t tlog.Tile) string {
	switch {
	case t.W == tile.Width:
		return tile.Path(t)
	case t.L <= 0:
		return fmt.Sprintf("%s/entries-%d", edgeDir, t.N)
	default:
		return fmt.Sprintf("%s/%d-%d", edgeDir, t.L, t.N)
	}
}

// read returns the bytes of t from its file. One that is not there is
// fs.ErrNotExist; see decode.
func (d *disk) read(t tlog.Tile) ([]byte, error) {
	b, err := os.ReadFile(d.path(fileOf(t)))
	if err != nil {
		return nil, err
	}
	return decode(t, b)
}

// decode returns the bytes of t from those of its file. A partial tile of level 0 is
// made from the entries. A file that is too short, too long where it is a full tile,
// or no bundle, is a *DamageError.
func decode(t tlog.Tile, b []byte) ([]byte, error) {
	damaged := func(err error) ([]byte, error) {
		return nil, &DamageError{Paths: []string{fileOf(t)}, Err: err}
	}
	switch {
	case t.L > 0 || t.L == 0 && t.W == tile.Width:
		want := t.W * tlog.HashSize
		if len(b) < want || len(b) > want && t.W == tile.Width {
			return damaged(fmt.Errorf("%d bytes, want %d", len(b), want))
		}
		return b[:want], nil
	case t.W == tile.Width:
		if _, err := tile.ParseBundle(b, t.W); err != nil {
			return damaged(err)
		}
		return b, nil
	}
	entries, rest, err := tile.CutBundle(b, t.W)
	if err != nil {
		return damaged(err)
	}
	if t.L == tile.EntriesLevel {
		return b[:len(b)-len(rest)], nil
	}
	return hashes(entries), nil
}

// hashes is the tile of level 0 over the entries.
func hashes(entries [][]byte) []byte {
	data := make([]byte, 0, len(entries)*tlog.HashSize)
	for _, e := range entries {
		h := tlog.RecordHash(e)
		data = append(data, h[:]...)
	}
	return data
}

func (d *disk) has(t tlog.Tile) (bool, error) {
	_, err := os.Stat(d.path(fileOf(t)))
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	return err == nil, err
}

// setAside moves a file into DamagedDir, under a name that is free there. That it is
// not there is no error.
func (d *disk) setAside(path string) error {
	if err := os.MkdirAll(d.path(DamagedDir), 0o755); err != nil {
		return err
	}
	for i := 0; ; i++ {
		to := d.path(DamagedDir, fmt.Sprintf("%s.%d", strings.ReplaceAll(path, "/", "-"), i))
		if _, err := os.Lstat(to); err == nil {
			continue
		}
		if err := os.Rename(d.path(path), to); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		return errors.Join(d.syncDir(DamagedDir), d.syncDir(filepath.Dir(path)))
	}
}

// lastSize is the length of "last": a size in 20 digits, a root in base64.
const lastSize = 20 + 1 + 44 + 1

// writeLast notes the newest published tree in one write within one disk
// sector, without fsync. Dying here leaves the one before: "last" guards against
// a checkpoint store that went back, and an older note guards a little less.
func (d *disk) writeLast(t tlog.Tree) error {
	_, err := d.last.WriteAt(fmt.Appendf(nil, "%020d %s\n", t.N, t.Hash), 0)
	return err
}

// readLast returns the newest published tree, and false if none is noted.
func (d *disk) readLast() (tlog.Tree, bool, error) {
	b, err := io.ReadAll(io.LimitReader(d.last, lastSize+1))
	if err != nil || len(b) == 0 {
		return tlog.Tree{}, false, err
	}
	var t tlog.Tree
	var hash string
	if _, err := fmt.Sscanf(string(b), "%d %s\n", &t.N, &hash); err == nil {
		t.Hash, err = tlog.ParseHash(hash)
		if err == nil && fmt.Sprintf("%020d %s\n", t.N, t.Hash) == string(b) {
			return t, true, nil
		}
	}
	return tlog.Tree{}, false, &DamageError{Paths: []string{"last"}, Err: errors.New("not a size and a root")}
}
