// Package extract tells what form a copy has: what a reader sees of it can be
// compared only where the form is read.
//
// The form is told by the first bytes, never by a name. For example
// FormOf([]byte("%PDF-1.7…")) is PDF, and anything that looks like none of the
// forms below is Text.
package extract

import (
	"bytes"
	"strings"
)

// Form is what a copy is written in.
type Form string

// The forms. Only Text is read by this edition.
const (
	Text    Form = "text"
	HTML    Form = "html"
	PDF     Form = "pdf"
	Archive Form = "archive" // zip: Word, OpenDocument, and plain archives
	RTF     Form = "rtf"
	Picture Form = "picture"
)

// magic are first bytes that no text begins with.
var magic = []struct {
	prefix string
	form   Form
}{
	{"%PDF-", PDF},
	{"PK\x03\x04", Archive},
	{"PK\x05\x06", Archive},
	{"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", Archive}, // Word before 2007
	{"\x1f\x8b", Archive},
	{`{\rtf1`, RTF},
	{"\x89PNG\r\n\x1a\n", Picture},
	{"\xff\xd8\xff", Picture},
	{"GIF87a", Picture},
	{"GIF89a", Picture},
	{"II*\x00", Picture},
	{"MM\x00*", Picture},
}

// tags begin a page, after white space and comments, in any case.
var tags = []string{"<!doctype html", "<html", "<head", "<body", "<?xml", "<svg"}

// lead bounds how far a page's beginning is looked for, in bytes.
const lead = 4 << 10

// FormOf returns the form of a copy.
func FormOf(b []byte) Form {
	for _, m := range magic {
		if bytes.HasPrefix(b, []byte(m.prefix)) {
			return m.form
		}
	}
	if len(b) > 12 && string(b[:4]) == "RIFF" && string(b[8:12]) == "WEBP" {
		return Picture
	}
	if isPage(b) {
		return HTML
	}
	return Text
}

// isPage looks past a byte order mark, white space and comments for a tag that
// begins a page.
func isPage(b []byte) bool {
	s := string(b[:min(len(b), lead)])
	s = strings.TrimPrefix(s, "\ufeff")
	for {
		s = strings.TrimLeft(s, " \t\r\n\f")
		rest, ok := strings.CutPrefix(s, "<!--")
		if !ok {
			break
		}
		if _, s, ok = strings.Cut(rest, "-->"); !ok {
			return true // nothing but a page begins with a comment that long
		}
	}
	s = strings.ToLower(s[:min(len(s), 32)])
	for _, t := range tags {
		if strings.HasPrefix(s, t) {
			return true
		}
	}
	return false
}

// advice is what somebody who holds a form that is not read can do.
var advice = map[Form]string{
	HTML:    "open the page, mark the declaration, copy it, and check what you copied",
	PDF:     "open the PDF, mark the text, copy it, and check what you copied",
	Archive: "open the document, mark the text, copy it, and check what you copied",
	RTF:     "open the document, mark the text, copy it, and check what you copied",
	Picture: "type or dictate the words that matter, or ask whoever sent the picture for the text",
}

// Advice says what to do with a copy of a form that is not read; empty for Text.
func (f Form) Advice() string { return advice[f] }

// Name is the form in words.
func (f Form) Name() string {
	return map[Form]string{Text: "plain text", HTML: "a web page's source", PDF: "a PDF", Archive: "a Word or OpenDocument file, or an archive", RTF: "a rich text file", Picture: "a picture"}[f]
}
