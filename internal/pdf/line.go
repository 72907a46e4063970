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

// align tells the direction of the paragraphs to which lines of right-to-left words
// belong: from the end at which their full stop or bullet stands; else, among lines
// of such words, it is theirs; else from the side on which they begin, that an
// English word after them stands to their right or left.
func align(lines []line) {
	for i := range lines {
		l := &lines[i]
		if !l.has(rightLeft) {
			continue
		}
		base := l.signed()
		if base == neutral {
			base = tendency(lines, i)
		}
		if base == neutral {
			base = side(lines, i)
		}
		l.order(base)
		if base == leftRight && i > 0 && lines[i-1].has(rightLeft) {
			l.carry()
		}
	}
}

// signed returns the direction that a full stop at the end, or a bullet at the
// beginning, of a line without other words tells.
func (l *line) signed() direction {
	if l.has(leftRight) {
		return neutral
	}
	isEnd := func(r rune) bool { return r == '.' || r == ':' || r == ';' || r == '،' || r == '؛' || r == '؟' }
	first, last := l.row[0].parts[0].r, l.row[len(l.row)-1].parts[0].r
	switch {
	case isEnd(first) && !isEnd(last):
		return rightLeft
	case isEnd(last) && !isEnd(first):
		return leftRight
	}
	return neutral
}

// side returns the direction of the paragraph of line i where its ends tell: most
// of the lines near it begin on the side on which it does.
func side(lines []line, i int) direction {
	const same, near = 1.5, 5 // points, lines
	l := &lines[i]
	left, right := 0, 0
	for k := max(0, i-near); k < min(len(lines), i+near+1); k++ {
		if m := &lines[k]; k != i {
			if math.Abs(m.box.x0-l.box.x0) < same {
				left++
			}
			if math.Abs(m.box.x1-l.box.x1) < same {
				right++
			}
		}
	}
	switch {
	case left > right:
		return leftRight
	case right > left:
		return rightLeft
	}
	return neutral
}

// tendency is right to left where most lines around line i have such words.
func tendency(lines []line, i int) direction {
	const around = 40
	n := 0
	for k := max(0, i-around); k < min(len(lines), i+around+1); k++ {
		if lines[k].has(rightLeft) {
			n++
		} else {
			n--
		}
	}
	if n > 0 {
		return rightLeft
	}
	return neutral
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

func (l *line) String() string {
	var s strings.Builder
	for _, p := range l.text {
		s.WriteRune(p.r)
	}
	return s.String()
}
