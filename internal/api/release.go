package api

import (
	"encoding/json"
	"net/http"
)

// getRelease answers the newest release's bundle.
func (a *api) getRelease(w http.ResponseWriter, r *http.Request) error {
	b, err := a.Service.NewestRelease(r.Context())
	if err != nil {
		return err
	}
	return serve(w, r, bundle, revalidate, b)
}

type releaseRequest struct {
	Bundle json.RawMessage `json:"bundle"`
}

func (a *api) postRelease(w http.ResponseWriter, r *http.Request) error {
	var in releaseRequest
	if err := readJSON(w, r, maxCreate, &in); err != nil {
		return err
	}
	got, err := a.Service.Release(r.Context(), in.Bundle)
	if err != nil {
		return err
	}
	return writeReceipt(w, got)
}
