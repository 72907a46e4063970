// Package extracttest builds small documents for tests: a declaration's
// paragraphs as a web page, a Word or OpenDocument file, a mail or an exported
// chat. A paragraph that begins with "- " is written as an item of a list, whose
// marker the program that shows it generates.
//
//	extracttest.HTML([]string{"A title", "Words.", "- an item"})
//
// has an h1, a p and a ul with one li. The documents are what the common programs
// write, cut to the parts that a reader needs. What is given as raw XML, HTML or
// headers goes in as it is, so that a test can hide words in it.
package extracttest

import (
	"archive/zip"
	"bytes"
	"encoding/xml"
	"fmt"
	"html"
	"strings"
)

// item tells whether a paragraph is an item of a list, and returns its words.
func item(p string) (string, bool) { return strings.CutPrefix(p, "- ") }

// HTML is a web page: the first paragraph is its heading, and its title too,
// which a reader of the page does not see.
func HTML(paragraphs []string) []byte {
	var b strings.Builder
	inList := false
	for i, p := range paragraphs {
		words, isItem := item(p)
		if isItem != inList {
			b.WriteString(map[bool]string{true: "<ul>\n", false: "</ul>\n"}[isItem])
		}
		inList = isItem
		tag := "p"
		switch {
		case isItem:
			tag = "li"
		case i == 0:
			tag = "h1"
		}
		fmt.Fprintf(&b, "<%s>%s</%s>\n", tag, html.EscapeString(words), tag)
	}
	if inList {
		b.WriteString("</ul>\n")
	}
	title := ""
	if len(paragraphs) > 0 {
		title = paragraphs[0]
	}
	return Page("<meta charset=\"utf-8\"><title>"+html.EscapeString(title)+"</title>", b.String())
}

// Page is a web page with the given source in its head and body.
func Page(head, body string) []byte {
	return []byte("<!DOCTYPE html>\n<html>\n<head>" + head + "</head>\n<body>\n" + body + "</body>\n</html>\n")
}

// EML is a mail with one plain part in UTF-8, as quoted-printable, and a subject.
func EML(paragraphs []string) []byte {
	return Mail("Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n",
		QuotedPrintable(strings.Join(paragraphs, "\n\n")+"\n"))
}

// Mail is a mail with the given further header lines and body.
func Mail(headers, body string) []byte {
	return []byte("From: Amal <amal@example.org>\r\nTo: Bo <bo@example.org>\r\nSubject: The declaration\r\n" +
		"Date: Thu, 12 Mar 2026 10:15:00 +0000\r\nMessage-ID: <1@example.org>\r\nMIME-Version: 1.0\r\n" + headers + "\r\n" + body)
}

// Multipart is a body of the given subtype and its header line for Mail or for a
// part of another; each part is its header lines, an empty line and its body.
func Multipart(subtype, boundary string, parts ...string) (headers, body string) {
	var b strings.Builder
	for _, p := range parts {
		b.WriteString("--" + boundary + "\r\n" + p + "\r\n")
	}
	b.WriteString("--" + boundary + "--\r\n")
	return "Content-Type: multipart/" + subtype + "; boundary=\"" + boundary + "\"\r\n", b.String()
}

// QuotedPrintable encodes a body; its lines are soft-wrapped at 76 bytes.
func QuotedPrintable(s string) string {
	var b strings.Builder
	width := 0
	for i := range len(s) {
		c := s[i]
		if c == '\n' {
			b.WriteString("\r\n")
			width = 0
			continue
		}
		out := string(rune(c))
		if c < ' ' || c > '~' || c == '=' || c == ' ' && i+1 < len(s) && s[i+1] == '\n' {
			out = fmt.Sprintf("=%02X", c)
		}
		if width += len(out); width > 75 {
			b.WriteString("=\r\n")
			width = len(out)
		}
		b.WriteString(out)
	}
	return b.String()
}

// Chat is an exported chat in the form that the program writes on Android: a
// notice, then each paragraph as a message of its own.
func Chat(paragraphs []string) []byte {
	var b strings.Builder
	b.WriteString("12/03/2026, 10:14 - Messages and calls are end-to-end encrypted. No one outside of this chat can read them.\n")
	for i, p := range paragraphs {
		fmt.Fprintf(&b, "12/03/2026, 10:%02d - Amal: %s\n", 15+i%40, p)
	}
	return []byte(b.String())
}

// A Part is one file of a zip archive.
type Part struct{ Name, Body string }

// Zip is an archive of the given parts, in their order.
func Zip(parts ...Part) []byte {
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for _, p := range parts {
		h := &zip.FileHeader{Name: p.Name, Method: zip.Deflate}
		if p.Name == "mimetype" {
			h.Method = zip.Store
		}
		f, err := w.CreateHeader(h)
		if err == nil {
			_, err = f.Write([]byte(p.Body))
		}
		if err != nil {
			panic(err) // a buffer in memory takes everything
		}
	}
	if err := w.Close(); err != nil {
		panic(err)
	}
	return b.Bytes()
}

// Escape is text as XML writes it.
func Escape(s string) string {
	var b strings.Builder
	if err := xml.EscapeText(&b, []byte(s)); err != nil {
		panic(err) // a builder takes everything
	}
	return b.String()
}
