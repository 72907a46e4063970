package match

import (
	"cmp"
	"math/rand/v2"
	"slices"
)

const (
	// maxCandidates is how many published texts are aligned with a copy.
	maxCandidates = 20
	// minVotes is the share (one in so many) of the best text's grams that another
	// one needs to be aligned too. Versions and languages of one declaration have
	// far more; texts that only share a phrase have less.
	minVotes = 16
)

// candidates returns the published texts that share most grams with the copy,
// the best first. It also fills the copy's ids.
func (x *Index) candidates(c *copied, slug string) []*doc {
	words := make(vocabulary, min(len(c.form.Tokens)/2, 1<<14))
	c.ids = words.number(c.form.Tokens)
	near, common := x.find(c.form.Tokens, slug)
	grams := countGrams(c.ids, common)
	votes := map[*doc]int{}
	var found []*doc
	work := 2 * maxAligned
	for _, s := range near {
		if work -= s.tokens; work < 0 && len(found) > 0 {
			break
		}
		p := x.parse(s)
		if p == nil {
			continue
		}
		d := words.doc(s, p)
		if n := grams.shared(d.ids); n > 0 {
			votes[d] = n
			found = append(found, d)
		}
	}
	slices.SortFunc(found, func(a, b *doc) int {
		return cmp.Or(cmp.Compare(votes[b], votes[a]), compareStored(a.stored, b.stored))
	})
	n := min(len(found), maxCandidates)
	for n > 1 && votes[found[n-1]]*minVotes < votes[found[0]] {
		n--
	}
	return found[:n]
}

// A gramCounter counts the grams of a copy that texts have: an open hash table,
// as it is made for every copy.
type gramCounter struct {
	slots []int32  // 1 + place in grams, or 0; a power of two of them
	grams []uint64 // of the copy, each once
	n     []int32  // how often the copy has it
	seen  []int32  // the last text that had it
	text  int32
	// A slot is the upper bits of the gram times a secret odd number: who writes a
	// copy cannot choose grams that share slots.
	secret uint64
	shift  uint
}

// countGrams counts the grams of a copy but for those that are too common.
func countGrams(ids []uint32, common []bool) *gramCounter {
	size := uint(4)
	for 1<<size < 2*len(ids) {
		size++
	}
	g := &gramCounter{slots: make([]int32, 1<<size), secret: rand.Uint64() | 1, shift: 64 - size}
	g.grams, g.n = make([]uint64, 0, len(ids)), make([]int32, 0, len(ids))
	for i := 0; i+gramLen <= len(ids); i++ {
		if common != nil && common[i] {
			continue
		}
		h := gram(ids[i : i+gramLen])
		slot := g.slot(h)
		if g.slots[slot] == 0 {
			g.grams, g.n = append(g.grams, h), append(g.n, 0)
			g.slots[slot] = int32(len(g.grams))
		}
		g.n[g.slots[slot]-1]++
	}
	g.seen = make([]int32, len(g.grams))
	return g
}

// slot returns where a gram is, or would be.
func (g *gramCounter) slot(h uint64) int {
	mask := len(g.slots) - 1
	for at := int(h * g.secret >> g.shift); ; at = (at + 1) & mask {
		if k := g.slots[at]; k == 0 || g.grams[k-1] == h {
			return at
		}
	}
}

// shared returns how many grams of the copy, counted as often as it has them, a
// text has.
func (g *gramCounter) shared(ids []uint32) int {
	g.text++
	votes := 0
	for i := 0; i+gramLen <= len(ids); i++ {
		if ids[i] >= localIDs || ids[i+gramLen-1] >= localIDs {
			continue // not a word of the copy
		}
		if k := g.slots[g.slot(gram(ids[i:i+gramLen]))] - 1; k >= 0 && g.seen[k] != g.text {
			g.seen[k] = g.text
			votes += int(g.n[k])
		}
	}
	return votes
}
