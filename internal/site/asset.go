package site

import (
	"bytes"
	"compress/gzip"
	"embed"
	"net/http"
	"path"
	"strings"
	"time"

	"github.com/gorilla/mux"

	"github.com/sijil/sijil/internal/publish"
	"github.com/sijil/sijil/log"
)

// asset is a static file under a name that holds its digest, so that it can be
// cached for ever.
type asset struct {
	body        []byte
	packed      []byte // gzip
	contentType string
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
	return asset{body, b.Bytes(), contentType}, nil
}

func (s *site) loadAssets(files embed.FS) error {
	list, err := files.ReadDir("static")
	if err != nil {
		return err
	}
	s.assets = map[string]asset{}
	for _, f := range list {
		body, err := files.ReadFile("static/" + f.Name())
		if err != nil {
			return err
		}
		ext := path.Ext(f.Name())
		name := strings.TrimSuffix(f.Name(), ext) + "." + log.Sum(body).Hex()[:16] + ext
		kind := map[string]string{".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8", ".svg": "image/svg+xml"}[ext]
		if s.assets[name], err = newAsset(body, kind); err != nil {
			return err
		}
		switch ext {
		case ".js":
			switch f.Name() {
			case "page.js":
				s.script = "/static/" + name
			case "form.js":
				s.engine = "/static/" + name
			}
		case ".css":
			s.style = "/static/" + name
		case ".svg":
			s.favicon = "/static/" + name
		}
	}
	return nil
}

func (s *site) static(w http.ResponseWriter, r *http.Request) {
	a, ok := s.assets[mux.Vars(r)["file"]]
	if !ok {
		s.fail(w, r, publish.ErrUnknown)
		return
	}
	w.Header().Set("Content-Type", a.contentType)
	w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
	w.Header().Set("Vary", "Accept-Encoding")
	body := a.body
	if strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
		w.Header().Set("Content-Encoding", "gzip")
		body = a.packed
	}
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(body))
}
