package tilewriter

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/sijil/sijil/log/tile"
)

// ReadFolder returns a function that reads tiles as ReadTile does, from a folder
// that no Writer has open. It verifies and changes nothing: it is for checking a
// folder as it lies there. What is not there is fs.ErrNotExist.
func ReadFolder(dir string) func(path string) ([]byte, error) {
	d := &disk{dir: dir}
	return func(path string) ([]byte, error) {
		t, err := tile.ParsePath(path)
		if err != nil {
			return nil, err
		}
		return d.read(t)
	}
}

// Noted returns the newest published tree as the folder notes it, and false if it notes
// none. It is for checking a folder that no Writer has open, as ReadFolder is; a note that
// is damaged is a *DamageError.
func Noted(dir string) (t tlog.Tree, ok bool, err error) {
	f, err := os.Open(filepath.Join(dir, "last"))
	if errors.Is(err, fs.ErrNotExist) {
		return tlog.Tree{}, false, nil
	}
	if err != nil {
		return tlog.Tree{}, false, err
	}
	defer f.Close()
	return (&disk{last: f}).readLast()
}

// CopyFull copies the full tiles and entry bundles of the first size entries to
// another folder, while a Writer has this one open: they never change. What is
// missing, and the right edge, is for Open to make on the copy, from the log. Nothing
// is verified or synced here.
func CopyFull(ctx context.Context, from, to string, size uint64) error {
	for level := tile.EntriesLevel; level <= 0 || size>>(level*tile.Height) > 0; level++ {
		for n := range int64(size >> ((max(level, 0) + 1) * tile.Height)) {
			if err := ctx.Err(); err != nil {
				return err
			}
			path := tile.Path(tlog.Tile{H: tile.Height, L: level, N: n, W: tile.Width})
			if err := copyFile(filepath.Join(from, path), filepath.Join(to, path)); err != nil && !errors.Is(err, fs.ErrNotExist) {
				return err
			}
		}
	}
	return nil
}

func copyFile(from, to string) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
		return err
	}
	out, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	return errors.Join(err, out.Close())
}
