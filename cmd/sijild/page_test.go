package main

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"

	"github.com/sijil/sijil/internal/browsertest"
	"github.com/sijil/sijil/internal/extract/extracttest"
	"github.com/sijil/sijil/internal/logtest"
)

// person is somebody with a browser at a running service.
type person struct {
	t   *testing.T
	ctx context.Context
	url string

	mu   sync.Mutex
	seen []string // requests: method and address
}

// newPerson opens a browser; what it asks for is noted.
func newPerson(t *testing.T, address string) *person {
	p := &person{t: t, ctx: browsertest.Open(t), url: address}
	chromedp.ListenTarget(p.ctx, func(e any) {
		if r, ok := e.(*network.EventRequestWillBeSent); ok {
			p.mu.Lock()
			p.seen = append(p.seen, r.Request.Method+" "+r.Request.URL)
			p.mu.Unlock()
		}
	})
	p.run(network.Enable(), network.SetCacheDisabled(true))
	return p
}

func (p *person) run(actions ...chromedp.Action) {
	p.t.Helper()
	browsertest.Run(p.t, p.ctx, actions...)
}

// paste checks a copy on a page, and returns what the page then says.
func (p *person) paste(path, text string) (word, said string) {
	p.t.Helper()
	p.run(chromedp.Navigate(p.url+path), chromedp.WaitReady("#answer"),
		chromedp.SetValue("#text", text, chromedp.ByQuery), chromedp.Click("form.check button[type=submit]", chromedp.ByQuery))
	return p.answer()
}

func (p *person) answer() (word, said string) {
	p.t.Helper()
	p.run(chromedp.WaitVisible("#word"), chromedp.Text("#word", &word), chromedp.Text("main", &said))
	return word, strings.ReplaceAll(said, "\u00a0", " ")
}

func (p *person) requests() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]string(nil), p.seen...)
}

// others are the requests that went elsewhere, or carried a copy.
func (p *person) others() (out []string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, s := range p.seen {
		method, address, _ := strings.Cut(s, " ")
		if !strings.HasPrefix(address, p.url+"/") && !strings.HasPrefix(address, "data:") || method != "GET" {
			out = append(out, s)
		}
	}
	return out
}

// rivers is a service with a publication of two versions.
func rivers(t *testing.T) (*caller, *publication, []logtest.Edition) {
	c := newCaller(t, serveOptions{noLimits: true}, slog.DiscardHandler)
	p := newPublication(t, c.key, "river")
	expect(t, "create", c.create(c.token("river"), encode(t, p.genesis)), 201, "")
	for i, e := range logtest.River() {
		s := p.next(t, e)
		expect(t, "version", c.submit("river", s), 201, "")
		p.accepted(t, s)
		p.n = i + 1
	}
	return c, p, logtest.River()
}

// TestPageChecksHere: somebody pastes a copy; it is checked in the browser, and nothing
// of it is sent anywhere.
func TestPageChecksHere(t *testing.T) {
	c, _, editions := rivers(t)
	p := newPerson(t, c.url)
	latest := editions[1].Texts["en"]
	list := "\n\nSigned by\n\n• " + strings.Join(editions[1].Names, "\n• ") + "\n"
	for name, x := range map[string]struct {
		path, copy, word string
		says             []string
	}{
		"identical": {"/", latest, "Identical", []string{"the text file of version 2", "does not say that the content is true", "Yes, this is the latest version."}},
		"authentic": {"/", strings.ReplaceAll(latest, " ", "  ") + list, "Authentic", []string{"with its signatory list"}},
		"on its own page": {"/p/river", "*" + strings.ReplaceAll(latest, "\n", "*\n\n*"), "Authentic",
			[]string{"Taken as presentation", "emphasis"}},
		"superseded": {"/", editions[0].Texts["en"], "Identical", []string{"version 1", "replaced this version by version 2"}},
		"altered": {"/", strings.Replace(latest, " the ", " not the ", 1), "Altered",
			[]string{"Negation", "The copy adds", "not", "sijil verify --publication river"}},
		"a name more": {"/", latest + list + "• Dam Builders Federation\n", "Altered", []string{"In the copy, not in the list", "Dam Builders Federation"}},
		"hidden":      {"/", strings.Replace(latest, " the ", " \u202ethe ", 1), "Altered", []string{"Hidden characters", "<U+202E>"}},
		"unknown":     {"/", "The weather is fine today, and will be tomorrow as well.", "Unknown", []string{"holds no record", "does not make the text false"}},
		"nothing":     {"/", " ", "Unchecked", []string{"There are no words"}},
		"markup":      {"/", latest + "\n\n<img src=x onerror=alert(1)><script>alert(2)</script>\n", "Authentic", []string{"<img src=x onerror=alert(1)>"}},
	} {
		word, said := p.paste(x.path, x.copy)
		if word != x.word {
			t.Errorf("%s: %s\n%s", name, word, said)
		}
		for _, want := range x.says {
			if !strings.Contains(said, want) {
				t.Errorf("%s: the page does not say %q:\n%s", name, want, said)
			}
		}
	}
	if others := p.others(); len(others) > 0 {
		t.Errorf("requests elsewhere, or with a body: %q", others)
	}
}

// TestPageRemembers: a browser that knows another key of the log, another genesis, or
// that witnesses were asked for, believes nothing; what it kept and cannot read is nothing.
func TestPageRemembers(t *testing.T) {
	c, _, editions := rivers(t)
	p := newPerson(t, c.url)
	for name, x := range map[string]struct{ kept, value, word, says string }{
		"the key":      {"key", "localhost+00000000+AQ", "Unchecked", "is not the one that this browser saw here before"},
		"the genesis":  {"genesis", `{"river":"sha256:00"}`, "Unchecked", "The log contradicts"},
		"the quorum":   {"quorum", "asked", "Unchecked", "Fewer witnesses"},
		"a later tree": {"memory", "rubbish", "Identical", "version 2"},
	} {
		p.run(chromedp.Navigate(p.url+"/"), chromedp.Evaluate(fmt.Sprintf("localStorage.clear(); localStorage.setItem(%q, %q)", "sijil:"+x.kept, x.value), nil))
		word, said := p.paste("/", editions[1].Texts["en"])
		if word != x.word || !strings.Contains(said, x.says) && x.kept != "key" {
			t.Errorf("%s: %s\n%s", name, word, said)
		}
	}
}

// TestPageFiles: a file is read here where it is text; any other is sent only after the
// person was asked.
func TestPageFiles(t *testing.T) {
	c, _, editions := rivers(t)
	p := newPerson(t, c.url)
	dir := t.TempDir()
	choose := func(name, content string) {
		path := filepath.Join(dir, name)
		check(t, os.WriteFile(path, []byte(content), 0o600))
		p.run(chromedp.Navigate(p.url+"/"), chromedp.WaitReady("#answer"), chromedp.SetUploadFiles("#file", []string{path}, chromedp.ByQuery),
			chromedp.Click("form.check button[type=submit]", chromedp.ByQuery))
	}
	choose("copy.txt", editions[1].Texts["ar"])
	if word, said := p.answer(); word != "Identical" {
		t.Errorf("a text file: %s", said)
	}
	choose("chat.txt", "12/01/2026, 10:11 - Aisha: "+strings.ReplaceAll(strings.TrimSpace(editions[1].Texts["en"]), "\n", "\n12/01/2026, 10:12 - Aisha: ")+"\n")
	if word, said := p.answer(); word != "Authentic" {
		t.Errorf("a chat: %s", said)
	}
	choose("page.html", "<!doctype html><title>x</title><p>"+strings.ReplaceAll(strings.TrimSpace(editions[1].Texts["en"]), "\n", "<p>")+"<img src=/tracker.png><script src=/evil.js></script>")
	if word, said := p.answer(); word != "Authentic" {
		t.Errorf("a page: %s", said)
	}
	choose("page.html", "<!doctype html><p style=display:none>"+editions[1].Texts["en"]+"<p>Nothing of the kind was ever said by anybody at all.")
	if word, said := p.answer(); word != "Unknown" {
		t.Errorf("a page that hides the text: %s", said)
	}
	if strings.Contains(strings.Join(p.requests(), " "), "tracker") || strings.Contains(strings.Join(p.requests(), " "), "evil") {
		t.Error("what a page names was fetched")
	}
	choose("copy.md", "# "+strings.Replace(strings.TrimSpace(editions[1].Texts["en"]), "The river", "**The** **river**", 1))
	var asked string
	p.run(chromedp.WaitVisible("#answer button"), chromedp.Text("#answer", &asked))
	if !strings.Contains(asked, "a Markdown text") || len(p.others()) > 0 {
		t.Errorf("before anything is sent: %q, requests %q", asked, p.others())
	}
	p.run(chromedp.Click("#answer button", chromedp.ByQuery), chromedp.WaitVisible("section.verdict"))
	if word, said := p.answer(); word != "Authentic" {
		t.Errorf("the server on the page's source: %s", said)
	}
	if others := p.others(); len(others) != 1 || !strings.HasPrefix(others[0], "POST "+p.url+"/verify") {
		t.Errorf("sent: %q", others)
	}
}

// TestPageOffice: a Word or OpenDocument file that is dropped on the page is read there by a
// script that is loaded for it alone, and nothing of it is sent. Where that script cannot
// be had, the person is asked.
func TestPageOffice(t *testing.T) {
	c, _, editions := rivers(t)
	p := newPerson(t, c.url)
	paragraphs := strings.Split(strings.TrimSpace(editions[1].Texts["en"]), "\n")
	drop := func(file []byte) {
		t.Helper()
		p.run(chromedp.Navigate(p.url+"/"), chromedp.WaitReady("#answer"), chromedp.Evaluate(fmt.Sprintf(`{
			const transfer = new DataTransfer();
			transfer.items.add(new File([Uint8Array.from(atob(%s), (c) => c.charCodeAt(0))], "copy.docx"));
			document.querySelector("form.check").dispatchEvent(new DragEvent("drop", {dataTransfer: transfer, bubbles: true, cancelable: true}));
		}`, browsertest.JSON(t, file)), nil))
	}
	if word, said := p.paste("/", editions[1].Texts["en"]); word != "Identical" || strings.Contains(strings.Join(p.requests(), " "), "/office.") {
		t.Errorf("%s, requests %q\n%s", word, p.requests(), said)
	}
	run := extracttest.WordRun
	for name, x := range map[string]struct {
		file       []byte
		word, says string
	}{
		"Word":         {extracttest.DOCX(paragraphs), "Authentic", "version 2"},
		"OpenDocument": {extracttest.ODT(paragraphs), "Authentic", "version 2"},
		"altered":      {extracttest.DOCX(strings.Split(strings.Replace(strings.Join(paragraphs, "\n"), " the ", " not the ", 1), "\n")), "Altered", "The copy adds"},
		"hidden":       {extracttest.DOCXBody("<w:p>"+run("<w:vanish/>", extracttest.Escape(editions[1].Texts["en"]))+run("", "Nothing of the kind was ever said by anybody at all.")+"</w:p>", ""), "Unknown", "holds no record"},
		"damaged":      {extracttest.DOCXBody("<w:p>", ""), "Unchecked", "not well-formed XML"},
		"empty":        {extracttest.DOCXBody("", ""), "Unchecked", "no words are shown"},
		"archive":      {extracttest.Zip(extracttest.Part{Name: "a.txt", Body: "words"}), "Unchecked", "it cannot be read here"},
	} {
		drop(x.file)
		if word, said := p.answer(); word != x.word || !strings.Contains(said, x.says) {
			t.Errorf("%s: %s\n%s", name, word, said)
		}
	}
	if others := p.others(); len(others) > 0 || !strings.Contains(strings.Join(p.requests(), " "), "/office.") {
		t.Errorf("requests elsewhere, or with a body: %q of %q", others, p.requests())
	}
	missing := tampering(t, c.url, func(path string, b []byte) []byte {
		if strings.HasPrefix(path, "/static/office.") {
			return []byte("throw 1")
		}
		return b
	})
	q := newPerson(t, missing.URL)
	p = q
	drop(extracttest.DOCX(paragraphs))
	var asked string
	q.run(chromedp.WaitVisible("#answer button"), chromedp.Text("#answer", &asked))
	if !strings.Contains(asked, "would be sent to this server") || len(q.others()) > 0 {
		t.Errorf("without the script: %q, requests %q", asked, q.others())
	}
}

// TestPageWithoutScripts: the form goes to the server, which answers with a page.
func TestPageWithoutScripts(t *testing.T) {
	c, _, editions := rivers(t)
	p := newPerson(t, c.url)
	p.run(emulation.SetScriptExecutionDisabled(true), chromedp.Navigate(p.url+"/"))
	p.run(chromedp.SendKeys("#text", strings.ReplaceAll(editions[1].Texts["en"], "\n", "\r"), chromedp.ByQuery),
		chromedp.Click("form.check button[type=submit]", chromedp.ByQuery), chromedp.WaitVisible("section.verdict"))
	if word, said := p.answer(); word != "Identical" && word != "Authentic" {
		t.Errorf("%s", said)
	}
}

// TestPageAndALyingServer: whatever of the evidence is changed on its way, the page
// never says that a copy is what was endorsed.
func TestPageAndALyingServer(t *testing.T) {
	c, _, editions := rivers(t)
	var mu sync.Mutex
	tamper := func(path string, body []byte) []byte { return body }
	server := tampering(t, c.url, func(path string, b []byte) []byte {
		mu.Lock()
		defer mu.Unlock()
		return tamper(path, b)
	})
	p := newPerson(t, server.URL)
	latest := editions[1].Texts["en"]
	altered := strings.Replace(latest, " the ", " not the ", 1)
	if word, said := p.paste("/", latest); word != "Identical" {
		t.Fatalf("through the proxy: %s", said)
	}
	lies := map[string]func(path string, b []byte) []byte{
		"the text": func(path string, b []byte) []byte {
			if strings.HasSuffix(path, "text.en.txt") {
				return []byte(altered)
			}
			return b
		},
		"a bundle's signature": replacing(".bundle.json", `"sig":"ME`, `"sig":"MF`),
		"no second version":    dropping("records/2.bundle.json"),
		"no head":              dropping("/head"),
		"an old head":          replacing("/head", "\n2\n3\n", "\n1\n3\n"),
		"no checkpoint":        dropping("/checkpoint"),
		"a checkpoint":         replacing("/checkpoint", "localhost\n3", "localhost\n4"),
		"a name":               replacing("signatories.json", `"disclosures":["`, `"disclosures":["A`),
		"an error":             func(path string, b []byte) []byte { return []byte("internal error") },
	}
	for name, lie := range lies {
		mu.Lock()
		lied := false
		tamper = func(path string, b []byte) []byte {
			if !strings.HasPrefix(path, "/api/") && path != "/checkpoint" {
				return b
			}
			out := lie(path, b)
			lied = lied || !bytes.Equal(out, b)
			return out
		}
		mu.Unlock()
		for _, copied := range []string{latest, altered} {
			if word, said := p.paste("/", copied); word != "Unchecked" {
				t.Errorf("%s: %s\n%s", name, word, said)
			}
		}
		mu.Lock()
		if !lied {
			t.Errorf("%s: nothing was changed", name)
		}
		mu.Unlock()
	}
}

// tampering is a service whose answers are changed on their way; nil is one that is not
// found.
func tampering(t *testing.T, service string, tamper func(path string, body []byte) []byte) *httptest.Server {
	t.Helper()
	target, err := url.Parse(service)
	check(t, err)
	proxy := &httputil.ReverseProxy{
		Transport: &http.Transport{DisableCompression: true},
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(target)
			r.Out.Header.Del("Accept-Encoding")
		},
		ModifyResponse: func(r *http.Response) error {
			var b bytes.Buffer
			if _, err := b.ReadFrom(r.Body); err != nil {
				return err
			}
			out := tamper(r.Request.URL.Path, b.Bytes())
			r.Body = http.NoBody
			if out == nil {
				r.StatusCode = http.StatusNotFound
			} else {
				r.Body = readCloser{bytes.NewReader(out)}
			}
			r.ContentLength = int64(len(out))
			r.Header.Del("Content-Length")
			return nil
		},
	}
	server := httptest.NewServer(proxy)
	t.Cleanup(server.Close)
	return server
}

type readCloser struct{ *bytes.Reader }

func (readCloser) Close() error { return nil }

func replacing(suffix, old, new string) func(string, []byte) []byte {
	return func(path string, b []byte) []byte {
		if strings.HasSuffix(path, suffix) {
			return bytes.Replace(b, []byte(old), []byte(new), 1)
		}
		return b
	}
}

func dropping(suffix string) func(string, []byte) []byte {
	return func(path string, b []byte) []byte {
		if strings.HasSuffix(path, suffix) {
			return nil
		}
		return b
	}
}
