package pdf

import "unicode"

// direction of a cluster in a row of glyphs.
type direction uint8

const (
	neutral direction = iota
	leftRight
	rightLeft
	number
)

func directionOf(r rune) direction {
	switch {
	case unicode.Is(unicode.Nd, r):
		return number
	case unicode.In(r, unicode.Arabic, unicode.Hebrew, unicode.Syriac, unicode.Thaana, unicode.Nko) && unicode.IsLetter(r),
		r >= 0xfb1d && r <= 0xfdff && unicode.IsLetter(r), r >= 0xfe70 && r <= 0xfefc:
		return rightLeft
	case unicode.IsLetter(r):
		return leftRight
	}
	return neutral
}

// logical puts a row of clusters, from left to right as they are shown, into the
// order in which they are read: the Unicode bidirectional algorithm backwards, as
// far as a line without embeddings needs it.
//
// base is the direction of the paragraph where it is known, else neutral: then most
// of the letters tell.
func logical(visual []cluster, base direction) []placed {
	dirs := make([]direction, len(visual))
	right, left := 0, 0
	for i, c := range visual {
		dirs[i] = directionOf(c.parts[0].r)
		switch dirs[i] {
		case rightLeft:
			right++
		case leftRight:
			left++
		}
	}
	if right == 0 {
		return mirror(flatten(visual))
	}
	if base == neutral {
		base = leftRight
		if right >= left {
			base = rightLeft
		}
	}
	joinNumbers(visual, dirs)
	var numbers []bool
	if base == leftRight {
		numbers = numbersAmongRightLeft(visual, dirs)
	}
	pairBrackets(visual, dirs, base)
	resolve(dirs, base)
	out := make([]cluster, 0, len(visual))
	if base == rightLeft {
		// From right to left; runs the other way keep their order.
		for i := len(visual); i > 0; {
			j := i - 1
			if dirs[j] != rightLeft {
				for j > 0 && dirs[j-1] != rightLeft {
					j--
				}
			}
			out = append(out, visual[j:i]...)
			i = j
		}
	} else {
		for i := 0; i < len(visual); {
			j := i + 1
			if dirs[i] == rightLeft {
				for j < len(visual) && dirs[j] == rightLeft {
					j++
				}
				out = append(out, backwards(visual[i:j], numbers[i:j])...)
			} else {
				out = append(out, visual[i])
			}
			i = j
		}
	}
	return mirror(flatten(out))
}

// pairBrackets gives a pair of brackets round words that go against the paragraph, and
// that follow such words, their direction (UAX 9, N0).
func pairBrackets(visual []cluster, dirs []direction, base direction) {
	inner, step := rightLeft, 1 // to where what is read before stands
	if base == rightLeft {
		inner, step = leftRight, -1
	}
	for i := range dirs {
		family := bracketFamily(visual[i].parts[0].r)
		if before := i + step; family == 0 || dirs[i] != neutral || before < 0 || before >= len(dirs) || dirs[before] != inner {
			continue
		}
		for k := i + step; k >= 0 && k < len(dirs) && dirs[k] != base; k += step {
			if dirs[k] == neutral && bracketFamily(visual[k].parts[0].r) == family {
				if nearest(dirs, k, step) == inner {
					dirs[i], dirs[k] = inner, inner
				}
				break
			}
		}
	}
}

// nearest is the direction of the next letters from i on.
func nearest(dirs []direction, i, step int) direction {
	for i += step; i >= 0 && i < len(dirs); i += step {
		if dirs[i] == rightLeft || dirs[i] == leftRight {
			return dirs[i]
		}
	}
	return neutral
}

// bracketFamily is the same for the two brackets of a pair, and 0 for what is none:
// producers differ in which of the two they name.
func bracketFamily(r rune) rune {
	for _, pair := range brackets {
		if r == pair[0] || r == pair[1] {
			return pair[0]
		}
	}
	return 0
}

// backwards returns a right-to-left run in the order in which it is read; numbers in it
// are read from left to right.
func backwards(run []cluster, numbers []bool) []cluster {
	out := make([]cluster, 0, len(run))
	for i := len(run); i > 0; {
		j := i - 1
		for numbers[j] && j > 0 && numbers[j-1] {
			j--
		}
		out = append(out, run[j:i]...)
		i = j
	}
	return out
}

// numbersAmongRightLeft gives numbers in a left-to-right paragraph the direction of the
// right-to-left words that they follow, and says which these are (UAX 9, W2 and W7). One
// that stands at the left of such words is read after them, unless it numbers an item.
// A comma there ends what goes on in the next line.
func numbersAmongRightLeft(visual []cluster, dirs []direction) []bool {
	among := make([]bool, len(dirs))
	for i, d := range dirs {
		if d != number {
			continue
		}
		left, right := nearest(dirs, i, -1), nearest(dirs, i, +1)
		among[i] = (left == rightLeft || right == rightLeft) && left != leftRight && right != leftRight && !(left == neutral && marksItem(visual, dirs, i))
	}
	for i := range dirs {
		if among[i] {
			dirs[i] = rightLeft
		}
	}
	for i := 0; i+1 < len(dirs) && dirs[i] == neutral; i++ {
		switch visual[i].parts[0].r {
		case ',', '\u060c', ';', '\u061b':
			if dirs[i+1] == rightLeft {
				dirs[i] = rightLeft
			}
		}
	}
	return among
}

// marksItem reports whether the number at i, the first of its line, is followed by a
// sign that makes it a list number: "3.", "3)", "3-".
func marksItem(visual []cluster, dirs []direction, i int) bool {
	for i < len(dirs) && dirs[i] == number {
		i++
	}
	if i == len(dirs) || dirs[i] != neutral {
		return false
	}
	switch visual[i].parts[0].r {
	case '.', ')', ']', '-', '\u2013', '/':
		return true
	}
	return false
}

// joinNumbers makes a sign between two digits part of the number.
func joinNumbers(visual []cluster, dirs []direction) {
	for i := 1; i+1 < len(visual); i++ {
		if dirs[i] == neutral && dirs[i-1] == number && dirs[i+1] == number {
			switch visual[i].parts[0].r {
			case '.', ',', ':', '/', '-', '\u066b', '\u066c', '\u060c', '\u00a0':
				dirs[i] = number
			}
		}
	}
	for i := range visual {
		if dirs[i] == neutral && (visual[i].parts[0].r == '%' || visual[i].parts[0].r == '\u066a') &&
			(i > 0 && dirs[i-1] == number || i+1 < len(dirs) && dirs[i+1] == number) {
			dirs[i] = number
		}
	}
}

// resolve gives neutral clusters the direction of what is on both sides, else the
// base direction, and numbers that of the words beside them.
func resolve(dirs []direction, base direction) {
	strong := func(d direction) direction {
		if d == number {
			return leftRight
		}
		return d
	}
	for i := 0; i < len(dirs); {
		if dirs[i] != neutral {
			i++
			continue
		}
		j := i
		for j < len(dirs) && dirs[j] == neutral {
			j++
		}
		before, after := base, base
		if i > 0 {
			before = dirs[i-1]
		}
		if j < len(dirs) {
			after = dirs[j]
		}
		d := base
		// Numbers beside right-to-left words count as such here.
		switch {
		case before == number && after == number:
			d = base
		case before == leftRight && after == number:
			d = leftRight // "COVID 19" among right-to-left words
		case base == rightLeft && (before == number || after == number):
			d = rightLeft
		case strong(before) == strong(after):
			d = strong(before)
		}
		for ; i < j; i++ {
			dirs[i] = d
		}
	}
}

func flatten(clusters []cluster) []placed {
	var out []placed
	for _, c := range clusters {
		out = append(out, c.parts...)
	}
	return out
}

// turn makes the bracket at i an opening one where words follow it and a blank stands
// before, and a closing one the other way round.
func turn(text []placed, i int, pair [2]rune) {
	before := i > 0 && text[i-1].r != ' '
	after := i+1 < len(text) && text[i+1].r != ' '
	switch {
	case before && !after:
		text[i].r = pair[1]
	case after && !before:
		text[i].r = pair[0]
	}
}

// brackets come in pairs.
var brackets = [][2]rune{{'(', ')'}, {'[', ']'}, {'{', '}'}, {'«', '»'}, {'‹', '›'}}

// mirror turns brackets round where they do not match: producers, and PDFium, differ
// in whether they name a mirrored bracket by its shape or by its meaning.
func mirror(text []placed) []placed {
	for _, pair := range brackets {
		var at []int
		depth, wrong := 0, false
		for i, p := range text {
			switch p.r {
			case pair[0]:
				depth++
			case pair[1]:
				depth--
			default:
				continue
			}
			wrong = wrong || depth < 0
			at = append(at, i)
		}
		if !wrong && depth == 0 {
			continue
		}
		if len(at)%2 == 1 { // "8) Name (NAME)": blanks tell which way each one stands
			for _, i := range at {
				turn(text, i, pair)
			}
			continue
		}
		for k, i := range at {
			text[i].r = pair[k%2]
		}
	}
	return text
}
