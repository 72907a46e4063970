package site

import (
	"bytes"
	"compress/gzip"
	"crypto/sha512"
	"embed"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"path"
	"regexp"
	"strings"
	"time"

	"github.com/gorilla/mux"

	"github.com/sijil/sijil/internal/message"
	"github.com/sijil/sijil/internal/publish"
	"github.com/sijil/sijil/log"
	"github.com/sijil/sijil/web"
)

// asset is a static file under a name that holds its digest, so that it can be
// cached for ever.
type asset struct {
	body        []byte
	packed      []byte // gzip
	contentType string
	shared      bool // pages of other sites load it
}

// files are the static files, and the paths of those that pages name.
type files struct {
	assets         map[string]asset
	style          string            // path of the style sheet
	script         string            // of the pages' script
	inviteScript   string            // of the pages for the invited
	engine         string            // of what checks copies in the browser
	badgeScript    string            // of the badge
	badgeIntegrity string            // its digest, for the integrity attribute
	scriptWords    map[string]string // of the script's messages, by language
	favicon        string
	icon192        string
	icon512        string
	workerScript   []byte // of the service worker, which has a fixed path
}

func newAsset(body []byte, contentType string) (asset, error) {
	var b bytes.Buffer
	z, err := gzip.NewWriterLevel(&b, gzip.BestCompression)
	if err != nil {
		return asset{}, err
	}
	if _, err := z.Write(body); err != nil {
		return asset{}, err
	}
	if err := z.Close(); err != nil {
		return asset{}, err
	}
	return asset{body: body, packed: b.Bytes(), contentType: contentType}, nil
}

var contentTypes = map[string]string{
	".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8", ".svg": "image/svg+xml",
	".json": "application/json", ".png": "image/png",
}

// add takes a file in, and returns its path.
func (f *files) add(name string, body []byte) (string, error) {
	ext := path.Ext(name)
	a, err := newAsset(body, contentTypes[ext])
	if err != nil {
		return "", err
	}
	a.shared = shared[name]
	full := strings.TrimSuffix(name, ext) + "." + log.Sum(body).Hex()[:16] + ext
	f.assets[full] = a
	return "/static/" + full, nil
}

// shared are the files that pages of other sites load.
var shared = map[string]bool{"badge.js": true, "more.js": true, "engine.js": true, "difference.js": true, "ed25519.js": true}

func (s *site) loadAssets() error {
	static := web.Static()
	list, err := static.ReadDir("static")
	if err != nil {
		return err
	}
	s.files = files{assets: map[string]asset{}, scriptWords: map[string]string{}}
	for _, f := range list {
		body, err := static.ReadFile("static/" + f.Name())
		if err != nil {
			return err
		}
		switch f.Name() {
		case "worker.js":
			s.workerScript = body
			continue
		case "verifier.js": // part of the portable verifier alone
			continue
		}
		at, err := s.add(f.Name(), body)
		if err != nil {
			return err
		}
		switch f.Name() {
		case "page.js":
			s.script = at
		case "invite.js":
			s.inviteScript = at
		case "form.js":
			s.engine = at
		case "style.css":
			s.style = at
		case "icon.svg":
			s.favicon = at
		case "icon-192.png":
			s.icon192 = at
		case "icon-512.png":
			s.icon512 = at
		case "badge.js":
			sum := sha512.Sum384(body)
			s.badgeScript, s.badgeIntegrity = at, "sha384-"+base64.StdEncoding.EncodeToString(sum[:])
		}
	}
	if err := s.keepShared(); err != nil {
		return err
	}
	return s.addWords(web.Messages())
}

// keepShared puts what other sites load into the archive.
func (s *site) keepShared() error {
	if s.archive == nil {
		return nil
	}
	for name, a := range s.assets {
		if !a.shared {
			continue
		}
		if err := s.archive.Put(name, a.body); err != nil {
			return err
		}
	}
	return nil
}

// earlier matches the names of what other sites load.
var earlier = regexp.MustCompile(`^(?:badge|more|engine|difference|ed25519)\.([0-9a-f]{16})\.js$`)

// asset returns a static file: of this program, or of an earlier one that other sites
// still name. What the archive has is held against the digest in its name.
func (s *site) asset(name string) (asset, bool) {
	if a, ok := s.assets[name]; ok {
		return a, true
	}
	m := earlier.FindStringSubmatch(name)
	if m == nil || s.archive == nil {
		return asset{}, false
	}
	body, err := s.archive.Get(name)
	if err != nil || log.Sum(body).Hex()[:16] != m[1] {
		return asset{}, false
	}
	a, err := newAsset(body, contentTypes[".js"])
	a.shared = true
	return a, err == nil
}

// addWords makes one file a language of what the script says.
func (s *site) addWords(catalogues embed.FS) error {
	for _, lang := range message.Languages {
		body, err := catalogues.ReadFile("messages/verdict." + lang + ".json")
		if err != nil {
			return err
		}
		var b bytes.Buffer
		if err := json.Compact(&b, body); err != nil {
			return err
		}
		if s.scriptWords[lang], err = s.add("words-"+lang+".json", b.Bytes()); err != nil {
			return err
		}
	}
	return nil
}

func (s *site) static(w http.ResponseWriter, r *http.Request) {
	a, ok := s.asset(mux.Vars(r)["file"])
	if !ok {
		s.visit(r).fail(w, publish.ErrUnknown)
		return
	}
	h := w.Header()
	h.Set("Content-Type", a.contentType)
	h.Set("Cache-Control", "public, max-age=31536000, immutable")
	h.Set("Vary", "Accept-Encoding")
	if a.shared {
		h.Set("Access-Control-Allow-Origin", "*")
		h.Set("Cross-Origin-Resource-Policy", "cross-origin")
	}
	body := a.body
	if strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
		h.Set("Content-Encoding", "gzip")
		body = a.packed
	}
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(body))
}
