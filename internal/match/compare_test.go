package match

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sijil/sijil/internal/text"
)

const (
	callOne = "Call for water\n\nThe valley has seven gates. Nobody may close them.\n\n• Open the seven gates.\n• Test the water.\n"
	callTwo = "Call for water\n\nThe valley has nine gates. Nobody may ever close them.\n\n• Open the seven gates.\n• Repair the lamps.\n• Test the water.\n"
)

func mustCompare(t testing.TB, a, b Version) *Comparison {
	t.Helper()
	c, err := Compare(a, b)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// marked writes pieces with signs.
func marked(all []Piece) string {
	var s strings.Builder
	for _, p := range all {
		switch p.Kind {
		case Removed:
			s.WriteString("[-" + p.Text + "-]")
		case Inserted:
			s.WriteString("{+" + p.Text + "+}")
		default:
			s.WriteString(p.Text)
		}
	}
	return s.String()
}

func TestCompareTexts(t *testing.T) {
	texts := func(s string) Version { return Version{Texts: map[string][]byte{"en": []byte(s)}} }
	for name, c := range map[string]struct {
		a, b, status, marked string
		added, removed       int
	}{
		"the same bytes":    {callOne, callOne, TextIdentical, "", 0, 0},
		"presentation":      {callOne, strings.ReplaceAll(callOne, "• ", "•  "), TextSame, "", 0, 0},
		"words and an item": {callOne, callTwo, TextChanged, "Call for water\n\nThe valley has [-seven-]{+nine+} gates. Nobody may{+ ever+} close them.\n\n• Open the seven gates.{+\n• Repair the lamps.+}\n• Test the water.\n", 5, 1},
		"and back":          {callTwo, callOne, TextChanged, "Call for water\n\nThe valley has [-nine-]{+seven+} gates. Nobody may[- ever-] close them.\n\n• Open the seven gates.[-\n• Repair the lamps.-]\n• Test the water.\n", 1, 5},
		"the first word":    {"One two.\n", "Two.\n", TextChanged, "[-One two-]{+Two+}.\n", 1, 2},
		"the title goes":    {"Title\n\nThe valley has seven gates.\n", "The valley has seven gates.\n", TextChanged, "[-Title\n\n-]The valley has seven gates.\n", 0, 1},
		"a title comes":     {"The valley has seven gates.\n", "Title\n\nThe valley has seven gates.\n", TextChanged, "{+Title\n\n+}The valley has seven gates.\n", 1, 0},
		"the end goes":      {"A b c d e f.\n\nThe end.\n", "A b c d e f.\n", TextChanged, "A b c d e f.[-\n\nThe end.-]\n", 0, 2},
		"nothing in common": {"One\n", "Zwei\n", TextChanged, "[-One-]{+Zwei+}\n", 1, 1},
	} {
		got := mustCompare(t, texts(c.a), texts(c.b))
		if len(got.Texts) != 1 || got.Texts[0].Status != c.status || got.Texts[0].Language != "en" || got.Texts[0].Added != c.added || got.Texts[0].Removed != c.removed {
			t.Errorf("%s: %+v", name, got.Texts)
		}
		if m := marked(got.Texts[0].Pieces); m != c.marked {
			t.Errorf("%s: %q, want %q", name, m, c.marked)
		}
		if got.Unchanged() != (c.status == TextIdentical || c.status == TextSame) || got.Texts[0].Changes == nil {
			t.Errorf("%s: unchanged %v", name, got.Unchanged())
		}
	}
}

func TestComparePassages(t *testing.T) {
	got := mustCompare(t, Version{Texts: map[string][]byte{"en": []byte(callOne)}}, Version{Texts: map[string][]byte{"en": []byte(callTwo)}})
	want := []Passage{
		{Op: OpReplace, Class: ClassNumber, Before: "seven", After: "nine", BeforeAt: 31, AfterAt: 31},
		{Op: OpInsert, Class: ClassWording, After: "ever", BeforeAt: 54, AfterAt: 54},
		{Op: OpInsert, Class: ClassAddition, After: "Repair the lamps.", BeforeAt: 93, AfterAt: 102},
	}
	if diff := cmp.Diff(want, got.Texts[0].Changes); diff != "" {
		t.Error(diff)
	}
}

func TestCompareLanguages(t *testing.T) {
	got := mustCompare(t,
		Version{Texts: map[string][]byte{"en": []byte("One two.\n"), "ar": []byte("واحد اثنان ثلاثة.\n")}, PlaceDate: "Atlas, 3 May"},
		Version{Texts: map[string][]byte{"en": []byte("One two.\n"), "fr": []byte("Un deux.\n")}, PlaceDate: "Atlas, 4 May"})
	want := []TextComparison{
		{Language: "ar", Status: TextRemoved, Removed: 3, Changes: []Passage{}},
		{Language: "en", Status: TextIdentical, Changes: []Passage{}},
		{Language: "fr", Status: TextAdded, Added: 2, Changes: []Passage{}},
	}
	if diff := cmp.Diff(want, got.Texts); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(&LineChange{"Atlas, 3 May", "Atlas, 4 May"}, got.PlaceDate); diff != "" || got.Unchanged() {
		t.Error(diff)
	}
	if _, err := Compare(Version{Texts: map[string][]byte{"en": []byte("a\xff")}}, Version{}); err == nil || !strings.Contains(err.Error(), "text en: ") {
		t.Errorf("a text that is none: %v", err)
	}
}

func TestCompareLists(t *testing.T) {
	names := func(list ...Name) Version { return Version{Names: list} }
	radio, keepers := Name{Text: "Valley Radio", Commitment: "r"}, Name{Text: "Union of Well Keepers", Commitment: "k"}
	spring, gone := Name{Text: "جمعية حراس النبع", Commitment: "s"}, Name{Withheld: true, Commitment: "k"}
	for name, c := range map[string]struct {
		a, b Version
		want ListComparison
	}{
		"the same":             {names(radio, keepers), names(radio, keepers), ListComparison{Before: 2, After: 2}},
		"another order":        {names(radio, keepers, spring), names(spring, radio, keepers), ListComparison{Before: 3, After: 3, Reordered: true}},
		"added":                {names(radio), names(keepers, radio), ListComparison{Before: 1, After: 2, Added: []ListedName{{Name: keepers.Text}}}},
		"removed":              {names(radio, spring), names(radio), ListComparison{Before: 2, After: 1, Removed: []ListedName{{Name: spring.Text, Position: 1}}}},
		"respelled":            {names(radio, spring), names(Name{Text: "Valley Radios"}, Name{Text: "جمعية حراس المنبع"}), ListComparison{Before: 2, After: 2, Changed: []RenamedName{{"Valley Radio", "Valley Radios", 0}, {spring.Text, "جمعية حراس المنبع", 1}}}},
		"another commitment":   {names(radio), names(Name{Text: radio.Text, Commitment: "x"}), ListComparison{Before: 1, After: 1}},
		"another role":         {names(radio), names(Name{Text: radio.Text, Detail: "Chair"}), ListComparison{Before: 1, After: 1, Changed: []RenamedName{{"Valley Radio", "Valley Radio (Chair)", 0}}}},
		"withheld since":       {names(radio, keepers), names(radio, gone), ListComparison{Before: 2, After: 2}},
		"withheld and removed": {names(radio, gone), names(radio), ListComparison{Before: 2, After: 1, Removed: []ListedName{{Position: 1, Withheld: true}}}},
		"withheld and added":   {names(radio), names(radio, gone), ListComparison{Before: 1, After: 2, Added: []ListedName{{Position: 1, Withheld: true}}}},
		"one name, twice":      {names(radio, radio), names(radio), ListComparison{Before: 2, After: 1, Removed: []ListedName{{Name: radio.Text, Position: 1}}}},
		"replaced":             {names(radio), names(Name{Text: "Dam Builders Federation"}), ListComparison{Before: 1, After: 1, Added: []ListedName{{Name: "Dam Builders Federation"}}, Removed: []ListedName{{Name: radio.Text}}}},
		"the nearest wins":     {names(Name{Text: "Association of the Wells"}), names(Name{Text: "Association of the Hills and Wells"}, Name{Text: "Association of the Well"}), ListComparison{Before: 1, After: 2, Added: []ListedName{{Name: "Association of the Well", Position: 1}}, Changed: []RenamedName{{"Association of the Wells", "Association of the Hills and Wells", 0}}}},
	} {
		if c.want.Added == nil {
			c.want.Added = []ListedName{}
		}
		if c.want.Removed == nil {
			c.want.Removed = []ListedName{}
		}
		if c.want.Changed == nil {
			c.want.Changed = []RenamedName{}
		}
		if diff := cmp.Diff(c.want, mustCompare(t, c.a, c.b).List); diff != "" {
			t.Errorf("%s:\n%s", name, diff)
		}
	}
}

func TestExcerpts(t *testing.T) {
	a := "Title\n\none two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen. End\n\nA last paragraph that nothing touches.\n"
	b := strings.NewReplacer("five", "FIVE", "six", "SIX", "End", "Stop").Replace(a)
	got := mustCompare(t, Version{Texts: map[string][]byte{"en": []byte(a)}}, Version{Texts: map[string][]byte{"en": []byte(b)}})
	var lines []string
	for _, e := range Excerpts(got.Texts[0].Pieces, 3) {
		lines = append(lines, marked(e))
	}
	want := []string{"… two three four [-five six-]{+FIVE SIX+} seven eight nine …", "… thirteen fourteen fifteen. [-End-]{+Stop+}"}
	if diff := cmp.Diff(want, lines); diff != "" {
		t.Error(diff)
	}
	if Excerpts(nil, 3) != nil {
		t.Error("excerpts of nothing")
	}
	lone := Excerpts([]Piece{{Inserted, "x"}}, 3)
	if len(lone) != 1 || marked(lone[0]) != "{+x+}" {
		t.Errorf("%v", lone)
	}
}

// FuzzCompare: what was not removed is the later file, byte for byte; tokens are
// either paired, removed or added; and nothing differs from itself.
func FuzzCompare(f *testing.F) {
	for _, s := range [][2]string{{callOne, callTwo}, {callTwo, callOne}, {"a b c", "c b a"}, {"• a\n• b", "- a - b"}, {"نداء الماء", "نداء إلى الماء"}, {"one two three four", ""}, {"“a” b", "a “b”"}} {
		f.Add(s[0], s[1])
	}
	f.Fuzz(func(t *testing.T, a, b string) {
		va, vb := Version{Texts: map[string][]byte{"en": []byte(a)}}, Version{Texts: map[string][]byte{"en": []byte(b)}}
		c, err := Compare(va, vb)
		_, errA := text.Parse([]byte(a))
		_, errB := text.Parse([]byte(b))
		if (err != nil) != (a != b && (errA != nil || errB != nil)) {
			t.Fatalf("%v, %v, %v", err, errA, errB)
		}
		if err != nil {
			return
		}
		x := c.Texts[0]
		if x.Status == TextChanged {
			later := ""
			for _, p := range x.Pieces {
				if p.Kind != Removed {
					later += p.Text
				}
			}
			if later != b || len(x.Changes) == 0 {
				t.Fatalf("%q is not %q; %d changes", later, b, len(x.Changes))
			}
		}
		if !mustCompare(t, vb, vb).Unchanged() {
			t.Fatal("it differs from itself")
		}
		for _, e := range Excerpts(x.Pieces, 3) {
			if len(e) == 0 {
				t.Fatal("an empty excerpt")
			}
		}
	})
}
