package site

import (
	"context"
	"fmt"
	"html/template"
	"log/slog"
	"net/http"

	"github.com/gorilla/mux"

	"github.com/sijil/sijil/internal/extract"
	"github.com/sijil/sijil/internal/match"
	"github.com/sijil/sijil/internal/publish"
	"github.com/sijil/sijil/log"
	"github.com/sijil/sijil/web"
)

// Service is what the pages need of the use cases. Safe for concurrent use. What
// is not there is publish.ErrUnknown.
type Service interface {
	Publications() []publish.Summary
	Publication(slug string) (publish.Summary, error)
	Text(slug string, version int, language string) ([]byte, error)
	Names(slug string, version int) ([]match.Name, error)
	// Compare says how version b differs from version a.
	Compare(slug string, a, b int) (*match.Comparison, error)
	// Verify compares a copy with one publication, or with all where slug is
	// empty. It keeps nothing of the copy and never fails.
	VerifyFile(ctx context.Context, slug string, file []byte) (*match.Verdict, *extract.Copy)
}

// Config holds what the pages need.
type Config struct {
	Service Service
	// BaseURL is the service's public address, such as "https://sijil.example",
	// for the commands that a page shows. Optional: pages then say ADDRESS.
	BaseURL string
	// Frozen is the statement that the log has ended. Optional.
	Frozen *log.VerifiedFreeze
	// Logger gets what went wrong inside, never what anybody sent. Optional.
	Logger *slog.Logger
}

type site struct {
	service Service
	base    string
	logger  *slog.Logger
	frozen  *frozenView
	pages   map[string]*template.Template
	assets  map[string]asset
	style   string // path of the style sheet
	script  string // of the pages' script
	engine  string // of what checks copies in the browser
	favicon string
}

// New parses the templates and returns the handler of all pages.
func New(c Config) (http.Handler, error) {
	s, err := newSite(c)
	if err != nil {
		return nil, err
	}
	return secure(s.routes()), nil
}

func newSite(c Config) (*site, error) {
	s := &site{service: c.Service, base: c.BaseURL, logger: c.Logger}
	if s.base == "" {
		s.base = "ADDRESS"
	}
	if c.Frozen != nil {
		f := c.Frozen.Freeze()
		s.frozen = &frozenView{Size: f.Size, Successor: f.Successor}
	}
	if s.logger == nil {
		s.logger = slog.New(slog.DiscardHandler)
	}
	var err error
	if s.pages, err = parseTemplates(web.Templates()); err != nil {
		return nil, fmt.Errorf("templates: %w", err)
	}
	if err := s.loadAssets(web.Static()); err != nil {
		return nil, fmt.Errorf("static files: %w", err)
	}
	return s, nil
}

func (s *site) routes() http.Handler {
	r := mux.NewRouter().StrictSlash(true)
	get := []string{http.MethodGet, http.MethodHead}
	r.Handle("/", s.page(s.home)).Methods(get...)
	r.Handle("/verify", s.page(s.verify)).Methods(http.MethodPost)
	r.Handle("/p/{slug}", s.page(s.publication)).Methods(get...)
	r.Handle("/p/{slug}/v/{version:[1-9][0-9]{0,8}}", s.page(s.version)).Methods(get...)
	r.Handle("/p/{slug}/history", s.page(s.history)).Methods(get...)
	r.Handle("/p/{slug}/compare", s.page(s.chooseCompare)).Methods(get...)
	r.Handle("/p/{slug}/compare/{a:[1-9][0-9]{0,8}}/{b:[1-9][0-9]{0,8}}", s.page(s.compare)).Methods(get...)
	r.HandleFunc("/static/{file}", s.static).Methods(get...)
	r.NotFoundHandler = s.page(func(*http.Request) (answer, error) { return answer{}, publish.ErrUnknown })
	r.MethodNotAllowedHandler = http.HandlerFunc(s.methodNotAllowed)
	return r
}

// policy allows what stands in the pages: their own script and style, nothing inline,
// nothing from elsewhere, and no string that becomes markup or a program, but in the
// inert parser that reads a copy's page.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'; " +
	"require-trusted-types-for 'script'; trusted-types sijil-inert"

// secure sets the headers that every answer has.
func secure(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", policy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer") // whom somebody asked about is nobody's business
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		next.ServeHTTP(w, r)
	})
}
