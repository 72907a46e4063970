package match

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// at gives the offset of sub in s, for the expectations below.
func at(t *testing.T, s, sub string) int {
	t.Helper()
	i := strings.Index(s, sub)
	if i < 0 {
		t.Fatalf("%q is not in the text", sub)
	}
	return i
}

// Each alteration replaces one passage; the verdict must name exactly the change.
func TestAlteredText(t *testing.T) {
	x := newTestIndex(t, valleys(), harbour())
	for _, c := range []struct {
		name, lang, from, to string
		want                 Change // At and PublishedAt are those of the words below
		copyAt, publishedAt  string // where they stand, found by these words
	}{
		{"a word", "en", "no council has answered", "no council has received", Change{Op: OpReplace, Class: ClassWording, Published: "answered", Copy: "received"}, "received their", "answered their"},
		{"a number", "en", "412 villages", "421 villages", Change{Op: OpReplace, Class: ClassNumber, Published: "412", Copy: "421"}, "421", "412"},
		{"a number in words", "en", "all seven dams", "all nine dams", Change{Op: OpReplace, Class: ClassNumber, Published: "seven", Copy: "nine"}, "nine dams", "seven dams"},
		{"a separator moved", "en", "2,500", "25,00", Change{Op: OpReplace, Class: ClassNumber, Published: "2,500", Copy: "25,00"}, "25,00", "2,500"},
		{"a date", "en", "March 9, 2029", "March 8, 2029", Change{Op: OpReplace, Class: ClassDate, Published: "9", Copy: "8"}, "8, 2029", "9, 2029"},
		{"a month", "en", "on March 9", "on April 9", Change{Op: OpReplace, Class: ClassDate, Published: "March", Copy: "April"}, "April 9", "March 9"},
		{"not removed", "en", "Do not sell", "Do sell", Change{Op: OpDelete, Class: ClassNegation, Published: "not"}, " sell river", "not sell"},
		{"not added", "en", "It has dried", "It has not dried", Change{Op: OpInsert, Class: ClassNegation, Copy: "not"}, "not dried", " dried the"},
		{"apostrophe kept", "en", "isn't an", "is an", Change{Op: OpReplace, Class: ClassNegation, Published: "isn't", Copy: "is"}, "is an accident", "isn't an"},
		{"opposite", "en", "often brackish", "often unbrackish", Change{Op: OpReplace, Class: ClassNegation, Published: "brackish", Copy: "unbrackish"}, "unbrackish", "brackish"},
		{"a name", "en", "in Tizi Nour on", "in Tizi Ghar on", Change{Op: OpReplace, Class: ClassName, Published: "Nour", Copy: "Ghar"}, "Ghar on", "Nour on"},
		{"case", "en", "the dams isn't", "the Dams isn't", Change{Op: OpReplace, Class: ClassCase, Published: "dams", Copy: "Dams"}, "Dams isn't", "dams isn't"},
		{"punctuation removed", "en", "mothers; no", "mothers no", Change{Op: OpDelete, Class: ClassPunctuation, Published: ";"}, " no council", "; no council"},
		{"punctuation changed", "en", "at once.", "at once?", Change{Op: OpReplace, Class: ClassPunctuation, Published: ".", Copy: "?"}, "?", ".\nTest"},
		{"quotation marks removed", "en", "“independent” lab", "“independent lab", Change{Op: OpDelete, Class: ClassPunctuation, Published: "”"}, " laboratory.", "” laboratory."},
		{"Cyrillic letter", "en", "grazing land", "grаzing land", Change{Op: OpReplace, Class: ClassLookalike, Published: "grazing", Copy: "grаzing"}, "grаzing", "grazing"},
		{"Greek letter", "en", "household", "hοusehold", Change{Op: OpReplace, Class: ClassLookalike, Published: "household", Copy: "hοusehold"}, "hοusehold", "household"},
		{"right-to-left override", "en", "18 litres", "18\u202e litres", Change{Op: OpInsert, Class: ClassHidden, Copy: "<U+202E>"}, "\u202e", " litres, often"},
		{"tag characters", "en", "at once.", "at once\U000e0041\U000e0042.", Change{Op: OpInsert, Class: ClassHidden, Copy: "<U+E0041><U+E0042>"}, "\U000e0041", ".\nTest"},
		{"demand dropped", "en", "Return the grazing land to the families who can show a title older than 1950.\n", "", Change{Op: OpDelete, Class: ClassOmission, Published: "Return the grazing land to the families who can show a title older than 1950."}, "\nDo not sell", "Return the"},
		{"demand added", "en", "Do not sell", "Lower the price of hay.\nDo not sell", Change{Op: OpInsert, Class: ClassAddition, Copy: "Lower the price of hay."}, "Lower the", "\nDo not sell"},
		{"elided", "en", "emptied the schools and forced shepherds off the land", "[…] the land", Change{Op: OpReplace, Class: ClassOmission, Published: "emptied the schools and forced shepherds off", Copy: "[…]"}, "[…]", "emptied"},
		{"attached after", "en", "profits.\n", "profits. And more.\n", Change{Op: OpInsert, Class: ClassWording, Copy: "And more."}, "And more.", "\x00"},
		{"attached before", "en", "The Seven", "FAKE The Seven", Change{Op: OpInsert, Class: ClassWording, Copy: "FAKE"}, "FAKE", "The Seven"},
		{"first word", "en", "The Seven", "Our Seven", Change{Op: OpReplace, Class: ClassWording, Published: "The", Copy: "Our"}, "Our", "The Seven"},
		{"last word", "en", "company’s profits.", "company’s budget.", Change{Op: OpReplace, Class: ClassWording, Published: "profits", Copy: "budget"}, "budget", "profits."},
		{"French negation", "fr", "Ne pas vendre", "Vendre", Change{Op: OpReplace, Class: ClassNegation, Published: "Ne pas vendre", Copy: "Vendre"}, "Vendre", "Ne pas"},
		{"French number", "fr", "sous 30 jours", "sous 300 jours", Change{Op: OpReplace, Class: ClassNumber, Published: "30", Copy: "300"}, "300", "30 jours"},
		{"accent", "fr", "tari les puits", "tarî les puits", Change{Op: OpReplace, Class: ClassAccent, Published: "tari", Copy: "tarî"}, "tarî", "tari"},
		{"Arabic negation", "ar", "ولم يجب", "يجب", Change{Op: OpDelete, Class: ClassWording, Published: "ولم"}, " يجب", "ولم يجب"},
		{"Arabic not", "ar", "ليس إغلاق", "إغلاق", Change{Op: OpDelete, Class: ClassNegation, Published: "ليس"}, "\n\nإغلاق السدود حادثا", "ليس إغلاق"},
		{"Arabic number", "ar", "خلال 30", "خلال ٣٠٠", Change{Op: OpReplace, Class: ClassNumber, Published: "30", Copy: "٣٠٠"}, "٣٠٠", "30"},
		{"hamza", "ar", "الماء\n", "الما\n", Change{Op: OpReplace, Class: ClassWording, Published: "الماء", Copy: "الما"}, "الما\n", "الماء\n"},
	} {
		body := map[string]string{"en": valleysEN, "fr": valleysFR, "ar": valleysAR}[c.lang]
		in := strings.Replace(body, c.from, c.to, 1)
		if in == body {
			t.Errorf("%s: nothing was changed", c.name)
			continue
		}
		v := check(t, x, in, "")
		c.want.At = at(t, in, c.copyAt)
		if c.publishedAt == "\x00" {
			c.want.PublishedAt = len(body) - 1
		} else {
			c.want.PublishedAt = at(t, body, c.publishedAt)
		}
		if v.Verdict != Altered || v.Version != 2 || v.Similarity >= 1 || v.Similarity < 0.9 {
			t.Errorf("%s: %s", c.name, describe(v))
			continue
		}
		if diff := cmp.Diff([]Change{c.want}, v.Changes); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.name, diff)
		}
	}
}

func TestAlteredList(t *testing.T) {
	x := newTestIndex(t, valleys(), harbour())
	list := func(edit func(l []string) []string) string {
		return full(valleysEN, edit(append([]string(nil), secondList...)))
	}
	for _, c := range []struct {
		name string
		in   string
		want Signatories
	}{
		{"added last", list(func(l []string) []string { return append(l, "Dam Builders Federation") }),
			Signatories{Added: []AddedName{{Name: "Dam Builders Federation"}}}},
		{"added first", list(func(l []string) []string { return append([]string{"Dam Builders Federation"}, l...) }),
			Signatories{Added: []AddedName{{Name: "Dam Builders Federation"}}}},
		{"added inside", list(func(l []string) []string { l[3] += "\n• Dam Builders Federation"; return l }),
			Signatories{Added: []AddedName{{Name: "Dam Builders Federation"}}}},
		{"removed", list(func(l []string) []string { return append(l[:4], l[5:]...) }),
			Signatories{Missing: []MissingName{{Name: secondList[4], Position: 4}}}},
		{"last removed", list(func(l []string) []string { return l[:9] }),
			Signatories{Missing: []MissingName{{Name: "Valley Radio", Position: 9}}}},
		{"changed word", list(func(l []string) []string { l[2] = "Rivers With Owners"; return l }),
			Signatories{Changed: []ChangedName{{Published: "Rivers Without Owners", Copy: "Rivers With Owners", Position: 2}}}},
		{"changed letter", list(func(l []string) []string { l[9] = "Valley Ratio"; return l }),
			Signatories{Changed: []ChangedName{{Published: "Valley Radio", Copy: "Valley Ratio", Position: 9}}}},
		{"look-alike letter", list(func(l []string) []string { l[0] = "Union of Well Kеepers"; return l }),
			Signatories{Changed: []ChangedName{{Published: "Union of Well Keepers", Copy: "Union of Well Kеepers", Position: 0}}}},
		{"words attached to a name", list(func(l []string) []string { l[9] += " and friends"; return l }),
			Signatories{Added: []AddedName{{Name: "Valley Radio and friends"}}, Missing: []MissingName{{Name: "Valley Radio", Position: 9}}}},
		{"replaced", list(func(l []string) []string { l[1] = "Dam Builders Federation"; return l }),
			Signatories{Added: []AddedName{{Name: "Dam Builders Federation"}}, Missing: []MissingName{{Name: secondList[1], Position: 1}}}},
	} {
		for form, f := range map[string]func(string) string{
			"bullets": func(s string) string { return s },
			"numbers": numbered,
			"bare":    func(s string) string { return strings.ReplaceAll(s, "• ", "") },
			"wrapped": func(s string) string { return wrap(s, 50) },
			"spaced":  func(s string) string { return strings.ReplaceAll(s, "\n•", "\n\n•") },
		} {
			in := f(c.in)
			v := check(t, x, in, "")
			got := v.Signatories
			for i, a := range got.Added {
				if k := strings.Index(in, strings.Fields(a.Name)[0]); a.At > k && form != "numbers" && len(got.Missing) == 0 {
					t.Errorf("%s, %s: added at %d, want %d", c.name, form, a.At, k)
				}
				got.Added[i].At = 0
				got.Added[i].Name = strings.TrimLeft(a.Name, "0123456789. ")
			}
			for i := range got.Changed {
				got.Changed[i].At = 0
				got.Changed[i].Copy = strings.TrimLeft(got.Changed[i].Copy, "0123456789. ")
			}
			want := c.want
			want.Status, want.Known.Listed = ListAltered, 10
			if v.Verdict != Altered || v.Version != 2 || len(v.Changes) > 0 || v.Similarity >= 1 {
				t.Errorf("%s, %s: %s", c.name, form, describe(v))
			} else if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("%s, %s (-want +got):\n%s", c.name, form, diff)
			}
		}
	}
}
