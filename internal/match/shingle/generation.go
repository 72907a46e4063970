package shingle

import "slices"

// A posting says that a text has a fingerprint: the fingerprint in the upper
// half, the text's id in the lower.
type posting = uint64

// A generation is a frozen, sorted set of postings. A small one is a list of
// them. A large one is packed into 6¼ bytes a posting: the upper bits of the
// fingerprint are an offset into a directory, which leaves 16 bits or fewer of it
// to be stored beside the id.
type generation struct {
	list []posting

	bits uint     // of a fingerprint that are an index of dir
	dir  []uint32 // where the postings with these bits begin; one more at the end
	low  []uint16 // the other bits
	ids  []uint32
}

const (
	minPacked = 1 << 17 // postings from which the directory pays
	minBits   = 16      // so that what is left of a fingerprint fits into 16 bits
	maxBits   = 24
)

func (g *generation) len() int { return len(g.list) + len(g.ids) }

// id returns the text of a posting.
func (g *generation) id(i int) uint32 {
	if g.list != nil {
		return uint32(g.list[i])
	}
	return g.ids[i]
}

// find returns where the postings of a fingerprint are.
func (g *generation) find(fp uint32) (from, to int) {
	if g.list != nil {
		from, _ = slices.BinarySearch(g.list, uint64(fp)<<32)
		for to = from; to < len(g.list) && uint32(g.list[to]>>32) == fp; to++ {
		}
		return from, to
	}
	if g.dir == nil {
		return 0, 0
	}
	key := fp >> (32 - g.bits)
	low := uint16(fp & (1<<(32-g.bits) - 1))
	start, end := int(g.dir[key]), int(g.dir[key+1])
	n, _ := slices.BinarySearch(g.low[start:end], low)
	from = start + n
	for to = from; to < end && g.low[to] == low; to++ {
	}
	return from, to
}

// A cursor walks over a generation.
type cursor struct {
	g    *generation
	i    int
	key  uint32
	next posting
}

// step moves on and reports whether there is a posting, which is then in next.
func (c *cursor) step() bool {
	if c.i == c.g.len() {
		return false
	}
	if c.g.list != nil {
		c.next = c.g.list[c.i]
	} else {
		for int(c.g.dir[c.key+1]) <= c.i {
			c.key++
		}
		fp := c.key<<(32-c.g.bits) | uint32(c.g.low[c.i])
		c.next = uint64(fp)<<32 | uint64(c.g.ids[c.i])
	}
	c.i++
	return true
}

// merge makes one generation of several, without the postings of dead texts.
func merge(gens []*generation, dead bitmap) *generation {
	total := 0
	var open []*cursor
	for _, g := range gens {
		total += g.len()
		if c := (&cursor{g: g}); c.step() {
			open = append(open, c)
		}
	}
	w := newWriter(total)
	for len(open) > 0 {
		best := 0
		for i := 1; i < len(open); i++ {
			if open[i].next < open[best].next {
				best = i
			}
		}
		if p := open[best].next; !dead.has(uint32(p)) {
			w.add(p)
		}
		if !open[best].step() {
			open = slices.Delete(open, best, best+1)
		}
	}
	return w.done()
}

// A writer builds a generation from sorted postings.
type writer struct {
	g    *generation
	keys int // entries of dir that are filled
}

func newWriter(atMost int) *writer {
	if atMost < minPacked {
		return &writer{g: &generation{list: make([]posting, 0, atMost)}}
	}
	bits := uint(minBits)
	for bits < maxBits && atMost>>(bits+1) >= 12 { // 12 to 24 postings a key
		bits++
	}
	return &writer{g: &generation{
		bits: bits,
		dir:  make([]uint32, 1<<bits+1),
		low:  make([]uint16, 0, atMost),
		ids:  make([]uint32, 0, atMost),
	}}
}

func (w *writer) add(p posting) {
	g := w.g
	if g.dir == nil {
		g.list = append(g.list, p)
		return
	}
	fp := uint32(p >> 32)
	for key := int(fp >> (32 - g.bits)); w.keys <= key; w.keys++ {
		g.dir[w.keys] = uint32(len(g.ids))
	}
	g.low = append(g.low, uint16(fp&(1<<(32-g.bits)-1)))
	g.ids = append(g.ids, uint32(p))
}

func (w *writer) done() *generation {
	for ; w.g.dir != nil && w.keys < len(w.g.dir); w.keys++ {
		w.g.dir[w.keys] = uint32(len(w.g.ids))
	}
	return w.g
}

// A bitmap is a set of ids. It is copied before it is changed.
type bitmap []uint64

func (b bitmap) has(id uint32) bool {
	return int(id>>6) < len(b) && b[id>>6]&(1<<(id&63)) != 0
}

func (b bitmap) with(id uint32) bitmap {
	out := make(bitmap, max(len(b), int(id>>6)+1))
	copy(out, b)
	out[id>>6] |= 1 << (id & 63)
	return out
}
