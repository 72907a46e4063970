package match

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const ferryText = `Notes on the Ferry

Three things are asked of the harbour: lamps • ropes • ladders at each of the nine quays, before the winter of 2031.
The ferry must not be moved to the north quay without a vote of those who use it every day.
• Repair the lamps.
• Print the timetable in 3 languages.
Keep the ladders dry.
`

func ferry() Publication {
	return Publication{Slug: "ferry", Genesis: "sha256:" + strings.Repeat("0f", 32), Versions: []Version{{
		Number: 1, Texts: map[string][]byte{"en": []byte(ferryText)}, Names: names([]string{"Tide Table Society", "Dockers of the Old Quay"}),
	}}}
}

// Where a copy has a bullet at a line start, the published text alone says whether
// that is presentation. Each copy is checked alone, with words before it (which the
// digest of the whole cannot find), with another word changed, and as an excerpt.
func TestBullets(t *testing.T) {
	x := newTestIndex(t, ferry())
	markers := []string{TolListMarkers}
	for _, c := range []struct {
		name     string
		old, new string
		copied   string // of the change, or "" where there is none
		tol      []string
	}{
		{"wrapped at the bullets", "lamps • ropes • ladders", "lamps\n• ropes\n• ladders", "", nil},
		{"wrapped at one of them", "lamps • ropes • ladders", "lamps • ropes\n▪ ladders", "", nil},
		{"wrapped, the bullet alone on its line", "lamps • ropes", "lamps\n•\nropes", "", nil},
		{"a bullet where an item begins", "Keep the", "• Keep the", "", markers},
		{"a bullet alone on the line before an item", "Keep the", "•\nKeep the", "", markers},
		{"another bullet", "• Repair", "◦ Repair", "", nil},
		{"two bullets", "• Repair", "• ◦ Repair", "", markers},
		{"no bullet", "• Repair", "Repair", "", markers},
		{"a number in place of a bullet", "• Repair", "1. Repair", "", markers},
		{"the items joined", "lamps.\n• Print", "lamps. • Print", "", nil},
		{"a bullet inside a paragraph", "moved to the", "moved\n• to the", "•", nil},
		{"a bullet inside a paragraph, alone on its line", "moved to the", "moved\n•\nto the", "•", nil},
		{"two of them", "moved to the", "moved\n• • to the", "• •", nil},
		{"a bullet more than the line has", "• ropes •", "\n• • ropes •", "•", nil},
		{"a bullet with a changed word", "moved to the", "moved\n• from the", "• from", nil},
		{"a bullet inside a divided word", "without", "with-\n• out", "with- • out", nil},
		{"a bullet inside a split word", "without", "with\n• out", "with • out", nil},
		{"a bullet before an emphasised word", "moved to the", "moved\n• *to* the", "*to*", nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			in := strings.Replace(ferryText, c.old, c.new, 1)
			if in == ferryText {
				t.Fatal("nothing was replaced")
			}
			want, changes := Authentic, 0
			if c.copied != "" {
				want, changes = Altered, 1
			}
			v := check(t, x, in, "")
			expect(t, v, want, changes, c.tol)
			if changes > 0 && !strings.Contains(v.Changes[0].Copy+c.copied, c.copied) {
				t.Errorf("%+v", v.Changes)
			}
			for _, ch := range v.Changes {
				if c.copied == "•" && (ch.Op != OpInsert || ch.Class != ClassPunctuation || ch.Copy != "•" || !strings.HasPrefix(in[ch.At:], "•")) {
					t.Errorf("%+v", ch)
				}
			}
			expect(t, check(t, x, "Forwarded by a friend\n\n"+in, ""), want, changes, c.tol)
			expect(t, check(t, x, in+"\n• Dockers of the Old Quay\n• Tide Table Society\n", ""), want, changes, c.tol)
			expect(t, check(t, x, strings.Replace(in, "nine", "ten", 1), ""), Altered, changes+1, c.tol)
			expect(t, check(t, x, "> "+strings.ReplaceAll(strings.TrimSpace(in), "\n", "\n> "), ""), want, changes, append([]string{TolMailQuote}, c.tol...))
		})
	}
}

func expect(t *testing.T, v *Verdict, headline string, changes int, tolerances []string) {
	t.Helper()
	got := slices.DeleteFunc(slices.Clone(v.Tolerances), func(s string) bool { return s == TolEmphasis })
	slices.Sort(tolerances)
	if v.Verdict != headline || len(v.Changes) != changes || !slices.Equal(got, tolerances) && len(got)+len(tolerances) > 0 {
		t.Errorf("%s, want %s; changes %+v, want %d; tolerances %q, want %q", v.Verdict, headline, v.Changes, changes, v.Tolerances, tolerances)
	}
}

// An excerpt may be marked as an item of somebody's list.
func TestBulletBeforeExcerpt(t *testing.T) {
	x := newTestIndex(t, ferry())
	v := check(t, x, "• without a vote of those who use it every day", "")
	if v.Verdict != Excerpt || len(v.Changes) > 0 {
		t.Errorf("%s %+v", v.Verdict, v.Changes)
	}
	if v := check(t, x, "without a vote\n• of those who use it every day", ""); v.Verdict != Altered {
		t.Errorf("a bullet inside: %s", v.Verdict)
	}
	if v := check(t, x, "•\n•\n", ""); v.Verdict != Unchecked || v.Reason.Code != ReasonEmpty {
		t.Errorf("bullets alone: %s %s", v.Verdict, v.Reason.Code)
	}
}

// Two versions that differ in bullets before items have the same text.
func TestCompareBullets(t *testing.T) {
	pair := func(old, new string) *Comparison {
		t.Helper()
		a, b := ferry().Versions[0], ferry().Versions[0]
		b.Texts = map[string][]byte{"en": []byte(strings.Replace(ferryText, old, new, 1))}
		c, err := Compare(a, b)
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	for _, c := range [][2]string{{"• Repair", "Repair"}, {"Keep", "• Keep"}, {"lamps • ropes", "lamps\n• ropes"}} {
		if got := pair(c[0], c[1]).Texts[0]; got.Status != TextSame {
			t.Errorf("%q: %+v", c[1], got)
		}
	}
	got := pair("moved to the", "moved\n• to the").Texts[0]
	at := strings.Index(ferryText, " to the north")
	want := []Passage{{Op: OpInsert, Class: ClassPunctuation, After: "•", BeforeAt: at, AfterAt: at + 1}}
	if diff := cmp.Diff(want, got.Changes); diff != "" || got.Status != TextChanged {
		t.Errorf("%s (-want +got):\n%s", got.Status, diff)
	}
	later := ""
	for _, p := range got.Pieces {
		if p.Kind != Removed {
			later += p.Text
		}
	}
	if later != strings.Replace(ferryText, "moved to the", "moved\n• to the", 1) {
		t.Errorf("pieces: %q", later)
	}
}

// A filled and a hollow bullet may answer yes and no; wrapped to a line start they
// still do.
func TestFilledAndHollow(t *testing.T) {
	const published = "Ballot of the valley\n\nWe ask every family to answer the same question today: yes ● no ○ and nothing else at all.\n"
	x := newTestIndex(t, Publication{Slug: "ballot", Genesis: "sha256:" + strings.Repeat("ba", 32), Versions: []Version{{Number: 1, Texts: map[string][]byte{"en": []byte(published)}, Names: names([]string{"Valley Radio"})}}})
	for in, want := range map[string]string{
		strings.ReplaceAll(published, "●", "■"):           Authentic,
		strings.ReplaceAll(published, " ○", "\n○"):        Authentic,
		strings.ReplaceAll(published, "○", "●"):           Altered,
		strings.ReplaceAll(published, " ○", "\n●"):        Altered,
		strings.ReplaceAll(published, "● no ○", "○ no ●"): Altered,
	} {
		if v := check(t, x, in, ""); v.Verdict != want {
			t.Errorf("%q: %s, want %s", in, describe(v), want)
		}
	}
}
