package text

import (
	"unicode"
	"unicode/utf8"
)

// markLists gives the class Marker to the tokens at a line start that may be a
// list marker. They stay in the canonical form: whether "18-" at a line start
// numbers an item or is a wrapped part of the text, only the published text can
// tell.
//
// Edition 0 took any one code point for a letter, so that ":)" was a marker, and
// behind a line of ">" alone it looked at the next line without its ">".
func markLists(tokens []Token, first bool) {
	for i := range tokens {
		if tokens[i].Breaks == 0 {
			continue
		}
		j := i
		for j < len(tokens) && (tokens[j].Text == ">" || isBullet(tokens[j].Text) && tokens[j].Class == Marker) && (j == i || tokens[j].Breaks == 0) {
			tokens[j].Class = Marker
			j++
		}
		if !first && j < len(tokens) && j > i && tokens[j].Breaks > 0 {
			continue
		}
		for k := j + markerLen(tokens[j:], first); j < k; j++ {
			tokens[j].Class = Marker
		}
	}
}

// markerLen returns how many of the first tokens of a line are its list marker:
// "-", "*", "+", "1.", "1)", "1-", "1 -", "1/", "(1)" and the same with one letter or a Roman
// number. What follows it on the line is a space away, or a word after a marker
// that mayTouch it.
func markerLen(line []Token, first bool) int {
	n := 0
	switch {
	case len(line) == 0:
		return 0
	case line[0].Text == "-" || line[0].Text == "*" || line[0].Text == "+":
		n = 1
	case line[0].Text == "(" && glued(line, 1) && ordinal(&line[1], first) && glued(line, 2) && line[2].Text == ")":
		n = 3
	case ordinal(&line[0], first) && glued(line, 1) && closes(line[1].Text):
		n = 2
	case ordinal(&line[0], first) && len(line) > 1 && line[1].Breaks == 0 && line[1].Text == "-":
		n = 2
	default:
		return 0
	}
	if !glued(line, n) {
		return n
	}
	if r, _ := utf8.DecodeRuneInString(line[n].Text); line[n].Class == Word && (r < '0' || r > '9') && mayTouch(line[:n]) {
		return n
	}
	return 0
}

// mayTouch reports whether the item may begin right after the marker, without a
// space. "3-day" and "U.S." begin with no marker.
func mayTouch(marker []Token) bool {
	switch last := marker[len(marker)-1].Text; last {
	case "-":
		return len(marker) == 1
	case ")", "]":
		return true
	case ".":
		return marker[0].Text[0] >= '0' && marker[0].Text[0] <= '9'
	}
	return false
}

// glued reports whether token i of the line touches the one before it.
func glued(line []Token, i int) bool {
	return i < len(line) && line[i].Breaks == 0 && line[i].Start == line[i-1].End
}

func closes(s string) bool {
	return s == "." || s == ")" || s == "-" || s == ":" || s == "]" || s == "/"
}

// ordinal reports whether t can number an item: up to three digits, one letter, the
// same letter twice, or a Roman number of up to five letters.
func ordinal(t *Token, first bool) bool {
	s := t.Text
	digits, roman := true, true
	for _, c := range []byte(s) {
		digits = digits && c >= '0' && c <= '9'
		roman = roman && (c == 'i' || c == 'v' || c == 'x' || c == 'I' || c == 'V' || c == 'X')
	}
	if digits && len(s) <= 3 || roman && len(s) <= 5 {
		return true
	}
	r, n := utf8.DecodeRuneInString(s)
	if unicode.IsLetter(r) && s[:n] == s[n:] {
		return true // word processors number on after "z" with "aa"
	}
	return n == len(s) && (first || t.Class == Word && classTable().of(r) != cMark)
}
