package files_test

import (
	"context"
	"fmt"
	"html"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/sijil/sijil/internal/draft"
	"github.com/sijil/sijil/internal/extract"
	"github.com/sijil/sijil/internal/files"
	"github.com/sijil/sijil/internal/match"
)

// reader is what the tool reads files with.
var reader = sync.OnceValue(func() *extract.Reader {
	dir, err := os.UserCacheDir()
	if err != nil {
		dir = os.TempDir()
	}
	return files.New(context.Background(), files.Options{CacheDir: filepath.Join(dir, "sijil"), Time: 30 * time.Second, PictureTime: 2 * time.Minute})
})

// program finds a program that makes real files. Where it is not installed the
// test is skipped, unless SIJIL_PROGRAMS says that it must be.
func program(t testing.TB, names ...string) string {
	t.Helper()
	for _, n := range names {
		if p, err := exec.LookPath(n); err == nil {
			return p
		}
	}
	if os.Getenv("SIJIL_PROGRAMS") != "" {
		t.Fatalf("%s is not installed", strings.Join(names, " or "))
	}
	t.Skipf("%s is not installed", strings.Join(names, " or "))
	return ""
}

func run(t testing.TB, dir, name string, args ...string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	c := exec.CommandContext(ctx, name, args...)
	c.Dir = dir
	if out, err := c.CombinedOutput(); err != nil {
		t.Fatalf("%s: %v\n%s", filepath.Base(name), err, out)
	}
}

// A declaration is a publication with one version, as package match takes it.
type declaration struct {
	match.Publication
	places map[string]string // place and date, by language
	names  []string
}

// example is the invented declaration of this repository; real is the one that may
// lie beside it.
func example(t testing.TB) declaration {
	t.Helper()
	var docs []draft.Document
	for _, lang := range []string{"en", "fr", "ar"} {
		name := filepath.Join("..", "..", "example", "declaration."+lang+".txt")
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		docs = append(docs, draft.Document{Language: lang, Name: name, Bytes: b})
	}
	return fromDraft(t, docs)
}

func casablanca(t testing.TB) (declaration, bool) {
	t.Helper()
	name := filepath.Join("..", "..", "..", "shared", "declaration", "casablanca.txt")
	b, err := os.ReadFile(name)
	if os.IsNotExist(err) {
		return declaration{}, false
	}
	if err != nil {
		t.Fatal(err)
	}
	return fromDraft(t, []draft.Document{{Language: "en", Name: name, Bytes: b}}), true
}

func fromDraft(t testing.TB, docs []draft.Document) declaration {
	t.Helper()
	d, _, err := draft.FromDocument(docs, draft.Options{Slug: "delta"})
	if err != nil {
		t.Fatal(err)
	}
	v := match.Version{Number: 1, Texts: map[string][]byte{}}
	var out declaration
	var places []string
	for lang, s := range d.Texts {
		v.Texts[lang] = []byte(s)
		places = append(places, d.Header.PlaceDate[lang])
	}
	for _, e := range d.Entries {
		v.Names = append(v.Names, match.Name{Text: e.Name})
		out.names = append(out.names, e.Name)
	}
	v.PlaceDate = strings.Join(places, "\n")
	out.places = d.Header.PlaceDate
	out.Publication = match.Publication{Slug: "delta", Genesis: "sha256:" + strings.Repeat("de", 32), Versions: []match.Version{v}}
	return out
}

// page is the declaration as a web page, with or without its list.
func (d *declaration) page(lang, text string, names []string) string {
	var b strings.Builder
	dir := "ltr"
	if lang == "ar" {
		dir = "rtl"
	}
	fmt.Fprintf(&b, "<!doctype html>\n<html lang=%s dir=%s><head><meta charset=utf-8><title>Copy</title></head><body>\n", lang, dir)
	inList := false
	for i, l := range strings.Split(strings.TrimSpace(text), "\n") {
		l = strings.TrimSpace(l)
		item, isItem := strings.CutPrefix(l, "•")
		if isItem != inList {
			b.WriteString(map[bool]string{true: "<ul>\n", false: "</ul>\n"}[isItem])
			inList = isItem
		}
		switch {
		case i == 0:
			fmt.Fprintf(&b, "<h1>%s</h1>\n", html.EscapeString(l))
		case isItem:
			fmt.Fprintf(&b, "<li>%s</li>\n", html.EscapeString(strings.TrimSpace(item)))
		case l != "":
			fmt.Fprintf(&b, "<p>%s</p>\n", html.EscapeString(l))
		}
	}
	if inList {
		b.WriteString("</ul>\n")
	}
	if names != nil {
		fmt.Fprintf(&b, "<p>%s</p>\n<ul>\n", html.EscapeString(d.places[lang]))
		for _, n := range names {
			fmt.Fprintf(&b, "<li>%s</li>\n", html.EscapeString(n))
		}
		b.WriteString("</ul>\n")
	}
	b.WriteString("</body></html>\n")
	return b.String()
}

func (d *declaration) index(t testing.TB) *match.Index {
	t.Helper()
	x := match.NewIndex()
	if err := x.Put(d.Publication); err != nil {
		t.Fatal(err)
	}
	return x
}

// aChange picks a word in the middle of the text and what to put in its place.
func aChange(text string) (altered, was, is string) {
	seen := map[string]int{}
	all := strings.Fields(text)
	for _, w := range all {
		seen[w]++
	}
	plain := func(w string) bool {
		return utf8.RuneCountInString(w) >= 5 && seen[w] == 1 && strings.Count(text, w) == 1 && !strings.ContainsAny(w, ".,;:’'،؛\"“”()«»-–•0123456789")
	}
	for i := len(all) / 2; i < len(all); i++ {
		if !plain(all[i]) {
			continue
		}
		for _, w := range all[len(all)/4:] {
			if plain(w) && w != all[i] {
				return strings.Replace(text, all[i], w, 1), all[i], w
			}
		}
	}
	panic("no word to change")
}

// A maker turns a page into a real file.
type maker struct {
	name string
	make func(t testing.TB, dir, page string) []byte
}

func chromium(args ...string) func(t testing.TB, dir, page string) []byte {
	return func(t testing.TB, dir, page string) []byte {
		return chromiumPage(t, dir, page, args...)
	}
}

func chromiumPage(t testing.TB, dir, page string, args ...string) []byte {
	t.Helper()
	bin := program(t, "chromium", "chromium-browser", "google-chrome")
	write(t, filepath.Join(dir, "copy.html"), page)
	run(t, dir, bin, append([]string{"--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
		"--user-data-dir=" + filepath.Join(dir, "profile"), "--print-to-pdf=" + filepath.Join(dir, "copy.pdf"), filepath.Join(dir, "copy.html")}, args...)...)
	return slurp(t, filepath.Join(dir, "copy.pdf"))
}

// office converts with LibreOffice, through a document where via is not empty.
func office(to, via string) func(t testing.TB, dir, page string) []byte {
	return func(t testing.TB, dir, page string) []byte {
		bin := program(t, "soffice", "libreoffice")
		write(t, filepath.Join(dir, "copy.html"), page)
		convert := func(from, to string, extra ...string) {
			args := append([]string{"--headless", "-env:UserInstallation=file://" + filepath.Join(dir, "profile")}, extra...)
			run(t, dir, bin, append(args, "--convert-to", to, "--outdir", dir, filepath.Join(dir, "copy."+from))...)
		}
		from := "html"
		if via != "" {
			convert(from, via, "--infilter=HTML (StarWriter)")
			from = via
		}
		if to != from {
			convert(from, to)
		}
		return slurp(t, filepath.Join(dir, "copy."+to))
	}
}

func write(t testing.TB, name, s string) {
	t.Helper()
	if err := os.WriteFile(name, []byte(s), 0o600); err != nil {
		t.Fatal(err)
	}
}

func slurp(t testing.TB, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func styled(page, css string) string {
	return strings.Replace(page, "</head>", "<style>"+css+"</style></head>", 1)
}

// The published text, as a file that a real program made, is authentic; with one
// word changed it is altered in exactly that word.
func TestRoundTrips(t *testing.T) {
	if testing.Short() {
		t.Skip("starts other programs")
	}
	columns := func(t testing.TB, dir, page string) []byte {
		return chromium("--no-pdf-header-footer")(t, dir, styled(page, "body{column-count:2}"))
	}
	makers := []maker{
		{"pdf by Chromium", chromium("--no-pdf-header-footer")},
		{"pdf by Chromium, with headers", chromium()},
		{"pdf by Chromium, two columns", columns},
		{"pdf by LibreOffice", office("pdf", "odt")},
		{"docx by LibreOffice", office("docx", "docx")},
		{"odt by LibreOffice", office("odt", "odt")},
		{"html", func(_ testing.TB, _, page string) []byte { return []byte(page) }},
	}
	all := map[string]declaration{"example": example(t)}
	if d, ok := casablanca(t); ok {
		all["real"] = d
	}
	for name, d := range all {
		x := d.index(t)
		for lang, body := range d.Versions[0].Texts {
			for _, m := range makers {
				t.Run(fmt.Sprintf("%s/%s/%s", name, lang, m.name), func(t *testing.T) {
					t.Parallel()
					text := string(body)
					v := check(t, x, m, d.page(lang, text, d.names))
					if v.Verdict != match.Authentic || v.Signatories.Status != match.ListSame {
						t.Errorf("%s", describe(v))
					}
					altered, was, is := aChange(text)
					v = check(t, x, m, d.page(lang, altered, nil))
					if v.Verdict != match.Altered || len(v.Changes) != 1 || v.Changes[0].Published != was || v.Changes[0].Copy != is {
						t.Errorf("%q for %q: %s", is, was, describe(v))
					}
				})
			}
		}
	}
}

func check(t testing.TB, x *match.Index, m maker, page string) *match.Verdict {
	t.Helper()
	c, err := reader().Read(t.Context(), m.make(t, t.TempDir(), page))
	if err != nil {
		t.Fatal(err)
	}
	v := x.CheckCopy(c, "")
	if t.Failed() || v.Verdict == match.Unchecked {
		t.Logf("%s", c.Text)
	}
	return v
}

func describe(v *match.Verdict) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s, list %s, similarity %v", v.Verdict, v.Signatories.Status, v.Similarity)
	for _, c := range v.Changes {
		fmt.Fprintf(&b, "\n  %s %s: %q → %q at %d", c.Op, c.Class, c.Published, c.Copy, c.At)
	}
	for _, n := range v.Signatories.Added {
		fmt.Fprintf(&b, "\n  added %q", n.Name)
	}
	for _, n := range v.Signatories.Missing {
		fmt.Fprintf(&b, "\n  missing %q", n.Name)
	}
	for _, n := range v.Signatories.Changed {
		fmt.Fprintf(&b, "\n  changed %q → %q", n.Published, n.Copy)
	}
	for _, s := range v.Surroundings {
		fmt.Fprintf(&b, "\n  beside %q", s.Text)
	}
	fmt.Fprintf(&b, "\n  %v %v %v", v.Tolerances, v.Warnings, v.Reason)
	return b.String()
}
