package site

import (
	"bytes"
	"errors"
	"net/http"
	"time"

	"github.com/sijil/sijil/internal/publish"
)

// document is an answer that is no page: a feed, a picture, an archive.
type document struct {
	contentType string
	body        []byte
	name        string // it is saved under, if it is to be saved
	shared      bool   // pages of other sites may show or read it
}

// document makes a handler of a function that returns one.
func (s *site) document(produce func(*visit) (document, error)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		v := s.visit(r)
		d, err := produce(v)
		var status *statusError
		switch {
		case errors.As(err, &status):
			http.Error(w, http.StatusText(status.code), status.code)
			return
		case err != nil:
			v.fail(w, err)
			return
		}
		h := w.Header()
		h.Set("Content-Type", d.contentType)
		h.Set("Cache-Control", "public, max-age=60")
		if v.prefix == "" {
			h.Set("Vary", "Accept-Language")
		}
		if d.name != "" {
			h.Set("Content-Disposition", `attachment; filename="`+d.name+`"`)
		}
		if d.shared {
			h.Set("Access-Control-Allow-Origin", "*")
			h.Set("Cross-Origin-Resource-Policy", "cross-origin")
		}
		http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(d.body))
	})
}

// statusError is an answer without a page, for programs.
type statusError struct{ code int }

func (e *statusError) Error() string { return http.StatusText(e.code) }

// evidencePack is everything that sijil verify --offline needs.
func (v *visit) evidencePack() (document, error) {
	p, err := v.publicationOf()
	if err != nil {
		return document{}, err
	}
	if v.pack == nil {
		return document{}, publish.ErrUnknown
	}
	b, err := v.pack(v.r.Context(), p.Slug)
	return document{contentType: "application/zip", body: b, name: p.Slug + "-evidence.zip"}, err
}
