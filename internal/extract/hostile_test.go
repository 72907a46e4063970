package extract

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/sijil/sijil/internal/extract/extracttest"
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

func TestBadInput(t *testing.T) {
	word := extracttest.DOCX([]string{"words"})
	document := func(s string) []byte { return extracttest.DOCXBody(s, "") }
	many := make([]extracttest.Part, maxParts+1)
	for i := range many {
		many[i].Name = strings.Repeat("x", i%50) + string(rune('a'+i%26)) + string(rune(0x4e00+i))
	}
	multipart := func(depth int) []byte {
		h, b := "Content-Type: text/plain\r\n", "words"
		for range depth {
			h, b = extracttest.Multipart("mixed", fmt.Sprintf("b%dx", depth), h+"\r\n"+b)
			depth--
		}
		return extracttest.Mail(h, b)
	}
	for name, c := range map[string]struct {
		file []byte
		code string
	}{
		"large":            {make([]byte, MaxFile+1), CodeTooLarge},
		"PDF":              {[]byte("%PDF-1.7"), CodeForm},
		"picture":          {[]byte("GIF89a"), CodeForm},
		"rich text":        {[]byte(`{\rtf1 a}`), CodeForm},
		"old Word":         {[]byte(ole + "\x00\x00"), CodeForm},
		"locked Word":      {[]byte(ole + "E\x00n\x00c\x00r\x00y\x00p\x00t\x00e\x00d\x00P\x00a\x00c\x00k\x00a\x00g\x00e\x00"), CodeEncrypted},
		"archive":          {extracttest.Zip(extracttest.Part{Name: "a.txt", Body: "words"}), CodeForm},
		"table":            {extracttest.Zip(extracttest.Part{Name: "[Content_Types].xml"}, extracttest.Part{Name: "_rels/.rels"}, extracttest.Part{Name: "xl/workbook.xml"}), CodeForm},
		"cut archive":      {word[:len(word)/2], CodeDamaged},
		"locked archive":   {locked(word), CodeEncrypted},
		"many parts":       {extracttest.Zip(many...), CodeExpands},
		"twice":            {extracttest.DOCXBody("", "", extracttest.Part{Name: "WORD/document.xml", Body: "x"}), CodeDamaged},
		"bomb":             {document("<w:p>" + strings.Repeat(" ", 30<<20) + "</w:p>"), CodeExpands},
		"not XML":          {document("<w:p>"), CodeDamaged},
		"deep XML":         {document(strings.Repeat("<w:sdt><w:sdtContent>", 200)), CodeTooDeep},
		"empty document":   {document(""), CodeNoText},
		"hidden document":  {document("<w:p>" + wordRun("<w:vanish/>", "x") + "</w:p>"), CodeNoText},
		"deep page":        {[]byte("<html>" + strings.Repeat("<div>", 100_000) + "x"), CodeTooDeep},
		"deep marks":       {[]byte("<html>" + strings.Repeat("<b>", 100_000) + "x"), CodeTooDeep},
		"large page":       {[]byte("<html>" + strings.Repeat("words ", maxHTML/6)), CodeTooLarge},
		"many elements":    {[]byte("<html>" + strings.Repeat("<p>", maxHTMLNodes+1)), CodeTooLarge},
		"reopened":         {[]byte("<html><p>" + strings.Repeat("<b><i><u><tt>", 50) + strings.Repeat("</p><p>", 100_000)), CodeTooLarge},
		"many bodies":      {[]byte("<html>" + strings.Repeat("<body a=1>", 10_000)), CodeTooLarge},
		"many attributes":  {[]byte("<html><p" + numbered(" a%d", 100_000) + ">"), CodeTooLarge},
		"empty page":       {[]byte("<html>"), CodeNoText},
		"deep mail":        {multipart(40), CodeTooDeep},
		"empty mail":       {extracttest.Mail("", ""), CodeNoText},
		"long header":      {extracttest.Mail("X: "+strings.Repeat("x", maxHeader)+"\r\n", "words"), CodeDamaged},
		"unknown charset":  {extracttest.Mail("Content-Type: text/plain; charset=nobody\r\n", "words"), CodeDamaged},
		"unknown encoding": {extracttest.Mail("Content-Transfer-Encoding: nobody\r\n", "words"), CodeDamaged},
		"large mail":       {extracttest.Mail("", strings.Repeat("words\r\n", 1<<20)), CodeTooLarge},
		"large chat":       {[]byte("12/03/2026, 10:15 - A: " + strings.Repeat("words\n", 1<<20)), CodeTooLarge},
	} {
		copied, err := new(Reader).Read(context.Background(), c.file)
		got := ""
		if err != nil {
			var known *Error
			if !errors.As(err, &known) {
				t.Errorf("%s: %v is no *Error", name, err)
				continue
			}
			got = known.Code
			if known.Hint == "" || strings.ToLower(known.Detail[:1]) != known.Detail[:1] {
				t.Errorf("%s: %q, hint %q", name, known.Detail, known.Hint)
			}
		}
		if got != c.code {
			t.Errorf("%s: %q, want %q (%v %v)", name, got, c.code, err, copied)
		}
	}
}

func TestDocumentTypeIsRefused(t *testing.T) {
	const bomb = `<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaa">]><office:document-content xmlns:office="o">&a;</office:document-content>`
	file := extracttest.Zip(extracttest.Part{Name: "mimetype", Body: "application/vnd.oasis.opendocument.text"}, extracttest.Part{Name: "content.xml", Body: bomb})
	_, err := new(Reader).Read(context.Background(), file)
	var known *Error
	if !errors.As(err, &known) || known.Code != CodeDamaged {
		t.Errorf("a document type: %v", err)
	}
}

// A part whose size in the directory is a lie is not read beyond it.
func TestZipLies(t *testing.T) {
	file := extracttest.DOCXBody("<w:p>"+wordRun("", strings.Repeat("words ", 50_000))+"</w:p>", "")
	at := bytes.LastIndex(file[:bytes.LastIndex(file, []byte("word/document.xml"))], []byte("PK\x01\x02"))
	binary.LittleEndian.PutUint32(file[at+24:], 1000)
	_, err := new(Reader).Read(context.Background(), file)
	var known *Error
	if !errors.As(err, &known) {
		t.Fatalf("a lie about the size: %v", err)
	}
}

// numbered repeats a format with a number that does not compress well.
func numbered(format string, n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, format, i*2654435761)
	}
	return b.String()
}

// hostile are files of which each byte costs as much as it can.
func hostile() map[string][]byte {
	page := func(unit string, n int) []byte { return []byte("<html>" + strings.Repeat(unit, n/len(unit))) }
	var rules strings.Builder
	for range 15_000 {
		rules.WriteString(".a .a .a .a~.a{color:red}")
	}
	paragraph := `<w:p><w:r><w:rPr><w:color w:val="FF0000"/></w:rPr><w:t>%x</w:t></w:r></w:p>`
	chat := []byte(strings.Repeat("12/03/2026, 10:15 - A: b\n", MaxFile/25))
	return map[string][]byte{
		"text":          page("a <b>b</b> ", 4<<20),
		"comments":      page("<!---->", maxHTML-9),
		"attributes":    page("<p a b c d e f g h>", maxHTML-9),
		"tables":        page("<table><tr><td>a</table>", maxHTML-9),
		"misnested":     page("<a><div></a></div>", maxHTML-9),
		"rules":         extracttest.Page("<style>"+rules.String()+"</style>", strings.Repeat("<p class=a>a", 20_000)),
		"classes":       extracttest.Page("<style>.a{color:red}</style>", "<p class='"+strings.Repeat("a ", 1<<20)+"'>a"),
		"doubts":        page("<s>a</s> b ", 4<<20),
		"placed":        page("<p style='position:absolute'>a", 4<<20),
		"sheet":         extracttest.Page("<style>"+strings.Repeat("{}a:b;", 800_000)+"</style>", "a"),
		"word":          extracttest.DOCXBody(numbered(paragraph, 400_000), ""),
		"opendocument":  extracttest.ODTBody(numbered("<text:p>%x<text:span>b</text:span></text:p>", 400_000), ""),
		"chat":          chat,
		"brackets":      []byte("# a\n# b\n" + strings.Repeat("[", maxMarkdown-8)),
		"emphasis":      []byte("# a\n# b\n" + strings.Repeat("*a _b ", maxMarkdown/6-8)),
		"quotes":        []byte("# a\n# b\n" + strings.Repeat(">", maxMarkdown-8)),
		"links":         []byte("[a](http://b) " + strings.Repeat("[a](", maxMarkdown/4-8)),
		"ticks":         []byte("# a\n# b\n" + strings.Repeat("`a``", maxMarkdown/4-8)),
		"deep list":     []byte("# a\n# b\n" + strings.Repeat("- ", maxMarkdown/2-8)),
		"many runs":     extracttest.DOCXBody("<w:p>"+numbered(`<w:r><w:rPr><w:strike/></w:rPr><w:t>%x</w:t></w:r>`, 150_000)+"</w:p>", ""),
		"wide XML":      extracttest.DOCXBody("<w:p "+numbered(`a%x="" `, 400_000)+"/>", ""),
		"mail parts":    mailOf(maxMailParts * 2),
		"mail boundary": extracttest.Mail("Content-Type: multipart/mixed; boundary=x\r\n", strings.Repeat("--y\r\n", MaxFile/6)),
	}
}

func mailOf(parts int) []byte {
	list := make([]string, parts)
	for i := range list {
		list[i] = "Content-Type: text/html\r\n\r\n<p>" + strings.Repeat("words ", 500)
	}
	return extracttest.Mail(extracttest.Multipart("mixed", "x", list...))
}

// TestHostileFiles bounds what reading one file allocates: time follows, since
// nothing else grows with the file.
func TestHostileFiles(t *testing.T) {
	if testing.Short() {
		t.Skip("reads large files")
	}
	const most = 1 << 30 // bytes in all, of which the collector keeps a part
	for name, file := range hostile() {
		if len(file) > MaxFile {
			t.Fatalf("%s is %d bytes", name, len(file))
		}
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		c, err := new(Reader).Read(context.Background(), file)
		runtime.ReadMemStats(&after)
		used := after.TotalAlloc - before.TotalAlloc
		t.Logf("%s: %d MB allocated, %d objects, %v", name, used>>20, after.Mallocs-before.Mallocs, err)
		if used > most {
			t.Errorf("%s: %d MB allocated", name, used>>20)
		}
		if err == nil {
			checkCopy(t, c)
		}
	}
}

// checkCopy holds what every copy promises.
func checkCopy(t *testing.T, c *Copy) {
	t.Helper()
	if c.Form == Text {
		return
	}
	if !utf8.Valid(c.Text) || bytes.IndexByte(c.Text, 0) >= 0 || len(c.Text) > maxText || len(c.Text) == 0 {
		t.Errorf("%d bytes of text, valid: %v", len(c.Text), utf8.Valid(c.Text))
	}
	if len(c.Doubts) > maxDoubts || len(c.Warnings) > len(details) {
		t.Errorf("%d doubts, %d warnings", len(c.Doubts), len(c.Warnings))
	}
	for _, d := range c.Doubts {
		if d.At < 0 || d.At >= d.End || d.End > len(c.Text) || d.Detail == "" {
			t.Errorf("a doubt at %d to %d of %d: %q", d.At, d.End, len(c.Text), d.Detail)
		}
	}
	for _, w := range c.Warnings {
		if w.At < 0 || w.At > len(c.Text) || w.Detail == "" {
			t.Errorf("a warning at %d of %d: %s", w.At, len(c.Text), w.Code)
		}
	}
}
