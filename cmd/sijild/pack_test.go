package main

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/sijil/sijil/internal/site"
)

// packable is a service with one publication.
func packable(t *testing.T) *service {
	t.Helper()
	data, key := newData(t)
	s, err := open(t.Context(), serveOptions{data: data, noLimits: true}, slog.New(slog.DiscardHandler))
	check(t, err)
	h := httptest.NewServer(s.handler)
	t.Cleanup(func() {
		h.Close()
		check(t, s.Close())
	})
	newElectorate(t, h.URL, data, key, "river", 1)
	return s
}

// TestPackOneAtATime: many readers who ask for one archive at the same time have it made
// once, and others who leave while it is made do not wait.
func TestPackOneAtATime(t *testing.T) {
	s := packable(t)
	var running, most, heads atomic.Int64
	begun, release := make(chan struct{}), make(chan struct{})
	p := newPacker(s.uses, func() http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			most.Store(max(most.Load(), running.Add(1)))
			defer running.Add(-1)
			if strings.HasSuffix(r.URL.Path, "/head") && heads.Add(1) == 1 {
				close(begun)
				<-release
			}
			s.plain.ServeHTTP(w, r)
		})
	})
	var wg sync.WaitGroup
	ask := func() {
		wg.Go(func() {
			if b, err := p.pack(t.Context(), "river"); err != nil || len(b) == 0 {
				t.Errorf("%d bytes, %v", len(b), err)
			}
		})
	}
	ask()
	<-begun
	for range 8 {
		ask()
	}
	left, leave := context.WithCancel(t.Context())
	leave()
	if _, err := p.pack(left, "river"); !errors.Is(err, context.Canceled) {
		t.Errorf("who left: %v", err)
	}
	close(release)
	wg.Wait()
	if most.Load() != 1 || heads.Load() != 1 {
		t.Errorf("%d documents at a time, %d archives", most.Load(), heads.Load())
	}
}

// TestPackTooLarge: what is too large for an archive is not gathered, and the page says what
// to do instead.
func TestPackTooLarge(t *testing.T) {
	s := packable(t)
	p := newPacker(s.uses, func() http.Handler { return s.plain })
	p.most = 1 << 10
	if _, err := p.pack(t.Context(), "river"); !errors.Is(err, site.ErrPack) {
		t.Errorf("packed: %v", err)
	}
	pages, err := site.New(site.Config{Service: s.uses, Pack: p.pack, Logger: slog.New(slog.DiscardHandler)})
	check(t, err)
	w := httptest.NewRecorder()
	pages.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/p/river/evidence.zip", nil))
	if w.Code != http.StatusNotFound || !strings.Contains(w.Body.String(), "sijil export --publication river") {
		t.Errorf("the page: %d %s", w.Code, w.Body)
	}
	p.most = maxPack
	b, err := p.pack(t.Context(), "river")
	check(t, err)
	for _, slug := range []string{"other", "another"} {
		p.keep(slug, packed{zip: make([]byte, maxKept/2+1)})
	}
	size := 0
	for _, x := range p.kept {
		size += len(x.zip)
	}
	if size > maxKept || len(b) == 0 {
		t.Errorf("%d bytes are kept", size)
	}
}
