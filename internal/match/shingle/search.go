package shingle

import (
	"cmp"
	"math/bits"
	"slices"
	"sync"
)

// A Candidate is a text that shares fingerprints with what was looked for.
type Candidate struct {
	ID    uint32
	Votes uint32
}

// A Search says how to look. The zero value counts every shared fingerprint once.
type Search struct {
	// Limit is how many candidates are returned, those with most votes; 0 for all.
	Limit int
	// Rarity makes the vote of a fingerprint the larger the fewer texts have it.
	Rarity bool
	// Long is how many texts may have a fingerprint that counts; 0 for any number.
	// Where nothing rarer is shared and Rarity is set, the first Long texts of each
	// long list are counted all the same.
	Long int
	// Visits bounds the postings that are read, those of rare fingerprints first;
	// 0 for no bound.
	Visits int
	// Skipped, when set, is told each fingerprint that did not count for Long.
	Skipped func(fingerprint uint32)
	// Only, when set, says which texts may be candidates.
	Only func(id uint32) bool
}

// span is a piece of a generation, or of the tail (gen is then len(gens)).
type span struct{ gen, from, to int }

// list is the postings of one fingerprint.
type list struct {
	fp          uint32
	weight      uint32 // how often it is looked for
	first, last int    // its spans
	n           int    // texts
}

// tally is what searches work on, one after the other. Its votes are as long as
// the largest id, and zero between searches.
type tally struct {
	votes   []uint32
	touched []uint32
	fps     []uint32
	spans   []span
	lists   []list
}

// maxKept is how many fingerprints a search may have had whose room is kept.
const maxKept = 1 << 14

// Find searches what is in the index now.
func (x *Index) Find(fingerprints []uint32, how Search) []Candidate {
	return x.View().Find(fingerprints, how)
}

// A View is an index as it was at one moment.
type View struct {
	s     *state
	tally *sync.Pool
}

// View returns the index as it is.
func (x *Index) View() View { return View{x.state.Load(), &x.tally} }

// Find returns the texts that share most with the fingerprints, the best first;
// of equal ones the older first. A fingerprint that is given twice counts twice.
func (v View) Find(fingerprints []uint32, how Search) []Candidate {
	s := v.s
	t, _ := v.tally.Get().(*tally)
	if t == nil {
		t = &tally{}
	}
	if len(t.votes) < int(s.next) {
		t.votes = make([]uint32, int(s.next)+int(s.next)/8)
	}
	defer func() {
		for _, id := range t.touched {
			t.votes[id] = 0
		}
		t.touched = t.touched[:0]
		if cap(t.fps) > maxKept {
			t.fps, t.spans, t.lists = nil, nil, nil
		}
		v.tally.Put(t)
	}()
	s.lists(t, fingerprints, how)
	spans := t.spans
	visits, rare := 0, false
	for _, l := range t.lists {
		if how.Visits > 0 && visits+l.n > how.Visits {
			break
		}
		long := how.Long > 0 && l.n > how.Long
		if long && (!how.Rarity || rare) {
			if how.Skipped != nil {
				how.Skipped(l.fp)
			}
			continue
		}
		rare = !long
		weight := l.weight
		if how.Rarity {
			weight *= 1 + uint32(bits.Len(uint(s.live/l.n)))
		}
		left := l.n
		if long {
			left = how.Long
			weight = 1
		}
		visits += left
		for _, sp := range spans[l.first:l.last] {
			left -= s.count(t, sp, weight, left)
		}
	}
	return best(t, s.dead, how)
}

// lists finds the postings of each fingerprint, the shortest list first where the
// order matters.
func (s *state) lists(t *tally, fingerprints []uint32, how Search) {
	fps := append(t.fps[:0], fingerprints...)
	slices.Sort(fps) // neighbours in the directory are neighbours in memory
	spans, lists := t.spans[:0], t.lists[:0]
	tail := generation{list: s.tail}
	for i := 0; i < len(fps); {
		fp := fps[i]
		l := list{fp: fp, first: len(spans)}
		for ; i < len(fps) && fps[i] == fp; i++ {
			l.weight++
		}
		for g := range len(s.gens) + 1 {
			gen := &tail
			if g < len(s.gens) {
				gen = s.gens[g]
			}
			if from, to := gen.find(fp); from < to {
				spans = append(spans, span{g, from, to})
				l.n += to - from
			}
		}
		if l.last = len(spans); l.n == 0 {
			continue
		}
		if how.Long > 0 && l.n > how.Long && s.gone > 0 {
			l.n = s.living(spans[l.first:])
		}
		if l.n > 0 {
			lists = append(lists, l)
		}
	}
	if how.Rarity || how.Visits > 0 {
		slices.SortStableFunc(lists, func(a, b list) int { return cmp.Compare(a.n, b.n) })
	}
	t.fps, t.spans, t.lists = fps, spans, lists
}

func (s *state) id(sp span, i int) uint32 {
	if sp.gen == len(s.gens) {
		return uint32(s.tail[i])
	}
	return s.gens[sp.gen].id(i)
}

// living counts the texts of spans that were not removed.
func (s *state) living(spans []span) int {
	n := 0
	for _, sp := range spans {
		for i := sp.from; i < sp.to; i++ {
			if !s.dead.has(s.id(sp, i)) {
				n++
			}
		}
	}
	return n
}

// count gives a vote to at most left texts of a span, and returns to how many.
func (s *state) count(t *tally, sp span, weight uint32, left int) int {
	n := 0
	for i := sp.from; i < sp.to && n < left; i++ {
		id := s.id(sp, i)
		if s.dead.has(id) {
			continue
		}
		if t.votes[id] == 0 {
			t.touched = append(t.touched, id)
		}
		t.votes[id] += weight
		n++
	}
	return n
}

// best returns the candidates in order.
func best(t *tally, dead bitmap, how Search) []Candidate {
	// A key is the votes and then the complement of the id: the largest is best.
	keys := make([]uint64, 0, max(how.Limit, 16))
	for _, id := range t.touched {
		key := uint64(t.votes[id])<<32 | uint64(^id)
		full := how.Limit > 0 && len(keys) == how.Limit
		if full && key < keys[0] || how.Only != nil && !how.Only(id) {
			continue
		}
		switch {
		case how.Limit <= 0:
			keys = append(keys, key)
		case full:
			keys[0] = key
			sink(keys, 0)
		default:
			if keys = append(keys, key); len(keys) == how.Limit {
				for i := len(keys)/2 - 1; i >= 0; i-- {
					sink(keys, i)
				}
			}
		}
	}
	slices.SortFunc(keys, func(a, b uint64) int { return cmp.Compare(b, a) })
	out := make([]Candidate, len(keys))
	for i, k := range keys {
		out[i] = Candidate{ID: ^uint32(k), Votes: uint32(k >> 32)}
	}
	return out
}

// sink restores the heap, whose least key is the first, below i.
func sink(keys []uint64, i int) {
	for {
		least := i
		for c := 2*i + 1; c <= 2*i+2 && c < len(keys); c++ {
			if keys[c] < keys[least] {
				least = c
			}
		}
		if least == i {
			return
		}
		keys[i], keys[least] = keys[least], keys[i]
		i = least
	}
}
