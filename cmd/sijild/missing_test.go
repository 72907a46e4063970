package main

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/sijil/sijil/internal/logtest"
	"github.com/sijil/sijil/internal/remote"
)

// TestMissingTiles: somebody deletes the tiles under a service that runs. What it cannot prove
// any more it does not call "not found", which readers take for a document that nobody has
// written yet: whoever has denied would be listed again.
func TestMissingTiles(t *testing.T) {
	data, key := newData(t)
	serve := func() (*service, *httptest.Server) {
		s, err := open(t.Context(), serveOptions{data: data, noLimits: true}, slog.New(slog.DiscardHandler))
		check(t, err)
		return s, httptest.NewServer(s.handler)
	}
	s, h := serve()
	const entries, each = 10, 30 // with them more than a tile has, of which all is remembered
	x := newElectorate(t, h.URL, data, key, "river", entries)
	signer, server := logtest.NewSigner(t), remote.New(h.URL, httpClient)
	spread(16, entries*each, func(_, k int) time.Duration {
		b, err := x.endorse(signer, k%entries, k).Marshal()
		if err == nil {
			_, err = server.Claim(t.Context(), "river", b, signer.Public().SPKI(), x.invite(k%entries))
		}
		if err != nil {
			t.Error(err)
		}
		return 0
	})
	h.Close()
	check(t, s.Close())

	s, h = serve()
	defer func() {
		h.Close()
		check(t, s.Close())
	}()
	check(t, os.RemoveAll(filepath.Join(data, tilesDir, "tile")))
	for path, want := range map[string]int{
		"/api/v1/latest/publications/river/endorsements.jsonl":    http.StatusInternalServerError,
		"/api/v1/publications/river/endorsements.jsonl":           http.StatusInternalServerError,
		"/api/v1/publications/river/versions/1/endorsements.json": http.StatusInternalServerError,
		"/api/v1/publications/river/records/0.bundle.json":        http.StatusInternalServerError,
		"/tile/0/000": http.StatusInternalServerError,
		"/tile/0/077": http.StatusNotFound,
		"/api/v1/publications/river/endorsements.2.jsonl": http.StatusNotFound,
	} {
		res, err := h.Client().Get(h.URL + path)
		check(t, err)
		check(t, res.Body.Close())
		if res.StatusCode != want {
			t.Errorf("%s: %d, want %d", path, res.StatusCode, want)
		}
	}
}
