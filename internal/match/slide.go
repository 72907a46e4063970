package match

import "github.com/sijil/sijil/internal/text"

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
