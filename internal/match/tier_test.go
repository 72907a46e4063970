package match

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/sijil/sijil/internal/match/shingle"
	"github.com/sijil/sijil/internal/match/synthetic"
	"github.com/sijil/sijil/internal/text"
)

// many are publications of one text each, but for every sixth of two.
func many(corpus *synthetic.Corpus, n int) []Publication {
	var out []Publication
	for i := range n {
		p := Publication{Slug: fmt.Sprint("p", i), Versions: []Version{
			{Number: 1, Texts: map[string][]byte{"en": corpus.Text(2 * i)}, Names: names([]string{fmt.Sprint("League ", i), "Valley Radio"})}}}
		if i%6 == 0 {
			p.Versions = append(p.Versions, Version{Number: 2, Texts: map[string][]byte{"en": corpus.Text(2*i + 1)}})
		}
		out = append(out, p)
	}
	return out
}

// TestCoarserTiersAgree: what an index says of copies of some length does not
// depend on how many texts it holds, and so on which tier finds them.
func TestCoarserTiersAgree(t *testing.T) {
	corpus := synthetic.New(5)
	pubs := many(corpus, 200)
	indexes := []*Index{NewIndex(), NewIndex(), NewIndex()}
	for k, x := range indexes {
		for i, tier := range x.tiers[:k] {
			tier.texts = 20 * (i + 1) // outgrown on the way
		}
		for _, p := range pubs {
			if err := x.Put(p); err != nil {
				t.Fatal(err)
			}
		}
		if len(x.tiers) != 3-k {
			t.Fatalf("index %d has %d tiers", k, len(x.tiers))
		}
	}
	rng := rand.New(rand.NewPCG(9, 9))
	seen := map[string]int{}
	for n := range 400 {
		raw := corpus.Text(2 * rng.IntN(len(pubs)))
		slug := ""
		switch n % 5 {
		case 0:
			raw = corpus.Change(rng, raw, 0.2)
		case 1:
			raw = corpus.Change(rng, raw, 0.01)
		case 2:
			raw = synthetic.Excerpt(rng, raw, 40)
		case 3:
			raw = append(raw, "\n\n• League 7\n• Valley Radio\n"...)
		case 4:
			slug = pubs[rng.IntN(len(pubs))].Slug
		}
		want := indexes[0].Check(raw, slug)
		seen[want.Verdict]++
		for k, x := range indexes[1:] {
			if diff := cmp.Diff(want, x.Check(raw, slug)); diff != "" {
				t.Fatalf("copy %d, tier %d: %s", n, k+1, diff)
			}
		}
	}
	if seen[Altered] < 100 || seen[Excerpt] < 50 || seen[Unknown] < 50 {
		t.Errorf("verdicts: %v", seen)
	}
}

// TestShortPassages: in a small index the eight words that make an excerpt find
// their text, and so does a copy of one publication in an index of any size.
func TestShortPassages(t *testing.T) {
	corpus := synthetic.New(6)
	small, large := NewIndex(), NewIndex()
	large.tiers = large.tiers[2:]
	pubs := many(corpus, 150)
	for _, p := range pubs {
		for _, x := range []*Index{small, large} {
			if err := x.Put(p); err != nil {
				t.Fatal(err)
			}
		}
	}
	rng := rand.New(rand.NewPCG(1, 9))
	missed := 0
	for range 300 {
		i := rng.IntN(len(pubs))
		raw := synthetic.Excerpt(rng, corpus.Text(2*i), 9)
		if v := small.Check(raw, ""); v.Verdict != Excerpt {
			t.Errorf("%q is %s", raw, describe(v))
		}
		if v := large.Check(raw, pubs[i].Slug); v.Verdict != Excerpt {
			t.Errorf("%q is %s in its publication", raw, describe(v))
		}
		if large.Check(raw, "").Verdict != Excerpt {
			missed++
		}
	}
	if missed == 0 {
		t.Error("the coarsest tier misses nothing: the finer ones are for nothing")
	}
}

// TestReplaced: a text that was replaced is found by no tier.
func TestReplaced(t *testing.T) {
	for from := range newTiers() {
		x := NewIndex()
		x.tiers = x.tiers[from:]
		corpus := synthetic.New(8)
		first, second := corpus.Text(4), corpus.Text(5)
		copied := func(raw []byte) []byte { return append([]byte("Read this\n\n"), raw...) }
		for _, raw := range [][]byte{first, second} {
			p := Publication{Slug: "one", Versions: []Version{{Number: 1, Texts: map[string][]byte{"en": raw}}}}
			if err := x.Put(p); err != nil {
				t.Fatal(err)
			}
		}
		if v := x.Check(copied(first), ""); v.Verdict != Unknown {
			t.Errorf("tier %d: the old text is %s", from, v.Verdict)
		}
		if v := x.Check(copied(second), ""); v.Verdict != Authentic {
			t.Errorf("tier %d: the new text is %s", from, v.Verdict)
		}
		for _, tier := range x.tiers {
			form, err := text.Parse(first)
			if err != nil {
				t.Fatal(err)
			}
			for _, c := range tier.index.Find(tier.options.Each(form.Tokens), shingle.Search{}) {
				if c.ID != 1 {
					t.Errorf("tier %d finds text %d", from, c.ID)
				}
			}
		}
	}
}

// TestCacheForgets: a cache that holds next to nothing changes no verdict, and one
// never holds more than it may.
func TestCacheForgets(t *testing.T) {
	whole, lean := newTestIndex(t, valleys(), harbour()), newTestIndex(t, valleys(), harbour())
	for _, most := range []int{0, 100, 450} {
		lean.cache = newCache(most)
		for _, in := range []string{full(valleysEN, firstList), strings.Replace(valleysFR, "412", "421", 1), full(valleysAR, secondList)[9:]} {
			if diff := cmp.Diff(whole.Check([]byte(in), ""), lean.Check([]byte(in), "")); diff != "" {
				t.Errorf("with %d tokens kept: %s", most, diff)
			}
			if lean.cache.weight > most || len(lean.cache.entries) != lean.cache.recent.Len() {
				t.Errorf("the cache holds %d of %d in %d entries", lean.cache.weight, most, len(lean.cache.entries))
			}
		}
	}
	if len(whole.cache.entries) == 0 {
		t.Error("nothing is kept")
	}
}
