package shingle

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/sijil/sijil/internal/text"
	"golang.org/x/text/unicode/norm"
)

// word returns the token as a folded word, or "" when it is none.
func word(t *text.Token) string {
	r, _ := utf8.DecodeRuneInString(t.Text)
	if t.Class == text.Hidden || !unicode.IsLetter(r) && !unicode.IsNumber(r) && !unicode.IsMark(r) {
		return ""
	}
	return fold(t.Text)
}

// fold brings a word into the spelling in which fingerprints are taken.
func fold(s string) string {
	upper := false
	for i := range len(s) {
		switch c := s[i]; {
		case c >= utf8.RuneSelf:
			return strings.Map(foldRune, norm.NFD.String(s))
		case 'A' <= c && c <= 'Z':
			upper = true
		}
	}
	if upper {
		return strings.ToLower(s)
	}
	return s
}

func foldRune(r rune) rune {
	switch {
	case unicode.Is(unicode.Mn, r):
		return -1
	case r == 'ς':
		return 'σ'
	}
	return unicode.ToLower(r)
}
