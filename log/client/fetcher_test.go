package client

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

func serve(t *testing.T, h http.HandlerFunc) (*HTTP, *httptest.Server) {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	f, err := NewHTTP(s.URL, s.Client())
	if err != nil {
		t.Fatal(err)
	}
	return f, s
}

func TestHTTP(t *testing.T) {
	l := newLog(6000)
	files := http.FileServer(http.Dir(l.export(t)))
	f, _ := serve(t, files.ServeHTTP)
	got, err := collect(t.Context(), f, l.tree(6000), 0, 6000)
	if err != nil || !slices.EqualFunc(got, l.entries, bytes.Equal) {
		t.Errorf("%d entries, %v", len(got), err)
	}
	if _, _, err := Inclusion(t.Context(), f, l.tree(6000), 77); err != nil {
		t.Error(err)
	}
	if err := Consistency(t.Context(), f, l.tree(300), l.tree(6000)); err != nil {
		t.Error(err)
	}
	_, err = f.Fetch(t.Context(), "checkpoint")
	if !errors.Is(err, fs.ErrNotExist) || errors.Is(err, ErrUnreachable) {
		t.Errorf("what is not there: %v", err)
	}
}

func TestNewHTTP(t *testing.T) {
	for _, base := range []string{"", "log.example", "ftp://log.example", "file:///etc", "https://", "https://:443",
		"https://user:secret@log.example", "https://log.example/?a=b", "https://log.example/?", "https://log.example/#a", "https://log\x7f.example"} {
		_, err := NewHTTP(base, nil)
		if err == nil {
			t.Errorf("NewHTTP(%q): no error", base)
		} else if strings.Contains(err.Error(), "secret") {
			t.Errorf("the error shows the password: %v", err)
		}
	}
}

func TestPaths(t *testing.T) {
	var asked string
	f, s := serve(t, func(_ http.ResponseWriter, r *http.Request) { asked = r.RequestURI })
	under, err := NewHTTP(s.URL+"/log//", s.Client())
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		f          *HTTP
		path, want string
	}{
		{f, "checkpoint", "/checkpoint"},
		{f, "tile/0/x001/234.p/5", "/tile/0/x001/234.p/5"},
		{under, "api/v1/publications/casablanca?limit=2", "/log/api/v1/publications/casablanca?limit=2"},
		{f, "a%2fb", "/a%252fb"},
		{f, "a b", "/a%20b"},
	} {
		if _, err := tt.f.Fetch(t.Context(), tt.path); err != nil || asked != tt.want {
			t.Errorf("Fetch(%q) asked for %q, %v; want %q", tt.path, asked, err, tt.want)
		}
	}
	for _, f := range []Fetcher{f, NewDir(t.TempDir())} {
		for _, path := range []string{"", ".", "..", "/checkpoint", "../checkpoint", "tile/../../x", "tile//0", "tile/./0"} {
			asked = ""
			if _, err := f.Fetch(t.Context(), path); err == nil || errors.Is(err, fs.ErrNotExist) || asked != "" {
				t.Errorf("%T: Fetch(%q): %v, asked for %q", f, path, err, asked)
			}
		}
	}
}

func TestStatus(t *testing.T) {
	for _, tt := range []struct {
		status                int
		notExist, unreachable bool
		text                  string
	}{
		{404, true, false, "check that this is the log's address"},
		{410, true, false, "410"},
		{403, false, false, "403"},
		{204, false, false, "204"},
		{429, false, true, `after "7"`},
		{500, false, true, "500"},
		{503, false, true, "503"},
	} {
		f, _ := serve(t, func(w http.ResponseWriter, _ *http.Request) {
			if tt.status == 429 {
				w.Header().Set("Retry-After", "7")
			}
			w.WriteHeader(tt.status)
		})
		_, err := f.Fetch(t.Context(), "checkpoint")
		var status *StatusError
		if !errors.As(err, &status) || status.Status != tt.status || !strings.Contains(err.Error(), tt.text) {
			t.Errorf("%d: %v", tt.status, err)
		}
		if errors.Is(err, fs.ErrNotExist) != tt.notExist || errors.Is(err, ErrUnreachable) != tt.unreachable {
			t.Errorf("%d: %v: not exist %v, unreachable %v", tt.status, err, !tt.notExist, !tt.unreachable)
		}
	}
}

func TestUnreachable(t *testing.T) {
	f, s := serve(t, func(http.ResponseWriter, *http.Request) {})
	s.Close()
	if _, err := f.Fetch(t.Context(), "checkpoint"); !errors.Is(err, ErrUnreachable) || !strings.Contains(err.Error(), "check the address") {
		t.Errorf("a closed server: %v", err)
	}
	block := make(chan struct{})
	f, _ = serve(t, func(http.ResponseWriter, *http.Request) { <-block })
	t.Cleanup(func() { close(block) })
	ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
	defer cancel()
	if _, err := f.Fetch(ctx, "checkpoint"); !errors.Is(err, ErrUnreachable) || !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("out of time: %v", err)
	}
	ctx, cancel = context.WithCancel(t.Context())
	cancel()
	if _, err := f.Fetch(ctx, "checkpoint"); !errors.Is(err, context.Canceled) || errors.Is(err, ErrUnreachable) {
		t.Errorf("given up: %v", err)
	}
	if _, err := NewDir(filepath.Join(t.TempDir(), "none")).Fetch(t.Context(), "checkpoint"); !errors.Is(err, ErrUnreachable) || errors.Is(err, fs.ErrNotExist) {
		t.Errorf("no folder: %v", err)
	}
}

// A body that ends before its length says, or is longer than any file.
func TestBodies(t *testing.T) {
	f, _ := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "100")
		w.Write([]byte("short"))
	})
	if b, err := f.Fetch(t.Context(), "tile/0/000"); !errors.Is(err, ErrUnreachable) || b != nil {
		t.Errorf("truncated: %q, %v", b, err)
	}
	big := make([]byte, maxBody+1)
	for name, h := range map[string]http.HandlerFunc{
		"with its length": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "17825793")
			w.Write(big)
		},
		"without": func(w http.ResponseWriter, _ *http.Request) {
			w.(http.Flusher).Flush()
			w.Write(big)
		},
		"compressed": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Encoding", "gzip")
			z := gzip.NewWriter(w)
			z.Write(big)
			z.Close()
		},
	} {
		f, _ := serve(t, h)
		if b, err := f.Fetch(t.Context(), "tile/0/000"); !errors.Is(err, ErrTooLarge) || b != nil {
			t.Errorf("too large, %s: %d bytes, %v", name, len(b), err)
		}
	}
	dir := t.TempDir()
	write(t, dir, "exact", big[:maxBody])
	write(t, dir, "big", big)
	if b, err := NewDir(dir).Fetch(t.Context(), "exact"); err != nil || len(b) != maxBody {
		t.Errorf("the largest file: %d bytes, %v", len(b), err)
	}
	if _, err := NewDir(dir).Fetch(t.Context(), "big"); !errors.Is(err, ErrTooLarge) {
		t.Errorf("too large a file: %v", err)
	}
}

func TestRedirects(t *testing.T) {
	reached := false
	other := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { reached = true }))
	t.Cleanup(other.Close)
	f, s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/moved":
			http.Redirect(w, r, "/there", http.StatusMovedPermanently)
		case "/there":
			w.Write([]byte("here"))
		case "/loop":
			http.Redirect(w, r, "/loop", http.StatusFound)
		case "/file":
			http.Redirect(w, r, "file:///etc/passwd", http.StatusFound)
		default:
			http.Redirect(w, r, other.URL, http.StatusFound)
		}
	})
	if b, err := f.Fetch(t.Context(), "moved"); err != nil || string(b) != "here" {
		t.Errorf("within the host: %q, %v", b, err)
	}
	for _, path := range []string{"loop", "file", "other"} {
		if _, err := f.Fetch(t.Context(), path); !errors.Is(err, ErrRedirect) || errors.Is(err, ErrUnreachable) {
			t.Errorf("%s: %v, want ErrRedirect", path, err)
		}
	}
	if reached {
		t.Error("another host was asked")
	}
	if s.Client().CheckRedirect != nil {
		t.Error("the caller's client was changed")
	}
}

func TestRedirectRule(t *testing.T) {
	for _, tt := range []struct {
		from, to string
		ok       bool
	}{
		{"https://log.example/a", "https://LOG.example/b", true},
		{"http://log.example/a", "https://log.example/a", true},
		{"https://log.example/a", "http://log.example/a", false},
		{"https://log.example/a", "https://log.example:8443/a", false},
		{"http://log.example/a", "https://log.example:8443/a", false},
		{"https://log.example/a", "https://log.example.org/a", false},
		{"https://log.example/a", "https://www.log.example/a", false},
	} {
		from, _ := http.NewRequest(http.MethodGet, tt.from, nil)
		to, _ := http.NewRequest(http.MethodGet, tt.to, nil)
		if err := checkRedirect(to, []*http.Request{from}); (err == nil) != tt.ok {
			t.Errorf("%s to %s: %v", tt.from, tt.to, err)
		}
	}
}

// A folder's files lead nowhere else.
func TestDirConfined(t *testing.T) {
	outside := t.TempDir()
	write(t, outside, "secret", []byte("secret"))
	dir := t.TempDir()
	write(t, dir, "checkpoint", []byte("here"))
	if err := os.Symlink(filepath.Join(outside, "secret"), filepath.Join(dir, "link")); err != nil {
		t.Skip(err)
	}
	f := NewDir(dir)
	if b, err := f.Fetch(t.Context(), "checkpoint"); err != nil || string(b) != "here" {
		t.Errorf("%q, %v", b, err)
	}
	if b, err := f.Fetch(t.Context(), "link"); err == nil {
		t.Errorf("a link out of the folder: %q", b)
	}
	write(t, dir, "tile/0/000", nil)
	if _, err := f.Fetch(t.Context(), "tile/0"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a folder in the folder: %v", err)
	}
	if b, err := f.Fetch(t.Context(), "tile/0/000"); err != nil || len(b) != 0 {
		t.Errorf("an empty file: %q, %v", b, err)
	}
}
