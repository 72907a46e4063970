package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/http"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/sijil/sijil/internal/api"
	"github.com/sijil/sijil/internal/audit"
	"github.com/sijil/sijil/internal/publish"
	"github.com/sijil/sijil/internal/tilewriter"
	"github.com/sijil/sijil/keys"
	"github.com/sijil/sijil/log/tile"
)

// lying is the log as it lies in the folder: readable, never written.
type lying struct {
	latest publish.Checkpoint
	read   func(path string) ([]byte, error)
}

var errReadOnly = errors.New("the folder is only being checked")

func (lying) Append(context.Context, []byte) (uint64, bool, error) { return 0, false, errReadOnly }

func (lying) Cover(context.Context, uint64) (publish.Checkpoint, error) {
	return publish.Checkpoint{}, errReadOnly
}

func (l lying) Latest() publish.Checkpoint { return l.latest }

func (lying) Room() error { return errReadOnly }

// Prove computes from the tiles, each authenticated.
func (l lying) Prove(index, size int64) (tlog.RecordProof, error) {
	v, err := l.verifier()
	if err != nil {
		return nil, err
	}
	return tlog.ProveRecord(size, index, v)
}

// Leaves are read from the tiles, each authenticated.
func (l lying) Leaves(indexes []int64) ([]tlog.Hash, error) {
	v, err := l.verifier()
	if err != nil {
		return nil, err
	}
	stored := make([]int64, len(indexes))
	for i, x := range indexes {
		if x >= l.latest.Size {
			return nil, fmt.Errorf("there is no entry %d in a tree of %d", x, l.latest.Size)
		}
		stored[i] = tlog.StoredHashIndex(0, x)
	}
	return v.ReadHashes(stored)
}

func (l lying) verifier() (*tile.Verifier, error) {
	return tile.NewVerifier(tlog.Tree{N: l.latest.Size, Hash: l.latest.Root}, func(tiles []tlog.Tile) ([][]byte, error) {
		out := make([][]byte, len(tiles))
		for i, t := range tiles {
			var err error
			if out[i], err = l.read(tile.Path(t)); err != nil {
				return nil, err
			}
		}
		return out, nil
	})
}

// asItLies serves the folder's documents to an audit, in this process.
func (s *service) asItLies(ctx context.Context, o serveOptions, trust *keys.Trust, latest publish.Checkpoint) (audit.Source, *publish.Service, error) {
	log := lying{latest: latest, read: tilewriter.ReadFolder(filepath.Join(o.data, tilesDir))}
	uses, err := s.usesAsItLies(ctx, log, trust)
	if err != nil {
		return nil, nil, err
	}
	h, err := api.New(api.Config{Service: uses, Tiles: log.read, Ready: func(context.Context) ([]string, error) { return nil, nil }, Logger: uses.Logger})
	if err != nil {
		return nil, nil, err
	}
	return inProcess{h, log.read}, uses, nil
}

// usesAsItLies are the service's use cases over what lies in the folder.
func (s *service) usesAsItLies(ctx context.Context, log lying, trust *keys.Trust) (*publish.Service, error) {
	observers, err := notedObservers(ctx, s.rows)
	if err != nil {
		return nil, err
	}
	return publish.Open(ctx, publish.Config{Log: log, Tree: log, Public: log.Latest, Store: s.rows, Frozen: s.frozen, ReadOnly: true,
		Observers: observers, Signer: s.signer, Trust: trust, Clock: time.Now, Logger: slog.New(slog.DiscardHandler)})
}

// inProcess reads documents from a handler, and tiles as they lie there.
type inProcess struct {
	h    http.Handler
	tile func(path string) ([]byte, error)
}

// Fetch implements audit.Source.
func (p inProcess) Fetch(ctx context.Context, path string) ([]byte, error) {
	if strings.HasPrefix(path, "tile/") {
		return p.tile(path)
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://localhost/"+path, nil)
	if err != nil {
		return nil, err
	}
	w := &document{header: http.Header{}, status: http.StatusOK}
	p.h.ServeHTTP(w, r)
	switch w.status {
	case http.StatusOK:
		return w.body.Bytes(), nil
	case http.StatusNotFound:
		return nil, fs.ErrNotExist
	}
	return nil, fmt.Errorf("%s: %d %s", path, w.status, bytes.TrimSpace(w.body.Bytes()))
}

// document is an http.ResponseWriter in memory.
type document struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (d *document) Header() http.Header { return d.header }

func (d *document) WriteHeader(status int) { d.status = status }

func (d *document) Write(b []byte) (int, error) { return d.body.Write(b) }

// damagedTile reports what is about a tile, not about reading it.
func damagedTile(err error) bool {
	var damaged *tilewriter.DamageError
	return errors.As(err, &damaged)
}
