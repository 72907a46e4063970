package match

import (
	"cmp"
	"slices"

	"github.com/sijil/sijil/internal/match/shingle"
	"github.com/sijil/sijil/internal/text"
)

// A tier finds texts by the passages that they share with a copy. The finest one
// keeps every four tokens of every text, so it misses nothing and takes most
// memory. Each one is given up for good once the index has outgrown it; the last
// one never is.
type tier struct {
	options  shingle.Options
	texts    int // most texts; 0 for any number
	postings int // most fingerprints
	index    *shingle.Index
}

func newTiers() []*tier {
	return []*tier{
		{shingle.Options{Words: gramLen, Window: 1, Exact: true}, 10_000, 20_000_000, shingle.New()},
		{shingle.Fine, 100_000, 30_000_000, shingle.New()},
		{shingle.Standard, 0, 0, shingle.New()},
	}
}

// outgrown reports whether a tier is to be given up before a text comes to so many
// others.
func (t *tier) outgrown(texts int) bool {
	return t.texts > 0 && (texts > t.texts || t.index.Postings() > t.postings)
}

// fingerprint gives texts their ids and adds them to the tiers. They are found
// only after insert. The caller holds the lock of writers.
func (x *Index) fingerprint(fresh []*stored, forms map[*stored]*text.Form) error {
	for i, d := range fresh {
		d.id = uint32(len(x.texts) + i)
	}
	var left []*tier
	for i, t := range x.tiers {
		if i < len(x.tiers)-1 && t.outgrown(len(x.texts)+len(fresh)) {
			continue
		}
		left = append(left, t)
		for _, d := range fresh {
			if err := t.index.Add(d.id, t.options.Keep(forms[d].Tokens)); err != nil {
				return err
			}
		}
	}
	if len(left) < len(x.tiers) {
		x.mu.Lock()
		x.tiers = left
		x.mu.Unlock()
	}
	return nil
}

const (
	// maxPostings is how many texts may share a gram that is still looked at.
	maxPostings = 4096
	// maxVisits bounds the work of one search in a large index.
	maxVisits = 1 << 18
	// maxCounted is how many texts' words are looked at to choose those that are
	// aligned.
	maxCounted = 2 * maxCandidates
)

// find returns the texts that share most with the copy, of one publication unless
// slug is empty. common says which grams of the copy are not looked at, by where
// they start; it is nil when all are.
func (x *Index) find(tokens []text.Token, slug string) (found []*stored, common []bool) {
	x.mu.RLock()
	t, texts := x.tiers[0], x.texts
	view := t.index.View() // of the same moment as texts: a Put may replace both
	var own []*stored
	if q := x.pubs[slug]; q != nil && len(q.docs) <= maxCounted {
		for _, d := range q.docs {
			own = append(own, d)
		}
	}
	x.mu.RUnlock()
	only := func(id uint32) bool {
		return int(id) < len(texts) && texts[id] != nil &&
			(slug == "" || texts[id].refs()[0].version.pub.slug == slug)
	}
	if t.options.Exact {
		return t.every(view, tokens, texts, only)
	}
	if own != nil {
		return own, nil
	}
	how := shingle.Search{Limit: maxCounted, Rarity: true, Long: maxPostings, Visits: maxVisits, Only: only}
	near := view.Find(t.options.All(tokens), how)
	for _, c := range near[:promising(near, 4)] {
		found = append(found, texts[c.ID])
	}
	return found, nil
}

// every is find for a tier that has every gram.
func (t *tier) every(view shingle.View, tokens []text.Token, texts []*stored, only func(uint32) bool) (found []*stored, common []bool) {
	grams := t.options.Each(tokens)
	long := map[uint32]bool{}
	near := view.Find(grams, shingle.Search{Long: maxPostings, Only: only, Skipped: func(fp uint32) { long[fp] = true }})
	n := promising(near, 2)
	if n > maxCounted {
		for last := near[maxCounted-1].Votes; n > maxCounted && near[n-1].Votes < last; n-- {
		}
	}
	near = near[:n]
	slices.SortFunc(near, func(a, b shingle.Candidate) int {
		return cmp.Or(cmp.Compare(b.Votes, a.Votes), compareStored(texts[a.ID], texts[b.ID]))
	})
	for _, c := range near[:min(n, maxCounted)] {
		found = append(found, texts[c.ID])
	}
	if len(long) > 0 {
		common = make([]bool, len(grams))
		for i, fp := range grams {
			common[i] = long[fp]
		}
	}
	return found, common
}

// promising returns how many candidates are near enough to the best one to pass
// minVotes when their grams are counted. Votes are no exact count, so they get
// some leave.
func promising(near []shingle.Candidate, leave uint64) int {
	n := len(near)
	for n > 1 && uint64(near[n-1].Votes)*minVotes*leave < uint64(near[0].Votes) {
		n--
	}
	return n
}

// compareStored is one order of all texts, whatever a map's.
func compareStored(a, b *stored) int {
	u, v := a.refs()[0], b.refs()[0]
	return cmp.Or(cmp.Compare(u.version.pub.slug, v.version.pub.slug),
		cmp.Compare(v.version.number, u.version.number), cmp.Compare(u.lang, v.lang))
}
