package audit

import (
	"os"
	"strings"
	"testing"
)

// TestRulesAreDocumented holds docs/formats/audit.md and the rules together.
func TestRulesAreDocumented(t *testing.T) {
	b, err := os.ReadFile("../../docs/formats/audit.md")
	check(t, err)
	rows := 0
	for _, e := range Explanations() {
		if !strings.Contains(string(b), "\n| `"+string(e.Rule)+"` | "+e.Means+" |") {
			t.Errorf("the page has no row for %s: %s", e.Rule, e.Means)
		}
		if e.Rule.Explain() != e || e.Do == "" {
			t.Errorf("%s is not explained", e.Rule)
		}
	}
	for line := range strings.Lines(string(b)) {
		if strings.HasPrefix(line, "| `") && strings.Count(line, "|") == 5 {
			rows++
		}
	}
	if rows != len(Explanations()) {
		t.Errorf("the page has %d rules, the program %d", rows, len(Explanations()))
	}
}
