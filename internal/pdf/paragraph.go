package pdf

import (
	"math"
	"slices"
)

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
