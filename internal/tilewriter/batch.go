package tilewriter

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/sijil/sijil/log/tile"
)

// batch is a set of writes that become durable together: first all files are
// written, then all fsynced, then renamed, then the folders fsynced. Each wait
// for the disk is shared, and files are fsynced at the same time, so that the
// file system commits them together.
type batch struct {
	d      *disk
	files  []*os.File        // to be fsynced
	rename map[string]string // from tmp name to name
	dirs   []string          // to be fsynced after the renames
}

func (d *disk) batch() *batch {
	return &batch{d: d, rename: make(map[string]string)}
}

// put writes a whole file under a temporary name.
//
// Dying before the rename leaves a file in tmp; after it, the complete file.
func (b *batch) put(name string, data []byte) error {
	dir := filepath.Dir(name)
	if err := b.d.mkdir(dir); err != nil {
		return err
	}
	tmp := filepath.Join(tmpDir, strings.ReplaceAll(name, "/", "_"))
	f, err := os.OpenFile(b.d.path(tmp), os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	b.files = append(b.files, f)
	b.rename[tmp] = name
	if !slices.Contains(b.dirs, dir) {
		b.dirs = append(b.dirs, dir)
	}
	_, err = f.Write(data)
	return err
}

// putEdge writes what the right edge next has and the published one, old, has
// not. The bytes of old stay as they are.
//
// Dying here leaves more bytes behind old's, or a further file: Open takes as
// many entries and hashes as the last checkpoint has.
func (b *batch) putEdge(old, next *edge) error {
	for level := 1; level < len(next.tiles); level++ {
		data := next.tiles[level]
		t, _ := tile.At(level, int64(next.size>>((level+1)*tile.Height)), next.size)
		was, ok := tile.At(t.L, t.N, old.size)
		if len(data) == 0 || ok && was == t {
			continue
		}
		if err := b.put(fileOf(t), data); err != nil {
			return err
		}
	}
	if len(next.ends) == 0 {
		return nil
	}
	n := int64(next.size / tile.Width)
	name := fileOf(tlog.Tile{H: tile.Height, L: tile.EntriesLevel, N: n, W: len(next.ends)})
	if b.d.torn {
		return errors.Join(b.d.closeEdge(), b.put(name, next.bundle))
	}
	from := 0
	if old.size/tile.Width == next.size/tile.Width {
		from = len(old.bundle)
	}
	if b.d.edgeName != name {
		if err := b.d.openEdge(name); err != nil {
			return err
		}
		if !slices.Contains(b.dirs, edgeDir) {
			b.dirs = append(b.dirs, edgeDir)
		}
	}
	_, err := b.d.edge.WriteAt(next.bundle[from:], int64(from))
	return err
}

// openEdge opens, or makes, the file of the entry bundle being filled.
func (d *disk) openEdge(name string) error {
	f, err := os.OpenFile(d.path(name), os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return err
	}
	err = d.closeEdge()
	d.edge, d.edgeName = f, name
	return err
}

func (d *disk) closeEdge() error {
	if d.edge == nil {
		return nil
	}
	f := d.edge
	d.edge, d.edgeName = nil, ""
	return f.Close()
}

// commit makes everything durable; with edge, the bundle being filled too.
func (b *batch) commit(edge bool, at func(string) error) (err error) {
	defer func() { b.d.torn = err != nil || b.d.torn && !edge }()
	var syncs []func() error
	for _, f := range b.files {
		syncs = append(syncs, func() error { return errors.Join(f.Sync(), f.Close()) })
	}
	b.files = nil
	if edge && b.d.edge != nil {
		syncs = append(syncs, b.d.edge.Sync)
	}
	if err := together(syncs); err != nil {
		return err
	}
	if err := at("rename"); err != nil {
		return err
	}
	for tmp, name := range b.rename {
		if err := os.Rename(b.d.path(tmp), b.d.path(name)); err != nil {
			return err
		}
	}
	if err := at("sync folders"); err != nil {
		return err
	}
	syncs = nil
	for _, dir := range b.dirs {
		syncs = append(syncs, func() error { return b.d.syncDir(dir) })
	}
	return together(syncs)
}

// abort closes what commit did not.
func (b *batch) abort() {
	for _, f := range b.files {
		f.Close()
	}
}

// together runs the functions at the same time, eight at most.
func together(fns []func() error) error {
	if len(fns) == 1 {
		return fns[0]()
	}
	var wg sync.WaitGroup
	errs := make([]error, len(fns))
	slots := make(chan struct{}, 8)
	for i, fn := range fns {
		slots <- struct{}{}
		wg.Go(func() {
			errs[i] = fn()
			<-slots
		})
	}
	wg.Wait()
	return errors.Join(errs...)
}

// mkdir makes a folder below the root, durably, with the ones above it.
func (d *disk) mkdir(dir string) error {
	if d.known[dir] {
		return nil
	}
	parent := filepath.Dir(dir)
	if err := d.mkdir(parent); err != nil {
		return err
	}
	if err := os.Mkdir(d.path(dir), 0o755); err != nil && !errors.Is(err, os.ErrExist) {
		return err
	}
	if err := d.syncDir(parent); err != nil {
		return err
	}
	d.known[dir] = true
	return nil
}

func (d *disk) syncDir(dir string) error {
	f, err := os.Open(d.path(dir))
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

// sweep removes edge files that the published edge does not use. Dying here
// leaves some for the next Open.
func (d *disk) sweep(e *edge) error {
	keep := make(map[string]bool)
	for level := range e.tiles {
		if t, ok := tile.At(level, int64(e.size>>((level+1)*tile.Height)), e.size); ok {
			keep[filepath.Base(fileOf(t))] = true
		}
	}
	all, err := os.ReadDir(d.path(edgeDir))
	if err != nil {
		return err
	}
	for _, f := range all {
		if keep[f.Name()] {
			continue
		}
		if edgeDir+"/"+f.Name() == d.edgeName {
			// A failed round was further; writing on into a file without a
			// name would lose what it gets.
			err = errors.Join(err, d.closeEdge())
		}
		err = errors.Join(err, os.Remove(d.path(edgeDir, f.Name())))
	}
	return err
}
