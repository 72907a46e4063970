package draft

import (
	"testing"
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
