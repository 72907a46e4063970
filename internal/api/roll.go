package api

import (
	"bytes"
	"cmp"
	"encoding/json"
	"io"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strconv"

	"github.com/gorilla/mux"

	"github.com/sijil/sijil/internal/endorsement"
	"github.com/sijil/sijil/internal/jcs"
	"github.com/sijil/sijil/internal/publish"
	"github.com/sijil/sijil/internal/roll"
	"github.com/sijil/sijil/log"
)

// maxEndorsers is how many endorsers one answer has.
const maxEndorsers = 100

type batchHead struct {
	Bundle json.RawMessage `json:"bundle"`
	Key    []byte          `json:"key"` // DER SubjectPublicKeyInfo
}

// postBatch takes a batch of a roll: a line with its bundle and key, and then its rows.
func (a *api) postBatch(w http.ResponseWriter, r *http.Request) error {
	kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || kind != jsonLines {
		return &requestError{http.StatusUnsupportedMediaType, "content-type", "want Content-Type: " + jsonLines}
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, roll.MaxBody+maxClaim))
	if err != nil {
		return bodyError(err)
	}
	line, rows, _ := bytes.Cut(body, []byte("\n"))
	var head batchHead
	if err := jcs.Decode(line, &head); err != nil {
		return &requestError{http.StatusBadRequest, "json", err.Error()}
	}
	got, err := a.Service.AddBatch(r.Context(), mux.Vars(r)["slug"], head.Bundle, head.Key, rows)
	if err != nil {
		return err
	}
	return writeReceipt(w, got)
}

// getRoll gives the records of all batches.
func (a *api) getRoll(view publish.View) handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		b, err := a.Service.Roll(view, mux.Vars(r)["slug"])
		if err != nil {
			return err
		}
		return serve(w, r, jsonLines, revalidate, b)
	}
}

// getRollRows gives the rows of one batch.
func (a *api) getRollRows(view publish.View) handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		number, err := strconv.ParseInt(mux.Vars(r)["number"], 10, 64)
		if err != nil {
			return publish.ErrUnknown
		}
		var out bytes.Buffer
		if err := a.Service.RollRows(r.Context(), view, mux.Vars(r)["slug"], number, &out); err != nil {
			return err
		}
		return serve(w, r, jsonLines, revalidate, out.Bytes())
	}
}

type rollCell struct {
	Version int               `json:"version"`
	Country string            `json:"country"` // empty where the row has none, or is withheld
	Known   endorsement.Known `json:"known"`
	Count   int64             `json:"count"`
}

// getRollCounts gives the service's word for how many endorsers there are, which the
// batches prove.
func (a *api) getRollCounts(w http.ResponseWriter, r *http.Request) error {
	sum, err := a.Service.RollCounts(r.Context(), mux.Vars(r)["slug"])
	if err != nil {
		return err
	}
	out := struct {
		Batches int64       `json:"batches"`
		Newest  *log.Digest `json:"newest"` // record of the newest batch
		Counts  []rollCell  `json:"counts"`
	}{Batches: sum.Batches, Counts: []rollCell{}}
	if !sum.Newest.IsZero() {
		out.Newest = &sum.Newest
	}
	for c, n := range sum.Tally {
		out.Counts = append(out.Counts, rollCell{c.Version, c.Country, c.Known, n})
	}
	slices.SortFunc(out.Counts, func(a, b rollCell) int {
		return cmp.Or(cmp.Compare(a.Version, b.Version), cmp.Compare(a.Country, b.Country), cmp.Compare(a.Known, b.Known))
	})
	return serveJSON(w, r, out)
}

type endorser struct {
	Place    int64             `json:"place"`
	Batch    int64             `json:"batch"`
	LogIndex int64             `json:"log_index"`
	Known    endorsement.Known `json:"known"`
	Name     string            `json:"name,omitempty"` // empty where it is withheld
	Kind     string            `json:"kind,omitempty"`
	Language string            `json:"language,omitempty"`
	Role     string            `json:"role,omitempty"`
	Country  string            `json:"country,omitempty"`
	Domain   string            `json:"domain,omitempty"`
}

// getEndorsers gives a page of a version's endorsers: from the place that after names, by
// country, kind of evidence and words of the name.
func (a *api) getEndorsers(w http.ResponseWriter, r *http.Request) error {
	slug, version, _ := a.version(r)
	query, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return &requestError{http.StatusBadRequest, "query", "the query could not be read"}
	}
	q := publish.RollQuery{Version: version, Country: query.Get("country"), Known: endorsement.Known(query.Get("known")), Words: query.Get("q"), Limit: maxEndorsers}
	if q.Known != "" && !slices.Contains(roll.Knowns(), q.Known) {
		return &requestError{http.StatusBadRequest, "query", "known is not a way in which endorsers are known"}
	}
	if after := query.Get("after"); after != "" {
		if q.After, err = strconv.ParseInt(after, 10, 32); err != nil || q.After < 0 {
			return &requestError{http.StatusBadRequest, "query", "after is not a place in the roll"}
		}
	}
	list, err := a.Service.RollEntries(r.Context(), slug, q)
	if err != nil {
		return err
	}
	out := struct {
		Endorsers []endorser `json:"endorsers"`
		Next      int64      `json:"next,omitempty"` // after which the next page begins
	}{Endorsers: []endorser{}}
	for _, e := range list {
		s := e.Signatory
		out.Endorsers = append(out.Endorsers, endorser{e.Place, e.Batch, e.Index, e.Known, s.Name, string(s.Kind), s.Language, s.Role, s.Country, s.Domain})
	}
	if len(list) == maxEndorsers {
		out.Next = list[len(list)-1].Place
	}
	return serveJSON(w, r, out)
}
