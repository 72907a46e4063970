// Package files puts together what reads the files that people hold: the readers
// of package extract, and the engines for PDF files and pictures behind it.
package files

import (
	"context"
	"os"
	"path/filepath"
	"time"

	"github.com/sijil/sijil/internal/extract"
	"github.com/sijil/sijil/internal/ocr"
	"github.com/sijil/sijil/internal/pdf"
)

// Options say how a reader works.
type Options struct {
	// CacheDir keeps compiled code between runs, in a folder "pdf" that is made
	// where it is missing; "" keeps nothing.
	CacheDir string
	// Workers is how many PDF files are read at a time. Default 1.
	Workers int
	// Time is how long one PDF may take. Default 2 s.
	Time time.Duration
	// PictureTime is how long one picture may take, waiting included. Default 15 s.
	PictureTime time.Duration
}

// New returns a reader whose engines are made when the first file needs one. ctx
// is in force for as long as the reader is.
func New(ctx context.Context, o Options) *extract.Reader {
	return &extract.Reader{
		PDF:     extract.Lazy(func() (extract.Engine, error) { return openPDF(ctx, o) }),
		Picture: extract.Lazy(func() (extract.Engine, error) { return openOCR(ctx, o.PictureTime) }),
	}
}

func openPDF(ctx context.Context, o Options) (extract.Engine, error) {
	dir := ""
	if o.CacheDir != "" {
		// A cache that cannot be kept costs seconds, and nothing else.
		if d := filepath.Join(o.CacheDir, "pdf"); os.MkdirAll(d, 0o700) == nil {
			dir = d
		}
	}
	e, err := pdf.New(ctx, pdf.Options{CacheDir: dir, Workers: o.Workers, Time: o.Time})
	if err != nil {
		return nil, err
	}
	return e, nil
}

func openOCR(ctx context.Context, limit time.Duration) (extract.Engine, error) {
	e, err := ocr.New(ctx, limit)
	if err != nil {
		return nil, err
	}
	return e, nil
}

// Warm makes the PDF engine before a file comes: compiling it takes seconds.
func Warm(ctx context.Context, r *extract.Reader) {
	_, _ = r.Read(ctx, []byte("%PDF-1.7\n")) // no PDF: the answer does not matter
}
