package match

import (
	"cmp"
	"slices"
)

// A ListComparison says how the signatory lists of two versions differ. A
// withheld name is known by its commitment alone: it counts as the same where the
// commitment is in both lists.
type ListComparison struct {
	Before  int           `json:"before"` // entries of the earlier list
	After   int           `json:"after"`
	Added   []ListedName  `json:"added"`
	Removed []ListedName  `json:"removed"`
	Changed []RenamedName `json:"changed"`
	// Reordered: the entries that stay stand in another order. That is information
	// only.
	Reordered bool `json:"reordered"`
}

// A ListedName is the entry at Position (from 0) of one of the lists.
type ListedName struct {
	Name     string `json:"name"` // "" for a withheld one
	Position int    `json:"position"`
	Withheld bool   `json:"withheld"`
}

// A RenamedName is an entry whose name is written in another way. Where the names
// are the same, role, country or domain are not, and stand behind them.
type RenamedName struct {
	Before   string `json:"before"`
	After    string `json:"after"`
	Position int    `json:"position"` // in the later list
}

// Unchanged reports whether the same signatories are listed.
func (l *ListComparison) Unchanged() bool { return len(l.Added)+len(l.Removed)+len(l.Changed) == 0 }

// compareLists pairs the entries of two lists: by commitment, then by name, then
// by names that resemble each other as those of a copy do.
func compareLists(a, b Version) (ListComparison, error) {
	out := ListComparison{Before: len(a.Names), After: len(b.Names), Added: []ListedName{}, Removed: []ListedName{}, Changed: []RenamedName{}}
	partner := make([]int, len(b.Names)) // in a, or -1
	for i := range partner {
		partner[i] = -1
	}
	taken := map[int]bool{} // entries of a
	pair := func(key func(Name) string) {
		left := map[string][]int{}
		for i, n := range a.Names {
			if k := key(n); k != "" && !taken[i] {
				left[k] = append(left[k], i)
			}
		}
		for j, n := range b.Names {
			if k := key(n); k != "" && partner[j] < 0 && len(left[k]) > 0 {
				partner[j], taken[left[k][0]] = left[k][0], true
				left[k] = left[k][1:]
			}
		}
	}
	pair(func(n Name) string { return n.Commitment })
	pair(func(n Name) string {
		if n.Withheld {
			return ""
		}
		return n.Text
	})
	if err := resembling(a, b, partner, taken); err != nil {
		return out, err
	}
	last := -1
	for j, i := range partner {
		n := b.Names[j]
		if i < 0 {
			out.Added = append(out.Added, listed(n, j))
			continue
		}
		if r, ok := renamed(a.Names[i], n, j); ok {
			out.Changed = append(out.Changed, r)
		}
		out.Reordered = out.Reordered || i < last
		last = max(last, i)
	}
	for i, n := range a.Names {
		if !taken[i] {
			out.Removed = append(out.Removed, listed(n, i))
		}
	}
	return out, nil
}

func listed(n Name, at int) ListedName {
	if n.Withheld {
		return ListedName{Position: at, Withheld: true}
	}
	return ListedName{Name: n.Text, Position: at}
}

// renamed says what differs between two entries that belong together.
func renamed(a, b Name, at int) (RenamedName, bool) {
	switch {
	case a.Withheld || b.Withheld:
		return RenamedName{}, false
	case a.Text != b.Text:
		return RenamedName{Before: a.Text, After: b.Text, Position: at}, true
	case a.Detail != b.Detail:
		return RenamedName{Before: detailed(a), After: detailed(b), Position: at}, true
	}
	return RenamedName{}, false
}

func detailed(n Name) string {
	if n.Detail == "" {
		return n.Text
	}
	return n.Text + " (" + n.Detail + ")"
}

// resembling pairs what is left: a name that is new in b with the name of a that
// it resembles most.
func resembling(a, b Version, partner []int, taken map[int]bool) error {
	l, err := newNameList(a.Names, a.PlaceDate)
	if err != nil {
		return err
	}
	near := newNearest(l, taken)
	type match struct {
		j, i  int
		score float64
	}
	var found []match
	for j, n := range b.Names {
		if partner[j] >= 0 || n.Withheld {
			continue
		}
		form, _, err := parse([]byte(n.Text))
		if err != nil {
			return err
		}
		if i, score := near.find(form.Tokens); score > 0 {
			found = append(found, match{j, i, score})
		}
	}
	slices.SortStableFunc(found, func(p, q match) int { return cmp.Compare(q.score, p.score) })
	for _, m := range found {
		if !taken[m.i] {
			partner[m.j], taken[m.i] = m.i, true
		}
	}
	return nil
}
