package match

import (
	"strings"
	"testing"
)

// What stands between two ~ is shown struck through: nobody may call it what was
// published, and a word changed outside is altered all the same.
func TestStruck(t *testing.T) {
	x := newTestIndex(t, valleys())
	title, rest, _ := strings.Cut(valleysEN, "\n")
	for _, c := range []struct{ name, in, want, reason string }{
		{"a title", "~" + title + "~\n" + rest, Unchecked, ReasonHidden},
		{"a title, and a word changed", "~" + title + "~\n" + strings.Replace(rest, "council", "king", 1), Altered, ""},
		{"a rule", "~~~~\n\n" + valleysEN + "\n~~~~\n", Authentic, ""},
		{"about", valleysEN + "\n\n~500 came, and ~300 went.\n", Authentic, ""},
		{"an excerpt", "~" + strings.Split(strings.TrimSpace(rest), "\n")[0] + "~", Unchecked, ReasonHidden},
	} {
		if v := check(t, x, c.in, ""); v.Verdict != c.want || v.Reason.Code != c.reason {
			t.Errorf("%s: %s", c.name, describe(v))
		}
	}
}
