package match

import (
	"bytes"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"unicode"

	"github.com/sijil/sijil/internal/text"
)

// A mutation changes a copy outside presentation. It gets the lines of the text
// and those of the list, and changes one of them.
type mutation struct {
	name string
	edit func(rng *rand.Rand, line string) string
}

// onWord applies f to one random word of a line.
func onWord(f func(rng *rand.Rand, w string) string) func(*rand.Rand, string) string {
	return func(rng *rand.Rand, line string) string {
		w := strings.Fields(line)
		i := rng.IntN(len(w))
		w[i] = f(rng, w[i])
		return strings.Join(w, " ")
	}
}

// onRune applies f to one random rune of those that ok accepts.
func onRune(ok func(r rune) bool, f func(rng *rand.Rand, r rune) string) func(*rand.Rand, string) string {
	return func(rng *rand.Rand, line string) string {
		var at []int
		rs := []rune(line)
		for i, r := range rs {
			if ok(r) {
				at = append(at, i)
			}
		}
		if len(at) == 0 {
			return line
		}
		i := at[rng.IntN(len(at))]
		return string(rs[:i]) + f(rng, rs[i]) + string(rs[i+1:])
	}
}

var strangeWords = strings.Fields("not never seven river Minister لا ne gratuit 99 however sold sans قرية")

var mutations = []mutation{
	{"delete a word", onWord(func(*rand.Rand, string) string { return "" })},
	{"replace a word", onWord(func(rng *rand.Rand, _ string) string { return strangeWords[rng.IntN(len(strangeWords))] })},
	{"insert a word", onWord(func(rng *rand.Rand, w string) string { return w + " " + strangeWords[rng.IntN(len(strangeWords))] })},
	{"double a word", onWord(func(_ *rand.Rand, w string) string { return w + " " + w })},
	{"swap two words", func(rng *rand.Rand, line string) string {
		w := strings.Fields(line)
		if len(w) < 2 {
			return line
		}
		i := rng.IntN(len(w) - 1)
		w[i], w[i+1] = w[i+1], w[i]
		return strings.Join(w, " ")
	}},
	{"digit", onRune(unicode.IsDigit, func(rng *rand.Rand, r rune) string { return string('0' + (r-'0'+1+rng.Int32N(8))%10) })},
	{"insert a digit", onRune(unicode.IsDigit, func(rng *rand.Rand, r rune) string { return string(r) + string('0'+rng.Int32N(10)) })},
	{"case", onRune(func(r rune) bool { return r < 0x250 && unicode.IsLetter(r) }, func(_ *rand.Rand, r rune) string {
		if unicode.IsUpper(r) {
			return string(unicode.ToLower(r))
		}
		return string(unicode.ToUpper(r))
	})},
	{"punctuation", onRune(func(r rune) bool { return strings.ContainsRune(".,;:()", r) }, func(*rand.Rand, rune) string { return " " })},
	{"exclamation", onRune(func(r rune) bool { return r == '.' || r == ',' }, func(*rand.Rand, rune) string { return "!" })},
	{"look-alike", onRune(func(r rune) bool { return strings.ContainsRune("aeopc", r) }, func(_ *rand.Rand, r rune) string {
		return string([]rune("аеорс")[strings.IndexRune("aeopc", r)])
	})},
	{"override", onRune(unicode.IsLetter, func(_ *rand.Rand, r rune) string { return "\u202e" + string(r) })},
	{"letter", onRune(unicode.IsLetter, func(_ *rand.Rand, r rune) string { return "" })},
	{"drop the line", func(*rand.Rand, string) string { return "" }},
}

// base is a copy with its parts kept apart.
type base struct {
	text, list []string
	place      string
	published  []byte
}

func (b base) join(list bool) string {
	s := strings.Join(b.text, "\n") + "\n"
	if list {
		s += "\n" + b.place + "\n\n• " + strings.Join(slices.DeleteFunc(slices.Clone(b.list), func(l string) bool { return l == "" }), "\n• ") + "\n"
	}
	return s
}

// mutate returns the copy with one mutation, and its name.
func (b base) mutate(rng *rand.Rand, list bool) (string, string) {
	m := mutations[rng.IntN(len(mutations))]
	b.text, b.list = slices.Clone(b.text), slices.Clone(b.list)
	lines := b.text
	if list && rng.IntN(2) == 0 {
		lines = b.list
		if rng.IntN(8) == 0 {
			i := rng.IntN(len(lines) + 1)
			b.list = slices.Insert(lines, i, "Dam Builders Federation")
			return b.join(list), "add a name"
		}
	}
	for {
		if i := rng.IntN(len(lines)); strings.TrimSpace(lines[i]) != "" {
			lines[i] = m.edit(rng, lines[i])
			return b.join(list), m.name
		}
	}
}

var disguises = []string{
	"as it is", "CRLF", "NFD", "straight quotes", "no-break spaces", "no French spacing", "dashes", "direction marks",
	"Arabic digits", "other bullets", "no bullets", "dash bullets", "numbered", "indented", "double spaced", "mail quoting", "forwarded", "link after",
}

func disguise(rng *rand.Rand, s string) (string, string) {
	name := disguises[rng.IntN(len(disguises))]
	s = presentation[name](s)
	if rng.IntN(2) == 0 && name != "mail quoting" {
		s = wrap(s, 20+rng.IntN(100))
		name += ", wrapped"
	}
	return s, name
}

func tokens(t *testing.T, in string) []text.Token {
	t.Helper()
	f, err := text.Parse([]byte(in))
	if err != nil {
		t.Fatal(err)
	}
	return f.Tokens
}

// within reports whether the tokens of the copy are one run of the published text.
func within(t *testing.T, published []byte, in string) bool {
	p, err := text.Parse(published)
	if err != nil {
		t.Fatal(err)
	}
	c, err := text.Parse([]byte(in))
	if err != nil {
		return false
	}
	return bytes.Contains(append(append([]byte(" "), p.Canonical()...), ' '), append(append([]byte(" "), c.Canonical()...), ' '))
}

func mutationBases(t *testing.T) (*Index, []base) {
	x := newTestIndex(t, valleys(), harbour())
	var bases []base
	for _, body := range []string{valleysEN, valleysFR, valleysAR} {
		for _, l := range [][]string{firstList, secondList} {
			bases = append(bases, base{strings.Split(strings.TrimSuffix(body, "\n"), "\n"), l, valleysPlace, []byte(body)})
		}
	}
	return x, bases
}

// A mutation outside presentation is never identical, authentic or an excerpt,
// whatever it is disguised with; one inside is never altered.
func TestRandomMutations(t *testing.T) {
	x, bases := mutationBases(t)
	t.Run("invented", func(t *testing.T) { runMutations(t, x, bases, 11, 2500) })
	t.Run("casablanca", func(t *testing.T) {
		p, _, list := casablanca(t)
		x := newTestIndex(t, valleys(), p)
		body := p.Versions[0].Texts["en"]
		b := base{strings.Split(strings.TrimSuffix(string(body), "\n"), "\n"), list, p.Versions[0].PlaceDate, body}
		runMutations(t, x, []base{b}, 12, 600)
	})
}

func runMutations(t *testing.T, x *Index, bases []base, seed uint64, n int) {
	rng := rand.New(rand.NewPCG(seed, seed))
	tried := map[string]int{}
	for range n {
		b, list := bases[rng.IntN(len(bases))], rng.IntN(2) == 0
		honest := b.join(list)
		in, how := disguise(rng, honest)
		if v := x.Check([]byte(in), ""); v.Verdict != Authentic && v.Verdict != Identical {
			t.Errorf("honest, %s: %s\n%q", how, describe(v), in)
		}
		mutated, what := b.mutate(rng, list)
		if len(tokens(t, mutated)) == len(tokens(t, honest)) && within(t, []byte(honest), mutated) {
			continue // the mutation changed nothing: it swapped equal words
		}
		in, how = disguise(rng, mutated)
		tried[what]++
		switch v := x.Check([]byte(in), ""); v.Verdict {
		case Identical, Authentic:
			t.Errorf("%s, %s: %s\n%q", what, how, describe(v), in)
		case Excerpt:
			if list || !within(t, b.published, mutated) {
				t.Errorf("%s, %s: %s\n%q", what, how, describe(v), in)
			}
		}
	}
	for _, m := range mutations {
		if tried[m.name] == 0 {
			t.Errorf("%s was never tried", m.name)
		}
	}
}
