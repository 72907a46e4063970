package api

import (
	"bytes"
	"compress/gzip"
	"errors"
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
	zip := compresses(path[1:]) && strings.Contains(r.Header.Get("Accept-Encoding"), "gzip")
	t, err := a.tiles.get(path[1:], zip, a.Tiles)
	if errors.Is(err, fs.ErrNotExist) {
		// Here alone: elsewhere a file that is missing is damage. Readers would take its
		// "not found" for a document that nobody has written yet.
		return publish.ErrUnknown
	}
	if err != nil {
		return err
	}
	h := w.Header()
	h["Content-Type"], h["Cache-Control"] = fixedOctets, fixedImmutable
	if compresses(path[1:]) {
		h["Vary"] = fixedVary
	}
	body, tag := t.raw, path
	if zip && len(t.gzip) > 0 {
		body, tag = t.gzip, path+"-gzip"
		h["Content-Encoding"] = fixedGzip
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
	zipping sync.Mutex
}

// served is a tile as it is sent. It does not change.
type served struct {
	raw, gzip []byte
	tried     bool // whether gzip was tried
}

// maxGeneration bounds the bytes of a generation.
const maxGeneration = 32 << 20

// get returns a tile, with its gzip form if zip asks for one and nobody else is
// compressing: strangers must not keep more than one processor busy with it.
func (c *tiles) get(path string, zip bool, read func(string) ([]byte, error)) (*served, error) {
	c.mu.RLock()
	t, young := c.young[path]
	if !young {
		t = c.elderly[path]
	}
	c.mu.RUnlock()
	if t == nil {
		if _, err := tile.ParsePath(path); err != nil {
			return nil, fs.ErrNotExist // no such tile can ever be
		}
		b, err := read(path)
		if err != nil {
			return nil, err
		}
		t = &served{raw: b}
	}
	if zip && !t.tried && c.zipping.TryLock() {
		z, err := compress(t.raw)
		c.zipping.Unlock()
		if err != nil {
			return nil, err
		}
		t, young = &served{raw: t.raw, gzip: z, tried: true}, false
	}
	if !young {
		c.keep(path, t)
	}
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

// compresses reports whether gzip pays: full entry bundles are text, and are
// asked for again; hashes do not compress.
func compresses(path string) bool {
	return strings.HasPrefix(path, "tile/entries/") && !strings.Contains(path, ".p/")
}

// compress returns the gzip form, nil where it is hardly smaller.
func compress(b []byte) ([]byte, error) {
	var buf bytes.Buffer
	z, err := gzip.NewWriterLevel(&buf, gzip.BestSpeed)
	if err != nil {
		return nil, err
	}
	if _, err := z.Write(b); err != nil {
		return nil, err
	}
	if err := z.Close(); err != nil {
		return nil, err
	}
	if buf.Len() >= len(b)*9/10 {
		return nil, nil
	}
	return buf.Bytes(), nil
}
