package main

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/sijil/sijil/internal/endorsement"
	"github.com/sijil/sijil/internal/evidence"
	"github.com/sijil/sijil/internal/jcs"
	"github.com/sijil/sijil/keys"
	"github.com/sijil/sijil/log"
)

// BenchmarkEndorse hands in endorsements under enrolled keys through HTTP, by 1, 64 and
// 256 clients, beside two yardsticks in the same run: bare ECDSA P-256 verification on all
// processors, and a service that reads the same requests, verifies their signatures,
// answers, and does nothing else.
func BenchmarkEndorse(b *testing.B) {
	for _, clients := range []int{1, 64, 256} {
		b.Run(fmt.Sprintf("clients=%d", clients), func(b *testing.B) {
			const each = 60 // of one key, of the 64 that are taken
			e := newEnrolled(b, max(clients, (b.N+clients)/each+1))
			bodies := e.bodies(b, b.N+clients)
			claimAll(b, e.s, clients, bodies[b.N:]) // connections
			b.ResetTimer()
			start, before := time.Now(), cpuOf(b, os.Getpid())
			took := claimAll(b, e.s, clients, bodies[:b.N])
			rate := float64(b.N) / time.Since(start).Seconds()
			worked := cpuOf(b, os.Getpid()) - before
			b.StopTimer()
			before = cpuOf(b, os.Getpid())
			bare := verificationRate(b)
			floor := (cpuOf(b, os.Getpid()) - before) / time.Duration(10_000*runtime.GOMAXPROCS(0))
			b.ReportMetric(float64(worked.Microseconds())/float64(b.N), "cpu-µs/endorsement")
			b.ReportMetric(float64(floor.Microseconds()), "cpu-µs/verification")
			b.ReportMetric(rate, "endorsements/s")
			b.ReportMetric(ms(median(took)), "p50-ms")
			b.ReportMetric(ms(percentile(took, 99)), "p99-ms")
			b.ReportMetric(bare, "verifications/s")
			b.ReportMetric(rate/bare, "of-bare")
			least := httptest.NewServer(http.HandlerFunc(verifyAndForget))
			defer least.Close()
			claimAll(b, &running{url: least.URL, http: e.s.http}, clients, bodies[b.N:]) // connections
			start, before = time.Now(), cpuOf(b, os.Getpid())
			claimAll(b, &running{url: least.URL, http: e.s.http}, clients, bodies[:b.N])
			b.ReportMetric(float64(b.N)/time.Since(start).Seconds(), "least/s")
			b.ReportMetric(float64((cpuOf(b, os.Getpid())-before).Microseconds())/float64(b.N), "cpu-µs/least")
		})
	}
}

// verifyAndForget is the least that a service can do for a claim.
func verifyAndForget(w http.ResponseWriter, r *http.Request) {
	var in struct {
		Bundle json.RawMessage `json:"bundle"`
		Key    []byte          `json:"key"`
	}
	err := json.NewDecoder(r.Body).Decode(&in)
	var bundle *log.Bundle
	var key *keys.PublicKey
	if err == nil {
		bundle, err = log.ParseBundle(in.Bundle)
	}
	if err == nil {
		key, err = keys.ParsePublicKey(in.Key)
	}
	if err == nil {
		_, err = bundle.VerifySignature(key.ECDSA())
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(in.Bundle) // a benchmark's own client
}

// BenchmarkReadEndorsements reads 1,000 endorsements, each with its proof, in the parts that
// they come in: first under a new checkpoint, then again.
func BenchmarkReadEndorsements(b *testing.B) {
	e := newEnrolled(b, 20)
	claimAll(b, e.s, 64, e.bodies(b, 1000))
	read := func(b *testing.B) {
		size := 0
		for n, full := 1, true; full; n++ {
			res, err := e.s.http.Get(e.s.url + "/" + evidence.Layout{}.Endorsements("river", n))
			check(b, err)
			doc, err := io.ReadAll(res.Body)
			check(b, err)
			check(b, res.Body.Close())
			size += len(doc)
			full, err = endorsement.Full(doc, endorsement.PartRecords)
			check(b, err)
		}
		b.SetBytes(int64(size))
	}
	more := e.bodies(b, b.N+1100)[1000:]
	b.Run("new", func(b *testing.B) {
		for i := range b.N {
			b.StopTimer()
			claimAll(b, e.s, 1, more[i%len(more):i%len(more)+1])
			b.StartTimer()
			read(b)
		}
	})
	b.Run("again", func(b *testing.B) {
		for range b.N {
			read(b)
		}
	})
}

// bodies signs n requests, on all processors.
func (e *enrolled) bodies(b *testing.B, n int) [][]byte {
	b.Helper()
	out := make([][]byte, n)
	var wg sync.WaitGroup
	workers := runtime.GOMAXPROCS(0)
	for w := range workers {
		wg.Go(func() {
			for i := w; i < n; i += workers {
				k := i % len(e.signers)
				bundle, err := e.endorse(e.signers[k], k, i).Marshal()
				if err != nil {
					b.Error(err)
					return
				}
				out[i], err = jcs.Marshal(map[string]any{"bundle": rawBundle(bundle), "key": e.signers[k].Public().SPKI()})
				if err != nil {
					b.Error(err)
				}
			}
		})
	}
	wg.Wait()
	return out
}

type rawBundle []byte

func (r rawBundle) MarshalJSON() ([]byte, error) { return r, nil }

func claimAll(b *testing.B, s *running, clients int, bodies [][]byte) []time.Duration {
	b.Helper()
	return spread(clients, len(bodies), func(_, n int) time.Duration {
		start := time.Now()
		res, err := s.http.Post(s.url+"/api/v1/publications/river/claims", "application/json", bytes.NewReader(bodies[n]))
		if err != nil {
			b.Error(err)
			return 0
		}
		defer res.Body.Close()
		answer, err := io.ReadAll(res.Body)
		if err != nil || res.StatusCode != http.StatusCreated && res.StatusCode != http.StatusOK {
			b.Errorf("answer %d %.200s, %v", res.StatusCode, answer, err)
		}
		return time.Since(start)
	})
}

// verificationRate is how many ECDSA P-256 signatures all processors verify in a second.
func verificationRate(b *testing.B) float64 {
	b.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	check(b, err)
	digest := sha256.Sum256([]byte("x"))
	sig, err := ecdsa.SignASN1(rand.Reader, key, digest[:])
	check(b, err)
	const each = 10_000
	workers := runtime.GOMAXPROCS(0)
	start := time.Now()
	var wg sync.WaitGroup
	for range workers {
		wg.Go(func() {
			for range each {
				if !ecdsa.VerifyASN1(&key.PublicKey, digest[:], sig) {
					b.Error("a signature does not verify")
				}
			}
		})
	}
	wg.Wait()
	return float64(workers*each) / time.Since(start).Seconds()
}
