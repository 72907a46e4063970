package site

import (
	"cmp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/sijil/sijil/internal/match"
	"github.com/sijil/sijil/internal/text"
)

// mark is a piece of a copy as it is shown, or of the published text.
type mark struct {
	Deleted  bool // of the published text, not in the copy
	Inserted bool // of the copy, not in the published text
	Moved    bool // of the copy, elsewhere in the published text
	Apart    bool // of the copy, not part of the declaration
	Quoted   bool // of the published text, in the copy too
	Runs     []run
}

// segment is a piece of a copy before it is shown.
type segment struct {
	mark
	text   string
	change int    // which change it belongs to, from 0; -1 for none
	pair   string // what a look-alike replaces
}

// edit is one thing to mark in the copy.
type edit struct {
	at        int // byte offset; anything is survived
	published string
	copy      string // as package match writes it
	kind      mark   // of what the copy has
	change    int
	lookalike bool
}

// edits collects what a verdict says about places of the copy, in their order.
func edits(v *match.Verdict) []edit {
	var out []edit
	for i, c := range v.Changes {
		e := edit{at: c.At, published: c.Published, copy: c.Copy, kind: mark{Inserted: true}, change: i, lookalike: c.Class == match.ClassLookalike || disguised(c.Published, c.Copy)}
		if c.Op == match.OpMove {
			e.kind = mark{Moved: true}
		}
		out = append(out, e)
	}
	for _, n := range v.Signatories.Changed {
		out = append(out, edit{at: n.At, published: n.Published, copy: n.Copy, kind: mark{Inserted: true}, change: -1, lookalike: disguised(n.Published, n.Copy)})
	}
	for _, n := range v.Signatories.Added {
		out = append(out, edit{at: n.At, copy: n.Name, kind: mark{Inserted: true}, change: -1})
	}
	for _, n := range v.Surroundings {
		out = append(out, edit{at: n.At, copy: strings.TrimSuffix(n.Text, cut), kind: mark{Apart: true}, change: -1})
	}
	slices.SortStableFunc(out, func(a, b edit) int { return cmp.Compare(a.at, b.at) })
	return out
}

// segments cuts the copy at the edits. Joined without the deleted ones, the
// segments are the copy again, whatever the offsets were.
func segments(copied string, list []edit) []segment {
	var out []segment
	add := func(s segment) {
		if s.text != "" {
			out = append(out, s)
		}
	}
	at := 0
	for _, e := range list {
		from := max(at, clamp(copied, e.at))
		add(segment{text: copied[at:from], change: -1})
		add(segment{text: spaced(copied[:from], e), change: e.change, mark: mark{Deleted: true}})
		to := passage(copied, from, e.copy)
		s := segment{text: copied[from:to], change: e.change, mark: e.kind}
		if e.lookalike {
			s.pair = e.published
		}
		add(s)
		at = to
	}
	add(segment{text: copied[at:], change: -1})
	return out
}

// spaced returns an edit's published words. Missing words stand right behind the
// last word that is there: a space keeps them apart.
func spaced(before string, e edit) string {
	first, _ := utf8.DecodeRuneInString(e.published)
	last, _ := utf8.DecodeLastRuneInString(before)
	if e.copy == "" && isWord(first) && isWord(last) {
		return " " + e.published
	}
	return e.published
}

func isWord(r rune) bool { return unicode.IsLetter(r) || unicode.IsNumber(r) || unicode.IsMark(r) }

// clamp returns the beginning of the character at i, inside s.
func clamp(s string, i int) int {
	i = min(max(i, 0), len(s))
	for i > 0 && i < len(s) && !utf8.RuneStart(s[i]) {
		i--
	}
	return i
}

// passage returns where the passage ends that begins at from and that package
// match writes as shown: blanks as one space, unseen characters as <U+202E>.
// Where the copy is not what is shown, it ends there.
func passage(copied string, from int, shown string) int {
	end := from
	for i := from; i < len(copied) && shown != ""; {
		r, n := utf8.DecodeRuneInString(copied[i:])
		i += n
		if text.Visibility(r) == text.Blank {
			continue
		}
		piece := string(r)
		if text.Visibility(r) == text.Invisible {
			piece = "<" + code(r, 1) + ">"
		}
		rest, ok := strings.CutPrefix(strings.TrimPrefix(shown, " "), piece)
		if !ok {
			return end
		}
		shown, end = rest, i
	}
	return end
}

// show makes marks of segments, each of at most this many characters.
func (s *screen) show(list []segment, most int) []mark {
	out := make([]mark, 0, len(list))
	for _, g := range list {
		m := g.mark
		switch {
		case g.Deleted:
			m.Runs = s.published(g.text, most)
		case g.pair != "":
			m.Runs = s.lookalike(g.text, g.pair, most)
		default:
			m.Runs = s.copied(g.text, most)
		}
		out = append(out, m)
		if s.left <= 0 {
			break
		}
	}
	return out
}

// contextWords is how many words are shown on each side of a change.
const contextWords = 8

// firstSegments returns where the segments of each of n changes begin; -1 for a
// change without any.
func firstSegments(list []segment, n int) []int {
	first := make([]int, n)
	for i := range first {
		first[i] = -1
	}
	for i, s := range list {
		if s.change >= 0 && first[s.change] < 0 {
			first[s.change] = i
		}
	}
	return first
}

// around returns the segments of the change that begins at lo, with the words
// before and after, within the line.
func around(list []segment, lo int) []segment {
	if lo < 0 {
		return nil
	}
	hi := lo
	for hi < len(list) && list[hi].change == list[lo].change {
		hi++
	}
	out := slices.Clone(list[lo:hi])
	words := contextWords
	for i := lo - 1; i >= 0 && words > 0; i-- {
		part, whole := tail(list[i].text, &words)
		s := list[i]
		s.text = part
		out = slices.Insert(out, 0, s)
		if !whole {
			break
		}
	}
	words = contextWords
	for i := hi; i < len(list) && words > 0; i++ {
		part, whole := headOf(list[i].text, &words)
		s := list[i]
		s.text = part
		out = append(out, s)
		if !whole {
			break
		}
	}
	return out
}

// maxContext bounds the context in bytes, for text without spaces.
const maxContext = 400

// tail returns the last words of a text's last line, and whether that is all of
// the text. It takes them off words.
func tail(s string, words *int) (string, bool) {
	i := len(s)
	for i > 0 && *words > 0 {
		r, n := utf8.DecodeLastRuneInString(s[:i])
		if r == '\n' {
			return s[i:], false
		}
		if len(s)-i > maxContext {
			return cut + s[i:], false
		}
		i -= n
		if r == ' ' && i > 0 && s[i-1] != ' ' && i+n < len(s) {
			*words--
		}
	}
	if i > 0 && s[i-1] != '\n' {
		return cut + s[i:], false
	}
	return s[i:], i == 0
}

// headOf is tail from the other end.
func headOf(s string, words *int) (string, bool) {
	i := 0
	for i < len(s) && *words > 0 {
		r, n := utf8.DecodeRuneInString(s[i:])
		if r == '\n' {
			return s[:i], false
		}
		if i > maxContext {
			return s[:i] + cut, false
		}
		if r == ' ' && i > 0 && s[i-1] != ' ' {
			*words--
		}
		i += n
	}
	if i < len(s) && s[i] != '\n' {
		return s[:i] + cut, false
	}
	return s[:i], i == len(s)
}

// disguised reports whether a passage mixes Latin letters with those of a script
// that looks like it and that the published words do not use.
func disguised(published, copied string) bool {
	latin := strings.ContainsFunc(copied, func(r rune) bool { return r < utf8.RuneSelf && unicode.IsLetter(r) })
	return latin && strings.ContainsFunc(copied, foreign) && !strings.ContainsFunc(published, foreign)
}

// foreign reports whether a letter is of a script that has letters like Latin ones.
func foreign(r rune) bool { return unicode.In(r, unicode.Cyrillic, unicode.Greek, unicode.Armenian) }
