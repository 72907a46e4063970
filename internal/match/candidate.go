package match

import (
	"cmp"
	"slices"
)

const (
	// maxCandidates is how many published texts are aligned with a copy.
	maxCandidates = 20
	// maxPostings is how many texts may share a gram that is still looked at.
	maxPostings = 4096
	// minVotes is the share (one in so many) of the best text's grams that another
	// one needs to be aligned too. Versions and languages of one declaration have
	// far more; texts that only share a phrase have less.
	minVotes = 16
)

// candidates returns the published texts that share most grams with the copy,
// the best first. It also fills the copy's ids.
func (x *Index) candidates(c *copied, slug string) []*doc {
	votes := map[*doc]int{}
	x.mu.RLock()
	c.ids = x.known(c.form.Tokens)
	for i := 0; i+gramLen <= len(c.ids); i++ {
		if c.ids[i] >= localIDs || c.ids[i+gramLen-1] >= localIDs {
			continue
		}
		docs := x.grams[gram(c.ids[i:i+gramLen])]
		if len(docs) > maxPostings {
			continue
		}
		for _, d := range docs {
			votes[d]++
		}
	}
	x.mu.RUnlock()
	found := make([]*doc, 0, len(votes))
	for d := range votes {
		if slug == "" || d.refs()[0].version.pub.slug == slug {
			found = append(found, d)
		}
	}
	slices.SortFunc(found, func(a, b *doc) int {
		if n := cmp.Compare(votes[b], votes[a]); n != 0 {
			return n
		}
		u, v := a.refs()[0], b.refs()[0] // one order, whatever the map's
		return cmp.Or(cmp.Compare(u.version.pub.slug, v.version.pub.slug),
			cmp.Compare(v.version.number, u.version.number), cmp.Compare(u.lang, v.lang))
	})
	n := min(len(found), maxCandidates)
	for n > 1 && votes[found[n-1]]*minVotes < votes[found[0]] {
		n--
	}
	return found[:n]
}
