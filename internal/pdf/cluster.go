package pdf

import (
	"math"
	"slices"
	"unicode"
)

// A cluster is a character with its marks, or the letters of one ligature.
type cluster struct {
	x     float64
	box   rect
	parts []placed // in logical order
}

// clusters groups glyphs: what comes from one drawn shape, and a mark with the
// letter that it stands over. Some producers give a mark the letter's place, some a
// letter the mark's.
func clusters(glyphs []glyph) []cluster {
	var out []cluster
	var ahead []*glyph // marks that came before their letter
	shapes := map[[2]float64]int{}
	for i := range glyphs {
		g := &glyphs[i]
		shape := [2]float64{g.x, g.y}
		at, known := shapes[shape]
		mark := unicode.Is(unicode.M, g.r)
		switch {
		case known:
			out[at].take(g)
			if mark {
				out[at].shares(g)
			}
			continue
		case mark && comesFirst(glyphs, i):
			ahead = append(ahead, g)
			continue
		case mark && len(out) > 0 && out[len(out)-1].under(g):
			out[len(out)-1].take(g)
			continue
		}
		shapes[shape] = len(out)
		c := cluster{box: g.box}
		c.take(g)
		for _, m := range ahead {
			c.take(m)
		}
		ahead = nil
		out = append(out, c)
	}
	for _, g := range ahead {
		c := cluster{box: g.box}
		c.take(g)
		out = append(out, c)
	}
	for i := range out {
		var next *cluster
		if i+1 < len(out) {
			next = &out[i+1]
		}
		out[i].arrange(next)
	}
	return out
}

// take adds a glyph.
func (c *cluster) take(g *glyph) {
	c.parts = append(c.parts, placed{g.r, g})
	if !unicode.Is(unicode.M, g.r) {
		c.box.x0, c.box.x1 = min(c.box.x0, g.box.x0), max(c.box.x1, g.box.x1)
	}
}

// shares takes in the part of a drawn shape that a mark of it has: PDFium parts the box
// of an accented letter that a file names by letter and accent.
func (c *cluster) shares(g *glyph) {
	const touch = 0.1
	switch {
	case math.Abs(g.box.x0-c.box.x1) < touch:
		c.box.x1 = g.box.x1
	case math.Abs(g.box.x1-c.box.x0) < touch:
		c.box.x0 = g.box.x0
	}
}

// under reports whether a mark stands over the cluster.
func (c *cluster) under(g *glyph) bool {
	mid := (g.box.x0 + g.box.x1) / 2
	return mid >= c.box.x0-0.5 && mid <= c.box.x1+0.5 || g.box.width() < 0.01
}

// arrange puts the letters of a cluster in logical order, its marks behind them.
// PDFium turns whole rows of right-to-left letters round, ligatures with them: then
// what follows, next, stands to the right. No ligature has an alef before a lam.
func (c *cluster) arrange(next *cluster) {
	c.x = (c.box.x0 + c.box.x1) / 2
	isMark := func(p placed) int {
		if unicode.Is(unicode.M, p.r) {
			return 1
		}
		return 0
	}
	slices.SortStableFunc(c.parts, func(a, b placed) int { return isMark(a) - isMark(b) })
	n := 0
	for n < len(c.parts) && isMark(c.parts[n]) == 0 {
		n++
	}
	letters := c.parts[:n]
	if n < 2 || directionOf(letters[0].r) != rightLeft || directionOf(letters[n-1].r) != rightLeft {
		return
	}
	turned := next != nil && next.box.x0 < c.box.x0
	switch {
	case n == 2 && isAlef(letters[0].r) && letters[1].r == 'ل':
		turned = true
	case n == 2 && isAlef(letters[1].r) && letters[0].r == 'ل':
		turned = false
	}
	if turned {
		slices.Reverse(letters)
	}
}

func isAlef(r rune) bool { return r == 'ا' || r == 'أ' || r == 'إ' || r == 'آ' || r == 'ٱ' }

// comesFirst reports whether the letter of mark i is the one after it: where PDFium
// has turned a row of right-to-left letters round.
func comesFirst(glyphs []glyph, i int) bool {
	m := &glyphs[i]
	var before, after *glyph
	for k := i - 1; k >= 0 && before == nil; k-- {
		if !unicode.Is(unicode.M, glyphs[k].r) {
			before = &glyphs[k]
		}
	}
	for k := i + 1; k < len(glyphs) && after == nil; k++ {
		if !unicode.Is(unicode.M, glyphs[k].r) {
			after = &glyphs[k]
		}
	}
	mid := (m.box.x0 + m.box.x1) / 2
	over := func(g *glyph) bool {
		return g != nil && directionOf(g.r) == rightLeft && mid > g.box.x0-0.2*g.size && mid < g.box.x1+0.2*g.size
	}
	switch {
	case !over(after):
		return false
	case !over(before):
		return true
	}
	return after.x > before.x
}
