package draft

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/sijil/sijil/internal/signatory"
)

// sameDraft compares what the files hold: no positions in YAML, no empty lists.
var sameDraft = []cmp.Option{cmpopts.IgnoreUnexported(Draft{}, Entry{}, Flag{}), cmpopts.EquateEmpty()}

func example(t testing.TB, langs ...string) []Document {
	t.Helper()
	var out []Document
	for _, lang := range langs {
		name := "declaration." + lang + ".txt"
		b, err := os.ReadFile(filepath.Join("../../example", name))
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, Document{Name: name, Bytes: b})
	}
	return out
}

func mustDraft(t testing.TB, docs []Document, slug string) *Draft {
	t.Helper()
	d, _, err := FromDocument(docs, Options{Slug: slug})
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func plainDoc(s string) []Document {
	return []Document{{Language: "en", Name: "d.txt", Bytes: []byte(s)}}
}

type place struct {
	Rule Rule
	Line int // of the document
}

func places(flags []Flag) []place {
	out := mapped(flags, func(f Flag) place { return place{f.Rule, f.SourceLine} })
	slices.SortStableFunc(out, func(a, b place) int { return a.Line - b.Line })
	return out
}

func names(d *Draft) []string { return mapped(d.Entries, func(e Entry) string { return e.Name }) }

func mustClose(t testing.TB, d *Draft, sel Selector, how Resolution) []Flag {
	t.Helper()
	closed, err := d.Close(sel, how)
	if err != nil {
		t.Fatalf("close %+v as %s: %v", sel, how, err)
	}
	return closed
}

func reopen(t testing.TB, d *Draft, dir string) *Draft {
	t.Helper()
	if err := d.Save(dir); err != nil {
		t.Fatal(err)
	}
	again, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(d, again, sameDraft...); diff != "" {
		t.Fatalf("saved and opened (-want +got):\n%s", diff)
	}
	return again
}

func TestWorkedExample(t *testing.T) {
	d := mustDraft(t, plainDoc("Keep the river clean\n\nWe ask for for clean water.\n\nDamietta, March 5, 2026\n\n• 1Delta Watch\n"), "river")
	if got, want := d.Texts["en"], "Keep the river clean\n\nWe ask for for clean water.\n"; got != want {
		t.Errorf("text = %q, want %q", got, want)
	}
	if d.Header.Date != "2026-03-05" || d.Header.Place != "Damietta" {
		t.Errorf("date %q, place %q", d.Header.Date, d.Header.Place)
	}
	if diff := cmp.Diff([]place{{RepeatedWord, 3}, {GluedNumber, 7}}, places(d.OpenFlags())); diff != "" {
		t.Error(diff)
	}
	if !slices.Equal(names(d), []string{"1Delta Watch"}) {
		t.Errorf("names = %q", names(d))
	}
}

// A secretariat drafts the example in three languages, decides, and publishes.
func TestExampleFromDocumentToPublishing(t *testing.T) {
	docs := example(t, "en", "fr", "ar")
	d, report, err := FromDocument(docs, Options{Slug: "samir-delta"})
	if err != nil {
		t.Fatal(err)
	}
	want := []place{{RepeatedWord, 7}, {GluedNumber, 23}, {TwoOnOneLine, 25}, {DestroyedAddress, 27}, {ProbableDuplicate, 28}, {ProbablePerson, 29}}
	if diff := cmp.Diff(want, places(report.Flags)); diff != "" {
		t.Error(diff)
	}
	if !slices.Equal(d.Header.Languages, []string{"en", "fr", "ar"}) || d.Header.Date != "2026-03-05" || d.Header.Place != "Port Salam, Samir Delta" {
		t.Errorf("header = %+v", d.Header)
	}
	for lang, line := range map[string]string{"fr": "Port Salam, delta du Samir, le 5 mars 2026", "ar": "ميناء سلام، دلتا سمير، 5 مارس 2026"} {
		if d.Header.PlaceDate[lang] != line || strings.Contains(d.Texts[lang], line) {
			t.Errorf("%s: place and date = %q, in the text: %v", lang, d.Header.PlaceDate[lang], strings.Contains(d.Texts[lang], line))
		}
	}
	nothingChanged(t, docs, d)

	dir := filepath.Join(t.TempDir(), "draft")
	if err := d.Write(dir); err != nil {
		t.Fatal(err)
	}
	if err := d.Write(dir); err == nil || !strings.Contains(err.Error(), "already holds a draft") {
		t.Errorf("second Write: %v", err)
	}
	d = reopen(t, d, dir)
	if err := d.Publishable(); err == nil || strings.Count(err.Error(), "\n") != 5 {
		t.Errorf("Publishable, six open flags: %v", err)
	}
	mustClose(t, d, Selector{Rule: RepeatedWord}, Repaired)
	mustClose(t, d, Selector{Rule: GluedNumber}, Repaired)
	mustClose(t, d, Selector{Entry: 4}, Repaired)
	mustClose(t, d, Selector{ID: "6-destroyed-address"}, Removed)
	mustClose(t, d, Selector{Rule: ProbableDuplicate}, AsGiven)
	mustClose(t, d, Selector{Rule: ProbablePerson}, Repaired)
	d = reopen(t, d, dir)
	if err := d.Publishable(); err != nil {
		t.Errorf("Publishable, all decided: %v", err)
	}
	wantNames := []string{"Samir Delta Watch", "Coalition of Lagoon Fishers", "Rashad Centre for the Independence of Water Research",
		"Guardians of the Reed Beds – Tell Amal", "Wells for All", "Association des Femmes du Delta",
		"مركز الرشاد لاستقلال بحوث المياه", "Selma Ourdani", "DeltaFem Network for Climate Justice", "Youth Circle of Port Salam"}
	if diff := cmp.Diff(wantNames, names(d)); diff != "" {
		t.Error(diff)
	}
	s := d.Signatories()[7]
	if s.Kind != signatory.Person || s.Role != "hydrologist and independent researcher" {
		t.Errorf("person = %+v", s)
	}
	if strings.Contains(d.Texts["en"], " in in ") || !strings.Contains(d.Texts["en"], "take part in every decision") {
		t.Error("the repeated word is still there")
	}
}

// nothingChanged proves that a fresh draft holds the documents' words and no
// others, in their order, and every name as it is given.
func nothingChanged(t *testing.T, docs []Document, d *Draft) {
	t.Helper()
	for i, doc := range docs {
		lang := d.Header.Languages[i]
		lines := strings.Split(string(doc.Bytes), "\n")
		kept := d.Texts[lang] + "\n" + d.Header.PlaceDate[lang]
		if i == 0 {
			kept += "\n" + strings.Join(names(d), "\n")
		}
		if diff := cmp.Diff(visible(string(doc.Bytes)), visible(kept)); diff != "" {
			t.Errorf("%s: the words changed:\n%s", lang, diff)
		}
		if i > 0 {
			continue
		}
		for _, e := range d.Entries {
			bare := strings.Trim(lines[e.SourceLine-1], "• \u00a0\t")
			if e.Name != bare {
				t.Errorf("entry %d = %q, line %d is %q", e.ID, e.Name, e.SourceLine, bare)
			}
		}
	}
}

// visible is a text as the sequence of everything but white space and bullets.
func visible(s string) []string { return strings.Fields(strings.ReplaceAll(s, "•", " ")) }

const declaration = "../../../shared/declaration/casablanca.txt"

// The real declaration lies beside the repository, not in it; without it the
// example covers the same rules.
func TestDeclaration(t *testing.T) {
	b, err := os.ReadFile(declaration)
	if err != nil {
		t.Skip("no declaration beside the repository")
	}
	docs := []Document{{Name: "casablanca.txt", Bytes: b}}
	d := mustDraft(t, docs, "casablanca")
	want := []place{{RepeatedWord, 7}, {UnfinishedParagraph, 9}, {Spacing, 13}, {ItemWithoutMarker, 16},
		{GluedNumber, 38}, {ProbablePerson, 40}, {TwoOnOneLine, 43}, {ProbableDuplicate, 44}, {ProbableDuplicate, 45},
		{ProbablePerson, 46}, {ProbablePerson, 47}, {ProbableDuplicate, 48}, {DestroyedAddress, 50}}
	if diff := cmp.Diff(want, places(d.OpenFlags())); diff != "" {
		t.Error(diff)
	}
	if len(d.Entries) != 30 || d.Entries[0].SourceLine != 27 || d.Entries[29].SourceLine != 56 {
		t.Errorf("%d entries", len(d.Entries))
	}
	if d.Header.Date != "2024-02-03" || d.Header.Place != "Casablanca, Morocco" || d.Header.Languages[0] != "en" {
		t.Errorf("header = %+v", d.Header)
	}
	nothingChanged(t, docs, d)
	twins := map[int]int{}
	for _, f := range d.OpenFlags() {
		if f.Rule == ProbableDuplicate {
			twins[f.Entry()] = f.With
		}
	}
	if diff := cmp.Diff(map[int]int{18: 10, 19: 16, 22: 6}, twins); diff != "" {
		t.Errorf("pairs: %s", diff)
	}
	if _, err := d.Close(Selector{Rule: DestroyedAddress}, Repaired); err == nil {
		t.Error("a destroyed address was repaired")
	}
	before := names(d)
	mustClose(t, d, Selector{Rule: GluedNumber}, Repaired)
	mustClose(t, d, Selector{Rule: TwoOnOneLine}, Repaired)
	if len(d.Entries) != 31 {
		t.Fatalf("%d entries after the repairs, want 31", len(d.Entries))
	}
	after := names(d)
	want31 := slices.Concat(before[:11], []string{strings.TrimPrefix(before[11], "1")}, before[12:16], strings.Split(before[16], " 18- "), before[17:])
	if diff := cmp.Diff(want31, after); diff != "" {
		t.Errorf("other entries changed: %s", diff)
	}
	mustClose(t, d, Selector{}, AsGiven)
	if err := d.Publishable(); err != nil {
		t.Errorf("Publishable: %v", err)
	}
}
