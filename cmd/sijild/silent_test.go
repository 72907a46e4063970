package main

import (
	"archive/zip"
	"bytes"
	"encoding/hex"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/sijil/sijil/internal/logtest"
	"github.com/sijil/sijil/internal/remote"
)

// collector is an operator's OpenTelemetry collector, which keeps what it is sent.
type collector struct {
	*httptest.Server
	mu   sync.Mutex
	sent bytes.Buffer
}

func newCollector(t *testing.T) *collector {
	c := &collector{}
	c.Server = httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		c.mu.Lock()
		defer c.mu.Unlock()
		if _, err := io.Copy(&c.sent, r.Body); err != nil {
			t.Error(err)
		}
	}))
	t.Cleanup(c.Close)
	return c
}

// What somebody brings along who checks a copy. None of it may be anywhere afterwards.
const (
	copyWord   = "zanthoxylum"  // in the copy
	queryWord  = "quincunx"     // in paths and queries
	headerWord = "velocipede"   // in headers
	brokenWord = "brobdingnag"  // in what is not well-formed
	clientAddr = "127.77.66.55" // where they come from
	proxyAddr  = "203.0.113.77" // where a proxy says that they come from
	traceID    = "4bf92f3577b34da6a3ce929d0e0e4736"
)

// reader checks copies from an address of its own.
type reader struct {
	t    *testing.T
	url  string
	http http.Client
}

func newReader(t *testing.T, address string) *reader {
	local := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(clientAddr)}}
	transport := &http.Transport{DialContext: local.DialContext}
	t.Cleanup(transport.CloseIdleConnections)
	return &reader{t: t, url: address, http: http.Client{Transport: transport}}
}

func (r *reader) send(method, path, contentType, body string) int {
	r.t.Helper()
	q, err := http.NewRequestWithContext(r.t.Context(), method, r.url+path, strings.NewReader(body))
	check(r.t, err)
	for k, v := range map[string]string{
		"Content-Type": contentType, "User-Agent": headerWord, "Referer": "https://example.org/" + headerWord, "Cookie": headerWord + "=1", "Accept-Language": headerWord,
		"X-Forwarded-For": proxyAddr, "Forwarded": "for=" + proxyAddr, "X-Request-Id": headerWord, "Authorization": "Bearer " + headerWord,
		"Traceparent": "00-" + traceID + "-00f067aa0ba902b7-01", "Tracestate": headerWord + "=1", "Baggage": headerWord + "=1",
	} {
		q.Header.Set(k, v)
	}
	res, err := r.http.Do(q)
	check(r.t, err)
	defer res.Body.Close()
	_, err = io.Copy(io.Discard, res.Body)
	check(r.t, err)
	return res.StatusCode
}

// goThrough does what readers do, well and badly.
func (r *reader) goThrough(slug string) {
	text := "Declaration of " + slug + "\n\nThe river is " + copyWord + ".\n"
	for what, c := range map[string]struct {
		method, path, kind, body string
		status                   int
	}{
		"a copy":               {"POST", "/api/v1/verify?publication=" + slug, "text/plain", text, 200},
		"a page":               {"POST", "/api/v1/verify", "text/html", "<p>" + copyWord + "<p>", 200},
		"a damaged PDF file":   {"POST", "/api/v1/verify", "application/pdf", "%PDF-1.7\n" + copyWord + brokenWord, 200},
		"a damaged picture":    {"POST", "/api/v1/verify", "image/png", "\x89PNG\r\n\x1a\n" + brokenWord, 200},
		"a Word file":          {"POST", "/api/v1/verify", "application/octet-stream", wordFile(r.t, copyWord), 200},
		"bytes":                {"POST", "/api/v1/verify", "text/plain", copyWord + "\xff\xfe\x00" + brokenWord, 200},
		"a form":               {"POST", "/verify", "application/x-www-form-urlencoded", url.Values{"text": {text}}.Encode(), 200},
		"a form in Arabic":     {"POST", "/ar/verify?x=" + queryWord, "application/x-www-form-urlencoded", url.Values{"text": {text}}.Encode(), 200},
		"a query":              {"GET", "/?q=" + queryWord, "", "", 200},
		"a page that is not":   {"GET", "/p/" + queryWord, "", "", 404},
		"a path":               {"GET", "/" + queryWord + "/../" + queryWord, "", "", 404},
		"a tile":               {"GET", "/tile/0/000?" + queryWord, "", "", 404},
		"an API path":          {"GET", "/api/v1/publications/" + queryWord + "/head", "", "", 404},
		"another method":       {"PATCH", "/api/v1/verify?" + queryWord, "text/plain", text, 405},
		"no JSON":              {"POST", "/api/v1/publications/" + slug + "/records", "application/json", `{"bundle": {"` + brokenWord + `": `, 400},
		"no bundle":            {"POST", "/api/v1/publications/" + slug + "/claims", "application/json", `{"bundle": {"` + brokenWord + `": 1}}`, 400},
		"no fingerprints":      {"POST", "/api/v1/lookup", "application/json", `{"` + brokenWord + `": 1}`, 400},
		"no entry at the door": {"POST", "/api/v2/log/entries", "application/json", `{"` + brokenWord + `": 1}`, 400},
		"no invitation":        {"GET", "/i/" + queryWord, "", "", 403},
	} {
		if got := r.send(c.method, c.path, c.kind, c.body); got != c.status {
			r.t.Errorf("%s: status %d, want %d", what, got, c.status)
		}
	}
}

// wordFile is a DOCX file whose one paragraph is words.
func wordFile(t *testing.T, words string) string {
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for name, body := range map[string]string{
		"[Content_Types].xml": `<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Override PartName="/word/document.xml" ContentType="application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"/></Types>`,
		"word/document.xml":   `<w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"><w:body><w:p><w:r><w:t>` + words + `</w:t></w:r></w:p></w:body></w:document>`,
	} {
		w, err := z.Create(name)
		check(t, err)
		_, err = io.WriteString(w, body)
		check(t, err)
	}
	check(t, z.Close())
	return b.String()
}

// TestSilence: after a run in which everything is on that can tell something, nothing of
// what readers brought is in the log, the metrics, the traces or the data folder, and
// of publications and signatories nothing is in metrics and traces.
func TestSilence(t *testing.T) {
	c := newCollector(t)
	data, key := newData(t)
	numbers := filepath.Join(t.TempDir(), "metrics")
	p := startWith(t, data, []string{"OTEL_EXPORTER_OTLP_ENDPOINT=" + c.URL, "OTEL_BSP_SCHEDULE_DELAY=50", "OTEL_TRACES_SAMPLER=always_on"},
		"--metrics", "127.0.0.1:0", "--metrics-address-file", numbers)
	x := newElectorate(t, p.url, data, key, "silent-river", 2)
	signer := logtest.NewSigner(t)
	claim, err := x.endorse(signer, 0, 1).Marshal()
	check(t, err)
	_, err = remote.New(p.url, httpClient).Claim(t.Context(), "silent-river", claim, signer.Public().SPKI(), x.invite(0))
	check(t, err)
	newReader(t, p.url).goThrough("silent-river")
	address, err := os.ReadFile(numbers)
	check(t, err)
	shown := fetchAll(t, "http://"+strings.TrimSpace(string(address))+"/metrics")
	p.stop(syscall.SIGTERM) // the last spans are sent

	c.mu.Lock()
	traces := c.sent.Bytes()
	defer c.mu.Unlock()
	rawID, err := hex.DecodeString(traceID)
	check(t, err)
	readers := []string{copyWord, queryWord, headerWord, brokenWord, clientAddr, proxyAddr, traceID, string(rawID)}
	for where, b := range map[string][]byte{"what it prints": []byte(p.out.String()), "metrics": shown, "traces": traces} {
		never := readers
		if where != "what it prints" { // the log names publications, which are public
			never = append([]string{"silent-river", "Organisation 0", "delta-watch", x.genesis.Hex(), "127.0.0.1"}, readers...)
		}
		for _, s := range never {
			if bytes.Contains(bytes.ToLower(b), bytes.ToLower([]byte(s))) {
				t.Errorf("%q is in %s", s, where)
			}
		}
	}
	if where, found := holds(t, data, readers...); found {
		t.Errorf("the data folder: %s", where)
	}
	// They do tell what an operator needs.
	for _, name := range []string{"publish", "endorse", "verify", "door", "tile", "page", "reserve", "append", "tiles", "settle", "http.response.status_code", "sijild"} {
		if !bytes.Contains(traces, []byte(name)) {
			t.Errorf("no trace says %q", name)
		}
	}
	for _, line := range []string{`sijil_requests_total{class="publish",code="201"} 2`, `sijil_requests_total{class="endorse",code="201"} 1`, `sijil_requests_total{class="verify",code="200"} 8`} {
		if !bytes.Contains(shown, []byte(line+"\n")) {
			t.Errorf("the metrics lack %s", line)
		}
	}
	if !bytes.Contains([]byte(p.out.String()), []byte("stopping")) {
		t.Errorf("the log is not there: %s", p.out)
	}
}

// TestTracesUnheard: a collector that is not there costs requests nothing, and the stop
// a few seconds at most.
func TestTracesUnheard(t *testing.T) {
	data, _ := newData(t)
	gone := httptest.NewServer(http.NotFoundHandler())
	gone.Close()
	p := startProcess(t, data, "OTEL_EXPORTER_OTLP_ENDPOINT="+gone.URL)
	if got := newReader(t, p.url).send("POST", "/api/v1/verify", "text/plain", copyWord); got != 200 {
		t.Errorf("status %d", got)
	}
	start := time.Now()
	p.stop(syscall.SIGTERM)
	if took := time.Since(start); took > 20*time.Second {
		t.Errorf("stopped after %v", took)
	}
	if !strings.Contains(p.out.String(), "traces") || strings.Contains(p.out.String(), copyWord) {
		t.Errorf("the log says %s", p.out)
	}
}

func fetchAll(t *testing.T, address string) []byte {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, nil)
	check(t, err)
	res, err := httpClient.Do(r)
	check(t, err)
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	check(t, err)
	return b
}
