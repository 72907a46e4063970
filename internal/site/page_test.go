package site

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"github.com/sijil/sijil/internal/evidence"
	"github.com/sijil/sijil/web"
)

// parse reads a page, after looking for what the policy would not let work, and
// for what would make one stranger's text speak for the page.
func parse(t testing.TB, rec *httptest.ResponseRecorder) *html.Node {
	t.Helper()
	body := rec.Body.String()
	for _, r := range "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u200b\u0001" {
		if strings.ContainsRune(body, r) {
			t.Errorf("the page holds a raw %U", r)
		}
	}
	root, err := html.Parse(strings.NewReader(body))
	check(t, err)
	for n := range root.Descendants() {
		if n.Type != html.ElementNode {
			continue
		}
		switch n.Data {
		case "script":
			if !strings.HasPrefix(attr(n, "src"), "/static/") || n.FirstChild != nil {
				t.Errorf("the page has a script that is no file of its own: %q", attr(n, "src"))
			}
		case "style", "iframe", "object", "embed", "base":
			t.Errorf("the page has an element %s", n.Data)
		}
		for _, a := range n.Attr {
			if a.Key == "style" || strings.HasPrefix(a.Key, "on") {
				t.Errorf("<%s> has the attribute %s=%q", n.Data, a.Key, a.Val)
			}
			switch a.Key {
			case "href", "src", "action", "srcset":
				if n.Data == "link" && strings.HasPrefix(a.Val, "https://sijil.example/") {
					continue // this server, by its whole name
				}
				if n.Data == "a" && strings.HasPrefix(a.Val, "mailto:endorse@sijil.example?") {
					continue // the one address to write to
				}
				if !strings.HasPrefix(a.Val, "/") && !strings.HasPrefix(a.Val, "#") || strings.HasPrefix(a.Val, "//") {
					t.Errorf("<%s %s=%q> leaves this server", n.Data, a.Key, a.Val)
				}
			}
		}
	}
	return root
}

// words returns the text of the first element that is chosen, its spaces as one.
func words(root *html.Node, choose func(*html.Node) bool) string {
	for n := range root.Descendants() {
		if n.Type == html.ElementNode && choose(n) {
			var s strings.Builder
			for c := range n.Descendants() {
				if c.Type == html.TextNode {
					s.WriteString(c.Data + " ")
				}
			}
			return strings.Join(strings.Fields(s.String()), " ")
		}
	}
	return ""
}

func element(name string) func(*html.Node) bool {
	return func(n *html.Node) bool { return n.Data == name }
}

func attr(n *html.Node, key string) string {
	for _, a := range n.Attr {
		if a.Key == key {
			return a.Val
		}
	}
	return ""
}

func TestEveryAnswerIsGuarded(t *testing.T) {
	w := newWorld(t)
	w.wells()
	w.harbour()
	w.springs()
	w.retract("springs", 1, `<img src=x onerror=alert(5)>`)
	post := func(body, kind string) *httptest.ResponseRecorder {
		r := httptest.NewRequest(http.MethodPost, "/verify", strings.NewReader(body))
		r.Header.Set("Content-Type", kind)
		return w.do(r)
	}
	for _, x := range []struct {
		name   string
		rec    *httptest.ResponseRecorder
		status int
	}{
		{"home", w.get("/"), 200},
		{"publication", w.get("/p/wells"), 200},
		{"hostile publication", w.get("/p/harbour"), 200},
		{"version", w.get("/p/wells/v/1"), 200},
		{"hostile version", w.get("/p/harbour/v/1"), 200},
		{"history", w.get("/p/wells/history"), 200},
		{"hostile history", w.get("/p/springs/history"), 200},
		{"history of nothing", w.get("/p/nothing/history"), 404},
		{"comparison", w.get("/p/wells/compare/1/2"), 200},
		{"hostile comparison", w.get("/p/springs/compare/1/2"), 200},
		{"with withheld names", w.get("/p/springs/compare/2/3"), 200},
		{"with itself", w.get("/p/wells/compare/2/2"), 200},
		{"with no version", w.get("/p/wells/compare/1/3"), 404},
		{"with version 0", w.get("/p/wells/compare/0/1"), 404},
		{"of nothing", w.get("/p/nothing/compare/1/2"), 404},
		{"comparison chosen", w.get("/p/wells/compare?before=1&after=2"), 303},
		{"none chosen", w.get("/p/wells/compare"), 404},
		{"nonsense chosen", w.get("/p/wells/compare?before=//evil.example&after=2"), 404},
		{"chosen of nothing", w.get("/p/nothing/compare?before=1&after=2"), 404},
		{"retracted version", w.get("/p/springs/v/1"), 200},
		{"trailing slash", w.get("/p/wells/"), 301},
		{"unknown publication", w.get("/p/nothing"), 404},
		{"unknown version", w.get("/p/wells/v/9"), 404},
		{"version zero", w.get("/p/wells/v/0"), 404},
		{"no number", w.get("/p/wells/v/x"), 404},
		{"huge number", w.get("/p/wells/v/99999999999999999999"), 404},
		{"elsewhere", w.get("/<script>alert(1)</script>"), 404},
		{"static unknown", w.get("/static/style.css"), 404},
		{"verdict opened", w.get("/verify"), 405},
		{"home posted", w.do(httptest.NewRequest(http.MethodPost, "/", nil)), 405},
		{"head", w.do(httptest.NewRequest(http.MethodHead, "/p/wells", nil)), 200},
		{"verdict", w.paste(wellsEN, ""), 200},
		{"json", post("{}", "application/json"), 415},
		{"no kind", post("text=a", ""), 415},
		{"broken form", post("--b\r\nContent-Disposition: form-data; name=\"text\"\r\n\r\nhalf", "multipart/form-data; boundary=b"), 400},
		{"no boundary", post("x", "multipart/form-data"), 400},
		{"twice", post("text=a&text=b", "application/x-www-form-urlencoded"), 400},
		{"bad escapes", post("text=%zz", "application/x-www-form-urlencoded"), 400},
		{"many parts", post(strings.Repeat("--b\r\nContent-Disposition: form-data; name=\"x\"\r\n\r\n\r\n", 1)+manyParts(20)+"--b--", "multipart/form-data; boundary=b"), 400},
		{"large paste", w.paste(strings.Repeat("word ", 1<<20+1), ""), 413},
		{"large body", w.upload(strings.Repeat("x", 11<<20), ""), 413},
		{"large urlencoded", post("text="+strings.Repeat("x", 6<<20), "application/x-www-form-urlencoded"), 413},
	} {
		t.Run(x.name, func(t *testing.T) {
			if x.rec.Code != x.status {
				t.Fatalf("status %d, want %d", x.rec.Code, x.status)
			}
			h := x.rec.Header()
			for name, want := range map[string]string{
				"Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; manifest-src 'self'; worker-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types sijil-inert sijil-worker",
				"X-Content-Type-Options":  "nosniff", "Referrer-Policy": "no-referrer",
			} {
				if h.Get(name) != want {
					t.Errorf("%s: %q", name, h.Get(name))
				}
			}
			root := parse(t, x.rec)
			if x.status != 200 && x.status/100 != 3 && words(root, element("h1")) == "" {
				t.Error("the page has no heading")
			}
		})
	}
}

func manyParts(n int) string {
	var s strings.Builder
	for i := range n {
		fmt.Fprintf(&s, "--b\r\nContent-Disposition: form-data; name=\"f%d\"\r\n\r\nv\r\n", i)
	}
	return s.String()
}

func TestMethodNotAllowedNamesTheMethod(t *testing.T) {
	w := newWorld(t)
	if got := w.get("/verify").Header().Get("Allow"); got != "POST" {
		t.Errorf("/verify allows %q", got)
	}
	if got := w.do(httptest.NewRequest(http.MethodDelete, "/p/wells", nil)).Header().Get("Allow"); got != "GET, HEAD" {
		t.Errorf("/p/wells allows %q", got)
	}
}

func TestEmptyService(t *testing.T) {
	w := newWorld(t)
	if got := words(parse(t, w.get("/")), element("main")); !strings.Contains(got, "Nothing has been published here yet.") {
		t.Error(got)
	}
	if got := words(parse(t, w.paste(wellsEN, "")), element("h1")); got != "Unknown" {
		t.Error(got)
	}
}

func TestHomeLists(t *testing.T) {
	w := newWorld(t)
	w.wells()
	w.harbour()
	root := parse(t, w.get("/"))
	main := words(root, element("main"))
	for _, want := range []string{"2 versions, 4 signatories", "1 version, 3 signatories; 1 name is withheld", `"><script>alert(2)</script>`} {
		if !strings.Contains(main, want) {
			t.Errorf("the home page lacks %q:\n%s", want, main)
		}
	}
	if got := words(root, element("select")); got != `everything published here "><script>alert(2)</script> (harbour) A Call for the Wells of Oued Zarg (wells)` {
		t.Errorf("choices: %s", got)
	}
}

func TestManyPublicationsAreNotListed(t *testing.T) {
	w := newWorld(t)
	all := w.service.Publications()
	w.wells()
	for range maxChoices + 1 {
		all = append(all, w.service.Publications()...)
	}
	if f := reader(t).formAmong(all); !f.Many || f.Choices != nil {
		t.Errorf("%d choices for %d publications", len(f.Choices), len(all))
	}
	if f := reader(t).formAmong(all[:1]); f.Many || len(f.Choices) != 1 {
		t.Errorf("%+v", f)
	}
}

func TestPublicationPage(t *testing.T) {
	w := newWorld(t)
	w.wells()
	p, err := w.service.Publication("wells")
	check(t, err)
	root := parse(t, w.get("/p/wells"))
	main := words(root, element("main"))
	for _, want := range []string{p.Genesis.String(), p.Versions[0].Record.String(), p.Versions[1].Record.String(), "Valley Radio signs too.", "4 May 2031, Oued Zarg", "Arabic"} {
		if !strings.Contains(main, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
	if strings.Index(main, "Version 2 latest") > strings.Index(main, "Version 1") || !strings.Contains(main, "Version 2 latest") {
		t.Error("the newest version is not first")
	}
	hidden := func(n *html.Node) bool {
		return n.Data == "input" && attr(n, "type") == "hidden" && attr(n, "value") == "wells"
	}
	if !has(root, hidden) {
		t.Error("the form does not name the publication")
	}
}

func has(root *html.Node, choose func(*html.Node) bool) bool {
	for n := range root.Descendants() {
		if n.Type == html.ElementNode && choose(n) {
			return true
		}
	}
	return false
}

func TestVersionPage(t *testing.T) {
	w := newWorld(t)
	w.wells()
	root := parse(t, w.get("/p/wells/v/2"))
	arabic := words(root, func(n *html.Node) bool {
		return n.Data == "article" && attr(n, "lang") == "ar" && attr(n, "dir") == "rtl"
	})
	for line := range strings.Lines(wellsAR) {
		if line = strings.TrimPrefix(strings.TrimSpace(line), "• "); !strings.Contains(arabic, line) {
			t.Errorf("the right-to-left article lacks %q", line)
		}
	}
	english := words(root, func(n *html.Node) bool {
		return n.Data == "article" && attr(n, "lang") == "en" && attr(n, "dir") == "ltr"
	})
	if !strings.Contains(english, "Open the seven gates at once.") {
		t.Errorf("english: %s", english)
	}
	if got, want := words(root, func(n *html.Node) bool { return n.Data == "ol" && attr(n, "class") == "signatories" }), strings.Join(wellsNames, " "); got != want {
		t.Errorf("names: %s", got)
	}
	if got := words(parse(t, w.get("/p/wells/v/1")), element("main")); !strings.Contains(got, "This version was replaced. The latest is version 2.") {
		t.Error("version 1 does not say that it was replaced")
	}
}

func TestWithheldNameIsNotShown(t *testing.T) {
	w := newWorld(t)
	w.harbour()
	rec := w.get("/p/harbour/v/1")
	if got := words(parse(t, rec), func(n *html.Node) bool { return attr(n, "class") == "signatories" }); got != "Dockers of the Old Quay Tide Table Society one name withheld at the signatory’s wish" {
		t.Error(got)
	}
	if strings.Contains(rec.Body.String(), "Somebody") {
		t.Error("the withheld name is on the page")
	}
}

// The addresses that pages link to are those that clients read.
func TestPathsAreTheEvidenceLayout(t *testing.T) {
	var l evidence.Layout
	for got, want := range map[string]string{
		headPath("wells"): l.Head("wells"), bundlePath("wells", 3): l.Bundle("wells", 3), checkpointPath: l.Checkpoint(),
		textPath("wells", 2, "ar"): l.Text("wells", 2, "ar"), signatoriesPath("wells", 2): l.Signatories("wells", 2),
	} {
		if got != "/"+want {
			t.Errorf("%s, want /%s", got, want)
		}
	}
}

func TestStaticFiles(t *testing.T) {
	w := newWorld(t)
	root := parse(t, w.get("/"))
	n := 0
	for node := range root.Descendants() {
		if node.Data != "link" {
			continue
		}
		rec := w.get(attr(node, "href"))
		if rel := attr(node, "rel"); rel != "stylesheet" && rel != "icon" {
			if rec.Code != 200 { // httptest takes whole addresses too
				t.Errorf("%s: status %d", attr(node, "href"), rec.Code)
			}
			continue
		}
		n++
		if rec.Code != 200 || !strings.Contains(rec.Header().Get("Cache-Control"), "immutable") {
			t.Errorf("%s: status %d, %s", attr(node, "href"), rec.Code, rec.Header().Get("Cache-Control"))
		}
		if attr(node, "rel") == "stylesheet" && rec.Header().Get("Content-Type") != "text/css; charset=utf-8" {
			t.Errorf("style is %s", rec.Header().Get("Content-Type"))
		}
	}
	if n != 2 {
		t.Errorf("%d links in the head, want style and icon", n)
	}
	css, err := web.Static().ReadFile("static/style.css")
	check(t, err)
	if len(css) > 14<<10 {
		t.Errorf("the style has %d bytes, over 14 KB", len(css))
	}
	for _, bad := range []string{"url(", "@import", "expression"} {
		if strings.Contains(string(css), bad) {
			t.Errorf("the style holds %q", bad)
		}
	}
}

func TestFormOverHTTP(t *testing.T) {
	w := newWorld(t)
	w.wells()
	server := httptest.NewServer(w.handler)
	defer server.Close()
	res, err := http.PostForm(server.URL+"/verify", url.Values{"text": {wellsEN}})
	check(t, err)
	body, err := io.ReadAll(res.Body)
	check(t, err)
	check(t, res.Body.Close())
	if res.StatusCode != 200 || !strings.Contains(string(body), ">Identical</h1>") {
		t.Errorf("status %d\n%s", res.StatusCode, body)
	}
	// The answer is read although the body is far too large.
	big, kind := form(t, nil, strings.Repeat("a b\n", 4<<20))
	res, err = http.Post(server.URL+"/verify", kind, big)
	check(t, err)
	check(t, res.Body.Close())
	if res.StatusCode != 413 {
		t.Errorf("status %d", res.StatusCode)
	}
}
