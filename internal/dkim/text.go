package dkim

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net/textproto"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding/htmlindex"
)

// containers are the multiparts that are looked into. All are read by the same rule, so
// that it does not matter which of them an unsigned Content-Type names.
var containers = set("multipart/alternative multipart/mixed multipart/related multipart/signed")

// line returns the first line of the plain text that is not empty.
func (m *letter) line() (string, error) {
	h := textproto.MIMEHeader{}
	for _, f := range m.fields {
		h.Add(f.name, f.value())
	}
	r := &partReader{}
	if err := r.entity(h, bytes.NewReader(m.body), 0, true); err != nil {
		return "", err
	}
	return firstLine(r.text)
}

// partReader goes through the parts of a mail; the plain text is the first part, all the
// way down, and there is no other.
type partReader struct {
	parts int
	text  string
}

// contentType is the mail's own, as it is read.
func (m *letter) contentType() (kind string, params map[string]string, ok bool) {
	kind, params, err := mime.ParseMediaType(m.get("Content-Type"))
	return kind, params, err == nil
}

// only is the value of a field that a part has at most once.
func only(h textproto.MIMEHeader, name string) (string, error) {
	switch v := h.Values(name); len(v) {
	case 0:
		return "", nil
	case 1:
		return v[0], nil
	}
	return "", refuse(RuleParts, "a part of it has the field "+name+" more than once")
}

func (r *partReader) entity(h textproto.MIMEHeader, body io.Reader, depth int, first bool) error {
	if r.parts++; r.parts > maxParts {
		return refuse(RuleParts, "it has more than 100 parts")
	}
	var v [3]string
	for i, name := range []string{"Content-Type", "Content-Transfer-Encoding", "Content-Disposition"} {
		var err error
		if v[i], err = only(h, name); err != nil {
			return err
		}
	}
	if v[0] == "" {
		v[0] = "text/plain; charset=us-ascii" // RFC 2045 section 5.2
	}
	kind, params, err := mime.ParseMediaType(v[0])
	if err != nil {
		return refuse(RuleParts, "the Content-Type of it or of a part of it cannot be read")
	}
	attached := v[2] != "" && !strings.EqualFold(strings.TrimSpace(firstField(v[2])), "inline")
	switch {
	case containers[kind]:
		return r.container(params["boundary"], v[1], body, depth, first)
	case kind == "text/plain" && !attached && first:
		r.text, err = decode(body, v[1], params["charset"])
		return err
	case kind == "text/plain" && !attached:
		return refuse(RuleParts, "it shows more than one plain text: send it alone, without a signature card or footer that the mail program adds as a part of its own")
	case first:
		return refuse(RulePlain, "it has no plain text at its beginning: send it as plain text, or as the usual formatted mail with plain text beside")
	}
	return nil
}

func firstField(s string) string {
	s, _, _ = strings.Cut(s, ";")
	return s
}

func (r *partReader) container(boundary, encoding string, body io.Reader, depth int, first bool) error {
	if depth == maxDepth {
		return refuse(RuleParts, "its parts are nested more than 5 deep")
	}
	if boundary == "" || !isIdentity(encoding) {
		return refuse(RuleParts, "its parts cannot be told apart")
	}
	parts := multipart.NewReader(body, boundary)
	for n := 0; ; n++ {
		p, err := parts.NextRawPart()
		if errors.Is(err, io.EOF) && n > 0 {
			return nil
		}
		if err != nil {
			return refuse(RuleParts, "its parts cannot be told apart")
		}
		if err := r.entity(p.Header, p, depth+1, first && n == 0); err != nil {
			return err
		}
	}
}

func isIdentity(encoding string) bool {
	switch strings.ToLower(encoding) {
	case "", "7bit", "8bit", "binary":
		return true
	}
	return false
}

// decode reads the text of a part.
func decode(body io.Reader, encoding, charset string) (string, error) {
	switch {
	case isIdentity(encoding):
	case strings.EqualFold(encoding, "quoted-printable"):
		body = quotedprintable.NewReader(body)
	case strings.EqualFold(encoding, "base64"):
		body = base64.NewDecoder(base64.StdEncoding, body)
	default:
		return "", refuse(RuleEncoding, "its text is in a transfer encoding that is not known")
	}
	b, err := io.ReadAll(body)
	if err != nil && isIdentity(encoding) { // the part has no end
		return "", refuse(RuleParts, "its parts cannot be told apart")
	}
	if err != nil {
		return "", refuse(RuleEncoding, "its text is not in the transfer encoding that it names")
	}
	r, err := charsetReader(charset, bytes.NewReader(b))
	if err != nil {
		return "", refuse(RuleEncoding, "its text is in a character set that is not known")
	}
	if b, err = io.ReadAll(r); err != nil || !utf8.Valid(b) {
		return "", refuse(RuleEncoding, "its text is not in the character set that it names")
	}
	return string(b), nil
}

// isUTF8: the names of UTF-8 and its part.
func isUTF8(charset string) bool {
	switch strings.ToLower(charset) {
	case "", "us-ascii", "ascii", "utf-8", "utf8":
		return true
	}
	return false
}

// charsetReader reads the charsets of the WHATWG's list, without those whose bytes may
// read as ASCII and mean something else.
func charsetReader(charset string, in io.Reader) (io.Reader, error) {
	if isUTF8(charset) {
		return in, nil
	}
	e, err := htmlindex.Get(charset)
	if err != nil {
		return nil, err
	}
	switch name, err := htmlindex.Name(e); {
	case err != nil:
		return nil, err
	case strings.HasPrefix(name, "utf-16"), name == "replacement", name == "x-user-defined", name == "iso-2022-jp":
		return nil, errors.New("a charset that is not read")
	}
	return e.NewDecoder().Reader(in), nil
}

// firstLine is the first line with something on it.
func firstLine(text string) (string, error) {
	scan := bufio.NewScanner(strings.NewReader(strings.TrimPrefix(text, "\ufeff")))
	scan.Buffer(nil, MaxSize+1)
	for scan.Scan() {
		line := strings.TrimSpace(scan.Text())
		if line == "" {
			continue
		}
		if !readable(line) {
			return "", refuse(RulePlain, "the first line of its text cannot be read, or is longer than 1000 bytes")
		}
		return line, nil
	}
	return "", refuse(RulePlain, "its plain text is empty")
}
