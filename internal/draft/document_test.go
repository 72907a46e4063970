package draft

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
)

func TestBadDocuments(t *testing.T) {
	doc := func(s string) []Document { return plainDoc(s) }
	tests := map[string]struct {
		docs []Document
		want string
	}{
		"none":         {nil, "no document"},
		"empty":        {doc(""), "the document is empty"},
		"only spaces":  {doc(" \n\u00a0\n\t\n"), "the document is empty"},
		"not UTF-8":    {doc("Title\n\nWe as\xe9k.\n"), "d.txt: line 3: byte 12 is not UTF-8"},
		"NUL":          {doc("Title\n\nWe\x00.\n"), "line 3: byte 9 is NUL"},
		"escape":       {doc("Title\n\x1b[1mWe.\n"), "line 2: byte 6 is the character U+001B"},
		"old Mac":      {doc("Title\rWe.\r"), "U+000D"},
		"override":     {doc("Title\n\nWe \u202eask.\n"), "line 3: byte 10 is the character U+202E"},
		"isolate":      {doc("Title\n\nWe \u2067ask.\n"), "U+2067"},
		"tag":          {doc("Title\n\nWe \U000e0061sk.\n"), "U+E0061"},
		"separator":    {doc("Title\u2028We.\n"), "U+2028"},
		"marks":        {doc("Title\n\nWe a" + strings.Repeat("\u0316", 9) + ".\n"), "8 combining marks"},
		"too long":     {doc(strings.Repeat("a", MaxBytes+1)), "at most 5242880"},
		"no title":     {doc(strings.Repeat("We ask for water. ", 20) + "\n\nMore.\n"), "no title"},
		"list first":   {doc("• One\n• Two\n"), "no title"},
		"list alone":   {doc("Signatories:\n• One\n• Two\n"), "no text"},
		"same twice":   {append(doc("A title\n\nText.\n"), doc("A title\n\nText.\n")...), "second document"},
		"bad language": {[]Document{{Language: "english", Bytes: []byte("A\n\nB\n")}}, "language"},
		"unknown":      {[]Document{{Bytes: []byte("Titel\n\nWir fordern sauberes Wasser.\n")}}, "name it"},
	}
	for name, tc := range tests {
		d, r, err := FromDocument(tc.docs, Options{Slug: "river"})
		if d != nil || r != nil || err == nil || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%s: %v, want an error with %q", name, err, tc.want)
		}
	}
}

// The structure that a document's lines have.
func TestStructure(t *testing.T) {
	long := strings.Repeat("word ", 40) + "end."
	tests := map[string]struct{ in, text, names string }{
		"wrapped": {"A title\n\nThis paragraph was wrapped at forty, so\nits lines are joined again. A sentence\nends on a line and the text goes on.\n\nNext.\n",
			"A title\n\nThis paragraph was wrapped at forty, so its lines are joined again. A sentence ends on a line and the text goes on.\n\nNext.\n", ""},
		"title over its text": {"A title\nWe are here and we ask you all for some\nclean water.\n", "A title\n\nWe are here and we ask you all for some clean water.\n", ""},
		"wrapped title":       {"A title that was too long for one of\nthese lines\n\nWe ask for some clean water, and soon.\n", "A title that was too long for one of these lines\n\nWe ask for some clean water, and soon.\n", ""},
		"one line each":       {"A title\n\n" + long + "\n" + long + "\n", "A title\n\n" + long + "\n\n" + long + "\n", ""},
		"wrapped items":       {"A title\n\nWe ask:\n - the first thing, which is long\n   and wrapped;\n - the second.\n", "A title\n\nWe ask:\n\n• the first thing, which is long and wrapped;\n• the second.\n", ""},
		"numbers stay":        {"A title\n\n1. One\n2. Two\n(a) three\n", "A title\n\n1. One\n2. Two\n(a) three\n", ""},
		"lone bullets":        {"A title\n\nWe ask:\n•\nOne.\n•\n\nTwo.\n", "A title\n\nWe ask:\n\n• One.\n• Two.\n", ""},
		"word bullets":        {"A title\n\nWe ask:\n\uf0b7\tOne.\n\uf0b7\tTwo.\n", "A title\n\nWe ask:\n\n• One.\n• Two.\n", ""},
		"CRLF and BOM":        {"\ufeffA title\r\n\r\nText.\r\n", "A title\n\nText.\n", ""},
		"joined accents":      {"Une e\u0301quipe\n\nTexte.\n", "Une équipe\n\nTexte.\n", ""},
		"demands are text":    {"A title\n\nWe ask:\n• One\n• Two\n", "A title\n\nWe ask:\n\n• One\n• Two\n", ""},
		"heading":             {"A title\n\nText.\n\nSignatories:\n\nDelta Watch\nReed Keepers\nA. Farmers\n", "A title\n\nText.\n", "Delta Watch|Reed Keepers|A. Farmers"},
		"heading, then date":  {"A title\n\nText.\n\nSigned by\n• Delta Watch\n\nDamietta, 5 March 2026\n", "A title\n\nText.\n", "Delta Watch"},
		"date, then heading":  {"A title\n\nText.\n\nDamietta, 5 March 2026\n\nSignataires :\n1. Delta Watch\n2. Reed Keepers\n", "A title\n\nText.\n", "Delta Watch|Reed Keepers"},
		"date at the top":     {"A title\n\nDamietta, 5 March 2026\n\n" + long + "\n\nThe end.\n", "A title\n\nDamietta, 5 March 2026\n\n" + long + "\n\nThe end.\n", ""},
		"unmarked names":      {"A title\n\nText.\n\nDamietta, 5 March 2026\n\nDelta Watch\nReed Keepers\n", "A title\n\nText.\n", "Delta Watch|Reed Keepers"},
		"wrapped name":        {"A title\n\nText of a paragraph that is this wide.\n\nDamietta, 5 March 2026\n\n- The Association of the Friends of\n  Reeds\n- Delta Watch\n", "A title\n\nText of a paragraph that is this wide.\n", "The Association of the Friends of Reeds|Delta Watch"},
		"a name's initial":    {"A title\n\nText.\n\nDamietta, 5 March 2026\n\n• Delta Watch\n• Reed Keepers\nA. Farmers\n3. Third\n", "A title\n\nText.\n", "Delta Watch|Reed Keepers|A. Farmers|3. Third"},
		"a dash by its width": {"A title\n\nThis is what we ask of all of the towns\n– and of the villages as well and of\n18- year olds.\n", "A title\n\nThis is what we ask of all of the towns – and of the villages as well and of 18- year olds.\n", ""},
		"Arabic heading":      {"A title\n\nText.\n\nالمنظمات الموقعة:\n• جمعية الدلتا\n", "A title\n\nText.\n", "جمعية الدلتا"},
	}
	for name, tc := range tests {
		d, _, err := FromDocument(plainDoc(tc.in), Options{Slug: "river"})
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if diff := cmp.Diff(tc.text, d.Texts["en"]); diff != "" {
			t.Errorf("%s: text: %s", name, diff)
		}
		if got := strings.Join(names(d), "|"); got != tc.names {
			t.Errorf("%s: names = %q, want %q", name, got, tc.names)
		}
	}
}

// However a declaration is wrapped, its text keeps its words and signs, and its
// list its names.
func TestWrappingLeavesNoTrace(t *testing.T) {
	docs := example(t, "en", "fr", "ar")
	if b, err := os.ReadFile(declaration); err == nil {
		docs = append(docs, Document{Name: "casablanca.txt", Bytes: b})
	}
	for _, doc := range docs {
		want := mustDraft(t, []Document{doc}, "river")
		for width := 44; width <= 120; width++ {
			got := mustDraft(t, []Document{{Name: doc.Name, Bytes: []byte(wrap(string(doc.Bytes), width))}}, "river")
			for lang := range want.Texts {
				if diff := cmp.Diff(visible(want.Texts[lang]), visible(got.Texts[lang])); diff != "" {
					t.Errorf("%s, width %d: %s", doc.Name, width, diff)
				}
			}
			squeeze := func(e Entry) string { return strings.Join(visible(e.Name), " ") }
			if diff := cmp.Diff(mapped(want.Entries, squeeze), mapped(got.Entries, squeeze)); diff != "" {
				t.Errorf("%s, width %d: names: %s", doc.Name, width, diff)
			}
		}
	}
}

// wrap breaks lines at a width as mail programs do, with hanging items.
func wrap(s string, width int) string {
	var out []string
	for line := range strings.SplitSeq(s, "\n") {
		hang := ""
		if strings.HasPrefix(line, "  • ") {
			hang = "    "
		}
		current := line
		for utf8.RuneCountInString(current) > width {
			runes := []rune(current)
			at := width
			for at > 6 && runes[at] != ' ' {
				at--
			}
			out = append(out, string(runes[:at]))
			current = hang + string(runes[at+1:])
		}
		out = append(out, current)
	}
	return strings.Join(out, "\n")
}

func TestListsOfTwoDocuments(t *testing.T) {
	en := "A title\n\nWe ask for water.\n\nDamietta, 5 March 2026\n\n• Delta Watch\n• Reed Keepers\n"
	fr := "Un titre\n\nNous demandons de l’eau.\n\nDamiette, le 5 mars 2026\n\n• Delta Watch\n• Reed Keepers\n"
	both := func(a, b string) *Draft {
		return mustDraft(t, []Document{{Language: "en", Name: "en", Bytes: []byte(a)}, {Language: "fr", Name: "fr", Bytes: []byte(b)}}, "river")
	}
	if d := both(en, fr); len(d.Entries) != 2 || len(d.OpenFlags()) != 0 {
		t.Errorf("equal lists: %d entries, %v", len(d.Entries), d.OpenFlags())
	}
	d := both(en, strings.Replace(fr, "Reed Keepers", "Gardiens", 1))
	if flags := d.OpenFlags(); len(flags) != 1 || flags[0].Rule != ListDiffers || flags[0].SourceLine != 8 {
		t.Errorf("another name: %v", flags)
	}
	mustClose(t, d, Selector{Rule: ListDiffers}, AsGiven)
	d = both(en, strings.Replace(fr, "5 mars", "6 mars", 1))
	if flags := d.OpenFlags(); len(flags) != 1 || flags[0].Rule != DateDiffers || flags[0].SourceLine != 5 {
		t.Errorf("another date: %v", flags)
	}
}

func TestTitleOption(t *testing.T) {
	d, _, err := FromDocument(plainDoc("A title\n\nText.\n"), Options{Title: "Another title"})
	if err != nil || d.Header.Title["en"] != "Another title" || d.Texts["en"] != "A title\n\nText.\n" {
		t.Errorf("%+v, %v", d, err)
	}
}

func TestReportTellsPeople(t *testing.T) {
	_, r, err := FromDocument(example(t, "en"), Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"10 lines of signatories", "line 23", "glued-number", `proposed: "Coalition of Lagoon Fishers"`, "6 oddities"} {
		if !strings.Contains(r.String(), want) {
			t.Errorf("no %q in the report:\n%s", want, r)
		}
	}
	_, r, err = FromDocument(plainDoc("\ufeffA title\n\nText.\n"), Options{})
	if err != nil || !slices.ContainsFunc(r.Notes, func(s string) bool { return strings.Contains(s, "no signatory list") }) || len(r.Notes) != 2 {
		t.Errorf("notes = %q, %v", r.Notes, err)
	}
}

// A document of oddities alone, and the longest list, stay within seconds.
func TestLargeDocuments(t *testing.T) {
	if _, _, err := FromDocument(plainDoc("A title\n\n"+strings.Repeat("in in ", 800_000)+".\n"), Options{}); err == nil || !strings.Contains(err.Error(), "oddities") {
		t.Errorf("only repeated words: %v", err)
	}
	if _, _, err := FromDocument(plainDoc("A title\n\n"+strings.Repeat("a\nb\n", 300_000)), Options{}); err != nil {
		t.Errorf("600,000 lines: %v", err)
	}
	var b strings.Builder
	b.WriteString(listDoc)
	for i := range 10_000 {
		fmt.Fprintf(&b, "• %dSociety of the Water Users of District %d\n", i%7, i)
	}
	d, _, err := FromDocument(plainDoc(b.String()), Options{Slug: "river"})
	if err != nil {
		t.Fatal(err)
	}
	if closed := mustClose(t, d, Selector{Rule: GluedNumber}, Repaired); len(closed) != 10_000 {
		t.Errorf("%d repaired", len(closed))
	}
	if _, _, err := FromDocument(plainDoc(b.String()+"• One more\n"), Options{}); err == nil || !strings.Contains(err.Error(), "at most 10000") {
		t.Errorf("10,001 signatories: %v", err)
	}
}
