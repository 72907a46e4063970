package api

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"runtime/debug"
	"strings"

	"github.com/sijil/sijil/internal/chain"
	"github.com/sijil/sijil/internal/endorsement"
	"github.com/sijil/sijil/internal/invitation"
	"github.com/sijil/sijil/internal/publish"
	"github.com/sijil/sijil/log"
)

// problem is an RFC 9457 answer.
type problem struct {
	Type   string   `json:"type"`
	Title  string   `json:"title"`
	Status int      `json:"status"`
	Detail string   `json:"detail,omitempty"`
	Head   *head    `json:"head,omitempty"` // of a conflict: the chain's newest record
	Rows   []badRow `json:"rows,omitempty"` // of a batch: those that cannot be taken
	ID     string   `json:"id,omitempty"`   // of an internal error: also in the service's log
}

type head struct {
	Record   log.Digest `json:"record"`
	Sequence int64      `json:"sequence"`
}

// badRow is a row of a batch, from 1, and what is wrong with it.
type badRow struct {
	Row    int    `json:"row"`
	Detail string `json:"detail"`
}

// requestError is a fault of the request itself.
type requestError struct {
	status int
	code   string
	detail string
}

func (e *requestError) Error() string { return e.detail }

// kind is one row of the table from errors to answers.
type kind struct {
	is     func(error) bool
	status int
	code   string
	title  string
}

func is(target error) func(error) bool {
	return func(err error) bool { return errors.Is(err, target) }
}

func as[T error](err error) bool {
	var t T
	return errors.As(err, &t)
}

// kinds is the one table from error to answer; the first row that fits wins, and
// what fits none is an internal error. Details of these errors are written for
// the client.
var kinds = []kind{
	{as[*http.MaxBytesError], http.StatusRequestEntityTooLarge, "too-large", "The request is too large"},
	{as[*chain.ForeignError], http.StatusBadRequest, "foreign", "The record is for another publication or log"},
	{as[*publish.RowsError], http.StatusUnprocessableEntity, "rows", "There are rows that cannot be taken"},
	{as[*publish.InvalidError], http.StatusBadRequest, "invalid", "What was submitted is not valid"},
	{is(chain.ErrRecovery), http.StatusForbidden, "recovery", "The recovery is not allowed"},
	{is(chain.ErrUnauthorised), http.StatusForbidden, "unauthorised", "The record is not signed by a key of the publication"},
	{is(publish.ErrDoor), http.StatusForbidden, "door", "The door is closed"},
	{is(publish.ErrPublisherKey), http.StatusForbidden, "publisher-key", "The key cannot be used here"},
	{is(publish.ErrSpeakerKey), http.StatusForbidden, "speaker-key", "What the key signs has to be readable"},
	{is(publish.ErrReleaseKey), http.StatusForbidden, "release-key", "The release is not signed by the operator"},
	{is(publish.ErrToken), http.StatusForbidden, "token", "The token cannot be used"},
	{is(endorsement.ErrSigner), http.StatusForbidden, "signer", "The statement is not signed by a key that may sign it"},
	{is(publish.ErrInvitation), http.StatusForbidden, "invitation", "An invitation is needed"},
	{is(publish.ErrInvitationUsed), http.StatusForbidden, "invitation", "The invitation was used before"},
	{is(invitation.ErrInvalid), http.StatusForbidden, "invitation", "The invitation is not valid"},
	{is(invitation.ErrExpired), http.StatusForbidden, "invitation", "The invitation has expired"},
	{is(publish.ErrTooMany), http.StatusForbidden, "too-many", "There are too many records"},
	{is(endorsement.ErrNoEntry), http.StatusNotFound, "entry", "There is no such list entry"},
	{is(publish.ErrNoDomain), http.StatusConflict, "no-domain", "There is no domain to look at"},
	{is(publish.ErrNoMail), http.StatusConflict, "no-mail", "No mail is taken here"},
	{is(publish.ErrNoPasskeys), http.StatusConflict, "no-passkeys", "No passkeys are taken here"},
	{is(publish.ErrAmbiguous), http.StatusConflict, "ambiguous", "The domain says several things"},
	{is(publish.ErrOtherDomain), http.StatusConflict, "other-domain", "The key is another domain's"},
	{is(publish.ErrOtherEntry), http.StatusConflict, "other-entry", "The domain has spoken for another list entry"},
	{is(publish.ErrDomainSilent), http.StatusBadGateway, "domain", "The domain could not be asked"},
	{is(publish.ErrBusy), http.StatusServiceUnavailable, "busy", "The record is being taken in"},
	{is(publish.ErrQueue), http.StatusServiceUnavailable, "busy", "Batches are being taken in"},
	{is(publish.ErrMoving), http.StatusServiceUnavailable, "busy", "The records are changing"},
	{as[*chain.ConflictError], http.StatusConflict, "conflict", "The record does not follow the head"},
	{is(publish.ErrTaken), http.StatusConflict, "conflict", "The place is taken by another record"},
	{as[*publish.SimilarError], http.StatusConflict, "similar-slug", "The slug could be taken for another"},
	{as[*publish.FrozenError], http.StatusGone, "frozen", "The log is frozen"},
	{is(publish.ErrUnknown), http.StatusNotFound, "not-found", "Not found"},
	{is(publish.ErrFull), http.StatusServiceUnavailable, "full", "No records are taken for now"},
	{is(publish.ErrAway), http.StatusServiceUnavailable, "away", "No records are taken for now"},
	{is(context.DeadlineExceeded), http.StatusServiceUnavailable, "timeout", "The log did not answer in time"},
}

// problemOf finds the answer to an error; internal is true for one that the
// table does not know.
func problemOf(err error) (p problem, internal bool) {
	var request *requestError
	if errors.As(err, &request) {
		return problem{Type: problemType(request.code), Title: http.StatusText(request.status), Status: request.status, Detail: request.detail}, false
	}
	for _, k := range kinds {
		if k.is(err) {
			p = problem{Type: problemType(k.code), Title: k.title, Status: k.status, Detail: detailOf(err)}
			var conflict *chain.ConflictError
			if errors.As(err, &conflict) {
				p.Head = &head{Record: conflict.Head, Sequence: conflict.Sequence}
			}
			var rows *publish.RowsError
			if errors.As(err, &rows) {
				for _, r := range rows.Rows {
					p.Rows = append(p.Rows, badRow{r.Row, r.Err.Error()})
				}
			}
			return p, false
		}
	}
	return problem{Type: problemType("internal"), Title: "Internal error", Status: http.StatusInternalServerError}, true
}

// detailOf keeps words about the disk or the log's insides from the client.
func detailOf(err error) string {
	switch {
	case errors.Is(err, publish.ErrFull):
		return publish.ErrFull.Error()
	case errors.Is(err, publish.ErrAway):
		return publish.ErrAway.Error()
	case errors.Is(err, context.DeadlineExceeded):
		return "if you sent a record, send the same one again: it is never taken twice"
	}
	return err.Error()
}

func problemType(code string) string { return "urn:sijil:problem:" + code }

func (a *api) fail(w http.ResponseWriter, r *http.Request, err error) {
	if r.Context().Err() != nil && errors.Is(err, context.Canceled) {
		return // the client has gone; there is nobody to answer
	}
	p, internal := problemOf(err)
	if internal {
		p.ID = newID()
		a.Logger.ErrorContext(r.Context(), "internal error", "id", p.ID, "error", err)
	}
	if p.Status == http.StatusServiceUnavailable {
		w.Header().Set("Retry-After", "10")
	}
	writeProblem(w, p)
}

func (a *api) failPanic(w http.ResponseWriter, r *http.Request, cause any) {
	if cause == http.ErrAbortHandler {
		panic(cause)
	}
	p := problem{Type: problemType("internal"), Title: "Internal error", Status: http.StatusInternalServerError, ID: newID()}
	a.Logger.ErrorContext(r.Context(), "panic", "id", p.ID, "kind", fmt.Sprintf("%T", cause), "stack", string(debug.Stack()))
	writeProblem(w, p)
}

func (a *api) notFound(w http.ResponseWriter, r *http.Request) {
	a.fail(w, r, publish.ErrUnknown)
}

func (a *api) methodNotAllowed(w http.ResponseWriter, r *http.Request) {
	// mux knows which methods the path has, and does not say; the API has only
	// these.
	allow := "GET, HEAD"
	if strings.HasSuffix(r.URL.Path, "/records") || r.URL.Path == "/api/v1/verify" {
		allow = "POST"
	} else if r.URL.Path == "/api/v1/publications" {
		allow = "GET, HEAD, POST"
	}
	w.Header().Set("Allow", allow)
	a.fail(w, r, &requestError{http.StatusMethodNotAllowed, "method", "this address takes " + allow})
}

func writeProblem(w http.ResponseWriter, p problem) {
	h := w.Header()
	h.Set("Content-Type", "application/problem+json")
	h.Set("Cache-Control", "no-store")
	h.Del("ETag")
	w.WriteHeader(p.Status)
	_ = json.NewEncoder(w).Encode(p) // the status is out: a client that has gone is not our concern
}

func newID() string {
	var b [8]byte
	_, _ = rand.Read(b[:]) // never fails (crypto/rand)
	return hex.EncodeToString(b[:])
}
