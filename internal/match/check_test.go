package match

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"reflect"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// The example of the package comment.
func TestWorkedExample(t *testing.T) {
	x := newTestIndex(t, Publication{Slug: "water", Versions: []Version{{
		Number: 1, Texts: map[string][]byte{"en": []byte("Call for water\nOpen the seven gates.\n")}}}})
	v := check(t, x, "Call for water\n• Open the nine gates.", "")
	want := []Change{{Op: OpReplace, Class: ClassNumber, Published: "seven", Copy: "nine", At: 28, PublishedAt: 24}}
	if diff := cmp.Diff(want, v.Changes); diff != "" || v.Verdict != Altered {
		t.Errorf("%s\n%s", diff, describe(v))
	}
}

// The JSON form has the names and the order of the design's example.
func TestVerdictJSON(t *testing.T) {
	v := newVerdict(Altered)
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	const want = `{"verdict":"altered","publication":"","genesis":"","log":"","trust":"","version":0,"also_matches":[],"languages":[],` +
		`"current":"undetermined","as_of":"","latest_version":0,"retracted":false,"similarity":0,"changes":[],` +
		`"signatories":{"status":"absent","added":[],"missing":[],"changed":[],"withheld":0,` +
		`"known":{"listed":0,"confirmed-domain":0,"confirmed-mail":0,"signed":0}},` +
		`"surroundings":[],"tolerances":[],"warnings":[],"evidence":{"log_index":0,"tree_size":0,"record":"","witnesses":0},` +
		`"reason":{"code":"","detail":"","hint":""}}`
	if string(b) != want {
		t.Errorf("got  %s\nwant %s", b, want)
	}
}

func TestExitCode(t *testing.T) {
	for verdict, want := range map[string]int{Identical: 0, Authentic: 0, Excerpt: 0, Altered: 1, Unknown: 1, Consistent: 3, Unchecked: 3, "": 3} {
		if got := (&Verdict{Verdict: verdict}).ExitCode(); got != want {
			t.Errorf("%q: %d, want %d", verdict, got, want)
		}
	}
	if got := (&Verdict{Verdict: Authentic, Retracted: true}).ExitCode(); got != 1 {
		t.Errorf("retracted: %d", got)
	}
}

func TestIdentical(t *testing.T) {
	x := newTestIndex(t, valleys(), harbour())
	v := check(t, x, valleysFR, "")
	if v.Verdict != Identical || v.Version != 2 || v.Languages[0] != "fr" || v.LatestVersion != 2 || v.Signatories.Known.Listed != 10 {
		t.Error(describe(v))
	}
	if diff := cmp.Diff([]VersionRef{{"seven-valleys", valleys().Genesis, 1}}, v.AlsoMatches); diff != "" {
		t.Error(diff)
	}
	if v := check(t, x, valleysFR, "harbour"); v.Verdict != Unknown || v.Reason.Code != ReasonNoRecord {
		t.Errorf("asked of another publication: %s", describe(v))
	}
	if v := check(t, x, valleysFR, "no-such"); v.Verdict != Unknown || v.Reason.Code != ReasonNoPublication {
		t.Errorf("asked of no publication: %s", describe(v))
	}
}

func TestExcerpt(t *testing.T) {
	x := newTestIndex(t, valleys(), harbour())
	demand := "Test every public well twice a year, and publish the results within 30 days."
	for _, c := range []struct {
		name, in string
		verdict  string
		warnings int
	}{
		{"an item", demand, Excerpt, 0},
		{"an item with a bullet", "• " + demand, Excerpt, 0},
		{"an item with a dash", "- " + demand, Excerpt, 0},
		{"a short item", "For these reasons, we call for the following:", Excerpt, 0},
		{"in quotation marks", "“" + demand + "”", Excerpt, 0},
		{"two items", demand + "\n\nReturn the grazing land to the families who can show a title older than 1950.", Excerpt, 0},
		{"eight words", "the wells of thousands of families, emptied the schools", Excerpt, 2},
		{"a sentence", "It has dried the wells of thousands of families, emptied the schools and forced shepherds off the land of their mothers; no council has answered their letters.", Excerpt, 0},
		{"cut off", "We, the delegates of the seven valleys, met in Tizi Nour on May…", Excerpt, 1},
		{"without the title", strings.SplitN(valleysEN, "\n\n", 2)[1], Excerpt, 0},
		{"with a comment above", "Read what they ask for\n\n" + demand, Excerpt, 0},
		{"seven words", "the wells of thousands of families, emptied", Unknown, 0},
		{"changed", strings.Replace(demand, "twice", "once", 1), Altered, 0},
		{"a word attached", demand + " Maybe.", Altered, 0},
		{"joined", "Open the gates of all seven dams at once.\n[…]\nPay for the losses of the years 2029 and 2030 from the company’s profits.", Altered, 0},
		{"with the list", full(demand, secondList), Altered, 0},
		{"in another text", strings.Repeat("Some people talk about water all day long and never drink it. ", 30) + "\n" + demand + "\n", Excerpt, 0},
	} {
		v := check(t, x, c.in, "")
		if v.Verdict != c.verdict || len(v.Warnings) != c.warnings {
			t.Errorf("%s: want %s with %d warnings, got %v %s", c.name, c.verdict, c.warnings, v.Warnings, describe(v))
		}
	}
	v := check(t, x, "Open the gates of all seven dams at once.\n[…]\nPay for the losses of the years 2029 and 2030 from the company’s profits.", "")
	found := false
	for _, ch := range v.Changes {
		found = found || ch.Class == ClassOmission && ch.Copy == "[…]" && strings.HasPrefix(ch.Published, "Test every")
	}
	if !found {
		t.Errorf("the omission is not named: %+v", v.Changes)
	}
}

func TestSuperseded(t *testing.T) {
	p := valleys()
	p.Versions[1].Retracted = true
	third := p.Versions[0]
	third.Number, third.Names = 3, names(firstList[:5])
	third.Texts = map[string][]byte{"en": []byte(strings.Replace(valleysEN, "412", "414", 1))}
	p.Versions = append(p.Versions, third)
	x := newTestIndex(t, p, harbour())
	for _, c := range []struct {
		name, in          string
		verdict           string
		version, also     int
		retracted, listed bool
	}{
		{"the list of a retracted version", full(valleysEN, secondList), Authentic, 2, 0, true, true},
		{"no list: the latest that is not retracted", valleysEN + " ", Authentic, 1, 1, false, false},
		{"the third text", strings.Replace(valleysEN, "412", "414", 1) + " ", Authentic, 3, 0, false, false},
		{"the first text with the third list", full(valleysEN, firstList[:5]), Altered, 1, 0, false, true},
	} {
		v := check(t, x, c.in, "")
		if v.Verdict != c.verdict || v.Version != c.version || len(v.AlsoMatches) != c.also || v.Retracted != c.retracted ||
			v.LatestVersion != 3 || (v.Signatories.Status != ListAbsent) != c.listed {
			t.Errorf("%s: %s", c.name, describe(v))
		}
	}
}

func TestWithheldNames(t *testing.T) {
	p := valleys()
	p.Versions = p.Versions[1:]
	p.Versions[0].Names = names(secondList)
	p.Versions[0].Names[8] = Name{Withheld: true}
	x := newTestIndex(t, p)
	with := func(extra ...string) string {
		return full(valleysEN, append(append([]string{}, secondList[:8]...), append(extra, "Valley Radio")...))
	}
	for _, c := range []struct {
		name, in, verdict, status string
		added                     int
	}{
		{"none shown", with(), Authentic, ListSame, 0},
		{"one shown", with("Nadir Oulad, water engineer"), Unchecked, ListUndetermined, 1},
		{"two shown", with("Nadir Oulad, water engineer", "Dam Builders Federation"), Altered, ListAltered, 2},
		{"one shown, another missing", strings.Replace(with("Nadir Oulad, water engineer"), "• Valley Radio\n", "", 1), Altered, ListAltered, 1},
		{"one shown, the text altered", strings.Replace(with("Nadir Oulad, water engineer"), "412", "413", 1), Altered, ListUndetermined, 1},
	} {
		v := check(t, x, c.in, "")
		if v.Verdict != c.verdict || v.Signatories.Status != c.status || len(v.Signatories.Added) != c.added || v.Signatories.Withheld != 1 {
			t.Errorf("%s: %s", c.name, describe(v))
		}
		if v.Verdict == Unchecked && v.Reason.Code != ReasonWithheld {
			t.Errorf("%s: reason %v", c.name, v.Reason)
		}
	}
}

func TestSeveralLanguages(t *testing.T) {
	x := newTestIndex(t, valleys(), harbour())
	in := wrap(valleysAR+"\n"+full(valleysFR+"\n***\n\n"+valleysEN, firstList), 70)
	v := check(t, x, in, "")
	if v.Verdict != Authentic || v.Version != 1 || v.Signatories.Status != ListSame {
		t.Error(describe(v))
	}
	if diff := cmp.Diff([]string{"ar", "fr", "en"}, v.Languages); diff != "" {
		t.Error(diff)
	}
	v = check(t, x, strings.Replace(in, "sous 30 jours", "sous 31 jours", 1), "")
	if v.Verdict != Altered || len(v.Changes) != 1 || v.Changes[0].Copy != "31" || len(v.Languages) != 3 {
		t.Error(describe(v))
	}
}

func TestPlaceAndDate(t *testing.T) {
	x := newTestIndex(t, valleys(), harbour())
	copied := full(valleysEN, secondList)
	for _, c := range []struct {
		place string
		want  []Change
	}{
		{"", nil},
		{"Tizi Nour, May 5, 2031", nil},
		{"Tizi Nour, May 6, 2031", []Change{{Op: OpReplace, Class: ClassDate, Published: "5", Copy: "6"}}},
		{"Rome, 1 April 2040", []Change{
			{Op: OpReplace, Class: ClassDate, Published: "Tizi Nour", Copy: "Rome"},
			{Op: OpReplace, Class: ClassDate, Published: "May 5, 2031", Copy: "1 April 2040"}}},
	} {
		v := check(t, x, strings.Replace(copied, valleysPlace, c.place, 1), "")
		if diff := cmp.Diff(c.want, v.Changes, cmpopts.EquateEmpty(), cmpopts.IgnoreFields(Change{}, "At", "PublishedAt")); diff != "" {
			t.Errorf("%q: %s\n%s", c.place, diff, describe(v))
		}
		if (v.Verdict == Altered) != (len(c.want) > 0) || v.Signatories.Status != ListSame {
			t.Errorf("%q: %s", c.place, describe(v))
		}
	}
}

func TestSurroundings(t *testing.T) {
	x := newTestIndex(t, valleys(), harbour())
	v := check(t, x, "Forwarded many times\nMust read\n\n"+full(valleysEN, secondList)+"\n\nhttps://valleys.example/call\n", "")
	want := []Surrounding{{"Forwarded many times", 0}, {"Must read", 21}, {"https://valleys.example/call", 0}}
	if diff := cmp.Diff(want[:2], v.Surroundings[:2]); diff != "" || len(v.Surroundings) != 3 || v.Surroundings[2].Text != want[2].Text || v.Verdict != Authentic {
		t.Errorf("%s\n%s", diff, describe(v))
	}
	// A heading above the list is not a name; a name above the text is no list.
	for _, in := range []string{
		strings.Replace(full(valleysEN, secondList), "\n• Union", "\nFirst signatories:\n• Union", 1),
		strings.Replace(full(valleysEN, secondList), "\n• Union", "\nSignatories\n• Union", 1),
		strings.ReplaceAll(strings.Replace(full(valleysEN, secondList), "\n• Union", "\nSigned by\n• Union", 1), "\n• ", "\n"),
		strings.ReplaceAll(strings.Replace(full(valleysEN, secondList), "\n• Union", "\nالمنظمات الموقّعة\n• Union", 1), "\n• ", "\n"),
		"Valley Radio\n\n" + valleysEN,
	} {
		if v := check(t, x, in, ""); v.Verdict != Authentic || len(v.Surroundings) != 1 {
			t.Error(describe(v))
		}
	}
	added := strings.ReplaceAll(strings.Replace(full(valleysEN, secondList), "\n• Union", "\nSignatories of the Valley\n• Union", 1), "\n• ", "\n")
	if v := check(t, x, added, ""); v.Verdict != Altered || len(v.Signatories.Added) != 1 {
		t.Error(describe(v))
	}
}

func TestUnknown(t *testing.T) {
	x := newTestIndex(t, valleys(), harbour())
	for _, c := range []struct{ in, code string }{
		{"A poem about nothing, in which nobody calls for anything and everyone stays at home until the rain is over.", ReasonNoRecord},
		{"hello", ReasonNoRecord},
		{strings.Join(secondList, "\n"), ReasonNoRecord},
		{strings.Repeat("The council met again and spoke of roads. ", 20) + "It asked for the following: a title older than the house, and the results within a month.", ReasonNotSimilar},
	} {
		v := check(t, x, c.in, "")
		if v.Verdict != Unknown || v.Reason.Code != c.code && v.Reason.Code != ReasonNotSimilar || v.Publication != "" || v.Version != 0 {
			t.Errorf("%.40q: %s", c.in, describe(v))
		}
	}
	if v := check(t, NewIndex(), valleysEN, ""); v.Verdict != Unknown {
		t.Errorf("empty index: %s", describe(v))
	}
}

func TestUnchecked(t *testing.T) {
	x := newTestIndex(t, valleys())
	for code, in := range map[string]string{
		ReasonEmpty: " \n•\n", ReasonNUL: "a\x00b", ReasonInvalidUTF8: "a\xffb", ReasonMarks: "a" + strings.Repeat("\u0301", 9),
		ReasonTooLarge: strings.Repeat("a", 5<<20+1), ReasonTokens: strings.Repeat("!", 1<<20+1),
	} {
		v := check(t, x, in, "")
		if v.Verdict != Unchecked || v.Reason.Code != code || v.Reason.Detail == "" || v.Reason.Hint == "" {
			t.Errorf("%s: %+v", code, v.Reason)
		}
	}
}

func TestNamedTolerances(t *testing.T) {
	x := newTestIndex(t, valleys(), harbour())
	for _, c := range []struct{ name, from, to string }{
		{TolHyphenation, "accident", "acci-\ndent"},
		{TolSpacing, "a household", "ahousehold"},
		{TolEmphasis, "Moreover", "*Moreover*"},
		{TolStyled, "Do not sell", "𝐃𝐨 𝐧𝐨𝐭 𝐬𝐞𝐥𝐥"},
		{TolListMarkers, "Pay for", "5) Pay for"},
	} {
		v := check(t, x, strings.Replace(valleysEN, c.from, c.to, 1), "")
		if v.Verdict != Authentic || !reflect.DeepEqual(v.Tolerances, []string{c.name}) {
			t.Errorf("%s: %s", c.name, describe(v))
		}
	}
	for name, in := range map[string]string{
		TolVowels:   strings.Replace(valleysAR, "نحن", "نَحْنُ", 1),
		TolVariants: strings.Replace(valleysAR, "يجب أي", "یجب أی", 1),
	} {
		if v := check(t, x, in, ""); v.Verdict != Authentic || !reflect.DeepEqual(v.Tolerances, []string{name}) || len(v.Warnings) == 0 {
			t.Errorf("%s: %s", name, describe(v))
		}
	}
	// What looks like a tolerance and is none.
	for _, c := range []struct{ from, to string }{
		{"Pay for", "- 5 Pay for"}, {"no more than 18", "no more than 1 8"}, {"all seven", "*all seven"},
		{"Test every", "Test - every"}, {"Test every", "Test\n- every"}, {"litres a day", "litres\n2. a day"},
	} {
		if v := check(t, x, strings.Replace(valleysEN, c.from, c.to, 1), ""); v.Verdict != Altered {
			t.Errorf("%q: %s", c.to, describe(v))
		}
	}
}

func TestMovedParagraph(t *testing.T) {
	x := newTestIndex(t, valleys())
	a := "Open the gates of all seven dams at once.\n"
	in := strings.Replace(valleysEN, a, "", 1) + a
	v := check(t, x, in, "")
	if v.Verdict != Altered || len(v.Changes) == 0 || v.Changes[0].Op != OpMove {
		t.Error(describe(v))
	}
}

func TestPut(t *testing.T) {
	x := newTestIndex(t, valleys())
	bad := valleys()
	bad.Versions[1].Texts = map[string][]byte{"en": {0xff}}
	if err := x.Put(bad); err == nil || !strings.Contains(err.Error(), `publication "seven-valleys": version 2: text en:`) {
		t.Errorf("a text that is not UTF-8: %v", err)
	}
	if v := check(t, x, valleysEN, ""); v.Verdict != Identical || v.Version != 2 {
		t.Errorf("after a refused Put: %s", describe(v))
	}
	p := valleys()
	p.Versions = p.Versions[:1]
	p.Versions[0].Texts = map[string][]byte{"en": []byte(valleysFR)}
	if err := x.Put(p); err != nil {
		t.Fatal(err)
	}
	if v := check(t, x, valleysEN, ""); v.Verdict != Unknown {
		t.Errorf("a text that was replaced: %s", describe(v))
	}
	if v := check(t, x, valleysFR, ""); v.Verdict != Identical || v.Languages[0] != "en" {
		t.Errorf("the text that replaced it: %s", describe(v))
	}
	for _, p := range []Publication{{}, {Slug: "a"}, {Slug: "a", Versions: []Version{{}}}, {Slug: "a", Versions: []Version{{Number: 1}}}} {
		if x.Put(p) == nil {
			t.Errorf("%+v was accepted", p)
		}
	}
}

// Checks run while publications are replaced; the race detector watches.
func TestConcurrentUse(t *testing.T) {
	x := newTestIndex(t, valleys())
	var wg sync.WaitGroup
	for i := range 4 {
		wg.Add(2)
		go func() {
			defer wg.Done()
			for range 20 {
				if err := x.Put(valleys()); err != nil {
					t.Error(err)
				}
				p := harbour()
				p.Slug = fmt.Sprintf("harbour-%d", i)
				if err := x.Put(p); err != nil {
					t.Error(err)
				}
			}
		}()
		go func() {
			defer wg.Done()
			for range 20 {
				if v := x.Check([]byte(full(valleysEN, secondList)), ""); v.Verdict != Authentic {
					t.Error(describe(v))
				}
			}
		}()
	}
	wg.Wait()
}

func TestLargeCopy(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 6))
	var text, edited bytes.Buffer
	for i := range 200_000 {
		w := fmt.Sprintf("w%d ", rng.IntN(5000))
		text.WriteString(w)
		if rng.IntN(20) > 0 {
			edited.WriteString(w)
		}
		if i%15 == 14 {
			text.WriteByte('\n')
			edited.WriteByte('\n')
		}
	}
	x := newTestIndex(t, valleys(), Publication{Slug: "large", Versions: []Version{{Number: 1, Texts: map[string][]byte{"en": text.Bytes()}}}})
	if v := x.Check(edited.Bytes(), ""); v.Verdict != Altered {
		t.Errorf("%s, %v", v.Verdict, v.Similarity)
	}
}
