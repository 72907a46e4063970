package match

import (
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/sijil/sijil/internal/text"
)

// A listResult is how the copy's list relates to that of one version.
type listResult struct {
	sig          Signatories
	wrong        int // items that are added, missing or changed
	wrongTokens  int
	listTokens   int // tokens of the list, the larger of both sides
	passes       int
	attached     map[int]int // see listScan
	surroundings []line
	places       []hit
	seen         []span // what of the copy stands in the list, place and date included
	placeChanged []line // lines that are a changed place-and-date line
	tolerances   []string
	warnings     []Warning
}

// same reports whether the copy's tokens [from,to) are those of a name under a
// tolerance, which it notes.
func (r *listResult) same(n *name, c *copied, from, to int) bool {
	tolerance, warning := equivalent(n.form.Tokens, c.form.Tokens[from:to])
	if tolerance == "" {
		return false
	}
	r.tolerances = append(r.tolerances, tolerance)
	if warning {
		r.warnings = append(r.warnings, Warning{tolerance, c.form.Tokens[from].Start,
			tokenText(n.form.Tokens) + " → " + tokenText(c.form.Tokens[from:to])})
	}
	return true
}

// compareList reads what is outside the text against a version's list.
func compareList(l *nameList, c *copied, outside []span) *listResult {
	s := newScan(l, c, outside)
	for k, sp := range outside {
		s.scan(k, sp)
	}
	r := &listResult{passes: s.passes, attached: s.attached}
	r.sig = newVerdict("").Signatories
	r.sig.Withheld, r.sig.Known.Listed = l.withheld, l.listed
	var hits []hit
	for _, h := range s.hits {
		if h.entry.place {
			r.places = append(r.places, h)
		} else {
			hits = append(hits, h)
		}
	}
	found := map[int]bool{}
	for _, h := range hits {
		found[h.entry.index] = true
	}
	if onlyHeading(l, hits, outside, found) {
		for _, h := range hits {
			s.lines = append(s.lines, line{h.from, h.to, h.span})
		}
		hits, found = nil, map[int]bool{}
	}
	items := s.items(hits, found, outside, r.places)
	for _, h := range slices.Concat(hits, r.places) {
		r.seen = append(r.seen, span{from: h.from, to: h.to})
	}
	for _, it := range items {
		r.seen = append(r.seen, span{from: it.from, to: it.to})
	}
	r.settle(l, c, items, found, len(hits) > 0)
	r.leftovers(s, items, hits)
	return r
}

// onlyHeading reports whether the names that were found are but a line above the
// text, such as the name of the site that published the copy.
func onlyHeading(l *nameList, hits []hit, outside []span, found map[int]bool) bool {
	for _, h := range hits {
		if outside[h.span].after {
			return false
		}
	}
	return len(found) < 2 && l.listed > 2 || 3*len(found) < l.listed
}

// An item is a piece of the copy that stands in the list and is no name of it.
type item struct {
	from, to int
	changed  int // the name it comes from, or -1
}

// settle fills the signatories from the items and the names that were found.
func (r *listResult) settle(l *nameList, c *copied, items []item, found map[int]bool, hits bool) {
	if !hits && len(items) == 0 {
		return
	}
	r.sig.Status = ListSame
	for _, it := range items {
		from := skipMarkers(c.form.Tokens, it.from, it.to-1) // the name, not its number in the list
		at := c.form.Tokens[from].Start
		r.listTokens += it.to - it.from
		if it.changed < 0 {
			r.sig.Added = append(r.sig.Added, AddedName{c.slice(from, it.to), at})
			r.wrongTokens += it.to - it.from
			continue
		}
		n := &l.names[it.changed]
		found[it.changed] = true
		if r.same(n, c, from, it.to) {
			continue
		}
		r.sig.Changed = append(r.sig.Changed, ChangedName{n.text, c.slice(from, it.to), at, it.changed})
		r.wrongTokens += max(it.to-it.from, len(n.ids))
	}
	for i, n := range l.names {
		if n.form != nil && !found[i] {
			r.sig.Missing = append(r.sig.Missing, MissingName{n.text, i})
			r.wrongTokens += len(n.ids)
		}
		r.listTokens += len(n.ids)
	}
	added, others := len(r.sig.Added), len(r.sig.Missing)+len(r.sig.Changed)
	r.wrong = added + others
	switch {
	case r.wrong == 0:
	case others == 0 && added <= l.withheld:
		r.sig.Status = ListUndetermined
	default:
		r.sig.Status = ListAltered
	}
}

// leftovers sorts the lines that are no item into surroundings and changed
// place-and-date lines.
func (r *listResult) leftovers(s *listScan, items []item, hits []hit) {
	taken := map[int]bool{} // tokens
	for _, it := range items {
		for i := it.from; i < it.to; i++ {
			taken[i] = true
		}
	}
	first := len(s.c.ids)
	if len(hits) > 0 {
		first = hits[0].from
	}
	for _, l := range s.lines {
		switch {
		case taken[l.from]:
		case len(r.places) == 0 && slices.ContainsFunc(s.l.places, func(p name) bool { return r.same(&p, s.c, l.from, l.to) }):
		case len(r.places) == 0 && s.changedPlace(l, l.from < first && len(hits) > 0):
			r.placeChanged = append(r.placeChanged, l)
		default:
			r.surroundings = append(r.surroundings, l)
		}
	}
}

// changedPlace reports whether a line is the place-and-date line with changes: it
// resembles it, or it stands between text and list and carries a year.
func (s *listScan) changedPlace(l line, beforeList bool) bool {
	tokens := s.c.form.Tokens[l.from:l.to]
	words := keys(tokens)
	for i := range s.l.places {
		if p := &s.l.places[i]; overlap(p.keys, words) >= 0.5 {
			return true
		}
	}
	if len(s.l.places) == 0 || !beforeList || len(tokens) > 14 {
		return false
	}
	for i := range tokens {
		if t := tokens[i].Text; len(t) == 4 && (strings.HasPrefix(t, "19") || strings.HasPrefix(t, "20")) && numbers(tokens[i:i+1]) != "" {
			return true
		}
	}
	return false
}

// key is what of a token counts when two names are held against each other; it is
// empty where the token is no word.
func key(t *text.Token) string {
	if !isWord(t) {
		return ""
	}
	for i := range len(t.Text) {
		if t.Text[i] >= utf8.RuneSelf {
			return strings.ToLower(arabicLetters(withoutVowels(plainLetters(t.Text))))
		}
	}
	return strings.ToLower(t.Text)
}

func keys(tokens []text.Token) []string {
	out := make([]string, len(tokens))
	for i := range tokens {
		out[i] = key(&tokens[i])
	}
	return out
}

// overlap is the Jaccard coefficient of two sets of words, given by their keys.
func overlap(a, b []string) float64 {
	set := make(map[string]int, len(a)+len(b))
	for side, words := range [][]string{a, b} {
		for _, w := range words {
			if w != "" {
				set[w] |= side + 1
			}
		}
	}
	both := 0
	for _, m := range set {
		if m == 3 {
			both++
		}
	}
	if both == 0 {
		return 0
	}
	return float64(both) / float64(len(set))
}

// slice returns the copy's bytes of tokens [from,to), on one line.
func (c *copied) slice(from, to int) string {
	if from >= to {
		return ""
	}
	return visible(c.raw[c.form.Tokens[from].Start:c.form.Tokens[to-1].End])
}
