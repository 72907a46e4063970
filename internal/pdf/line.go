package pdf

import (
	"cmp"
	"math"
	"slices"
	"strings"
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

func (l *line) String() string {
	var s strings.Builder
	for _, p := range l.text {
		s.WriteRune(p.r)
	}
	return s.String()
}
