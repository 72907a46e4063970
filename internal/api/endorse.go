package api

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strconv"

	"github.com/gorilla/mux"

	"github.com/sijil/sijil/internal/publish"
	"github.com/sijil/sijil/log"
)

// maxClaim bounds a claim with its bundle, in bytes.
const maxClaim = 64 << 10

const jsonLines = "application/jsonl"

type claimRequest struct {
	Bundle     json.RawMessage `json:"bundle"`
	Key        []byte          `json:"key"` // DER SubjectPublicKeyInfo
	Invitation string          `json:"invitation"`
}

// postClaim takes what a signatory signed.
func (a *api) postClaim(w http.ResponseWriter, r *http.Request) error {
	var in claimRequest
	if err := readJSON(w, r, maxClaim, &in); err != nil {
		return err
	}
	got, err := a.Service.Claim(r.Context(), mux.Vars(r)["slug"], in.Bundle, in.Key, in.Invitation)
	if err != nil {
		return err
	}
	return writeReceipt(w, got)
}

type domainRequest struct {
	Entry string `json:"entry"`
	Key   []byte `json:"key"` // that the domain may name. Optional
}

// postDomainCheck has the service look at the domain of a list entry. Anybody may ask:
// what counts is what the domain says.
func (a *api) postDomainCheck(w http.ResponseWriter, r *http.Request) error {
	var in domainRequest
	if err := readJSON(w, r, maxClaim, &in); err != nil {
		return err
	}
	got, err := a.Service.CheckDomain(r.Context(), mux.Vars(r)["slug"], in.Entry, in.Key)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	return json.NewEncoder(w).Encode(got)
}

// getEndorsements gives a part of the records about the publication's list entries.
func (a *api) getEndorsements(view publish.View) handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		part := 1
		if n := mux.Vars(r)["part"]; n != "" {
			part, _ = strconv.Atoi(n) // the route admits nothing else
		}
		b, err := a.Service.Endorsements(r.Context(), view, mux.Vars(r)["slug"], part)
		if err != nil {
			return err
		}
		return serve(w, r, jsonLines, revalidate, b)
	}
}

// getStandings says how each entry of a version's list is known: the service's word,
// which the endorsements prove.
func (a *api) getStandings(w http.ResponseWriter, r *http.Request) error {
	slug, version, _ := a.version(r)
	list, err := a.Service.Standings(r.Context(), slug, version)
	if err != nil {
		return err
	}
	return serveJSON(w, r, map[string]any{"entries": list})
}

// getClaim gives the exact bytes that a signatory signs.
func (a *api) getClaim(w http.ResponseWriter, r *http.Request) error {
	slug, version, _ := a.version(r)
	q, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return &requestError{http.StatusBadRequest, "query", "the query could not be read"}
	}
	b, err := a.Service.ClaimStatement(slug, version, mux.Vars(r)["kind"], q.Get("entry"), q.Get("language"), q.Get("reason"))
	if err != nil {
		return err
	}
	return serve(w, r, "application/vnd.in-toto+json", "no-store", b)
}

// getPayloads gives the digests of the records about a list entry.
func (a *api) getPayloads(w http.ResponseWriter, r *http.Request) error {
	list, err := a.Service.Payloads(r.Context(), mux.Vars(r)["slug"], mux.Vars(r)["entry"])
	if err != nil {
		return err
	}
	return serveJSON(w, r, map[string][]log.Digest{"payloads": list})
}

// getObserver gives the log's word for the keys that sign what the service saw.
func (a *api) getObserver(w http.ResponseWriter, r *http.Request) error {
	b, err := a.Service.ObserverNote()
	if err != nil {
		return err
	}
	return serve(w, r, plainText, revalidate, b)
}

type mailRequest struct {
	Entry      string `json:"entry"`
	Version    int    `json:"version"`
	Kind       string `json:"kind"`
	Language   string `json:"language"`
	Invitation string `json:"invitation"` // keeps strangers from using up the codes. Optional
}

// postMailCode gives a signatory what to write in a mail.
func (a *api) postMailCode(w http.ResponseWriter, r *http.Request) error {
	var in mailRequest
	if err := readJSON(w, r, maxClaim, &in); err != nil {
		return err
	}
	got, err := a.Service.NewMailCode(r.Context(), mux.Vars(r)["slug"], in.Version, in.Entry, in.Kind, in.Language, in.Invitation)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	return json.NewEncoder(w).Encode(got)
}

type passkeyRequest struct {
	Payload      []byte          `json:"payload"`
	Registration json.RawMessage `json:"registration"`
	Key          []byte          `json:"key"`
	Assertion    json.RawMessage `json:"assertion"`
	Invitation   string          `json:"invitation"`
}

// postPasskeyClaim takes a claim that a passkey signed.
func (a *api) postPasskeyClaim(w http.ResponseWriter, r *http.Request) error {
	var in passkeyRequest
	if err := readJSON(w, r, 2*maxClaim, &in); err != nil {
		return err
	}
	if string(in.Registration) == "null" {
		in.Registration = nil
	}
	got, key, err := a.Service.ClaimByPasskey(r.Context(), mux.Vars(r)["slug"], publish.PasskeyClaim{Payload: in.Payload, Registration: in.Registration, Key: in.Key, Assertion: in.Assertion, Invitation: in.Invitation})
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	if got.Created {
		w.WriteHeader(http.StatusCreated)
	}
	return json.NewEncoder(w).Encode(map[string]any{"record": got.Record, "log_index": got.Index, "key": key, "key_digest": log.Sum(key)})
}
