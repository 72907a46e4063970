package match

import (
	"fmt"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestAddIsPut: a publication that was added version by version answers as one
// that was put whole.
func TestAddIsPut(t *testing.T) {
	body := func(n int) string {
		return fmt.Sprintf("The title\n\nWe ask for %d open gates on the long canal.\n", n/2)
	}
	var all []Version
	for n := 1; n <= 6; n++ { // two versions share each text
		all = append(all, Version{Number: n, Texts: map[string][]byte{"en": []byte(body(n))}, Names: []Name{{Text: fmt.Sprintf("League %d", n)}}})
	}
	whole, grown := NewIndex(), NewIndex()
	if err := whole.Put(Publication{Slug: "canal", Genesis: "g", Versions: all}); err != nil {
		t.Fatal(err)
	}
	for i, v := range all {
		if err := grown.Add("canal", "g", v); err != nil {
			t.Fatal(err)
		}
		if got := grown.Check([]byte(body(1)), "canal"); got.LatestVersion != i+1 {
			t.Errorf("after version %d the latest is %d", i+1, got.LatestVersion)
		}
	}
	for n := 1; n <= 6; n++ {
		for _, copied := range []string{body(n), body(n) + "\n• League 3\n", "The  title\nWe ask for 9 open gates on the long canal."} {
			if diff := cmp.Diff(whole.Check([]byte(copied), ""), grown.Check([]byte(copied), "")); diff != "" {
				t.Errorf("%q: %s", copied, diff)
			}
		}
	}
	if err := grown.Add("canal", "g", all[2]); err == nil {
		t.Error("a version was added twice")
	}
	if err := grown.Add("canal", "other", Version{Number: 7, Texts: all[0].Texts}); err == nil {
		t.Error("a version of another genesis was added")
	}
}

// TestAddWhileChecking is for the race detector.
func TestAddWhileChecking(t *testing.T) {
	x := NewIndex()
	text := map[string][]byte{"en": []byte("One title\n\nOne sentence of seven words stands here.\n")}
	var wg sync.WaitGroup
	wg.Go(func() {
		for n := 1; n <= 200; n++ {
			if err := x.Add("one", "g", Version{Number: n, Texts: text, Names: []Name{{Text: fmt.Sprint("Union ", n)}}}); err != nil {
				t.Error(err)
			}
		}
	})
	for range 200 {
		x.Check(text["en"], "")
		x.Check([]byte("One title\nOne sentence of eight words stands here.\n• Union 7"), "one")
	}
	wg.Wait()
	if v := x.Check(text["en"], "one"); v.Version != 200 || len(v.AlsoMatches) != 199 {
		t.Errorf("version %d, %d others", v.Version, len(v.AlsoMatches))
	}
}
