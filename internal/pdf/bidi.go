package pdf

import (
	"slices"
	"unicode"
)

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
				run := slices.Clone(visual[i:j])
				slices.Reverse(run)
				out = append(out, run...)
			} else {
				out = append(out, visual[i])
			}
			i = j
		}
	}
	return mirror(flatten(out))
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
		if len(at)%2 == 1 || !wrong && depth == 0 {
			continue
		}
		for k, i := range at {
			text[i].r = pair[k%2]
		}
	}
	return text
}
