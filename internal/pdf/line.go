package pdf

import (
	"cmp"
	"math"
	"slices"
	"strings"
	"unicode"
)

// A line is a row of glyphs that is read in one go.
type line struct {
	glyphs []glyph
	row    []cluster // from left to right, with spaces
	y      float64   // baseline
	size   float64   // height of most of its glyphs
	box    rect
	text   []placed // what it reads, in logical order
}

// placed is a character of the text and the glyph it came from, or none.
type placed struct {
	r rune
	g *glyph
}

// sameLine is how far apart, as a part of their height, two baselines may be.
const sameLine = 0.35

// gapOfColumns is how wide, as a part of the height, a gap is that no word space
// makes.
const gapOfColumns = 2.5

// makeLines joins glyphs that follow each other in the file and stand on one
// baseline. Files draw column by column, so that the lines of two columns are not
// mixed even where they are level.
func makeLines(glyphs []glyph) []line {
	var rows []line
	for _, g := range glyphs {
		if g.gone {
			continue
		}
		n := len(rows)
		switch {
		case n > 0 && rows[n-1].level(&g):
			rows[n-1].add(g)
		case n > 1 && rows[n-2].level(&g) && rows[n-2].touches(&g):
			// Producers step aside for a bullet or a raised note and come back.
			rows[n-2].add(g)
		default:
			l := line{y: g.y, size: g.size, box: g.box}
			l.add(g)
			rows = append(rows, l)
		}
	}
	var lines []line
	for i := range rows {
		lines = append(lines, rows[i].split()...)
	}
	align(lines)
	return lines
}

// align tells the direction of lines from the side on which they begin: that a
// line of Arabic words starts at the left margin, where the others do, makes it part
// of a left-to-right paragraph, in which an English word after them stands to their
// right.
func align(lines []line) {
	const near, far = 2, 12 // points
	for i := range lines {
		l := &lines[i]
		if !l.has(rightLeft) {
			continue
		}
		left, right, tendency := l.box.x0, l.box.x1, 0
		for k := range lines[max(0, i-40):min(len(lines), i+41)] {
			m := &lines[max(0, i-40)+k]
			if m.box.x1 > l.box.x0 && m.box.x0 < l.box.x1 && math.Abs(m.size-l.size) < 0.3*l.size {
				left, right = min(left, m.box.x0), max(right, m.box.x1)
				if m.has(rightLeft) {
					tendency++
				} else {
					tendency--
				}
			}
		}
		atLeft, atRight := l.box.x0-left, right-l.box.x1
		base := rightLeft
		switch {
		case atLeft < near && atRight > far:
			base = leftRight
		case atRight < near && atLeft > far:
		case tendency < 0:
			base = leftRight
		}
		l.order(base)
		if base == leftRight && i > 0 && lines[i-1].has(rightLeft) {
			l.carry()
		}
	}
}

func (l *line) has(d direction) bool {
	return slices.ContainsFunc(l.row, func(c cluster) bool { return directionOf(c.parts[0].r) == d })
}

// carry puts signs where they are read in a line that goes on with right-to-left
// words in a left-to-right paragraph: of several that stand at its right end, all
// but the last open it.
func (l *line) carry() {
	n := len(l.row)
	k := n
	for k > 0 && directionOf(l.row[k-1].parts[0].r) == neutral {
		k--
	}
	if n-k < 2 || k == 0 || directionOf(l.row[k-1].parts[0].r) != rightLeft || l.has(leftRight) {
		return
	}
	signs := flatten(l.row[k : n-1])
	rest := l.text[:len(l.text)-1-len(signs)]
	l.text = append(append(slices.Clone(signs), rest...), l.text[len(l.text)-1])
}

// level reports whether g stands on the line's baseline.
func (l *line) level(g *glyph) bool {
	return math.Abs(g.y-l.y) <= sameLine*max(l.size, g.size)
}

func (l *line) touches(g *glyph) bool {
	return max(g.box.x0-l.box.x1, l.box.x0-g.box.x1) < l.size
}

// split reads a row, and parts it where a gap is too wide for one line: the cells
// of a table. A bullet or number stays with its item.
func (l *line) split() []line {
	all := clusters(l.glyphs)
	slices.SortStableFunc(all, func(a, b cluster) int { return cmp.Compare(a.x, b.x) })
	var parts [][]cluster
	from := 0
	for i := 1; i < len(all); i++ {
		if all[i].box.x0-all[i-1].box.x1 > gapOfColumns*l.size && i-from > 3 && len(all)-i > 3 {
			parts = append(parts, all[from:i])
			from = i
		}
	}
	parts = append(parts, all[from:])
	if len(parts) == 1 {
		l.read(all)
		return []line{*l}
	}
	lines := make([]line, len(parts))
	right := 0
	for i, part := range parts {
		m := line{y: l.y, size: l.size, box: part[0].box}
		for _, c := range part {
			for _, p := range c.parts {
				m.add(*p.g)
				if directionOf(p.r) == rightLeft {
					right++
				}
			}
		}
		m.read(part)
		lines[i] = m
	}
	if 2*right > len(l.glyphs) {
		slices.Reverse(lines)
	}
	return lines
}

func (l *line) add(g glyph) {
	l.glyphs = append(l.glyphs, g)
	l.size = max(l.size, g.size)
	l.box = rect{min(l.box.x0, g.box.x0), min(l.box.y0, g.box.y0), max(l.box.x1, g.box.x1), max(l.box.y1, g.box.y1)}
}

// read fills in text from clusters in the order in which they are shown: spaces
// where there is a gap, then in logical order.
func (l *line) read(clusters []cluster) {
	var visual []cluster
	for i, c := range clusters {
		if i > 0 && l.parted(&clusters[i-1], &c) {
			visual = append(visual, cluster{parts: []placed{{r: ' '}}})
		}
		visual = append(visual, c)
	}
	l.row = visual
	l.order(neutral)
}

// order fills in text from the row.
func (l *line) order(base direction) {
	l.text = logical(l.row, base)
	if n := len(l.text); n > 0 && l.text[n-1].r == lineHyphen {
		l.text[n-1].r = '-'
	}
}

// parted reports whether a space stands between two neighbours.
func (l *line) parted(a, b *cluster) bool {
	p, q := a.parts[0].g, b.parts[0].g
	gap := (b.box.x0 - a.box.x1) / l.size
	switch real := q.word-p.word != q.made-p.made; {
	case real:
		return gap > noGap
	case q.word != p.word:
		return gap > narrowGap
	case directionOf(p.r) == rightLeft && directionOf(q.r) == rightLeft:
		return gap > wideGap
	}
	return gap > wordGap
}

// Gaps that part two words, as a part of the height: where the file has a space,
// where PDFium thinks so, where neither is, and between joined letters, whose boxes
// are as wide as their ink.
const (
	noGap     = 0.02
	narrowGap = 0.08
	wordGap   = 0.17
	wideGap   = 0.35
)

// lineHyphen is what PDFium makes of a hyphen that divides a word at a line end.
const lineHyphen = 2

// A cluster is a character with its marks, or the letters of one ligature.
type cluster struct {
	x     float64
	box   rect
	parts []placed // in logical order
}

// clusters groups glyphs: a mark with the letter that it stands over, and letters
// drawn at the same place, which are one ligature.
func clusters(glyphs []glyph) []cluster {
	var out []cluster
	var ahead []*glyph // marks that came before their letter
	for i := range glyphs {
		g := &glyphs[i]
		if unicode.Is(unicode.M, g.r) && comesFirst(glyphs, i) {
			ahead = append(ahead, g)
			continue
		}
		if n := len(out); n > 0 && belongs(g, &out[n-1]) {
			c := &out[n-1]
			c.parts = append(c.parts, placed{g.r, g})
			continue
		}
		if n := len(out); n > 0 {
			out[n-1].unfold(g)
		}
		c := cluster{x: (g.box.x0 + g.box.x1) / 2, box: g.box, parts: []placed{{g.r, g}}}
		for k := len(ahead) - 1; k >= 0; k-- {
			c.parts = append(c.parts, placed{ahead[k].r, ahead[k]})
		}
		ahead = nil
		out = append(out, c)
	}
	for _, g := range ahead {
		out = append(out, cluster{x: (g.box.x0 + g.box.x1) / 2, box: g.box, parts: []placed{{g.r, g}}})
	}
	if n := len(out); n > 1 {
		out[n-1].unfold(nil)
	}
	return out
}

// unfold puts the letters of a right-to-left ligature in logical order. PDFium
// turns whole rows of such letters round, ligatures with them: then what follows,
// next, stands to the left. No ligature has an alef before a lam.
func (c *cluster) unfold(next *glyph) {
	n := len(c.parts)
	if n < 2 || directionOf(c.parts[0].r) != rightLeft || directionOf(c.parts[n-1].r) != rightLeft {
		return
	}
	turned := next != nil && next.x < c.box.x0
	if n == 2 && isAlef(c.parts[0].r) && c.parts[1].r == 'ل' {
		turned = true
	} else if n == 2 && isAlef(c.parts[1].r) && c.parts[0].r == 'ل' {
		turned = false
	}
	if turned {
		slices.Reverse(c.parts)
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

func belongs(g *glyph, c *cluster) bool {
	if unicode.Is(unicode.M, g.r) {
		mid := (g.box.x0 + g.box.x1) / 2
		return mid >= c.box.x0-0.5 && mid <= c.box.x1+0.5 || g.box.width() < 0.01
	}
	first := c.parts[0].g
	return first != nil && math.Abs(g.x-first.x) < 0.01 && math.Abs(g.box.x0-first.box.x0) < 0.01 && math.Abs(g.box.x1-first.box.x1) < 0.01
}

func (l *line) String() string {
	var s strings.Builder
	for _, p := range l.text {
		s.WriteRune(p.r)
	}
	return s.String()
}
