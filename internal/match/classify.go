package match

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/sijil/sijil/internal/text"
	"golang.org/x/text/unicode/norm"
)

// classify names the gravest thing that a change does. before and after are the
// published tokens around it; ownLines says that what comes or goes is whole lines,
// opens that the published text begins a line there.
func classify(pub, cp, before, after []text.Token, ownLines, opens bool) string {
	pw, cw := countWords(pub), countWords(cp)
	switch {
	case hasHidden(cp) || hasHidden(pub):
		return ClassHidden
	case lookalike(pub, cp):
		return ClassLookalike
	case pw > 0 && elided(cp), len(cp) == 0 && (pw >= longPassage || ownLines):
		return ClassOmission
	case len(pub) == 0 && (cw >= longPassage || ownLines):
		return ClassAddition
	case negates(pub, cp):
		return ClassNegation
	case months(pub) != months(cp):
		return ClassDate
	case numbers(pub) != numbers(cp) || numberWords(pub) != numberWords(cp):
		if hasMonth(pub) || inDate(before, after) {
			return ClassDate
		}
		return ClassNumber
	case pw == 0 && cw == 0:
		return ClassPunctuation
	}
	return classifyWords(pub, cp, opens || len(before) == 0 || endsSentence(before[len(before)-1].Text))
}

// inDate reports whether a month is near: within three tokens, or before nothing but
// numbers and signs, as in "May 4 - 5, 2031".
func inDate(before, after []text.Token) bool {
	if hasMonth(before[max(0, len(before)-3):]) || hasMonth(after[:min(3, len(after))]) {
		return true
	}
	for i := len(before) - 1; i >= 0; i-- {
		if isWord(&before[i]) && numbers(before[i:i+1]) == "" {
			return hasMonth(before[i : i+1])
		}
	}
	return false
}

// longPassage is from how many words on what comes or goes is an addition or an
// omission, whatever it contains.
const longPassage = 8

// classifyWords tells apart how words differ; starts says that a sentence starts
// with them.
func classifyWords(pub, cp []text.Token, starts bool) string {
	p, c := joined(pub), joined(cp)
	switch {
	case strings.EqualFold(p, c):
		return ClassCase
	case unaccented(p) == unaccented(c):
		return ClassAccent
	case sameSet(pub, cp):
		return ClassOrder
	case named(pub, starts) || named(cp, starts):
		return ClassName
	}
	return ClassWording
}

func countWords(tokens []text.Token) int {
	n := 0
	for i := range tokens {
		if isWord(&tokens[i]) {
			n++
		}
	}
	return n
}

// isWord reports whether the token is a word, whatever its place made of it.
func isWord(t *text.Token) bool {
	r, _ := utf8.DecodeRuneInString(t.Text)
	return t.Class != text.Hidden && (unicode.IsLetter(r) || unicode.IsNumber(r) || unicode.IsMark(r))
}

func hasHidden(tokens []text.Token) bool {
	for i := range tokens {
		if tokens[i].Class == text.Hidden {
			return true
		}
	}
	return false
}

// elided reports whether tokens are only a sign of omission: "...", "[...]".
func elided(tokens []text.Token) bool {
	dots := false
	for i := range tokens {
		switch tokens[i].Text {
		case "...":
			dots = true
		case "[", "]", "(", ")", ".":
		default:
			return false
		}
	}
	return dots
}

// numbers returns the digits of the tokens, each number after a space.
func numbers(tokens []text.Token) string {
	var s strings.Builder
	for i := range tokens {
		if strings.ContainsFunc(tokens[i].Text, unicode.IsNumber) {
			s.WriteString(" ")
			for _, r := range tokens[i].Text {
				if unicode.IsNumber(r) || r == '.' || r == ',' {
					s.WriteRune(r)
				}
			}
		}
	}
	return s.String()
}

func unaccented(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.Is(unicode.Mn, r) {
			return -1
		}
		return r
	}, norm.NFD.String(s))
}

func sameSet(pub, cp []text.Token) bool {
	if len(pub) != len(cp) || len(pub) < 2 {
		return false
	}
	n := map[string]int{}
	for i := range pub {
		n[pub[i].Text]++
		n[cp[i].Text]--
	}
	for _, k := range n {
		if k != 0 {
			return false
		}
	}
	return true
}

// named reports whether the words look like a name: capitals that no sentence
// start explains. Where the copy begins a line does not matter: that is wrapping.
func named(tokens []text.Token, starts bool) bool {
	for i := range tokens {
		if !isWord(&tokens[i]) {
			starts = starts || endsSentence(tokens[i].Text)
			continue
		}
		r, _ := utf8.DecodeRuneInString(tokens[i].Text)
		if unicode.IsUpper(r) && !starts {
			return true
		}
		starts = false
	}
	return false
}

// lookalike reports whether some word of the copy looks like the published word
// and is written with letters of another script.
func lookalike(pub, cp []text.Token) bool {
	if len(pub) != len(cp) {
		return false
	}
	for i := range pub {
		p, c := pub[i].Text, cp[i].Text
		if p != c && skeleton(p) == skeleton(c) && scripts(p) != scripts(c) {
			return true
		}
	}
	return false
}

// skeleton maps letters to the Latin ones that they look like.
func skeleton(s string) string {
	return strings.Map(func(r rune) rune {
		if r >= 0xff01 && r <= 0xff5e { // full width
			return r - 0xff01 + '!'
		}
		if i := strings.IndexRune(lookalikeFrom, r); i >= 0 {
			return rune(lookalikeTo[utf8.RuneCountInString(lookalikeFrom[:i])])
		}
		return r
	}, plainLetters(s))
}

// Cyrillic, Greek, Armenian and Latin letters, and the ASCII ones they look like.
const (
	lookalikeFrom = "аеорсухіјѕһԁԛԝӏъАВЕЗКМНОРСТУХІЈЅԌԚԜҮαεικνορτυχγΑΒΕΖΗΙΚΜΝΟΡΤΥΧոսցհօⅼıɡɑ"
	lookalikeTo   = "aeopcyxijshdqwlbABE3KMHOPCTYXIJSGQWYaeikvoptuxyABEZHIKMNOPTYXnugholiga"
)

// scripts returns which scripts the letters of s are of.
func scripts(s string) string {
	found := ""
	for _, sc := range []struct {
		name  string
		table *unicode.RangeTable
	}{{"L", unicode.Latin}, {"C", unicode.Cyrillic}, {"G", unicode.Greek}, {"A", unicode.Armenian}} {
		if strings.ContainsFunc(s, func(r rune) bool { return unicode.Is(sc.table, r) && r < 0xff00 && r != 'ı' && r != 'ɡ' && r != 'ɑ' }) {
			found += sc.name
		}
	}
	return found
}
