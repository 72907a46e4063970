// Package mirror keeps a verified copy of a service in a folder, under the
// service's own paths, so that the folder, put on any static host, answers
// readers when the service is gone.
//
// An Update goes through these steps, in this order:
//
//  1. the folder's own checkpoint, if it has one, is verified;
//  2. each publication that the service lists is opened as a reader opens it
//     (package evidence), and its documents are written;
//  3. the service's checkpoint is verified, proved to extend the folder's, and
//     every file of its tree that the folder lacks is verified and written, and
//     with the entries every record that a publisher key signed outside a chain;
//  4. the checkpoint is written.
//
// For example, after an Update at 300 entries the folder holds
//
//	checkpoint
//	tile/entries/000, tile/entries/001.p/44, tile/0/000, tile/0/001.p/44, tile/1/000.p/1
//	trusted_root.json
//	api/v1/trust.json
//	api/v1/publications/river/head, …/records/0.bundle.json, …/versions/1/text.en.txt, …
//
// Each file is written under another name, synced and renamed, and the
// checkpoint comes last: whenever we die, the folder's checkpoint is covered by
// its tiles. What an interrupted Update wrote is used by the next one.
//
// A genesis is pinned when the mirror first sees its slug, in the folder's
// api/v1/trust.json; a slug that the trust file pins otherwise, or that changes
// its genesis later, ends the Update. Names withheld since the last Update
// disappear from the folder, since signatory lists are written anew each time.
package mirror

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"github.com/sijil/sijil/internal/evidence"
	"github.com/sijil/sijil/keys"
	"github.com/sijil/sijil/log"
	"github.com/sijil/sijil/log/client"
)

// Options say what to copy and whom to trust. All but Tiles and Progress are
// required.
type Options struct {
	Source client.Fetcher
	Dir    string
	Trust  *keys.Trust
	// Evidence opens one publication: it fills in all but Trust and Slug.
	Evidence evidence.Options
	// Tiles copies checkpoint and tiles alone: a static log.
	Tiles bool
	// Progress is told how far the tree is copied. Optional.
	Progress func(done, total int64)
}

// Report says what an Update did.
type Report struct {
	Size         int64 // entries of the tree that the folder now holds
	Before       int64 // that it held before
	Files        int   // that were written
	Publications []string
	Checkpoint   *log.Checkpoint
}

// Update brings the folder to the service's newest public checkpoint. Errors:
// *evidence.Misbehaviour, *evidence.DamagedError, *keys.PinError, and those of the
// source and the disk.
func Update(ctx context.Context, o Options) (*Report, error) {
	w, err := openFolder(o.Dir)
	if err != nil {
		return nil, err
	}
	defer w.close()
	m := &mirror{Options: o, w: w, own: client.NewDir(o.Dir), others: others{keys: map[log.Digest]string{}, known: map[log.Digest]bool{}}}
	if err := m.ownCheckpoint(ctx); err != nil {
		return nil, err
	}
	if !o.Tiles {
		if err := m.publications(ctx); err != nil {
			return nil, err
		}
	}
	c, err := m.tree(ctx)
	if err != nil {
		return nil, err
	}
	if err := w.put("checkpoint", c.Note()); err != nil {
		return nil, err
	}
	r := &Report{Size: c.Size(), Files: w.written, Publications: m.slugs, Checkpoint: c}
	if m.before != nil {
		r.Before = m.before.Size()
	}
	return r, nil
}

type mirror struct {
	Options
	w      *folder
	own    *client.Dir
	before *log.Checkpoint // the folder's, nil for a new one
	slugs  []string
	others others
}

func (m *mirror) ownCheckpoint(ctx context.Context) error {
	b, err := m.own.Fetch(ctx, "checkpoint")
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	// It satisfied the policy of its day; that the log signed it is what counts.
	m.before, err = log.OpenCheckpoint(b, m.Trust.Policy().LogOnly())
	if err != nil {
		return fmt.Errorf("%s holds another log, or is damaged: %w", m.Dir, err)
	}
	return nil
}

// tree copies the files of the service's newest public tree.
func (m *mirror) tree(ctx context.Context) (*log.Checkpoint, error) {
	b, err := m.Source.Fetch(ctx, "checkpoint")
	if err != nil {
		return nil, fmt.Errorf("checkpoint: %w", err)
	}
	c, err := log.OpenCheckpoint(b, m.Trust.Policy())
	if err != nil {
		return nil, &evidence.DamagedError{Path: "checkpoint", Err: err}
	}
	from := uint64(0)
	if m.before != nil {
		if err := evidence.CompareTrees(ctx, m.Trust.Policy().Log(), m.before, c, m.Evidence.Consistent); err != nil {
			return nil, err
		}
		from = uint64(m.before.Size())
	}
	t := client.Tree{Size: uint64(c.Size()), Root: c.Root()}
	done := from
	err = client.Files(ctx, m.Source, t, from, func(path string, data []byte) error {
		if strings.HasPrefix(path, "tile/entries/") {
			if m.Progress != nil {
				m.Progress(int64(done), c.Size())
			}
			done = min(done+256-done%256, t.Size)
			if err := m.payloads(ctx, data); err != nil {
				return err
			}
		}
		return m.w.put(path, data)
	})
	if err != nil {
		return nil, err
	}
	if m.Progress != nil {
		m.Progress(c.Size(), c.Size())
	}
	return c, m.w.sync()
}
