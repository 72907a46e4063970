package site

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sijil/sijil/internal/match"
)

func TestPassage(t *testing.T) {
	for _, x := range []struct {
		copied string
		from   int
		shown  string
		want   string
	}{
		{"open nine gates", 5, "nine", "nine"},
		{"open nine\n  gates", 5, "nine gates", "nine\n  gates"},
		{"a \u202eb\u202c", 2, "<U+202E>b<U+202C>", "\u202eb\u202c"},
		{"a\u200bb c", 0, "a<U+200B>b c", "a\u200bb c"},
		{"بئر عمومية", 0, "بئر", "بئر"},
		{"open nine", 5, "seven", ""},
		{"open", 4, "x", ""},
		{"open", 0, "", ""},
	} {
		if got := x.copied[x.from:passage(x.copied, x.from, x.shown)]; got != x.want {
			t.Errorf("passage(%q, %d, %q) = %q, want %q", x.copied, x.from, x.shown, got, x.want)
		}
	}
}

// flat writes segments as text, for comparing.
func flat(list []segment) string {
	var s strings.Builder
	for _, g := range list {
		switch {
		case g.Deleted:
			s.WriteString("[-" + g.text + "-]")
		case g.Inserted, g.Moved:
			s.WriteString("[+" + g.text + "+]")
		case g.Apart:
			s.WriteString("[~" + g.text + "~]")
		default:
			s.WriteString(g.text)
		}
	}
	return s.String()
}

func TestSegmentsAndContext(t *testing.T) {
	copied := "Note\nOne two three four five six seven eight nine ten eleven TWELVE thirteen.\nNext line\n"
	v := &match.Verdict{
		Changes: []match.Change{
			{Op: match.OpReplace, Published: "twelve", Copy: "TWELVE", At: strings.Index(copied, "TWELVE")},
			{Op: match.OpDelete, Published: "and a half", At: strings.Index(copied, " thirteen") - 0},
		},
		Surroundings: []match.Surrounding{{Text: "Note", At: 0}},
	}
	parts := segments(copied, edits(v))
	want := "[~Note~]\nOne two three four five six seven eight nine ten eleven [-twelve-][+TWELVE+][- and a half-] thirteen.\nNext line\n"
	if diff := cmp.Diff(want, flat(parts)); diff != "" {
		t.Error(diff)
	}
	first := firstSegments(parts, 2)
	if got, want := flat(around(parts, first[0])), "…four five six seven eight nine ten eleven [-twelve-][+TWELVE+][- and a half-] thirteen."; strings.ReplaceAll(got, "… ", "…") != want {
		t.Errorf("context:\n%s\n%s", got, want)
	}
	if around(parts, -1) != nil {
		t.Error("a change without segments has a context")
	}
}

func TestReadable(t *testing.T) {
	r := reader(t)
	v := r.readable(r.newScreen(), "Title\n\nFirst.\nSecond line.\n\n• one\n• two\n\n• three\n1. number\n")
	var got []string
	for _, b := range v.Blocks {
		switch {
		case b.Items != nil:
			for _, i := range b.Items {
				got = append(got, "item "+i[0].Text)
			}
			got = append(got, "end")
		case b.Tight:
			got = append(got, "tight "+b.Paragraph[0].Text)
		default:
			got = append(got, "para "+b.Paragraph[0].Text)
		}
	}
	want := []string{"para First.", "tight Second line.", "item one", "item two", "end", "item three", "end", "tight 1. number"}
	if diff := cmp.Diff(want, got); diff != "" || v.Heading[0].Text != "Title" {
		t.Errorf("heading %q\n%s", v.Heading, diff)
	}
	if v := r.readable(r.newScreen(), "T\n\n"+strings.Repeat("a b c d e f g\n\n", maxShown/10)); v.Cut == "" {
		t.Error("a text that is too long to show does not say so")
	}
}

func TestDirection(t *testing.T) {
	for lang, want := range map[string]string{"ar": "rtl", "he": "rtl", "fa": "rtl", "ur": "rtl", "en": "ltr", "fr": "ltr", "az-Arab": "rtl", "ar-Latn": "ltr", "zgh": "ltr", "": "auto"} {
		if got := direction(lang); got != want {
			t.Errorf("direction(%q) = %s, want %s", lang, got, want)
		}
	}
}

// FuzzSegments: whatever a verdict says, what is marked is the copy and nothing
// else, and no character that cannot be seen is shown as itself.
func FuzzSegments(f *testing.F) {
	english := reader(f)
	f.Add("one two three", 4, "two", "2", 9, "x")
	f.Add("ا ب \u202eج", 3, "ب", "", -5, "ج")
	f.Add("a\xffb", 1, "b", "a", 1<<30, "")
	f.Add("0\xb0", -29, "0", "0", 86, "0")
	f.Fuzz(func(t *testing.T, copied string, at int, shown, published string, at2 int, name string) {
		v := &match.Verdict{
			Changes:      []match.Change{{Copy: shown, Published: published, At: at}, {Copy: name, At: at2}},
			Signatories:  match.Signatories{Added: []match.AddedName{{Name: name, At: at}}, Changed: []match.ChangedName{{Published: published, Copy: shown, At: at2}}},
			Surroundings: []match.Surrounding{{Text: shown, At: at2}},
		}
		parts := segments(copied, edits(v))
		var joined strings.Builder
		for _, g := range parts {
			if !g.Deleted {
				joined.WriteString(g.text)
			}
		}
		if joined.String() != copied {
			t.Fatalf("the segments give %q, the copy is %q", joined.String(), copied)
		}
		sc := english.newScreen()
		for _, i := range firstSegments(parts, len(v.Changes)) {
			for _, m := range sc.show(around(parts, i), maxPassage) {
				for _, r := range m.Runs {
					if strings.ContainsFunc(r.Text, unseen) && !m.Deleted {
						t.Fatalf("shows %q", r.Text)
					}
				}
			}
		}
	})
}
