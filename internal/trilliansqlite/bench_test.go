package trilliansqlite_test

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/google/trillian/log"
	"github.com/google/trillian/quota"
	"github.com/google/trillian/storage/testonly"
	"github.com/google/trillian/util/clock"
)

// BenchmarkQueueAndIntegrate has callers that queue one leaf of 500 bytes at a
// time while a sequencer runs without pause, and ends when every leaf is
// integrated.
func BenchmarkQueueAndIntegrate(b *testing.B) {
	for _, callers := range []int{1, 64, 1024} {
		b.Run(fmt.Sprintf("callers=%d", callers), func(b *testing.B) {
			s := create(b)
			tree := newTree(b, s, testonly.LogTree)
			log.InitMetrics(nil)
			filler := fmt.Sprintf("%0500d", 0)
			var next atomic.Int64
			var wg sync.WaitGroup
			b.ResetTimer()
			for range callers {
				wg.Go(func() {
					for i := next.Add(1); i <= int64(b.N); i = next.Add(1) {
						if _, err := queue(s, tree, leaf(fmt.Sprint(filler, i))); err != nil {
							b.Error(err)
							return
						}
					}
				})
			}
			for done := 0; done < b.N && !b.Failed(); {
				n, err := log.IntegrateBatch(context.Background(), tree, 4096, 0, 0, clock.System, s.LogStorage(), quota.Noop())
				if err != nil {
					b.Fatal(err)
				}
				done += n
			}
			wg.Wait()
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "leaves/s")
		})
	}
}
