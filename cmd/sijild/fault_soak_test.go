package main

import (
	"cmp"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"golang.org/x/time/rate"

	"github.com/sijil/sijil/internal/logtest"
)

var faultSoak = flag.Duration("fault-soak", time.Minute, "how long TestFaultSoak runs")

// soakClients is how many requests of a soak are on their way at most.
const soakClients = 16

// TestFaultSoak has the service at half of what it can do, for long: readers who verify
// copies, fetch tiles and pages, guests at the door, publishers. No request fails, and
// memory and goroutines stay level.
func TestFaultSoak(t *testing.T) {
	if testing.Short() {
		t.Skip("takes a minute")
	}
	f := newFault(t, "soak at half load")
	k := newSoak(t, f)
	var seen []vitals
	const parts, samples = 12, 5 // in each part
	part := *faultSoak / parts
	full := 0.0
	for range parts {
		// What the service can do is measured again: the machine may have other work.
		n, began := k.served.Load(), time.Now()
		k.drive(rate.Inf, part/20)
		can := float64(k.served.Load()-n) / time.Since(began).Seconds()
		full += can / parts
		k.measured(func() {
			for range samples {
				k.drive(rate.Limit(can/2), part*19/20/samples)
				seen = append(seen, k.vitals())
			}
		})
	}
	early, late := middle(seen[len(seen)/4:len(seen)/2]), middle(seen[len(seen)*3/4:])
	f.rounds.Store(int64(len(k.took)))
	f.note = fmt.Sprintf("%s at %.0f requests/s on average, of which %d entries; p50 %.1f ms, p99 %.1f ms; live heap %.0f MiB in the second quarter, %.0f MiB in the last; resident %.0f and %.0f MiB; goroutines %d and %d",
		*faultSoak, full/2, late.entries-seen[0].entries, ms(median(k.took)), ms(percentile(k.took, 99)), early.heap/(1<<20), late.heap/(1<<20), early.resident/(1<<20), late.resident/(1<<20), early.goroutines, late.goroutines)
	// What is kept in memory of each entry and record is no leak.
	const perEntry = 8 << 10
	allowed := 0.15*early.heap + perEntry*float64(late.entries-early.entries)
	if late.heap-early.heap > allowed {
		t.Errorf("the live heap grew by %.0f KiB, %.0f are allowed", (late.heap-early.heap)/1024, allowed/1024)
	}
	if late.goroutines > early.goroutines+2*soakClients {
		t.Errorf("%d goroutines, before %d", late.goroutines, early.goroutines)
	}
	k.ledger.settle(k.p.url)
	k.p.stop(syscall.SIGTERM)
	f.sound(t, k.s.data)
}

// soak is a service under a steady mix of requests.
type soak struct {
	t       *testing.T
	f       *fault
	s       *running
	p       *process
	ledger  *ledger
	http    *http.Client
	genuine string // a published text

	scribes chan scribe
	born    atomic.Int64
	served  atomic.Int64
	keep    bool // set while nothing is sent
	mu      sync.Mutex
	took    []time.Duration
}

func newSoak(t *testing.T, f *fault) *soak {
	t.Helper()
	data, key := newData(t)
	p := startMeasured(t, data)
	h := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: soakClients}, Timeout: time.Minute}
	k := &soak{t: t, f: f, s: &running{data: data, key: key, url: p.url, http: h}, p: p, ledger: newLedger(t, f, key), http: h,
		scribes: make(chan scribe, 2*soakClients), genuine: logtest.River()[0].Texts["en"]}
	k.s.writer(t, 0).publish(t, k.genuine)
	for i := range soakClients {
		k.scribes <- &knocker{g: newGuest(t), name: fmt.Sprint("guest ", i)}
		k.scribes <- k.newAuthor()
	}
	return k
}

func (k *soak) newAuthor() scribe {
	return newNewcomer(k.t, k.s, fmt.Sprintf("author-%06d", k.born.Add(1)))
}

// measured keeps how long the requests took that f sends.
func (k *soak) measured(f func()) {
	k.keep = true
	f()
	k.keep = false
}

// drive sends requests at a rate for a time.
func (k *soak) drive(limit rate.Limit, d time.Duration) {
	k.t.Helper()
	pace := rate.NewLimiter(limit, soakClients)
	end := time.Now().Add(d)
	var working sync.WaitGroup
	for range soakClients {
		working.Go(func() {
			for time.Now().Before(end) && k.f.wrong.Load() < 10 && pace.Wait(k.t.Context()) == nil {
				began := time.Now()
				if err := k.request(k.served.Add(1)); err != nil {
					k.t.Errorf("%v", err)
					k.f.wrong.Add(1)
				}
				if k.keep {
					k.mu.Lock()
					k.took = append(k.took, time.Since(began))
					k.mu.Unlock()
				}
			}
		})
	}
	working.Wait()
}

// request is the n-th: of 100, 60 verify a copy, 30 read, 5 read a page, 5 write.
func (k *soak) request(n int64) error {
	switch n %= 100; {
	case n%20 == 7: // an entry or a record
		s := <-k.scribes
		err := s.send(k.t, k.s.url, k.http, k.ledger)
		if a, ok := s.(*newcomer); ok && a.w.sequence >= 20 {
			s = k.newAuthor()
		}
		k.scribes <- s
		return err
	case n%20 == 9:
		return k.read("/en/")
	case n%20 < 6:
		return k.read([]string{"/checkpoint", "/tile/entries/000.p/2", "/api/v1/latest/checkpoint"}[n%3])
	case n%20 < 12:
		return k.verify(k.genuine, "identical")
	case n%20 < 16:
		return k.verify(strings.Replace(k.genuine, "seven", "nine", 1), "altered")
	}
	return k.verify("Nobody has ever published these words in a declaration of any kind.", "unknown")
}

func (k *soak) read(path string) error {
	res, err := k.http.Get(k.s.url + path) //nolint:noctx // the client has a timeout
	if err != nil {
		return err
	}
	_, err = io.Copy(io.Discard, res.Body)
	if err = errors.Join(err, res.Body.Close()); err == nil && res.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s: answer %d", path, res.StatusCode)
	}
	return err
}

func (k *soak) verify(text, want string) error { return verdictIs(k.http, k.s.url, text, want) }

// verdictIs asks the service for a verdict.
func verdictIs(h *http.Client, url, text, want string) error {
	res, err := h.Post(url+"/api/v1/verify", "text/plain; charset=utf-8", strings.NewReader(text)) //nolint:noctx // the client has a timeout
	if err != nil {
		return err
	}
	b, err := io.ReadAll(res.Body)
	var v struct{ Verdict string }
	if err = errors.Join(err, res.Body.Close()); err == nil {
		err = json.Unmarshal(b, &v)
	}
	if err == nil && v.Verdict != want {
		err = fmt.Errorf("verdict %q (answer %d %.200s), want %q", v.Verdict, res.StatusCode, b, want)
	}
	return err
}

// vitals are what the metrics say of the process.
type vitals struct {
	heap, resident float64 // bytes; heap is what the last collection left
	goroutines     int
	entries        int
}

func (k *soak) vitals() vitals {
	all := k.p.numbers()
	value := func(name string) float64 {
		v, ok := all[name]
		if !ok {
			k.t.Errorf("there is no %s", name)
		}
		return v
	}
	// The next collection begins at twice what the last one left.
	return vitals{value("go_memstats_next_gc_bytes") / 2, value("process_resident_memory_bytes"), int(value("go_goroutines")), int(value(`sijil_log_entries{view="latest"}`))}
}

// middle takes the median of each.
func middle(all []vitals) vitals {
	return vitals{medianOf(all, func(v vitals) float64 { return v.heap }), medianOf(all, func(v vitals) float64 { return v.resident }),
		medianOf(all, func(v vitals) int { return v.goroutines }), medianOf(all, func(v vitals) int { return v.entries })}
}

func medianOf[V cmp.Ordered](all []vitals, of func(vitals) V) V {
	var out []V
	for _, v := range all {
		out = append(out, of(v))
	}
	slices.Sort(out)
	return out[len(out)/2]
}
