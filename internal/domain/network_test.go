package domain

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	stdlog "log"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"golang.org/x/net/dns/dnsmessage"

	"github.com/sijil/sijil/internal/domain/domaintest"
	"github.com/sijil/sijil/log"
)

const org = "organisation.example"

var noon = time.Date(2026, 11, 29, 12, 0, 0, 0, time.UTC)

// host is an organisation's web server on the loopback, and a checker that reaches it.
type host struct {
	names   *domaintest.Names
	config  Config
	leaf    atomic.Pointer[tls.Certificate]
	address string
}

func newHost(t *testing.T, handler http.HandlerFunc) *host {
	t.Helper()
	ca := domaintest.NewAuthority(t)
	h := &host{names: &domaintest.Names{A: map[string][][4]byte{org: {{127, 0, 0, 1}}}}}
	leaf := ca.Certify(t, org, time.Now().Add(time.Hour))
	h.leaf.Store(&leaf)
	s := httptest.NewUnstartedServer(handler)
	s.TLS = &tls.Config{GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return h.leaf.Load(), nil }}
	s.Config.ErrorLog = stdlog.New(io.Discard, "", 0)
	s.StartTLS()
	t.Cleanup(s.Close)
	u, err := url.Parse(s.URL)
	if err != nil {
		t.Fatal(err)
	}
	h.address = u.Host
	r := h.names.Serve(t)
	h.config = Config{
		Resolver: r, Hosts: r, RootCAs: ca.Pool(), Clock: func() time.Time { return noon }, Port: u.Port(),
		Control: func(_, address string, _ syscall.RawConn) error {
			if address != h.address {
				return errors.New("not the test's own server")
			}
			return nil
		},
	}
	return h
}

func text(w http.ResponseWriter, body string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	_, _ = io.WriteString(w, body)
}

func wantError(t *testing.T, s *Seen, err, want error, says string) {
	t.Helper()
	other := ErrTemporary
	if want == ErrTemporary {
		other = ErrRefused
	}
	if s != nil || !errors.Is(err, want) || errors.Is(err, other) || !strings.Contains(err.Error(), says) {
		t.Errorf("%v, error %v, want %v that says %q", s, err, want, says)
	}
}

func TestFile(t *testing.T) {
	body := "# ours\n" + line(Endorsement).String() + "\r\n" + line(Key).String() + "\n"
	h := newHost(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet || r.URL.Path != "/.well-known/sijil.txt" || r.Header.Get("Cookie")+r.Header.Get("Referer") != "" || !strings.HasPrefix(r.Header.Get("User-Agent"), "Sijil") {
			t.Errorf("asked for %s %s with %v", r.Method, r.URL, r.Header)
		}
		http.SetCookie(w, &http.Cookie{Name: "a", Value: "b"})
		text(w, body)
	})
	t.Setenv("HTTPS_PROXY", "http://127.0.0.1:1")
	c := New(h.config)
	for range 2 {
		s, err := c.File(t.Context(), org)
		if err != nil {
			t.Fatal(err)
		}
		lines := s.Lines()
		if s.Domain() != org || s.Via() != File || len(lines) != 2 || lines[0] != line(Endorsement) || lines[1] != line(Key) || len(s.Faults()) != 0 ||
			s.Body() != log.Sum([]byte(body)) || s.Certificate() != log.Sum(h.leaf.Load().Certificate[0]) || !s.At().Equal(noon) || s.Redirected() {
			t.Errorf("%+v", s)
		}
	}
}

// A file that is gone, or has lost its line, is an answer.
func TestFileWithout(t *testing.T) {
	var status atomic.Int32
	h := newHost(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/plain")
		w.WriteHeader(int(status.Load()))
	})
	for _, code := range []int32{http.StatusOK, http.StatusNotFound, http.StatusGone} {
		status.Store(code)
		s, err := New(h.config).File(t.Context(), org)
		if err != nil || len(s.Lines()) != 0 || s.Certificate().IsZero() || s.Body().IsZero() != (code != http.StatusOK) {
			t.Errorf("%d: %+v, %v", code, s, err)
		}
	}
}

func TestFileRefuses(t *testing.T) {
	good := line(Endorsement).String() + "\n"
	for name, c := range map[string]struct {
		handler http.HandlerFunc
		want    error
		says    string
	}{
		"off the domain":      {to("https://evil.example/.well-known/sijil.txt"), ErrRefused, "off the domain"},
		"to www":              {to("https://www." + org + "/.well-known/sijil.txt"), ErrRefused, "off the domain"},
		"to http":             {to("http://" + org + "/.well-known/sijil.txt"), ErrRefused, "off the domain"},
		"to another port":     {to("https://" + org + ":1/"), ErrRefused, "off the domain"},
		"to this machine":     {to("https://127.0.0.1/"), ErrRefused, "off the domain"},
		"to metadata":         {to("https://169.254.169.254/latest/meta-data/"), ErrRefused, "off the domain"},
		"to a file":           {to("file:///etc/passwd"), ErrRefused, "off the domain"},
		"round and round":     {to("/.well-known/sijil.txt"), ErrRefused, "more than one redirect"},
		"too large":           {func(w http.ResponseWriter, _ *http.Request) { text(w, good+strings.Repeat("#", MaxBody)) }, ErrRefused, "more than"},
		"endless":             {endless, ErrRefused, "more than"},
		"slow":                {slow, ErrTemporary, "too long"},
		"slow from the start": {func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }, ErrTemporary, "too long"},
		"cut short":           {cut, ErrTemporary, "could not be read"},
		"no answer":           {func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, ErrTemporary, "no connection"},
		"a page":              {typed("text/html", good), ErrRefused, "type"},
		"no type":             {typed("", good), ErrRefused, "type"},
		"another charset":     {typed("text/plain; charset=utf-16", good), ErrRefused, "charset"},
		"not UTF-8":           {typed("text/plain", good+"\xff"), ErrRefused, "UTF-8"},
		"compressed": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Encoding", "gzip")
			text(w, good)
		}, ErrRefused, "compressed"},
		"forbidden":    {status(http.StatusForbidden), ErrRefused, "status 403"},
		"a part":       {status(http.StatusPartialContent), ErrRefused, "status 206"},
		"not changed":  {status(http.StatusNotModified), ErrRefused, "status 304"},
		"too often":    {status(http.StatusTooManyRequests), ErrTemporary, "status 429"},
		"out of order": {status(http.StatusServiceUnavailable), ErrTemporary, "status 503"},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHost(t, c.handler)
			h.config.Timeout = time.Second
			s, err := New(h.config).File(t.Context(), org)
			wantError(t, s, err, c.want, c.says)
		})
	}
}

func to(address string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, address, http.StatusFound) }
}

func status(code int) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(code) }
}

func typed(kind, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header()["Content-Type"] = []string{kind}
		_, _ = io.WriteString(w, body)
	}
}

func endless(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/plain")
	for {
		if _, err := w.Write(make([]byte, 64<<10)); err != nil {
			return
		}
	}
}

func slow(w http.ResponseWriter, r *http.Request) {
	text(w, line(Endorsement).String()+"\n")
	_ = http.NewResponseController(w).Flush()
	<-r.Context().Done()
}

func cut(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Length", "1000")
	text(w, line(Endorsement).String()+"\n")
	panic(http.ErrAbortHandler)
}

// One redirect on the same host is followed, and said; over it nothing is remembered.
func TestOwnRedirect(t *testing.T) {
	var h *host
	h = newHost(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/a" {
			if r.Header.Get("Cookie")+r.Header.Get("Referer") != "" {
				t.Errorf("headers %v", r.Header)
			}
			text(w, line(Denial).String())
			return
		}
		http.SetCookie(w, &http.Cookie{Name: "a", Value: "b"})
		http.Redirect(w, r, "https://"+org+":"+h.config.Port+"/a", http.StatusMovedPermanently)
	})
	s, err := New(h.config).File(t.Context(), org)
	if err != nil || len(s.Lines()) != 1 || !s.Redirected() {
		t.Errorf("%+v, %v", s, err)
	}
	// Between the two the name comes to mean a machine inside.
	h.names.Change(func() { h.names.A[org] = [][4]byte{{127, 0, 0, 1}, {10, 0, 0, 1}} })
	s, err = New(h.config).File(t.Context(), org)
	wantError(t, s, err, ErrRefused, "not a public one")
}

// Addresses inside are refused at the connection, whatever the name said before.
func TestAddresses(t *testing.T) {
	var asked atomic.Bool
	h := newHost(t, func(w http.ResponseWriter, _ *http.Request) { asked.Store(true); text(w, "") })
	h.config.Control = nil
	for _, a := range [][4]byte{{127, 0, 0, 1}, {10, 1, 2, 3}, {169, 254, 169, 254}, {192, 168, 0, 1}, {100, 64, 0, 1}, {0, 0, 0, 0}} {
		h.names.Change(func() { h.names.A[org] = [][4]byte{a} })
		s, err := New(h.config).File(t.Context(), org)
		wantError(t, s, err, ErrRefused, "not a public one")
	}
	if asked.Load() {
		t.Error("something inside was asked")
	}
}

func TestCertificates(t *testing.T) {
	h := newHost(t, func(w http.ResponseWriter, _ *http.Request) { text(w, "") })
	ca, stranger := domaintest.NewAuthority(t), domaintest.NewAuthority(t)
	h.config.RootCAs = ca.Pool()
	for says, leaf := range map[string]tls.Certificate{
		"other names": ca.Certify(t, "other.example", time.Now().Add(time.Hour)),
		"expired":     ca.Certify(t, org, time.Now().Add(-time.Hour)),
		"authority":   stranger.Certify(t, org, time.Now().Add(time.Hour)),
	} {
		h.leaf.Store(&leaf)
		s, err := New(h.config).File(t.Context(), org)
		wantError(t, s, err, ErrRefused, says)
	}
	leaf := ca.Certify(t, org, time.Now().Add(time.Hour))
	h.leaf.Store(&leaf)
	if _, err := New(h.config).File(t.Context(), org); err != nil {
		t.Error(err)
	}
}

func TestNames(t *testing.T) {
	h := newHost(t, func(http.ResponseWriter, *http.Request) { t.Error("somebody was asked") })
	h.config.Control = func(string, string, syscall.RawConn) error { t.Error("a connection"); return errors.New("no") }
	c := New(h.config)
	for _, name := range []string{
		"", "example", "Organisation.example", "organisation.example.", ".organisation.example", "organisation..example", "127.0.0.1", "2130706433", "[::1]", "::1",
		"organisation.example:443", "me@organisation.example", "organisation.example/a", "orga nisation.example", "org\n.example", "órg.example", "-a.example", "a_b.example",
		"co.uk", "github.io", "gov.ma", strings.Repeat("a", 64) + ".example", strings.Repeat("a.", 130) + "example",
	} {
		s, err := c.File(t.Context(), name)
		wantError(t, s, err, ErrRefused, "domain: ")
		s, err = c.DNS(t.Context(), name)
		wantError(t, s, err, ErrRefused, "domain: ")
	}
	s, err := c.File(t.Context(), "nobody.example")
	wantError(t, s, err, ErrRefused, "no address")
	s, err = c.DNS(t.Context(), strings.Repeat("a.", 123)+"example")
	wantError(t, s, err, ErrRefused, "too long")
	h.names.Change(func() { h.names.Fail = dnsmessage.RCodeServerFailure })
	s, err = c.File(t.Context(), org)
	wantError(t, s, err, ErrTemporary, "")
}

// Whoever leaves is told so, and not something about the domain.
func TestLeave(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	h := newHost(t, func(_ http.ResponseWriter, r *http.Request) { cancel(); <-r.Context().Done() })
	for _, ask := range []func(context.Context, string) (*Seen, error){New(h.config).File, New(h.config).DNS} {
		if _, err := ask(ctx, org); !errors.Is(err, context.Canceled) || errors.Is(err, ErrTemporary) {
			t.Error(err)
		}
	}
}

// The zero Config is of use.
func TestZeroConfig(t *testing.T) {
	if _, err := New(Config{}).File(t.Context(), "co.uk"); !errors.Is(err, ErrRefused) {
		t.Error(err)
	}
}
