package match

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Excerpts cuts pieces down to what changed: each excerpt holds changes that are
// near each other, with at most so many words of the same line around them. "…"
// stands where a line goes on.
func Excerpts(all []Piece, words int) [][]Piece {
	var out [][]Piece
	var now []Piece
	for i, p := range all {
		if p.Kind != Common {
			now = append(now, p)
			continue
		}
		last := i+1 == len(all)
		if i > 0 && !last && len(strings.Fields(p.Text)) <= 2*words {
			now = append(now, p)
			continue
		}
		if head := leading(p.Text, words); i > 0 {
			out = append(out, appendText(now, head))
			now = nil
		}
		if !last {
			now = appendText(now, trailing(p.Text, words))
		}
	}
	if len(now) > 0 {
		out = append(out, now)
	}
	return out
}

func appendText(to []Piece, s string) []Piece {
	if s == "" {
		return to
	}
	return append(to, Piece{Common, s})
}

// leading returns the first words of a text's first line.
func leading(s string, words int) string {
	if i := strings.IndexByte(s, '\n'); i >= 0 {
		s = s[:i]
	}
	inside := false
	for i, r := range s {
		space := unicode.IsSpace(r)
		if !space && !inside {
			if words == 0 {
				return strings.TrimRight(s[:i], " ") + " …"
			}
			words--
		}
		inside = !space
	}
	return s
}

// trailing returns the last words of a text's last line.
func trailing(s string, words int) string {
	s = s[strings.LastIndexByte(s, '\n')+1:]
	inside := false
	for i := len(s); i > 0; {
		r, n := utf8.DecodeLastRuneInString(s[:i])
		space := unicode.IsSpace(r)
		if !space && !inside {
			if words == 0 {
				return "… " + strings.TrimLeft(s[i:], " ")
			}
			words--
		}
		inside = !space
		i -= n
	}
	return s
}
