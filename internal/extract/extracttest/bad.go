package extracttest

import (
	"bytes"
	"fmt"
	"strings"
)

// What package extract takes at most, and the codes of its errors.
const (
	maxFile      = 10 << 20
	maxHTML      = 5 << 20
	maxHTMLNodes = 400_000
	maxHeader    = 256 << 10
	maxMailParts = 500
	maxMarkdown  = 1 << 20
	maxParts     = 2000

	ole = "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"

	codeForm      = "unsupported-form"
	codeDamaged   = "damaged-file"
	codeEncrypted = "encrypted-file"
	codeTooLarge  = "too-large"
	codeTooDeep   = "too-deep"
	codeExpands   = "expands-too-much"
	codeNoText    = "no-text"
)

// locked is an archive whose parts are marked as encrypted.
func locked(file []byte) []byte {
	out := bytes.Clone(file)
	for _, m := range []struct {
		sign string
		at   int
	}{{"PK\x03\x04", 6}, {"PK\x01\x02", 8}} {
		for i := 0; ; {
			j := bytes.Index(out[i:], []byte(m.sign))
			if j < 0 {
				break
			}
			i += j + 4
			out[i-4+m.at] |= 1
		}
	}
	return out
}

// A Bad is a file that is not read, and the code of the error.
type Bad struct {
	File []byte
	Code string
}

// BadInput are files that are not read.
func BadInput() map[string]Bad {
	word := DOCX([]string{"words"})
	document := func(s string) []byte { return DOCXBody(s, "") }
	many := make([]Part, maxParts+1)
	for i := range many {
		many[i].Name = strings.Repeat("x", i%50) + string(rune('a'+i%26)) + string(rune(0x4e00+i))
	}
	multipart := func(depth int) []byte {
		h, b := "Content-Type: text/plain\r\n", "words"
		for range depth {
			h, b = Multipart("mixed", fmt.Sprintf("b%dx", depth), h+"\r\n"+b)
			depth--
		}
		return Mail(h, b)
	}
	return map[string]Bad{
		"large":            {make([]byte, maxFile+1), codeTooLarge},
		"PDF":              {[]byte("%PDF-1.7"), codeForm},
		"picture":          {[]byte("GIF89a"), codeForm},
		"rich text":        {[]byte(`{\rtf1 a}`), codeForm},
		"old Word":         {[]byte(ole + "\x00\x00"), codeForm},
		"locked Word":      {[]byte(ole + "E\x00n\x00c\x00r\x00y\x00p\x00t\x00e\x00d\x00P\x00a\x00c\x00k\x00a\x00g\x00e\x00"), codeEncrypted},
		"archive":          {Zip(Part{Name: "a.txt", Body: "words"}), codeForm},
		"table":            {Zip(Part{Name: "[Content_Types].xml"}, Part{Name: "_rels/.rels"}, Part{Name: "xl/workbook.xml"}), codeForm},
		"cut archive":      {word[:len(word)/2], codeDamaged},
		"locked archive":   {locked(word), codeEncrypted},
		"many parts":       {Zip(many...), codeExpands},
		"twice":            {DOCXBody("", "", Part{Name: "WORD/document.xml", Body: "x"}), codeDamaged},
		"bomb":             {document("<w:p>" + strings.Repeat(" ", 30<<20) + "</w:p>"), codeExpands},
		"not XML":          {document("<w:p>"), codeDamaged},
		"deep XML":         {document(strings.Repeat("<w:sdt><w:sdtContent>", 200)), codeTooDeep},
		"empty document":   {document(""), codeNoText},
		"hidden document":  {document("<w:p>" + WordRun("<w:vanish/>", "x") + "</w:p>"), codeNoText},
		"deep page":        {[]byte("<html>" + strings.Repeat("<div>", 100_000) + "x"), codeTooDeep},
		"deep marks":       {[]byte("<html>" + strings.Repeat("<b>", 100_000) + "x"), codeTooDeep},
		"large page":       {[]byte("<html>" + strings.Repeat("words ", maxHTML/6)), codeTooLarge},
		"many elements":    {[]byte("<html>" + strings.Repeat("<p>", maxHTMLNodes+1)), codeTooLarge},
		"reopened":         {[]byte("<html><p>" + strings.Repeat("<b><i><u><tt>", 50) + strings.Repeat("</p><p>", 100_000)), codeTooLarge},
		"many bodies":      {[]byte("<html>" + strings.Repeat("<body a=1>", 10_000)), codeTooLarge},
		"many attributes":  {[]byte("<html><p" + numbered(" a%d", 100_000) + ">"), codeTooLarge},
		"empty page":       {[]byte("<html>"), codeNoText},
		"deep mail":        {multipart(40), codeTooDeep},
		"empty mail":       {Mail("", ""), codeNoText},
		"long header":      {Mail("X: "+strings.Repeat("x", maxHeader)+"\r\n", "words"), codeDamaged},
		"unknown charset":  {Mail("Content-Type: text/plain; charset=nobody\r\n", "words"), codeDamaged},
		"unknown encoding": {Mail("Content-Transfer-Encoding: nobody\r\n", "words"), codeDamaged},
		"large mail":       {Mail("", strings.Repeat("words\r\n", 1<<20)), codeTooLarge},
		"large chat":       {[]byte("12/03/2026, 10:15 - A: " + strings.Repeat("words\n", 1<<20)), codeTooLarge},
	}
}
