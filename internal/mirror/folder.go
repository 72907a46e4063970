package mirror

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"

	"github.com/sijil/sijil/internal/flock"
)

// folder writes files below one folder, which no path can leave.
type folder struct {
	root    *os.Root
	lock    *os.File // held by the one Update that runs
	written int
	dirs    map[string]bool // that hold renames not synced yet
	made    map[string]bool // that exist
}

// temp is the one file on its way; what a crash leaves of it is overwritten.
const (
	temp     = ".sijil-mirror"
	lockFile = ".sijil-lock"
)

func openFolder(dir string) (*folder, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	lock, err := flock.Lock(filepath.Join(dir, lockFile))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", dir, err)
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, errors.Join(err, lock.Close())
	}
	return &folder{root: root, lock: lock, dirs: map[string]bool{}, made: map[string]bool{}}, nil
}

func (f *folder) close() {
	f.root.Close()
	f.lock.Close()
}

// put replaces a file by a rename, unless it holds these bytes already. The
// rename is durable after sync. A full tile takes the place of its partial ones.
func (f *folder) put(name string, data []byte) error {
	if old, err := f.root.ReadFile(name); err == nil && bytes.Equal(old, data) {
		return nil
	}
	if err := f.mkdir(path.Dir(name)); err != nil {
		return err
	}
	if err := f.write(data); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	if err := f.root.Rename(temp, name); err != nil {
		return err
	}
	f.dirs[path.Dir(name)] = true
	f.written++
	if strings.HasPrefix(name, "tile/") && !strings.Contains(name, ".p/") {
		return f.root.RemoveAll(name + ".p")
	}
	return nil
}

func (f *folder) has(name string) bool {
	_, err := f.root.Lstat(name)
	return err == nil
}

// remove removes a file, if there is one. It is durable after sync.
func (f *folder) remove(name string) error {
	err := f.root.Remove(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	f.dirs[path.Dir(name)] = true
	return nil
}

func (f *folder) write(data []byte) error {
	file, err := f.root.OpenFile(temp, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	_, err = file.Write(data)
	return errors.Join(err, file.Sync(), file.Close())
}

func (f *folder) mkdir(dir string) error {
	if dir == "." || f.made[dir] {
		return nil
	}
	if err := f.mkdir(path.Dir(dir)); err != nil {
		return err
	}
	if err := f.root.Mkdir(dir, 0o755); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	f.dirs[path.Dir(dir)] = true
	f.made[dir] = true
	return nil
}

// sync makes all renames durable.
func (f *folder) sync() error {
	for dir := range f.dirs {
		d, err := f.root.Open(dir)
		if err != nil {
			return err
		}
		if err := errors.Join(d.Sync(), d.Close()); err != nil {
			return err
		}
		delete(f.dirs, dir)
	}
	return nil
}
