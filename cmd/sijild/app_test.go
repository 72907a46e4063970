package main

import (
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/sijil/sijil/internal/browsertest"
	"github.com/sijil/sijil/internal/logtest"
)

// hang is a line that carries nothing and does not end; slow one that answers later than
// the page's worker waits where it has kept an answer.
const (
	hang = -2
	slow = -3
)

const later = 6 * time.Second

// line is a connection to a service that can be cut, and that notes what it carried.
type line struct {
	*httptest.Server
	cut atomic.Int32 // 0: no; a status to answer with; -1: dropped connections; hang; slow

	mu     sync.Mutex
	posted []string
}

func newLine(t *testing.T, service string) *line {
	t.Helper()
	target, err := url.Parse(service)
	check(t, err)
	l := &line{}
	proxy := httputil.NewSingleHostReverseProxy(target)
	l.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost {
			l.mu.Lock()
			l.posted = append(l.posted, r.URL.Path)
			l.mu.Unlock()
		}
		switch cut := l.cut.Load(); cut {
		case 0:
			proxy.ServeHTTP(w, r)
		case hang:
			<-r.Context().Done()
		case slow:
			select {
			case <-time.After(later):
				proxy.ServeHTTP(w, r)
			case <-r.Context().Done():
			}
		case -1:
			panic(http.ErrAbortHandler)
		default:
			w.WriteHeader(int(cut))
		}
	}))
	t.Cleanup(l.Close)
	return l
}

// installed waits until the page's worker has kept what the page needs.
func (p *person) installed() {
	p.t.Helper()
	p.run(chromedp.Poll(`navigator.serviceWorker.controller !== null`, nil, chromedp.WithPollingTimeout(20*time.Second)),
		chromedp.Evaluate(`(async () => { for (;;) { const c = await caches.open("sijil-pages-1"); const n = document.querySelector("meta[name=sijil-words]").content;
			if (await c.match(new URL(n, location.href).href)) return true; await new Promise((r) => setTimeout(r, 50)); } })()`, nil, browsertest.Await))
}

// TestAppOffline: a publication that was seen before is checked without a network, and the
// page says that it knows nothing of today.
func TestAppOffline(t *testing.T) {
	c, _, editions := rivers(t)
	l := newLine(t, c.url)
	p := newPerson(t, l.URL)
	latest := editions[1].Texts["en"]
	p.run(chromedp.Navigate(l.URL + "/fr/"))
	p.installed()
	if word, said := p.paste("/fr/", latest); word != "Identique" {
		t.Fatalf("with a network: %s", said)
	}
	for _, cut := range []int32{503, -1} {
		l.cut.Store(cut)
		word, said := p.paste("/fr/", latest)
		if word != "Identique" || !strings.Contains(said, "Sans réseau") || !strings.Contains(said, "On ne sait pas") || strings.Contains(said, "Oui, c’est la dernière version") {
			t.Errorf("cut off (%d): %s\n%s", cut, word, said)
		}
		if word, said = p.paste("/fr/", strings.Replace(latest, " the ", " not the ", 1)); word != "Altéré" {
			t.Errorf("cut off (%d), altered: %s\n%s", cut, word, said)
		}
		if word, said = p.paste("/fr/", "The weather is fine today, and will be tomorrow as well."); word != "Non vérifié" {
			t.Errorf("cut off (%d), another text: %s\n%s", cut, word, said)
		}
	}
	// The service is back: what was kept no longer counts.
	l.cut.Store(0)
	if _, said := p.paste("/fr/", latest); strings.Contains(said, "Sans réseau") || !strings.Contains(said, "Oui, c’est la dernière version") {
		t.Errorf("back again: %s", said)
	}
}

// TestAppSlow: a page that is slow to come is waited for, or is the one that was kept of
// its own address and says so; another page is shown only where there is no network.
func TestAppSlow(t *testing.T) {
	c, _, _ := rivers(t)
	l := newLine(t, c.url)
	p := newPerson(t, l.URL)
	p.run(chromedp.Navigate(l.URL + "/fr/"))
	p.installed()
	at := func(cut int32, path string) (address, shown string, marked bool) {
		t.Helper()
		l.cut.Store(cut)
		p.run(chromedp.Navigate(l.URL+path), chromedp.Location(&address), chromedp.Text("h1", &shown), chromedp.Evaluate(`!document.getElementById("saved").hidden`, &marked))
		return address, shown, marked
	}
	_, home, marked := at(0, "/fr/")
	if marked {
		t.Error("a page from the network says that it was kept")
	}
	if _, shown, marked := at(slow, "/fr/p/river"); shown == home || marked {
		t.Errorf("a slow page is %q, marked %v", shown, marked)
	}
	if _, shown, marked := at(slow, "/fr/"); shown != home || !marked {
		t.Errorf("a slow page that was kept is %q, marked %v", shown, marked)
	}
	if _, shown, marked := at(-1, "/fr/p/river/history"); shown != home || !marked {
		t.Errorf("without a network, a page that was never seen is %q, marked %v", shown, marked)
	}
}

// TestAppShare: what another app shares goes to the verdict, and to no server.
func TestAppShare(t *testing.T) {
	c, _, editions := rivers(t)
	l := newLine(t, c.url)
	p := newPerson(t, l.URL)
	latest := editions[1].Texts["ar"]
	p.run(chromedp.Navigate(l.URL + "/ar/"))
	p.installed()
	share := func(fields string) (word, said string) {
		t.Helper()
		// As a browser does when a person chooses this app: a form is posted.
		p.run(chromedp.Navigate(l.URL+"/ar/log"), chromedp.Evaluate(fmt.Sprintf(`(() => {
			const f = document.createElement("form"); f.method = "post"; f.action = "/ar/share"; f.enctype = "multipart/form-data";
			const put = (name, value) => { const i = document.createElement("textarea"); i.name = name; i.value = value; f.append(i); };
			const file = (name, text) => { const i = document.createElement("input"); i.type = "file"; i.name = "file"; const t = new DataTransfer(); t.items.add(new File([text], name)); i.files = t.files; f.append(i); };
			%s; document.body.append(f); f.submit(); })()`, fields), nil))
		return p.answer()
	}
	for name, x := range map[string]struct{ fields, word string }{
		"a text":         {fmt.Sprintf(`put("title", "forwarded"); put("text", %q)`, strings.ReplaceAll(latest, " ", "  ")), "أصيل"},
		"an altered one": {fmt.Sprintf(`put("text", %q)`, strings.Replace(latest, "تسعة", "سبع", 1)), "محرَّف"},
		"a file":         {fmt.Sprintf(`file("forwarded.txt", %q)`, latest), "مطابق"},
		"a title alone":  {fmt.Sprintf(`put("title", %q)`, latest), "أصيل"},
	} {
		word, said := share(x.fields)
		if word != x.word && !(x.word == "أصيل" && word == "مطابق") {
			t.Errorf("%s: %s\n%s", name, word, said)
		}
	}
	// It is handed over once.
	p.run(chromedp.Navigate(l.URL+"/ar/?shared"), chromedp.WaitReady("#answer"))
	var empty string
	p.run(chromedp.Value("#text", &empty, chromedp.ByQuery))
	if empty != "" {
		t.Errorf("what was shared is still there: %q", empty)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.posted) > 0 {
		t.Errorf("posted to the server: %q", l.posted)
	}
}

// TestPageCode: a code leads to the check of its publication, and one that names another
// genesis is believed nothing.
func TestPageCode(t *testing.T) {
	c, pub, editions := rivers(t)
	p := newPerson(t, c.url)
	genesis := pub.genesis.Envelope.Digest().Hex()
	n := 0
	for hash, want := range map[string]string{"river&genesis=" + genesis: "Identical", "river&genesis=" + strings.Repeat("0", 64): "Unchecked", "river": "Identical", "nothing": "Identical"} {
		n++
		if word, said := p.paste(fmt.Sprintf("/en/?%d#check=%s", n, hash), editions[1].Texts["en"]); word != want {
			t.Errorf("%s: %s\n%s", hash, word, said)
		}
	}
}

// TestPageByAddress: the page of another site is fetched when a person asks for it, and
// after the page has said so.
func TestPageByAddress(t *testing.T) {
	c := newCaller(t, serveOptions{noLimits: true, fetch: fetchPrivate}, slog.DiscardHandler)
	pub := newPublication(t, c.key, "river")
	expect(t, "create", c.create(c.token("river"), encode(t, pub.genesis)), 201, "")
	s := pub.next(t, logtest.River()[0])
	expect(t, "version", c.submit("river", s), 201, "")
	var fetched atomic.Int32
	site := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fetched.Add(1)
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = fmt.Fprintf(w, "<!doctype html><meta charset=utf-8><nav>Home</nav><article><p>%s</p></article>", strings.ReplaceAll(strings.Replace(logtest.River()[0].Texts["en"], "seven", "six", 1), "\n\n", "</p><p>"))
	}))
	defer site.Close()
	p := newPerson(t, c.url)
	p.run(chromedp.Navigate(c.url+"/en/check?publication=river&url="+url.QueryEscape(site.URL+"/call")), chromedp.WaitVisible("#address"))
	if fetched.Load() != 0 {
		t.Error("a link alone made the service fetch")
	}
	p.run(chromedp.Click("main button", chromedp.ByQuery))
	if word, said := p.answer(); word != "Altered" || !strings.Contains(said, "This is what this server was shown at "+site.URL+"/call") || !strings.Contains(said, "six") {
		t.Errorf("%s\n%s", word, said)
	}
	p.run(chromedp.Navigate(c.url+"/en/"), chromedp.WaitReady("#answer"), chromedp.SetValue("#address", site.URL, chromedp.ByQuery), chromedp.Click("form.check button[type=submit]", chromedp.ByQuery),
		chromedp.WaitVisible("#answer button"))
	if n := fetched.Load(); n != 1 {
		t.Errorf("fetched %d times before the person agreed", n)
	}
	p.run(chromedp.Click("#answer button", chromedp.ByQuery), chromedp.WaitVisible("section.verdict"))
	if word, _ := p.answer(); word != "Altered" {
		t.Error(word)
	}
}

// TestAddressesOfThisMachine: a service on the internet fetches nothing from where only it
// can reach.
func TestAddressesOfThisMachine(t *testing.T) {
	c := newCaller(t, serveOptions{noLimits: true, fetch: fetchOn}, slog.DiscardHandler)
	for _, address := range []string{c.url, "http://127.0.0.1/", "http://[::1]/", "http://169.254.169.254/latest/meta-data/", "file:///etc/passwd", "http://[fe80::1%25eth0]/"} {
		res, err := http.PostForm(c.url+"/en/verify", url.Values{"address": {address}}) //nolint:noctx // a test's own server
		check(t, err)
		body, err := io.ReadAll(res.Body)
		check(t, err)
		check(t, res.Body.Close())
		if res.StatusCode != 200 || !strings.Contains(string(body), "not an address that is fetched here") {
			t.Errorf("%s: status %d", address, res.StatusCode)
		}
	}
}

// plain gets a document that the description of the API does not hold.
func (c *caller) plain(path string) []byte {
	c.t.Helper()
	res, err := http.Get(c.url + path) //nolint:noctx // a test's own server
	check(c.t, err)
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	check(c.t, err)
	if res.StatusCode != http.StatusOK {
		c.t.Fatalf("%s: status %d: %s", path, res.StatusCode, b)
	}
	return b
}

// TestPageDrop: a file that is dropped on the form is checked at once.
func TestPageDrop(t *testing.T) {
	c, _, editions := rivers(t)
	p := newPerson(t, c.url)
	p.run(chromedp.Navigate(c.url+"/en/"), chromedp.WaitReady("#answer"), chromedp.Evaluate(fmt.Sprintf(`{
		const t = new DataTransfer(); t.items.add(new File([%q], "forwarded.txt"));
		document.querySelector("form.check").dispatchEvent(new DragEvent("drop", { dataTransfer: t, bubbles: true, cancelable: true })); }`, editions[1].Texts["en"]), nil))
	if word, said := p.answer(); word != "Identical" {
		t.Errorf("%s\n%s", word, said)
	}
	if others := p.others(); len(others) > 0 {
		t.Errorf("sent: %q", others)
	}
}

// TestPageClipboard: what is on the clipboard is checked at a button; five megabytes of it
// are refused in words, and so is a browser that does not give it.
func TestPageClipboard(t *testing.T) {
	c, _, editions := rivers(t)
	p := newPerson(t, c.url)
	for name, x := range map[string]struct{ holds, says string }{
		"a text":         {fmt.Sprintf("Promise.resolve(%q)", editions[1].Texts["en"]), "the text file of version 2"},
		"five megabytes": {`Promise.resolve("word ".repeat((1 << 20) + 8))`, "any declaration"},
		"nothing given":  {`Promise.reject(new Error("denied"))`, "The browser did not give what is on the clipboard."},
	} {
		p.run(chromedp.Navigate(c.url+"/en/"), chromedp.WaitVisible(".clipboard button"), chromedp.Evaluate(`navigator.clipboard.readText = () => `+x.holds+`; 0`, nil),
			chromedp.Click(".clipboard button", chromedp.ByQuery), chromedp.WaitVisible("#answer [tabindex]"))
		var said string
		p.run(chromedp.Text("#answer", &said))
		if !strings.Contains(strings.ReplaceAll(said, "\u00a0", " "), x.says) {
			t.Errorf("%s: %s", name, said)
		}
	}
	if others := p.others(); len(others) > 0 {
		t.Errorf("sent: %q", others)
	}
}
