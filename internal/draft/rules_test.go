package draft

import (
	"os"
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// Pairs of names, most of them in two scripts or spellings, and whether a person
// should be asked about them.
func TestDuplicates(t *testing.T) {
	tests := []struct {
		a, b string
		want bool
	}{
		{"Delta Watch", "DELTA WATCH", true},
		{"Guardians of the River Karim", "حماة نهر كريم", true},
		{"Musawah Centre for the Independence of the Judiciary", "مركز استقلال القضاء - مساواة", true},
		{"Nile Fem Feminist network for water and ecological justice in the whole delta", "NileFem Network for Water and Ecological Justice", true},
		{"منظمة الرشاد لحماية المياه Rashad for Water (RFW)", "Al-Rashad Organization for the Protection of Water", true},
		{"Association Tarik", "Tarik", true},
		{"Tunisian League for Human Rights", "Ligue tunisienne des droits de l’homme", true},
		{"Tunisian League for Human Rights", "Algerian League for Human Rights", false},
		{"Tunisian Forum for Social Rights", "Tunisian Committee for the Defense of Freedoms", false},
		{"Association of Women of Damietta", "Association of Women of Rosetta", false},
		{"Moroccan Coalition for Climate Justice", "Movement for Economic and Climate Development", false},
		{"Legal Agenda", "Centre for Legal Aid", false},
		{"جمعية حماية المياه", "جمعية المرأة والتنمية", false},
	}
	for _, tc := range tests {
		got := duplicates([]Entry{{ID: 1, Name: tc.a}, {ID: 2, Name: tc.b}})
		if (len(got[1]) == 1) != tc.want {
			t.Errorf("%q, %q: flagged %v, want %v", tc.a, tc.b, !tc.want, tc.want)
		}
		back := duplicates([]Entry{{ID: 1, Name: tc.b}, {ID: 2, Name: tc.a}})
		if len(back[1]) != len(got[1]) {
			t.Errorf("%q, %q: the order matters", tc.a, tc.b)
		}
	}
}

func TestEntryRules(t *testing.T) {
	p := func(names ...string) []Proposal {
		return mapped(names, func(n string) Proposal { return Proposal{Name: n} })
	}
	tests := []struct {
		name   string
		rule   Rule // "" for none
		repair []Proposal
	}{
		{"1Delta Watch", GluedNumber, p("Delta Watch")},
		{"12- Delta Watch", GluedNumber, p("Delta Watch")},
		{"٣جمعية الدلتا", GluedNumber, p("جمعية الدلتا")},
		{"8th March Coalition", "", nil},
		{"1er Collectif du delta", "", nil},
		{"7amleh", "", nil},
		{"3D Delta", "", nil},
		{"350 Degrees", "", nil},
		{"Coalition of 8 March for the delta", "", nil},
		{"Article 19 - Free Water", "", nil},
		{"Reed – Amal 18- Wells for All", TwoOnOneLine, p("Reed – Amal", "Wells for All")},
		{"Reed Keepers • Wells for All", TwoOnOneLine, p("Reed Keepers", "Wells for All")},
		{"Reed 2. Wells 3) جمعية الدلتا", TwoOnOneLine, p("Reed", "Wells", "جمعية الدلتا")},
		{"[email\u00a0protected]", DestroyedAddress, nil},
		{"[email protected]", DestroyedAddress, nil},
		{"Selma Ourdani, lawyer", ProbablePerson, []Proposal{{Name: "Selma Ourdani", Role: "lawyer"}}},
		{"Selma Ourdani ,water activist", ProbablePerson, []Proposal{{Name: "Selma Ourdani", Role: "water activist"}}},
		{"Selma Ourdani (journaliste)", ProbablePerson, []Proposal{{Name: "Selma Ourdani", Role: "journaliste"}}},
		{"Karim Tazari membre du bureau", ProbablePerson, []Proposal{{Name: "Karim Tazari", Role: "membre du bureau"}}},
		{"سلمى الورداني باحثة في شؤون المياه", ProbablePerson, []Proposal{{Name: "سلمى الورداني", Role: "باحثة في شؤون المياه"}}},
		{"Dr. Selma Ourdani", ProbablePerson, nil},
		{"Amina Saleh", ProbablePerson, nil},
		{"Hélène Ben Tazari", ProbablePerson, nil},
		{"أمينة صالح", ProbablePerson, nil},
		{"Amina Saleh, keeper of the lamps", ProbablePerson, []Proposal{{Name: "Amina Saleh", Role: "keeper of the lamps"}}},
		{"Ourdani Saleh, librarian of Oued Zarg", ProbablePerson, []Proposal{{Name: "Ourdani Saleh", Role: "librarian of Oued Zarg"}}},
		{"Samir Delta Watch", "", nil},
		{"Amal Reed Club", "", nil},
		{"Fatima Foundation", "", nil},
		{"Salma Water Network", "", nil},
		{"Delta Watch, since 1990", "", nil},
		{"جمعية أمينة صالح", "", nil},
		{"دار ليلى", "", nil},
		{"Amina", "", nil},
		{"Union of Women Lawyers", "", nil},
		{"Delta Journalist Network", "", nil},
		{"Association Tarik, membre du réseau", "", nil},
		{"منتدى الباحثات في شؤون المياه", "", nil},
		{"Delta\u200bWatch", Invisible, p("DeltaWatch")},
		{"Delta\ufffdWatch", Invisible, nil},
	}
	for _, tc := range tests {
		found := examineEntry(Entry{ID: 1, Name: tc.name, Kind: guessKind(tc.name)})
		var want []finding
		if tc.rule != "" {
			want = []finding{{rule: tc.rule, excerpt: tc.name, repair: tc.repair}}
		}
		for i := range found {
			if found[i].reason == "" {
				t.Errorf("%q: no reason", tc.name)
			}
			found[i].reason = ""
		}
		if diff := cmp.Diff(want, found, cmp.AllowUnexported(finding{}), cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("%q: %s", tc.name, diff)
		}
	}
}

// TestNamesAreFolded: a word of another spelling would never be found.
func TestNamesAreFolded(t *testing.T) {
	for _, set := range []map[string]bool{givenNames, bodyWords} {
		for w := range set {
			if fold(w) != w {
				t.Errorf("%q is %q when it is folded", w, fold(w))
			}
		}
	}
}

func TestTextRules(t *testing.T) {
	tests := []struct {
		lang, line string
		rule       Rule
		excerpt    string
		repair     string
	}{
		{"en", "It is in in the text.", RepeatedWord, "is in in the", "is in the"},
		{"en", "All that that means, had had its time.", "", "", ""},
		{"en", "Baden Baden and 3 3.", "", "", ""},
		{"en", "In, in the text.", "", "", ""},
		{"ar", "هذا هو في في النص.", RepeatedWord, "هو في في النص.", "هو في النص."},
		{"en", "We ask :", Spacing, "ask :", "ask:"},
		{"fr", "Nous demandons :", "", "", ""},
		{"fr", "L’eau , le sel.", Spacing, "L’eau ,", "L’eau,"},
		{"en", "Two  spaces.", Spacing, "Two  spaces.", "Two spaces."},
		{"en", "Soft\u00adhyphen.", Invisible, "Soft\u00adhyphen.", "Softhyphen."},
		{"en", "A short line without an end", "", "", ""},
	}
	for _, tc := range tests {
		found := examineText(tc.lang, tc.line)
		if tc.rule == "" {
			if len(found) > 0 {
				t.Errorf("%q: %+v", tc.line, found)
			}
			continue
		}
		if len(found) != 1 || found[0].rule != tc.rule || found[0].excerpt != tc.excerpt || found[0].repair[0].Text != tc.repair {
			t.Errorf("%q: %+v", tc.line, found)
		}
	}
	long := "This is a paragraph of more than one hundred and twenty characters, long enough that a reader expects a full stop at its end, and it has none"
	if found := examineText("en", long); len(found) != 1 || found[0].rule != UnfinishedParagraph || len(found[0].repair) > 0 {
		t.Errorf("unfinished: %+v", found)
	}
	for _, s := range []string{long + ".", long + ":", long + ".”", "• " + long} {
		if found := examineText("en", s); len(found) > 0 {
			t.Errorf("%q: %+v", s, found)
		}
	}
}

func TestPlaceDates(t *testing.T) {
	for _, tc := range []struct{ line, place, date string }{
		{"Port Salam, Samir Delta March 5, 2026", "Port Salam, Samir Delta", "2026-03-05"},
		{"Damietta, 5 March 2026", "Damietta", "2026-03-05"},
		{"Damietta, on the 5th of March 2026.", "Damietta", "2026-03-05"},
		{"Done at Damietta on 2026-03-05", "Damietta", "2026-03-05"},
		{"Fait à Port Salam, le 1er août 2026", "Port Salam", "2026-08-01"},
		{"Port Salam, le jeudi 5 mars 2026", "Port Salam", "2026-03-05"},
		{"5 March 2026, Damietta", "Damietta", "2026-03-05"},
		{"ميناء سلام، 5 مارس 2026", "ميناء سلام", "2026-03-05"},
		{"حرر في ميناء سلام بتاريخ ٥ مارس ٢٠٢٦", "ميناء سلام", "2026-03-05"},
		{"بيروت في 5 كانون الثاني 2026", "بيروت", "2026-01-05"},
		{"Damietta, 25/03/2026", "Damietta", "2026-03-25"},
		{"Damietta, 05/03/2026", "Damietta", ""}, // 5 March or May 3
		{"Damietta, 31 February 2026", "Damietta", ""},
		{"Damietta, 4-5 March 2026", "Damietta", ""},
	} {
		if !isPlaceDate(tc.line) {
			t.Errorf("%q is no place and date", tc.line)
		}
		if place, date := readPlaceDate(tc.line); place != tc.place || date != tc.date {
			t.Errorf("%q: place %q, date %q; want %q, %q", tc.line, place, date, tc.place, tc.date)
		}
	}
	for _, line := range []string{
		"Damietta", "We met in Damietta on 5 March 2026 and agreed at once on what has to be done.",
		"Resolution 5 of 2026", "March on", strings.Repeat("Damietta ", 20) + "5 March 2026",
	} {
		if isPlaceDate(line) {
			t.Errorf("%q is a place and date", line)
		}
	}
}

func TestLanguages(t *testing.T) {
	for s, want := range map[string]string{
		"We ask for the water of the river and of the sea.":       "en",
		"Nous demandons l’eau pour les villages et pour la ville": "fr",
		"نطالب بالماء لجميع القرى Water":                          "ar",
		"Wasser": "",
	} {
		if got, err := detectLanguage(s); got != want || (err == nil) != (want != "") {
			t.Errorf("%q: %q, %v", s, got, err)
		}
	}
	for s, want := range map[string]string{
		"Guardians of the Reeds": "en", "Association des Femmes": "fr", "جمعية الدلتا": "ar",
		"جمعية Delta": "", "Tarik": "",
	} {
		if got := nameLanguage(s); got != want {
			t.Errorf("name %q: %q, want %q", s, got, want)
		}
	}
}

// The page for the secretariat explains every rule and every key, and shows an
// entry as it is really written.
func TestPageIsComplete(t *testing.T) {
	page, err := os.ReadFile("../../docs/formats/draft.md")
	if err != nil {
		t.Fatal(err)
	}
	for rule := range rules {
		if !strings.Contains(string(page), "\n| `"+rule+"` |") {
			t.Errorf("the page does not explain the rule %s", rule)
		}
	}
	for _, v := range []any{Header{}, Entry{}} {
		for f := range reflect.TypeOf(v).Fields() {
			key, _, _ := strings.Cut(f.Tag.Get("yaml"), ",")
			if key != "" && !strings.Contains(string(page), "\n| `"+key+"` |") {
				t.Errorf("the page does not explain the key %s", key)
			}
		}
	}
	d := mustDraft(t, example(t, "en"), "samir-delta")
	b, err := encodeYAML(signatoriesComment, list{Entries: d.Entries[1:2]})
	if err != nil {
		t.Fatal(err)
	}
	_, written, _ := strings.Cut(string(b), "entries:\n")
	shown := strings.TrimSuffix(written, "removed: []\n")
	if !strings.Contains(string(page), "```yaml\n"+shown+"```") {
		t.Errorf("the page does not show\n%s", shown)
	}
}
