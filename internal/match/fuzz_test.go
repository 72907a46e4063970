package match

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"
)

// Whatever the copy is, the verdict obeys its schema, its offsets lie in the copy
// and in the published text, and identical means what it says.
func FuzzCheck(f *testing.F) {
	for _, s := range []string{
		valleysEN, full(valleysAR, firstList), full(valleysEN[:300], secondList), "> " + valleysFR[200:],
		strings.ToUpper(valleysEN), valleysFR + valleysAR[100:], "• " + strings.Join(secondList, ", "),
	} {
		f.Add([]byte(s), uint16(40), uint16(90), []byte("not"))
	}
	x := newTestIndex(f, valleys(), harbour())
	f.Fuzz(func(t *testing.T, in []byte, from, to uint16, insert []byte) {
		// Most random bytes are unknown: also put them into a real copy.
		mixed := []byte(full(valleysEN, secondList))
		a, b := min(int(from), len(mixed)), min(int(to), len(mixed))
		mixed = append(append(append([]byte{}, mixed[:a]...), insert...), mixed[max(a, b):]...)
		for _, in := range [][]byte{in, mixed} {
			v := check(t, x, string(in), "")
			for _, c := range v.Changes {
				if c.At > len(in) || c.PublishedAt > len(valleysEN)+len(valleysFR)+len(valleysAR) {
					t.Errorf("%q: %+v is out of range", in, c)
				}
			}
			if v.Verdict == Identical && !bytes.Equal(in, []byte(valleysEN)) && !bytes.Equal(in, []byte(valleysFR)) &&
				!bytes.Equal(in, []byte(valleysAR)) && !bytes.Equal(in, harbour().Versions[0].Texts["en"]) {
				t.Errorf("%q is identical to nothing", in)
			}
		}
	})
}

// Copies made to cost time.
func TestHostileCopies(t *testing.T) {
	many := make([]Name, 5000)
	for i := range many {
		many[i] = Name{Text: fmt.Sprintf("Group %d of the valley", i)}
	}
	p := valleys()
	p.Versions = append(p.Versions, Version{Number: 3, Texts: p.Versions[0].Texts, Names: many})
	x := newTestIndex(t, p)
	want := map[string]string{"alien list": Altered, "items like the names": Altered, "the text twice": Altered}
	for name, in := range map[string]string{
		"the text twice":       valleysEN + "\n" + strings.Replace(valleysEN, "412", "421", 1),
		"alien list":           full(valleysEN, strings.Split(strings.Repeat("x y\n", 200_000), "\n")),
		"items like the names": full(valleysEN, strings.Split(strings.Repeat("Group 1 of a valley z\n", 20_000), "\n")),
		"the text many times":  strings.Repeat(valleysEN, 300),
		"one line many times":  valleysEN + strings.Repeat("Open the gates of all seven dams at once.\n", 20_000),
		"one word":             valleysEN + strings.Repeat("the ", 400_000),
		"emphasis":             valleysEN + strings.Repeat("*a*_b_", 80_000),
		"quoted":               strings.Repeat("> ", 200_000) + valleysEN,
	} {
		start := time.Now()
		v := x.Check([]byte(in), "")
		if took := time.Since(start); took > 20*time.Second {
			t.Errorf("%s: %s after %v", name, v.Verdict, took)
		} else if w := want[name]; w != "" && v.Verdict != w {
			t.Errorf("%s: %s, want %s", name, v.Verdict, w)
		} else {
			t.Logf("%s: %s after %v", name, v.Verdict, took)
		}
	}
}
