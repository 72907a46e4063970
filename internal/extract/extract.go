package extract

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"sync"
)

// MaxFile is the size in bytes of the largest file that is read: 10 MiB.
const MaxFile = 10 << 20

// A Copy is what a reader sees of a file, in UTF-8. Lines end where the reader
// sees them end; an empty line stands between paragraphs.
type Copy struct {
	Form Form
	Text []byte
	// File is the file itself where it is text too, such as Markdown; else nil. A
	// published text may look like one of these forms.
	File []byte
	// Warnings say what was left out or could not be read.
	Warnings []Warning
	// Doubts are passages where there is reason to think that what is shown and
	// what was extracted differ. Nobody may call such a passage authentic.
	Doubts []Doubt
	// Doubtful are words that were read from a picture without confidence.
	Doubtful []Span
}

// A Warning is something about the file that a reader of the verdict needs.
type Warning struct {
	Code   string // one of the Warn constants
	At     int    // byte offset into Text
	Detail string
}

// The codes of warnings.
const (
	WarnStyles      = "styles-not-read"      // a style sheet that is not in the file
	WarnScripts     = "scripts-not-run"      // programs in a page, which may change it
	WarnHidden      = "hidden-left-out"      // text that a reader does not see
	WarnDeleted     = "deleted-left-out"     // text deleted under revision control
	WarnComments    = "comments-left-out"    // comments and annotations
	WarnMargins     = "margins-left-out"     // page headers, footers and numbers
	WarnAttachments = "attachments-left-out" // files that travel with a mail
	WarnAlternative = "alternatives-differ"  // two renderings of one mail that differ
	WarnPictures    = "pictures-not-read"    // pictures that stand in the file
)

// A Span is a range of bytes of Text.
type Span struct{ At, End int }

// A Doubt is a passage of Text, and why what is shown there may be another.
type Doubt struct {
	Span
	Detail string
}

// An Error says why nothing was extracted and what to do about it.
type Error struct {
	Code   string // one of the Code constants
	Detail string
	Hint   string
}

func (e *Error) Error() string { return "extract: " + e.Detail }

// The codes of errors.
const (
	CodeForm      = "unsupported-form"
	CodeDamaged   = "damaged-file"
	CodeEncrypted = "encrypted-file"
	CodeTooLarge  = "too-large"        // the file, or the text in it
	CodeTooDeep   = "too-deep"         // nesting
	CodeExpands   = "expands-too-much" // compressed parts
	CodePages     = "too-many-pages"   // PDF
	CodeTooSlow   = "took-too-long"    // time or memory ran out
	CodeNoText    = "no-text"          // nothing to read, such as a scanned PDF
	CodeHidden    = "hidden-content"   // what is shown cannot be told from the file
	CodeMissing   = "reader-missing"   // the program that reads this form is not installed
)

// An Engine reads one form with the help of a program or a sandbox. It returns
// an *Error for what it gives up on, and no later than the context ends.
type Engine interface {
	Read(ctx context.Context, file []byte) (*Copy, error)
}

// A Reader reads files of every form. The zero value reads all but those that
// need an engine.
type Reader struct {
	PDF     Engine // optional
	Picture Engine // optional
}

// Read returns what a reader sees of the file. Its errors are of type *Error. A
// text in UTF-8 is its own extraction, byte for byte.
func (r *Reader) Read(ctx context.Context, file []byte) (*Copy, error) {
	if len(file) > MaxFile {
		return nil, &Error{CodeTooLarge, fmt.Sprintf("larger than %d bytes (10 MiB)", MaxFile), "check the declaration alone, without what surrounds it"}
	}
	form := FormOf(file)
	if form != PDF && form != Picture {
		if decoded := fromUTF16(file); decoded != nil {
			file = decoded
		}
	}
	c, err := r.read(ctx, form, file)
	if err == nil {
		switch form {
		case HTML, Markdown, Chat, EML:
			c.File = file
		}
		return c, nil
	}
	var known *Error
	if !errors.As(err, &known) {
		known = &Error{CodeDamaged, "it cannot be read", form.Advice()}
	}
	return nil, known
}

// read calls the reader of a form.
func (r *Reader) read(ctx context.Context, form Form, file []byte) (*Copy, error) {
	switch form {
	case Text:
		return Plain(file), nil
	case HTML:
		return readHTML(ctx, file)
	case Markdown:
		return readMarkdown(ctx, file)
	case Chat:
		return readChat(file)
	case EML:
		return readMail(ctx, file)
	case DOCX, ODT:
		a, err := openArchive(file)
		if err != nil {
			return nil, err
		}
		if form == DOCX {
			return readDOCX(a)
		}
		return readODT(a)
	case PDF:
		return engine(ctx, r.PDF, form, file)
	case Picture:
		return engine(ctx, r.Picture, form, file)
	}
	return nil, unread(form, file)
}

// engine calls the reader of a form that needs one.
func engine(ctx context.Context, e Engine, form Form, file []byte) (*Copy, error) {
	if e == nil {
		return nil, unread(form, file)
	}
	return e.Read(ctx, file)
}

// unread says why a form is not read. Word locks a file inside one of its old
// form, and archives that are cut off have no form at all.
func unread(form Form, file []byte) *Error {
	switch {
	case bytes.HasPrefix(file, []byte(ole)) && bytes.Contains(file, []byte("E\x00n\x00c\x00r\x00y\x00p\x00t\x00e\x00d\x00P\x00a\x00c\x00k")):
		return encrypted()
	case bytes.HasPrefix(file, []byte("PK\x03\x04")):
		var why *Error
		if _, err := openArchive(file); errors.As(err, &why) {
			return why
		}
	}
	return &Error{CodeForm, "this is " + form.Name() + "; it cannot be read here", form.Advice()}
}

// Plain is a text that is its own extraction.
func Plain(text []byte) *Copy { return &Copy{Form: Text, Text: text} }

// Lazy returns an engine that open makes when the first file comes; for as long as
// it fails, files have the error reader-missing.
func Lazy(open func() (Engine, error)) Engine {
	return &lazy{open: open}
}

type lazy struct {
	open func() (Engine, error)
	mu   sync.Mutex // guards made
	made Engine
}

func (l *lazy) Read(ctx context.Context, file []byte) (*Copy, error) {
	engine, err := l.engine()
	if err != nil {
		form := FormOf(file)
		return nil, &Error{CodeMissing, "this is " + form.Name() + "; nothing that reads it is installed here", form.Advice()}
	}
	return engine.Read(ctx, file)
}

func (l *lazy) engine() (Engine, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.made == nil {
		made, err := l.open()
		if err != nil {
			return nil, err
		}
		l.made = made
	}
	return l.made, nil
}
