package site

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"encoding/xml"
	"errors"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"

	"golang.org/x/net/html"
)

// ask gets a page with an Accept-Language header.
func (w *world) ask(path, languages string) *httptest.ResponseRecorder {
	w.t.Helper()
	r := httptest.NewRequest(http.MethodGet, path, nil)
	r.Header.Set("Accept-Language", languages)
	return w.do(r)
}

// every is each kind of page.
var every = []string{"/", "/p/wells", "/p/wells/v/1", "/p/wells/history", "/p/wells/compare/1/2", "/p/wells/chain", "/p/wells/embed", "/p/wells/v/2/print/ar", "/log", "/log/entries/1", "/check", "/share",
	"/p/springs", "/p/springs/history", "/p/springs/chain", "/p/springs/v/2", "/p/harbour", "/p/harbour/embed", "/p/harbour/chain", "/p/harbour/v/1/print/en"}

// TestLanguages: the address names the language, or else the browser; a link in a language
// stays in it; the same page is one click away in the others.
func TestLanguages(t *testing.T) {
	w := newWorld(t)
	w.wells()
	w.harbour()
	w.springs()
	w.retract("springs", 1, `<img src=x onerror=alert(5)>`)
	for _, path := range every {
		for lang, dir := range map[string]string{"en": "ltr", "fr": "ltr", "ar": "rtl"} {
			named, asked := w.ask("/"+lang+path, "de"), w.ask(path, lang+"-MA, de;q=0.5")
			for what, rec := range map[string]*httptest.ResponseRecorder{"named": named, "asked": asked} {
				root := parse(t, rec)
				for n := range root.Descendants() {
					if n.Type == html.ElementNode && n.Data == "html" && (attr(n, "lang") != lang || attr(n, "dir") != dir) {
						t.Errorf("%s %s %s: lang %q, dir %q", what, lang, path, attr(n, "lang"), attr(n, "dir"))
					}
				}
				if rec.Code != 200 || rec.Header().Get("Content-Language") != lang || strings.Contains(rec.Header().Get("Vary"), "Accept-Language") != (what == "asked") {
					t.Errorf("%s %s %s: %d %v", what, lang, path, rec.Code, rec.Header())
				}
				if body := rec.Body.String(); strings.Contains(body, "<no value>") || strings.Contains(body, "%!") || strings.Contains(body, "{{") {
					t.Errorf("%s %s: a message lacks a value", lang, path)
				}
			}
			for n := range parse(t, named).Descendants() {
				href := attr(n, "href")
				if n.Data != "a" || !strings.HasPrefix(href, "/") || strings.HasPrefix(href, "/api/") || attr(n, "hreflang") != "" || slices.Contains([]string{checkpointPath, trustedRootPath, "/verifier.html"}, href) || strings.HasSuffix(href, ".zip") {
					continue
				}
				if !strings.HasPrefix(href, "/"+lang+"/") {
					t.Errorf("%s %s: the link %s leaves the language", lang, path, href)
				}
			}
		}
	}
}

// TestLinksLead: every link of every page leads to something.
func TestLinksLead(t *testing.T) {
	w := newWorld(t)
	w.wells()
	w.springs()
	seen, open := map[string]bool{}, []string{"/ar/", "/p/wells/embed", "/fr/log"}
	for len(open) > 0 {
		path := open[0]
		open = open[1:]
		rec := w.get(path)
		if rec.Code != 200 {
			t.Errorf("%s: status %d", path, rec.Code)
			continue
		}
		if !strings.HasPrefix(rec.Header().Get("Content-Type"), "text/html") || strings.HasSuffix(path, "/verifier.html") {
			continue
		}
		for n := range parse(t, rec).Descendants() {
			next := attr(n, "href") + attr(n, "src")
			next, _, _ = strings.Cut(next, "#")
			if n.Type != html.ElementNode || !strings.HasPrefix(next, "/") || seen[next] || strings.HasPrefix(next, "/api/") || next == checkpointPath || next == trustedRootPath {
				continue
			}
			seen[next] = true
			open = append(open, next)
		}
	}
	if len(seen) < 150 {
		t.Errorf("only %d addresses were found", len(seen))
	}
}

// TestPagesArePacked: what is everybody's is compressed; what holds a stranger's text is not.
func TestPagesArePacked(t *testing.T) {
	w := newWorld(t)
	w.wells()
	for path, want := range map[string]string{"/p/wells": "gzip", "/check?url=x": ""} {
		r := httptest.NewRequest(http.MethodGet, path, nil)
		r.Header.Set("Accept-Encoding", "br, gzip")
		rec := w.do(r)
		if got := rec.Header().Get("Content-Encoding"); got != want {
			t.Errorf("%s: %q", path, got)
		}
		if want == "gzip" {
			z, err := gzip.NewReader(rec.Body)
			check(t, err)
			b, err := io.ReadAll(z)
			check(t, err)
			if !bytes.Equal(b, w.get(path).Body.Bytes()) {
				t.Errorf("%s: another page", path)
			}
		}
	}
}

func TestFeeds(t *testing.T) {
	w := newWorld(t)
	w.wells()
	w.springs()
	w.retract("springs", 2, `<b>wrong</b> & "sad"`)
	var atom struct {
		Updated string `xml:"updated"`
		Entries []struct {
			ID      string `xml:"id"`
			Title   string `xml:"title"`
			Summary string `xml:"summary"`
		} `xml:"entry"`
	}
	check(t, xml.Unmarshal(w.get("/p/springs/feed.atom").Body.Bytes(), &atom))
	if len(atom.Entries) != 5 || atom.Entries[0].Summary != `<b>wrong</b> & "sad"` || !strings.HasSuffix(atom.Entries[0].Title, "2 was retracted") || atom.Updated == "" {
		t.Errorf("%+v", atom)
	}
	var feed struct {
		Items []struct{ ID, URL string }
	}
	check(t, json.Unmarshal(w.get("/fr/feed.json").Body.Bytes(), &feed))
	ids := map[string]bool{}
	for _, x := range feed.Items {
		ids[x.ID] = true
		if !strings.HasPrefix(x.URL, "https://sijil.example/fr/p/") {
			t.Errorf("%s", x.URL)
		}
	}
	if len(ids) != 7 {
		t.Errorf("%v", slices.Sorted(maps.Keys(ids)))
	}
	if rec := w.get("/p/nothing/feed.atom"); rec.Code != 404 {
		t.Errorf("a feed of nothing: %d", rec.Code)
	}
}

func TestOEmbed(t *testing.T) {
	w := newWorld(t)
	w.harbour()
	for address, want := range map[string]int{
		"https://sijil.example/p/harbour": 200, "https://sijil.example/ar/p/harbour/v/1?x#y": 200, "https://sijil.example/p/nothing": 404, "https://evil.example/p/harbour": 404,
		"https://sijil.example.evil/p/harbour": 404, "https://sijil.example/log": 404, "": 404,
	} {
		if rec := w.get("/oembed?format=json&url=" + address); rec.Code != want {
			t.Errorf("%s: %d", address, rec.Code)
		}
	}
	if rec := w.get("/oembed?format=xml&url=https://sijil.example/p/harbour"); rec.Code != 501 {
		t.Errorf("xml: %d", rec.Code)
	}
}

// TestPlainBadge: the picture claims nothing.
func TestPlainBadge(t *testing.T) {
	w := newWorld(t)
	w.wells()
	for lang, want := range map[string]string{"en": "Check this text", "fr": "Vérifier ce texte", "ar": "تحقق من هذا النص"} {
		rec := w.get("/" + lang + "/p/wells/badge.svg")
		if body := rec.Body.String(); rec.Header().Get("Content-Type") != "image/svg+xml" || !strings.Contains(body, want) || strings.Contains(body, "Authentic") || strings.Contains(body, "12.5l4.5 4.5") {
			t.Errorf("%s: %s", lang, body)
		}
		check(t, xml.Unmarshal(rec.Body.Bytes(), new(struct{})))
	}
}

// TestPageCheck: a link does not fetch; the button does; what is refused says so.
func TestPageCheck(t *testing.T) {
	w := newWorld(t)
	w.wells()
	for address, want := range map[string][2]string{
		"https://endorser.example/call": {"Authentic", "This is what this server was shown at https://endorser.example/call on"},
		"https://gone.example/":         {"Unchecked", "could not be fetched"},
		"http://10.0.0.1/":              {"Unchecked", "not an address that is fetched here"},
		`"><script>alert(1)</script>`:   {"Unchecked", "not an address that is fetched here"},
	} {
		rec := w.send(map[string]string{"address": address, "publication": "wells"}, "")
		root := parse(t, rec)
		if got := words(root, element("h1")); got != want[0] || !strings.Contains(words(root, element("main")), want[1]) {
			t.Errorf("%s: %s\n%s", address, got, words(root, element("main")))
		}
	}
	// From a page of another site nothing is fetched.
	cross := httptest.NewRequest(http.MethodPost, "/verify", strings.NewReader("address=https%3A%2F%2Fendorser.example%2Fcall"))
	cross.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	cross.Header.Set("Sec-Fetch-Site", "cross-site")
	if rec := w.do(cross); rec.Code != http.StatusForbidden {
		t.Errorf("from another site: %d", rec.Code)
	}
	root := parse(t, w.get("/check?publication=wells&url=%22%3E%3Cscript%3Ealert(1)%3C/script%3E"))
	if !has(root, func(n *html.Node) bool { return n.Data == "input" && attr(n, "value") == `"><script>alert(1)</script>` }) {
		t.Error("the address is not in its field")
	}
	if got := words(parse(t, w.send(map[string]string{"address": "https://endorser.example/call", "text": "two copies"}, "")), element("main")); !strings.Contains(got, "Two copies arrived together") {
		t.Error(got)
	}
}

// memory is an archive of scripts.
type memory struct {
	mu    sync.Mutex
	files map[string][]byte
}

func (m *memory) Put(name string, body []byte) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.files[name] = body
	return nil
}

func (m *memory) Get(name string) ([]byte, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if b, ok := m.files[name]; ok {
		return b, nil
	}
	return nil, errors.New("none")
}

// TestEarlierScripts: what pages of other sites name stays there after an update, and only
// under its own digest.
func TestEarlierScripts(t *testing.T) {
	names := []string{"more", "engine", "difference", "ed25519"}
	m := &memory{files: map[string][]byte{"badge.0123456789abcdef.js": []byte("changed")}}
	for _, name := range names {
		m.files[name+".ba7816bf8f01cfea.js"] = []byte("abc")
	}
	h, err := New(Config{Service: newWorld(t).service, Archive: m})
	check(t, err)
	get := func(path string) *httptest.ResponseRecorder {
		rec := httptest.NewRecorder()
		h.ServeHTTP(rec, httptest.NewRequest(http.MethodGet, path, nil))
		return rec
	}
	for _, name := range names {
		rec := get("/static/" + name + ".ba7816bf8f01cfea.js")
		if rec.Code != 200 || rec.Body.String() != "abc" || rec.Header().Get("Access-Control-Allow-Origin") != "*" || rec.Header().Get("Cross-Origin-Resource-Policy") != "cross-origin" {
			t.Errorf("%d %v", rec.Code, rec.Header())
		}
	}
	for _, path := range []string{"/static/badge.0123456789abcdef.js", "/static/badge.ffffffffffffffff.js", "/static/..%2fdata.js"} {
		if rec := get(path); rec.Code == 200 {
			t.Errorf("%s is served", path)
		}
	}
	if len(m.files) != len(names)+1+len(shared) {
		t.Errorf("%d files are kept", len(m.files))
	}
}

// TestSizes: what a phone has to fetch before anything shows, and a badge's first script.
func TestSizes(t *testing.T) {
	s, err := newSite(Config{})
	check(t, err)
	for path, most := range map[string]int{s.badgeScript: 8000, s.script: 3 << 10, s.style: 6 << 10, s.engine: 68 << 10} {
		if n := len(s.assets[strings.TrimPrefix(path, "/static/")].packed); n == 0 || n > most {
			t.Errorf("%s: %d bytes, at most %d", path, n, most)
		}
	}
}

// TestStyleHasNoSides: the pages are as good from right to left.
func TestStyleHasNoSides(t *testing.T) {
	s, err := newSite(Config{})
	check(t, err)
	css := string(s.assets[strings.TrimPrefix(s.style, "/static/")].body)
	for _, bad := range []string{"left:", "right:", "margin-left", "margin-right", "padding-left", "padding-right", "border-left", "border-right", "text-align: left", "text-align: right", "float"} {
		if strings.Contains(css, bad) {
			t.Errorf("the style holds %q", bad)
		}
	}
}
