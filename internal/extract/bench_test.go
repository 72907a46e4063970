package extract

import (
	"context"
	"strings"
	"testing"

	"github.com/sijil/sijil/internal/extract/extracttest"
)

// BenchmarkRead reads a text of 1,000 words in each form.
func BenchmarkRead(b *testing.B) {
	var paragraphs []string
	for range 50 {
		paragraphs = append(paragraphs, strings.TrimSpace(strings.Repeat("twenty words of a paragraph ", 4)))
	}
	for form, build := range map[Form]func([]string) []byte{HTML: extracttest.HTML, DOCX: extracttest.DOCX, ODT: extracttest.ODT, EML: extracttest.EML, Chat: extracttest.Chat} {
		file := build(paragraphs)
		b.Run(string(form), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := new(Reader).Read(context.Background(), file); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
