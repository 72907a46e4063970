package draft

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const listDoc = "Keep the river clean\n\nWe ask for clean water for all.\n\nDamietta, March 5, 2026\n\n"

func listDraft(t *testing.T, entries ...string) *Draft {
	t.Helper()
	return mustDraft(t, plainDoc(listDoc+"• "+strings.Join(entries, "\n• ")+"\n"), "river")
}

func TestBothRulesOnOneLine(t *testing.T) {
	for _, order := range [][]Selector{
		{{Rule: GluedNumber}, {Rule: TwoOnOneLine}},
		{{Rule: TwoOnOneLine}, {Rule: GluedNumber}},
		{{}},
	} {
		d := listDraft(t, "Before", "1Delta Watch – Damietta 18- Wells for All 19- 2Reed Keepers", "After")
		for _, sel := range order {
			mustClose(t, d, sel, Repaired)
		}
		want := []string{"Before", "Delta Watch – Damietta", "Wells for All", "Reed Keepers", "After"}
		if order[0].Rule == GluedNumber { // raised by the split, after the last decision
			want[3] = "2Reed Keepers"
		}
		if diff := cmp.Diff(want, names(d)); diff != "" {
			t.Errorf("%v: %s", order, diff)
		}
		if open := d.OpenFlags(); len(open) != map[bool]int{true: 1, false: 0}[order[0].Rule == GluedNumber] {
			t.Errorf("%v: open: %v", order, open)
		}
		for _, e := range d.Entries[1:4] {
			if e.AsGiven != "1Delta Watch – Damietta 18- Wells for All 19- 2Reed Keepers" || e.SourceLine != 8 {
				t.Errorf("%v: entry %+v does not say where it comes from", order, e)
			}
		}
	}
}

func TestRemoveEitherOfTwo(t *testing.T) {
	for keep, sel := range map[string]Selector{
		"Musawah Water Trust": {Rule: ProbableDuplicate},
		"MUSAWAH water trust": {Rule: ProbableDuplicate, Entry: 1},
	} {
		d := listDraft(t, "Musawah Water Trust", "MUSAWAH water trust")
		closed := mustClose(t, d, sel, Removed)
		if len(closed) != 1 || !slices.Equal(names(d), []string{keep}) || len(d.Removed) != 1 {
			t.Errorf("%+v: closed %v, left %q, removed %v", sel, closed, names(d), d.Removed)
		}
		if err := d.Publishable(); err != nil {
			t.Errorf("%+v: %v", sel, err)
		}
	}
}

func TestCloseRefusesAndChangesNothing(t *testing.T) {
	tests := map[string]struct {
		sel  Selector
		how  Resolution
		want string
	}{
		"address repaired":   {Selector{Rule: DestroyedAddress}, Repaired, "no automatic repair"},
		"everything":         {Selector{}, Repaired, "no automatic repair"}, // the glued number goes first
		"double repaired":    {Selector{Rule: ProbableDuplicate}, Repaired, "no automatic repair"},
		"text removed":       {Selector{Rule: RepeatedWord}, Removed, "only an entry"},
		"all removed":        {Selector{}, Removed, "needs a rule"},
		"no such flag":       {Selector{ID: "nobody"}, AsGiven, "no open flag"},
		"unknown resolution": {Selector{}, "fixed", "none of"},
		"not decided":        {Selector{}, "", "none of"},
	}
	for name, tc := range tests {
		d := mustDraft(t, plainDoc(strings.Replace(listDoc, "for clean", "for for clean", 1)+"• 1Delta Watch\n• Reed\n• [email protected]\n• REED\n"), "river")
		before := d.clone()
		closed, err := d.Close(tc.sel, tc.how)
		if err == nil || closed != nil || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%s: %v, %v; want an error with %q", name, closed, err, tc.want)
		}
		if diff := cmp.Diff(before, d, sameDraft...); diff != "" {
			t.Errorf("%s: something changed: %s", name, diff)
		}
	}
}

func TestTextRepairs(t *testing.T) {
	d := mustDraft(t, plainDoc("Keep the river clean\n\nWe ask for for water , and for for air.\n\n  • One thing for all.\n    Another thing.\n  • Third thing.\n"), "river")
	want := []place{{RepeatedWord, 3}, {RepeatedWord, 3}, {Spacing, 3}, {ItemWithoutMarker, 6}}
	if diff := cmp.Diff(want, places(d.OpenFlags())); diff != "" {
		t.Fatal(diff)
	}
	mustClose(t, d, Selector{}, Repaired)
	if got, want := d.Texts["en"], "Keep the river clean\n\nWe ask for water, and for air.\n\n• One thing for all.\n• Another thing.\n• Third thing.\n"; got != want {
		t.Errorf("text = %q, want %q", got, want)
	}
	if err := d.Publishable(); err != nil {
		t.Error(err)
	}
}

func TestAsGivenOutlivesAnotherRepair(t *testing.T) {
	d := listDraft(t, "1Delta Watch – Damietta 18- Wells for All")
	mustClose(t, d, Selector{Rule: TwoOnOneLine}, AsGiven)
	mustClose(t, d, Selector{Rule: GluedNumber}, Repaired)
	if open := d.OpenFlags(); len(open) > 0 {
		t.Errorf("asked again: %v", open)
	}
	if !slices.Equal(names(d), []string{"Delta Watch – Damietta 18- Wells for All"}) {
		t.Errorf("names = %q", names(d))
	}
}

func TestPublishableNamesEveryRule(t *testing.T) {
	d := listDraft(t, "Delta Watch")
	d.Header.Slug, d.Header.Date, d.Header.Reason, d.Header.Title["en"] = "No Slug", "5.3.2026", "", ""
	d.Entries[0].Country = "Egypt"
	d.Texts["en"] = "\n"
	err := d.Publishable()
	if err == nil {
		t.Fatal("publishable")
	}
	for _, want := range []string{"publication.yaml: slug", "date", "reason: missing", "title: en: missing", "signatories.yaml: entry 1: country", "text.en.txt: the text is empty"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("no %q in %v", want, err)
		}
	}
}
