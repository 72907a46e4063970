package match

import (
	"strings"

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
	placeChanged []line // lines that are a changed place-and-date line
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
		at := c.form.Tokens[it.from].Start
		r.listTokens += it.to - it.from
		if it.changed < 0 {
			r.sig.Added = append(r.sig.Added, AddedName{c.slice(it.from, it.to), at})
			r.wrongTokens += it.to - it.from
			continue
		}
		n := l.names[it.changed]
		found[it.changed] = true
		r.sig.Changed = append(r.sig.Changed, ChangedName{n.text, c.slice(it.from, it.to), at, it.changed})
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
	for i := range s.l.places {
		if p := &s.l.places[i]; overlap(p.form.Tokens, tokens) >= 0.5 {
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

// overlap is the Jaccard coefficient of the two token sets, case folded.
func overlap(a, b []text.Token) float64 {
	set := map[string]int{}
	for i := range a {
		set[strings.ToLower(a[i].Text)] |= 1
	}
	for i := range b {
		set[strings.ToLower(b[i].Text)] |= 2
	}
	both := 0
	for _, m := range set {
		if m == 3 {
			both++
		}
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
