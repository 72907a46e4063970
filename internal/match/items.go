package match

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/sijil/sijil/internal/text"
)

const (
	maxItemLines = 8    // over so many lines a wrapped item may run
	maxPaired    = 4000 // lines, and two for each name, are looked at for changed names
)

// items finds, among the unmatched lines, those that stand in the list: inside
// it, directly before or after it, or resembling a name that is missing. found
// are the names that the copy has.
func (s *listScan) items(hits []hit, found map[int]bool, outside []span, places []hit) []item {
	if s.l.listed+s.l.withheld == 0 {
		return nil
	}
	var items []item
	used := map[int]bool{} // lines, by first token
	near := newNearest(s.l, found)
	for i := 0; i < min(len(s.lines), maxPaired+2*len(s.l.names)); i++ {
		if !outside[s.lines[i].span].after && len(hits) == 0 {
			continue // a changed name alone above the text is no list
		}
		if n, name := s.changedName(i, near); n > 0 {
			it := item{s.lines[i].from, s.lines[i+n-1].to, name}
			items = append(items, it)
			for j := i; j < i+n; j++ {
				used[s.lines[j].from] = true
			}
			near.taken[name] = true
			i += n - 1
		}
	}
	for k, sp := range outside {
		b := s.bounds(k, sp, hits, items, places)
		if b.first >= 0 {
			items = s.strangers(items, &b, k, used)
		}
	}
	return items
}

// strangers appends the unmatched lines of span k that stand in the list.
func (s *listScan) strangers(items []item, b *bounds, k int, used map[int]bool) []item {
	free := func(i int) bool { return s.lines[i].span == k && !used[s.lines[i].from] }
	for i := 0; i < len(s.lines); i++ { // inside and after
		if !free(i) || s.rule(s.lines[i]) || !b.holds(s, s.lines[i]) {
			continue
		}
		from := s.lines[i].from
		for b.bulleted && i+1 < len(s.lines) && free(i+1) && s.continues(s.lines[i], s.lines[i+1]) {
			i++
		}
		b.last = max(b.last, s.lines[i].to)
		items = append(items, item{from, s.lines[i].to, -1})
	}
	for i := len(s.lines) - 1; i >= 0; i-- { // before
		if !free(i) || !s.passed(s.lines[i].to, b.first) {
			continue
		}
		to := s.lines[i].to
		gap := int(s.c.form.Tokens[to].Breaks)
		for b.bulleted && !s.marked(s.lines[i].from) && i > 0 && free(i-1) && s.continues(s.lines[i-1], s.lines[i]) {
			i--
		}
		from := s.lines[i].from
		heading := s.c.form.Tokens[to-1].Text == ":" && !s.marked(from) || s.heading(from, to)
		if heading || s.rule(s.lines[i]) || gap > b.gap || b.bulleted && !s.marked(from) {
			break
		}
		b.first = from
		items = append(items, item{from, to, -1})
	}
	return items
}

// passed reports whether only list markers and separators stand from one token
// to the other.
func (s *listScan) passed(from, to int) bool {
	for i := from; i < to; i++ {
		t := &s.c.form.Tokens[i]
		if t.Class != text.Marker && t.Class != text.Bullet && !separates(t.Text) {
			return false
		}
	}
	return from <= to
}

// continues reports whether l is the wrapped rest of the item that prev ends.
func (s *listScan) continues(prev, l line) bool {
	t := &s.c.form.Tokens[l.from]
	return prev.to == l.from && t.Breaks == 1 && !t.Bulleted && t.Class != text.Marker
}

// changedName looks for a missing name that the lines from i on resemble; it
// returns how many lines and which name.
func (s *listScan) changedName(i int, near *nearest) (lines, name int) {
	best := 0.0
	for n := 1; n <= maxItemLines && i+n <= len(s.lines); n++ {
		if n > 1 && !s.continues(s.lines[i+n-2], s.lines[i+n-1]) {
			break
		}
		from := s.lines[i].from
		for from+1 < s.lines[i].to && s.c.form.Tokens[from].Class == text.Marker {
			from++
		}
		if k, score := near.find(s.c.form.Tokens[from:s.lines[i+n-1].to]); score > best {
			best, lines, name = score, n, k
		}
	}
	return lines, name
}

// bounds says where in one span the list begins and ends.
type bounds struct {
	first, last int // first token of the first item, end of the last one
	gap         int // the most line ends between two items
	bulleted    bool
}

func (s *listScan) bounds(k int, sp span, hits []hit, items []item, places []hit) bounds {
	b := bounds{first: -1, gap: 1}
	see := func(from, to int) {
		b.bulleted = b.bulleted || s.marked(from)
		if b.first < 0 || from < b.first {
			b.first = from
		}
		if to > b.last {
			b.last = to
		}
	}
	for _, h := range hits {
		if h.span == k {
			see(h.from, h.to)
		}
	}
	for _, it := range items {
		if it.from >= sp.from && it.from < sp.to {
			see(it.from, it.to)
		}
	}
	for _, h := range hits {
		if h.span == k && h.from > b.first {
			b.gap = max(b.gap, min(3, int(s.c.form.Tokens[lineStart(s.c.form.Tokens, h.from)].Breaks)))
		}
	}
	if b.first < 0 && sp.after && len(hits) == 0 && len(items) == 0 {
		s.alienList(&b, k, sp, places)
	}
	return b
}

// alienList finds a list of which no name is known: marked lines after the text,
// the place and date, or two lines more.
func (s *listScan) alienList(b *bounds, k int, sp span, places []hit) {
	next := sp.from
	for _, h := range places {
		if h.span == k {
			next = h.to
		}
	}
	headings := 0 // lines such as "Signed by:", or a place that is not this version's
	for _, l := range s.lines {
		if l.span != k || l.from < next {
			continue
		}
		if s.c.form.Tokens[l.from].Breaks > 3 || headings > 2 {
			return
		}
		if s.marked(l.from) && !s.rule(l) {
			b.first, b.last, b.bulleted = l.from, l.to, true
			return
		}
		headings++
	}
}

// marked reports whether the item at token i has a bullet or a list marker, of
// which i may be the first token.
func (s *listScan) marked(i int) bool {
	t := s.c.form.Tokens
	return t[i].Bulleted || t[i].Class == text.Marker || i > 0 && !t[i].First() && (t[i-1].Class == text.Marker || t[i-1].Class == text.Bullet)
}

// holds reports whether the unmatched line l stands inside the list or directly
// after it.
func (b *bounds) holds(s *listScan, l line) bool {
	t := s.c.form.Tokens
	if l.from >= b.first && l.from < b.last {
		return true
	}
	if l.from < b.first || !s.passed(b.last, l.from) {
		return false
	}
	breaks := int(t[l.from].Breaks)
	near := b.gap
	if b.bulleted {
		near = 1 // what has no marker belongs to a marked list only directly under it
	}
	return breaks <= near && !address(t[l.from:l.to]) || b.bulleted && s.marked(l.from) && breaks <= b.gap+1
}

// rule reports whether a line is of punctuation alone, such as "* * *": it parts
// the text from something else and is no item.
func (s *listScan) rule(l line) bool {
	if !s.c.form.Tokens[l.from].First() {
		return false // the rest of a line, behind a name
	}
	for _, t := range s.c.form.Tokens[l.from:l.to] {
		if r, _ := utf8.DecodeRuneInString(t.Text); t.Class == text.Hidden || !unicode.IsPunct(r) && r != '=' && r != '~' && r != '+' {
			return false
		}
	}
	return true
}

// address reports whether a line is a web address.
func address(tokens []text.Token) bool {
	first := strings.ToLower(tokens[0].Text)
	return len(tokens) > 2 && (first == "http" || first == "https" || first == "www")
}
