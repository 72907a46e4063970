package extract

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"runtime"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/sijil/sijil/internal/extract/extracttest"
)

func TestBadInput(t *testing.T) {
	for name, c := range extracttest.BadInput() {
		copied, err := new(Reader).Read(context.Background(), c.File)
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
		if got != c.Code {
			t.Errorf("%s: %q, want %q (%v %v)", name, got, c.Code, err, copied)
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
	file := extracttest.DOCXBody("<w:p>"+extracttest.WordRun("", strings.Repeat("words ", 50_000))+"</w:p>", "")
	at := bytes.LastIndex(file[:bytes.LastIndex(file, []byte("word/document.xml"))], []byte("PK\x01\x02"))
	binary.LittleEndian.PutUint32(file[at+24:], 1000)
	_, err := new(Reader).Read(context.Background(), file)
	var known *Error
	if !errors.As(err, &known) {
		t.Fatalf("a lie about the size: %v", err)
	}
}

// TestHostileFiles bounds what reading one file allocates: time follows, since
// nothing else grows with the file.
func TestHostileFiles(t *testing.T) {
	if testing.Short() {
		t.Skip("reads large files")
	}
	const most = 1 << 30 // bytes in all, of which the collector keeps a part
	for name, file := range extracttest.Hostile() {
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
