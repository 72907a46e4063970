package main

import (
	"archive/tar"
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

// sumsFile lists a copy's files with their digests, as sha256sum -c reads them.
const sumsFile = "SHA256SUMS"

// copyFlat copies a folder's files, which may come and go meanwhile; those whose
// names begin with a dot are on their way. A folder that is not there is no error.
func copyFlat(ctx context.Context, from, to string) error {
	list, err := os.ReadDir(from)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	if err := os.Mkdir(to, 0o700); err != nil {
		return err
	}
	for _, e := range list {
		if err := ctx.Err(); err != nil {
			return err
		}
		if !e.Type().IsRegular() || strings.HasPrefix(e.Name(), ".") {
			continue
		}
		if err := copyKept(filepath.Join(from, e.Name()), filepath.Join(to, e.Name())); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}

// copyKept copies a file with its mode and its time of modification, by which mails
// expire.
func copyKept(from, to string) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	info, err := in.Stat()
	if err != nil {
		return err
	}
	out, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, info.Mode().Perm())
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	return errors.Join(err, out.Close(), os.Chtimes(to, info.ModTime(), info.ModTime()))
}

// copyTree copies a folder.
func copyTree(ctx context.Context, from, to string) error {
	return filepath.WalkDir(from, func(name string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		rel, err := filepath.Rel(from, name)
		if err != nil {
			return err
		}
		switch {
		case rel == ".":
			return nil
		case e.IsDir():
			return os.Mkdir(filepath.Join(to, rel), 0o700)
		case e.Type().IsRegular():
			return copyKept(name, filepath.Join(to, rel))
		}
		return fmt.Errorf("%s: neither a file nor a folder", name)
	})
}

// files lists the files below a folder, with slashes, in order.
func filesBelow(dir string) (list []string, err error) {
	err = fs.WalkDir(os.DirFS(dir), ".", func(name string, e fs.DirEntry, err error) error {
		if err == nil && !e.IsDir() {
			list = append(list, name)
		}
		return err
	})
	slices.Sort(list)
	return list, err
}

func sum(name string) (string, error) {
	f, err := os.Open(name)
	if err != nil {
		return "", err
	}
	defer f.Close()
	h := sha256.New()
	_, err = io.Copy(h, f)
	return hex.EncodeToString(h.Sum(nil)), err
}

// writeSums lists a copy's files in it, and syncs everything.
func writeSums(ctx context.Context, dir string) error {
	list, err := filesBelow(dir)
	if err != nil {
		return err
	}
	var text bytes.Buffer
	for _, name := range list {
		if err := ctx.Err(); err != nil {
			return err
		}
		digest, err := sum(filepath.Join(dir, filepath.FromSlash(name)))
		if err != nil {
			return err
		}
		fmt.Fprintf(&text, "%s  %s\n", digest, name)
	}
	if err := os.WriteFile(filepath.Join(dir, sumsFile), text.Bytes(), 0o600); err != nil {
		return err
	}
	return syncTree(dir)
}

// checkSums requires that a copy holds what its list says, and nothing else.
func checkSums(ctx context.Context, dir string) error {
	b, err := os.ReadFile(filepath.Join(dir, sumsFile))
	if err != nil {
		return fmt.Errorf("this is not a copy that sijild backup made, or not a whole one: %w", err)
	}
	want := map[string]string{sumsFile: ""}
	for line := range strings.Lines(string(b)) {
		digest, name, ok := strings.Cut(strings.TrimSuffix(line, "\n"), "  ")
		if !ok {
			return fmt.Errorf("%s: a line is not a digest and a name", sumsFile)
		}
		want[name] = digest
	}
	list, err := filesBelow(dir)
	if err != nil {
		return err
	}
	for _, name := range list {
		if err := ctx.Err(); err != nil {
			return err
		}
		digest, ok := want[name]
		delete(want, name)
		if name == sumsFile {
			continue
		}
		if !ok {
			return fmt.Errorf("the copy holds %s, which it does not list", name)
		}
		if got, err := sum(filepath.Join(dir, filepath.FromSlash(name))); err != nil || got != digest {
			return errors.Join(fmt.Errorf("the copy's %s is not what was written", name), err)
		}
	}
	for name := range want {
		return fmt.Errorf("the copy lacks %s", name)
	}
	return nil
}

// syncTree makes a folder, and all in it, durable.
func syncTree(dir string) error {
	return filepath.WalkDir(dir, func(name string, e fs.DirEntry, err error) error {
		if err != nil || !e.IsDir() && !e.Type().IsRegular() {
			return err
		}
		return syncPath(name)
	})
}

func syncPath(name string) error {
	f, err := os.Open(name)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

// packTar packs a copy into one file, reads it back, and gives it its name.
func packTar(ctx context.Context, dir, out string) error {
	f, err := os.CreateTemp(filepath.Dir(out), filepath.Base(out)+".new-*") // 0600
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	defer f.Close()
	w := bufio.NewWriterSize(f, 1<<20)
	if err := errors.Join(writeTar(ctx, dir, w), w.Flush(), f.Sync()); err != nil {
		return err
	}
	back, err := os.MkdirTemp(filepath.Dir(out), filepath.Base(out)+".new-*")
	if err != nil {
		return err
	}
	defer os.RemoveAll(back)
	if err := unpackTar(ctx, f.Name(), back); err != nil {
		return fmt.Errorf("read back: %w", err)
	}
	if err := checkSums(ctx, back); err != nil {
		return fmt.Errorf("read back: %w", err)
	}
	return errors.Join(os.Rename(f.Name(), out), syncPath(filepath.Dir(out)))
}

func writeTar(ctx context.Context, dir string, out io.Writer) error {
	list, err := filesBelow(dir)
	if err != nil {
		return err
	}
	w := tar.NewWriter(out)
	for _, name := range list {
		if err := ctx.Err(); err != nil {
			return err
		}
		f, err := os.Open(filepath.Join(dir, filepath.FromSlash(name)))
		if err != nil {
			return err
		}
		info, err := f.Stat()
		if err == nil {
			err = w.WriteHeader(&tar.Header{Typeflag: tar.TypeReg, Name: name, Mode: int64(info.Mode().Perm()), Size: info.Size(), ModTime: info.ModTime(), Format: tar.FormatPAX})
		}
		if err == nil {
			_, err = io.Copy(w, f)
		}
		if err = errors.Join(err, f.Close()); err != nil {
			return err
		}
	}
	return w.Close()
}

// unpackTar unpacks a copy into an empty folder. Only plain files below it are taken.
func unpackTar(ctx context.Context, name, to string) error {
	f, err := os.Open(name)
	if err != nil {
		return err
	}
	defer f.Close()
	root, err := os.OpenRoot(to)
	if err != nil {
		return err
	}
	defer root.Close()
	r := tar.NewReader(bufio.NewReaderSize(f, 1<<20))
	for {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		if h.Typeflag != tar.TypeReg || !fs.ValidPath(h.Name) {
			return fmt.Errorf("%s: holds %q, which is not a plain file below it", name, h.Name)
		}
		if err := unpackFile(root, h, r); err != nil {
			return err
		}
	}
}

func unpackFile(root *os.Root, h *tar.Header, r io.Reader) error {
	if err := root.MkdirAll(path.Dir(h.Name), 0o700); err != nil {
		return err
	}
	out, err := root.OpenFile(h.Name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, fs.FileMode(h.Mode)&0o700)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, r)
	return errors.Join(err, out.Close(), root.Chtimes(h.Name, h.ModTime, h.ModTime))
}
