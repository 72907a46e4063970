package cli

import (
	"bytes"
	"fmt"
	"unicode/utf8"

	"github.com/sijil/sijil/internal/extract"
)

// placesIn returns how to say where a byte offset into a copy's text is: by line and
// character, both from 1. Of a file that is text and was read as another form too, such
// as Markdown, a verdict does not say which of the two it means: there it is the byte.
func placesIn(c *extract.Copy) func(at int) string {
	if c == nil || c.File != nil {
		return func(at int) string { return fmt.Sprintf("byte %d", at) }
	}
	of := ""
	if c.Form != extract.Text {
		of = " of its text"
	}
	return func(at int) string {
		before := c.Text[:min(max(at, 0), len(c.Text))]
		line := 1 + bytes.Count(before, []byte("\n"))
		column := 1 + utf8.RuneCount(before[bytes.LastIndexByte(before, '\n')+1:])
		return fmt.Sprintf("line %d, character %d%s", line, column, of)
	}
}
