package main

import (
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"testing"

	"github.com/sijil/sijil/internal/trillianlog"
	"github.com/sijil/sijil/keys"
)

// running is the whole service in this process, behind HTTP on loopback.
type running struct {
	data string
	key  *keys.LogKey
	url  string
	http *http.Client
}

func newRunning(t testing.TB, o serveOptions, h slog.Handler) *running {
	t.Helper()
	trillianlog.RouteKlog(slog.DiscardHandler)
	o.data = filepath.Join(t.TempDir(), "data")
	key, err := initialise(t.Context(), initOptions{data: o.data, url: "http://localhost"})
	check(t, err)
	return serveData(t, o, key, h)
}

// newRunningHere is a service that knows the very address at which it is, as browsers ask
// of one that takes passkeys.
func newRunningHere(t testing.TB, o serveOptions, h slog.Handler) *running {
	t.Helper()
	trillianlog.RouteKlog(slog.DiscardHandler)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	check(t, err)
	address := fmt.Sprintf("http://localhost:%d", l.Addr().(*net.TCPAddr).Port)
	o.data = filepath.Join(t.TempDir(), "data")
	key, err := initialise(t.Context(), initOptions{data: o.data, url: address})
	check(t, err)
	s, err := open(t.Context(), o, slog.New(h))
	check(t, err)
	server := httptest.NewUnstartedServer(s.handler)
	check(t, server.Listener.Close())
	server.Listener = l
	server.Start()
	t.Cleanup(func() {
		server.Close()
		check(t, s.Close())
	})
	return &running{data: o.data, key: key, url: address, http: &http.Client{}}
}

// serveData opens a data folder that is there.
func serveData(t testing.TB, o serveOptions, key *keys.LogKey, h slog.Handler) *running {
	t.Helper()
	s, err := open(t.Context(), o, slog.New(h))
	check(t, err)
	server := httptest.NewServer(s.handler)
	t.Cleanup(func() {
		server.Close()
		check(t, s.Close())
	})
	return &running{data: o.data, key: key, url: server.URL,
		http: &http.Client{Transport: &http.Transport{MaxIdleConns: 2048, MaxIdleConnsPerHost: 2048}}}
}
