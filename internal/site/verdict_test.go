package site

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"unicode/utf8"

	"golang.org/x/net/html"

	"github.com/sijil/sijil/internal/match"
)

func replaced(s string, pairs ...string) string { return strings.NewReplacer(pairs...).Replace(s) }

func withList(s string, names ...string) string {
	return s + "\n• " + strings.Join(names, "\n• ") + "\n"
}

func TestVerdicts(t *testing.T) {
	w := newWorld(t)
	w.wells()
	w.harbour()
	harbour, err := w.service.Text("harbour", 1, "en")
	check(t, err)
	for _, x := range []struct {
		name, copied, slug, word string
		want                     []string
	}{
		{"identical", wellsEN, "", "Identical", []string{"byte for byte, the text file of version 2 (4 May 2031, Oued Zarg)", "Yes, this is the latest version.", "does not say that the content is true", "version 1", "sha256:", "none: no witness has cosigned"}},
		{"identical, named", wellsAR, "wells", "Identical", []string{"in Arabic"}},
		{"authentic", replaced(wellsEN, "• ", "- "), "", "Authentic", []string{"Only its presentation differs.", "holds no signatory list", "Dashes, numbers or letters stand before list items."}},
		{"with its list", withList(wellsEN, wellsNames...), "", "Authentic", []string{"with its signatory list", "The publisher lists 4 signatories.", "no endorsement of their own is recorded"}},
		{"superseded", withList(wellsEN, wellsNames[:3]...), "", "Authentic", []string{"version 1", "Replaced. The publisher has replaced this version by version 2", "Valley Radio signs too.", "No, it was replaced."}},
		{"excerpt", "what keeps a village alive. The council must not renew the permits of the bottling", "", "Excerpt", []string{"Nobody has the right to sell what keeps a village alive. The council must not renew the permits of the bottling works.", "read it in its context"}},
		{"altered", replaced(wellsEN, "seven gates", "nine gates", "must not", "must"), "", "Altered", []string{"2 differences in the text", "Number", "The published text says seven The copy says nine", "Negation", "The copy leaves out not"}},
		{"list altered", withList(wellsEN, "Union of Well Keepers", "جمعية حراس المنبع", hostileName, "Dam Builders Federation"), "", "Altered", []string{"In the copy, not in the list Dam Builders Federation", "Written differently جمعية حراس النبع جمعية حراس المنبع"}},
		{"name missing", withList(wellsEN, wellsNames[0], wellsNames[1], wellsNames[3]), "", "Altered", []string{"In the list, missing in the copy " + hostileName}},
		{"withheld", withList(string(harbour), "Dockers of the Old Quay", "Lamp Keepers", "Tide Table Society"), "", "Unchecked", []string{"The text of this copy is that of version 1.", "perhaps among the withheld names Lamp Keepers", "3 signatories.", "1 name is withheld"}},
		{"unknown", "Something that nobody has ever published in this place, whoever may have said so.", "", "Unknown", []string{"does not make the text false", "registered elsewhere"}},
		{"no such publication", wellsEN, "casablanca", "Unknown", []string{"No publication has this name here."}},
		{"not UTF-8", "Call for w\xe4ter", "", "Unchecked", []string{"not text in UTF-8", "paste it here"}},
		{"NUL", "a\x00b", "", "Unchecked", []string{"a zero byte"}},
		{"a Word file", "PK\x03\x04\x00", "", "Unchecked", []string{"cut off or damaged", "copy the text out of it"}},
		{"blank", " \n\t", "", "Unchecked", []string{"There are no words in what arrived."}},
		{"surroundings", "Forwarded many times\n\n" + wellsEN + "\nSent from my phone\n", "", "Authentic", []string{"Not part of the declaration", "Forwarded many times"}},
	} {
		t.Run(x.name, func(t *testing.T) {
			rec := w.upload(x.copied, x.slug)
			if rec.Code != http.StatusOK || rec.Header().Get("Cache-Control") != "no-store" {
				t.Fatalf("status %d, Cache-Control %q", rec.Code, rec.Header().Get("Cache-Control"))
			}
			root := parse(t, rec)
			if got := words(root, element("h1")); got != x.word {
				t.Errorf("headline %q, want %q", got, x.word)
			}
			if !has(root, func(n *html.Node) bool { return n.Data == "svg" && attr(n, "aria-hidden") == "true" }) {
				t.Error("no icon beside the word")
			}
			main := words(root, element("main"))
			for _, want := range x.want {
				if !strings.Contains(main, want) {
					t.Errorf("the page lacks %q:\n%s", want, main)
				}
			}
		})
	}
}

// A form sends CR LF; what was pasted is the published file all the same.
func TestPastedTextIsIdentical(t *testing.T) {
	w := newWorld(t)
	w.wells()
	if got := words(parse(t, w.paste(wellsEN, "")), element("h1")); got != "Identical" {
		t.Error(got)
	}
}

func TestTwoCopies(t *testing.T) {
	w := newWorld(t)
	main := words(parse(t, w.send(map[string]string{"text": "one"}, "two")), element("main"))
	if !strings.HasPrefix(main, "Unchecked") || !strings.Contains(main, "Two copies arrived together") {
		t.Error(main)
	}
}

// The example of the package comment.
func TestExample(t *testing.T) {
	w := newWorld(t)
	w.wells()
	rec := w.paste(replaced(wellsEN, "seven gates", "nine gates"), "")
	parse(t, rec)
	for _, want := range []string{`Open the <del dir="auto">seven</del><ins dir="auto">nine</ins> gates at once.`, ">Altered</h1>"} {
		if !strings.Contains(rec.Body.String(), want) {
			t.Errorf("the page lacks %q", want)
		}
	}
}

func TestHostileCopies(t *testing.T) {
	w := newWorld(t)
	w.wells()
	long := strings.Repeat("ا", 10_000)
	for _, x := range []struct {
		name, copied string
		want         []string
	}{
		{"markup", replaced(wellsEN, "the seven gates", `the </del><script>alert(9)</script><img src=x onerror=y> gates`), []string{`</del><script>alert(9)</script><img src=x onerror=y>`}},
		{"override", replaced(wellsEN, "Return the", "Return \u202ethe\u202c"), []string{"U+202E", "right-to-left override", "Hidden characters"}},
		{"zero width", replaced(wellsEN, "every public", "every pu\u200bblic", "seven gates", "six gates"), []string{"U+200B", "characters without width"}},
		{"run of hidden", replaced(wellsEN, "Return the", "Return "+strings.Repeat("\u2066", 500)+"the"), []string{"U+2066 × 500"}},
		{"control", replaced(wellsEN, "Return the", "Return\x01 the"), []string{"U+0001", "control character"}},
		{"look-alike", replaced(wellsEN, "Open the", "Open thе"), []string{"U+0435"}},
		{"look-alike name", withList(wellsEN, wellsNames[0], wellsNames[1], hostileName, "Vаlley Radio"), []string{"U+0430"}},
		{"long name", withList(wellsEN, append([]string{long}, wellsNames...)...), []string{"Altered"}},
		{"override in a name", withList(wellsEN, append([]string{"Friends \u202eof\u202c the Wells"}, wellsNames...)...), []string{"U+202E"}},
		{"override around", "\u202eForwarded\u202c as received\n\n" + wellsEN, []string{"U+202E"}},
	} {
		t.Run(x.name, func(t *testing.T) {
			rec := w.upload(x.copied, "")
			main := words(parse(t, rec), element("main"))
			for _, want := range x.want {
				if !strings.Contains(main, want) {
					t.Errorf("the page lacks %q:\n%.3000s", want, main)
				}
			}
			if rec.Body.Len() > 200<<10 {
				t.Errorf("%d bytes for a copy of %d", rec.Body.Len(), len(x.copied))
			}
		})
	}
}

// A copy cannot blow up the page, whatever it is made of.
func TestLargeHostileCopyIsBounded(t *testing.T) {
	w := newWorld(t)
	w.wells()
	var s strings.Builder
	s.WriteString(wellsEN)
	for s.Len() < 3<<20 {
		s.WriteString("Return\u202e \u202dthe\u2066 \u2067<grazing> land \u200b\u2060&\n")
	}
	rec := w.upload(s.String(), "")
	parse(t, rec)
	if rec.Code != 200 || rec.Body.Len() > 12<<20 {
		t.Errorf("status %d, %d bytes", rec.Code, rec.Body.Len())
	}
}

// Every code of package match has words of its own, so that no page falls silent.
func TestEveryVerdictRenders(t *testing.T) {
	w := newWorld(t)
	w.wells()
	s, err := newSite(Config{Service: w.service, BaseURL: "https://sijil.example"})
	check(t, err)
	for word := range looks {
		v := w.service.Verify(t.Context(), "", []byte(wellsEN))
		v.Verdict, v.Retracted, v.Current = word, true, match.CurrentUndetermined
		root := parse(t, render(t, s, v, wellsEN))
		if got := words(root, element("h1")); !strings.EqualFold(got, word) {
			t.Errorf("%s has the headline %q", word, got)
		}
		main := words(root, element("main"))
		if !strings.Contains(main, "Retracted.") || !strings.Contains(main, "could not be determined") {
			t.Errorf("%s: retracted or currency is not shown: %s", word, main)
		}
		if word == match.Identical && has(root, func(n *html.Node) bool { return attr(n, "class") == "verdict same" }) {
			t.Error("a retracted version has the tone of a match")
		}
	}
	if len(looks) != 7 {
		t.Errorf("%d verdicts", len(looks))
	}
}

func render(t testing.TB, s *site, v *match.Verdict, copied string) *httptest.ResponseRecorder {
	t.Helper()
	visit := s.visit(httptest.NewRequest(http.MethodPost, "/verify", nil))
	a, err := visit.show(v, []byte(copied), "")
	check(t, err)
	rec := httptest.NewRecorder()
	visit.write(rec, a)
	return rec
}

// A verdict whose offsets are nonsense still makes a page.
func TestWrongOffsetsSurvive(t *testing.T) {
	w := newWorld(t)
	w.wells()
	s, err := newSite(Config{Service: w.service, BaseURL: "https://sijil.example"})
	check(t, err)
	for _, at := range []int{-1 << 40, -1, 0, 1, 7, 60, 61, len(wellsAR) - 1, len(wellsAR), 1 << 40} {
		v := w.service.Verify(t.Context(), "", []byte(replaced(wellsAR, "السبعة", "التسعة")))
		v.Changes = append(v.Changes, match.Change{Op: match.OpInsert, Class: "strange", Copy: "x", At: at, PublishedAt: -1},
			match.Change{Op: match.OpMove, Class: match.ClassOrder, Published: "y", Copy: "z", At: at})
		v.Surroundings = append(v.Surroundings, match.Surrounding{Text: "q", At: at})
		v.Signatories.Added = append(v.Signatories.Added, match.AddedName{Name: "n", At: at})
		rec := render(t, s, v, wellsAR)
		if got := words(parse(t, rec), element("h1")); got != "Altered" || !utf8.Valid(rec.Body.Bytes()) {
			t.Errorf("at %d: %q", at, got)
		}
		if !strings.Contains(rec.Body.String(), "sijil trust init https://sijil.example --publication wells") {
			t.Error("the command lacks the service's address")
		}
	}
}
