package match

import (
	"math/rand/v2"
	"testing"
	"time"
)

// lcs is the textbook algorithm, to compare with.
func lcs(a, b []uint32) int {
	row := make([]int, len(b)+1)
	for i := range a {
		diag := 0
		for j := range b {
			old := row[j+1]
			if a[i] == b[j] {
				row[j+1] = diag + 1
			} else {
				row[j+1] = max(row[j+1], row[j])
			}
			diag = old
		}
	}
	return row[len(b)]
}

func checkRuns(t *testing.T, p, c []uint32, runs []run) int {
	t.Helper()
	pe, ce, total := 0, 0, 0
	for _, r := range runs {
		if r.p < pe || r.c < ce || r.n <= 0 || !equal(p[r.p:r.p+r.n], c[r.c:r.c+r.n]) {
			t.Fatalf("run %+v after p %d, c %d of %v and %v: %v", r, pe, ce, p, c, runs)
		}
		pe, ce, total = r.p+r.n, r.c+r.n, total+r.n
	}
	return total
}

// Small inputs go through Myers alone, which must be minimal.
func TestMatchRunsIsMinimal(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for range 3000 {
		p, c := make([]uint32, rng.IntN(30)), make([]uint32, rng.IntN(30))
		for i := range p {
			p[i] = rng.Uint32N(6)
		}
		for i := range c {
			c[i] = rng.Uint32N(6)
		}
		got := checkRuns(t, p, c, matchRuns(p, c))
		if want := lcs(p, c); got != want {
			t.Fatalf("%v and %v: %d tokens aligned, want %d", p, c, got, want)
		}
	}
}

func words(rng *rand.Rand, n int) []uint32 {
	ids := make([]uint32, n)
	for i := range ids {
		f := rng.Float64() // small ids are common, as in a language
		ids[i] = uint32(f * f * f * 20000)
	}
	return ids
}

func TestMatchRunsLarge(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	const n = 200_000
	a, b := words(rng, n), words(rng, n)
	var edited []uint32
	for _, id := range a {
		switch rng.IntN(20) {
		case 0:
		case 1:
			edited = append(edited, id, rng.Uint32N(20000))
		default:
			edited = append(edited, id)
		}
	}
	for _, c := range []struct {
		name  string
		p, c  []uint32
		least int
	}{
		{"edited", a, edited, n * 93 / 100},
		{"unrelated", a, b, 0},
		{"one word repeated", make([]uint32, n), make([]uint32, n/2), n / 2},
		{"two words", alternate(n, 2), alternate(n, 3), 0},
	} {
		start := time.Now()
		got := checkRuns(t, c.p, c.c, matchRuns(c.p, c.c))
		if took := time.Since(start); took > 10*time.Second {
			t.Errorf("%s: took %v", c.name, took)
		} else {
			t.Logf("%s: %d aligned in %v", c.name, got, took)
		}
		if got < c.least {
			t.Errorf("%s: %d tokens aligned, want at least %d", c.name, got, c.least)
		}
	}
}

func alternate(n int, period uint32) []uint32 {
	ids := make([]uint32, n)
	for i := range ids {
		ids[i] = uint32(i) % period
	}
	return ids
}
