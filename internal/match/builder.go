package match

import (
	"fmt"
	"math"
	"strings"

	"github.com/sijil/sijil/internal/text"
)

// A builder fills a verdict from alignments and a list comparison.
type builder struct {
	v          *Verdict
	c          *copied
	tolerances map[string]bool
	changed    int // tokens
	total      int // the larger count of tokens of text and list
	excerpt    bool
}

// text reports one language. Where the copy has a part of the text, that is an
// excerpt if the part stands alone and unchanged, else an omission.
func (b *builder) text(a *alignment, hunks []hunk, joined bool) {
	for name := range a.tolerances {
		b.tolerances[name] = true
	}
	b.v.Warnings = append(b.v.Warnings, a.warnings...)
	pub := a.d.form.Tokens
	end := a.omitTail
	if n := len(hunks); n > 0 {
		end = max(end, hunks[n-1].p1)
	}
	b.total += max(len(pub), a.c1-a.c0)
	for i, h := range hunks {
		b.changed += h.size()
		b.v.Changes = append(b.v.Changes, b.change(a, hunks, i))
	}
	if a.omitHead == 0 && end == len(pub) {
		return
	}
	if !joined && len(hunks) == 0 {
		b.excerpt = true
		b.total = a.c1 - a.c0
		b.midSentence(a)
		return
	}
	for _, h := range []hunk{{p1: a.omitHead, c0: a.c0, c1: a.c0}, {p0: end, p1: len(pub), c0: a.c1, c1: a.c1}} {
		if h.p0 < h.p1 {
			ch := b.change(a, []hunk{h}, 0)
			ch.Class = ClassOmission
			b.v.Changes = append(b.v.Changes, ch)
			b.changed += h.size()
		}
	}
}

// contextTokens is how much around a change its class may depend on.
const contextTokens = 6

// change describes hunk i.
func (b *builder) change(a *alignment, hunks []hunk, i int) Change {
	h := hunks[i]
	pub, cp := a.d.form.Tokens, b.c.form.Tokens
	ch := Change{
		Op: OpReplace, Published: slice(a.d.raw, pub, h.p0, h.p1), Copy: b.c.slice(h.c0, h.c1),
		At: offset(cp, h.c0, h.c1), PublishedAt: offset(pub, h.p0, h.p1),
	}
	switch {
	case h.p0 == h.p1:
		ch.Op = OpInsert
	case h.c0 == h.c1:
		ch.Op = OpDelete
	}
	before := pub[max(0, h.p0-contextTokens):h.p0]
	after := pub[h.p1:min(len(pub), h.p1+contextTokens)]
	if shown := b.c.bullets[h.c0]; h.bullets > 0 || h.c0 < h.c1 && len(shown) > a.wrappedAt[h.c0] && !startsItem(pub, h.p0) {
		ch.At = shown[len(shown)-max(h.bullets, 1)].Start
		end := shown[len(shown)-1].End
		if h.c0 < h.c1 {
			end = cp[h.c1-1].End
		}
		ch.Copy = visible(b.c.raw[ch.At:end])
	}
	ch.Class = classify(pub[h.p0:h.p1], cp[h.c0:h.c1], before, after,
		wholeLines(pub, h.p0, h.p1) && wholeLines(cp, h.c0, h.c1), h.p0 == len(pub) || pub[h.p0].First())
	if h.bullets > 0 {
		ch.Class = ClassPunctuation
	}
	if h.move {
		ch.Op, ch.Class = OpMove, ClassOrder
	}
	return ch
}

// wholeLines reports whether tokens [from,to) are no part of a line.
func wholeLines(tokens []text.Token, from, to int) bool {
	starts := func(i int) bool { return i == len(tokens) || tokens[i].First() }
	return starts(from) && starts(to) || from == to
}

// offset is where tokens [from,to) stand, or, when there are none, where they
// would: after the token before them.
func offset(tokens []text.Token, from, to int) int {
	switch {
	case from < to:
		return tokens[from].Start
	case from > 0:
		return tokens[from-1].End
	}
	return tokens[0].Start
}

func slice(raw []byte, tokens []text.Token, from, to int) string {
	if from >= to {
		return ""
	}
	return visible(raw[tokens[from].Start:tokens[to-1].End])
}

// midSentence warns when an excerpt begins or ends inside a sentence.
func (b *builder) midSentence(a *alignment) {
	pub, cp := a.d.form.Tokens, b.c.form.Tokens
	inside := func(i int) bool {
		if i <= 0 || i >= len(pub) || pub[i].First() {
			return false
		}
		for i--; i > 0 && isQuote(pub[i].Text); i-- {
		}
		return !endsSentence(pub[i].Text)
	}
	if inside(a.omitHead) {
		b.v.Warnings = append(b.v.Warnings, Warning{WarnMidSentence, cp[a.c0].Start, "begins inside a sentence"})
	}
	if inside(a.omitTail) {
		b.v.Warnings = append(b.v.Warnings, Warning{WarnMidSentence, cp[a.c1-1].End, "ends inside a sentence"})
	}
}

// noPlace is PublishedAt of a change in what no text file contains.
const noPlace = -1

// place reports a changed place-and-date line, word by word.
func (b *builder) place(l *nameList, ln line) {
	best, most := &l.places[0], -1.0
	words := keys(b.c.form.Tokens[ln.from:ln.to])
	for i := range l.places {
		if o := overlap(l.places[i].keys, words); o > most {
			best, most = &l.places[i], o
		}
	}
	v := vocabulary{}
	pub, cp := v.number(best.form.Tokens), v.number(b.c.form.Tokens[ln.from:ln.to])
	b.total += max(len(pub), len(cp))
	runs := append(matchRuns(pub, cp), run{len(pub), len(cp), 0})
	p, c := 0, 0
	for _, r := range runs {
		if p < r.p || c < r.c {
			ch := Change{Op: OpReplace, Class: ClassDate, PublishedAt: noPlace,
				Published: slice([]byte(best.text), best.form.Tokens, p, r.p), Copy: b.c.slice(ln.from+c, ln.from+r.c),
				At: offset(b.c.form.Tokens, ln.from+c, ln.from+r.c)}
			switch {
			case ch.Published == "":
				ch.Op = OpInsert
			case ch.Copy == "":
				ch.Op = OpDelete
			}
			b.v.Changes = append(b.v.Changes, ch)
			b.changed += max(r.p-p, r.c-c)
		}
		p, c = r.p+r.n, r.c+r.n
	}
}

const (
	maxSurroundings = 100 // lines that are listed
	maxSurrounding  = 500 // bytes of each
)

func (b *builder) surrounding(l line) {
	if len(b.v.Surroundings) == maxSurroundings {
		return
	}
	b.v.Surroundings = append(b.v.Surroundings, Surrounding{b.excerptOf(l), b.c.form.Tokens[l.from].Start})
}

func (b *builder) excerptOf(l line) string {
	s := b.c.slice(l.from, l.to)
	if len(s) > maxSurrounding {
		s = strings.ToValidUTF8(s[:maxSurrounding], "") + "…"
	}
	return s
}

// headline sets the verdict, the worse of text and list, and the similarity.
func (b *builder) headline(k *candidate) {
	v := b.v
	if v.Signatories.Status != ListAbsent {
		b.total += k.list.listTokens
		b.changed += k.list.wrongTokens
	}
	switch {
	case len(v.Changes) > 0 || v.Signatories.Status == ListAltered:
		v.Verdict = Altered
	case v.Signatories.Status == ListUndetermined:
		v.Verdict = Unchecked
		v.Reason = Reason{ReasonWithheld, "the text matches; the names that are listed as added cannot be checked, because the published list withholds names", hints[ReasonWithheld]}
	case b.excerpt:
		v.Verdict = Excerpt
	}
	v.Similarity = similarity(b.changed, b.total)
}

// similarity is 1 - changed/total, three decimals, truncated.
func similarity(changed, total int) float64 {
	if changed >= total {
		return 0
	}
	return math.Floor(1000*float64(total-changed)/float64(total)) / 1000
}

// visible shows characters that a reader does not see, as <U+202E>, and puts the
// text on one line.
func visible(b []byte) string {
	var s strings.Builder
	space := false
	for _, r := range string(b) {
		switch c := text.Visibility(r); {
		case c == text.Blank:
			space = true
			continue
		case c == text.Invisible:
			if space {
				s.WriteByte(' ')
			}
			fmt.Fprintf(&s, "<U+%04X>", r)
		default:
			if space {
				s.WriteByte(' ')
			}
			s.WriteRune(r)
		}
		space = false
	}
	return s.String()
}
