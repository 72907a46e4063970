package main

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"sync"

	"github.com/sijil/sijil/internal/durable"
	"github.com/sijil/sijil/internal/evidence"
	"github.com/sijil/sijil/internal/fetch"
	"github.com/sijil/sijil/internal/publish"
	"github.com/sijil/sijil/internal/site"
	"github.com/sijil/sijil/keys"
	"github.com/sijil/sijil/log/tile"
)

// What the pages need beside the use cases: the log's entries, pages from elsewhere, and
// evidence in one file.

// pagesLog is the log as its pages show it: the tree that readers are shown.
type pagesLog struct {
	policy *keys.Policy
	tiles  tree
	public func() publish.Checkpoint
}

func (l pagesLog) Policy() *keys.Policy { return l.policy }

func (l pagesLog) Entry(index int64) ([]byte, error) {
	size := l.public().Size
	if index < 0 || index >= size {
		return nil, fmt.Errorf("entry %w", publish.ErrUnknown)
	}
	t, ok := tile.At(tile.EntriesLevel, index/tile.Width, uint64(size))
	if !ok {
		return nil, fmt.Errorf("entry %w", publish.ErrUnknown)
	}
	b, err := l.tiles.ReadTile(tile.Path(t))
	if err != nil {
		return nil, err
	}
	entries, err := tile.ParseBundle(b, t.W)
	if err != nil {
		return nil, err
	}
	return entries[index%tile.Width], nil
}

// fetcher gets pages for the site, or is nil.
func fetcher(mode string) func(context.Context, string) (*site.Fetched, error) {
	if mode == fetchOff {
		return nil
	}
	c := fetch.New(fetch.Options{Private: mode == fetchPrivate})
	return func(ctx context.Context, address string) (*site.Fetched, error) {
		p, err := c.Get(ctx, address)
		if errors.Is(err, fetch.ErrRefused) {
			return nil, site.ErrAddress
		}
		if err != nil {
			return nil, err
		}
		return &site.Fetched{Address: p.Address, Body: p.Body, When: p.When}, nil
	}
}

// packer gathers and verifies a publication's evidence from this service's own answers,
// as a reader would, so that what is handed out verifies.
type packer struct {
	service *publish.Service
	routes  func() http.Handler
	busy    chan struct{} // full while an archive is made: one takes much time and memory
	most    int           // bytes of the documents that go into one

	mu   sync.Mutex        // guards kept
	kept map[string]packed // by slug
}

func newPacker(service *publish.Service, routes func() http.Handler) *packer {
	return &packer{service: service, routes: routes, busy: make(chan struct{}, 1), most: maxPack, kept: map[string]packed{}}
}

// packed is an archive, the tree that its proofs lead to, and the newest record when it
// was made: a name that is withheld after that must not be handed out, whatever tree the
// witnesses have seen.
type packed struct {
	size     int64
	sequence int64
	zip      []byte
}

// What is packed of one publication, and kept of all, in bytes. Some 10,000 records about
// list entries fill an archive; what has more is exported by `sijil export`.
const (
	maxPack = 40 << 20
	maxKept = 2 * maxPack
)

// pack returns a publication's archive. site.ErrPack: its evidence is too large for one.
func (p *packer) pack(ctx context.Context, slug string) ([]byte, error) {
	s, err := p.service.Publication(slug)
	if err != nil {
		return nil, err
	}
	if zip := p.have(s); zip != nil {
		return zip, nil
	}
	select {
	case p.busy <- struct{}{}:
		defer func() { <-p.busy }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	if s, err = p.service.Publication(slug); err != nil {
		return nil, err
	}
	if zip := p.have(s); zip != nil {
		return zip, nil
	}
	return p.make(ctx, s)
}

// have is the archive that is kept, if nothing has come or gone since.
func (p *packer) have(s publish.Summary) []byte {
	size := p.service.Public().Size
	p.mu.Lock()
	defer p.mu.Unlock()
	if have := p.kept[s.Slug]; have.size == size && have.sequence == s.Sequence {
		return have.zip
	}
	return nil
}

// make makes an archive, and keeps it where there is room.
func (p *packer) make(ctx context.Context, s publish.Summary) ([]byte, error) {
	const tries = 10 // a busy log grows between two answers
	trust, err := p.service.Trust.Pin(s.Slug, s.Genesis)
	if err != nil {
		return nil, err
	}
	for range tries {
		pub, err := evidence.Open(ctx, &bounded{p, p.most}, evidence.Options{Trust: trust, Slug: s.Slug})
		if err != nil {
			return nil, err
		}
		if !pub.OneTree() {
			continue
		}
		b, err := pub.Zip(trust)
		if err != nil {
			return nil, err
		}
		p.keep(s.Slug, packed{pub.Checkpoint().Size(), s.Sequence, b})
		return b, nil
	}
	return nil, errors.New("the log grew during every try to gather its evidence")
}

func (p *packer) keep(slug string, x packed) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.kept, slug)
	size := len(x.zip)
	for _, other := range p.kept {
		size += len(other.zip)
	}
	if size > maxKept {
		clear(p.kept)
	}
	p.kept[slug] = x
}

// bounded is a packer's documents until there are too many bytes of them.
type bounded struct {
	*packer
	left int
}

// Fetch implements evidence.Source.
func (b *bounded) Fetch(ctx context.Context, path string) ([]byte, error) {
	doc, err := b.packer.Fetch(ctx, path)
	if b.left -= len(doc); b.left < 0 {
		return nil, site.ErrPack
	}
	return doc, err
}

// Fetch reads a document from this service without a network. It is evidence.Source.
func (p *packer) Fetch(ctx context.Context, path string) ([]byte, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, "/"+path, nil)
	if err != nil {
		return nil, err
	}
	var w recorder
	p.routes().ServeHTTP(&w, r)
	switch w.status {
	case 0, http.StatusOK:
		return w.body.Bytes(), nil
	case http.StatusNotFound:
		return nil, &fs.PathError{Op: "read", Path: path, Err: fs.ErrNotExist}
	}
	return nil, fmt.Errorf("%s: status %d", path, w.status)
}

// recorder keeps an answer.
type recorder struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (w *recorder) Header() http.Header {
	if w.header == nil {
		w.header = http.Header{}
	}
	return w.header
}

func (w *recorder) WriteHeader(status int) { w.status = status }

func (w *recorder) Write(b []byte) (int, error) { return w.body.Write(b) }

// fetchValue is the flag --fetch.
type fetchValue struct{ mode *string }

func (v fetchValue) String() string { return cmp.Or(*v.mode, "off") }

func (v fetchValue) Type() string { return "string" }

func (v fetchValue) Set(s string) error {
	switch s {
	case "off":
		*v.mode = fetchOff
	case fetchOn, fetchPrivate:
		*v.mode = s
	default:
		return errors.New("want off, on or private")
	}
	return nil
}

// scripts is the folder of the badge's scripts, of this program and of earlier ones.
type scripts struct{ dir string }

// scriptsDir is its name in the data folder.
const scriptsDir = "scripts"

func (s scripts) Put(name string, body []byte) error {
	path := filepath.Join(s.dir, name)
	if have, err := os.ReadFile(path); err == nil && bytes.Equal(have, body) {
		return nil
	}
	if err := os.MkdirAll(s.dir, 0o700); err != nil {
		return err
	}
	return durable.Replace(path, body, 0o600)
}

// Get reads a file by a name that the pages have checked to be one.
func (s scripts) Get(name string) ([]byte, error) {
	return os.ReadFile(filepath.Join(s.dir, filepath.Base(name)))
}
