// Package pdf reads what a person sees of a PDF, with PDFium compiled to
// WebAssembly: a sandbox without files, network or clock, in which a hostile
// file can do no more than fail.
//
// PDFium tells where each character stands; the order in which a file draws them
// is not the order in which they are read. Lines are rebuilt from the places of
// the characters, and right-to-left runs are put in logical order. Page headers,
// footers and page numbers are left out.
//
// What is not visible is left out too: each page is drawn, and a character whose
// place shows no ink is not text for a reader. Where something else is drawn over
// a character, or between two of them, nobody can tell from the file what a
// reader sees, and that passage gets an [extract.Doubt].
//
// For instance, a page with "Open the seven gates." in black and "not" in white
// between two words yields "Open the seven gates." and the warning
// hidden-left-out.
package pdf

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/klippa-app/go-pdfium"
	pdferrors "github.com/klippa-app/go-pdfium/errors"
	"github.com/klippa-app/go-pdfium/references"
	"github.com/klippa-app/go-pdfium/requests"
	"github.com/klippa-app/go-pdfium/webassembly"
	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/experimental"

	"github.com/sijil/sijil/internal/extract"
)

const (
	// MaxPages is how many pages a file may have.
	MaxPages = 100
	// memoryPages bounds the sandbox of one file: 96 MiB in pages of 64 KiB.
	memoryPages = 1536
	// maxGlyphs bounds the characters of one file.
	maxGlyphs = 60_000
	// maxObjects bounds what one page draws.
	maxObjects = 20_000
)

// Options say how an Engine works.
type Options struct {
	// CacheDir keeps the compiled code for the next New; "" keeps nothing. The
	// folder must belong to the caller alone: the code in it is run.
	CacheDir string
	// Workers is how many files are read at a time. Default 1.
	Workers int
	// Time is how long one file may take, waiting included. Default 2 s.
	Time time.Duration
}

// An Engine reads PDF files. It is safe for concurrent use; as many files as it
// has workers are read at a time, others wait.
type Engine struct {
	pool   pdfium.Pool
	cache  wazero.CompilationCache
	memory *memory
	time   time.Duration
}

// New compiles PDFium. That takes seconds, unless the cache holds what an earlier
// New left there. ctx is in force for as long as the Engine is.
func New(ctx context.Context, o Options) (*Engine, error) {
	cache := wazero.NewCompilationCache()
	if o.CacheDir != "" {
		var err error
		if cache, err = wazero.NewCompilationCacheWithDir(o.CacheDir); err != nil {
			return nil, fmt.Errorf("pdf: cache: %w", err)
		}
	}
	memory := new(memory)
	pool, err := webassembly.Init(webassembly.Config{
		Context:  experimental.WithMemoryAllocator(ctx, memory),
		MaxTotal: max(1, o.Workers),
		FSConfig: wazero.NewFSConfig(), // no folder of this machine
		Stdout:   io.Discard,
		Stderr:   io.Discard,
		RuntimeConfig: wazero.NewRuntimeConfig().
			WithCoreFeatures(api.CoreFeaturesV2 | experimental.CoreFeaturesExceptionHandling).
			WithCompilationCache(cache).
			WithMemoryLimitPages(memoryPages).
			WithCloseOnContextDone(true),
	})
	if err != nil {
		return nil, errors.Join(fmt.Errorf("pdf: %w", err), cache.Close(ctx))
	}
	return &Engine{pool: pool, cache: cache, memory: memory, time: cmp.Or(o.Time, 2*time.Second)}, nil
}

// Close frees what New compiled.
func (e *Engine) Close() error {
	return errors.Join(e.pool.Close(), e.cache.Close(context.Background()))
}

// Read returns what a reader sees of the file. It implements extract.Engine: an
// error is an *extract.Error.
func (e *Engine) Read(ctx context.Context, file []byte) (*extract.Copy, error) {
	ctx, cancel := context.WithTimeout(ctx, e.time)
	defer cancel()
	defer e.memory.settle()
	in, err := e.pool.GetInstanceWithContext(ctx)
	if err != nil {
		return nil, &extract.Error{Code: extract.CodeTooSlow, Detail: "no reader for PDF files became free in time", Hint: "try again in a moment"}
	}
	// An instance that is killed stops at once, wherever it is; what its call
	// then returns is an error. Every file has an instance of its own.
	killed := make(chan struct{})
	stop := context.AfterFunc(ctx, func() { in.Kill(); close(killed) })
	c, err := read(in, file)
	if !stop() {
		<-killed
		return nil, tooSlow
	}
	if closing := in.Close(); err == nil && closing != nil {
		err = closing
	}
	if err != nil {
		return nil, explain(err)
	}
	return c, nil
}

var tooSlow = &extract.Error{Code: extract.CodeTooSlow, Detail: "the PDF takes too much time or memory to read",
	Hint: "open it, mark the declaration, copy it, and check what you copied"}

// explain makes an error of PDFium one that a person can act on.
func explain(err error) error {
	var known *extract.Error
	switch {
	case errors.As(err, &known):
		return known
	case errors.Is(err, pdferrors.ErrPassword), errors.Is(err, pdferrors.ErrSecurity):
		return &extract.Error{Code: extract.CodeEncrypted, Detail: "the PDF is protected by a password",
			Hint: "open it with the password, print it to a PDF without one, and check that"}
	case strings.Contains(err.Error(), "panic"), strings.Contains(err.Error(), "wasm"):
		return tooSlow // out of memory, or a fault inside the sandbox
	}
	return &extract.Error{Code: extract.CodeDamaged, Detail: "the PDF cannot be read: it is damaged or cut short",
		Hint: "ask for it again, or open it, copy the declaration and check that"}
}

func read(in pdfium.Pdfium, file []byte) (*extract.Copy, error) {
	doc, err := in.FPDF_LoadMemDocument(&requests.FPDF_LoadMemDocument{Data: &file})
	if err != nil {
		return nil, err
	}
	n, err := in.FPDF_GetPageCount(&requests.FPDF_GetPageCount{Document: doc.Document})
	if err != nil {
		return nil, err
	}
	if n.PageCount > MaxPages {
		return nil, &extract.Error{Code: extract.CodePages, Detail: fmt.Sprintf("the PDF has %d pages; at most %d are read", n.PageCount, MaxPages),
			Hint: "check only the pages of the declaration"}
	}
	var pages []*page
	left := maxGlyphs
	for i := range n.PageCount {
		p, err := readPage(in, doc.Document, i, left)
		if err != nil {
			return nil, err
		}
		left -= len(p.glyphs)
		pages = append(pages, p)
	}
	return assemble(pages)
}

// readPage reads one page and forgets it in the sandbox.
func readPage(in pdfium.Pdfium, doc references.FPDF_DOCUMENT, index, left int) (*page, error) {
	ref, err := in.FPDF_LoadPage(&requests.FPDF_LoadPage{Document: doc, Index: index})
	if err != nil {
		return nil, err
	}
	p := &page{in: in, ref: requests.Page{ByReference: &ref.Page}}
	if err := p.read(left); err != nil {
		return nil, err
	}
	_, err = in.FPDF_ClosePage(&requests.FPDF_ClosePage{Page: ref.Page})
	return p, err
}
