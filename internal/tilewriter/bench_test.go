package tilewriter

import (
	"fmt"
	"testing"
)

// A round of one entry, and of a thousand.
func BenchmarkAdvance(b *testing.B) {
	for _, n := range []int{1, 1000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			f := newFixture(b)
			w := f.openAt(1000)
			for b.Loop() {
				b.StopTimer()
				f.log.add(n)
				b.StartTimer()
				if _, err := w.Advance(b.Context()); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.N*n)/b.Elapsed().Seconds(), "entries/s")
		})
	}
}

func BenchmarkProve(b *testing.B) {
	f := newFixture(b)
	w := f.openAt(70000)
	i := uint64(0)
	for b.Loop() {
		i = (i + 7919) % 256
		if _, err := w.Prove(69999-i, 70000-i); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkOpen(b *testing.B) {
	f := newFixture(b)
	f.close(f.openAt(100000))
	for b.Loop() {
		w, err := f.tryOpen()
		if err != nil {
			b.Fatal(err)
		}
		w.Close()
	}
}

// 64 callers, each of which adds an entry, waits for its checkpoint and asks for
// its proof.
func BenchmarkCover(b *testing.B) {
	f := newFixture(b)
	w := f.openAt(1000)
	b.SetParallelism(32)
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			size := f.log.add(1)
			cp, err := w.Cover(b.Context(), size-1)
			if err == nil {
				_, err = w.Prove(size-1, cp.Size)
			}
			if err != nil {
				b.Error(err)
				return
			}
		}
	})
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "entries/s")
}
