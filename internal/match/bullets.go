package match

import (
	"cmp"
	"crypto/sha256"
	"slices"

	"github.com/sijil/sijil/internal/text"
)

// Bullets at line starts are taken out of both sides before they are aligned: only
// beside the published text does it show what one is. Where the published text
// begins an item, a bullet more or less is presentation (TolListMarkers). Where it
// has a bullet inside a line, the copy was wrapped there. Anywhere else a bullet
// makes an item of what is none, and is a difference.

// parse returns b without its bullets at line starts, and where they were.
func parse(b []byte) (*text.Form, []text.Span, error) {
	form, err := text.Parse(b)
	if err != nil {
		return nil, nil, err
	}
	bare, bullets := text.DropBullets(form.Tokens)
	return &text.Form{Tokens: bare}, bullets, nil
}

// bareDigest is the digest of the canonical form without bullets at line starts.
func bareDigest(tokens []text.Token) [sha256.Size]byte {
	n := 0
	for i := range tokens {
		n += len(tokens[i].Text) + 1
	}
	b := make([]byte, 0, n)
	for i := range tokens {
		b = append(append(b, tokens[i].Text...), ' ')
	}
	return sha256.Sum256(b[:len(b)-1])
}

// bulletsBefore says before which token the bullets were: its keys are indices,
// len(tokens) for those at the end.
func bulletsBefore(tokens []text.Token, bullets []text.Span) map[int][]text.Span {
	if len(bullets) == 0 {
		return nil
	}
	out := make(map[int][]text.Span, len(bullets))
	i := 0
	for _, b := range bullets {
		for i < len(tokens) && tokens[i].Start < b.Start {
			i++
		}
		out[i] = append(out[i], b)
	}
	return out
}

// sameBut reports whether the tokens of a published text and those of the copy,
// which are equal, differ in presentation alone, and whether in bullets.
func (x *Index) sameBut(r ref, bullets map[int][]text.Span) (same, other bool) {
	d := x.parse(r.version.docs[r.lang])
	pub := d.form.Tokens
	for i := range pub {
		if len(bullets[i]) > 0 && !startsItem(pub, i) {
			return false, false
		}
		other = other || len(bullets[i]) != len(d.bullets[i])
	}
	return true, other
}

// settleBullets takes out of the hunks the published bullets inside a line that the
// copy has at a line start, and returns as hunks of their own the copy's bullets
// where the published text begins no item. p and i are the first tokens that were
// aligned with each other.
func (a *alignment) settleBullets(c *copied, p, i int) []hunk {
	if len(c.bullets)+len(a.d.bullets) == 0 {
		return nil
	}
	hunks, wrapped := a.wrapped(c)
	a.wrappedAt = wrapped
	var stray []hunk
	quoting := len(a.hunks) == 0 || a.hunks[0].c0 > i // the copy's first words: an excerpt may be marked as an item
	for _, h := range append(slices.Clone(a.hunks), hunk{p0: a.omitTail, p1: a.omitTail, c0: a.c1, c1: a.c1}) {
		for ; i < h.c0 && p < h.p0; i, p = i+1, p+1 {
			n, published := len(c.bullets[i])-wrapped[i], len(a.d.bullets[p])
			if n > 0 && !quoting && !startsItem(a.d.form.Tokens, p) {
				stray = append(stray, hunk{p0: p, p1: p, c0: i, c1: i, bullets: n})
			} else if wrapped[i] == 0 && n != published && (published == 0 || n+inline(c.form.Tokens[:i]) != published) {
				a.tolerances[TolListMarkers] = true
			}
			quoting = false
		}
		p, i = h.p1, h.c1
	}
	a.hunks = hunks
	return stray
}

// wrapped returns the hunks without the published bullets that the copy has at a
// line start, and how many of the copy's bullets before each token these are.
func (a *alignment) wrapped(c *copied) ([]hunk, map[int]int) {
	pub := a.d.form.Tokens
	var kept []hunk
	count := map[int]int{}
	for _, h := range a.hunks {
		for !h.move && h.p0 < h.p1 && c.wraps(&pub[h.p1-1], h.c1, count[h.c1]) {
			h.p1--
			count[h.c1]++
		}
		for !h.move && h.c0 < h.c1 && h.p0 < h.p1 && c.wraps(&pub[h.p0], h.c0, count[h.c0]) {
			h.p0++
			count[h.c0]++
		}
		if h.size() > 0 {
			kept = append(kept, h)
		}
	}
	return kept, count
}

// wraps reports whether a published token is a bullet that the copy has at a line
// start before its token i, settled having been taken of those there.
func (c *copied) wraps(pub *text.Token, i, settled int) bool {
	there := c.bullets[i]
	if pub.Class != text.Bullet || settled >= len(there) {
		return false
	}
	b := there[len(there)-1-settled]
	return text.BulletOf(c.raw[b.Start:b.End]) == pub.Text
}

// inline counts the bullets inside a line at the end of tokens.
func inline(tokens []text.Token) int {
	n := len(tokens)
	for n > 0 && tokens[n-1].Class == text.Bullet {
		n--
	}
	return len(tokens) - n
}

// addStray puts the hunks of bullets among the others.
func (a *alignment) addStray(stray []hunk) {
	if len(stray) == 0 {
		return
	}
	a.hunks = append(a.hunks, stray...)
	slices.SortStableFunc(a.hunks, func(x, y hunk) int { return cmp.Or(cmp.Compare(x.c0, y.c0), cmp.Compare(x.p0, y.p0)) })
}

// bulletsFit reports whether the copy's bullets in h stand where the published text
// begins an item. Paired emphasis has no counterpart there.
func (a *alignment) bulletsFit(c *copied, h *hunk) bool {
	p := h.p0
	for i := h.c0; i < h.c1; i++ {
		if len(c.bullets[i]) > a.wrappedAt[i] && (p > h.p1 || !startsItem(a.d.form.Tokens, p)) {
			return false
		}
		if !c.emph[i] {
			p++
		}
	}
	return true
}

// startsItem reports whether nothing but list markers stands before token i on its
// line.
func startsItem(tokens []text.Token, i int) bool {
	for ; i < len(tokens) && !tokens[i].First(); i-- {
		if !marks(tokens, i-1) {
			return false
		}
	}
	return true
}
