package match

import (
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/sijil/sijil/internal/extract"
	"github.com/sijil/sijil/internal/text"
)

// A picture is read by a program that makes mistakes and says where it is not
// sure. A difference there is no alteration but a word to look at; a word that was
// read with confidence and differs is one.

// asPicture makes the verdict on the words of a picture one on the picture.
func asPicture(v *Verdict, c *extract.Copy) *Verdict {
	switch v.Verdict {
	case Identical, Authentic, Excerpt:
		v.Verdict = Consistent
		return v
	case Altered:
	default:
		return v
	}
	form, err := text.Parse(c.Text)
	if err != nil {
		return v
	}
	p := &reading{tokens: form.Tokens, doubtful: c.Doubtful}
	var sure []Change
	for _, ch := range v.Changes {
		if p.sure(ch.Published, ch.Copy, ch.At) {
			sure = append(sure, ch)
		} else {
			v.Warnings = append(v.Warnings, Warning{WarnDoubtful, ch.At, read(ch.Published, ch.Copy)})
		}
	}
	listed := p.names(v)
	if len(sure) > 0 || listed {
		v.Changes = append([]Change{}, sure...)
		return v
	}
	v.Verdict, v.Changes = Consistent, []Change{}
	if s := &v.Signatories; s.Status == ListAltered || s.Status == ListUndetermined {
		s.Status = ListUndetermined
		s.Added, s.Missing, s.Changed = []AddedName{}, []MissingName{}, []ChangedName{}
	}
	return v
}

func read(published, copied string) string {
	switch {
	case copied == "":
		return fmt.Sprintf("%q was not read", published)
	case published == "":
		return fmt.Sprintf("%q was read", copied)
	}
	return fmt.Sprintf("%q was read for %q", copied, published)
}

// A reading is the words of a picture.
type reading struct {
	tokens   []text.Token
	doubtful []extract.Span
}

// names reports whether the list differs in words that were read with confidence;
// what does not becomes a warning.
func (p *reading) names(v *Verdict) bool {
	s := &v.Signatories
	if s.Status != ListAltered {
		return false
	}
	differs := false
	for _, n := range s.Changed {
		if p.sure(n.Published, n.Copy, n.At) {
			differs = true
		} else {
			v.Warnings = append(v.Warnings, Warning{WarnDoubtful, n.At, read(n.Published, n.Copy)})
		}
	}
	for _, n := range s.Added {
		if p.sure("", n.Name, n.At) {
			differs = true
		} else {
			v.Warnings = append(v.Warnings, Warning{WarnDoubtful, n.At, read("", n.Name)})
		}
	}
	// The last names may be below the picture's edge.
	for i, n := range s.Missing {
		if n.Position < v.Signatories.Known.Listed+s.Withheld-len(s.Missing)+i {
			differs = true
		} else {
			v.Warnings = append(v.Warnings, Warning{WarnDoubtful, len(p.tokens), read(n.Name, "")})
		}
	}
	return differs
}

// sure reports whether a difference rests on words that were read with confidence, and
// on more than shapes that are taken for one another.
func (p *reading) sure(published, copied string, at int) bool {
	was, is := wordsOf(published), wordsOf(copied)
	if len(is) == 0 {
		// Words are missing: between two that were read with confidence, nothing was
		// overlooked.
		return len(was) > 0 && !p.doubtfulAround(at)
	}
	tokens := covering(p.tokens, at, count(copied))
	together := "" // what was read with confidence, a space more or less
	for i := range tokens {
		if t := &tokens[i]; isWord(t) && !p.doubts(t.Start, t.End) && !isSpeck(t) {
			together += t.Text
		}
	}
	if mistakable(strings.Join(was, ""), together) {
		return false
	}
	for i := range tokens {
		if t := &tokens[i]; isWord(t) && !p.doubts(t.Start, t.End) && !p.mistaken(was, t) {
			// A word more where something is doubtful is doubtful too.
			return len(was) > 0 || !p.doubtfulBeside(t, t)
		}
	}
	// Fewer words than published, all of them right: something may be overlooked where
	// that is doubtful.
	return len(is) < len(was) && !p.doubtfulBeside(&tokens[0], &tokens[len(tokens)-1]) && !p.doubts(tokens[0].Start, tokens[len(tokens)-1].End)
}

// mistaken reports whether a word may have been read for one of those published, or for a
// sign such as a bullet.
func (p *reading) mistaken(was []string, t *text.Token) bool {
	return isSpeck(t) || slices.ContainsFunc(was, func(w string) bool {
		return mistakable(w, t.Text) || isDigits(t.Text) && (partOf(t.Text, w) || partOf(w, t.Text)) && p.amongArabic(t)
	})
}

// isSpeck reports whether a word is a letter alone: bullets and specks are read as one.
func isSpeck(t *text.Token) bool {
	return utf8.RuneCountInString(t.Text) == 1 && !isDigits(t.Text)
}

// amongArabic reports whether the words beside one are Arabic: there the first digits of a
// number are overlooked.
func (p *reading) amongArabic(t *text.Token) bool {
	i := slices.IndexFunc(p.tokens, func(u text.Token) bool { return u.Start == t.Start })
	arabic := func(i int) bool {
		return i >= 0 && i < len(p.tokens) && strings.ContainsFunc(p.tokens[i].Text, func(r rune) bool { return unicode.Is(unicode.Arabic, r) })
	}
	return arabic(i-1) || arabic(i+1)
}

// doubtfulBeside reports whether it is doubtful that the words from one to another follow
// the one before them, or are followed by the one after.
func (p *reading) doubtfulBeside(from, to *text.Token) bool {
	i := slices.IndexFunc(p.tokens, func(u text.Token) bool { return u.Start == from.Start })
	k := slices.IndexFunc(p.tokens, func(u text.Token) bool { return u.Start == to.Start })
	return i > 0 && p.doubts(p.tokens[i-1].End, from.Start) || k >= 0 && k+1 < len(p.tokens) && p.doubts(to.End, p.tokens[k+1].Start)
}

func (p *reading) doubts(from, to int) bool {
	return slices.ContainsFunc(p.doubtful, func(s extract.Span) bool { return s.At < to && from < s.End })
}

// doubtfulAround reports whether the words beside a place were not read with
// confidence.
func (p *reading) doubtfulAround(at int) bool {
	for i := range p.tokens {
		if p.tokens[i].Start < at {
			continue
		}
		from, to := at, p.tokens[i].End
		if i > 0 {
			from = p.tokens[i-1].Start
		}
		return p.doubts(from, to)
	}
	return true // at the edge
}

func count(s string) int {
	form, err := text.Parse([]byte(s))
	if err != nil {
		return 0
	}
	return len(form.Tokens)
}

func wordsOf(s string) []string {
	form, err := text.Parse([]byte(s))
	if err != nil {
		return nil
	}
	var out []string
	for i := range form.Tokens {
		if isWord(&form.Tokens[i]) {
			out = append(out, form.Tokens[i].Text)
		}
	}
	return out
}
