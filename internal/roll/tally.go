package roll

import (
	"slices"

	"github.com/sijil/sijil/internal/endorsement"
)

// Unconfirmed is an endorser whose signature verifies, under a key that nobody has
// confirmed: by what counts, no more than listed. The other values are those of package
// endorsement.
const Unconfirmed endorsement.Known = "unconfirmed"

// Knowns are the ways in which an endorser is known, in the order of their numbers in the
// store.
func Knowns() []endorsement.Known {
	return []endorsement.Known{endorsement.Listed, Unconfirmed, endorsement.Signed, endorsement.Withdrawn, endorsement.Withheld}
}

// Cell is what is counted together. Country is empty where the row has none, or is
// withheld.
type Cell struct {
	Version int
	Country string
	Known   endorsement.Known
}

// Tally counts endorsers.
type Tally map[Cell]int64

// Count is how many stand in the cells that match; 0, "" and "" match all.
func (t Tally) Count(version int, country string, known endorsement.Known) (n int64) {
	for c, x := range t {
		if (version == 0 || c.Version == version) && (country == "" || c.Country == country) && (known == "" || c.Known == known) {
			n += x
		}
	}
	return n
}

// Standing is how many stand by a version: all that are not withdrawn. A withheld name
// still stands.
func (t Tally) Standing(version int) int64 {
	return t.Count(version, "", "") - t.Count(version, "", endorsement.Withdrawn)
}

// Countries are the countries of a version, by number and then by code; the empty one is
// not among them.
func (t Tally) Countries(version int) []string {
	n := map[string]int64{}
	for c, x := range t {
		if c.Version == version && c.Country != "" && c.Known != endorsement.Withdrawn && x > 0 {
			n[c.Country] += x
		}
	}
	out := make([]string, 0, len(n))
	for c := range n {
		out = append(out, c)
	}
	slices.SortFunc(out, func(a, b string) int {
		if n[a] != n[b] {
			return int(min(max(n[b]-n[a], -1), 1))
		}
		if a < b {
			return -1
		}
		return 1
	})
	return out
}
