package api

import (
	"bytes"
	"encoding/json"
	"io"
	"mime"
	"net/http"

	"github.com/sijil/sijil/internal/publish"
	"github.com/sijil/sijil/log"
)

// postEntry is the Rekor v2 write API: CreateEntryRequest in, TransparencyLogEntry
// out, both as protojson. The same entry again is answered 201 too, with its
// first index: stock clients take no other status.
func (a *api) postEntry(w http.ResponseWriter, r *http.Request) error {
	kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || kind != "application/json" {
		return &requestError{http.StatusUnsupportedMediaType, "content-type", "want Content-Type: application/json"}
	}
	in, out := buffers.Get().(*bytes.Buffer), buffers.Get().(*bytes.Buffer)
	defer keep(in)
	defer keep(out)
	if _, err := in.ReadFrom(http.MaxBytesReader(w, r.Body, log.MaxRequest)); err != nil {
		return bodyError(err)
	}
	entry, err := a.Service.Append(r.Context(), in.Bytes())
	if err != nil {
		return err
	}
	enc := json.NewEncoder(out)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(entry); err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(http.StatusCreated)
	_, _ = io.Copy(w, out) // the entry is durable; a lost answer is asked for again
	return nil
}

// getSigningConfig tells stock clients where to write. Without a door there is
// nothing to tell.
func (a *api) getSigningConfig(w http.ResponseWriter, r *http.Request) error {
	if a.Service.Door == publish.DoorOff {
		return publish.ErrUnknown
	}
	b, err := a.Service.Trust.SigningConfigJSON()
	if err != nil {
		return err
	}
	return serve(w, r, "application/json", revalidate, b)
}
