package browsertest

import (
	"net/http"
	"net/http/httptest"
	"testing"
)

// Blank serves an empty page on the loopback until the test ends, and returns its
// address.
func Blank(t testing.TB) string {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = w.Write([]byte("<!doctype html><title>blank</title>"))
	}))
	t.Cleanup(s.Close)
	return s.URL
}
