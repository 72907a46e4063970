package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sijil/sijil/internal/audit"
	"github.com/sijil/sijil/internal/remote"
	"github.com/sijil/sijil/internal/signatory"
	"github.com/sijil/sijil/keys"
	"github.com/sijil/sijil/log"
	"github.com/sijil/sijil/log/client"
)

// load is several writers, each with a publication of its own, who send each record to
// one front end after the other until somebody has acknowledged it.
type load struct {
	t       *testing.T
	mu      sync.RWMutex
	urls    []string
	writers []*writer
	acked   atomic.Int64
	again   atomic.Int64 // how often a record was sent again
	longest atomic.Int64 // that a record took, in nanoseconds
}

func (l *load) try(f func(c *remote.Client) error) error {
	begun := time.Now()
	var err error
	for time.Since(begun) < 2*time.Minute {
		l.mu.RLock()
		url := l.urls[rand.IntN(len(l.urls))]
		l.mu.RUnlock()
		if err = f(remote.New(url, httpClient)); err == nil {
			l.acked.Add(1)
			if took := int64(time.Since(begun)); took > l.longest.Load() {
				l.longest.Store(took)
			}
			return nil
		}
		l.again.Add(1)
		pause(context.Background(), 20*time.Millisecond)
	}
	return err
}

func newLoad(r *rig, n int, fronts []*process) *load {
	r.t.Helper()
	l := &load{t: r.t}
	for _, p := range fronts {
		l.urls = append(l.urls, p.url)
	}
	for i := range n {
		s := &running{data: r.data, key: r.key, url: fronts[i%len(fronts)].url, http: httpClient}
		l.writers = append(l.writers, s.writer(r.t, i))
	}
	return l
}

// run publishes until stop is closed.
func (l *load) run(stop <-chan struct{}) {
	var wg sync.WaitGroup
	for i, w := range l.writers {
		wg.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				v := w.sign(l.t, fmt.Sprintf("Title\n\nParagraph %d of writer %d.\n", w.sequence, i))
				err := l.try(func(c *remote.Client) error {
					_, err := c.Submit(context.Background(), w.slug, v.bundle, v.texts, []signatory.Disclosure{})
					return err
				})
				if err != nil {
					l.t.Errorf("writer %d, record %d: %v", i, w.sequence+1, err)
					return
				}
				w.head, w.sequence = v.digest, w.sequence+1
			}
		})
	}
	wg.Wait()
}

// more waits until n more records are acknowledged.
func (l *load) more(n int64) {
	l.t.Helper()
	want := l.acked.Load() + n
	wait(l.t, fmt.Sprintf("%d acknowledged records", want), func() bool { return l.acked.Load() >= want || l.t.Failed() })
}

// complete requires that a front end serves all that was acknowledged, and that an
// audit of what it serves finds nothing.
func (l *load) complete(url string) (entries int64) {
	l.t.Helper()
	for _, w := range l.writers {
		var got struct {
			Head     log.Digest
			Sequence int64
		}
		resp, err := httpClient.Get(url + "/api/v1/publications/" + w.slug)
		check(l.t, err)
		err = json.NewDecoder(resp.Body).Decode(&got)
		check(l.t, errors.Join(err, resp.Body.Close()))
		if got.Head != w.head || got.Sequence != w.sequence {
			l.t.Errorf("%s: %s ends with record %d, %s; acknowledged were %d, %s", url, w.slug, got.Sequence, got.Head, w.sequence, w.head)
		}
	}
	src, err := client.NewHTTP(url, httpClient)
	check(l.t, err)
	b, err := src.Fetch(l.t.Context(), "api/v1/trust.json")
	check(l.t, err)
	trust, err := keys.ParseTrust(b)
	check(l.t, err)
	got, err := audit.Run(l.t.Context(), src, audit.Options{Trust: trust})
	check(l.t, err)
	if got.Report.Outcome != audit.Clean {
		l.t.Errorf("audit of %s: %+v", url, got.Report)
	}
	return got.Report.TreeSize
}

// try1 sends one record once.
func (l *load) try1(url string) error {
	w := l.writers[0]
	v := w.sign(l.t, "Title\n\nText.\n")
	_, err := remote.New(url, httpClient).Submit(context.Background(), w.slug, v.bundle, v.texts, []signatory.Disclosure{})
	return err
}
