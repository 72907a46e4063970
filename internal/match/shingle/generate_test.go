package shingle

import (
	"math/rand/v2"
	"strings"
)

// generator makes texts of Latin letters from a Zipf vocabulary.
type generator struct {
	rng  *rand.Rand
	zipf *rand.Zipf
}

func newGenerator(seed uint64) *generator {
	rng := rand.New(rand.NewPCG(seed, 1))
	return &generator{rng, rand.NewZipf(rng, 1.1, 8, 50_000)}
}

func (g *generator) word() string {
	n := g.zipf.Uint64() + 20
	var s []byte
	for ; n > 0; n /= 20 {
		s = append(s, "bcdfghjklmnpqrstvwxz"[n%20], "aeiou"[n%5])
	}
	return string(s)
}

func (g *generator) text(words int) string {
	var b strings.Builder
	for range words {
		b.WriteString(g.word() + " ")
	}
	return b.String()
}
