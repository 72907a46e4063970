package shingle

import (
	"crypto/sha256"
	"math/rand/v2"
	"os"
	"runtime"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/sijil/sijil/internal/match/synthetic"
	"github.com/sijil/sijil/internal/text"
)

// build indexes the first n texts and returns the time that Add took.
func build(t testing.TB, corpus *synthetic.Corpus, o Options, n int) (*Index, time.Duration) {
	t.Helper()
	x := New()
	var took time.Duration
	const chunk = 512
	for at := 0; at < n; at += chunk {
		batch := make([][]uint32, min(chunk, n-at))
		var wg sync.WaitGroup
		for part := range 2 {
			wg.Go(func() {
				for i := part; i < len(batch); i += 2 {
					if f, err := text.Parse(corpus.Text(at + i)); err != nil {
						t.Error(err)
					} else {
						batch[i] = o.Keep(f.Tokens)
					}
				}
			})
		}
		wg.Wait()
		start := time.Now()
		for i, fps := range batch {
			if err := x.Add(uint32(at+i), fps); err != nil {
				t.Fatal(err)
			}
		}
		took += time.Since(start)
	}
	return x, took
}

func memory() uint64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.GC()
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// A kind is a way in which copies are made of texts.
type kind struct {
	name string
	make func(c *synthetic.Corpus, rng *rand.Rand, raw []byte) []byte
}

func changed(share float64) func(*synthetic.Corpus, *rand.Rand, []byte) []byte {
	return func(c *synthetic.Corpus, rng *rand.Rand, raw []byte) []byte { return c.Change(rng, raw, share) }
}

func excerpt(n int) func(*synthetic.Corpus, *rand.Rand, []byte) []byte {
	return func(_ *synthetic.Corpus, rng *rand.Rand, raw []byte) []byte { return synthetic.Excerpt(rng, raw, n) }
}

var kinds = []kind{
	{"whole", changed(0)}, {"30%-changed", changed(0.3)}, {"50%-changed", changed(0.5)},
	{"40-words", excerpt(40)}, {"20-words", excerpt(20)}, {"12-words", excerpt(12)}, {"8-words", excerpt(8)},
}

var standardSearch = Search{Limit: 20, Rarity: true, Long: 4096, Visits: 1 << 18}

// A sample is what was seen of many searches.
type sample struct {
	found, first float64 // share of the searches with the source among the 20, or first
	times        []time.Duration
	sum          time.Duration // yardstick: SHA-256 of the copies
}

// searches looks for copies of seeded texts; keep says to ask with the winnowed
// fingerprints of the copy alone.
func searches(t testing.TB, x *Index, corpus *synthetic.Corpus, o Options, k kind, texts, n int, keep bool) sample {
	t.Helper()
	rng := rand.New(rand.NewPCG(42, uint64(texts)))
	var s sample
	for range n {
		i := rng.IntN(texts)
		raw := k.make(corpus, rng, corpus.Text(i))
		f, err := text.Parse(raw)
		if err != nil {
			t.Fatal(err)
		}
		start := time.Now()
		sum := sha256.Sum256(raw)
		s.sum += time.Since(start)
		runtime.KeepAlive(sum)
		start = time.Now()
		fps := o.All
		if keep {
			fps = o.Keep
		}
		got := x.Find(fps(f.Tokens), standardSearch)
		s.times = append(s.times, time.Since(start))
		at := slices.IndexFunc(got, func(c Candidate) bool { return c.ID == uint32(i) })
		if at >= 0 {
			s.found++
		}
		if at == 0 {
			s.first++
		}
	}
	slices.Sort(s.times)
	s.found, s.first, s.sum = s.found/float64(n), s.first/float64(n), s.sum/time.Duration(n)
	return s
}

func (s sample) quantile(q float64) time.Duration { return s.times[int(q*float64(len(s.times)-1))] }

// TestRecallAndMemory is the short form of BenchmarkSearch: no time is asserted.
func TestRecallAndMemory(t *testing.T) {
	corpus := synthetic.New(7)
	const texts = 5000
	for _, c := range []struct {
		o     Options
		bytes float64
		least map[string]float64
	}{
		{Standard, 1000, map[string]float64{"whole": 1, "30%-changed": 0.999, "40-words": 0.999, "20-words": 0.9}},
		{Fine, 1700, map[string]float64{"whole": 1, "30%-changed": 0.999, "40-words": 0.999, "20-words": 0.99}},
	} {
		before := memory()
		x, _ := build(t, corpus, c.o, texts)
		if got := (float64(memory()) - float64(before)) / texts; got > c.bytes {
			t.Errorf("%+v: %.0f bytes a text, want at most %.0f", c.o, got, c.bytes)
		} else {
			t.Logf("%+v: %.0f bytes a text", c.o, got)
		}
		for _, k := range kinds {
			if s := searches(t, x, corpus, c.o, k, texts, 1000, false); s.found < c.least[k.name] {
				t.Errorf("%+v %s: %.4f found, want %.4f", c.o, k.name, s.found, c.least[k.name])
			}
		}
		runtime.KeepAlive(x)
	}
}

// BenchmarkSearch measures one text, 10,000 and SIJIL_TEXTS (a million): run it
// with -benchtime 1x, each round is 10,000 searches.
func BenchmarkSearch(b *testing.B) {
	corpus := synthetic.New(7)
	most := 1_000_000
	if s := os.Getenv("SIJIL_TEXTS"); s != "" {
		n, err := strconv.Atoi(s)
		if err != nil {
			b.Fatal(err)
		}
		most = n
	}
	for _, size := range []struct {
		texts int
		o     Options
	}{{1, Standard}, {10_000, Standard}, {10_000, Fine}, {most, Standard}} {
		before := memory()
		x, took := build(b, corpus, size.o, size.texts)
		bytes := float64(memory()) - float64(before)
		name := strconv.Itoa(size.texts) + "/" + strconv.Itoa(size.o.Words) + "-shingles"
		b.Run(name+"/index", func(b *testing.B) {
			for b.Loop() {
			}
			if size.texts > 1 { // one is less than what the measurement itself takes
				b.ReportMetric(bytes/float64(size.texts), "B/text")
			}
			b.ReportMetric(float64(x.Postings())/float64(size.texts), "fingerprints/text")
			b.ReportMetric(took.Seconds(), "build-s")
			b.ReportMetric(0, "ns/op")
		})
		for _, k := range kinds {
			for _, keep := range []bool{false, true} {
				if keep && k.name != "whole" && k.name != "30%-changed" && k.name != "40-words" {
					continue
				}
				how := "/all"
				if keep {
					how = "/winnowed"
				}
				b.Run(name+"/"+k.name+how, func(b *testing.B) {
					var s sample
					for b.Loop() {
						s = searches(b, x, corpus, size.o, k, size.texts, 10_000, keep)
					}
					b.ReportMetric(0, "ns/op")
					b.ReportMetric(float64(s.quantile(0.5).Nanoseconds())/1e6, "p50-ms")
					b.ReportMetric(float64(s.quantile(0.99).Nanoseconds())/1e6, "p99-ms")
					b.ReportMetric(100*s.found, "%found")
					b.ReportMetric(100*s.first, "%first")
					b.ReportMetric(float64(s.sum.Nanoseconds())/1e6, "sha256-ms")
				})
			}
		}
		runtime.KeepAlive(x)
	}
}
