package match

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// The attacks of package text on a published text: none passes for it but by a
// tolerance that the verdict names, and all warnings reach the verdict.
func TestAttacks(t *testing.T) {
	b, err := os.ReadFile(filepath.Join("..", "..", "docs", "testvectors", "text", "attacks.json"))
	if err != nil {
		t.Fatal(err)
	}
	var attacks []struct {
		Name, Honest, Attack, Outcome, Code, Tolerance string
		Warnings                                       []string
	}
	if err := json.Unmarshal(b, &attacks); err != nil {
		t.Fatal(err)
	}
	around := func(s string) string {
		return "A Letter About the Wells\n\nWe who drink from the wells have met and agreed on what is said below.\n\n" + s + "\n\nWe ask every council to read this aloud on its next market day.\n"
	}
	for _, a := range attacks {
		x := newTestIndex(t, Publication{Slug: "wells", Genesis: harbour().Genesis, Versions: []Version{{Number: 1, Texts: map[string][]byte{"en": []byte(around(a.Honest))}}}})
		for _, before := range []string{"", "Forwarded by a friend\n\n"} {
			v := check(t, x, before+around(a.Attack), "")
			want := map[string]string{"same": Authentic, "different": Altered, "refused": Unchecked}[a.Outcome]
			tolerances := []string{}
			if a.Tolerance != "" {
				want, tolerances = Authentic, []string{a.Tolerance}
			}
			if v.Verdict != want || v.Reason.Code != a.Code || want == Authentic && !slices.Equal(v.Tolerances, tolerances) {
				t.Errorf("%s: %s %s, want %s %s; tolerances %q, want %q; %+v", a.Name, v.Verdict, v.Reason.Code, want, a.Code, v.Tolerances, tolerances, v.Changes)
			}
			for _, w := range a.Warnings {
				if !slices.ContainsFunc(v.Warnings, func(k Warning) bool { return k.Code == w }) {
					t.Errorf("%s: no warning %s in %+v", a.Name, w, v.Warnings)
				}
			}
		}
	}
}
