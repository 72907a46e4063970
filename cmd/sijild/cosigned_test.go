package main

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/sijil/sijil/internal/logtest"
	"github.com/sijil/sijil/internal/signatory"
	"github.com/sijil/sijil/internal/statement"
	"github.com/sijil/sijil/keys"
	"github.com/sijil/sijil/log"
)

// cosign is another key's signature over what s holds, without its content.
func cosign(t *testing.T, key *keys.Signer, s submission) []byte {
	t.Helper()
	b, err := log.ParseBundle(s.bundle)
	check(t, err)
	return encode(t, logtest.Sign(t, key, b.Envelope.Payload))
}

func (c *caller) cosign(slug string, bundle []byte) answer {
	c.t.Helper()
	return c.do("POST", "/api/v1/publications/"+slug+"/records", "application/json", fmt.Appendf(nil, `{"bundle":%s}`, bundle))
}

// counts requires how many signatures a receipt says there are.
func counts(t *testing.T, a answer, have, want int) {
	t.Helper()
	var r struct{ Have, Want int }
	if err := json.Unmarshal(a.body, &r); err != nil || r.Have != have || r.Want != want {
		t.Errorf("the receipt says %d of %d, want %d of %d: %s", r.Have, r.Want, have, want, a.body)
	}
}

// shared is a service with a publication whose second version two of three keys
// signed, and of whose list one name is withheld. Every exchange is as described.
func shared(t *testing.T) (*caller, []logtest.Edition) {
	t.Helper()
	c := newCaller(t, serveOptions{noLimits: true}, slog.DiscardHandler)
	p, second, third := newPublication(t, c.key, "river"), logtest.NewSigner(t), logtest.NewSigner(t)
	editions, genesis := logtest.River(), p.genesis.Envelope.Digest()
	expect(t, "create", c.create(c.token("river"), encode(t, p.genesis)), 201, "")
	first := p.next(t, editions[0])
	a := c.submit("river", first)
	expect(t, "version 1", a, 201, "")
	counts(t, a, 1, 1)
	p.accepted(t, first)
	expect(t, "a badge document", c.get("/api/v1/publications/river/badge.json"), 200, "")
	policy := submission{bundle: encode(t, logtest.SignStatement(t, p.signer, &statement.PolicyChange{Issued: "2031-05-06T07:08:09Z", Log: p.name, Publication: genesis,
		Previous: p.previous, Sequence: 2, Reason: "Two of three sign.", Policy: statement.NewPolicy(2, p.signer.Public(), second.Public(), third.Public())}))}
	a = c.cosign("river", policy.bundle)
	expect(t, "the policy", a, 201, "")
	counts(t, a, 1, 1)
	p.accepted(t, policy)
	expect(t, "no badge document of changed keys", c.get("/api/v1/publications/river/badge.json"), 404, "not-found")

	v, disclosures := editions[1].Version(t, p.name, genesis, p.previous, 3, first.disclosures)
	v.Version = 2
	proposal := submission{encode(t, logtest.SignStatement(t, p.signer, v)), editions[1].Texts, disclosures}
	b, err := log.ParseBundle(proposal.bundle)
	check(t, err)
	digest := b.Envelope.Digest()
	at := "/api/v1/publications/river/proposals/" + digest.Hex()
	a = c.submit("river", proposal)
	expect(t, "a proposal", a, 201, "")
	counts(t, a, 1, 2)
	expect(t, "it again", c.submit("river", proposal), 200, "")
	expect(t, "the same key again", c.cosign("river", cosign(t, p.signer, proposal)), 409, "conflict")
	expect(t, "a stranger's signature", c.cosign("river", cosign(t, logtest.NewSigner(t), proposal)), 403, "unauthorised")
	if a := c.get(at + "/text.en.txt"); a.status != 200 || string(a.body) != editions[1].Texts["en"] {
		t.Errorf("the proposal's text: %d %s", a.status, a.body)
	}
	expect(t, "its list", c.get(at+"/signatories.json"), 200, "")
	expect(t, "what was signed", c.get("/api/v1/publications/river/records/"+digest.Hex()+".bundle.json"), 200, "")
	if a := c.get("/api/v1/publications/river"); !strings.Contains(string(a.body), `"threshold":2`) || !strings.Contains(string(a.body), `"proposals":[{"record":"`+digest.String()) || strings.Contains(string(a.body), `"version":2,"sequence":3,"record"`) {
		t.Errorf("the summary: %s", a.body)
	}
	a = c.cosign("river", cosign(t, third, proposal))
	expect(t, "the second signature", a, 201, "")
	counts(t, a, 2, 2)
	expect(t, "a third", c.cosign("river", cosign(t, second, proposal)), 409, "conflict")
	expect(t, "a proposal no more", c.get(at+"/text.en.txt"), 404, "")
	p.accepted(t, proposal)

	redaction := submission{bundle: encode(t, logtest.SignStatement(t, second, &statement.Redaction{Entry: v.Signatories.Commitments[2], Issued: "2031-05-06T07:08:09Z", Log: p.name,
		Payloads: []log.Digest{}, Previous: p.previous, Publication: genesis, Sequence: 4}))}
	counts(t, c.cosign("river", redaction.bundle), 1, 2)
	counts(t, c.cosign("river", cosign(t, third, redaction)), 2, 2)
	for _, name := range []string{"3.bundle.json", "3.2.bundle.json", "4.2.bundle.json", digest.Hex() + ".2.bundle.json"} {
		expect(t, name, c.get("/api/v1/publications/river/records/"+name), 200, "")
	}
	expect(t, "no third signature", c.get("/api/v1/publications/river/records/3.3.bundle.json"), 404, "")
	return c, editions
}

// TestSharedPublication: page, service worker, badge and portable verifier check a
// publication that several keys sign.
func TestSharedPublication(t *testing.T) {
	c, editions := shared(t)
	l := newLine(t, c.url)
	p := newPerson(t, l.URL)
	latest := editions[1].Texts["en"]
	list := "\n\nSigned by\n\n• " + strings.Join(editions[1].Names, "\n• ") + "\n"
	p.run(chromedp.Navigate(l.URL + "/"))
	p.installed()
	for _, x := range []struct{ copied, word, says string }{
		{latest, "Identical", "Yes, this is the latest version."},
		{editions[0].Texts["en"], "Identical", "replaced this version by version 2"},
		{strings.Replace(latest, "nine", "six", 1), "Altered", "six"},
		{latest + list, "Unchecked", editions[1].Names[2]},
	} {
		if word, said := p.paste("/", x.copied); word != x.word || !strings.Contains(said, x.says) {
			t.Errorf("%s, want %s, …%s…:\n%s", word, x.word, x.says, said)
		}
	}
	l.cut.Store(-1)
	if word, said := p.paste("/", latest); word != "Identical" || !strings.Contains(said, "kept") {
		t.Errorf("without a network: %s\n%s", word, said)
	}

	file, pack := filepath.Join(t.TempDir(), "verifier.html"), filepath.Join(t.TempDir(), "pack.zip")
	check(t, os.WriteFile(file, []byte(strings.ReplaceAll(string(c.plain("/verifier.html")), "http://localhost", c.url)), 0o644))
	check(t, os.WriteFile(pack, c.plain("/p/river/evidence.zip"), 0o644))
	for _, packed := range []bool{false, true} {
		p.run(chromedp.Navigate("file://"+file), chromedp.WaitVisible("#text"), chromedp.SetValue("#text", latest, chromedp.ByQuery))
		if packed {
			p.run(chromedp.SetUploadFiles("#pack", []string{pack}, chromedp.ByQuery))
		}
		p.run(chromedp.Click("button[type=submit]", chromedp.ByQuery))
		if word, said := p.answer(); word != "Identical" {
			t.Errorf("the portable verifier, with a pack %v: %s\n%s", packed, word, said)
		}
	}
}

// TestBadgeOfSharedPublication: a publication with signatures by several keys, a change of
// policy or a withheld name has no badge document, and its badge shows what the engine says.
func TestBadgeOfSharedPublication(t *testing.T) {
	c, editions := shared(t)
	latest := editions[1].Texts["en"]
	e := newEmbedder(t, c.url)
	for _, x := range []struct{ text, want string }{
		{latest, "authentic"},
		{editions[0].Texts["en"], "superseded"},
		{strings.Replace(latest, "nine", "ninety", 1), "altered"},
		{latest + "\n\nSigned by\n\n" + strings.Join(editions[1].Names, "\n"), "unchecked"}, // a name was withheld
	} {
		e.article(x.text, "")
		if got := e.state("/"); got != x.want {
			t.Errorf("%s, want %s", got, x.want)
		}
	}
	if asked := strings.Join(e.requests(), " "); !strings.Contains(asked, "/badge.json") || !strings.Contains(asked, "/static/engine.") || !strings.Contains(asked, "/records/3.2.bundle.json") {
		t.Errorf("it asked for %s", asked)
	}

	// One signature is enough for other keys, and for a redaction, to be the engine's.
	one := newCaller(t, serveOptions{noLimits: true}, slog.DiscardHandler)
	p := newPublication(t, one.key, "river")
	genesis := p.genesis.Envelope.Digest()
	expect(t, "create", one.create(one.token("river"), encode(t, p.genesis)), 201, "")
	version := p.next(t, editions[1])
	expect(t, "a version", one.submit("river", version), 201, "")
	p.accepted(t, version)
	at := "/api/v1/publications/river/badge.json"
	expect(t, "a badge document", one.get(at), 200, "")
	list, err := signatory.Commit(version.disclosures)
	check(t, err)
	expect(t, "a redaction", one.cosign("river", encode(t, logtest.SignStatement(t, p.signer, &statement.Redaction{Entry: list[0], Issued: "2031-05-06T07:08:09Z", Log: p.name,
		Payloads: []log.Digest{}, Previous: p.previous, Publication: genesis, Sequence: 2}))), 201, "")
	expect(t, "none after it", one.get(at), 404, "not-found")
	other := newEmbedder(t, one.url)
	other.article(latest, "")
	if got := other.state("/"); got != "authentic" {
		t.Errorf("after a redaction: %s", got)
	}
}
