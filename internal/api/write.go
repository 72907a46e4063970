package api

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"strings"
	"sync"

	"github.com/gorilla/mux"

	"github.com/sijil/sijil/internal/extract"
	"github.com/sijil/sijil/internal/jcs"
	"github.com/sijil/sijil/internal/publish"
	"github.com/sijil/sijil/internal/signatory"
	"github.com/sijil/sijil/log"
)

// Most bytes of a request's body.
const (
	maxCreate = log.MaxBundle + 4<<10
	maxSubmit = 64 << 20 // texts of several languages, as JSON strings, and 10,000 disclosures
	maxCopy   = extract.MaxFile
)

type createRequest struct {
	Bundle json.RawMessage `json:"bundle"`
}

type submitRequest struct {
	Bundle      json.RawMessage   `json:"bundle"`
	Texts       map[string]string `json:"texts"`
	Disclosures []*string         `json:"disclosures"`
}

type receipt struct {
	Record    log.Digest `json:"record"`
	Sequence  int64      `json:"sequence"`
	Index     int64      `json:"log_index"`
	Witnessed bool       `json:"witnessed"` // never yet: an answer does not wait for the quorum
	// Have of Want signatures: with fewer the record waits for the others.
	Have int `json:"have"`
	Want int `json:"want"`
	// The bundle comes last: see writeReceipt.
}

func (a *api) create(w http.ResponseWriter, r *http.Request) error {
	token, ok := bearer(r)
	if !ok {
		w.Header().Set("WWW-Authenticate", `Bearer realm="sijil"`)
		return &requestError{http.StatusUnauthorized, "token", "creating a publication takes a token: Authorization: Bearer …"}
	}
	var in createRequest
	if err := readJSON(w, r, maxCreate, &in); err != nil {
		return err
	}
	got, err := a.Service.Create(r.Context(), token, in.Bundle)
	if err != nil {
		return err
	}
	return writeReceipt(w, got)
}

func (a *api) submit(w http.ResponseWriter, r *http.Request) error {
	var in submitRequest
	if err := readJSON(w, r, maxSubmit, &in); err != nil {
		return err
	}
	c := publish.Content{Texts: make(map[string][]byte, len(in.Texts)), Disclosures: make([]signatory.Disclosure, len(in.Disclosures))}
	for lang, s := range in.Texts {
		c.Texts[lang] = []byte(s)
	}
	for i, d := range in.Disclosures {
		if d != nil {
			c.Disclosures[i] = signatory.Disclosure(*d)
		}
	}
	got, err := a.Service.Submit(r.Context(), mux.Vars(r)["slug"], in.Bundle, c)
	if err != nil {
		return err
	}
	return writeReceipt(w, got)
}

func writeReceipt(w http.ResponseWriter, got *publish.Receipt) error {
	b, err := json.Marshal(receipt{Record: got.Record, Sequence: got.Sequence, Index: got.Index, Have: got.Have, Want: got.Want})
	if err != nil {
		return err
	}
	// The bundle is JSON that was just made: an encoder would read all of it again.
	b = append(append(append(bytes.TrimSuffix(b, []byte("}")), `,"bundle":`...), got.Bundle...), "}\n"...)
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	if got.Created {
		w.WriteHeader(http.StatusCreated)
	}
	_, _ = w.Write(b) // the record is durable; a lost answer is asked for again
	return nil
}

func readJSON(w http.ResponseWriter, r *http.Request, most int64, v any) error {
	kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || kind != "application/json" {
		return &requestError{http.StatusUnsupportedMediaType, "content-type", "want Content-Type: application/json"}
	}
	b, err := io.ReadAll(http.MaxBytesReader(w, r.Body, most))
	if err != nil {
		return bodyError(err)
	}
	if err := jcs.Decode(b, v); err != nil {
		return &requestError{http.StatusBadRequest, "json", err.Error()}
	}
	return nil
}

// bodyError tells a body that is too large from one that did not arrive.
func bodyError(err error) error {
	var large *http.MaxBytesError
	if errors.As(err, &large) {
		return err
	}
	return &requestError{http.StatusBadRequest, "body", "the request's body could not be read"}
}

// buffers keep the copies' memory for the next request; a copy is overwritten,
// never stored.
var buffers = sync.Pool{New: func() any { return new(bytes.Buffer) }}

// maxKept bounds a buffer that is kept, in bytes.
const maxKept = 64 << 10

func (a *api) postVerify(w http.ResponseWriter, r *http.Request) error {
	slug := ""
	if r.URL.RawQuery != "" {
		if slug = r.URL.Query().Get("publication"); slug != "" {
			if _, err := a.Service.Publication(slug); err != nil {
				return err
			}
		}
	}
	in, out := buffers.Get().(*bytes.Buffer), buffers.Get().(*bytes.Buffer)
	defer keep(in)
	defer keep(out)
	if err := readCopy(w, r, in); err != nil {
		return err
	}
	v, _ := a.Service.VerifyFile(r.Context(), slug, in.Bytes())
	return writeAnswer(w, out, v)
}

func keep(b *bytes.Buffer) {
	if b.Cap() <= maxKept {
		b.Reset()
		buffers.Put(b)
	}
}

// readCopy reads a copy from the body, or from the field "copy" of a form.
func readCopy(w http.ResponseWriter, r *http.Request, into *bytes.Buffer) error {
	if header := r.Header.Get("Content-Type"); !strings.HasPrefix(header, "text/") {
		switch kind, _, err := mime.ParseMediaType(header); {
		case err == nil && kind == "multipart/form-data":
			return readForm(w, r, into)
		case err != nil, kind == "application/x-www-form-urlencoded":
			return &requestError{http.StatusUnsupportedMediaType, "content-type", "want the file itself with its type, such as text/plain or application/pdf, or multipart/form-data with a field named copy"}
		}
	}
	if n := r.ContentLength; n > 0 && n <= maxCopy {
		into.Grow(int(n) + bytes.MinRead)
	}
	if _, err := into.ReadFrom(http.MaxBytesReader(w, r.Body, maxCopy)); err != nil {
		return bodyError(err)
	}
	return nil
}

func readForm(w http.ResponseWriter, r *http.Request, into *bytes.Buffer) error {
	const overhead = 64 << 10 // boundaries and headers
	r.Body = http.MaxBytesReader(w, r.Body, maxCopy+overhead)
	parts, err := r.MultipartReader()
	if err != nil {
		return &requestError{http.StatusBadRequest, "body", "the form could not be read"}
	}
	for {
		part, err := parts.NextPart()
		if errors.Is(err, io.EOF) {
			return &requestError{http.StatusBadRequest, "body", "the form has no field named copy"}
		}
		if err != nil {
			return bodyError(err)
		}
		if part.FormName() != "copy" {
			continue
		}
		if _, err := into.ReadFrom(http.MaxBytesReader(w, part, maxCopy)); err != nil {
			return bodyError(err)
		}
		return nil
	}
}

// writeAnswer writes what concerns one copy: nobody is to store it.
func writeAnswer(w http.ResponseWriter, buf *bytes.Buffer, v any) error {
	enc := json.NewEncoder(buf)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return err
	}
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Cache-Control", "no-store")
	_, _ = w.Write(buf.Bytes())
	return nil
}
