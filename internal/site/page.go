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

	"github.com/gorilla/mux"

	"github.com/sijil/sijil/internal/message"
	"github.com/sijil/sijil/internal/publish"
)

// answer is a page to write.
type answer struct {
	template  string
	view      any
	status    int    // 0 is 200
	private   bool   // holds what somebody sent: no cache may keep it
	elsewhere string // the page is at this address, of ours
}

// partials are the template files that every page may use.
var partials = []string{"templates/layout.html", "templates/parts.html"}

// parseTemplates returns the pages by name, with the messages of one language.
func parseTemplates(files embed.FS, p *message.Printer) (map[string]*template.Template, error) {
	layout, err := template.New("layout").Funcs(functions(p)).ParseFS(files, partials...)
	if err != nil {
		return nil, err
	}
	list, err := files.ReadDir("templates")
	if err != nil {
		return nil, err
	}
	pages := map[string]*template.Template{}
	for _, f := range list {
		name := "templates/" + f.Name()
		if name == partials[0] || name == partials[1] {
			continue
		}
		t, err := layout.Clone()
		if err != nil {
			return nil, err
		}
		if t, err = t.ParseFS(files, name); err != nil {
			return nil, err
		}
		pages[strings.TrimSuffix(f.Name(), path.Ext(f.Name()))] = t
	}
	return pages, nil
}

// page makes a handler of a function that returns what to show.
func (s *site) page(show func(*visit) (answer, error)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		v := s.visit(r)
		a, err := show(v)
		if err != nil {
			v.fail(w, err)
			return
		}
		if a.elsewhere != "" {
			http.Redirect(w, r, a.elsewhere, http.StatusSeeOther)
			return
		}
		v.write(w, a)
	})
}

// variable is a part of the address that its route names.
func (v *visit) variable(name string) string { return mux.Vars(v.r)[name] }

// write renders the whole page before it sends any of it, so that a template
// that fails half way is never seen as an answer.
func (v *visit) write(w http.ResponseWriter, a answer) {
	var b bytes.Buffer
	if err := v.pages[v.Language][a.template].ExecuteTemplate(&b, "layout", a.view); err != nil {
		v.logger.ErrorContext(v.r.Context(), "render page", "template", a.template, "error", err)
		http.Error(w, "internal error", http.StatusInternalServerError)
		return
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Language", v.Language)
	body := b.Bytes()
	vary := "Accept-Encoding"
	if v.prefix == "" {
		vary += ", Accept-Language"
	}
	// What holds a stranger's text is sent as it is: its size would tell of the rest.
	if !a.private && strings.Contains(v.r.Header.Get("Accept-Encoding"), "gzip") {
		if packed, err := newAsset(body, ""); err == nil {
			body = packed.packed
			h.Set("Content-Encoding", "gzip")
		}
	}
	h.Set("Vary", vary)
	h.Set("Content-Length", strconv.Itoa(len(body)))
	h.Set("Cache-Control", "no-cache")
	if a.private {
		h.Set("Cache-Control", "no-store")
	}
	if a.status != 0 {
		w.WriteHeader(a.status)
	}
	_, _ = w.Write(body) // whoever is gone reads nothing
}

// messagePage says that there is no page, and why.
type messagePage struct {
	page
	Heading    string
	Paragraphs []string
}

func (v *visit) message(status int, heading string, paragraphs ...string) answer {
	return answer{template: "message", status: status, private: true, view: messagePage{
		page: v.head(heading), Heading: heading, Paragraphs: paragraphs,
	}}
}

// fail answers an error. The table from error to status of the pages.
func (v *visit) fail(w http.ResponseWriter, err error) {
	var bad *formError
	switch {
	case errors.Is(err, publish.ErrUnknown):
		v.write(w, v.message(http.StatusNotFound, v.Say("notfound"), v.Say("notfound_why"), v.Say("notfound_says")))
	case errors.Is(err, ErrPack):
		v.write(w, v.message(http.StatusNotFound, v.Say("nopack"), v.Say("nopack_why", "slug", v.variable("slug"))))
	case errors.Is(err, errTooLarge):
		v.write(w, v.message(http.StatusRequestEntityTooLarge, v.Say("toolarge"), v.Say("toolarge_why"), v.Say("toolarge_do")))
	case errors.As(err, &bad):
		v.write(w, v.message(bad.status, v.Say("badform"), v.Say("badform_why", "rule", bad.rule), v.Say("nothing_checked")))
	default:
		v.logger.ErrorContext(v.r.Context(), "make page", "error", err)
		v.write(w, v.message(http.StatusInternalServerError, v.Say("internal"), v.Say("internal_why")))
	}
}

func (s *site) methodNotAllowed(w http.ResponseWriter, r *http.Request) {
	v := s.visit(r)
	allow := "GET, HEAD"
	if strings.TrimSuffix(v.path, "/") == "/verify" {
		allow = http.MethodPost
	}
	w.Header().Set("Allow", allow)
	v.write(w, v.message(http.StatusMethodNotAllowed, v.Say("method"), v.Say("method_why")))
}
