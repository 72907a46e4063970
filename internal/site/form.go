package site

import (
	"bytes"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"net/url"
	"strings"

	"github.com/sijil/sijil/internal/extract"
	"github.com/sijil/sijil/internal/publish"
	"github.com/sijil/sijil/internal/text"
)

const (
	// maxBody leaves room around the copy for what a form adds to it.
	maxBody = extract.MaxFile + 64<<10
	// maxDrain is how much of a body that is too large is still taken in: a
	// browser that is sending does not read the answer before it has finished.
	maxDrain = 32 << 20
	maxParts = 16
)

// errTooLarge: the body is over the limit. The caller answers 413.
var errTooLarge = errors.New("body is too large")

// formError: the body is no form of ours. The caller answers its status.
type formError struct {
	status int
	rule   string
}

func (e *formError) Error() string { return "form: " + e.rule }

// submitted is a form as it arrived.
type submitted struct {
	pasted, file []byte
	address      string // of a page
	slug         string
}

// readForm reads the form without ever writing it anywhere:
// http.Request.ParseMultipartForm would put a large file on the disk.
func readForm(r *http.Request) (submitted, error) {
	limited := &io.LimitedReader{R: r.Body, N: maxBody + 1}
	kind, params, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil {
		kind = ""
	}
	var s submitted
	switch kind {
	case "multipart/form-data":
		s, err = readMultipart(multipart.NewReader(limited, params["boundary"]))
	case "application/x-www-form-urlencoded":
		s, err = readURLEncoded(limited)
	default:
		return s, &formError{http.StatusUnsupportedMediaType, "a form is multipart/form-data"}
	}
	if limited.N == 0 || len(s.pasted) > text.MaxBytes || len(s.file) > extract.MaxFile {
		_, _ = io.CopyN(io.Discard, r.Body, maxDrain)
		return submitted{}, errTooLarge
	}
	return s, err
}

func readMultipart(m *multipart.Reader) (submitted, error) {
	fields := map[string][]byte{}
	for range maxParts {
		part, err := m.NextRawPart()
		if errors.Is(err, io.EOF) {
			return collect(fields), nil
		}
		if err != nil {
			return submitted{}, &formError{http.StatusBadRequest, "it ends in the middle, or its parts are malformed"}
		}
		value, err := io.ReadAll(part)
		if err != nil {
			return submitted{}, &formError{http.StatusBadRequest, "it ends in the middle"}
		}
		if _, twice := fields[part.FormName()]; twice {
			return submitted{}, &formError{http.StatusBadRequest, "a field is given twice"}
		}
		fields[part.FormName()] = value
	}
	return submitted{}, &formError{http.StatusBadRequest, "it has too many fields"}
}

func readURLEncoded(r io.Reader) (submitted, error) {
	body, err := io.ReadAll(r)
	if err != nil {
		return submitted{}, &formError{http.StatusBadRequest, "it ends in the middle"}
	}
	values, err := url.ParseQuery(string(body))
	if err != nil {
		return submitted{}, &formError{http.StatusBadRequest, "it is not URL-encoded"}
	}
	fields := map[string][]byte{}
	for name, list := range values {
		if len(list) > 1 {
			return submitted{}, &formError{http.StatusBadRequest, "a field is given twice"}
		}
		fields[name] = []byte(list[0])
	}
	return collect(fields), nil
}

// collect takes the fields. Forms send the line ends of a text area as CR LF,
// whatever was pasted; that is the form's doing and is taken back.
func collect(fields map[string][]byte) submitted {
	return submitted{
		pasted:  bytes.ReplaceAll(fields["text"], []byte("\r\n"), []byte("\n")),
		file:    fields["file"],
		address: strings.TrimSpace(string(fields["address"])),
		slug:    string(fields["publication"]),
	}
}

// copied returns the one copy of the form, or the address of one; ok is false when
// there are two.
func (s submitted) copied() (b []byte, address string, ok bool) {
	switch pasted := len(bytes.TrimSpace(s.pasted)) > 0; {
	case s.address != "":
		return nil, s.address, !pasted && len(s.file) == 0
	case pasted && len(s.file) > 0:
		return nil, "", false
	case len(s.file) > 0:
		return s.file, "", true
	}
	return s.pasted, "", true
}

// maxChoices is how many publications are offered to choose from.
const maxChoices = 100

// formView is the form for a copy: for one publication (Slug), or with a choice.
type formView struct {
	Action  string
	Slug    string
	Choices []choice
	Many    bool // too many to list: a field for the slug
	Fetches bool // this service fetches pages
}

type choice struct {
	Slug string
	title
}

func (v *visit) form() formView {
	return formView{Action: v.to("/verify"), Fetches: v.fetch != nil}
}

func (v *visit) formFor(slug string) formView {
	f := v.form()
	f.Slug = slug
	return f
}

func (v *visit) formAmong(all []publish.Summary) formView {
	f := v.form()
	if f.Many = len(all) > maxChoices; f.Many {
		return f
	}
	for _, p := range all {
		f.Choices = append(f.Choices, choice{p.Slug, v.titles(p.Title)[0]})
	}
	return f
}
