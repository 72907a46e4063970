package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sijil/sijil/internal/remote"
	"github.com/sijil/sijil/internal/signatory"
	"github.com/sijil/sijil/log"
	"github.com/sijil/sijil/log/client"
)

// load is several authors, each with a publication of its own, and a guest at the door,
// who send each thing to one front end after the other until somebody has acknowledged it,
// and somebody who reads every checkpoint that is shown.
type load struct {
	t       *testing.T
	ledger  *ledger
	http    *http.Client
	mu      sync.RWMutex
	urls    []string
	writers []*writer
	all     []scribe
	acked   atomic.Int64
	again   atomic.Int64 // how often something was sent again
	longest atomic.Int64 // that an acknowledgement took, in nanoseconds
}

const (
	// impatience is how long a client waits for one front end before it asks another.
	impatience = 5 * time.Second
	// patience is how long it goes on doing so.
	patience = 2 * time.Minute
)

// newLoad makes n publications.
func newLoad(r *rig, f *fault, n int, fronts []*process) *load {
	r.t.Helper()
	l := &load{t: r.t, ledger: newLedger(r.t, f, r.key), http: &http.Client{Transport: &http.Transport{}, Timeout: impatience}}
	r.t.Cleanup(l.http.CloseIdleConnections)
	for _, p := range fronts {
		l.urls = append(l.urls, p.url)
	}
	for i := range n {
		s := &running{data: r.data, key: r.key, url: fronts[i%len(fronts)].url, http: httpClient}
		w := s.writer(r.t, i)
		l.writers = append(l.writers, w)
		l.all = append(l.all, &author{w: w, title: w.slug})
	}
	l.all = append(l.all, &knocker{g: newGuest(r.t), name: "guest"})
	return l
}

// moved says that a front end is at another address now.
func (l *load) moved(i int, p *process) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.urls[i] = p.url
}

// deliver sends what is due until it is acknowledged.
func (l *load) deliver(s scribe) error {
	begun := time.Now()
	var err error
	for time.Since(begun) < patience {
		l.mu.RLock()
		url := l.urls[rand.IntN(len(l.urls))]
		l.mu.RUnlock()
		if err = s.send(l.t, url, l.http, l.ledger); err == nil {
			l.acked.Add(1)
			if took := int64(time.Since(begun)); took > l.longest.Load() {
				l.longest.Store(took)
			}
			return nil
		}
		var answer *remote.Problem
		if errors.As(err, &answer) && answer.Status < 500 {
			l.ledger.f.wrong.Add(1)
			return err
		}
		l.again.Add(1)
		pause(context.Background(), 20*time.Millisecond)
	}
	return err
}

// begin has everybody send until the function that it returns is called.
func (l *load) begin() (end func()) {
	stop := make(chan struct{})
	var clients sync.WaitGroup
	for _, s := range l.all {
		clients.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				if err := l.deliver(s); err != nil {
					l.t.Errorf("%T: %v", s, err)
					return
				}
			}
		})
	}
	clients.Go(func() { l.watch(stop) })
	return func() {
		close(stop)
		clients.Wait()
	}
}

// watch notes each checkpoint that any front end shows.
func (l *load) watch(stop <-chan struct{}) {
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for i := 0; ; i++ {
		select {
		case <-stop:
			return
		case <-tick.C:
		}
		l.mu.RLock()
		url := l.urls[i%len(l.urls)]
		l.mu.RUnlock()
		src, err := client.NewHTTP(url, l.http)
		check(l.t, err)
		if note, err := src.Fetch(context.Background(), "api/v1/latest/checkpoint"); err == nil {
			l.ledger.tree(note)
		}
	}
}

// more waits until n more are acknowledged.
func (l *load) more(n int64) {
	l.t.Helper()
	want := l.acked.Load() + n
	wait(l.t, fmt.Sprintf("%d acknowledgements", want), func() bool { return l.acked.Load() >= want || l.t.Failed() })
}

// still waits until nothing has been acknowledged for a time.
func (l *load) still(d time.Duration) {
	l.t.Helper()
	last, since := l.acked.Load(), time.Now()
	wait(l.t, "a halt", func() bool {
		if now := l.acked.Load(); now != last {
			last, since = now, time.Now()
		}
		return time.Since(since) >= d || l.t.Failed()
	})
}

// complete requires that a front end serves all that was acknowledged, each once, and
// that an audit of what it serves finds nothing.
func (l *load) complete(url string) {
	l.t.Helper()
	for _, w := range l.writers {
		var got struct {
			Head     log.Digest
			Sequence int64
		}
		resp, err := httpClient.Get(url + "/api/v1/publications/" + w.slug) //nolint:noctx // the client has a timeout
		check(l.t, err)
		err = json.NewDecoder(resp.Body).Decode(&got)
		check(l.t, errors.Join(err, resp.Body.Close()))
		if got.Head != w.head || got.Sequence != w.sequence {
			l.t.Errorf("%s: %s ends with record %d, %s; acknowledged were %d, %s", url, w.slug, got.Sequence, got.Head, w.sequence, w.head)
			l.ledger.f.lost.Add(1)
		}
	}
	entries := l.ledger.settle(url)
	// However often it was sent: once. A genesis is not among what was counted.
	if want := l.acked.Load() + int64(len(l.writers)); entries != want {
		l.t.Errorf("%s: %d entries, want %d", url, entries, want)
		l.ledger.f.wrong.Add(1)
	}
}

// finish requires it of all front ends.
func (l *load) finish(fronts []*process) {
	l.t.Helper()
	for _, p := range fronts {
		if !l.t.Failed() { // else there is nothing to compare with
			l.complete(p.url)
		}
	}
}

// said is what came of it, for a row of the table.
func (l *load) said() string {
	l.ledger.mu.Lock()
	trees := len(l.ledger.trees)
	l.ledger.mu.Unlock()
	return fmt.Sprintf("%d acknowledged, the slowest after %v; %d answers lost or refused on the way; %d signed trees seen",
		l.acked.Load(), time.Duration(l.longest.Load()).Round(100*time.Millisecond), l.again.Load(), trees)
}

// try1 sends one record once.
func (l *load) try1(url string) error {
	w := l.writers[0]
	v := w.sign(l.t, "Title\n\nText.\n")
	_, err := remote.New(url, httpClient).Submit(context.Background(), w.slug, v.bundle, v.texts, []signatory.Disclosure{})
	return err
}
