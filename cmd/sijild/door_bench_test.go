package main

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/sijil/sijil/internal/publish"
)

// BenchmarkDoor writes signed entries through HTTP with 1, 64 and 1,024 clients.
// With SIJIL_REKOR, the path of rekor-tiles' POSIX server, it does the same with
// that one, as a yardstick in the same run (`make bench-door`).
func BenchmarkDoor(b *testing.B) {
	for _, clients := range []int{1, 64, 1024} {
		b.Run(fmt.Sprintf("clients=%d", clients), func(b *testing.B) {
			s := newRunning(b, serveOptions{noLimits: true, door: publish.DoorOpen}, slog.DiscardHandler)
			bodies := signedRequests(b, b.N+clients)
			knockAll(b, s.http, s.url, clients, bodies[b.N:]) // connections, and the guest's key
			b.ResetTimer()
			start := time.Now()
			took := knockAll(b, s.http, s.url, clients, bodies[:b.N])
			rate := float64(b.N) / time.Since(start).Seconds()
			b.StopTimer()
			b.ReportMetric(rate, "entries/s")
			b.ReportMetric(ms(median(took)), "p50-ms")
			b.ReportMetric(ms(percentile(took, 99)), "p99-ms")
			if server := os.Getenv("SIJIL_REKOR"); server != "" {
				theirs, theirTook := rekorRate(b, server, clients)
				b.ReportMetric(theirs, "rekor-entries/s")
				b.ReportMetric(ms(median(theirTook)), "rekor-p50-ms")
				b.ReportMetric(rate/theirs, "times-rekor")
			}
		})
	}
}

// signedRequests signs n messages with one key, on all cores.
func signedRequests(b *testing.B, n int) [][]byte {
	b.Helper()
	g := newGuest(b)
	out := make([][]byte, n)
	var wg sync.WaitGroup
	workers := runtime.GOMAXPROCS(0)
	for w := range workers {
		wg.Go(func() {
			for i := w; i < n; i += workers {
				out[i] = g.request(fmt.Sprintf("message %d of %p", i, g))
			}
		})
	}
	wg.Wait()
	return out
}

func knockAll(b *testing.B, c *http.Client, url string, clients int, bodies [][]byte) []time.Duration {
	b.Helper()
	return spread(clients, len(bodies), func(_, n int) time.Duration {
		start := time.Now()
		res, err := c.Post(url+"/api/v2/log/entries", "application/json", bytes.NewReader(bodies[n]))
		if err != nil {
			b.Error(err)
			return 0
		}
		defer res.Body.Close()
		answer, err := io.ReadAll(res.Body)
		if err != nil || res.StatusCode != http.StatusCreated {
			b.Errorf("answer %d %.200s, %v", res.StatusCode, answer, err)
		}
		return time.Since(start)
	})
}

// rekorRate runs rekor-tiles' POSIX server, with checkpoints every second (the
// least that it takes) and its own defaults otherwise.
func rekorRate(b *testing.B, server string, clients int) (float64, []time.Duration) {
	b.Helper()
	dir := b.TempDir()
	_, key, err := ed25519.GenerateKey(rand.Reader)
	check(b, err)
	der, err := x509.MarshalPKCS8PrivateKey(key)
	check(b, err)
	keyPath := filepath.Join(dir, "key.pem")
	check(b, os.WriteFile(keyPath, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), 0o600))
	ports := freePorts(b, 3)
	ctx, cancel := context.WithCancel(context.Background())
	cmd := exec.CommandContext(ctx, server, "serve", "--hostname", "localhost", "--signer-filepath", keyPath, "--storage-dir", filepath.Join(dir, "log"),
		"--http-port", ports[0], "--grpc-port", ports[1], "--http-metrics-port", ports[2], "--checkpoint-interval", "1s", "--log-level", "error")
	var said bytes.Buffer
	cmd.Stderr = &said
	check(b, cmd.Start())
	defer func() {
		cancel()
		_ = cmd.Wait() // it was killed
	}()
	url := "http://127.0.0.1:" + ports[0]
	client := &http.Client{Transport: &http.Transport{MaxIdleConns: 2048, MaxIdleConnsPerHost: 2048}}
	awaitHTTP(b, url+"/healthz", &said)
	bodies := signedRequests(b, clients*4)
	knockAll(b, client, url, clients, bodies[:clients])
	start := time.Now()
	took := knockAll(b, client, url, clients, bodies[clients:])
	return float64(3*clients) / time.Since(start).Seconds(), took
}

func freePorts(b testing.TB, n int) []string {
	b.Helper()
	var out []string
	for range n {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		check(b, err)
		defer l.Close()
		out = append(out, strconv.Itoa(l.Addr().(*net.TCPAddr).Port))
	}
	return out
}

// awaitHTTP waits until an address answers at all.
func awaitHTTP(b testing.TB, url string, said *bytes.Buffer) {
	b.Helper()
	deadline := time.Now().Add(30 * time.Second)
	for tick := time.NewTicker(20 * time.Millisecond); ; <-tick.C {
		res, err := http.Get(url)
		if err == nil {
			res.Body.Close()
			return
		}
		if time.Now().After(deadline) {
			b.Fatalf("the server does not answer: %v; it said %s", err, said.String())
		}
	}
}
