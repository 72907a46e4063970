package match

import (
	"strings"
	"unicode/utf8"

	"github.com/sijil/sijil/internal/text"
)

// A nearest finds the missing name that a piece of the copy resembles, through
// the words that they share.
type nearest struct {
	l     *nameList
	taken map[int]bool
	byKey map[string][]int
	short []int // names of one or two words, compared letter by letter
	tries int   // comparisons left; a hostile copy has many items
}

const (
	sameSetShare = 0.6 // Jaccard from which an item is a changed name
	maxShort     = 500 // short names that are compared letter by letter
	maxTries     = 500_000
)

func newNearest(l *nameList, found map[int]bool) *nearest {
	n := &nearest{l: l, taken: map[int]bool{}, byKey: map[string][]int{}, tries: maxTries}
	for i := range l.names {
		if l.names[i].form == nil || found[i] {
			n.taken[i] = true
			continue
		}
		for _, k := range l.names[i].keys {
			if k != "" {
				n.byKey[k] = append(n.byKey[k], i)
			}
		}
		if len(l.names[i].ids) <= 3 && len(n.short) < maxShort {
			n.short = append(n.short, i)
		}
	}
	return n
}

// find returns the missing name that tokens of the copy resemble most, and how
// much; 0 when none does.
func (n *nearest) find(tokens []text.Token) (best int, score float64) {
	if len(n.byKey) == 0 || len(tokens) > 100 {
		return 0, 0
	}
	words := keys(tokens)
	tried := map[int]bool{}
	try := func(i int) {
		if tried[i] || n.taken[i] || n.tries == 0 {
			return
		}
		tried[i] = true
		n.tries--
		name := &n.l.names[i]
		s := overlap(name.keys, words)
		if s < sameSetShare && (len(name.ids) > 8 || len(tokens) > 12 || !fewEdits(joined(name.form.Tokens), joined(tokens))) {
			return
		}
		if s = max(s, sameSetShare); s > score {
			best, score = i, s
		}
	}
	for _, w := range words {
		if names := n.byKey[w]; len(names) <= maxShort {
			for _, i := range names {
				try(i)
			}
		}
	}
	for _, i := range n.short {
		try(i)
	}
	return best, score
}

// fewEdits reports whether a and b are at most two letters apart, or a sixth of
// their length, ignoring case; names under five letters must be equal.
func fewEdits(a, b string) bool {
	a, b = strings.ToLower(a), strings.ToLower(b)
	n := utf8.RuneCountInString(a)
	limit := max(2, n/6)
	if n < 5 {
		limit = 0
	}
	return distance([]rune(a), []rune(b), limit) <= limit
}

// distance is the Levenshtein distance, or limit+1 when it is larger.
func distance(a, b []rune, limit int) int {
	if len(a)-len(b) > limit || len(b)-len(a) > limit {
		return limit + 1
	}
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i, x := range a {
		diag, least := row[0], i+1
		row[0] = i + 1
		for j, y := range b {
			cost := 1
			if x == y {
				cost = 0
			}
			d := min(row[j]+1, row[j+1]+1, diag+cost)
			diag, row[j+1] = row[j+1], d
			least = min(least, d)
		}
		if least > limit {
			return limit + 1
		}
	}
	return min(row[len(b)], limit+1)
}
