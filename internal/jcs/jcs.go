// Package jcs reads and writes JSON in one encoding only: RFC 8785 (JSON
// Canonicalization Scheme). Every signed or pinned JSON document of this project
// goes through it, so that two different byte strings never mean the same thing.
//
//	Marshal(map[string]int{"b": 1, "a": 2}) == `{"a":2,"b":1}`
//
// Unmarshal accepts exactly the bytes that Marshal would write for the value it
// returns: unknown and repeated members, other white space, other escapes,
// other number and base64 spellings are all refused.
package jcs

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"unicode/utf8"

	"github.com/cyberphone/json-canonicalization/go/src/webpki.org/jsoncanonicalizer"
)

// ErrNotCanonical is wrapped by Unmarshal when the input is valid JSON of the
// right shape but not the one encoding. A caller that receives documents from
// people can then say so, rather than call them damaged.
var ErrNotCanonical = errors.New("not in RFC 8785 form")

// buffers are those that Marshal encodes into, of at most maxKept bytes.
var buffers = sync.Pool{New: func() any { return new(bytes.Buffer) }}

const maxKept = 64 << 10

// Marshal returns the RFC 8785 encoding of v.
func Marshal(v any) ([]byte, error) {
	buf := buffers.Get().(*bytes.Buffer)
	defer func() {
		if buf.Cap() <= maxKept {
			buf.Reset()
			buffers.Put(buf)
		}
	}()
	enc := json.NewEncoder(buf)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return nil, fmt.Errorf("encode JSON: %w", err)
	}
	b := bytes.TrimSuffix(buf.Bytes(), []byte("\n"))
	if sorted(b) {
		return bytes.Clone(b), nil
	}
	if out, ok := arrange(b); ok {
		return out, nil
	}
	out, err := jsoncanonicalizer.Transform(b)
	if err != nil {
		return nil, fmt.Errorf("canonicalise JSON: %w", err)
	}
	return out, nil
}

// Unmarshal parses b into v and proves by re-encoding that b was the one
// encoding of what was parsed. On error v must not be used.
func Unmarshal(b []byte, v any) error {
	// What Decode refuses beyond this is encoded otherwise too.
	if json.Unmarshal(b, v) != nil {
		if err := Decode(b, v); err != nil {
			return err
		}
	}
	again, err := Marshal(v)
	if err != nil {
		return err
	}
	if bytes.Equal(again, b) {
		return nil
	}
	if err := Decode(b, v); err != nil { // which says it better
		return err
	}
	return fmt.Errorf("%w: differs at byte %d", ErrNotCanonical, firstDifference(again, b))
}

// Decode parses exactly one JSON value into v, refusing unknown members and
// anything after the value. It does not ask for the canonical form: use it for
// requests that are not signed.
func Decode(b []byte, v any) error {
	dec := json.NewDecoder(bytes.NewReader(b))
	dec.DisallowUnknownFields()
	if err := dec.Decode(v); err != nil {
		return fmt.Errorf("parse JSON: %w", err)
	}
	if _, err := dec.Token(); err == nil {
		return errors.New("parse JSON: more than one value")
	}
	if rest := bytes.TrimLeft(b[dec.InputOffset():], " \t\r\n"); len(rest) > 0 {
		return errors.New("parse JSON: data after the value")
	}
	return nil
}

// Where says where in b an error of Decode is, such as "line 3, character 7: ", for those
// who edit such files by hand; "" where that is not known.
func Where(err error, b []byte) string {
	at := int64(-1)
	var syntax *json.SyntaxError
	var kind *json.UnmarshalTypeError
	switch {
	case errors.As(err, &syntax):
		at = syntax.Offset
	case errors.As(err, &kind):
		at = kind.Offset
	}
	if at < 1 || at > int64(len(b)) {
		return ""
	}
	before := b[:at-1]
	return fmt.Sprintf("line %d, character %d: ", 1+bytes.Count(before, []byte("\n")), 1+utf8.RuneCount(before[bytes.LastIndexByte(before, '\n')+1:]))
}

func firstDifference(a, b []byte) int {
	n := min(len(a), len(b))
	for i := range n {
		if a[i] != b[i] {
			return i
		}
	}
	return n
}
