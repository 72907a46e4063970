package match

import (
	"slices"

	"github.com/sijil/sijil/internal/extract"
	"github.com/sijil/sijil/internal/text"
)

// Emphasis: the signs *, _ and ~ that messengers and plain mail put round words.
// Where neither the published texts nor their lists have such a sign, the copy is
// read as if blanks stood in place of the paired ones; the signs of a marked-up
// list are then the bullets that they are without them. Between two ~ messengers show
// words struck through, so that whoever put them there may take the words back.

// isEmphasis reports whether the token is one of the signs.
func isEmphasis(t *text.Token) bool { return t.Text == "*" || t.Text == "_" || t.Text == "~" }

// pairEmphasis finds the signs that open and close around words of one paragraph.
// Inside a word they are no emphasis.
func pairEmphasis(tokens []text.Token) map[int]bool {
	var pairs map[int]bool
	open := map[string]int{}
	for i := range tokens {
		if tokens[i].Breaks > 1 || tokens[i].Bulleted {
			clear(open)
		}
		s := tokens[i].Text
		if !isEmphasis(&tokens[i]) || tokens[i].Class != text.Punctuation && s != "*" {
			continue
		}
		before := i > 0 && !tokens[i].First() && tokens[i-1].End == tokens[i].Start
		after := i+1 < len(tokens) && tokens[i+1].Start == tokens[i].End
		if before && after && isWord(&tokens[i-1]) && isWord(&tokens[i+1]) {
			continue
		}
		if j, ok := open[s]; ok && before {
			if pairs == nil {
				pairs = map[int]bool{}
			}
			pairs[i], pairs[j] = true, true
			delete(open, s)
		} else if after {
			open[s] = i
		}
	}
	return pairs
}

// struck finds the words between paired ~, doubled or not, of one paragraph. A line of
// them alone is a rule.
func (c *copied) struck() []extract.Doubt {
	tokens := c.form.Tokens
	var out []extract.Doubt
	open, words := -1, false
	for i := 0; i < len(tokens); i++ {
		if tokens[i].Breaks > 1 || tokens[i].Bulleted {
			open = -1
		}
		if tokens[i].Text != "~" || !c.emph[i] {
			words = words || isWord(&tokens[i])
			continue
		}
		from := i
		for i+1 < len(tokens) && tokens[i+1].Text == "~" && c.emph[i+1] && tokens[i+1].Start == tokens[i].End {
			i++
		}
		switch {
		case tokens[from].First() && (i+1 == len(tokens) || tokens[i+1].First()):
			continue
		case open >= 0 && words:
			out = append(out, extract.Doubt{Span: extract.Span{At: tokens[open].End, End: tokens[from].Start}, Detail: "words between two ~, which messengers show struck through"})
			open = -1
		default:
			open, words = i, false
		}
	}
	return out
}

// withoutEmphasis returns the copy with blanks in place of the paired signs, or
// nil when none is left to compare.
func (c *copied) withoutEmphasis() *copied {
	blank := slices.Clone(c.raw)
	var at []int
	for i := range c.emph {
		at = append(at, c.form.Tokens[i].Start)
		blank[c.form.Tokens[i].Start] = ' '
	}
	form, dropped, err := parse(blank)
	if err != nil {
		return nil
	}
	slices.Sort(at)
	d := newCopied(c.raw, form, dropped)
	d.blanked, d.doubts = at, c.struck()
	return d
}

// usesSigns reports whether a published text among docs, or a list that goes with
// it, has an emphasis sign of its own.
func (x *Index) usesSigns(docs []*doc) bool {
	for _, d := range docs {
		if slices.ContainsFunc(d.form.Tokens, func(t text.Token) bool { return isEmphasis(&t) }) {
			return true
		}
		for _, r := range d.refs() {
			l := x.list(r.version)
			for _, n := range slices.Concat(l.names, l.places) {
				if n.form != nil && slices.ContainsFunc(n.form.Tokens, func(t text.Token) bool { return isEmphasis(&t) }) {
					return true
				}
			}
		}
	}
	return false
}

// emphasised reports whether a sign that was blanked stood elsewhere than in the
// surroundings.
func (c *copied) emphasised(surroundings []line) bool {
	t := c.form.Tokens
	for _, at := range c.blanked {
		// The line of the token that follows the sign or, at the end, precedes it.
		i, _ := slices.BinarySearchFunc(t, at, func(t text.Token, at int) int { return t.Start - at })
		if i == len(t) || i > 0 && t[i].First() && t[i-1].End == at {
			i--
		}
		if !slices.ContainsFunc(surroundings, func(l line) bool { return i >= l.from && i < l.to }) {
			return true
		}
	}
	return false
}
