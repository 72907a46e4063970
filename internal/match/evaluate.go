package match

import (
	"cmp"
	"maps"
	"slices"
)

// A candidate is one version held against the copy.
type candidate struct {
	version *version
	names   *nameList
	parts   []*alignment // one for each language found, in the copy's order
	langs   []string
	list    *listResult
	foreign int // tokens of the copy that the text does not explain, and changed ones
	omitted int
}

// maxAligned bounds the tokens that are aligned for one copy; very long copies are
// held against fewer texts.
const maxAligned = 1_500_000

// evaluate aligns the copy with the texts and compares lists, and returns the
// versions that remain, the best first.
func (x *Index) evaluate(c *copied, docs []*doc) []*candidate {
	byVersion := map[*version]*candidate{}
	var order []*candidate
	whole := false // a text was found in the copy word for word
	work := maxAligned
	for _, d := range docs {
		if work -= len(d.ids) + len(c.ids); work < 0 && len(order) > 0 {
			break
		}
		if whole && find(c.ids, d.ids) < 0 && !sibling(d, order) {
			continue
		}
		a := align(d, c)
		if a == nil {
			continue
		}
		whole = whole || a.complete() && len(a.hunks) == 0
		for _, r := range d.refs() {
			k := byVersion[r.version]
			if k == nil {
				k = &candidate{version: r.version}
				byVersion[r.version] = k
				order = append(order, k)
			}
			k.take(a, r.lang)
		}
	}
	for _, k := range order {
		k.names = x.list(k.version)
		k.finish(c)
	}
	slices.SortStableFunc(order, compare)
	return order
}

// sibling reports whether d is another language of a version that is already a
// candidate.
func sibling(d *doc, found []*candidate) bool {
	for _, r := range d.refs() {
		for _, k := range found {
			if k.version == r.version && !slices.Contains(k.langs, r.lang) {
				return true
			}
		}
	}
	return false
}

// take adds a language, unless a better one claims the same part of the copy.
func (k *candidate) take(a *alignment, lang string) {
	for i, b := range k.parts {
		if a.c0 < b.c1 && b.c0 < a.c1 {
			if a.matched <= b.matched {
				return
			}
			k.parts = slices.Delete(k.parts, i, i+1)
			k.langs = slices.Delete(k.langs, i, i+1)
			k.take(a, lang)
			return
		}
	}
	i, _ := slices.BinarySearchFunc(k.parts, a.c0, func(b *alignment, at int) int { return cmp.Compare(b.c0, at) })
	k.parts = slices.Insert(k.parts, i, a)
	k.langs = slices.Insert(k.langs, i, lang)
}

func (k *candidate) finish(c *copied) {
	k.foreign = len(c.ids)
	for _, a := range k.parts {
		k.foreign += a.changed() - (a.c1 - a.c0)
		k.omitted += a.omitted()
	}
	k.list = compareList(k.names, c, spans(k.parts, len(c.ids)))
}

// compare orders candidates: text, then list, then the latest not retracted.
func compare(a, b *candidate) int {
	return cmp.Or(
		equally(a, b),
		cmp.Compare(a.list.passes, b.list.passes),
		compareVersions(a.version, b.version),
	)
}

// equally is 0 when two versions match equally.
func equally(a, b *candidate) int {
	return cmp.Or(
		cmp.Compare(a.foreign, b.foreign),
		cmp.Compare(a.omitted, b.omitted),
		cmp.Compare(len(a.list.attached), len(b.list.attached)),
		cmp.Compare(a.list.wrong, b.list.wrong),
		cmp.Compare(len(a.list.placeChanged), len(b.list.placeChanged)),
	)
}

// verdict writes what the candidate says of the copy.
func (k *candidate) verdict(c *copied) *Verdict {
	v := newVerdict(Authentic)
	v.name(k.version)
	v.Languages = k.langs
	v.Signatories = k.list.sig
	b := builder{v: v, c: c, tolerances: map[string]bool{}}
	if c.quoted {
		b.tolerances[TolMailQuote] = true
	}
	for _, a := range k.parts {
		hunks := slices.Concat(a.hunks, a.attachTail(c, max(a.c1, k.list.attached[a.c1])))
		b.text(a, hunks, len(k.parts) > 1 || k.list.sig.Status != ListAbsent)
	}
	for _, name := range k.list.tolerances {
		b.tolerances[name] = true
	}
	v.Warnings = append(v.Warnings, k.list.warnings...)
	for _, l := range k.list.placeChanged {
		b.place(k.names, l)
	}
	k.list.surroundings = b.variants(k.parts, k.list.surroundings)
	if c.emphasised(k.list.surroundings) {
		b.tolerances[TolEmphasis] = true
	}
	for _, l := range k.list.surroundings {
		b.surrounding(l)
	}
	b.claims(k.list.surroundings, k.parts[0].c1)
	slices.SortStableFunc(v.Changes, func(a, b Change) int { return cmp.Compare(a.At, b.At) })
	v.Tolerances = append(v.Tolerances, slices.Sorted(maps.Keys(b.tolerances))...)
	b.headline(k)
	return v
}
