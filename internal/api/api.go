// Package api serves the use cases over HTTP: JSON, the log's static documents,
// and problem details (RFC 9457). openapi.yaml beside it is the description, and
// a test holds routes, requests and answers against it.
//
// It keeps no access log, and puts no client address, body or query into any
// message.
package api

import (
	"context"
	_ "embed"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/gorilla/mux"

	"github.com/sijil/sijil/docs/formats"
	"github.com/sijil/sijil/internal/publish"
)

//go:embed openapi.yaml
var openAPI []byte

// Config holds what the API needs; all but Site is required.
type Config struct {
	Service *publish.Service
	// Tiles returns the tile or entry bundle at a tlog-tiles path;
	// fs.ErrNotExist for what the newest checkpoint does not cover.
	Tiles func(path string) ([]byte, error)
	// Ready returns nil while records are accepted, and what an operator should
	// know although they are.
	Ready  func(ctx context.Context) (notes []string, err error)
	Logger *slog.Logger
	Limits Limits
	// Site serves the pages: everything that is not the API's. Optional.
	Site http.Handler
}

type api struct {
	Config
	trustedRoot []byte
	write       *gate
	verify      *gate
	door        *gate
	domain      *gate
	noteTag     noteTag
	tiles       tiles
}

// New returns the handler of all routes.
func New(c Config) (http.Handler, error) {
	root, err := c.Service.Trust.TrustedRootJSON()
	if err != nil {
		return nil, fmt.Errorf("trusted root: %w", err)
	}
	a := &api{Config: c, trustedRoot: root, write: newGate(c.Limits.Write, time.Now), verify: newGate(c.Limits.Verify, time.Now), door: newGate(c.Limits.Door, time.Now), domain: newGate(c.Limits.Domain, time.Now)}
	return a.guard(a.dispatch(a.router())), nil
}

// router lays out the API's routes.
func (a *api) router() *mux.Router {
	r := mux.NewRouter().UseEncodedPath()
	get := func(path string, h handler) { r.Handle(path, a.handle(h)).Methods(http.MethodGet, http.MethodHead) }
	post := func(path string, g *gate, h handler) {
		r.Handle(path, g.wrap(a, a.handle(h))).Methods(http.MethodPost)
	}
	get("/healthz", a.healthz)
	get("/readyz", a.readyz)
	get("/trusted_root.json", a.getTrustedRoot)
	get("/frozen", a.getFrozen)
	get("/signing_config.json", a.getSigningConfig)
	const one = "/api/v1/publications/{slug}"
	get("/api/v1/openapi.yaml", a.static("application/yaml", openAPI))
	get("/api/v1/verdict.schema.json", a.static("application/schema+json", formats.VerdictSchema))
	get("/api/v1/trust.json", a.getTrust)
	get("/api/v1/publications", a.listPublications)
	get(one, a.getPublication)
	for prefix, view := range map[string]publish.View{"/api/v1/publications/{slug}": publish.Public, "/api/v1/latest/publications/{slug}": publish.Latest} {
		get(prefix+"/head", a.getHead(view))
		get(prefix+"/endorsements.jsonl", a.getEndorsements(view))
		get(prefix+"/endorsements.{part:[2-9]|[1-9][0-9]{1,5}}.jsonl", a.getEndorsements(view))
		get(prefix+"/roll.jsonl", a.getRoll(view))
		get(prefix+"/roll/{number:[1-9][0-9]{0,8}}.jsonl", a.getRollRows(view))
		get(prefix+"/records/{sequence:[0-9]{1,9}}.bundle.json", a.getBundle(view))
		get(prefix+"/records/{sequence:[0-9]{1,9}}.{nth:[1-9][0-9]?}.bundle.json", a.getBundle(view))
		get(prefix+"/records/{digest:[0-9a-f]{64}}.bundle.json", a.getRecord(view))
		get(prefix+"/records/{digest:[0-9a-f]{64}}.{nth:[1-9][0-9]?}.bundle.json", a.getRecord(view))
	}
	get(one+"/badge.json", a.getBadge)
	get(one+"/roll.json", a.getRollCounts)
	get(one+"/versions/{version:[0-9]{1,9}}/endorsers.json", a.getEndorsers)
	post(one+"/batches", a.write, a.postBatch)
	get("/api/v1/latest/checkpoint", a.getCheckpoint(publish.Latest))
	get(one+"/proposals/{digest:[0-9a-f]{64}}/text.{language}.txt", a.getProposalText)
	get(one+"/proposals/{digest:[0-9a-f]{64}}/signatories.json", a.getProposalSignatories)
	get(one+"/versions/{version:[0-9]{1,9}}/text.{language}.txt", a.getText)
	get(one+"/versions/{version:[0-9]{1,9}}/canonical.{language}.txt", a.getCanonical)
	get(one+"/versions/{version:[0-9]{1,9}}/signatories.json", a.getSignatories)
	get(one+"/versions/{version:[0-9]{1,9}}/endorsements.json", a.getStandings)
	get(one+"/versions/{version:[0-9]{1,9}}/claims/{kind:[a-z]{1,20}}.json", a.getClaim)
	get(one+"/entries/{entry:[A-Za-z0-9_-]{43}}/payloads.json", a.getPayloads)
	get("/observer", a.getObserver)
	post(one+"/claims", a.write, a.postClaim)
	post(one+"/mail-codes", a.domain, a.postMailCode)
	post(one+"/passkey-claims", a.write, a.postPasskeyClaim)
	post(one+"/domain-checks", a.domain, a.postDomainCheck)
	post("/api/v1/publications", a.write, a.create)
	post(one+"/records", a.write, a.submit)
	get("/api/v1/release", a.getRelease)
	post("/api/v1/releases", a.write, a.postRelease)
	post("/api/v1/verify", a.verify, a.postVerify)
	post("/api/v1/lookup", a.verify, a.postLookup)
	post("/api/v2/log/entries", a.door, a.postEntry)
	r.NotFoundHandler = http.HandlerFunc(a.notFound)
	r.MethodNotAllowedHandler = http.HandlerFunc(a.methodNotAllowed)
	return r
}

// dispatch gives the pages what is not the API's. A page that checks a copy, or
// compares versions, counts against the same limit as the API's verify; one that looks
// at a domain, or makes a code for a mail, against that of the API's looks at domains.
func (a *api) dispatch(routes http.Handler) http.Handler {
	site := a.Site
	if site == nil {
		site = routes
	}
	static, check, look := a.handle(a.serveStatic), a.verify.wrap(a, site), a.domain.wrap(a, site)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case isStatic(r.URL.Path):
			static.ServeHTTP(w, r)
		case ours(r.URL.Path):
			routes.ServeHTTP(w, r)
		case r.Method == http.MethodPost && invites(r.URL.Path):
			look.ServeHTTP(w, r)
		case r.Method == http.MethodPost || compares(r.URL.Path):
			check.ServeHTTP(w, r)
		default:
			site.ServeHTTP(w, r)
		}
	})
}

// compares reports whether a page compares versions, or gathers evidence, each time it is
// asked for. A path may begin with a language.
func compares(path string) bool {
	if i := strings.Index(path, "/p/"); i > 0 {
		path = path[i:]
	}
	return strings.HasPrefix(path, "/p/") && (strings.HasSuffix(strings.TrimSuffix(path, "/"), "/history") || strings.Contains(path, "/compare/") || strings.HasSuffix(path, "/evidence.zip"))
}

// invites reports whether a page is for the invited. A path may begin with a language.
func invites(path string) bool {
	return strings.HasPrefix(path, "/i/") || len(path) > 3 && strings.HasPrefix(path[3:], "/i/")
}

func ours(path string) bool {
	switch path {
	case "/healthz", "/readyz", "/trusted_root.json", "/signing_config.json", "/frozen", "/observer":
		return true
	}
	return strings.HasPrefix(path, "/api/")
}

// handler answers a request, or returns the error that problem turns into an
// answer.
type handler func(w http.ResponseWriter, r *http.Request) error

func (a *api) handle(h handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := h(w, r); err != nil {
			a.fail(w, r, err)
		}
	})
}

// guard sets what every answer has, and turns a panic into a problem.
func (a *api) guard(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer func() {
			if p := recover(); p != nil {
				a.failPanic(w, r, p)
			}
		}()
		h := w.Header()
		h["X-Content-Type-Options"], h["Referrer-Policy"] = fixedNosniff, fixedNoReferrer
		if r.Method == http.MethodGet || r.Method == http.MethodHead {
			h["Access-Control-Allow-Origin"] = fixedAnyone
		}
		next.ServeHTTP(w, r)
	})
}
