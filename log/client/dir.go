package client

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
)

// maxBody bounds a file: the largest entry bundle has 16,777,472 bytes.
const maxBody = 17 << 20

// ErrTooLarge is a file over 17 MiB, more than any file of a log.
var ErrTooLarge = errors.New("larger than 17 MiB, the most that a file of a log has")

// Dir reads a log that was exported to a folder. A path cannot leave the folder,
// also not through a symbolic link.
type Dir struct {
	dir string
}

// NewDir returns a Fetcher of a folder. Whether it is there shows when it is
// read.
func NewDir(dir string) *Dir {
	return &Dir{dir: dir}
}

// Fetch reads a file (Fetcher).
func (d *Dir) Fetch(ctx context.Context, path string) ([]byte, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if !fs.ValidPath(path) || path == "." {
		return nil, fmt.Errorf("path %q: want a relative path without dot elements", path)
	}
	root, err := os.OpenRoot(d.dir)
	if err != nil {
		// A missing folder is not a file that the log does not have.
		return nil, fmt.Errorf("%w: %s is no readable folder: %s", ErrUnreachable, d.dir, cause(err))
	}
	defer root.Close()
	// Before opening: opening a pipe would wait for its writer.
	info, err := root.Stat(path)
	switch {
	case err != nil:
		return nil, err
	case !info.Mode().IsRegular():
		return nil, &fs.PathError{Op: "read", Path: path, Err: fs.ErrNotExist}
	}
	f, err := root.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return readBody(f, info.Size(), path)
}

// cause is the innermost error's text, without making the outer one match
// fs.ErrNotExist.
func cause(err error) string {
	if p, ok := errors.AsType[*fs.PathError](err); ok {
		return p.Err.Error()
	}
	return err.Error()
}

// readBody reads all of r, up to maxBody; size is a hint, negative if unknown.
func readBody(r io.Reader, size int64, path string) ([]byte, error) {
	if size > maxBody {
		return nil, fmt.Errorf("%s: %d bytes: %w", path, size, ErrTooLarge)
	}
	var buf bytes.Buffer
	buf.Grow(int(max(size, 0)) + bytes.MinRead) // what a hint costs is bounded by maxBody
	if _, err := buf.ReadFrom(io.LimitReader(r, maxBody+1)); err != nil {
		return nil, err
	}
	if buf.Len() > maxBody {
		return nil, fmt.Errorf("%s: %w", path, ErrTooLarge)
	}
	return buf.Bytes(), nil
}
