package fetch

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"

	"golang.org/x/net/dns/dnsmessage"

	"github.com/sijil/sijil/internal/guard"
)

func get(t *testing.T, c *Client, address string) (*Page, error) {
	t.Helper()
	return c.Get(t.Context(), address)
}

// Addresses of machines that only this one reaches are refused, however they are written.
func TestRefused(t *testing.T) {
	c := New(Options{})
	for _, address := range []string{
		"", " ", "ftp://site.example/", "file:///etc/passwd", "gopher://127.0.0.1/", "javascript:alert(1)", "http:127.0.0.1", "http://",
		"http://user@site.example/", "http://user:pass@site.example/", "http://site.example:8080/", "http://site.example:22/",
		"http://127.0.0.1/", "http://127.1/", "http://2130706433/", "http://0x7f000001/", "http://0177.0.0.1/", "http://0/", "http://0.0.0.0/", "http://localhost/",
		"http://10.0.0.1/", "http://172.16.5.4/", "http://192.168.1.1/", "http://169.254.169.254/latest/meta-data/", "http://100.64.0.1/", "http://198.18.0.1/", "http://192.0.2.1/", "http://224.0.0.1/", "http://255.255.255.255/",
		"http://[::1]/", "http://[::]/", "http://[::ffff:127.0.0.1]/", "http://[::ffff:7f00:1]/", "http://[64:ff9b::7f00:1]/", "http://[2002:7f00:1::]/", "http://[2001::1]/", "http://[fe80::1]/", "http://[fe80::1%25eth0]/", "http://[fc00::1]/", "http://[fec0::1]/", "http://[ff02::1]/", "http://[2001:db8::1]/", "http://[::127.0.0.1]/",
		"http://" + strings.Repeat("a", 2100) + ".example/",
	} {
		_, err := get(t, c, address)
		// A name that is no name fails to resolve; what counts is that nothing was reached.
		if err == nil {
			t.Errorf("%q was fetched", address)
		}
		if err != nil && address != "" && len(address) > 8 && strings.Contains(err.Error(), strings.TrimPrefix(address, "http://")) {
			t.Errorf("the error repeats the address: %v", err)
		}
		if strings.ContainsAny(address, "[") && !errors.Is(err, ErrRefused) {
			t.Errorf("%q: %v, want ErrRefused", address, err)
		}
	}
}

// names is a DNS in which every name has the same address: the next one of a list at each
// look-up, and then the last for ever.
func names(t *testing.T, addresses ...[4]byte) (r *net.Resolver, asked *atomic.Int32) {
	t.Helper()
	conn, err := (&net.ListenConfig{}).ListenPacket(t.Context(), "udp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	asked = &atomic.Int32{}
	go func() {
		b := make([]byte, 1500)
		for {
			n, from, err := conn.ReadFrom(b)
			if err != nil {
				return
			}
			var m dnsmessage.Message
			if m.Unpack(b[:n]) != nil {
				continue
			}
			m.Response, m.Authoritative, m.Additionals = true, true, nil
			if q := m.Questions[0]; q.Type == dnsmessage.TypeA {
				n := min(int(asked.Add(1)), len(addresses))
				m.Answers = []dnsmessage.Resource{{Header: dnsmessage.ResourceHeader{Name: q.Name, Class: q.Class}, Body: &dnsmessage.AResource{A: addresses[n-1]}}}
			}
			out, err := m.Pack()
			if err == nil {
				_, _ = conn.WriteTo(out, from)
			}
		}
	}()
	return &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "udp4", conn.LocalAddr().String())
	}}, asked
}

// A public name whose address is this machine's is refused when the connection is made,
// so no earlier answer of the DNS counts.
func TestNameOfThisMachine(t *testing.T) {
	r, asked := names(t, [4]byte{127, 0, 0, 1})
	if _, err := get(t, New(Options{Resolver: r}), "http://rebinding.example/"); !errors.Is(err, ErrRefused) {
		t.Errorf("%v, want ErrRefused", err)
	}
	if asked.Load() == 0 {
		t.Error("the name was not looked up")
	}
}

// A name whose address changes is judged by the address of each connection: that an
// earlier one was allowed counts for nothing, for another page nor behind a redirect.
func TestNameThatChanges(t *testing.T) {
	public, private := [4]byte{127, 0, 0, 2}, [4]byte{127, 0, 0, 1}
	var reached atomic.Int32
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		reached.Add(1)
		if r.URL.Path == "/moved" {
			http.Redirect(w, r, "/page", http.StatusFound)
		}
	}))
	defer s.Close()
	_, port, _ := net.SplitHostPort(s.Listener.Addr().String())
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp4", "127.0.0.2:"+port)
	if err != nil {
		t.Skip(err) // the loopback has one address here
	}
	go func() { _ = http.Serve(listener, s.Config.Handler) }() //nolint:gosec // a test's own server
	t.Cleanup(func() { _ = listener.Close() })
	for path, want := range map[string]int32{"/page": 1, "/moved": 1} {
		r, _ := names(t, public, private)
		c := New(Options{Private: true}) // on any port; what is allowed is said here
		c.http.Transport = guard.Transport(nil, r, func(_, address string, _ syscall.RawConn) error {
			if !strings.HasPrefix(address, "127.0.0.2:") {
				return errors.New("private")
			}
			return nil
		}, timeout)
		reached.Store(0)
		_, first := get(t, c, "http://changing.example:"+port+path)
		_, second := get(t, c, "http://changing.example:"+port+"/page")
		if (path == "/moved") != errors.Is(first, ErrRefused) || !errors.Is(second, ErrRefused) || reached.Load() != want {
			t.Errorf("%s: %v, then %v; reached %d times", path, first, second, reached.Load())
		}
	}
}

// site answers what its path asks for.
func site(t *testing.T) *httptest.Server {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Referer") != "" || r.Header.Get("Cookie") != "" || !strings.HasPrefix(r.Header.Get("User-Agent"), "Sijil") {
			t.Errorf("headers %v", r.Header)
		}
		switch r.URL.Path {
		case "/page":
			_, _ = w.Write([]byte("<p>words"))
		case "/bomb":
			w.Header().Set("Content-Encoding", "gzip")
			z := gzip.NewWriter(w)
			_, _ = z.Write(bytes.Repeat([]byte("a"), 64<<20))
			_ = z.Close()
		case "/endless":
			for range 1000 {
				if _, err := w.Write(make([]byte, 64<<10)); err != nil {
					return
				}
			}
		case "/hang":
			<-r.Context().Done()
		case "/loop":
			http.Redirect(w, r, "/loop", http.StatusFound)
		case "/once":
			http.SetCookie(w, &http.Cookie{Name: "a", Value: "b"})
			http.Redirect(w, r, "/page#there", http.StatusFound)
		case "/away":
			http.Redirect(w, r, "file:///etc/passwd", http.StatusFound)
		case "/login":
			http.Redirect(w, r, "http://me:secret@"+r.Host+"/page", http.StatusFound)
		default:
			http.NotFound(w, r)
		}
	}))
	t.Cleanup(s.Close)
	return s
}

func TestGet(t *testing.T) {
	s := site(t)
	c := New(Options{Private: true})
	for path, want := range map[string]string{"/page": "/page", "/once": "/page", "/page#part": "/page"} {
		p, err := get(t, c, s.URL+path)
		if err != nil || string(p.Body) != "<p>words" || !strings.HasPrefix(p.Address, s.URL+want) || p.When.IsZero() {
			t.Errorf("%s: %+v, %v", path, p, err)
		}
	}
	for path, want := range map[string]error{"/bomb": ErrTooLarge, "/endless": ErrTooLarge, "/away": ErrRefused, "/login": ErrRefused, "/loop": nil, "/missing": nil} {
		_, err := get(t, c, s.URL+path)
		if err == nil || want != nil && !errors.Is(err, want) {
			t.Errorf("%s: %v, want %v", path, err, want)
		}
	}
	if _, err := get(t, New(Options{}), s.URL+"/page"); !errors.Is(err, ErrRefused) {
		t.Errorf("this machine's own page: %v", err)
	}
}

// A site that does not answer holds nobody longer than its time, and a person who leaves
// ends it.
func TestHang(t *testing.T) {
	s := site(t)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	go func() {
		_, err := New(Options{Private: true}).Get(ctx, s.URL+"/hang")
		done <- err
	}()
	cancel()
	if err := <-done; err == nil {
		t.Error("it was fetched")
	}
}

// A page that leads from https to http is not followed, and a certificate of nobody is
// not accepted.
func TestTLS(t *testing.T) {
	plain := site(t)
	s := httptest.NewTLSServer(http.RedirectHandler(plain.URL+"/page", http.StatusFound))
	t.Cleanup(s.Close)
	s.Config.ErrorLog = nil
	trusting := New(Options{Private: true, Transport: s.Client().Transport.(*http.Transport).Clone()})
	if _, err := get(t, trusting, s.URL); !errors.Is(err, ErrRefused) {
		t.Errorf("https to http: %v", err)
	}
	if _, err := get(t, New(Options{Private: true}), s.URL); err == nil {
		t.Error("a certificate of nobody was accepted")
	}
}

// No address makes the judge panic, and none that is allowed names a private address.
func FuzzJudge(f *testing.F) {
	for _, s := range []string{"http://[fe80::1%25eth0]/", "http://127.1", "site.example/a?b#c", "https://[::ffff:10.0.0.1]:443", "http://a@b", "%zz"} {
		f.Add(s)
	}
	c := New(Options{})
	f.Fuzz(func(t *testing.T, address string) {
		u, err := c.parse(address)
		if err != nil {
			if !errors.Is(err, ErrRefused) {
				t.Fatalf("%q: %v", address, err)
			}
			return
		}
		if ip := net.ParseIP(u.Hostname()); ip != nil && (ip.IsLoopback() || ip.IsPrivate() || ip.IsLinkLocalUnicast() || ip.IsUnspecified()) {
			t.Fatalf("%q is allowed", address)
		}
		if u.User != nil || (u.Scheme != "http" && u.Scheme != "https") {
			t.Fatalf("%q is allowed as %v", address, u)
		}
	})
}
