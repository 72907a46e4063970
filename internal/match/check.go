package match

import (
	"cmp"
	"crypto/sha256"
	"errors"
	"slices"

	"github.com/sijil/sijil/internal/extract"
	"github.com/sijil/sijil/internal/text"
)

// Check says what a text is, among the versions of the publication slug, or of
// all when slug is empty. It never fails: input that cannot be read has the
// verdict unchecked and a reason. What was extracted from a file goes to CheckCopy.
func (x *Index) Check(copied []byte, slug string) *Verdict {
	v, _ := x.check(copied, slug)
	return v
}

// check is Check; it also returns which bytes of the copy the verdict rests on.
func (x *Index) check(copied []byte, slug string) (*Verdict, []extract.Span) {
	if v := x.checkIdentical(copied, slug); v != nil {
		return v, whole(copied)
	}
	sum, warnings, err := text.Digest(copied)
	if err != nil {
		return unreadable(err), nil
	}
	v, spans, err := x.checkText(copied, sum, slug)
	if err != nil {
		return unreadable(err), nil
	}
	for _, w := range warnings {
		v.Warnings = append(v.Warnings, Warning(w))
	}
	return v, spans
}

func whole(b []byte) []extract.Span { return []extract.Span{{At: 0, End: len(b)}} }

// lookup returns the refs of the docs under one entry of a map.
func (x *Index) lookup(m map[[sha256.Size]byte][]*stored, sum [sha256.Size]byte, slug string) []ref {
	x.mu.RLock()
	docs := m[sum]
	x.mu.RUnlock()
	var refs []ref
	for _, d := range docs {
		for _, r := range d.refs() {
			if slug == "" || r.version.pub.slug == slug {
				refs = append(refs, r)
			}
		}
	}
	return refs
}

func (x *Index) checkIdentical(copied []byte, slug string) *Verdict {
	if len(copied) > text.MaxBytes {
		return nil
	}
	refs := x.lookup(x.raw, sha256.Sum256(copied), slug)
	if len(refs) == 0 {
		return nil
	}
	return exact(Identical, refs)
}

// checkText is for copies that have a canonical form, whose digest is sum.
func (x *Index) checkText(raw []byte, sum [sha256.Size]byte, slug string) (*Verdict, []extract.Span, error) {
	if refs := x.lookup(x.canon, sum, slug); len(refs) > 0 {
		return exact(Authentic, refs), whole(raw), nil
	}
	form, dropped, err := parse(raw)
	if err != nil {
		return nil, nil, err
	}
	if v := x.checkBare(form, dropped, slug); v != nil {
		return v, whole(raw), nil
	}
	v, spans := x.compare(newCopied(raw, form, dropped), slug)
	return v, spans, nil
}

// checkBare is for copies that differ from a published text in bullets alone, and
// in none that could make an item of what is none.
func (x *Index) checkBare(form *text.Form, dropped []text.Span, slug string) *Verdict {
	sum := bareDigest(form.Tokens)
	refs := x.lookup(x.bare, sum, slug)
	if len(dropped) > 0 { // else it was looked up already
		refs = append(refs, x.lookup(x.canon, sum, slug)...)
	}
	bullets := bulletsBefore(form.Tokens, dropped)
	refs = slices.DeleteFunc(refs, func(r ref) bool {
		same, _ := x.sameBut(r, bullets)
		return !same
	})
	if len(refs) == 0 {
		return nil
	}
	v := exact(Authentic, refs)
	if _, other := x.sameBut(refs[0], bullets); other { // the best is first now
		v.Tolerances = append(v.Tolerances, TolListMarkers)
	}
	return v
}

// compare is for copies that are no published text alone.
func (x *Index) compare(c *copied, slug string) (*Verdict, []extract.Span) {
	if slug != "" && !x.has(slug) {
		return unknown(ReasonNoPublication), nil
	}
	docs := x.candidates(c, slug)
	if len(c.emph) > 0 && !x.usesSigns(docs) {
		if plain := c.withoutEmphasis(); plain != nil {
			c = plain
			docs = x.candidates(c, slug)
		}
	}
	if len(docs) == 0 {
		return unknown(ReasonNoRecord), nil
	}
	found := x.evaluate(c, docs)
	if len(found) == 0 {
		return unknown(ReasonNotSimilar), nil
	}
	best := found[0]
	v := best.verdict(c)
	if v.Verdict == Excerpt && !best.quotable() {
		return unknown(ReasonTooShort), nil
	}
	for _, k := range found[1:] {
		if equally(best, k) == 0 {
			v.also(k.version)
		}
	}
	spans := best.spans(c)
	v.doubt(c.doubts, len(c.raw), spans)
	return v, spans
}

// spans returns the bytes of the copy that are the text, the list or the place and
// date, with the lines that they touch.
func (k *candidate) spans(c *copied) []extract.Span {
	tokens := c.form.Tokens
	var out []extract.Span
	see := func(from, to int) {
		from, to = lineStart(tokens, from), lineEnd(tokens, to)
		out = append(out, extract.Span{At: tokens[from].Start, End: tokens[to-1].End})
	}
	for _, a := range k.parts {
		see(a.c0, a.c1)
	}
	for _, s := range k.list.seen {
		see(s.from, s.to)
	}
	return out
}

func (x *Index) has(slug string) bool {
	x.mu.RLock()
	defer x.mu.RUnlock()
	return x.pubs[slug] != nil
}

// minWords is how many words make an excerpt that is no whole line of the text.
const minWords = 8

// quotable reports whether what the copy has of the text is long enough to call
// it an excerpt: a whole paragraph or item, or minWords words.
func (k *candidate) quotable() bool {
	a := k.parts[0]
	pub := a.d.form.Tokens[a.omitHead:a.omitTail]
	if countWords(pub) >= minWords {
		return true
	}
	for i := range pub {
		if pub[i].First() && lineEnd(a.d.form.Tokens, a.omitHead+i+1) <= a.omitTail {
			return true
		}
	}
	return false
}

// exact is the verdict on a copy that is one whole published text without a list.
func exact(headline string, refs []ref) *Verdict {
	best := rank(refs)
	v := newVerdict(headline)
	v.Similarity = 1
	v.name(best[0].version)
	v.Languages = append(v.Languages, best[0].lang)
	for _, r := range best[1:] {
		if r.version != best[0].version {
			v.also(r.version)
		}
	}
	return v
}

// rank orders refs that match equally: the latest version that is not retracted
// comes first.
func rank(refs []ref) []ref {
	slices.SortStableFunc(refs, func(a, b ref) int {
		return compareVersions(a.version, b.version)
	})
	return refs
}

func compareVersions(a, b *version) int {
	if gone := a.retracted.Load(); gone != b.retracted.Load() {
		if gone {
			return 1
		}
		return -1
	}
	if c := cmp.Compare(a.pub.slug, b.pub.slug); c != 0 {
		return c
	}
	return cmp.Compare(b.number, a.number)
}

// name makes v speak of a version.
func (v *Verdict) name(w *version) {
	v.Publication, v.Genesis = w.pub.slug, w.pub.genesis
	v.Version, v.LatestVersion, v.Retracted = w.number, int(w.pub.latest.Load()), w.retracted.Load()
	v.Signatories.Withheld = w.withheld
	v.Signatories.Known.Listed = w.listed
}

func (v *Verdict) also(w *version) {
	r := VersionRef{w.pub.slug, w.pub.genesis, w.number}
	if !slices.Contains(v.AlsoMatches, r) {
		v.AlsoMatches = append(v.AlsoMatches, r)
	}
}

var hints = map[string]string{
	ReasonEmpty:         "paste or choose the text to check",
	ReasonTooLarge:      "check the declaration alone, without what surrounds it",
	ReasonInvalidUTF8:   "only plain text in UTF-8 is read: copy the words out of a PDF, Word file or picture, or save the text as UTF-8",
	ReasonNUL:           "this looks like a file of another kind: copy its words into a plain text file and check that",
	ReasonMarks:         "this text carries stacked marks: type or copy it without them",
	ReasonTokens:        "check the declaration alone, without what surrounds it",
	ReasonUnreadable:    "save the text as UTF-8 and check it again",
	ReasonWithheld:      "ask the publisher about the names that are listed here",
	ReasonNoRecord:      "it may be registered elsewhere or not at all: ask the organisations that it names",
	ReasonNotSimilar:    "it shares words or passages with a registered text but is mostly another one; if it quotes one, check the quotation alone",
	ReasonTooShort:      "check more of the text: a whole paragraph or item, or eight words",
	ReasonNoPublication: "check the name of the publication",
	ReasonHidden:        "look at the words of the file yourself, or copy what you see into a text file and check that",
}

func unreadable(err error) *Verdict {
	v := newVerdict(Unchecked)
	var e *text.InputError
	if !errors.As(err, &e) {
		v.Reason = Reason{ReasonUnreadable, err.Error(), hints[ReasonUnreadable]}
		return v
	}
	v.Reason = Reason{e.Code, e.Error(), hints[e.Code]}
	return v
}

func unknown(code string) *Verdict {
	v := newVerdict(Unknown)
	detail := map[string]string{
		ReasonNoRecord:      "no registered text resembles this one",
		ReasonNotSimilar:    "less than half of it can be aligned with any registered text",
		ReasonTooShort:      "fewer than eight words of a registered text, and no whole paragraph",
		ReasonNoPublication: "no publication has this name here",
	}
	v.Reason = Reason{code, detail[code], hints[code]}
	return v
}
