package site

import (
	"bytes"
	"compress/gzip"
	"io"
	"net/http/httptest"
	"testing"
)

// A static file is the same, packed or not.
func TestAssetsPacked(t *testing.T) {
	s, err := newSite(Config{})
	check(t, err)
	if len(s.assets) < 4 || s.script == "" || s.engine == "" || s.style == "" {
		t.Fatalf("%d assets, script %q, engine %q, style %q", len(s.assets), s.script, s.engine, s.style)
	}
	for name, a := range s.assets {
		get := func(encoding string) *httptest.ResponseRecorder {
			r := httptest.NewRequest("GET", "/static/"+name, nil)
			r.Header.Set("Accept-Encoding", encoding)
			w := httptest.NewRecorder()
			s.routes().ServeHTTP(w, r)
			return w
		}
		if w := get(""); !bytes.Equal(w.Body.Bytes(), a.body) || w.Header().Get("Content-Encoding") != "" {
			t.Errorf("%s: %d bytes of %d", name, w.Body.Len(), len(a.body))
		}
		w := get("gzip, br")
		z, err := gzip.NewReader(w.Body)
		check(t, err)
		if b, err := io.ReadAll(z); err != nil || !bytes.Equal(b, a.body) || w.Header().Get("Content-Encoding") != "gzip" {
			t.Errorf("%s packed: %v, %d bytes of %d", name, err, len(b), len(a.body))
		}
	}
}
