// Package extract turns a copy into what a reader sees of it, since only that can
// be compared with a published text.
//
// The form is told by content, never by a name. For example
//
//	<p>Stop the <b>war</b>.<span style="display:none">Not now.</span></p>
//
// in a page has the text "Stop the war." and the warning hidden-left-out. What is
// certainly hidden is left out and counted, never quoted. What may be shown
// otherwise than it was extracted stays in the text and carries a Doubt; nobody
// may call that passage authentic. docs/formats/extract.md is the normative
// description.
package extract

import (
	"bytes"
	"strings"
	"unicode/utf16"
)

// Form is what a copy is written in.
type Form string

// The forms.
const (
	Text     Form = "text"
	HTML     Form = "html"
	Markdown Form = "markdown"
	Chat     Form = "chat" // exported or copied messages
	EML      Form = "eml"
	DOCX     Form = "docx"
	ODT      Form = "odt"
	PDF      Form = "pdf"
	Archive  Form = "archive" // other zips, and Word before 2007
	RTF      Form = "rtf"
	Picture  Form = "picture"
)

// ole begins files of Word before 2007, and locked ones of Word since.
const ole = "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"

// magic are first bytes that no text begins with.
var magic = []struct {
	prefix string
	form   Form
}{
	{"%PDF-", PDF},
	{"PK\x05\x06", Archive},
	{ole, Archive},
	{"\x1f\x8b", Archive},
	{"Rar!\x1a\x07", Archive},
	{"7z\xbc\xaf\x27\x1c", Archive},
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
	if len(b) > MaxFile {
		b = b[:MaxFile]
	}
	for _, m := range magic {
		if bytes.HasPrefix(b, []byte(m.prefix)) {
			return m.form
		}
	}
	if bytes.HasPrefix(b, []byte("PK\x03\x04")) {
		a, err := openArchive(b)
		if err != nil {
			return Archive
		}
		return a.form()
	}
	if len(b) > 12 && string(b[:4]) == "RIFF" && string(b[8:12]) == "WEBP" {
		return Picture
	}
	if wide := fromUTF16(b[:min(len(b), MaxFile)]); wide != nil {
		b = wide
	}
	switch {
	case isPage(b):
		return HTML
	case isMail(b):
		return EML
	case isChat(b):
		return Chat
	case isMarkdown(b):
		return Markdown
	}
	return Text
}

// form tells Word and OpenDocument from other archives by the parts that each of
// them must have.
func (a *archive) form() Form {
	if kind, err := a.part("mimetype"); err == nil && strings.HasPrefix(string(kind), "application/vnd.oasis.opendocument.text") {
		return ODT
	}
	if a.has("content.xml") && a.has("META-INF/manifest.xml") && !a.has("mimetype") {
		return ODT
	}
	if !a.has("[Content_Types].xml") || !a.has("_rels/.rels") {
		return Archive
	}
	for name := range a.files {
		if strings.HasPrefix(name, "word/") {
			return DOCX
		}
	}
	return Archive
}

// fromUTF16 decodes text that begins with a byte order mark of two bytes, and
// returns nil for any other.
func fromUTF16(b []byte) []byte {
	var high int
	switch {
	case bytes.HasPrefix(b, []byte("\xfe\xff")):
		high = 0
	case bytes.HasPrefix(b, []byte("\xff\xfe")):
		high = 1
	default:
		return nil
	}
	units := make([]uint16, 0, len(b)/2)
	for i := 2; i+1 < len(b); i += 2 {
		units = append(units, uint16(b[i+high])<<8|uint16(b[i+1-high]))
	}
	return []byte(string(utf16.Decode(units)))
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
	HTML:     "open the page, mark the declaration, copy it, and check what you copied",
	Markdown: "show the text as it is meant to be read, copy it, and check what you copied",
	Chat:     "copy the message alone, and check what you copied",
	EML:      "open the mail, mark the text, copy it, and check what you copied",
	DOCX:     "open the document, mark the text, copy it, and check what you copied",
	ODT:      "open the document, mark the text, copy it, and check what you copied",
	PDF:      "open the PDF, mark the text, copy it, and check what you copied",
	Archive:  "open the document, mark the text, copy it, and check what you copied",
	RTF:      "open the document, mark the text, copy it, and check what you copied",
	Picture:  "type or dictate the words that matter, or ask whoever sent the picture for the text",
}

// Advice says what to do with a copy that could not be read; empty for Text.
func (f Form) Advice() string { return advice[f] }

var names = map[Form]string{
	Text: "plain text", HTML: "a web page's source", Markdown: "a Markdown text", Chat: "an exported chat", EML: "a mail",
	DOCX: "a Word file", ODT: "an OpenDocument text", PDF: "a PDF", Archive: "an old Word file, or an archive",
	RTF: "a rich text file", Picture: "a picture",
}

// Name is the form in words.
func (f Form) Name() string { return names[f] }
