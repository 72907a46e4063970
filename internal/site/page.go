package site

import (
	"bytes"
	"embed"
	"errors"
	"html/template"
	"net/http"
	"path"
	"strconv"
	"strings"

	"github.com/sijil/sijil/internal/publish"
)

// page is the part of every view model that the layout shows.
type page struct {
	Title   string // of the window
	Style   string
	Script  string
	Engine  string // what Script loads
	Favicon string
	Frozen  *frozenView // the log has ended
}

// frozenView says that the log has ended, on every page.
type frozenView struct {
	Size      int64
	Successor string // an address, if there is one
}

func (s *site) head(title string) page {
	return page{Title: title, Style: s.style, Script: s.script, Engine: s.engine, Favicon: s.favicon, Frozen: s.frozen}
}

// answer is a page to write.
type answer struct {
	template  string
	view      any
	status    int    // 0 is 200
	private   bool   // holds what somebody sent: no cache may keep it
	elsewhere string // the page is at this address, of ours
}

func parseTemplates(files embed.FS) (map[string]*template.Template, error) {
	layout, err := template.ParseFS(files, "templates/layout.html")
	if err != nil {
		return nil, err
	}
	list, err := files.ReadDir("templates")
	if err != nil {
		return nil, err
	}
	pages := map[string]*template.Template{}
	for _, f := range list {
		if f.Name() == "layout.html" {
			continue
		}
		t, err := layout.Clone()
		if err != nil {
			return nil, err
		}
		if t, err = t.ParseFS(files, "templates/"+f.Name()); err != nil {
			return nil, err
		}
		pages[strings.TrimSuffix(f.Name(), path.Ext(f.Name()))] = t
	}
	return pages, nil
}

// page makes a handler of a function that returns what to show.
func (s *site) page(show func(*http.Request) (answer, error)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		a, err := show(r)
		if err != nil {
			s.fail(w, r, err)
			return
		}
		if a.elsewhere != "" {
			http.Redirect(w, r, a.elsewhere, http.StatusSeeOther)
			return
		}
		s.write(w, r, a)
	})
}

// write renders the whole page before it sends any of it, so that a template
// that fails half way is never seen as an answer.
func (s *site) write(w http.ResponseWriter, r *http.Request, a answer) {
	var b bytes.Buffer
	if err := s.pages[a.template].ExecuteTemplate(&b, "layout", a.view); err != nil {
		s.logger.ErrorContext(r.Context(), "render page", "template", a.template, "error", err)
		http.Error(w, "internal error", http.StatusInternalServerError)
		return
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Length", strconv.Itoa(b.Len()))
	h.Set("Cache-Control", "no-cache")
	if a.private {
		h.Set("Cache-Control", "no-store")
	}
	if a.status != 0 {
		w.WriteHeader(a.status)
	}
	_, _ = w.Write(b.Bytes()) // whoever is gone reads nothing
}

// messagePage says that there is no page, and why.
type messagePage struct {
	page
	Heading    string
	Paragraphs []string
}

func (s *site) message(status int, heading string, paragraphs ...string) answer {
	return answer{template: "message", status: status, private: true, view: messagePage{
		page: s.head(heading), Heading: heading, Paragraphs: paragraphs,
	}}
}

// fail answers an error. The table from error to status of the pages.
func (s *site) fail(w http.ResponseWriter, r *http.Request, err error) {
	var bad *formError
	switch {
	case errors.Is(err, publish.ErrUnknown):
		s.write(w, r, s.message(http.StatusNotFound, "Not found",
			"There is no page at this address: no publication or version here has this name.",
			"This says nothing about any text. To check one, paste it on the first page."))
	case errors.Is(err, errTooLarge):
		s.write(w, r, s.message(http.StatusRequestEntityTooLarge, "Too large",
			"What you sent is over 10 MiB, which is more than any declaration. It was not read and nothing was checked.",
			"Check the declaration alone, without what surrounds it. If it is a picture or a document, copy its text and paste that."))
	case errors.As(err, &bad):
		s.write(w, r, s.message(bad.status, "Not understood", "The form did not arrive as this page sends it: "+bad.rule+".", "Nothing was checked."))
	default:
		s.logger.ErrorContext(r.Context(), "make page", "error", err)
		s.write(w, r, s.message(http.StatusInternalServerError, "Internal error", "Something went wrong here. Nothing was checked. Please try again."))
	}
}

func (s *site) methodNotAllowed(w http.ResponseWriter, r *http.Request) {
	allow := "GET, HEAD"
	if strings.TrimSuffix(r.URL.Path, "/") == "/verify" {
		allow = http.MethodPost
	}
	w.Header().Set("Allow", allow)
	s.write(w, r, s.message(http.StatusMethodNotAllowed, "Not like this",
		"This address does not answer to that kind of request. Verdicts are not kept, so they cannot be opened again: to check a copy, start from the first page."))
}
