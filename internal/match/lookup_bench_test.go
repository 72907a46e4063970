package match

import (
	"crypto/sha256"
	"fmt"
	"math/rand/v2"
	"os"
	"runtime"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/sijil/sijil/internal/match/synthetic"
)

// BenchmarkLookUp is a whole verdict among one text, 10,000 and SIJIL_MATCH_TEXTS
// (100,000), with nothing of the texts at hand but their bytes, or all of it. Run
// it with -benchtime 1x: each round is 2,000 copies.
func BenchmarkLookUp(b *testing.B) {
	corpus := synthetic.New(7)
	most := 100_000
	if s := os.Getenv("SIJIL_MATCH_TEXTS"); s != "" {
		n, err := strconv.Atoi(s)
		if err != nil {
			b.Fatal(err)
		}
		most = n
	}
	for _, texts := range []int{1, 10_000, most} {
		before := heap()
		x, bytes := NewIndex(), 0
		start := time.Now()
		for i := range texts {
			raw := corpus.Text(i)
			bytes += len(raw)
			if err := x.Add(fmt.Sprint("p", i), "g", Version{Number: 1, Texts: map[string][]byte{"und": raw}}); err != nil {
				b.Fatal(err)
			}
		}
		took := time.Since(start)
		b.Run(fmt.Sprint(texts, "/index"), func(b *testing.B) {
			for b.Loop() {
			}
			b.ReportMetric(0, "ns/op")
			if texts > 1 {
				b.ReportMetric((heap()-before)/float64(texts), "B/text")
				b.ReportMetric(float64(bytes)/float64(texts), "of-it-bytes")
			}
			b.ReportMetric(took.Seconds(), "build-s")
		})
		for _, c := range []struct {
			name, want string
			make       func(rng *rand.Rand, raw []byte) []byte
		}{
			{"5%-changed", Altered, func(rng *rand.Rand, raw []byte) []byte { return corpus.Change(rng, raw, 0.05) }},
			{"30%-changed", Altered, func(rng *rand.Rand, raw []byte) []byte { return corpus.Change(rng, raw, 0.3) }},
			{"40-words", Excerpt, func(rng *rand.Rand, raw []byte) []byte { return synthetic.Excerpt(rng, raw, 40) }},
			{"unrelated", Unknown, func(rng *rand.Rand, raw []byte) []byte { return corpus.Text(1<<30 + rng.IntN(1<<20)) }},
		} {
			for _, cold := range []bool{true, false} {
				name := fmt.Sprint(texts, "/", c.name, map[bool]string{true: "/cold", false: "/warm"}[cold])
				b.Run(name, func(b *testing.B) { lookUp(b, x, corpus, texts, cold, c.want, c.make) })
			}
		}
	}
}

// lookUp checks copies of seeded texts; of one of a hundred texts when not cold.
func lookUp(b *testing.B, x *Index, corpus *synthetic.Corpus, texts int, cold bool, want string, copied func(*rand.Rand, []byte) []byte) {
	rng := rand.New(rand.NewPCG(3, uint64(texts)))
	var times []time.Duration
	var sum time.Duration
	right := 0
	const n = 2000
	for b.Loop() {
		times, sum, right = nil, 0, 0
		for range n {
			raw := copied(rng, corpus.Text(rng.IntN(max(1, min(texts, 100*(1+b2i(cold)*texts))))))
			start := time.Now()
			digest := sha256.Sum256(raw)
			sum += time.Since(start)
			runtime.KeepAlive(digest)
			if cold {
				x.cache = newCache(maxCached)
			}
			start = time.Now()
			v := x.Check(raw, "")
			times = append(times, time.Since(start))
			right += b2i(v.Verdict == want)
		}
	}
	slices.Sort(times)
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(float64(times[n/2].Nanoseconds())/1e6, "p50-ms")
	b.ReportMetric(float64(times[n*99/100].Nanoseconds())/1e6, "p99-ms")
	b.ReportMetric(100*float64(right)/n, "%right")
	b.ReportMetric(float64(sum.Nanoseconds())/n/1e6, "sha256-ms")
}

func b2i(b bool) int {
	if b {
		return 1
	}
	return 0
}

func heap() float64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.GC()
	runtime.ReadMemStats(&m)
	return float64(m.HeapAlloc)
}

// BenchmarkDifference aligns texts of which every tenth word is another, and
// unrelated ones, beside SHA-256 of as many bytes.
func BenchmarkDifference(b *testing.B) {
	rng := rand.New(rand.NewPCG(5, 6))
	for _, n := range []int{1000, 200_000} {
		p, other := words(rng, n), words(rng, n)
		edited := slices.Clone(p)
		for i := range edited {
			if rng.IntN(10) == 0 {
				edited[i] = rng.Uint32N(20_000)
			}
		}
		for _, c := range []struct {
			name string
			ids  []uint32
		}{{"edited", edited}, {"unrelated", other}} {
			b.Run(fmt.Sprint(n, "/", c.name), func(b *testing.B) {
				for b.Loop() {
					matchRuns(p, c.ids)
				}
			})
		}
		b.Run(fmt.Sprint(n, "/sha256"), func(b *testing.B) {
			raw := make([]byte, 6*n)
			for b.Loop() {
				sha256.Sum256(raw)
			}
		})
	}
}
