package browsertest

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/sijil/sijil/internal/extract/extracttest"
)

// TestLeanText: where the badge's first script has a canonical form of a text, it is the
// engine's. Every code point beside letters, digits, stops, marks, dashes and line ends,
// and random texts.
func TestLeanText(t *testing.T) {
	ctx := Load(t, "lean/trial.ts", "trial")
	type result struct {
		Forms int
		Wrong []string
	}
	count := func(r result) int {
		t.Helper()
		for _, w := range r.Wrong {
			t.Error(w)
		}
		return r.Forms
	}
	const try = `const out = {Forms: 0, Wrong: []}; const one = s => {
		const {lean, engine} = trial.form(s);
		if (lean !== "") out.Forms++;
		if (lean !== engine && out.Wrong.length < 10) out.Wrong.push(JSON.stringify(s) + ": " + lean + ", the engine " + engine);
	};`
	var r result
	Run(t, ctx, chromedp.Evaluate(`(() => {`+try+`
		const around = ["a?b", "a ?b", "a? b", "1?2", "\n?a", "?\na", "a.?.b", ".?", "?.", "-?-", "ب?", "بً?ً", "• ?", "?•a", "a'?'b", "a?'b", "…?", "..?.", "?:", "a??b"];
		for (let c = 0; c < 0x110000; c++) {
			if (c >= 0xd800 && c < 0xe000) continue;
			if (c > 0x3000 && c % 97 && !(c > 0xf000 && c < 0x10000)) continue;
			for (const a of around) one(a.replaceAll("?", String.fromCodePoint(c)));
		}
		return out;
	})()`, &r))
	if n := count(r); n < 5000 {
		t.Errorf("%d forms only", n)
	}
	rng := rand.New(rand.NewPCG(*seed, 11))
	alphabet := []rune("aaZéñſ019٣۷بيًٌّْ   \n\n\t\u00a0\u202f..,,'’‘\"“”«»--–—…••·:;!?()[]/،؛؟%+=@#$&{}|\\°§€\u00ad\u0640\u200e\u200f\u0301*_~<>^`ـ﴾\u200d")
	forms := 0
	for range 10 {
		var list []string
		for range 2000 {
			var b strings.Builder
			for range 1 + rng.IntN(24) {
				// The last of the alphabet have no form: few of them.
				n := len(alphabet) - 15
				if rng.IntN(60) == 0 {
					n = len(alphabet)
				}
				b.WriteRune(alphabet[rng.IntN(n)])
			}
			list = append(list, b.String())
		}
		r = result{}
		Run(t, ctx, chromedp.Evaluate(`(() => {`+try+`for (const s of `+JSON(t, list)+`) one(s); return out})()`, &r))
		forms += count(r)
	}
	t.Logf("%d random texts of 20000 have a form", forms)
	if forms < 5000 {
		t.Errorf("%d forms only", forms)
	}
}

// TestLeanPages: where the badge's first script reads a page, it reads what the engine
// does, and the engine has no doubt.
func TestLeanPages(t *testing.T) {
	pages := map[string][]byte{}
	for name, trick := range extracttest.PageTricks() {
		pages["trick "+name] = extracttest.Fill(trick)
	}
	for name, f := range extracttest.Furniture() {
		pages["furniture "+name] = extracttest.Page("<style>body{padding-top:4em}"+f[0]+"</style>", f[1]+"<article><h1>Title</h1><p>"+extracttest.Authentic+"</p></article>")
	}
	for name, s := range extracttest.NoStyles() {
		pages["style "+name] = extracttest.Page("<style>"+s[0]+"</style>", "<p>We do "+s[1]+" demand it</p>")
	}
	for _, r := range extracttest.HTMLRules() {
		pages["rule "+r.Name] = []byte(r.File)
	}
	pages["plain"] = extracttest.HTML([]string{"A title", "We, the towns, say l’eau est à nous.", "- First", "- Second", "نحن الموقعين أدناه", "Done."})
	names := []string{}
	for name := range maps.Keys(pages) {
		names = append(names, name)
	}
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		n, err := strconv.Atoi(strings.TrimPrefix(r.URL.Path, "/"))
		if err != nil || n >= len(names) {
			http.NotFound(w, r)
			return
		}
		w.Header().Set("Content-Type", "text/html")
		_, _ = w.Write(pages[names[n]])
	}))
	defer srv.Close()
	ctx, code := Open(t), Bundle(t, "lean/trial.ts", "trial")
	read := map[string]bool{}
	for i, name := range names {
		var got struct{ Lean, Engine string }
		Run(t, ctx, chromedp.Navigate(srv.URL+"/"+strconv.Itoa(i)), chromedp.Evaluate(code+`;trial.page(document.body)`, &got))
		if got.Lean == "" {
			continue
		}
		read[name] = true
		if got.Lean != got.Engine {
			t.Errorf("%s: %q, the engine %q", name, got.Lean, got.Engine)
		}
	}
	t.Logf("read %d pages of %d: %v", len(read), len(names), fmt.Sprint(read))
	if !read["plain"] || len(read) < 20 {
		t.Errorf("read %d pages only", len(read))
	}
}
