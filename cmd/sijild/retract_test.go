package main

import (
	"bytes"
	"fmt"
	"log/slog"
	"net/http"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/sijil/sijil/internal/logtest"
	"github.com/sijil/sijil/internal/signatory"
	"github.com/sijil/sijil/internal/statement"
	"github.com/sijil/sijil/log"
)

// retraction signs the retraction of a version record as the next record; the
// zero digest is the publication.
func (p *publication) retraction(t *testing.T, sequence int64, version int, record log.Digest) submission {
	t.Helper()
	r := &statement.Retraction{Issued: "2031-05-06T07:08:09Z", Log: p.name, Publication: p.genesis.Envelope.Digest(), Previous: p.previous, Sequence: sequence, Reason: "A demand was missing."}
	if version > 0 {
		r.Version = &statement.VersionName{Number: version, Record: record}
	}
	return submission{encode(t, logtest.SignStatement(t, p.signer, r)), map[string]string{}, []signatory.Disclosure{}}
}

// TestAPIRetraction: every exchange is as described, each refusal has its answer,
// and verdicts on what was withdrawn follow the schema.
func TestAPIRetraction(t *testing.T) {
	c := newCaller(t, serveOptions{noLimits: true}, slog.DiscardHandler)
	p := newPublication(t, c.key, "river")
	expect(t, "create", c.create(c.token("river"), encode(t, p.genesis)), 201, "")
	first := p.next(t, logtest.River()[0])
	expect(t, "version 1", c.submit("river", first), 201, "")
	p.accepted(t, first)
	one := p.previous

	r := p.retraction(t, 2, 1, one)
	with := r
	with.texts = first.texts
	expect(t, "a retraction with texts", c.submit("river", with), 400, "invalid")
	with.texts, with.disclosures = r.texts, first.disclosures
	expect(t, "a retraction with disclosures", c.submit("river", with), 400, "invalid")
	expect(t, "of another record", c.submit("river", p.retraction(t, 2, 1, log.Sum([]byte("x")))), 409, "conflict")
	thief := *p
	thief.signer = logtest.NewSigner(t)
	expect(t, "by a stranger", c.submit("river", thief.retraction(t, 2, 1, one)), 403, "unauthorised")
	accepted := c.submit("river", r)
	expect(t, "the retraction", accepted, 201, "")
	if again := c.submit("river", r); again.status != 200 || !bytes.Equal(again.body, accepted.body) {
		t.Errorf("again: %d %s", again.status, again.body)
	}
	// Alone, without the members that only a version has.
	p.accepted(t, r)
	expect(t, "twice", c.submit("river", p.retraction(t, 3, 1, one)), 409, "conflict")
	end := p.retraction(t, 3, 0, log.Digest{})
	expect(t, "of the publication", c.do("POST", "/api/v1/publications/river/records", "application/json", fmt.Appendf(nil, `{"bundle":%s}`, end.bundle)), 201, "")
	p.accepted(t, end)
	p.n = 1
	expect(t, "after the end", c.submit("river", p.next(t, logtest.River()[1])), 409, "conflict")

	if a := c.get("/api/v1/publications/river"); a.status != 200 || bytes.Count(a.body, []byte(`"retracted":{"issued":"2031-05-06T07:08:09Z","reason":"A demand was missing."`)) != 2 {
		t.Errorf("summary: %s", a.body)
	}
	expect(t, "the last record", c.get("/api/v1/publications/river/records/3.bundle.json"), 200, "")
	expect(t, "the list", c.get("/api/v1/publications"), 200, "")
	a := c.do("POST", "/api/v1/verify", "text/plain", []byte(first.texts["en"]))
	got, err := jsonschema.UnmarshalJSON(bytes.NewReader(a.body))
	check(t, err)
	if err := compileSchema(t).Validate(got); err != nil || !bytes.Contains(a.body, []byte(`"current":"no"`)) || !bytes.Contains(a.body, []byte(`"retracted":true`)) {
		t.Errorf("verdict: %v: %s", err, a.body)
	}
}

// TestPagesThatCompareAreLimited: they cost what checking a copy costs.
func TestPagesThatCompareAreLimited(t *testing.T) {
	s := newRunning(t, serveOptions{}, slog.DiscardHandler)
	c := &caller{running: s, t: t, http: http.DefaultClient}
	for _, path := range []string{"/p/river/history", "/p/river/compare/1/2"} {
		limited := false
		for range 1000 {
			if a := c.get(path); a.status == 429 {
				limited = true
				break
			}
		}
		if !limited {
			t.Errorf("%s: a thousand requests at once were all answered", path)
		}
	}
	if a := c.get("/p/river"); a.status != 404 {
		t.Errorf("a page that compares nothing: %d", a.status)
	}
}
