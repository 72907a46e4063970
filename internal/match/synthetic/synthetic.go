// Package synthetic makes texts for measurements: any number of them, each from
// its number alone, so that none has to be kept.
//
// A text has 200 to 1,000 words (600 on average) in lines of a few sentences, of a
// vocabulary of 60,000 words a script whose frequencies follow Zipf's law. One word
// in sixty begins a stock phrase that many texts share. A third of the texts is in
// Latin letters with accents, a third in Arabic ones, a third has sentences of
// both. Every third family has four texts, versions that differ in a few words and
// a line; the others have one.
//
// It is for tests. Texts of one release of this package are not those of another.
package synthetic

import (
	"math"
	"math/rand/v2"
	"strings"
)

const (
	vocabulary = 60_000
	phrases    = 3_000
	versions   = 4
	minWords   = 200
)

// A Corpus is all the texts of one seed. It is safe for concurrent use.
type Corpus struct {
	seed    uint64
	ranks   []uint16    // a rank for each of its equally likely places
	words   [2][]string // Latin, Arabic
	phrases [2][][]string
}

// New prepares the vocabulary.
func New(seed uint64) *Corpus {
	c := &Corpus{seed: seed, ranks: make([]uint16, 0, 1<<20)}
	total := 0.0
	for r := range vocabulary {
		total += weight(r)
	}
	sum := 0.0
	for r := range vocabulary {
		sum += weight(r)
		for len(c.ranks) < int(sum/total*(1<<20)) {
			c.ranks = append(c.ranks, uint16(r))
		}
	}
	for len(c.ranks) < 1<<20 {
		c.ranks = append(c.ranks, 0)
	}
	rng := rand.New(rand.NewPCG(seed, 0))
	for script, letters := range [2]string{"aeiouéàbcdfghjklmnpqrstvwz", "ابتثجحخدذرزسشصضطظعغفقكلمنهوي"} {
		for r := range vocabulary {
			c.words[script] = append(c.words[script], spell([]rune(letters), r))
		}
		for range phrases {
			var p []string
			for range 4 + rng.IntN(8) {
				p = append(p, c.word(rng, script))
			}
			c.phrases[script] = append(c.phrases[script], p)
		}
	}
	return c
}

// weight is Zipf's law with Mandelbrot's shift.
func weight(rank int) float64 { return 1 / math.Pow(float64(rank)+2.7, 1.05) }

// spell gives each rank a word of its own, frequent ones short ones.
func spell(letters []rune, rank int) string {
	var s []rune
	for n := rank + 7; n > 0; n /= len(letters) {
		s = append(s, letters[n%len(letters)])
	}
	return string(s)
}

func (c *Corpus) word(rng *rand.Rand, script int) string {
	return c.words[script][c.ranks[rng.Uint32()>>12]]
}

// Text returns text i.
func (c *Corpus) Text(i int) []byte {
	family, version := family(i)
	rng := rand.New(rand.NewPCG(c.seed, uint64(family)+1))
	words := c.family(rng, (family+family/3)%3)
	if version > 0 {
		edits := rand.New(rand.NewPCG(c.seed, uint64(i)<<32))
		for range 2 + edits.IntN(6) {
			words[edits.IntN(len(words))] = c.word(edits, family%2)
		}
		at := edits.IntN(len(words) - 20)
		words = append(words[:at], words[at+edits.IntN(20):]...)
	}
	return []byte(strings.Join(words, " ") + "\n")
}

// family says of which family text i is, and which version in it.
func family(i int) (int, int) {
	const texts = versions + 2 // of three families
	group, n := i/texts, i%texts
	if n < versions {
		return 3 * group, n
	}
	return 3*group + 1 + n - versions, 0
}

// family makes the words of a text, with the signs and line ends on them.
func (c *Corpus) family(rng *rand.Rand, kind int) []string {
	n := minWords + rng.IntN(401) + rng.IntN(401)
	words := make([]string, 0, n+16)
	script := min(kind, 1)
	for len(words) < n {
		if kind == 2 {
			script = rng.IntN(2)
		}
		first := len(words)
		for left := 6 + rng.IntN(24); left > 0; left-- {
			if rng.IntN(60) == 0 {
				words = append(words, c.phrases[script][int(c.ranks[rng.Uint32()>>12])%phrases]...)
			} else {
				words = append(words, c.word(rng, script))
			}
		}
		words[first+(len(words)-first)/2] += [2]string{",", "،"}[script]
		words[len(words)-1] += "."
		if rng.IntN(3) == 0 {
			words[len(words)-1] += "\n"
		}
	}
	return words
}

// Change returns a text with so large a share of its words replaced by others.
func (c *Corpus) Change(rng *rand.Rand, text []byte, share float64) []byte {
	words := strings.Fields(string(text))
	for i := range words {
		if rng.Float64() < share {
			words[i] = c.word(rng, rng.IntN(2))
		}
	}
	return []byte(strings.Join(words, " "))
}

// Excerpt returns n neighbouring words of a text.
func Excerpt(rng *rand.Rand, text []byte, n int) []byte {
	words := strings.Fields(string(text))
	n = min(n, len(words))
	at := rng.IntN(len(words) - n + 1)
	return []byte(strings.Join(words[at:at+n], " "))
}
