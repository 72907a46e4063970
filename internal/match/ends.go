package match

import (
	"strings"

	"github.com/sijil/sijil/internal/text"
)

// The ends of an alignment. Words attached to the text on its first or last line
// are part of it; so are lines next to it that resemble the lines of the text
// that are missing there. Everything else beyond the ends is a signatory list or
// surroundings.

// growHead takes into a hunk what belongs to the text before its first aligned
// token.
func (a *alignment) growHead(c *copied) {
	cp, pub := c.form.Tokens, a.d.form.Tokens
	a.opening, a.textStart = a.c0, a.c0
	h := hunk{p0: a.omitHead, p1: a.omitHead, c0: a.c0, c1: a.c0}
	if from := lineStart(cp, a.c0); from < a.c0 {
		if h.c0 = skipMarkers(cp, from, a.c0); h.c0 > from {
			a.tolerances[TolListMarkers] = true
		}
		if q := skipQuoting(cp, h.c0, a.c0); q == a.c0 {
			a.opening = h.c0
			h.c0 = q
		} else if h.p0 > 0 {
			h.p0 = lineStart(pub, h.p0)
		}
		a.c0 = from
	}
	for h.p0 > 0 && h.c0 > 0 && (h.p0 == len(pub) || pub[h.p0].First()) && cp[h.c0].First() {
		p, q := lineStart(pub, h.p0-1), lineStart(cp, h.c0-1)
		if !resemble(pub[p:h.p0], cp[q:h.c0]) {
			break
		}
		h.p0, h.c0 = p, q
	}
	for h.c0 > 0 && cp[h.c0].First() && a.deleted(c.ids[lineStart(cp, h.c0-1):h.c0]) {
		h.c0 = lineStart(cp, h.c0-1)
	}
	if h.size() > 0 {
		a.hunks = append([]hunk{h}, a.hunks...)
		a.omitHead, a.c0 = h.p0, min(a.c0, h.c0)
	}
}

// growTail is growHead for the other end. Words attached on the last line are
// left to the list, which may begin there.
func (a *alignment) growTail(c *copied) {
	cp, pub := c.form.Tokens, a.d.form.Tokens
	h := hunk{p0: a.omitTail, p1: a.omitTail, c0: a.c1, c1: a.c1}
	for h.p1 < len(pub) && h.c1 < len(cp) && cp[h.c1].First() {
		p, q := lineEnd(pub, h.p1+1), lineEnd(cp, h.c1+1)
		if !resemble(pub[h.p1:p], cp[h.c1:q]) {
			break
		}
		h.p1, h.c1 = p, q
	}
	for h.c1 < len(cp) && cp[h.c1].First() && a.deleted(c.ids[h.c1:lineEnd(cp, h.c1+1)]) {
		h.c1 = lineEnd(cp, h.c1+1)
	}
	if h.size() > 0 {
		a.hunks = append(a.hunks, h)
		a.omitTail, a.c1 = h.p1, h.c1
	}
}

// movedEnds makes a hunk of what is missing at an end of the text when the same
// words were put in elsewhere: a demand that was moved, and not left out.
func (a *alignment) movedEnds(c *copied) {
	head := hunk{p1: a.omitHead, c0: a.c0, c1: a.c0}
	tail := hunk{p0: a.omitTail, p1: len(a.d.ids), c0: a.c1, c1: a.c1}
	for _, h := range a.hunks {
		switch {
		case sameWords(a.d, c, head, h):
			a.hunks, a.omitHead = append([]hunk{head}, a.hunks...), 0
			return
		case sameWords(a.d, c, tail, h):
			a.hunks, a.omitTail = append(a.hunks, tail), len(a.d.ids)
			return
		}
	}
}

// attachTail returns the hunk of the copy's tokens [c1,to), which follow the text
// on its last line and are no list, and of an opening quotation mark that is not
// closed. What the published line has there is what they replace.
func (a *alignment) attachTail(c *copied, to int) []hunk {
	var hunks []hunk
	cp := c.form.Tokens
	opened := a.opening < a.textStart
	closed := to > a.c1 && skipQuoting(cp, a.c1, to) == to
	if opened && closed && isQuoted(cp[a.opening:a.textStart]) == isQuoted(cp[a.c1:to]) || opened && to == a.c1 && elided(cp[a.opening:a.textStart]) ||
		!opened && closed && elided(cp[a.c1:to]) && a.omitTail < len(a.d.ids) {
		a.tolerances[TolQuoted] = true
		return nil
	}
	if opened {
		hunks = append(hunks, hunk{p0: a.omitHead, p1: a.omitHead, c0: a.opening, c1: a.textStart})
	}
	if to > a.c1 {
		hunks = append(hunks, hunk{p0: a.omitTail, p1: lineEnd(a.d.form.Tokens, a.omitTail), c0: a.c1, c1: to})
	}
	return hunks
}

// deleted reports whether a line beyond the ends is one that is missing elsewhere:
// a moved paragraph.
func (a *alignment) deleted(line []uint32) bool {
	if len(line) < gramLen {
		return false
	}
	for _, h := range a.hunks {
		if h.c0 == h.c1 && find(a.d.ids[h.p0:h.p1], line) >= 0 {
			return true
		}
	}
	return find(a.d.ids[:a.omitHead], line) >= 0 || find(a.d.ids[a.omitTail:], line) >= 0
}

// resemble reports whether two lines have three tenths of their tokens in common,
// whatever their case.
func resemble(a, b []text.Token) bool {
	set := map[string]int{}
	for side, tokens := range [][]text.Token{a, b} {
		for i := range tokens {
			set[strings.ToLower(tokens[i].Text)] |= side + 1
		}
	}
	both := 0
	for _, m := range set {
		if m == 3 {
			both++
		}
	}
	return 10*both >= 3*len(set)
}

// skipMarkers returns the first token from i on that is no list marker.
func skipMarkers(tokens []text.Token, i, end int) int {
	for i < end && (tokens[i].Class == text.Marker || tokens[i].Class == text.Bullet) {
		i++
	}
	return i
}

// skipQuoting returns the first token from i on that is no quotation mark or sign
// of omission.
func skipQuoting(tokens []text.Token, i, end int) int {
	for i < end && (isQuote(tokens[i].Text) || elided(tokens[i:i+1])) {
		i++
	}
	return i
}

func isQuote(s string) bool { return s == `"` || s == "'" }

func isQuoted(tokens []text.Token) bool {
	for i := range tokens {
		if isQuote(tokens[i].Text) {
			return true
		}
	}
	return false
}
