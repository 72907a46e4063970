package match

import "github.com/sijil/sijil/internal/text"

// copied is the copy while it is checked.
type copied struct {
	raw  []byte
	form *text.Form
	ids  []uint32
	emph map[int]bool // tokens that are paired emphasis signs
	// quoted says that the ">" of a quoted mail were dropped from form.
	quoted bool
}

// A hunk is one place where the aligned sequences differ: published tokens
// [p0,p1) stand where the copy has [c0,c1).
type hunk struct {
	p0, p1, c0, c1 int
	move           bool // the other half of a moved passage is elsewhere
}

func (h hunk) size() int { return max(h.p1-h.p0, h.c1-h.c0) }

// An alignment says how a copy relates to one published text. The published
// tokens before omitHead and from omitTail on are not in the copy; the copy's
// tokens [c0,c1) are the text, what is outside is a list or surroundings.
type alignment struct {
	d                  *doc
	omitHead, omitTail int
	c0, c1             int
	matched            int
	hunks              []hunk
	tolerances         map[string]bool
	warnings           []Warning
	// The copy's tokens [opening,textStart) are quotation marks or a sign of
	// omission on the text's first line.
	opening, textStart int
}

func (a *alignment) complete() bool {
	return a.omitHead == 0 && a.omitTail == len(a.d.ids)
}

// changed counts the tokens that differ, omissions aside.
func (a *alignment) changed() int {
	n := 0
	for _, h := range a.hunks {
		n += h.size()
	}
	return n
}

func (a *alignment) omitted() int { return a.omitHead + len(a.d.ids) - a.omitTail }

// align compares the copy with d. It returns nil when too little of the copy, or
// of d, is found in the other to call one derived from the other.
func align(d *doc, c *copied) *alignment {
	var runs []run
	if at := find(c.ids, d.ids); at >= 0 {
		runs = []run{{0, at, len(d.ids)}}
	} else if at := find(d.ids, c.ids); at >= 0 {
		runs = []run{{at, 0, len(c.ids)}}
	} else {
		runs = trimEnds(mergeSmall(matchRuns(d.ids, c.ids)))
	}
	if len(runs) == 0 {
		return nil
	}
	last := runs[len(runs)-1]
	a := &alignment{
		d: d, tolerances: map[string]bool{},
		omitHead: runs[0].p, omitTail: last.p + last.n,
		c0: runs[0].c, c1: last.c + last.n,
	}
	for i, r := range runs {
		a.matched += r.n
		if i > 0 {
			q := runs[i-1]
			a.hunks = append(a.hunks, hunk{p0: q.p + q.n, p1: r.p, c0: q.c + q.n, c1: r.c})
		}
	}
	if !a.derived(c) {
		return nil
	}
	a.slide(c)
	a.hunks = swaps(d, c, a.hunks)
	a.growHead(c)
	a.growTail(c)
	a.tolerate(c)
	return a
}

// find returns where part occurs in whole for the first time, or -1.
func find(whole, part []uint32) int {
	for i := 0; i+len(part) <= len(whole); i++ {
		if whole[i] == part[0] && equal(whole[i:i+len(part)], part) {
			return i
		}
	}
	return -1
}

// minQuoted is how many tokens of a text must stand in a copy that is mostly
// something else before it counts as derived from it.
const minQuoted = 24

// derived reports whether enough is aligned: half of the shorter side, or a
// passage that is mostly the text's.
func (a *alignment) derived(c *copied) bool {
	if a.matched < gramLen {
		return false
	}
	if 2*a.matched >= min(len(a.d.ids), len(c.ids)) {
		return true
	}
	// What of the copy's lines that are touched is the text's?
	from, to := lineStart(c.form.Tokens, a.c0), lineEnd(c.form.Tokens, a.c1)
	if 2*a.matched < max(to-from, a.omitTail-a.omitHead) {
		return false
	}
	whole := len(a.hunks) == 0 && from == a.c0 && to == a.c1
	return a.matched >= minQuoted || whole
}

// lineStart returns the first token of the line of token i.
func lineStart(tokens []text.Token, i int) int {
	for i > 0 && (i == len(tokens) || !tokens[i].First()) {
		i--
	}
	return i
}

// lineEnd returns the end of the line that token i-1 is on.
func lineEnd(tokens []text.Token, i int) int {
	for i < len(tokens) && !tokens[i].First() {
		i++
	}
	return i
}

// mergeSmall drops runs of a few tokens between larger differences: a reader
// takes in one replaced sentence better than its shreds.
func mergeSmall(runs []run) []run {
	for again := true; again; {
		again = false
		kept := runs[:0:0]
		for i, r := range runs {
			if i > 0 && i+1 < len(runs) && r.n <= 3 && len(kept) > 0 {
				q, s := kept[len(kept)-1], runs[i+1]
				left := max(r.p-q.p-q.n, r.c-q.c-q.n)
				right := max(s.p-r.p-r.n, s.c-r.c-r.n)
				if r.n < min(left, right) {
					again = true
					continue
				}
			}
			kept = append(kept, r)
		}
		runs = kept
	}
	return runs
}

// trimEnds drops short runs that stand far from the rest: words that a text and
// what surrounds its copy have in common by chance.
func trimEnds(runs []run) []run {
	far := func(end, a, b run) bool {
		gap := max(b.p-a.p-a.n, b.c-a.c-a.n)
		return end.n < 2*gramLen && gap > 3*end.n
	}
	for len(runs) > 1 && far(runs[0], runs[0], runs[1]) {
		runs = runs[1:]
	}
	for k := len(runs) - 1; k > 0 && far(runs[k], runs[k-1], runs[k]); k-- {
		runs = runs[:k]
	}
	return runs
}

// slide moves pure insertions and deletions, where the alignment leaves a choice,
// to the start of a line or of a sentence.
func (a *alignment) slide(c *copied) {
	for i := range a.hunks {
		h := &a.hunks[i]
		lowP, lowC, highP, highC := a.omitHead, a.c0, a.omitTail, a.c1
		if i > 0 {
			lowP, lowC = a.hunks[i-1].p1, a.hunks[i-1].c1
		}
		if i+1 < len(a.hunks) {
			highP, highC = a.hunks[i+1].p0, a.hunks[i+1].c0
		}
		switch {
		case h.p0 == h.p1:
			k := bestShift(c.ids, c.form.Tokens, h.c0, h.c1, min(h.c0-lowC, h.p0-lowP), min(highC-h.c1, highP-h.p1))
			*h = hunk{p0: h.p0 + k, p1: h.p1 + k, c0: h.c0 + k, c1: h.c1 + k}
		case h.c0 == h.c1:
			k := bestShift(a.d.ids, a.d.form.Tokens, h.p0, h.p1, min(h.p0-lowP, h.c0-lowC), min(highP-h.p1, highC-h.c1))
			*h = hunk{p0: h.p0 + k, p1: h.p1 + k, c0: h.c0 + k, c1: h.c1 + k}
		}
	}
}

// bestShift returns by how much to shift ids[from:to] without changing what the
// rest reads, at most down to the left and up to the right.
func bestShift(ids []uint32, tokens []text.Token, from, to, down, up int) int {
	quality := func(i int) int {
		switch {
		case i == 0 || i == len(tokens) || tokens[i].First():
			return 2
		case endsSentence(tokens[i-1].Text):
			return 1
		}
		return 0
	}
	best, most := 0, quality(from)
	for k := 1; k <= down && ids[from-k] == ids[to-k]; k++ {
		if q := quality(from - k); q > most {
			best, most = -k, q
		}
	}
	for k := 1; k <= up && ids[from+k-1] == ids[to+k-1]; k++ {
		if q := quality(from + k); q > most {
			best, most = k, q
		}
	}
	return best
}

func endsSentence(s string) bool {
	switch s {
	case ".", "!", "?", ":", ";", "...":
		return true
	}
	return false
}

// swaps joins an insertion and a deletion of the same words: near each other they
// are one change of order, far apart and long a move.
func swaps(d *doc, c *copied, hunks []hunk) []hunk {
	for i := range hunks {
		for j := i + 1; j < len(hunks); j++ {
			x, y := hunks[i], hunks[j]
			if !sameWords(d, c, x, y) && !sameWords(d, c, y, x) {
				continue
			}
			if j == i+1 && y.p0-x.p1 <= 8 && x.size() <= 8 {
				hunks[i] = hunk{p0: x.p0, p1: y.p1, c0: x.c0, c1: y.c1}
				return swaps(d, c, append(hunks[:j:j], hunks[j+1:]...))
			}
			if x.size() >= gramLen && !x.move && !y.move {
				hunks[i].move, hunks[j].move = true, true
			}
		}
		if len(hunks) > 200 { // the pairs would be too many
			break
		}
	}
	return hunks
}

// sameWords reports whether gone is a pure deletion and put a pure insertion of
// the same tokens.
func sameWords(d *doc, c *copied, gone, put hunk) bool {
	return gone.c0 == gone.c1 && put.p0 == put.p1 && gone.p0 < gone.p1 &&
		equal(d.ids[gone.p0:gone.p1], c.ids[put.c0:put.c1])
}
