package shingle

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
)

// An Index holds which texts have which fingerprints. It is log-structured: what
// is added goes into a short tail; a tail that is full becomes a generation, and
// generations of like size are merged, so that a posting is moved a few dozen
// times in its life, however many there are. A search reads one immutable state
// and waits for nobody; Add and Remove wait for each other.
type Index struct {
	write sync.Mutex
	state atomic.Pointer[state]
	tally sync.Pool // of *tally
}

// state is what a search sees.
type state struct {
	tail []posting     // sorted; a new slice with each text
	gens []*generation // the oldest and largest first
	dead bitmap        // removed texts, whose postings may be there still
	gone int           // removed since all generations were merged
	live int           // texts
	next uint32        // the least id that may be added
}

const (
	maxTail = 2048 // postings: the tail is copied with each text
	growth  = 4    // a generation is at least so many times the next one
	minGone = 1024 // removed texts that are not worth a merge of everything
	lastID  = 1<<32 - 2
)

// New returns an empty index.
func New() *Index {
	x := &Index{}
	x.state.Store(&state{})
	return x
}

// ErrID says that a text's id is not above those of all texts before it. Ids are
// not used again, so that a text that was removed cannot come back as another.
var ErrID = errors.New("ids increase, and the last is 4294967294")

// Add adds a text. Its fingerprints may come in any order.
func (x *Index) Add(id uint32, fingerprints []uint32) error {
	x.write.Lock()
	defer x.write.Unlock()
	old := x.state.Load()
	if id < old.next || id > lastID {
		return fmt.Errorf("add text %d: %w", id, ErrID)
	}
	batch := make([]posting, len(fingerprints))
	for i, fp := range fingerprints {
		batch[i] = uint64(fp)<<32 | uint64(id)
	}
	slices.Sort(batch)
	s := *old
	s.next, s.live = id+1, old.live+1
	s.tail = mergeLists(old.tail, slices.Compact(batch))
	if len(s.tail) >= maxTail {
		s.gens = grow(s.gens, &generation{list: s.tail}, s.dead)
		s.tail = nil
	}
	x.state.Store(&s)
	return nil
}

// Remove removes a text; one that is not there is removed already.
func (x *Index) Remove(id uint32) {
	x.write.Lock()
	defer x.write.Unlock()
	old := x.state.Load()
	if id >= old.next || old.dead.has(id) {
		return
	}
	s := *old
	s.dead, s.live, s.gone = old.dead.with(id), old.live-1, old.gone+1
	if s.gone > max(minGone, s.live/4) {
		s.gens = []*generation{merge(append(slices.Clone(s.gens), &generation{list: s.tail}), s.dead)}
		s.tail, s.gone = nil, 0
	}
	x.state.Store(&s)
}

// Postings returns how many fingerprints are held.
func (x *Index) Postings() int {
	s := x.state.Load()
	n := len(s.tail)
	for _, g := range s.gens {
		n += g.len()
	}
	return n
}

// grow appends a generation and merges it with those that it has caught up with.
func grow(gens []*generation, g *generation, dead bitmap) []*generation {
	from, total := len(gens), g.len()
	for from > 0 && gens[from-1].len() < growth*total {
		from--
		total += gens[from].len()
	}
	out := append(slices.Clone(gens[:from:from]), g)
	if from < len(gens) {
		out[from] = merge(append(slices.Clone(gens[from:]), g), dead)
	}
	return out
}

// mergeLists merges two sorted lists into a new one.
func mergeLists(a, b []posting) []posting {
	out := make([]posting, 0, len(a)+len(b))
	for len(a) > 0 && len(b) > 0 {
		if a[0] < b[0] {
			out, a = append(out, a[0]), a[1:]
		} else {
			out, b = append(out, b[0]), b[1:]
		}
	}
	return append(append(out, a...), b...)
}
