package signatory

import (
	"crypto/rand"
	"slices"
	"testing"
)

// TestHiddenOrder: what is left of a list in which one name is withheld is the same,
// whichever it was: the place tells nothing. Pages show the names in their own order.
func TestHiddenOrder(t *testing.T) {
	names := []string{"Zeitoun", "émile", "Aicha", "Eva", "سلمى", "Basma"}
	places := map[int]bool{}
	for range 64 {
		var list []Signatory
		for _, n := range names {
			list = append(list, Signatory{Name: n, Kind: Person})
		}
		d, err := Reuse(nil, list, rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		HideOrder(d)
		c, err := Commit(d)
		if err != nil || !slices.IsSorted(c) {
			t.Fatalf("%v %v", c, err)
		}
		l, err := Open(c, d)
		if err != nil {
			t.Fatal(err)
		}
		shown := func(l *List) (out []string) {
			for _, i := range l.Shown() {
				out = append(out, l.Entries()[i].Signatory.Name)
			}
			return out
		}
		if got := shown(l); !slices.Equal(got, []string{"Aicha", "Basma", "émile", "Eva", "Zeitoun", "سلمى"}) {
			t.Fatalf("shown as %q", got)
		}
		place := slices.IndexFunc(l.Entries(), func(e Entry) bool { return e.Signatory.Name == "Basma" })
		places[place] = true
		if l, err = l.Withhold(l.Entries()[place].Commitment); err != nil {
			t.Fatal(err)
		}
		if got := shown(l); !slices.Equal(got, []string{"Aicha", "émile", "Eva", "Zeitoun", "سلمى", ""}) {
			t.Fatalf("with one withheld: %q", got)
		}
	}
	if len(places) < 4 { // each of six: fewer than 4 in 64 tries is one in 10^16
		t.Errorf("the second name stands at %v alone", places)
	}
}

// TestOwnOrder: a list that has an order of its own keeps it.
func TestOwnOrder(t *testing.T) {
	d := exampleDisclosures(t)
	if d[0].Digest() < d[1].Digest() {
		d[0], d[1] = d[1], d[0]
	}
	c, err := Commit(d)
	if err != nil {
		t.Fatal(err)
	}
	l, err := Open(c, d)
	if err != nil || !slices.Equal(l.Shown(), []int{0, 1}) {
		t.Errorf("%v %v", l.Shown(), err)
	}
}
