package match

import (
	"fmt"
	"slices"
	"strings"

	"github.com/sijil/sijil/internal/text"
)

// A nameList is a version's signatory list with its place-and-date lines,
// prepared for look-up.
type nameList struct {
	names    []name
	listed   int // names that are not withheld
	withheld int
	places   []name
	tokens   int
	words    vocabulary         // its words, from 1
	starts   map[uint32][]entry // by first token id, the longest first
}

type name struct {
	text string
	form *text.Form // nil for a withheld name
	keys []string
	ids  []uint32 // in words
}

// An entry points to a name, or to a place-and-date line.
type entry struct {
	index int
	place bool
}

// noWord is the id of a token that no entry of the list has.
const noWord = 0

// newNameList fails where a name has no words.
func newNameList(names []Name, place string) (*nameList, error) {
	l := &nameList{words: vocabulary{"": noWord}, starts: map[uint32][]entry{}}
	for i, n := range names {
		if n.Withheld {
			l.names = append(l.names, name{})
			l.withheld++
			continue
		}
		form, err := l.parse(n.Text)
		if err != nil {
			return nil, fmt.Errorf("name %d: %w", i+1, err)
		}
		l.names = append(l.names, name{n.Text, form, keys(form.Tokens), l.words.number(form.Tokens)})
		l.listed++
	}
	for _, line := range strings.Split(place, "\n") {
		if strings.TrimSpace(line) == "" {
			continue
		}
		form, err := l.parse(line)
		if err != nil {
			return nil, fmt.Errorf("place and date: %w", err)
		}
		l.places = append(l.places, name{line, form, keys(form.Tokens), l.words.number(form.Tokens)})
	}
	l.index()
	return l, nil
}

func (l *nameList) parse(s string) (*text.Form, error) {
	form, _, err := parse([]byte(s))
	if err != nil {
		return nil, err
	}
	l.tokens += len(form.Tokens)
	return &text.Form{Tokens: slices.Clone(form.Tokens)}, nil // without room for more
}

// list returns the prepared list of a version; that it could not be made was
// found when the version was added.
func (x *Index) list(v *version) *nameList {
	l := x.cache.get(v, func() (any, int) {
		l, err := newNameList(v.names, v.place)
		if err != nil {
			l = &nameList{}
		}
		return l, l.tokens + 4*len(l.names) + 1
	})
	return l.(*nameList)
}

// index fills starts. Places come before names of the same length.
func (l *nameList) index() {
	for i := range l.places {
		l.start(l.places[i].ids, entry{i, true})
	}
	for i := range l.names {
		if n := &l.names[i]; n.form != nil {
			l.start(n.ids, entry{i, false})
		}
	}
	for _, e := range l.starts {
		slices.SortStableFunc(e, func(a, b entry) int { return len(l.ids(b)) - len(l.ids(a)) })
	}
}

// known gives tokens of a copy their ids in the list, noWord where it has none.
func (l *nameList) known(tokens []text.Token) []uint32 {
	ids := make([]uint32, len(tokens))
	for i := range tokens {
		ids[i] = l.words[tokens[i].Text]
	}
	return ids
}

func (l *nameList) start(ids []uint32, e entry) {
	l.starts[ids[0]] = append(l.starts[ids[0]], e)
}

func (l *nameList) ids(e entry) []uint32 {
	if e.place {
		return l.places[e.index].ids
	}
	return l.names[e.index].ids
}

// A span is a range of the copy's tokens outside the text.
type span struct {
	from, to int
	after    bool // it follows the text, or a part of it
}

// A hit is a place where the copy has an entry of the list.
type hit struct {
	from, to int
	entry    entry
	span     int // index of the span
}

// A line is an unmatched line of a span.
type line struct {
	from, to, span int
}

// A listScan reads the spans for the entries of one list.
type listScan struct {
	l        *nameList
	c        *copied
	ids      []uint32 // of the copy's tokens outside the text, in the list
	hits     []hit
	lines    []line
	passes   int         // markers and separators that were passed over
	attached map[int]int // where a part of the text ends → end of the words attached to its last line
}

func newScan(l *nameList, c *copied, outside []span) *listScan {
	s := &listScan{l: l, c: c, ids: make([]uint32, len(c.ids)), attached: map[int]int{}}
	for _, sp := range outside {
		copy(s.ids[sp.from:sp.to], l.known(c.form.Tokens[sp.from:sp.to]))
	}
	return s
}

// scan reads one span. Entries may stand one a line, wrapped over several, or
// several on a line as long as nothing else is on it.
func (s *listScan) scan(k int, sp span) {
	for i := sp.from; i < sp.to; {
		if end, ok := s.line(k, i, sp.to); ok {
			i = end
			continue
		}
		end := min(lineEnd(s.c.form.Tokens, i+1), sp.to)
		if i == sp.from && sp.after && !s.c.form.Tokens[i].First() {
			s.attached[i] = end
		} else {
			s.lines = append(s.lines, line{i, end, k})
		}
		i = end
	}
}

// line reads entries from i, where an entry may start, to a line end. When the
// first entries of the line are separated by signs from something unknown, the
// unknown piece is kept as an unmatched line of its own.
func (s *listScan) line(k, i, to int) (int, bool) {
	tokens := s.c.form.Tokens
	var hits []hit
	var lines []line
	passes := 0
	for pos := i; ; {
		e, at, n := s.longest(pos, to)
		passes += at - pos
		if n > 0 {
			hits = append(hits, hit{at, at + n, e, k})
			pos = at + n
		} else if len(hits) > 0 && pos > hits[len(hits)-1].to { // behind a separator
			piece := s.piece(pos, to)
			lines = append(lines, line{pos, piece, k})
			pos = piece
		} else {
			return i, false
		}
		for pos < to && !tokens[pos].First() && separates(tokens[pos].Text) {
			pos, passes = pos+1, passes+1
		}
		if pos >= to || tokens[pos].First() {
			s.hits = append(s.hits, hits...)
			s.lines = append(s.lines, lines...)
			s.passes += passes
			return pos, true
		}
	}
}

// piece returns the end of an unknown piece of a line: the next separator after
// which an entry starts, or the line end.
func (s *listScan) piece(pos, to int) int {
	tokens := s.c.form.Tokens
	for end := pos + 1; end < to && !tokens[end].First(); end++ {
		if separates(tokens[end].Text) && end+1 < to {
			if _, _, n := s.longest(end+1, to); n > 0 {
				return end
			}
		}
	}
	return min(lineEnd(tokens, pos+1), to)
}

func separates(s string) bool {
	switch s {
	case ",", ";", "|", "/", "-", "•", "·", ".":
		return true
	}
	return false
}

// longest finds the longest entry that starts at pos, or after the list markers
// and emphasis signs there. It returns the entry, where it starts and its length.
func (s *listScan) longest(pos, to int) (entry, int, int) {
	tokens := s.c.form.Tokens
	for at := pos; at < to; at++ {
		for _, e := range s.l.starts[s.ids[at]] {
			if n := len(s.l.ids(e)); at+n <= to && equal(s.l.ids(e), s.ids[at:at+n]) && oneItem(tokens[at:at+n]) {
				return e, at, n
			}
		}
		if tokens[at].Class != text.Marker && tokens[at].Class != text.Bullet && !s.c.emph[at] {
			break
		}
	}
	return entry{}, pos, 0
}

// oneItem reports whether tokens can be one wrapped item: no blank line and no
// bullet inside.
func oneItem(tokens []text.Token) bool {
	for i := 1; i < len(tokens); i++ {
		if tokens[i].Breaks > 1 || tokens[i].Bulleted {
			return false
		}
	}
	return true
}

// spans returns what of the copy is outside the parts [from,to) of text.
func spans(parts []*alignment, n int) []span {
	var out []span
	at := 0
	for i, a := range parts {
		if a.c0 > at {
			out = append(out, span{at, a.c0, i > 0})
		}
		at = a.c1
	}
	if at < n {
		out = append(out, span{at, n, true})
	}
	return out
}
