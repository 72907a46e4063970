package main

import (
	"crypto/rand"
	"fmt"
	"log/slog"
	"path/filepath"
	"testing"

	"github.com/sijil/sijil/internal/logtest"
	"github.com/sijil/sijil/internal/statement"
	"github.com/sijil/sijil/keys"
	"github.com/sijil/sijil/log"
)

// TestAPIRelease: only the release key's releases for this log are taken, each once,
// and an old one does not come back.
func TestAPIRelease(t *testing.T) {
	o := serveOptions{data: filepath.Join(t.TempDir(), "data"), noLimits: true}
	key, err := initialise(t.Context(), initOptions{data: o.data, url: "http://localhost"})
	check(t, err)
	signer, stranger := logtest.NewSigner(t), logtest.NewSigner(t)
	rows, err := openRows(t.Context(), o.data)
	check(t, err)
	check(t, rows.ReplaceSetting(t.Context(), settingReleaseKey, string(signer.Public().PEM())))
	check(t, rows.Close())
	c := callerFor(t, serveData(t, o, key, slog.DiscardHandler))

	name := statement.NameOf(key)
	release := func(s *keys.Signer, l statement.LogName, file string) []byte {
		t.Helper()
		r := statement.NewRelease("Verifier", "2026-01-31T12:00:00Z", l, []statement.File{{Name: file, SHA256: log.Sum([]byte(file))}})
		payload, err := statement.EncodeRelease(r)
		check(t, err)
		b, err := s.Sign(rand.Reader, payload)
		check(t, err)
		return fmt.Appendf(nil, `{"bundle":%s}`, encode(t, b))
	}
	post := func(body []byte) answer { return c.do("POST", "/api/v1/releases", "application/json", body) }

	expect(t, "before", c.get("/api/v1/release"), 404, "not-found")
	expect(t, "by a stranger", post(release(stranger, name, "a.html")), 403, "release-key")
	other := name
	other.Origin = "other.example"
	expect(t, "for another log", post(release(signer, other, "a.html")), 400, "invalid")
	p := newPublication(t, key, "river")
	expect(t, "a genesis record", post(fmt.Appendf(nil, `{"bundle":%s}`, encode(t, p.genesis))), 403, "release-key")
	first := release(signer, name, "a.html")
	expect(t, "the first", post(first), 201, "")
	expect(t, "again", post(first), 200, "")
	expect(t, "the second", post(release(signer, name, "b.html")), 201, "")
	expect(t, "the first once more", post(first), 200, "")
	a := c.get("/api/v1/release")
	expect(t, "the newest", a, 200, "")
	b, err := log.ParseBundle(a.body)
	check(t, err)
	got, err := statement.ParseRelease(b.Envelope.Payload)
	check(t, err)
	if files := got.Files(); len(files) != 1 || files[0].Name != "b.html" {
		t.Errorf("the newest release names %v", files)
	}
}
