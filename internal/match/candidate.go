package match

import (
	"cmp"
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

// A gramCounter counts the grams of a copy that texts have.
type gramCounter struct {
	at   map[uint64]int32 // gram → its place in n and seen
	n    []int            // how often the copy has it
	seen []int            // the last text that had it
	text int
}

// countGrams counts the grams of a copy but for those that are too common.
func countGrams(ids []uint32, common []bool) *gramCounter {
	g := &gramCounter{at: make(map[uint64]int32, len(ids))}
	for i := 0; i+gramLen <= len(ids); i++ {
		if common != nil && common[i] {
			continue
		}
		h := gram(ids[i : i+gramLen])
		k, ok := g.at[h]
		if !ok {
			k = int32(len(g.n))
			g.at[h] = k
			g.n = append(g.n, 0)
			g.seen = append(g.seen, 0)
		}
		g.n[k]++
	}
	return g
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
		if k, ok := g.at[gram(ids[i:i+gramLen])]; ok && g.seen[k] != g.text {
			g.seen[k] = g.text
			votes += g.n[k]
		}
	}
	return votes
}
