package tilewriter

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"
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

// 100,000 entries, as after a bulk import: from the log to durable tiles under a
// signed checkpoint, beside writing the same bytes to one file and syncing it.
func BenchmarkExport(b *testing.B) {
	const entries = 100_000
	for b.Loop() {
		b.StopTimer()
		f := newFixture(b)
		w := f.open()
		f.log.add(entries)
		var all []byte
		for _, leaf := range f.log.leaves {
			all = append(all, leaf...)
		}
		b.StartTimer()
		start := time.Now()
		if _, err := w.Advance(b.Context()); err != nil {
			b.Fatal(err)
		}
		took := time.Since(start)
		b.StopTimer()
		start = time.Now()
		file, err := os.Create(filepath.Join(b.TempDir(), "all"))
		if err != nil {
			b.Fatal(err)
		}
		if _, err := file.Write(all); err != nil {
			b.Fatal(err)
		}
		if err := errors.Join(file.Sync(), file.Close()); err != nil {
			b.Fatal(err)
		}
		plain := time.Since(start)
		b.ReportMetric(entries/took.Seconds(), "entries/s")
		b.ReportMetric(took.Seconds()/plain.Seconds(), "of-one-file")
		f.close(w)
		b.StartTimer()
	}
}
