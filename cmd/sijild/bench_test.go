package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/transparency-dev/tessera"
	"github.com/transparency-dev/tessera/storage/posix"
	"golang.org/x/mod/sumdb/note"

	"github.com/sijil/sijil/internal/edition"
	"github.com/sijil/sijil/internal/logtest"
	"github.com/sijil/sijil/internal/remote"
	"github.com/sijil/sijil/internal/signatory"
	"github.com/sijil/sijil/internal/statement"
	"github.com/sijil/sijil/internal/text"
	"github.com/sijil/sijil/keys"
	"github.com/sijil/sijil/log"
)

// writer publishes version after version of a publication of its own.
type writer struct {
	s        *running
	signer   *keys.Signer
	slug     string
	genesis  log.Digest
	head     log.Digest
	sequence int64
	server   *remote.Client
}

func (s *running) writer(b testing.TB, i int) *writer {
	b.Helper()
	w, data, token := s.unborn(b, fmt.Sprintf("writer-%04d", i))
	_, err := w.server.Create(b.Context(), token, data)
	check(b, err)
	return w
}

// unborn prepares a publication: its signed genesis record and a token for it, not sent.
func (s *running) unborn(b testing.TB, slug string) (w *writer, bundle []byte, token string) {
	b.Helper()
	w = &writer{s: s, signer: logtest.NewSigner(b), slug: slug, server: remote.New(s.url, s.http)}
	bundle, token, digest := genesis(b, s.data, s.key, w.signer, w.slug)
	w.genesis, w.head = digest, digest
	return w, bundle, token
}

// publish publishes the next version with one text and no list, and returns how
// long the service took: from sending the signed record to its bundle in hand.
func (w *writer) publish(b testing.TB, body string) time.Duration {
	v := w.sign(b, body)
	start := time.Now()
	_, err := w.submit(b.Context(), v)
	took := time.Since(start)
	check(b, err)
	return took
}

// signedVersion is a version on its way.
type signedVersion struct {
	bundle []byte
	digest log.Digest
	texts  map[string][]byte
}

// sign makes the next version, with one text and no list.
func (w *writer) sign(b testing.TB, body string) signedVersion {
	b.Helper()
	file := []byte(body)
	t, err := edition.Digests("en", file)
	check(b, err)
	v := &statement.Version{
		Canonical: text.Edition, Issued: "2026-01-02T03:04:05Z", Log: statement.NameOf(w.s.key), Publication: w.genesis, Previous: w.head,
		Sequence: w.sequence + 1, Version: int(w.sequence + 1), Reason: "benchmark", Title: map[string]string{"en": w.slug},
		Signatories: statement.Commitments{Commitments: []string{}},
	}
	v.SetTexts([]statement.Text{t})
	payload, err := statement.Encode(v)
	check(b, err)
	bundle, err := w.signer.Sign(rand.Reader, payload)
	check(b, err)
	data, err := bundle.Marshal()
	check(b, err)
	return signedVersion{data, bundle.Envelope.Digest(), map[string][]byte{"en": file}}
}

// submit sends a version, which is the head when it was acknowledged.
func (w *writer) submit(ctx context.Context, v signedVersion) (*remote.Receipt, error) {
	r, err := w.server.Submit(ctx, w.slug, v.bundle, v.texts, []signatory.Disclosure{})
	if err == nil {
		w.head, w.sequence = v.digest, w.sequence+1
	}
	return r, err
}

// BenchmarkPublish measures a publish through HTTP, the log-signed bundle in
// hand, beside an awaited append to Tessera's POSIX log with the same number of
// writers, in the same run.
func BenchmarkPublish(b *testing.B) {
	for _, writers := range []int{1, 64} {
		b.Run(fmt.Sprintf("writers=%d", writers), func(b *testing.B) {
			s := newRunning(b, serveOptions{noLimits: true}, slog.DiscardHandler)
			all := make([]*writer, writers)
			for i := range all {
				all[i] = s.writer(b, i)
			}
			b.ResetTimer()
			start := time.Now()
			took := spread(writers, b.N, func(i, n int) time.Duration {
				return all[i].publish(b, fmt.Sprintf("Title %d\n\nOne paragraph of text, number %d.\n", i, n))
			})
			rate := float64(b.N) / time.Since(start).Seconds()
			b.StopTimer()
			theirs := tesseraAwaited(b, writers)
			b.ReportMetric(ms(median(took)), "p50-ms")
			b.ReportMetric(ms(percentile(took, 99)), "p99-ms")
			b.ReportMetric(rate, "publishes/s")
			b.ReportMetric(ms(median(theirs)), "tessera-p50-ms")
			b.ReportMetric(float64(median(took))/float64(median(theirs)), "of-tessera")
		})
	}
}

// tesseraInterval is how often the yardstick publishes a checkpoint: every
// second, as Rekor v2's servers do. Tessera's default is ten seconds.
const tesseraInterval = time.Second

// tesseraAwaited appends small entries to a Tessera POSIX log, waiting for each
// to be covered by a published checkpoint.
func tesseraAwaited(b *testing.B, writers int) []time.Duration {
	b.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	driver, err := posix.New(ctx, posix.Config{Path: b.TempDir()})
	check(b, err)
	skey, _, err := note.GenerateKey(rand.Reader, "tessera.example")
	check(b, err)
	signer, err := note.NewSigner(skey)
	check(b, err)
	appender, shutdown, reader, err := tessera.NewAppender(ctx, driver, tessera.NewAppendOptions().WithCheckpointSigner(signer).WithCheckpointInterval(tesseraInterval))
	check(b, err)
	defer func() { check(b, shutdown(ctx)) }()
	awaiter := tessera.NewPublicationAwaiter(ctx, reader.ReadCheckpoint, 10*time.Millisecond)
	return spread(writers, 5*writers, func(i, n int) time.Duration {
		start := time.Now()
		_, _, err := awaiter.Await(ctx, appender.Add(ctx, tessera.NewEntry(fmt.Appendf(nil, "entry %d of writer %d", n, i))))
		check(b, err)
		return time.Since(start)
	})
}

// BenchmarkVerify measures the check of an authentic 1,000-word copy through
// HTTP, beside a plain file of the same size served by the same process.
func BenchmarkVerify(b *testing.B) {
	s := newRunning(b, serveOptions{noLimits: true}, slog.DiscardHandler)
	var words strings.Builder
	words.WriteString("A declaration of a thousand words\n\n")
	for i := range 1000 {
		fmt.Fprintf(&words, "word%d ", i*7919%1000)
		if i%100 == 99 {
			words.WriteString("end.\n\n")
		}
	}
	body := strings.TrimSpace(words.String()) + "\n"
	s.writer(b, 0).publish(b, body)
	copied := []byte(strings.ReplaceAll(body, "0 ", "0\r\n")) // reflowed: the bytes differ, the text does not
	path := filepath.Join(b.TempDir(), "file.txt")
	check(b, os.WriteFile(path, copied, 0o644))
	files := httptest.NewServer(http.FileServer(http.Dir(filepath.Dir(path))))
	defer files.Close()

	verify := func() {
		res, err := s.http.Post(s.url+"/api/v1/verify", "text/plain; charset=utf-8", bytes.NewReader(copied))
		check(b, err)
		answer, err := io.ReadAll(res.Body)
		check(b, err)
		res.Body.Close()
		if !bytes.Contains(answer, []byte(`"verdict":"authentic"`)) {
			b.Errorf("answer %d: %.300s", res.StatusCode, answer)
		}
	}
	get := func() {
		res, err := s.http.Get(files.URL + "/file.txt")
		check(b, err)
		_, err = io.Copy(io.Discard, res.Body)
		check(b, err)
		res.Body.Close()
	}
	verify()
	get()
	b.ResetTimer()
	start := time.Now()
	took := spread(32, b.N, func(int, int) time.Duration {
		t := time.Now()
		verify()
		return time.Since(t)
	})
	ours := float64(b.N) / time.Since(start).Seconds()
	b.StopTimer()
	start = time.Now()
	spread(32, b.N, func(int, int) time.Duration { get(); return 0 })
	theirs := float64(b.N) / time.Since(start).Seconds()
	b.ReportMetric(ours, "verifies/s")
	b.ReportMetric(ms(percentile(took, 99)), "p99-ms")
	b.ReportMetric(theirs, "files/s")
	b.ReportMetric(ours/theirs, "of-file")
}

// spread runs total calls over some goroutines and returns how long each took.
func spread(goroutines, total int, call func(i, n int) time.Duration) []time.Duration {
	took := make([]time.Duration, total)
	var next atomic.Int64
	var wg sync.WaitGroup
	for i := range goroutines {
		wg.Go(func() {
			for {
				n := int(next.Add(1)) - 1
				if n >= total {
					return
				}
				took[n] = call(i, n)
			}
		})
	}
	wg.Wait()
	return took
}

func median(d []time.Duration) time.Duration { return percentile(d, 50) }

func percentile(d []time.Duration, p int) time.Duration {
	d = slices.Sorted(slices.Values(d))
	return d[min(len(d)-1, len(d)*p/100)]
}

func ms(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

func check(b testing.TB, err error) {
	b.Helper()
	if err != nil {
		b.Fatal(err)
	}
}
