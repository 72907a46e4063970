package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"mime/multipart"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/sijil/sijil/docs/formats"
	"github.com/sijil/sijil/internal/logtest"
	"github.com/sijil/sijil/internal/match"
	"github.com/sijil/sijil/internal/signatory"
	"github.com/sijil/sijil/internal/statement"
	"github.com/sijil/sijil/keys"
	"github.com/sijil/sijil/log"
)

// caller talks to a running service; every exchange is held against the API
// description.
type caller struct {
	*running
	t        *testing.T
	contract *contract
	http     *http.Client
}

func newCaller(t *testing.T, o serveOptions, h slog.Handler) *caller {
	return callerFor(t, newRunning(t, o, h))
}

type answer struct {
	status int
	header http.Header
	body   []byte
}

func (c *caller) do(method, path, contentType string, body []byte, headers ...string) answer {
	c.t.Helper()
	r, err := http.NewRequestWithContext(c.t.Context(), method, c.url+path, bytes.NewReader(body))
	check(c.t, err)
	if contentType != "" {
		r.Header.Set("Content-Type", contentType)
	}
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	res, err := c.http.Do(r)
	check(c.t, err)
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	check(c.t, err)
	return answer{res.StatusCode, res.Header, b}
}

func (c *caller) get(path string) answer { c.t.Helper(); return c.do("GET", path, "", nil) }

func (c *caller) token(slug string) string {
	c.t.Helper()
	token, err := newTokenFor(c.t.Context(), tokenOptions{data: c.data, slug: slug, expires: time.Hour, similar: true})
	check(c.t, err)
	return token
}

func (c *caller) create(token string, bundle []byte) answer {
	c.t.Helper()
	return c.do("POST", "/api/v1/publications", "application/json", fmt.Appendf(nil, `{"bundle":%s}`, bundle), "Authorization", "Bearer "+token)
}

// submission is a version with what goes with it, to be sent or spoilt.
type submission struct {
	bundle      []byte
	texts       map[string]string
	disclosures []signatory.Disclosure
}

func (c *caller) submit(slug string, s submission) answer {
	c.t.Helper()
	body, err := json.Marshal(map[string]any{"bundle": json.RawMessage(s.bundle), "texts": s.texts, "disclosures": s.disclosures})
	check(c.t, err)
	return c.do("POST", "/api/v1/publications/"+slug+"/records", "application/json", body)
}

// publication is a chain as its publisher knows it.
type publication struct {
	name     statement.LogName
	slug     string
	signer   *keys.Signer
	genesis  *log.Bundle
	previous log.Digest
	n        int
}

func newPublication(t *testing.T, key *keys.LogKey, slug string) *publication {
	return newPublicationOf(t, key, slug, logtest.NewSigner(t))
}

func newPublicationOf(t *testing.T, key *keys.LogKey, slug string, signer *keys.Signer) *publication {
	g := logtest.SignStatement(t, signer, &statement.Publication{Log: statement.NameOf(key), Slug: slug,
		Title: logtest.River()[0].Title(), Policy: statement.NewPolicy(1, signer.Public())})
	return &publication{name: statement.NameOf(key), slug: slug, signer: signer, genesis: g, previous: g.Envelope.Digest()}
}

func (p *publication) next(t *testing.T, e logtest.Edition) submission {
	t.Helper()
	v, d := e.Version(t, p.name, p.genesis.Envelope.Digest(), p.previous, p.n+1, nil)
	return submission{encode(t, logtest.SignStatement(t, p.signer, v)), maps.Clone(e.Texts), d}
}

func (p *publication) accepted(t *testing.T, s submission) {
	t.Helper()
	b, err := log.ParseBundle(s.bundle)
	check(t, err)
	p.previous, p.n = b.Envelope.Digest(), p.n+1
}

func encode(t *testing.T, b *log.Bundle) []byte {
	t.Helper()
	data, err := b.Marshal()
	check(t, err)
	return data
}

// expect requires a status and, of a problem, its code.
func expect(t *testing.T, what string, a answer, status int, code string) {
	t.Helper()
	if a.status != status || code != "" && !bytes.Contains(a.body, []byte(`"urn:sijil:problem:`+code+`"`)) {
		t.Errorf("%s: answer %d %.300s, want %d %s", what, a.status, a.body, status, code)
	}
}

// TestAPIStory goes through every operation, and every refusal of a write.
func TestAPIStory(t *testing.T) {
	var said bytes.Buffer
	c := newCaller(t, serveOptions{noLimits: true}, slog.NewTextHandler(&said, nil))
	river := newPublication(t, c.key, "river")
	genesis, token := encode(t, river.genesis), c.token("river")

	// Creating.
	expect(t, "no token", c.do("POST", "/api/v1/publications", "application/json", fmt.Appendf(nil, `{"bundle":%s}`, genesis)), 401, "token")
	expect(t, "a token that nobody made", c.create("sijil_x", genesis), 403, "token")
	expect(t, "a token for another slug", c.create(c.token("harbour"), genesis), 403, "token")
	created := c.create(token, genesis)
	expect(t, "create", created, 201, "")
	expect(t, "the same again", c.create(token, genesis), 200, "")
	expect(t, "another genesis for the slug", c.create(c.tokenFor(newPublication(t, c.key, "delta")), encode(t, newPublication(t, c.key, "river").genesis)), 409, "conflict")
	other := newPublication(t, c.key, "meadow")
	expect(t, "a used token", c.create(token, encode(t, other.genesis)), 403, "token")
	expect(t, "another publication", c.create(c.token("meadow"), encode(t, other.genesis)), 201, "")
	foreign := newPublication(t, logtest.New(t, "http://localhost").Key, "hill")
	expect(t, "for another log", c.create(c.token("hill"), encode(t, foreign.genesis)), 400, "foreign")

	// The first version, after everything that is wrong with it.
	first := river.next(t, logtest.River()[0])
	refusals(t, c, river, other, first)
	before := c.get("/checkpoint").body
	if a := c.get("/api/v1/publications/river"); !bytes.Contains(a.body, []byte(`"versions":[]`)) {
		t.Errorf("a refused record left something behind: %s", a.body)
	}
	one := c.submit("river", first)
	expect(t, "version 1", one, 201, "")
	if bytes.Equal(before, c.get("/checkpoint").body) {
		t.Error("the checkpoint has not moved")
	}
	river.accepted(t, first)
	again := c.submit("river", first)
	expect(t, "version 1 again", again, 200, "")
	if !bytes.Equal(one.body, again.body) {
		t.Error("the identical record is not answered with the first bundle")
	}
	byDigest := "/api/v1/publications/river/records/" + river.genesis.Envelope.Digest().Hex() + ".bundle.json"
	if got, want := c.get(byDigest), c.get("/api/v1/publications/river/records/0.bundle.json"); got.status != 200 || !bytes.Equal(got.body, want.body) {
		t.Errorf("the genesis by its digest: answer %d %.300s", got.status, got.body)
	}
	expect(t, "a record of another publication by its digest", c.get(strings.Replace(byDigest, "river", "meadow", 1)), 404, "not-found")
	c.race(river)
	c.reads(t)
	expect(t, "verify", c.do("POST", "/api/v1/verify", "text/plain", []byte("words")), 200, "")
	expect(t, "look-up", c.do("POST", "/api/v1/lookup", "application/json", []byte(`{"fingerprints":["00000000"]}`)), 200, "")
	// Others see to the door, to releases, to records of several signatures, to what
	// signatories say (TestStory, TestClaimsInParts), and to rolls (TestRoll).
	but := append(slices.Concat(rolled, spoken, parted), "/frozen", "/signing_config.json", "/api/v2/log/entries", "/api/v1/release", "/api/v1/releases",
		"/api/v1/publications/{slug}/proposals/{record}/text.{language}.txt", "/api/v1/publications/{slug}/proposals/{record}/signatories.json")
	if missing := c.contract.missing(but...); len(missing) > 0 {
		t.Errorf("operations that no exchange has touched: %q", missing)
	}
	for _, word := range []string{"bridges", "Well Keepers", "127.0.0.1", token} {
		if strings.Contains(said.String(), word) {
			t.Errorf("the service's log holds %q", word)
		}
	}
}

func (c *caller) tokenFor(p *publication) string { return c.token(p.slug) }

func refusals(t *testing.T, c *caller, river, other *publication, good submission) {
	flipped := bytes.Replace(good.bundle, []byte(`"payload":"e`), []byte(`"payload":"f`), 1)
	stranger := *river
	stranger.signer = logtest.NewSigner(t)
	second := *river
	second.n = 1
	spoil := func(f func(s *submission)) submission {
		s := submission{good.bundle, maps.Clone(good.texts), append([]signatory.Disclosure(nil), good.disclosures...)}
		f(&s)
		return s
	}
	for what, x := range map[string]struct {
		s      submission
		status int
		code   string
	}{
		"a flipped byte":             {spoil(func(s *submission) { s.bundle = flipped }), 400, "invalid"},
		"a text with one letter":     {spoil(func(s *submission) { s.texts["en"] += "x" }), 400, "invalid"},
		"a text missing":             {spoil(func(s *submission) { delete(s.texts, "ar") }), 400, "invalid"},
		"a text too many":            {spoil(func(s *submission) { s.texts["fr"] = "Titre\n" }), 400, "invalid"},
		"a disclosure missing":       {spoil(func(s *submission) { s.disclosures = s.disclosures[1:] }), 400, "invalid"},
		"two disclosures swapped":    {spoil(func(s *submission) { d := s.disclosures; d[0], d[1] = d[1], d[0] }), 400, "invalid"},
		"a stranger's key":           {stranger.next(t, logtest.River()[0]), 403, "unauthorised"},
		"another publication's":      {other.next(t, logtest.River()[0]), 400, "foreign"},
		"version 2 before version 1": {second.next(t, logtest.River()[0]), 409, "conflict"},
	} {
		a := c.submit("river", x.s)
		expect(t, what, a, x.status, x.code)
		if x.status == 409 && !bytes.Contains(a.body, []byte(`"head":{"record":"`+river.previous.String())) {
			t.Errorf("%s: the head is not named: %s", what, a.body)
		}
	}
	body := fmt.Appendf(nil, `{"bundle":%s}`, good.bundle)
	const records = "/api/v1/publications/river/records"
	expect(t, "an unknown publication", c.submit("harbour", good), 404, "not-found")
	expect(t, "no JSON", c.do("POST", records, "text/plain", body), 415, "content-type")
	expect(t, "an unknown member", c.do("POST", records, "application/json", []byte(`{"bundle":{},"x":1}`)), 400, "json")
	expect(t, "two values", c.do("POST", records, "application/json", []byte(`{} {}`)), 400, "json")
	expect(t, "a body that is too large", c.create("sijil_x", bytes.Repeat([]byte(" "), 3<<20)), 413, "too-large")
}

// race lets two publishers with the same key submit version 2 at once: exactly
// one wins, again and again.
func (c *caller) race(p *publication) {
	for round := range 20 {
		var rivals [2]submission
		for i := range rivals {
			e := logtest.River()[1]
			e.Reason = fmt.Sprintf("Round %d, rival %d.", round, i)
			rivals[i] = p.next(c.t, e)
		}
		var answers [2]answer
		var wg sync.WaitGroup
		for i := range rivals {
			wg.Go(func() {
				plain := *c
				plain.http = http.DefaultClient // the contract is not for two at once
				answers[i] = plain.submit(p.slug, rivals[i])
			})
		}
		wg.Wait()
		won := 0
		if answers[1].status == 201 {
			won = 1
		}
		expect(c.t, "the winner", answers[won], 201, "")
		expect(c.t, "the loser", answers[1-won], 409, "conflict")
		p.accepted(c.t, rivals[won])
	}
}

func (c *caller) reads(t *testing.T) {
	const river = "/api/v1/publications/river"
	for path, kind := range map[string]string{
		"/healthz": "text/plain; charset=utf-8", "/readyz": "text/plain; charset=utf-8", "/checkpoint": "text/plain; charset=utf-8",
		"/api/v2/checkpoint": "text/plain; charset=utf-8", "/trusted_root.json": "application/json", "/api/v1/trust.json": "application/json",
		"/api/v1/publications": "application/json", river: "application/json", river + "/head": "text/plain; charset=utf-8",
		river + "/records/1.bundle.json": "application/vnd.dev.sigstore.bundle.v0.3+json", river + "/versions/1/text.en.txt": "text/plain; charset=utf-8",
		river + "/versions/1/canonical.ar.txt": "text/plain; charset=utf-8", river + "/versions/1/signatories.json": "application/json", river + "/badge.json": "application/json",
		"/tile/0/000.p/1": "application/octet-stream", "/api/v2/tile/entries/000.p/2": "application/octet-stream",
		"/api/v1/verdict.schema.json": "application/schema+json", "/api/v1/openapi.yaml": "application/yaml",
	} {
		a := c.get(path)
		expect(t, path, a, 200, "")
		if a.header.Get("Content-Type") != kind || a.header.Get("Access-Control-Allow-Origin") != "*" || a.header.Get("X-Content-Type-Options") != "nosniff" || a.header.Get("Set-Cookie") != "" {
			t.Errorf("%s: headers %v", path, a.header)
		}
		if tag := a.header.Get("ETag"); tag != "" {
			expect(t, path+" as the client has it", c.do("GET", path, "", nil, "If-None-Match", tag), 304, "")
		}
		if head := c.do("HEAD", path, "", nil); head.status != 200 || len(head.body) > 0 {
			t.Errorf("HEAD %s: %d, %d bytes", path, head.status, len(head.body))
		}
	}
	expect(t, "a range", c.do("GET", "/tile/0/000.p/1", "", nil, "Range", "bytes=0-3"), 206, "")
	for _, path := range []string{
		"/frozen", "/api/v1/publications/harbour", river + "/versions/99/text.en.txt", river + "/versions/1/text.de.txt", river + "/records/999.bundle.json",
		"/tile/0/999", "/tile/entries/000.p/255", "/api/v1/nothing", "/tile/..%2f..%2flog.key", "/tile/0/%2e%2e/%2e%2e/log.key", "/tile/x",
	} {
		expect(t, path, c.get(path), 404, "not-found")
	}
	wrong := c.do("DELETE", river, "", nil)
	expect(t, "a wrong method", wrong, 405, "method")
	if allow := wrong.header.Get("Allow"); allow != "GET, HEAD" {
		t.Errorf("Allow: %q", allow)
	}
}

// TestAPIVerify: every kind of input has a verdict or a problem, verdicts follow
// the schema, and the service keeps and logs nothing of the copy.
func TestAPIVerify(t *testing.T) {
	var said bytes.Buffer
	c := newCaller(t, serveOptions{noLimits: true}, slog.NewTextHandler(&said, nil))
	p := newPublication(t, c.key, "river")
	expect(t, "create", c.create(c.token("river"), encode(t, p.genesis)), 201, "")
	expect(t, "version 1", c.submit("river", p.next(t, logtest.River()[0])), 201, "")
	schema := compileSchema(t)
	text := logtest.River()[0].Texts["en"]
	for _, x := range []struct{ copied, verdict, reason string }{
		{text, "identical", ""},
		{strings.ReplaceAll(text, "\n", "\r\n"), "authentic", ""},
		{strings.Replace(text, "seven", "zebra", 1), "altered", ""},
		{"Nothing of the kind was ever written by anybody, anywhere near here.", "unknown", "no-record"},
		{"", "unchecked", "empty"},
		{text + "\xff", "unchecked", "invalid-utf8"},
		{text + "\x00", "unchecked", "nul-byte"},
	} {
		a := c.do("POST", "/api/v1/verify?publication=river", "text/plain; charset=utf-8", []byte(x.copied))
		expect(t, x.verdict, a, 200, "")
		got, err := jsonschema.UnmarshalJSON(bytes.NewReader(a.body))
		check(t, err)
		if err := schema.Validate(got); err != nil {
			t.Errorf("%s: %v", x.verdict, err)
		}
		v := got.(map[string]any)
		if v["verdict"] != x.verdict || v["reason"].(map[string]any)["code"] != x.reason || v["trust"] != "server" {
			t.Errorf("%.30q: %s", x.copied, a.body)
		}
	}
	var form bytes.Buffer
	w := multipart.NewWriter(&form)
	field, err := w.CreateFormFile("copy", "copy.txt")
	check(t, err)
	io.WriteString(field, text)
	check(t, w.Close())
	if a := c.do("POST", "/api/v1/verify", w.FormDataContentType(), form.Bytes()); !bytes.Contains(a.body, []byte(`"verdict":"identical"`)) {
		t.Errorf("a form: %d %s", a.status, a.body)
	}
	fps, err := match.Fingerprints([]byte(text))
	check(t, err)
	asked := `{"fingerprints":[`
	for i, fp := range fps {
		asked += fmt.Sprintf(`%s"%08x"`, strings.Repeat(",", min(i, 1)), fp)
	}
	if a := c.do("POST", "/api/v1/lookup", "application/json", []byte(asked+"]}")); a.status != 200 || !bytes.Contains(a.body, []byte(`"publication":"river"`)) {
		t.Errorf("look-up: %d %s", a.status, a.body)
	}
	expect(t, "no fingerprint", c.do("POST", "/api/v1/lookup", "application/json", []byte(`{"fingerprints":["xyz"]}`)), 400, "fingerprints")
	expect(t, "an unknown publication", c.do("POST", "/api/v1/verify?publication=harbour", "text/plain", []byte(text)), 404, "not-found")
	if a := c.do("POST", "/api/v1/verify", "application/pdf", []byte("%PDF-1.7\n")); !bytes.Contains(a.body, []byte(`"code":"damaged-file"`)) {
		t.Errorf("a damaged PDF: %d %s", a.status, a.body)
	}
	expect(t, "a form that is none", c.do("POST", "/api/v1/verify", "application/x-www-form-urlencoded", []byte(text)), 415, "content-type")
	expect(t, "50 MB", c.do("POST", "/api/v1/verify", "text/plain", bytes.Repeat([]byte("word "), 10<<20)), 413, "too-large")
	if said.Len() > 0 {
		t.Errorf("the service said: %s", said.String())
	}
}

// TestAPILimits: who asks too often is told when to come back.
func TestAPILimits(t *testing.T) {
	c := newCaller(t, serveOptions{}, slog.DiscardHandler)
	for range 1000 {
		a := c.do("POST", "/api/v1/verify", "text/plain", []byte("words"))
		if a.status == 200 {
			continue
		}
		expect(t, "too often", a, 429, "rate")
		if a.header.Get("Retry-After") == "" {
			t.Error("no Retry-After")
		}
		return
	}
	t.Error("a thousand requests at once were all answered")
}

func compileSchema(t *testing.T) *jsonschema.Schema {
	t.Helper()
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(formats.VerdictSchema))
	check(t, err)
	compiler := jsonschema.NewCompiler()
	check(t, compiler.AddResource("verdict.json", doc))
	schema, err := compiler.Compile("verdict.json")
	check(t, err)
	return schema
}
