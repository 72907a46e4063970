package api

import (
	"bytes"
	"compress/gzip"
	"io/fs"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/sijil/sijil/internal/publish"
	"github.com/sijil/sijil/log/tile"
)

// The log's static files, checkpoint and tiles, are what a log is mostly asked
// for. They go past the router, and answers to plain requests past everything
// that conditions and ranges need; a memory keeps the tiles that were asked for
// last. A tile never changes, so its path is its ETag.

// fixed are header values that are shared between answers.
var (
	fixedOctets    = []string{"application/octet-stream"}
	fixedText      = []string{plainText}
	fixedImmutable = []string{immutable}
	fixedVary      = []string{"Accept-Encoding"}
	fixedGzip      = []string{"gzip"}
	fixedCSP       = []string{"default-src 'none'"}

	fixedNosniff    = []string{"nosniff"}
	fixedNoReferrer = []string{"no-referrer"}
	fixedAnyone     = []string{"*"}
)

// isStatic reports whether a path is of a static file.
func isStatic(path string) bool {
	path = strings.TrimPrefix(path, "/api/v2")
	return path == "/checkpoint" || strings.HasPrefix(path, "/tile/")
}

// serveStatic serves checkpoint and tiles.
func (a *api) serveStatic(w http.ResponseWriter, r *http.Request) error {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		a.methodNotAllowed(w, r)
		return nil
	}
	path := strings.TrimPrefix(r.URL.EscapedPath(), "/api/v2")
	if path == "/checkpoint" {
		b, err := a.Service.Checkpoint(publish.Public)
		if err != nil {
			return err
		}
		h := w.Header()
		h["Content-Type"], h["Cache-Control"] = fixedText, []string{revalidate}
		h["Etag"] = []string{a.noteTag.of(b)}
		return reply(w, r, b)
	}
	t, err := a.tiles.get(path[1:], a.Tiles)
	if err != nil {
		return err
	}
	h := w.Header()
	h["Content-Type"], h["Cache-Control"] = fixedOctets, fixedImmutable
	body, tag := t.raw, path
	if len(t.gzip) > 0 {
		h["Vary"] = fixedVary
		if strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
			body, tag = t.gzip, path+"-gzip"
			h["Content-Encoding"] = fixedGzip
		}
	}
	h["Etag"] = []string{`"` + tag + `"`}
	return reply(w, r, body)
}

// reply answers with bytes; what has conditions or ranges goes the long way.
func reply(w http.ResponseWriter, r *http.Request, b []byte) error {
	h := w.Header()
	h["Content-Security-Policy"] = fixedCSP
	for _, name := range []string{"Range", "If-None-Match", "If-Match", "If-Range"} {
		if r.Header[name] != nil {
			http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(b))
			return nil
		}
	}
	h["Content-Length"] = []string{strconv.Itoa(len(b))}
	if r.Method == http.MethodGet {
		_, _ = w.Write(b) // the client has gone, or asks again
	}
	return nil
}

// noteTag remembers the ETag of the newest note.
type noteTag struct{ last atomic.Pointer[tagged] }

type tagged struct {
	note []byte
	tag  string
}

func (n *noteTag) of(note []byte) string {
	if t := n.last.Load(); t != nil && bytes.Equal(t.note, note) {
		return t.tag
	}
	t := &tagged{note: note, tag: etag(note)}
	n.last.Store(t)
	return t.tag
}

// tiles keeps the tiles that were asked for last. A generation is dropped when a
// newer one is full.
type tiles struct {
	mu      sync.RWMutex
	young   map[string]*served
	elderly map[string]*served
	bytes   int // in young
}

// served is a tile as it is sent.
type served struct{ raw, gzip []byte }

// maxGeneration bounds the bytes of a generation.
const maxGeneration = 32 << 20

func (c *tiles) get(path string, read func(string) ([]byte, error)) (*served, error) {
	c.mu.RLock()
	t := c.young[path]
	c.mu.RUnlock()
	if t != nil {
		return t, nil
	}
	c.mu.RLock()
	t = c.elderly[path]
	c.mu.RUnlock()
	if t == nil {
		if _, err := tile.ParsePath(path); err != nil {
			return nil, fs.ErrNotExist // no such tile can ever be
		}
		b, err := read(path)
		if err != nil {
			return nil, err
		}
		if t, err = compress(path, b); err != nil {
			return nil, err
		}
	}
	c.keep(path, t)
	return t, nil
}

func (c *tiles) keep(path string, t *served) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.young == nil || c.bytes > maxGeneration {
		c.elderly, c.young, c.bytes = c.young, map[string]*served{}, 0
	}
	c.young[path] = t
	c.bytes += len(t.raw) + len(t.gzip)
}

// compress adds the gzip form where that pays: full entry bundles are text, and
// are asked for again; hashes do not compress.
func compress(path string, b []byte) (*served, error) {
	t := &served{raw: b}
	if !strings.HasPrefix(path, "tile/entries/") || strings.Contains(path, ".p/") {
		return t, nil
	}
	var buf bytes.Buffer
	z := gzip.NewWriter(&buf)
	if _, err := z.Write(b); err != nil {
		return nil, err
	}
	if err := z.Close(); err != nil {
		return nil, err
	}
	if buf.Len() < len(b)*9/10 {
		t.gzip = buf.Bytes()
	}
	return t, nil
}
