package signatory

import (
	"cmp"
	"slices"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// HideOrder puts disclosures in the order of their commitments, which is as good as
// shuffled. In a list whose order means something, of names or of joining, a withheld
// entry would be known by its neighbours.
func HideOrder(d []Disclosure) {
	slices.SortFunc(d, func(a, b Disclosure) int { return cmp.Compare(a.Digest(), b.Digest()) })
}

// Shown returns the places of the entries in the order in which pages show them: that of
// the list, or where its commitments rise, so that it has no order of its own, that of the
// names, withheld ones last.
func (l *List) Shown() []int {
	out := make([]int, len(l.entries))
	for i := range out {
		out[i] = i
	}
	if !slices.IsSortedFunc(l.entries, func(a, b Entry) int { return cmp.Compare(a.Commitment, b.Commitment) }) {
		return out
	}
	keys := make([]string, len(l.entries))
	for i, e := range l.entries {
		keys[i] = sortKey(e.Signatory.Name)
	}
	slices.SortStableFunc(out, func(a, b int) int {
		x, y := l.entries[a], l.entries[b]
		switch {
		case x.Withheld && !y.Withheld:
			return 1
		case y.Withheld && !x.Withheld:
			return -1
		}
		return cmp.Or(cmp.Compare(keys[a], keys[b]), cmp.Compare(x.Signatory.Name, y.Signatory.Name))
	})
	return out
}

// sortKey writes a name without case and marks.
func sortKey(name string) string {
	return strings.Map(func(r rune) rune {
		if unicode.Is(unicode.M, r) {
			return -1
		}
		return r
	}, norm.NFD.String(strings.ToLower(name)))
}
