package match

import (
	"strings"

	"github.com/sijil/sijil/internal/text"
	"golang.org/x/text/unicode/norm"
)

// The named tolerances: differences that are presentation although the canonical
// form keeps them, because only the published text can tell. A verdict lists
// those that were used.
const (
	TolListMarkers = "list-markers" // "•", "-", "1.", "a)" before an item
	TolMailQuote   = "mail-quote"   // ">" at line starts
	TolEmphasis    = "emphasis"     // paired *b*, _i_ and ~s~; the last puts what is between in doubt
	TolHyphenation = "hyphenation"  // a word divided at a line end
	TolSpacing     = "spacing"      // words joined or split by a space
	TolStyled      = "styled-letters"
	TolVowels      = "vowel-signs"     // Arabic short vowels
	TolVariants    = "letter-variants" // Persian yeh and kaf for the Arabic ones
	TolQuoted      = "quotation"       // the whole copy stands in quotation marks
)

// tolerate takes out of the hunks what a tolerance covers.
func (a *alignment) tolerate(c *copied) {
	kept := a.hunks[:0]
	for _, h := range a.hunks {
		if h.move || !a.covered(c, &h) {
			kept = append(kept, h)
		}
	}
	a.hunks = kept
}

// covered narrows h at its ends and reports whether nothing is left of it.
func (a *alignment) covered(c *copied, h *hunk) bool {
	pub, cp := a.d.form.Tokens, c.form.Tokens
	a.trimMarkers(c, h)
	if !a.bulletsFit(c, h) {
		return false
	}
	ps := a.d.ids[h.p0:h.p1]
	var cs []uint32
	for i := h.c0; i < h.c1; i++ {
		if !c.emph[i] {
			cs = append(cs, c.ids[i])
		}
	}
	if equal(ps, cs) {
		if len(cs) < h.c1-h.c0 {
			a.tolerances[TolEmphasis] = true
		}
		return true
	}
	name, warning := equivalent(pub[h.p0:h.p1], cp[h.c0:h.c1])
	if name == "" {
		return false
	}
	a.tolerances[name] = true
	if warning {
		a.warnings = append(a.warnings, Warning{name, cp[h.c0].Start,
			tokenText(pub[h.p0:h.p1]) + " → " + tokenText(cp[h.c0:h.c1])})
	}
	return true
}

// trimMarkers takes list markers off both ends of h where the published text has
// an item boundary.
func (a *alignment) trimMarkers(c *copied, h *hunk) {
	pub, cp := a.d.form.Tokens, c.form.Tokens
	boundary := func(i int) bool { return i == len(pub) || pub[i].First() }
	// The copy's markers before the item that starts at p0, then those before
	// the item that starts at p1.
	if boundary(h.p0) {
		for h.c0 < h.c1 && (marks(cp, h.c0) || ruleEnd(cp, h.c0, h.c1) > 0) {
			if cp[h.c0].Class != text.Bullet || len(a.d.bullets[h.p0]) == 0 { // the same bullet, lines joined
				a.tolerances[TolListMarkers] = true
			}
			h.c0 = max(h.c0+1, ruleEnd(cp, h.c0, h.c1))
		}
	}
	if h.p1 < len(pub) && boundary(h.p1) {
		k := h.c1
		for k > h.c0 && marks(cp, k-1) {
			k--
			if cp[k].First() || cp[k].Class == text.Bullet {
				a.tolerances[TolListMarkers] = true
				h.c1 = k
			}
		}
	}
	// The published markers that the copy lacks.
	if h.p0 < h.p1 && boundary(h.p0) {
		for h.p0 < h.p1 && marks(pub, h.p0) {
			a.tolerances[TolListMarkers] = true
			h.p0++
		}
	}
}

// ruleEnd returns the end of the line at i when it is a rule, such as "* * *" or
// "===", and ends by limit; else 0.
func ruleEnd(tokens []text.Token, i, limit int) int {
	if !tokens[i].First() {
		return 0
	}
	end := lineEnd(tokens, i+1)
	for ; i < end; i++ {
		if s := tokens[i].Text; s != "*" && s != "-" && s != "_" && s != "=" && s != "~" {
			return 0
		}
	}
	if end > limit {
		return 0
	}
	return end
}

// marks reports whether token i can mark an item. A ">" cannot: where it is no mail
// quote, it may say "greater than".
func marks(tokens []text.Token, i int) bool {
	return tokens[i].Class == text.Bullet || tokens[i].Class == text.Marker && tokens[i].Text != ">"
}

// unquote drops the ">" of a quoted mail: those at line starts, when at least
// half of the lines begin with one. It reports whether it did.
func unquote(tokens []text.Token) ([]text.Token, bool) {
	lines, quoted := 0, 0
	for i := range tokens {
		if tokens[i].First() {
			lines++
			if tokens[i].Text == ">" {
				quoted++
			}
		}
	}
	if quoted == 0 || 2*quoted < lines {
		return tokens, false
	}
	kept := make([]text.Token, 0, len(tokens))
	breaks := 0
	for _, t := range tokens {
		breaks += int(t.Breaks)
		if t.Text == ">" && t.Class == text.Marker {
			continue
		}
		t.Breaks = uint8(min(breaks, 255))
		breaks = 0
		kept = append(kept, t)
	}
	return kept, true
}

// equivalent names the tolerance under which the two passages are the same text,
// and whether it deserves a warning; "" when there is none.
func equivalent(pub, cp []text.Token) (name string, warning bool) {
	if len(pub) == 0 || len(cp) == 0 {
		return "", false
	}
	if hyphenated(pub, cp) {
		return TolHyphenation, false
	}
	if wordsOnly(pub) && wordsOnly(cp) && joined(pub) == joined(cp) && !strings.ContainsAny(joined(pub), "0123456789") {
		return TolSpacing, true
	}
	if len(pub) != len(cp) {
		return "", false
	}
	for _, f := range []struct {
		name string
		fold func(string) string
	}{{TolStyled, plainLetters}, {TolVowels, withoutVowels}, {TolVariants, arabicLetters}} {
		same := true
		for i := range pub {
			same = same && f.fold(pub[i].Text) == f.fold(cp[i].Text)
		}
		if same {
			return f.name, true
		}
	}
	return "", false
}

func wordsOnly(tokens []text.Token) bool {
	for i := range tokens {
		if tokens[i].Class != text.Word {
			return false
		}
	}
	return true
}

func joined(tokens []text.Token) string {
	var s strings.Builder
	for i := range tokens {
		s.WriteString(tokens[i].Text)
	}
	return s.String()
}

// hyphenated reports whether the copy has one published word divided by hyphens
// at line ends. Nobody divides a number: "19-50" is a range.
func hyphenated(pub, cp []text.Token) bool {
	if len(pub) != 1 || len(cp) < 3 || len(cp)%2 == 0 {
		return false
	}
	var s strings.Builder
	for i := range cp {
		switch {
		case i%2 == 0:
			s.WriteString(cp[i].Text)
		case cp[i].Text != "-" || cp[i].Breaks > 0 || cp[i+1].Breaks != 1 || endsInDigit(cp[i-1].Text) || startsWithDigit(cp[i+1].Text):
			return false
		}
	}
	return s.String() == pub[0].Text
}

func endsInDigit(s string) bool { return s[len(s)-1] >= '0' && s[len(s)-1] <= '9' }

func startsWithDigit(s string) bool { return s[0] >= '0' && s[0] <= '9' }

// plainLetters folds mathematical letters and digits, which people use as bold.
func plainLetters(s string) string {
	return strings.Map(func(r rune) rune {
		if r >= 0x1d400 && r <= 0x1d7ff {
			for _, p := range norm.NFKC.String(string(r)) {
				return p
			}
		}
		return r
	}, s)
}

// withoutVowels drops the Arabic short vowels, nunation, shadda and sukun.
func withoutVowels(s string) string {
	return strings.Map(func(r rune) rune {
		if r >= 0x064b && r <= 0x0652 || r == 0x0670 {
			return -1
		}
		return r
	}, s)
}

func arabicLetters(s string) string {
	return strings.Map(func(r rune) rune {
		switch r {
		case 0x06cc:
			return 0x064a
		case 0x06a9:
			return 0x0643
		}
		return r
	}, s)
}
