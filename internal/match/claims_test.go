package match

import (
	"slices"
	"strings"
	"testing"
)

// Names under a heading of their own are no signatories, and the verdict warns of them; the
// list's own heading, and matter beside the text, are no such names.
func TestClaims(t *testing.T) {
	x := newTestIndex(t, valleys())
	with := full(valleysEN, secondList)
	for _, c := range []struct {
		name, in string
		warned   string
	}{
		{"a list of its own", with + "\n\nAlso signed by:\n\nDelta Oil Company\n", "Also signed by:"},
		{"on one line", with + "\n\nThis text is endorsed by: Delta Oil Company\n", "This text is endorsed by: Delta Oil Company"},
		{"without the list", valleysEN + "\n\nSignatories\n\nDelta Oil Company\n", "Signatories"},
		{"above", "Signed by:\n\nDelta Oil Company\n\n" + with, "Signed by:"},
		{"more", with + "\n\nOther signatories\n\nDelta Oil Company\n", "Other signatories"},
		{"a menu", "Signatories\n\nContact\n\n" + with, ""},
		{"a count", with + "\n\nSignatories\n\n3 signatories\n\nSigned\n\n2031\n", ""},
		{"French", valleysEN + "\n\nOnt également signé :\n\nDelta Oil\n", "Ont également signé :"},
		{"Arabic", valleysEN + "\n\nالموقّعون:\n\nشركة الدلتا\n", "الموقّعون:"},
		{"its own heading", strings.Replace(with, "\n\n• ", "\n\nSignatories:\n\n• ", 1), ""},
		{"news", with + "\n\nRead more\n\nWater prices rise\n", ""},
		{"a report", valleysEN + "\n\nThe delegates who had signed it went home in the evening.\n\nWater prices rise\n", ""},
	} {
		v := check(t, x, c.in, "")
		var got string
		for _, w := range v.Warnings {
			if w.Code == WarnOtherSignatories {
				got = w.Detail
			}
		}
		if got != c.warned || v.Verdict != Authentic || c.warned != "" && !slices.ContainsFunc(v.Surroundings, func(s Surrounding) bool { return s.Text == c.warned }) {
			t.Errorf("%s: warned of %q, want %q: %s", c.name, got, c.warned, describe(v))
		}
	}
}
