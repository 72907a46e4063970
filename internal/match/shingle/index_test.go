package shingle

import (
	"cmp"
	"errors"
	"math"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
)

// A naive index is what Index must agree with.
type naive map[uint32][]uint32

func (n naive) find(fps []uint32, long int) []Candidate {
	have := map[uint32]int{}
	for _, list := range n {
		for _, fp := range list {
			have[fp]++
		}
	}
	var out []Candidate
	for id, list := range n {
		votes := 0
		for _, fp := range fps {
			if slices.Contains(list, fp) && (long == 0 || have[fp] <= long) {
				votes++
			}
		}
		if votes > 0 {
			out = append(out, Candidate{id, uint32(votes)})
		}
	}
	slices.SortFunc(out, func(a, b Candidate) int {
		return cmp.Or(cmp.Compare(b.Votes, a.Votes), cmp.Compare(a.ID, b.ID))
	})
	return out
}

// exercise adds and removes texts as ops says and compares what is found.
func exercise(t *testing.T, rng *rand.Rand, texts, size, values int) {
	x, n := New(), naive{}
	id := uint32(0)
	for range texts {
		id += 1 + rng.Uint32N(3)
		set := map[uint32]bool{}
		for range rng.IntN(size) {
			set[rng.Uint32N(uint32(values))*(math.MaxUint32/uint32(values)|1)] = true
		}
		var list []uint32
		for fp := range set {
			list = append(list, fp)
		}
		if err := x.Add(id, append(list, list[:len(list)/2]...)); err != nil {
			t.Fatal(err)
		}
		n[id] = list
		if old := rng.Uint32N(id + 2); rng.IntN(3) == 0 {
			x.Remove(old)
			delete(n, old)
		}
	}
	for range 20 {
		var q []uint32
		for range rng.IntN(2*size) + 1 {
			q = append(q, rng.Uint32N(uint32(values))*(math.MaxUint32/uint32(values)|1))
		}
		long, limit := rng.IntN(6), rng.IntN(30)
		want := n.find(q, long)
		if limit > 0 && len(want) > limit {
			want = want[:limit]
		}
		got := x.Find(q, Search{Limit: limit, Long: long})
		if len(got) == 0 && len(want) == 0 {
			continue
		}
		if diff := gocmp.Diff(want, got); diff != "" {
			t.Fatalf("%d texts of %d in %d, limit %d, long %d: %s", texts, size, values, limit, long, diff)
		}
	}
}

func TestAgainstNaive(t *testing.T) {
	rng := rand.New(rand.NewPCG(11, 12))
	for range 30 {
		exercise(t, rng, 1+rng.IntN(400), 2+rng.IntN(60), 1+rng.IntN(3000))
	}
	exercise(t, rng, 3000, 400, 300_000) // packed generations
}

func FuzzIndex(f *testing.F) {
	f.Add(uint64(1), uint16(30), uint8(9), uint16(50))
	f.Add(uint64(2), uint16(900), uint8(90), uint16(20000))
	f.Fuzz(func(t *testing.T, seed uint64, texts uint16, size uint8, values uint16) {
		exercise(t, rand.New(rand.NewPCG(seed, 5)), int(texts)%1000, int(size)+1, int(values)+1)
	})
}

func TestIDsIncrease(t *testing.T) {
	x := New()
	for _, c := range []struct {
		id uint32
		ok bool
	}{{5, true}, {5, false}, {4, false}, {6, true}, {lastID, true}, {lastID + 1, false}, {7, false}} {
		if err := x.Add(c.id, []uint32{1}); (err == nil) != c.ok || err != nil && !errors.Is(err, ErrID) {
			t.Errorf("add %d: %v", c.id, err)
		}
	}
}

// TestRemovedIsGone: removed texts are not found and their postings go away.
func TestRemovedIsGone(t *testing.T) {
	x := New()
	const texts = 20_000
	for id := range uint32(texts) {
		if err := x.Add(id, []uint32{id * 7919, id*7919 + 1, 12345}); err != nil {
			t.Fatal(err)
		}
	}
	for id := range uint32(texts) {
		if id%10 != 0 {
			x.Remove(id)
			x.Remove(id)
		}
	}
	if got, most := x.Postings(), 3*texts/5; got > most {
		t.Errorf("%d postings are left, want at most %d", got, most)
	}
	got := x.Find([]uint32{12345}, Search{})
	if len(got) != texts/10 {
		t.Errorf("%d texts are found", len(got))
	}
	if got := x.Find([]uint32{11 * 7919}, Search{}); len(got) != 0 {
		t.Errorf("a removed text is found: %v", got)
	}
}

// TestLong: what everybody has counts only when there is nothing else, and only
// for rarity.
func TestLong(t *testing.T) {
	x := New()
	for id := range uint32(100) {
		fps := []uint32{1, 2}
		if id == 77 {
			fps = append(fps, 3)
		}
		if err := x.Add(id, fps); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct {
		q    []uint32
		how  Search
		want int
	}{
		{[]uint32{1, 2, 3}, Search{Long: 10, Rarity: true}, 1},
		{[]uint32{1, 2}, Search{Long: 10, Rarity: true}, 10},
		{[]uint32{1, 2}, Search{Long: 10}, 0},
		{[]uint32{1, 2}, Search{Limit: 7}, 7},
		{[]uint32{1, 2, 3}, Search{Visits: 50}, 1},
		{[]uint32{1, 2, 3}, Search{Only: func(id uint32) bool { return id >= 90 }}, 10},
		{[]uint32{4}, Search{Rarity: true}, 0},
		{nil, Search{}, 0},
	} {
		if got := x.Find(c.q, c.how); len(got) != c.want {
			t.Errorf("%v %+v: %d candidates, want %d", c.q, c.how, len(got), c.want)
		}
	}
	var skipped []uint32
	x.Find([]uint32{3, 2, 9, 1, 1}, Search{Long: 10, Skipped: func(fp uint32) { skipped = append(skipped, fp) }})
	if !slices.Equal(skipped, []uint32{1, 2}) {
		t.Errorf("skipped: %v", skipped)
	}
	if got := x.Find([]uint32{1, 3, 3}, Search{})[0]; got != (Candidate{77, 3}) {
		t.Errorf("a fingerprint that is asked for twice: %+v", got)
	}
}

// TestFindWhileAdding is for the race detector.
func TestFindWhileAdding(t *testing.T) {
	x := New()
	var wg sync.WaitGroup
	wg.Go(func() {
		for id := range uint32(3000) {
			if err := x.Add(id, []uint32{id, id + 1, id + 2, 1 << 31}); err != nil {
				t.Error(err)
			}
			if id%3 == 1 {
				x.Remove(id - 1)
			}
		}
	})
	for range 2 {
		wg.Go(func() {
			last := 0
			for range 300 {
				got := x.Find([]uint32{1 << 31, 9}, Search{Limit: 5000})
				if len(got) < last/2 {
					t.Errorf("%d candidates after %d", len(got), last)
				}
				last = len(got)
			}
		})
	}
	wg.Wait()
}
