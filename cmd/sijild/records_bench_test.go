package main

import (
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"syscall"
	"testing"
	"time"

	"github.com/sijil/sijil/internal/logtest"
	"github.com/sijil/sijil/internal/remote"
	"github.com/sijil/sijil/keys"
)

// BenchmarkRecords holds N records about list entries, ten about each entry of publications
// with 1,000: how long sijild takes to start with them, what it needs to tell how each entry
// is known, and its memory, each time beside the processor time of verifying N signatures.
func BenchmarkRecords(b *testing.B) {
	const entries, each = 1000, 10
	n := setting(b, "SIJIL_RECORDS_N", 2_000)
	data, slugs := records(b, n, entries, each)
	bare := verificationTime(b) * time.Duration(n)
	b.ResetTimer()
	begun := time.Now()
	s := startProcess(b, data)
	b.ReportMetric(ms(time.Since(begun)), "start-ms")
	b.StopTimer()
	pid := s.cmd.Process.Pid
	b.ReportMetric(ms(cpuOf(b, pid)), "start-cpu-ms")
	b.ReportMetric(ms(bare), "bare-cpu-ms")
	b.ReportMetric(statusOf(b, pid, "VmRSS"), "started-MB")
	standings := func(slug string) time.Duration {
		begun := time.Now()
		res, err := http.Get(s.url + "/api/v1/publications/" + slug + "/versions/1/endorsements.json") //nolint:noctx // a test's own server
		check(b, err)
		defer res.Body.Close()
		body, err := io.ReadAll(res.Body)
		check(b, err)
		if res.StatusCode != http.StatusOK || len(body) < 100*entries {
			b.Fatalf("standings of %s: %d %.200s", slug, res.StatusCode, body)
		}
		return time.Since(begun)
	}
	var first, again []time.Duration
	before := cpuOf(b, pid)
	for _, slug := range slugs {
		first = append(first, standings(slug))
	}
	b.ReportMetric(ms(cpuOf(b, pid)-before)/float64(len(slugs)), "first-cpu-ms")
	for range 5 {
		again = append(again, standings(slugs[len(slugs)-1]))
	}
	b.ReportMetric(ms(median(first)), "first-p50-ms")
	b.ReportMetric(ms(median(again)), "again-p50-ms")
	b.ReportMetric(statusOf(b, pid, "VmRSS"), "used-MB")
	b.ReportMetric(statusOf(b, pid, "VmHWM"), "peak-MB")
	s.stop(syscall.SIGTERM)
}

// records makes a folder with n claims, and returns the slugs of its publications.
// SIJIL_RECORDS_DATA names a folder that is kept, and used when it is there.
func records(b *testing.B, n, entries, each int) (data string, slugs []string) {
	b.Helper()
	publications := (n + entries*each - 1) / (entries * each)
	for i := range publications {
		slugs = append(slugs, fmt.Sprintf("river-%d", i))
	}
	kept := os.Getenv("SIJIL_RECORDS_DATA")
	if _, err := os.Stat(kept); err == nil {
		return kept, slugs
	}
	data, key := newData(b)
	service, err := open(b.Context(), serveOptions{data: data, noLimits: true}, slog.New(slog.DiscardHandler))
	check(b, err)
	h := httptest.NewServer(service.handler)
	var signers []*keys.Signer
	for range each {
		signers = append(signers, logtest.NewSigner(b))
	}
	server := remote.New(h.URL, &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 64}})
	for i, slug := range slugs {
		x := newElectorate(b, h.URL, data, key, slug, entries)
		spread(64, min(entries*each, n-i*entries*each), func(_, k int) time.Duration {
			entry, signer := k%entries, signers[k/entries]
			bundle, err := x.endorse(signer, entry, k).Marshal()
			if err == nil {
				_, err = server.Claim(b.Context(), slug, bundle, signer.Public().SPKI(), x.invite(entry))
			}
			if err != nil {
				b.Error(err)
			}
			return 0
		})
	}
	h.Close()
	check(b, service.Close())
	if kept == "" {
		return data, slugs
	}
	check(b, os.Rename(data, kept))
	return kept, slugs
}
