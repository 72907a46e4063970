package site

import (
	"bytes"
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
	contentType string
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
		switch ext {
		case ".js":
			s.assets[name] = asset{body, "text/javascript; charset=utf-8"}
			if f.Name() == "page.js" {
				s.script = "/static/" + name
			}
		case ".css":
			s.assets[name] = asset{body, "text/css; charset=utf-8"}
			s.style = "/static/" + name
		case ".svg":
			s.assets[name] = asset{body, "image/svg+xml"}
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
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(a.body))
}
