package site

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"html/template"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/gorilla/mux"

	"github.com/sijil/sijil/internal/extract"
	"github.com/sijil/sijil/internal/match"
	"github.com/sijil/sijil/internal/message"
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
	Shown(slug string, version int) ([]int, error)
	// Records lists a publication's chain; RecordAt finds one by its log index.
	Records(slug string) ([]publish.RecordSummary, error)
	RecordAt(index int64) (slug string, r publish.RecordSummary, ok bool)
	// Standings says how each entry of a version's list is known, in list order.
	Standings(ctx context.Context, slug string, version int) ([]publish.EntryStanding, error)
	// Said lists what was said of a publication's entries and counts, in the order of
	// the log, and LastSaid up to where it can have something; AsideAt finds one such record by digest and log index, or publish.ErrUnknown.
	Said(ctx context.Context, slug string) ([]publish.Said, error)
	LastSaid(ctx context.Context, slug string) (int64, error)
	AsideAt(ctx context.Context, record log.Digest, index int64) (publish.AsideSummary, error)
	// RollCounts counts the endorsers of a publication; RollEntries finds some.
	RollCounts(ctx context.Context, slug string) (publish.RollSummary, error)
	RollEntries(ctx context.Context, slug string, q publish.RollQuery) ([]publish.EndorserView, error)
	// RollBatches lists the batches of its roll; BatchAt finds one by its log index.
	RollBatches(slug string) ([]publish.BatchSummary, error)
	BatchAt(index int64) (b publish.BatchSummary, ok bool)
	// Checkpoint is a signed note.
	Checkpoint(view publish.View) ([]byte, error)
	// Compare says how version b differs from version a.
	Compare(slug string, a, b int) (*match.Comparison, error)
	// Verify compares a copy with one publication, or with all where slug is
	// empty. It keeps nothing of the copy and never fails.
	VerifyFile(ctx context.Context, slug string, file []byte) (*match.Verdict, *extract.Copy)
}

// Fetched is a page that was fetched from somewhere else.
type Fetched struct {
	Address string // where it was found, after redirects
	Body    []byte
	When    time.Time
}

// ErrAddress: Config.Fetch does not fetch such an address.
var ErrAddress = errors.New("the address is not one that is fetched")

// ErrPack: the evidence is too large for one archive.
var ErrPack = errors.New("the evidence is too large for one archive")

// Config holds what the pages need. All but Service is optional.
type Config struct {
	Service Service
	// BaseURL is the service's public address, such as "https://sijil.example",
	// for commands, codes and snippets. Pages without it say ADDRESS.
	BaseURL string
	// Invitations opens invitations: there are no pages for the invited without it.
	Invitations Invitations
	// Log is for the pages of the log; there are none without it.
	Log Log
	// Fetch gets a page for its address, which a stranger gave: it must not reach
	// what only this machine can. ErrAddress, or another error. Without it there is
	// no field for an address.
	Fetch func(ctx context.Context, address string) (*Fetched, error)
	// Pack returns a publication's evidence as a ZIP archive, or ErrPack.
	Pack func(ctx context.Context, slug string) ([]byte, error)
	// Archive keeps the scripts that other sites load, for pages that name those of an
	// earlier program.
	Archive Archive
	// Frozen is the statement that the log has ended.
	Frozen *log.VerifiedFreeze
	// Logger gets what went wrong inside, never what anybody sent.
	Logger *slog.Logger
}

// Archive keeps files by name. Safe for concurrent use.
type Archive interface {
	Put(name string, body []byte) error
	Get(name string) ([]byte, error)
}

type site struct {
	service  Service
	invited  Invitations
	archive  Archive
	base     string
	log      Log
	fetch    func(context.Context, string) (*Fetched, error)
	pack     func(context.Context, string) ([]byte, error)
	logger   *slog.Logger
	frozen   *frozenView
	messages *message.Catalogue
	pages    map[string]map[string]*template.Template // by language and name
	files
}

// unknownBase stands for an address that the pages do not know.
const unknownBase = "ADDRESS"

// New parses the templates and returns the handler of all pages.
func New(c Config) (http.Handler, error) {
	s, err := newSite(c)
	if err != nil {
		return nil, err
	}
	return secure(s.inLanguages(s.routes())), nil
}

func newSite(c Config) (*site, error) {
	s := &site{service: c.Service, base: cmp.Or(strings.TrimSuffix(c.BaseURL, "/"), unknownBase), invited: c.Invitations, log: c.Log, fetch: c.Fetch, pack: c.Pack, archive: c.Archive, logger: c.Logger}
	if c.Frozen != nil {
		f := c.Frozen.Freeze()
		s.frozen = &frozenView{Size: int(f.Size), Successor: f.Successor}
	}
	if s.logger == nil {
		s.logger = slog.New(slog.DiscardHandler)
	}
	var err error
	if s.messages, err = message.Load(web.Messages(), "messages"); err != nil {
		return nil, fmt.Errorf("messages: %w", err)
	}
	s.pages = map[string]map[string]*template.Template{}
	for _, lang := range message.Languages {
		if s.pages[lang], err = parseTemplates(web.Templates(), s.messages.In(lang)); err != nil {
			return nil, fmt.Errorf("templates: %w", err)
		}
	}
	if err := s.loadAssets(); err != nil {
		return nil, fmt.Errorf("static files: %w", err)
	}
	return s, nil
}

func (s *site) routes() http.Handler {
	r := mux.NewRouter().StrictSlash(true)
	get := func(path string, show func(*visit) (answer, error)) {
		r.Handle(path, s.page(show)).Methods(http.MethodGet, http.MethodHead)
	}
	file := func(path string, produce func(*visit) (document, error)) {
		r.Handle(path, s.document(produce)).Methods(http.MethodGet, http.MethodHead)
	}
	get("/", (*visit).home)
	r.Handle("/verify", s.page((*visit).verify)).Methods(http.MethodPost)
	get(pageCheckPath, (*visit).pageCheck)
	const one = "/p/{slug}"
	const number = "{version:[1-9][0-9]{0,8}}"
	get(one, (*visit).publication)
	get(one+"/v/"+number, (*visit).versionPage)
	get(one+"/v/"+number+"/print/{lang}", (*visit).print)
	get(one+"/v/"+number+"/endorsers", (*visit).endorsers)
	get(one+"/history", (*visit).history)
	get(one+"/chain", (*visit).chain)
	get(one+"/embed", (*visit).embed)
	get(one+"/compare", (*visit).chooseCompare)
	get(one+"/compare/{a:[1-9][0-9]{0,8}}/{b:[1-9][0-9]{0,8}}", (*visit).compare)
	file(one+"/qr.svg", (*visit).qr)
	file(one+"/badge.svg", (*visit).badge)
	file(one+"/evidence.zip", (*visit).evidencePack)
	file(one+"/feed.atom", (*visit).atom)
	file(one+"/feed.json", (*visit).jsonFeed)
	file("/feed.atom", (*visit).atom)
	file("/feed.json", (*visit).jsonFeed)
	file("/oembed", (*visit).oEmbed)
	file("/app.webmanifest", (*visit).manifest)
	file("/worker.js", (*visit).worker)
	file("/verifier.html", (*visit).verifier)
	r.Handle("/share", s.page((*visit).share))
	get(logPath, (*visit).logPage)
	get("/log/entry", (*visit).openEntry)
	get("/log/entries/{index:[0-9]{1,15}}", (*visit).entry)
	if s.invited != nil {
		const invitation = "/i/{token}"
		get(invitation, (*visit).invite)
		r.Handle(invitation+"/domain", s.page((*visit).inviteDomain)).Methods(http.MethodPost)
		r.Handle(invitation+"/mail", s.page((*visit).inviteMail)).Methods(http.MethodPost)
		// Where a language is chosen on an answer, or it is asked for again.
		get(invitation+"/domain", (*visit).inviteAgain)
		get(invitation+"/mail", (*visit).inviteAgain)
	}
	r.HandleFunc("/static/{file}", s.static).Methods(http.MethodGet, http.MethodHead)
	r.NotFoundHandler = s.page(func(*visit) (answer, error) { return answer{}, publish.ErrUnknown })
	r.MethodNotAllowedHandler = http.HandlerFunc(s.methodNotAllowed)
	return r
}

// inLanguages takes the language off an address: /fr/p/river is /p/river in French.
func (s *site) inLanguages(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		lang, rest, ok := languageOf(r.URL.Path)
		if !ok {
			next.ServeHTTP(w, r)
			return
		}
		u := *r.URL
		u.Path, u.RawPath = rest, ""
		named := r.WithContext(context.WithValue(r.Context(), languageKey{}, lang))
		named.URL = &u
		next.ServeHTTP(w, named)
	})
}

// languageKey is where the language that an address names is kept.
type languageKey struct{}

// policy allows what stands in the pages: their own script and style, nothing inline,
// nothing from elsewhere, and no string that becomes markup or a program, but in the
// inert parser that reads a copy's page.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; manifest-src 'self'; worker-src 'self'; " +
	"form-action 'self'; base-uri 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types sijil-inert sijil-worker"

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
