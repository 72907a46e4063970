package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"html"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"

	"github.com/sijil/sijil/internal/badge"
)

// embedder is another site, whose pages carry the badge under the strictest policy.
type embedder struct {
	*person
	site    *httptest.Server
	snippet string
	page    atomic.Value // the body of its page
}

var snippetOf = regexp.MustCompile(`(?s)<pre class="command" dir="ltr">(&lt;script.*?)</pre>`)

// newEmbedder copies the snippet from the service's own page for webmasters.
func newEmbedder(t *testing.T, service string) *embedder {
	t.Helper()
	p := newPerson(t, service)
	res, err := http.Get(service + "/en/p/river/embed") //nolint:noctx // a test's own server
	check(t, err)
	body, err := io.ReadAll(res.Body)
	check(t, err)
	check(t, res.Body.Close())
	found := snippetOf.FindStringSubmatch(string(body))
	if found == nil {
		t.Fatal("the page has no snippet")
	}
	e := &embedder{person: p, snippet: strings.ReplaceAll(html.UnescapeString(found[1]), "http://localhost/", service+"/")}
	policy := fmt.Sprintf("default-src 'none'; script-src %s; connect-src %s; img-src %s; style-src 'unsafe-inline'; frame-src 'self'; require-trusted-types-for 'script'", service, service, service)
	e.site = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Security-Policy", policy)
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		if r.URL.Path == "/frame" {
			_, _ = fmt.Fprint(w, `<!doctype html><title>frame</title><iframe src="/" width="800" height="800"></iframe>`)
			return
		}
		_, _ = fmt.Fprint(w, e.page.Load())
	}))
	t.Cleanup(e.site.Close)
	// The badge's shadow root is closed; what it found is told by an event.
	p.run(chromedp.ActionFunc(func(ctx context.Context) error {
		_, err := page.AddScriptToEvaluateOnNewDocument(`document.addEventListener("sijil", (e) => (window.state = e.detail), true)`).Do(ctx)
		return err
	}))
	return e
}

// article is a page of a site, with menus round the text and the badge below it.
func (e *embedder) article(text, more string) {
	paragraphs := "<p>" + strings.ReplaceAll(strings.ReplaceAll(html.EscapeString(strings.TrimSpace(text)), "\n\n", "</p><p>"), "\n", "<br>") + "</p>"
	e.page.Store(`<!doctype html><html lang="en"><title>A site</title><body><nav>Home · News · Contact</nav><article>` + paragraphs + `</article>` + e.snippet + more + `<footer>Follow us</footer></body></html>`)
}

// state opens a page and waits until the badge has decided.
func (e *embedder) state(path string) (state string) {
	e.t.Helper()
	e.run(chromedp.Navigate(e.site.URL+path), chromedp.Poll(`window.state && window.state !== "checking"`, nil, chromedp.WithPollingTimeout(20*time.Second)),
		chromedp.Evaluate(`window.state`, &state))
	return state
}

// becomes waits until the badge shows a state.
func (e *embedder) becomes(want string) {
	e.t.Helper()
	e.run(chromedp.Poll(fmt.Sprintf(`window.state === %q`, want), nil, chromedp.WithPollingTimeout(20*time.Second)))
}

// spoken is what a screen reader says of the badge's link.
func (e *embedder) spoken() string {
	e.t.Helper()
	var said []string
	e.run(chromedp.ActionFunc(func(ctx context.Context) error {
		type value struct {
			Value any `json:"value"`
		}
		var tree struct {
			Nodes []struct {
				Role value `json:"role"`
				Name value `json:"name"`
			} `json:"nodes"`
		}
		err := cdp.Execute(ctx, "Accessibility.getFullAXTree", nil, &tree)
		for _, n := range tree.Nodes {
			if n.Role.Value == "link" {
				said = append(said, fmt.Sprint(n.Name.Value))
			}
		}
		return err
	}))
	return strings.Join(said, "\n")
}

// TestBadge: on a page of another site, under its strictest policy, the badge says what
// the page shows.
func TestBadge(t *testing.T) {
	c, pub, editions := rivers(t)
	e := newEmbedder(t, c.url)
	latest := editions[1].Texts["en"]
	withList := latest + "\n\nSigned by\n\n• " + strings.Join(editions[1].Names, "\n• ")
	for name, x := range map[string]struct{ text, more, want string }{
		"authentic":            {latest, "", "authentic"},
		"with its list":        {withList, "", "authentic"},
		"Arabic":               {editions[1].Texts["ar"], "", "authentic"},
		"superseded":           {editions[0].Texts["en"], "", "superseded"},
		"excerpt":              {"The river belongs to all who drink from it. We count nine bridges.", "", "excerpt"},
		"altered":              {strings.Replace(latest, " the ", " not the ", 1), "", "altered"},
		"a name more":          {withList + "\n• Dam Builders Federation", "", "altered"},
		"another text":         {"The weather is fine today, and will be tomorrow as well, they say.", "", "unknown"},
		"hidden words":         {latest, `<style>article p:nth-of-type(2){color:#fff}</style>`, "altered"},
		"covered":              {latest, `<div style="position:absolute;inset:0;background:#fff">We ask for nothing.</div>`, "unchecked"},
		"words of the style":   {latest, `<style>article p::before{content:"Do not: "}</style>`, "unchecked"},
		"turned round":         {latest, `<style>article p{unicode-bidi:bidi-override;direction:rtl}</style>`, "unchecked"},
		"capitals by style":    {latest, `<style>article{text-transform:uppercase}</style>`, "unchecked"},
		"struck through":       {latest, `<style>article p:last-of-type{text-decoration:line-through}</style>`, "unchecked"},
		"left out by display":  {latest, `<style>article p:last-of-type{display:none}</style>`, "excerpt"},
		"dark":                 {latest, `<style>:root{color-scheme:dark}</style>`, "authentic"},
		"dark words on dark":   {latest, `<style>:root{color-scheme:dark}article p:nth-of-type(2){color:Canvas}</style>`, "altered"},
		"the same by a meta":   {latest, `<meta name="color-scheme" content="dark"><style>article p:nth-of-type(2){color:Canvas}</style>`, "altered"},
		"menus in the article": {"Share · Print\n\n" + latest, "", "authentic"},
	} {
		e.article(x.text, x.more)
		if got := e.state("/"); got != x.want {
			t.Errorf("%s: %s, want %s", name, got, x.want)
		}
	}
	for lang, want := range map[string]string{"en": "The text on this page is the published one", "fr": "Le texte de cette page est celui qui a été publié", "ar": "النص في هذه الصفحة هو المنشور"} {
		e.article(latest, "")
		e.page.Store(strings.Replace(e.page.Load().(string), `lang="en">`, `lang="`+lang+`">`, 2))
		if e.state("/"); !strings.Contains(e.spoken(), want) {
			t.Errorf("%s: a screen reader says %q", lang, e.spoken())
		}
	}

	// A page that changes itself after the check.
	e.article(latest, "")
	e.state("/")
	e.run(chromedp.Evaluate(`document.querySelector("article p:nth-of-type(2)").firstChild.data = "The river belongs to nobody. We count nine bridges."`, nil))
	e.becomes("altered")
	e.run(chromedp.Evaluate(`{const d = document.createElement("div"); d.style.cssText = "position:fixed;inset:0;background:#fff"; d.textContent = "nothing"; document.querySelector("article p:nth-of-type(2)").firstChild.data = "The river belongs to all who drink from it. We count nine bridges."; document.body.append(d)}`, nil))
	e.becomes("unchecked")

	// In a frame, another page decides what is seen.
	e.article(latest, "")
	e.run(chromedp.Navigate(e.site.URL+"/frame"), chromedp.Poll(`frames[0]?.state && frames[0].state !== "checking"`, nil, chromedp.WithPollingTimeout(20*time.Second)))
	var framed string
	e.run(chromedp.Evaluate(`frames[0].state`, &framed))
	if framed != "unchecked" {
		t.Errorf("in a frame: %s", framed)
	}

	// Attributes that name another publication.
	for name, replace := range map[string][2]string{"another genesis": {"sha256:", "sha256:0"}, "an unknown publication": {`publication="river"`, `publication="rivers"`}} {
		e.article(latest, "")
		e.page.Store(strings.Replace(e.page.Load().(string), replace[0], replace[1], 1))
		if name == "another genesis" {
			e.page.Store(strings.Replace(e.page.Load().(string), "sha256:0", "sha256:", 1))
			e.page.Store(regexp.MustCompile(`sha256:[0-9a-f]{64}`).ReplaceAllString(e.page.Load().(string), "sha256:"+strings.Repeat("0", 64)))
		}
		if got := e.state("/"); got != "unchecked" {
			t.Errorf("%s: %s", name, got)
		}
	}

	// Retracted.
	expect(t, "retract", c.submit("river", pub.retraction(t, 3, 2, pub.previous)), 201, "")
	e.article(latest, "")
	if got := e.state("/"); got != "retracted" {
		t.Errorf("retracted: %s", got)
	}

	for _, r := range e.requests() {
		_, address, _ := strings.Cut(r, " ")
		if !strings.HasPrefix(address, e.site.URL+"/") && !strings.HasPrefix(address, c.url+"/") || !strings.HasPrefix(r, "GET ") {
			t.Errorf("the page asked %s", r)
		}
	}
}

// TestBadgeAndALyingServer: whatever the service's answers are changed to, the badge has
// no tick; a script that was changed does not run at all.
func TestBadgeAndALyingServer(t *testing.T) {
	c, _, editions := rivers(t)
	var lie atomic.Value
	lie.Store(func(_ string, b []byte) []byte { return b })
	server := tampering(t, c.url, func(path string, b []byte) []byte { return lie.Load().(func(string, []byte) []byte)(path, b) })
	e := newEmbedder(t, server.URL)
	latest := editions[1].Texts["en"]
	e.article(latest, "")
	if got := e.state("/"); got != "authentic" {
		t.Fatalf("through the proxy: %s", got)
	}
	// The same lie in the evidence and in the badge document.
	both := func(evidence, document func(string, []byte) []byte) func(string, []byte) []byte {
		return func(path string, b []byte) []byte {
			if b = evidence(path, b); b == nil {
				return nil
			}
			return document(path, b)
		}
	}
	const document = "/badge.json"
	for name, x := range map[string]func(string, []byte) []byte{
		"a signature":       both(replacing(".bundle.json", `"sig":"ME`, `"sig":"MF`), replacing(document, `"signature":"`, `"signature":"AAAA`)),
		"another signature": both(replacing(".bundle.json", `"sig":"ME`, `"sig":"MF`), withoutSignature),
		"no second version": both(dropping("records/2.bundle.json"), withoutLast),
		"an old head":       both(replacing("/head", "\n2\n3\n", "\n1\n3\n"), replacing(document, `\n2\n3\n`, `\n1\n3\n`)),
		"a checkpoint":      both(replacing("/checkpoint", "localhost\n3", "localhost\n4"), replacing(document, `localhost\n3`, `localhost\n4`)),
		"the text":          both(replacing("text.en.txt", "nine", "ninety"), replacing(document, "nine", "ninety")),
		"no trust file":     both(dropping("trust.json"), replacing(document, `"policy":"`, `"policy":"\n`)),
		"no document":       both(dropping("trust.json"), dropping(document)),
		"an engine for all": both(dropping(document), func(path string, b []byte) []byte {
			if strings.HasPrefix(path, "/static/engine.") {
				return bytes.ReplaceAll(b, []byte("unchecked"), []byte("authentic"))
			}
			return b
		}),
		"more for all": both(dropping(document), func(path string, b []byte) []byte {
			if strings.HasPrefix(path, "/static/more.") {
				return append(b, " "...)
			}
			return b
		}),
		"errors": func(path string, b []byte) []byte {
			if strings.HasPrefix(path, "/static/") {
				return b
			}
			return []byte("internal error")
		},
	} {
		lie.Store(x)
		e.article(latest, "")
		if got := e.state("/"); got != "unchecked" {
			t.Errorf("%s: %s", name, got)
		}
	}

	lie.Store(func(path string, b []byte) []byte {
		if strings.HasPrefix(path, "/static/badge.") {
			return append(b, " "...)
		}
		return b
	})
	var defined bool
	e.run(chromedp.Navigate(e.site.URL+"/"), chromedp.Evaluate(`customElements.get("sijil-badge") !== undefined`, &defined))
	if defined {
		t.Error("a badge script of another digest runs")
	}
}

// withoutSignature is a badge document whose records have one another's signatures.
func withoutSignature(path string, b []byte) []byte {
	return inDocument(path, b, func(d *badge.Document) {
		d.Records[0].Signature, d.Records[1].Signature = d.Records[1].Signature, d.Records[0].Signature
	})
}

// withoutLast is a badge document that ends a version earlier.
func withoutLast(path string, b []byte) []byte {
	return inDocument(path, b, func(d *badge.Document) {
		d.Records, d.Versions = d.Records[:len(d.Records)-1], d.Versions[:len(d.Versions)-1]
	})
}

func inDocument(path string, b []byte, change func(*badge.Document)) []byte {
	var d badge.Document
	if !strings.HasSuffix(path, "/badge.json") || json.Unmarshal(b, &d) != nil {
		return b
	}
	change(&d)
	out, err := d.Marshal()
	if err != nil {
		return nil
	}
	return out
}

// TestBadgeLoadsMore: a browser without Ed25519 of its own is given one, and what is altered
// is shown word by word.
func TestBadgeLoadsMore(t *testing.T) {
	c, _, editions := rivers(t)
	e := newEmbedder(t, c.url)
	e.run(chromedp.ActionFunc(func(ctx context.Context) error {
		_, err := page.AddScriptToEvaluateOnNewDocument(`
			const importKey = SubtleCrypto.prototype.importKey, attach = Element.prototype.attachShadow;
			SubtleCrypto.prototype.importKey = function (format, key, alg, ...rest) {
				return (alg.name ?? alg) === "Ed25519" ? Promise.reject(new DOMException("none", "NotSupportedError")) : importKey.call(this, format, key, alg, ...rest);
			};
			Element.prototype.attachShadow = function () { return attach.call(this, {mode: "open"}) };`).Do(ctx)
		return err
	}))
	e.article(editions[1].Texts["en"], "")
	if got := e.state("/"); got != "authentic" {
		t.Errorf("without Ed25519: %s", got)
	}
	e.article(strings.Replace(editions[1].Texts["en"], "nine", "ninety", 1), "")
	if got := e.state("/"); got != "altered" {
		t.Errorf("altered: %s", got)
	}
	var shown string
	e.run(chromedp.Evaluate(`{const d = document.querySelector("sijil-badge").shadowRoot.querySelector("details"); [d.querySelector("summary"), d.querySelector("del"), d.querySelector("ins")].map((e) => e.textContent).join("|")}`, &shown))
	if shown != "Show the differences|nine|ninety" {
		t.Errorf("it shows %q", shown)
	}
	var asked []string
	for _, name := range []string{"more", "engine", "difference", "ed25519"} {
		for _, r := range e.requests() {
			if strings.Contains(r, "/static/"+name+".") {
				asked = append(asked, name)
				break
			}
		}
	}
	if len(asked) != 4 {
		t.Errorf("it loads %v", asked)
	}
}
