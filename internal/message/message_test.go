package message

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/sijil/sijil/web"
)

func catalogue(t testing.TB) *Catalogue {
	t.Helper()
	c, err := Load(web.Messages(), "messages")
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// raw reads a catalogue file: each message's forms, "" for one without.
func raw(t *testing.T, name string) map[string]map[string]string {
	t.Helper()
	b, err := fs.ReadFile(web.Messages(), "messages/"+name)
	if err != nil {
		t.Fatal(err)
	}
	var all map[string]any
	if err := json.Unmarshal(b, &all); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	out := map[string]map[string]string{}
	for id, v := range all {
		out[id] = map[string]string{}
		switch v := v.(type) {
		case string:
			out[id][""] = v
		case map[string]any:
			for form, s := range v {
				out[id][form] = s.(string)
			}
		}
	}
	return out
}

var placeholder = regexp.MustCompile(`\{\{\.\w+\}\}`)

// forms are the plural forms that each language needs (CLDR).
var forms = map[string][]string{"en": {"one", "other"}, "fr": {"many", "one", "other"}, "ar": {"few", "many", "one", "other", "two", "zero"}}

// TestCatalogues: every message is there in every language, with the same values and with
// the plural forms of the language, in its own letters and typography.
func TestCatalogues(t *testing.T) {
	for _, group := range []string{"pages", "verdict", "badge", "badge-more", "verifier"} {
		english := raw(t, group+".en.json")
		for _, lang := range Languages {
			own := raw(t, group+"."+lang+".json")
			if diff := cmp.Diff(slices.Sorted(maps.Keys(english)), slices.Sorted(maps.Keys(own))); diff != "" {
				t.Errorf("%s.%s has other messages:\n%s", group, lang, diff)
			}
			for id, m := range own {
				for form, s := range m {
					check(t, fmt.Sprintf("%s.%s %s %s", group, lang, id, form), lang, s, english[id])
				}
				if m[""] == "" && !slices.Equal(slices.Sorted(maps.Keys(m)), forms[lang]) {
					t.Errorf("%s.%s %s has the forms %v", group, lang, id, slices.Sorted(maps.Keys(m)))
				}
				if (m[""] == "") != (english[id][""] == "") {
					t.Errorf("%s.%s %s: only one language has plural forms", group, lang, id)
				}
			}
		}
	}
}

func check(t *testing.T, where, lang, s string, english map[string]string) {
	t.Helper()
	want := english[""] + english["other"]
	values := func(s string) []string {
		all := placeholder.FindAllString(s, -1)
		slices.Sort(all)
		return slices.DeleteFunc(slices.Compact(all), func(v string) bool { return v == "{{.count}}" }) // a form may say the number in words
	}
	if diff := cmp.Diff(values(want), values(s), cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("%s has other values:\n%s", where, diff)
	}
	if strings.TrimSpace(s) != s || s == "" || strings.Contains(s, "<no value>") {
		t.Errorf("%s: %q", where, s)
	}
	arabic := strings.ContainsFunc(s, func(r rune) bool { return unicode.Is(unicode.Arabic, r) })
	words := strings.ReplaceAll(placeholder.ReplaceAllString(s, ""), "UTC", "")
	if letters := strings.ContainsFunc(words, unicode.IsLetter); letters && arabic != (lang == "ar") {
		t.Errorf("%s is in another script: %q", where, s)
	}
	if lang == "fr" && regexp.MustCompile(`[^\s\x{202f}\x{a0}/psh'][:;?!]( |$)|[^\x{202f}\x{a0}]»|«[^\x{a0}]|'[a-zé]`).MatchString(strings.ReplaceAll(words, "'self'", "")) {
		t.Errorf("%s: French typography: %q", where, s)
	}
	if lang == "ar" && strings.ContainsAny(words, "?;") {
		t.Errorf("%s: Arabic typography: %q", where, s)
	}
}

// TestEveryMessageIsUsed: no message is dead, and none is missing.
func TestEveryMessageIsUsed(t *testing.T) {
	var source strings.Builder
	for _, pattern := range []string{"../site/*.go", "../match/*.go", "../extract/*.go", "../text/*.go", "../../web/templates/*.html", "../../web/ts/*/*.ts", "message.go"} {
		list, err := filepath.Glob(pattern)
		if err != nil || len(list) == 0 {
			t.Fatalf("%s: %d files, %v", pattern, len(list), err)
		}
		for _, name := range list {
			if strings.HasSuffix(name, "_test.go") {
				continue
			}
			b := readFile(t, name)
			source.Write(b)
		}
	}
	all := source.String()
	composed := []string{"verdict_", "sentence_", "meaning_", "current_", "class_", "list_", "warn_", "tol_", "why_", "kind_", "month_"}
	for _, group := range []string{"pages", "verdict"} {
		for id := range raw(t, group+".en.json") {
			i := slices.IndexFunc(composed, func(p string) bool { return strings.HasPrefix(id, p) })
			if i >= 0 {
				continue // an id made of a code
			}
			if !strings.Contains(all, `"`+id+`"`) {
				t.Errorf("nothing says %s", id)
			}
		}
	}
	c := catalogue(t).In("en")
	for _, m := range regexp.MustCompile(`\{\{-?\s*(?:s|t) "(\w[\w-]*)"|\.Say\("([\w-]+)"|\bsay\("([\w-]+)"`).FindAllStringSubmatch(all, -1) {
		if id := m[1] + m[2] + m[3]; !strings.HasSuffix(id, "_") && !c.Has(id) {
			t.Errorf("there is no message %s", id)
		}
	}
}

// TestValuesAreNoMarkup: what a stranger wrote stays text, isolated from its surroundings.
func TestValuesAreNoMarkup(t *testing.T) {
	p := catalogue(t).In("en")
	got := string(p.HTML("fetched", "address", `<script>alert("1")</script>`, "date", "\x000\x00"))
	if strings.Contains(got, "<script") || !strings.Contains(got, "<bdi>&lt;script&gt;") {
		t.Errorf("%s", got)
	}
	for path, want := range map[string]string{"/p/river": `<a href="/p/river">x</a>`, "javascript:alert(1)": "x", "//evil.example/": "x", `/"><script>`: `<a href="/&#34;&gt;&lt;script&gt;">x</a>`} {
		if got := string(p.HTML("compare_lead", "a", Link{path, "x"}, "b", "y")); !strings.Contains(got, want) || strings.Contains(got, "<script") {
			t.Errorf("%s: %s", path, got)
		}
	}
}

func TestNegotiate(t *testing.T) {
	c := catalogue(t)
	for header, want := range map[string]string{"": "en", "fr": "fr", "ar-MA,fr;q=0.8": "ar", "de": "en", "fr-CA;q=0.4, en;q=0.9": "en", "*": "en", "rubbish;;;": "en", strings.Repeat("fr,", 1000): "en"} {
		if got := c.Negotiate(header).Language; got != want {
			t.Errorf("%.40q: %s, want %s", header, got, want)
		}
	}
}

func TestPlurals(t *testing.T) {
	c := catalogue(t)
	for _, x := range []struct {
		lang string
		n    int
		want string
	}{{"en", 1, "1 signatory"}, {"en", 2, "2 signatories"}, {"fr", 0, "0 signataire"}, {"fr", 2, "2 signataires"}, {"ar", 1, "موقّع واحد"}, {"ar", 2, "موقّعان"}, {"ar", 3, "3 موقّعين"}, {"ar", 11, "11 موقّعا"}, {"ar", 100, "100 موقّع"}} {
		if got := c.In(x.lang).Say("count_signatories", "count", x.n); got != x.want {
			t.Errorf("%s %d: %q, want %q", x.lang, x.n, got, x.want)
		}
	}
}

func readFile(t *testing.T, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// TestGroupsDoNotOverlap: what the server says is one catalogue, so no two of its groups
// have a message of the same name.
func TestGroupsDoNotOverlap(t *testing.T) {
	of := map[string]string{}
	for _, group := range []string{"pages", "verdict", "notice"} {
		for id := range raw(t, group+".en.json") {
			if of[id] != "" {
				t.Errorf("%s is in %s and in %s", id, of[id], group)
			}
			of[id] = group
		}
	}
}
