package api

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/gorilla/mux"

	"github.com/sijil/sijil/internal/publish"
	"github.com/sijil/sijil/log"
)

// Caching: what is immutable by its path is cached for ever; what moves is asked
// for again each time, cheaply, by its ETag.
const (
	immutable  = "public, max-age=31536000, immutable"
	revalidate = "no-cache"
)

// serve answers with bytes; http.ServeContent does ranges, HEAD and conditions.
func serve(w http.ResponseWriter, r *http.Request, contentType, caching string, b []byte) error {
	h := w.Header()
	h.Set("Content-Type", contentType)
	h.Set("Cache-Control", caching)
	h.Set("ETag", etag(b))
	h.Set("Content-Security-Policy", "default-src 'none'")
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(b))
	return nil
}

func etag(b []byte) string {
	sum := sha256.Sum256(b)
	return `"` + hex.EncodeToString(sum[:16]) + `"`
}

func serveJSON(w http.ResponseWriter, r *http.Request, v any) error {
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return err
	}
	return serve(w, r, "application/json", revalidate, buf.Bytes())
}

const (
	plainText = "text/plain; charset=utf-8"
	bundle    = "application/vnd.dev.sigstore.bundle.v0.3+json"
)

func (a *api) static(contentType string, b []byte) handler {
	return func(w http.ResponseWriter, r *http.Request) error { return serve(w, r, contentType, revalidate, b) }
}

func (a *api) healthz(w http.ResponseWriter, r *http.Request) error {
	return serve(w, r, plainText, "no-store", []byte("ok\n"))
}

func (a *api) readyz(w http.ResponseWriter, r *http.Request) error {
	notes, err := a.Ready(r.Context())
	if err != nil {
		a.Logger.WarnContext(r.Context(), "not ready", "error", err)
		return &requestError{http.StatusServiceUnavailable, "not-ready", "records are not accepted at the moment; reading works"}
	}
	return serve(w, r, plainText, "no-store", []byte(strings.Join(append([]string{"ready"}, notes...), "\n")+"\n"))
}

func (a *api) getTrustedRoot(w http.ResponseWriter, r *http.Request) error {
	return serve(w, r, "application/json", revalidate, a.trustedRoot)
}

// getFrozen: 404 as long as the log goes on.
func (a *api) getFrozen(w http.ResponseWriter, r *http.Request) error {
	if a.Service.Frozen == nil {
		return publish.ErrUnknown
	}
	return serve(w, r, plainText, revalidate, a.Service.Frozen.Note())
}

// getTrust gives the whole trust file as this service would pin itself: for
// people to compare, never to believe.
func (a *api) getTrust(w http.ResponseWriter, r *http.Request) error {
	trust, err := a.Service.Trust.PinAll(a.Service.Pins())
	if err != nil {
		return err
	}
	b, err := trust.Marshal()
	if err != nil {
		return err
	}
	return serve(w, r, "application/json", revalidate, b)
}

func (a *api) getCheckpoint(view publish.View) handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		b, err := a.Service.Checkpoint(view)
		if err != nil {
			return err
		}
		return serve(w, r, plainText, revalidate, b)
	}
}

func (a *api) listPublications(w http.ResponseWriter, r *http.Request) error {
	return serveJSON(w, r, map[string]any{"publications": a.Service.Publications()})
}

func (a *api) getPublication(w http.ResponseWriter, r *http.Request) error {
	p, err := a.Service.Publication(mux.Vars(r)["slug"])
	if err != nil {
		return err
	}
	return serveJSON(w, r, p)
}

func (a *api) getHead(view publish.View) handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		b, err := a.Service.Head(view, mux.Vars(r)["slug"])
		if err != nil {
			return err
		}
		return serve(w, r, plainText, revalidate, b)
	}
}

// getBundle: the proof in it leads to the view's checkpoint, so it moves.
func (a *api) getBundle(view publish.View) handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		sequence, err := strconv.ParseInt(mux.Vars(r)["sequence"], 10, 64)
		if err != nil {
			return err // the route lets digits through only
		}
		b, err := a.Service.Bundle(view, mux.Vars(r)["slug"], sequence, nth(r))
		if err != nil {
			return err
		}
		return serve(w, r, bundle, revalidate, b)
	}
}

// getBadge gives all that a badge verifies, packed where the browser unpacks: it is what a
// reader of the page that carries the badge waits for.
func (a *api) getBadge(w http.ResponseWriter, r *http.Request) error {
	b, err := a.Service.Badge(mux.Vars(r)["slug"])
	if err != nil {
		return err
	}
	h := w.Header()
	h.Set("Vary", "Accept-Encoding")
	if strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
		var packed bytes.Buffer
		z := gzip.NewWriter(&packed)
		if _, err := z.Write(b); err != nil {
			return err
		}
		if err := z.Close(); err != nil {
			return err
		}
		h.Set("Content-Encoding", "gzip")
		b = packed.Bytes()
	}
	return serve(w, r, "application/json", revalidate, b)
}

// nth is the number of a signature: 1 where the path names none.
func nth(r *http.Request) int {
	s, ok := mux.Vars(r)["nth"]
	if !ok {
		return 1
	}
	n, _ := strconv.Atoi(s) // the route lets two digits through only
	return n
}

// recordDigest is the digest that a path names.
func recordDigest(r *http.Request) (slug string, record log.Digest, err error) {
	record, err = log.ParseDigest("sha256:" + mux.Vars(r)["digest"]) // the route lets digits through only
	return mux.Vars(r)["slug"], record, err
}

// getRecord gives a record by its digest, for those who have met it in the log.
func (a *api) getRecord(view publish.View) handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		slug, digest, err := recordDigest(r)
		if err != nil {
			return err
		}
		b, err := a.Service.RecordBundle(r.Context(), view, slug, digest, nth(r))
		if err != nil {
			return err
		}
		return serve(w, r, bundle, revalidate, b)
	}
}

// getProposalText and getProposalSignatories are for those who are asked to sign.
func (a *api) getProposalText(w http.ResponseWriter, r *http.Request) error {
	slug, digest, err := recordDigest(r)
	if err != nil {
		return err
	}
	b, err := a.Service.ProposalText(slug, digest, mux.Vars(r)["language"])
	if err != nil {
		return err
	}
	return serve(w, r, plainText, revalidate, b)
}

func (a *api) getProposalSignatories(w http.ResponseWriter, r *http.Request) error {
	slug, digest, err := recordDigest(r)
	if err != nil {
		return err
	}
	b, err := a.Service.ProposalSignatories(slug, digest)
	if err != nil {
		return err
	}
	return serve(w, r, "application/json", revalidate, b)
}

func (a *api) version(r *http.Request) (slug string, version int, language string) {
	v := mux.Vars(r)
	version, _ = strconv.Atoi(v["version"]) // the route lets up to nine digits through only
	return v["slug"], version, v["language"]
}

// getText: the digest of a version's text is signed, so it never changes.
func (a *api) getText(w http.ResponseWriter, r *http.Request) error {
	b, err := a.Service.Text(a.version(r))
	if err != nil {
		return err
	}
	return serve(w, r, plainText, immutable, b)
}

func (a *api) getCanonical(w http.ResponseWriter, r *http.Request) error {
	b, err := a.Service.Canonical(a.version(r))
	if err != nil {
		return err
	}
	return serve(w, r, plainText, immutable, b)
}

// getSignatories: names can be withheld later, so it moves.
func (a *api) getSignatories(w http.ResponseWriter, r *http.Request) error {
	slug, version, _ := a.version(r)
	b, err := a.Service.Signatories(slug, version)
	if err != nil {
		return err
	}
	return serve(w, r, "application/json", revalidate, b)
}

// bearer returns the token of an Authorization header.
func bearer(r *http.Request) (string, bool) {
	scheme, token, ok := strings.Cut(r.Header.Get("Authorization"), " ")
	return token, ok && strings.EqualFold(scheme, "Bearer") && token != ""
}
