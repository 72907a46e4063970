package match

import (
	"bytes"
	"fmt"
	"maps"
	"slices"

	"github.com/sijil/sijil/internal/text"
)

// A Comparison says how one version of a publication differs from another. It is
// no verdict: both are published, and neither is a copy.
type Comparison struct {
	Texts []TextComparison `json:"texts"` // by language, of both versions
	List  ListComparison   `json:"signatories"`
	// PlaceDate are the place-and-date lines, where they differ.
	PlaceDate *LineChange `json:"place_date,omitempty"`
}

// Values of TextComparison.Status.
const (
	TextIdentical = "identical" // the same bytes
	TextSame      = "same"      // the same text; only its presentation differs
	TextChanged   = "changed"
	TextAdded     = "added"   // the later version has a language that the earlier lacks
	TextRemoved   = "removed" // the other way round
)

// A TextComparison is about the texts of one language.
type TextComparison struct {
	Language string `json:"language"`
	Status   string `json:"status"`
	// Added and Removed count words.
	Added   int       `json:"added"`
	Removed int       `json:"removed"`
	Changes []Passage `json:"changes"`
	// Pieces are the later text with what was removed in its place. Those that
	// are not removed are, joined, the later file; they are empty where the
	// texts are the same, or one is missing.
	Pieces []Piece `json:"-"`
}

// A Passage is one place where the texts differ: words of the earlier text, and
// those that stand there in the later one, on one line each.
type Passage struct {
	Op       string `json:"op"`    // insert, delete, replace or move
	Class    string `json:"class"` // as in a verdict's changes
	Before   string `json:"before"`
	After    string `json:"after"`
	BeforeAt int    `json:"before_at"` // byte offset into the earlier file
	AfterAt  int    `json:"after_at"`  // and into the later one
}

// A Piece is a run of one text: common to both, or in one of them only.
type Piece struct {
	Kind PieceKind
	Text string
}

// PieceKind says which text a piece is of.
type PieceKind uint8

// The kinds of pieces.
const (
	Common PieceKind = iota
	Removed
	Inserted
)

// LineChange is a line of the earlier version and the one in its place.
type LineChange struct {
	Before string `json:"before"`
	After  string `json:"after"`
}

// Compare says how the version b differs from the version a. The two are taken
// to be verified. It fails where a text has no canonical form.
func Compare(a, b Version) (*Comparison, error) {
	out := &Comparison{Texts: []TextComparison{}}
	langs := map[string]bool{}
	for lang := range a.Texts {
		langs[lang] = true
	}
	for lang := range b.Texts {
		langs[lang] = true
	}
	for _, lang := range slices.Sorted(maps.Keys(langs)) {
		before, had := a.Texts[lang]
		after, has := b.Texts[lang]
		t, err := compareTexts(before, after, had, has)
		if err != nil {
			return nil, fmt.Errorf("text %s: %w", lang, err)
		}
		t.Language = lang
		out.Texts = append(out.Texts, t)
	}
	if a.PlaceDate != b.PlaceDate {
		out.PlaceDate = &LineChange{Before: a.PlaceDate, After: b.PlaceDate}
	}
	var err error
	if out.List, err = compareLists(a, b); err != nil {
		return nil, fmt.Errorf("signatories: %w", err)
	}
	return out, nil
}

func compareTexts(before, after []byte, had, has bool) (TextComparison, error) {
	t := TextComparison{Status: TextIdentical, Changes: []Passage{}}
	if had && has && bytes.Equal(before, after) {
		return t, nil
	}
	var p, c *text.Form
	for _, x := range []struct {
		raw   []byte
		there bool
		form  **text.Form
	}{{before, had, &p}, {after, has, &c}} {
		if !x.there {
			continue
		}
		form, err := text.Parse(x.raw)
		if err != nil {
			return t, err
		}
		*x.form = form
	}
	switch {
	case !had:
		t.Status, t.Added = TextAdded, countWords(c.Tokens)
		return t, nil
	case !has:
		t.Status, t.Removed = TextRemoved, countWords(p.Tokens)
		return t, nil
	case bytes.Equal(p.Canonical(), c.Canonical()):
		t.Status = TextSame
		return t, nil
	}
	al, cp := aligned(before, p, after, c)
	if len(al.hunks) == 0 {
		t.Status = TextSame
		return t, nil
	}
	t.Status, p = TextChanged, al.d.form
	b := builder{c: cp}
	for i, h := range al.hunks {
		ch := b.change(al, al.hunks, i)
		t.Changes = append(t.Changes, Passage{Op: ch.Op, Class: ch.Class, Before: ch.Published, After: ch.Copy, BeforeAt: ch.PublishedAt, AfterAt: ch.At})
		t.Removed += countWords(p.Tokens[h.p0:h.p1])
		t.Added += countWords(cp.form.Tokens[h.c0:h.c1])
	}
	t.Pieces = pieces(al, cp)
	return t, nil
}

// aligned aligns two whole texts. Unlike a copy, the later text is all text: what
// stands at its ends is no surroundings.
func aligned(before []byte, p *text.Form, after []byte, c *text.Form) (*alignment, *copied) {
	words := vocabulary{}
	pub, was := text.DropBullets(p.Tokens)
	tokens, is := text.DropBullets(c.Tokens)
	d := &doc{stored: &stored{raw: before}, form: &text.Form{Tokens: pub}, ids: words.number(pub), bullets: bulletsBefore(pub, was)}
	cp := &copied{raw: after, form: &text.Form{Tokens: tokens}, ids: words.number(tokens), bullets: bulletsBefore(tokens, is)}
	al := &alignment{d: d, omitTail: len(d.ids), c1: len(cp.ids), tolerances: map[string]bool{}}
	at := run{}
	for _, r := range append(mergeSmall(matchRuns(d.ids, cp.ids)), run{p: len(d.ids), c: len(cp.ids)}) {
		if at.p < r.p || at.c < r.c {
			al.hunks = append(al.hunks, hunk{p0: at.p, p1: r.p, c0: at.c, c1: r.c})
		}
		at = run{p: r.p + r.n, c: r.c + r.n}
	}
	al.slide(cp)
	al.hunks = swaps(d, cp, al.hunks)
	al.addStray(al.settleBullets(cp, 0, 0))
	return al, cp
}

// pieces cuts the two texts at the hunks. What comes or goes whole takes the
// white space and bullets before it along.
func pieces(a *alignment, c *copied) []Piece {
	var out []Piece
	add := func(k PieceKind, s []byte) {
		if len(s) > 0 {
			out = append(out, Piece{k, string(s)})
		}
	}
	end := func(tokens []text.Token, i int) int {
		if i == 0 {
			return 0
		}
		return tokens[i-1].End
	}
	pub, cp, at := a.d.form.Tokens, c.form.Tokens, 0
	for _, h := range a.hunks {
		from, to := end(cp, h.c0), end(cp, h.c1)
		gone := a.d.raw[end(pub, h.p0):end(pub, h.p1)]
		if h.bullets > 0 {
			spans := c.bullets[h.c0]
			to = spans[len(spans)-1].End
		}
		if h.p0 < h.p1 && h.c0 < h.c1 { // the space before is common
			from, gone = cp[h.c0].Start, a.d.raw[pub[h.p0].Start:pub[h.p1-1].End]
		} else if h.p0 == 0 && h.c0 == 0 { // at the very start there is none before
			gone, to = withSpace(a.d.raw, 0, len(gone)), len(withSpace(c.raw, 0, to))
		}
		from = max(from, at) // the hunk at the very start may have taken the space before this one
		to = max(to, from)
		add(Common, c.raw[at:from])
		if h.p0 < h.p1 {
			add(Removed, gone)
		}
		if from < to {
			add(Inserted, c.raw[from:to])
			at = to
		} else {
			at = from
		}
	}
	add(Common, c.raw[at:])
	return out
}

// withSpace returns raw[from:to] with the white space behind it, unless it is
// empty.
func withSpace(raw []byte, from, to int) []byte {
	for from < to && to < len(raw) && (raw[to] == ' ' || raw[to] == '\n') {
		to++
	}
	return raw[from:to]
}

// Unchanged reports whether nothing differs but presentation.
func (c *Comparison) Unchanged() bool {
	for _, t := range c.Texts {
		if t.Status != TextIdentical && t.Status != TextSame {
			return false
		}
	}
	return c.PlaceDate == nil && c.List.Unchanged()
}
