package webhook

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

var key = []byte("sixteen bytes or more")

// TestSignature: RFC 4231, test case 2, and the form of the header.
func TestSignature(t *testing.T) {
	if got := Sign([]byte("Jefe"), []byte("what do ya want for nothing?")); got != "sha256=5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843" {
		t.Error(got)
	}
}

func TestPost(t *testing.T) {
	status, followed := http.StatusOK, false
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b, err := io.ReadAll(r.Body)
		if err != nil || r.Method != http.MethodPost || r.Header.Get("Sijil-Event") != "id" || r.Header.Get("Sijil-Signature") != Sign(key, b) || string(b) != "{}" {
			t.Errorf("%s %v %q %v", r.Method, r.Header, b, err)
		}
		followed = followed || r.URL.Path == "/other"
		w.Header().Set("Location", "/other")
		w.WriteHeader(status)
	}))
	defer s.Close()
	h, err := New(s.URL+"/secret-path", key, s.Client())
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		status int
		taken  bool
	}{{200, true}, {204, true}, {302, false}, {307, false}, {404, false}, {500, false}} {
		status = c.status
		err := h.Post(t.Context(), "id", []byte("{}"))
		var e *StatusError
		if (err == nil) != c.taken || err != nil && (!errors.As(err, &e) || e.Status != c.status) {
			t.Errorf("%d: %v", c.status, err)
		}
	}
	if followed {
		t.Error("a redirect was followed")
	}
	s.Close()
	if err := h.Post(t.Context(), "id", []byte("{}")); err == nil || strings.Contains(err.Error(), "secret-path") {
		t.Errorf("down: %v", err)
	}
}

func TestNew(t *testing.T) {
	for _, bad := range []string{"", "ftp://a.example/", "a.example/hook", "https:///hook", "http://a b/"} {
		if _, err := New(bad, key, http.DefaultClient); err == nil {
			t.Errorf("%q passed", bad)
		}
	}
	if _, err := New("https://a.example/hook", []byte("short"), http.DefaultClient); err == nil {
		t.Error("a short key passed")
	}
}
