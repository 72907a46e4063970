package main

import (
	"flag"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/http/httptest"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sijil/sijil/internal/publish"
)

var faultJumps = flag.Int("fault-jumps", 20, "how often TestFaultClock sets the clock")

// TestFaultClock sets the service's clock forth and back by up to ten years, while it runs
// and between its runs. The log goes on, and readers are shown what the witness has
// cosigned, whatever the time is said to be.
func TestFaultClock(t *testing.T) {
	f := newFault(t, "the clock jumps by up to ten years")
	data, key := newData(t)
	o := newOverseer(t, key)
	policy := filepath.Join(t.TempDir(), "policy")
	check(t, os.WriteFile(policy, []byte(o.line), 0o644))
	_, err := setPolicy(t.Context(), data, "", policy)
	check(t, err)
	var off atomic.Int64
	options := serveOptions{data: data, noLimits: true, door: publish.DoorOpen, now: func() time.Time { return time.Now().Add(time.Duration(off.Load())) }}
	l := newLedger(t, f, key)
	author, guest := newNewcomer(t, &running{data: data, key: key, http: httpClient}, "river"), &knocker{g: newGuest(t), name: "guest"}
	const run = 5
	for left := *faultJumps; left > 0; left -= run {
		s, err := open(t.Context(), options, slog.New(slog.DiscardHandler))
		if err != nil {
			t.Fatalf("start at %s: %v", options.now(), err)
		}
		h := httptest.NewServer(s.handler)
		for range min(left, run) {
			f.rounds.Add(1)
			for _, who := range []scribe{author, author, guest} {
				if err := who.send(t, h.URL, httpClient, l); err != nil {
					t.Fatalf("at %s: %v", options.now(), err)
				}
			}
			shown(t, s, int64(s.tiles.Latest().Size))
			off.Store(rand.Int64N(int64(20*365*24*time.Hour)) - int64(10*365*24*time.Hour))
		}
		l.settle(h.URL)
		h.Close()
		check(t, s.Close())
		f.sound(t, data)
	}
	if o.fork {
		t.Error("the witness was shown a fork")
		f.forked.Add(1)
	}
	f.note = fmt.Sprintf("with a witness and %d starts; three entries after each", (*faultJumps+run-1)/run)
}
