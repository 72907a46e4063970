package match

import "sort"

// A run says that n tokens from p on in the published text are the n tokens from
// c on in the copy.
type run struct{ p, c, n int }

const (
	// maxEdits is where Myers' algorithm gives up on a region; its trace takes
	// maxEdits² numbers.
	maxEdits = 400
	// maxSteps bounds the work of all regions together.
	maxSteps = 40_000_000
	// maxDepth bounds how often a region is cut at anchors.
	maxDepth = 8
)

// A differ aligns two sequences of token ids. It cuts them at anchors (grams, then
// single tokens, that are unique on both sides) and aligns what lies between with
// Myers' algorithm. Memory is linear in the input; the time of hopeless regions is
// bounded, they are then reported as replaced.
type differ struct {
	p, c  []uint32
	runs  []run
	steps int
	trace []int32
}

// matchRuns returns the longest runs it finds, in order, not touching each other
// on both sides.
func matchRuns(p, c []uint32) []run {
	d := &differ{p: p, c: c, steps: maxSteps}
	d.region(0, len(p), 0, len(c), 0)
	return d.runs
}

func (d *differ) add(p, c, n int) {
	if n == 0 {
		return
	}
	if k := len(d.runs) - 1; k >= 0 && d.runs[k].p+d.runs[k].n == p && d.runs[k].c+d.runs[k].n == c {
		d.runs[k].n += n
		return
	}
	d.runs = append(d.runs, run{p, c, n})
}

func (d *differ) region(p0, p1, c0, c1, depth int) {
	n := 0
	for p0+n < p1 && c0+n < c1 && d.p[p0+n] == d.c[c0+n] {
		n++
	}
	d.add(p0, c0, n)
	p0, c0 = p0+n, c0+n
	n = 0
	for p1-n > p0 && c1-n > c0 && d.p[p1-n-1] == d.c[c1-n-1] {
		n++
	}
	p1, c1 = p1-n, c1-n
	if p0 < p1 && c0 < c1 {
		d.middle(p0, p1, c0, c1, depth)
	}
	d.add(p1, c1, n)
}

// middle aligns a region whose ends differ.
func (d *differ) middle(p0, p1, c0, c1, depth int) {
	large := p1-p0+c1-c0 > 200
	if large && depth < maxDepth {
		if a := d.anchors(p0, p1, c0, c1, gramLen); len(a) > 0 {
			d.cut(a, p0, p1, c0, c1, depth)
			return
		}
	}
	if d.myers(p0, p1, c0, c1) || depth >= maxDepth {
		return
	}
	if a := d.anchors(p0, p1, c0, c1, 1); len(a) > 0 {
		d.cut(a, p0, p1, c0, c1, depth)
	}
}

func (d *differ) cut(anchors []run, p0, p1, c0, c1, depth int) {
	for _, a := range anchors {
		if a.p < p0 || a.c < c0 { // overlaps the anchor before
			continue
		}
		d.region(p0, a.p, c0, a.c, depth+1)
		d.add(a.p, a.c, a.n)
		p0, c0 = a.p+a.n, a.c+a.n
	}
	d.region(p0, p1, c0, c1, depth+1)
}

// anchors returns the longest increasing chain of runs of n tokens that occur
// once in each side of the region.
func (d *differ) anchors(p0, p1, c0, c1, n int) []run {
	type seen struct{ p, c, np, nc int32 }
	table := make(map[uint64]seen, p1-p0)
	for i := p0; i+n <= p1; i++ {
		h := gram(d.p[i : i+n])
		s := table[h]
		s.p, s.np = int32(i), s.np+1
		table[h] = s
	}
	for i := c0; i+n <= c1; i++ {
		h := gram(d.c[i : i+n])
		if s, ok := table[h]; ok {
			s.c, s.nc = int32(i), s.nc+1
			table[h] = s
		}
	}
	var pairs []run
	for i := p0; i+n <= p1; i++ {
		s := table[gram(d.p[i:i+n])]
		if s.np == 1 && s.nc == 1 && equal(d.p[i:i+n], d.c[s.c:int(s.c)+n]) {
			pairs = append(pairs, run{i, int(s.c), n})
		}
	}
	return increasing(pairs)
}

func equal(a, b []uint32) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i] != b[i] {
			return false
		}
	}
	return true
}

// increasing returns the longest subsequence of pairs, which are sorted by p, in
// which c increases.
func increasing(pairs []run) []run {
	var tails []int // index of the last pair of the best chain of each length
	before := make([]int, len(pairs))
	for i, x := range pairs {
		k := sort.Search(len(tails), func(k int) bool { return pairs[tails[k]].c >= x.c })
		before[i] = -1
		if k > 0 {
			before[i] = tails[k-1]
		}
		if k == len(tails) {
			tails = append(tails, i)
		} else {
			tails[k] = i
		}
	}
	if len(tails) == 0 {
		return nil
	}
	chain := make([]run, len(tails))
	for k, i := len(tails)-1, tails[len(tails)-1]; k >= 0; k, i = k-1, before[i] {
		chain[k] = pairs[i]
	}
	return chain
}

// myers adds the runs of a shortest edit script of the region, or nothing and
// false when it takes more than maxEdits. E. Myers, An O(ND) difference
// algorithm, 1986.
func (d *differ) myers(p0, p1, c0, c1 int) bool {
	n, m := p1-p0, c1-c0
	limit := min(n+m, maxEdits)
	v := make([]int32, 2*limit+3) // furthest x on each diagonal, offset by limit+1
	off := limit + 1
	d.trace = d.trace[:0]
	for e := 0; e <= limit; e++ {
		if d.steps -= e + 1; d.steps < 0 {
			return false
		}
		d.trace = append(d.trace, v[off-e:off+e+1]...)
		for k := -e; k <= e; k += 2 {
			var x int
			if k == -e || k != e && v[off+k-1] < v[off+k+1] {
				x = int(v[off+k+1])
			} else {
				x = int(v[off+k-1]) + 1
			}
			for x < n && x-k < m && x-k >= 0 && d.p[p0+x] == d.c[c0+x-k] {
				x++
			}
			v[off+k] = int32(x)
			if x >= n && x-k >= m {
				d.walkBack(p0, c0, n, m, e)
				return true
			}
		}
	}
	return false
}

// walkBack reads the script of e edits from the trace. Entry e of the trace is
// the state before step e and holds the diagonals -e to e.
func (d *differ) walkBack(p0, c0, n, m, e int) {
	var found []run
	x, y := n, m
	for ; e > 0; e-- {
		state := d.trace[e*e : e*e+2*e+1] // Σ(2i+1) for i<e is e²
		at := func(k int) int { return int(state[k+e]) }
		k := x - y
		prev := k - 1
		if k == -e || k != e && k-1 >= -e && at(k-1) < at(k+1) {
			prev = k + 1
		}
		px := at(prev)
		py := px - prev
		start := px // where the diagonal of this step begins
		if prev < k {
			start = px + 1
		}
		if x > start {
			found = append(found, run{p0 + start, c0 + start - k, x - start})
		}
		x, y = px, py
	}
	if x > 0 {
		found = append(found, run{p0, c0, x})
	}
	for i := len(found) - 1; i >= 0; i-- {
		d.add(found[i].p, found[i].c, found[i].n)
	}
}
