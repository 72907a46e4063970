package match

import (
	"github.com/sijil/sijil/internal/extract"
	"github.com/sijil/sijil/internal/text"
)

// copied is the copy while it is checked.
type copied struct {
	raw  []byte
	form *text.Form
	ids  []uint32
	emph map[int]bool // tokens that are paired emphasis signs
	// dropped are the bullets at line starts, which form is without; bullets are
	// the same by the token behind them.
	dropped []text.Span
	bullets map[int][]text.Span
	// quoted says that the ">" of a quoted mail were dropped from form.
	quoted  bool
	blanked []int // offsets of the emphasis signs that form was read without
	doubts  []extract.Doubt
}

// newCopied prepares a copy of which form is the canonical one without the bullets
// at line starts, which are dropped.
func newCopied(raw []byte, form *text.Form, dropped []text.Span) *copied {
	c := &copied{raw: raw, form: form, dropped: dropped}
	if tokens, quoted := unquote(form.Tokens); quoted && len(tokens) > 0 {
		c.form, c.quoted = &text.Form{Tokens: tokens}, true
	}
	c.bullets = bulletsBefore(c.form.Tokens, dropped)
	c.emph = pairEmphasis(c.form.Tokens)
	return c
}

// A hunk is one place where the aligned sequences differ: published tokens
// [p0,p1) stand where the copy has [c0,c1).
type hunk struct {
	p0, p1, c0, c1 int
	move           bool // the other half of a moved passage is elsewhere
	bullets        int  // of the copy, before c0, where the published text begins no item
}

func (h hunk) size() int { return max(h.p1-h.p0, h.c1-h.c0, h.bullets) }

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
	// wrappedAt counts the copy's bullets before a token that the published text
	// has inside a line.
	wrappedAt map[int]int
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
		runs = extend(core(mergeSmall(matchRuns(d.ids, c.ids)), d.form.Tokens), d.ids, c.ids)
		runs = trimLines(runs, d.form.Tokens, c.form.Tokens)
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
	p0, c0 := a.omitHead, a.c0
	a.slide(c)
	a.growHead(c)
	a.growTail(c)
	a.movedEnds(c)
	a.hunks = swaps(d, c, a.hunks)
	stray := a.settleBullets(c, p0, c0)
	a.tolerate(c)
	a.addStray(stray)
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
	for again, pass := true, 0; again && pass < 10; pass++ {
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

// core returns the runs that are the text: the densest stretch, and beyond it every
// long run and every one that is a whole published line. What is dropped at the ends are words that a text and what surrounds
// its copy have in common by chance.
func core(runs []run, pub []text.Token) []run {
	const gapCost = 4 // tokens of a gap that outweigh one that is aligned
	best, from, to := 0, 0, 0
	sum, start := 0, 0
	for i, r := range runs {
		if i > 0 {
			q := runs[i-1]
			sum -= max(r.p-q.p-q.n, r.c-q.c-q.n)
		}
		if sum <= 0 {
			sum, start = 0, i
		}
		if sum += gapCost * r.n; sum > best {
			best, from, to = sum, start, i+1
		}
	}
	for i, r := range runs {
		if r.n >= 2*gramLen || r.n > 1 && pub[r.p].First() && lineEnd(pub, r.p+1) <= r.p+r.n {
			from, to = min(from, i), max(to, i+1)
		}
	}
	return runs[from:to]
}

// extend lets the first and last run go on into what core freed: where a copy
// ends early, the diff may have given its last full stop to the text's end.
func extend(runs []run, p, c []uint32) []run {
	if len(runs) == 0 {
		return nil
	}
	for r := &runs[0]; r.p > 0 && r.c > 0 && p[r.p-1] == c[r.c-1]; {
		r.p, r.c, r.n = r.p-1, r.c-1, r.n+1
	}
	for r := &runs[len(runs)-1]; r.p+r.n < len(p) && r.c+r.n < len(c) && p[r.p+r.n] == c[r.c+r.n]; {
		r.n++
	}
	return runs
}

// trimLines takes a few chance tokens off the ends that belong to another line of
// the copy: the full stop of a comment above the text, the first word of one below.
func trimLines(runs []run, pub, cp []text.Token) []run {
	if len(runs) == 0 {
		return nil
	}
	if r := &runs[0]; r.p > 0 && !(pub[r.p].First() && cp[r.c].First()) {
		for k := 1; k <= 3 && k < r.n; k++ {
			if cp[r.c+k].First() && (pub[r.p+k].First() || countWords(cp[r.c:r.c+k]) == 0) {
				r.p, r.c, r.n = r.p+k, r.c+k, r.n-k
				break
			}
		}
	}
	r := &runs[len(runs)-1]
	if end := r.p + r.n; end == len(pub) || r.c+r.n == len(cp) || pub[end].First() && cp[r.c+r.n].First() {
		return runs
	}
	for k := 1; k <= 3 && k < r.n; k++ {
		if pub[r.p+r.n-k].First() && cp[r.c+r.n-k].First() {
			r.n -= k
			break
		}
	}
	return runs
}
