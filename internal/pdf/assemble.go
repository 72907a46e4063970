package pdf

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"regexp"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"

	"github.com/sijil/sijil/internal/extract"
)

var errNotGray = errors.New("pdf: the page was drawn in another pixel format")

// maxText bounds the text of a file, in bytes.
const maxText = 5 << 20

// assemble writes the lines of all pages as one text.
func assemble(pages []*page) (*extract.Copy, error) {
	for _, p := range pages {
		p.lines = makeLines(p.glyphs)
	}
	margins := dropMargins(pages)
	c := &extract.Copy{Form: extract.PDF}
	hidden, turned, pictures := 0, 0, 0
	var b bytes.Buffer
	for _, p := range pages {
		for i, l := range p.lines {
			switch {
			case b.Len() == 0:
			case i > 0 && apart(p.lines[i-1], l, p.spacing()):
				b.WriteString("\n\n")
			case i > 0 && elided(p.lines[i-1], l):
			default:
				b.WriteByte('\n')
			}
			writeLine(&b, c, l)
		}
		hidden, turned, pictures = hidden+p.hidden, turned+p.turned, pictures+p.pictures
	}
	if b.Len() > maxText {
		return nil, &extract.Error{Code: extract.CodeTooLarge, Detail: "the PDF holds too much text", Hint: "check only the pages of the declaration"}
	}
	if b.Len() == 0 {
		return nil, &extract.Error{Code: extract.CodeNoText, Detail: "the PDF holds no text that a reader sees; its pages may be pictures",
			Hint: "check a screenshot of the page, or ask whoever sent it for the text"}
	}
	b.WriteByte('\n')
	c.Text = b.Bytes()
	c.Doubts = joinDoubts(c.Doubts)
	warn := func(code string, n int, detail string) {
		if n > 0 {
			c.Warnings = append(c.Warnings, extract.Warning{Code: code, Detail: fmt.Sprintf(detail, n)})
		}
	}
	warn(extract.WarnHidden, hidden, "%d characters that a reader does not see")
	warn(extract.WarnMargins, margins, "%d lines in the margins of the pages")
	warn(extract.WarnMargins, turned, "%d characters that do not stand upright")
	warn(extract.WarnPictures, pictures, "%d pictures")
	return c, nil
}

func writeLine(b *bytes.Buffer, c *extract.Copy, l line) {
	for _, t := range l.text {
		r := t.r
		if !utf8.ValidRune(r) || r < ' ' {
			r = utf8.RuneError
		}
		at := b.Len()
		b.WriteRune(r)
		if t.g != nil && t.g.doubt != "" {
			c.Doubts = append(c.Doubts, extract.Doubt{Span: extract.Span{At: at, End: b.Len()}, Detail: t.g.doubt})
		}
	}
}

// joinDoubts makes one doubt of neighbours that have the same cause.
func joinDoubts(all []extract.Doubt) []extract.Doubt {
	var out []extract.Doubt
	for _, d := range all {
		if n := len(out); n > 0 && out[n-1].Detail == d.Detail && d.At-out[n-1].End <= 2 {
			out[n-1].End = d.End
			continue
		}
		out = append(out, d)
	}
	return out
}

// spacing is the distance of most neighbouring lines of the page.
func (p *page) spacing() float64 {
	least := math.Inf(1)
	for i := 1; i < len(p.lines); i++ {
		if d := p.lines[i-1].y - p.lines[i].y; d > 0.6*p.lines[i].size && d < least {
			least = d
		}
	}
	return least
}

// leading is the distance of two lines of one paragraph, as a part of their height.
const leading = 1.0

// apart reports whether a paragraph ends between two lines.
func apart(a, b line, spacing float64) bool {
	d := a.y - b.y
	if lead := min(a.size, b.size) * leading; lead > spacing {
		spacing = lead // a heading of several lines
	}
	return d > 1.35*spacing // a step up is the next column, in which the text goes on
}

// elided reports whether a line ends within a word that an acute accent written as its
// apostrophe parts: n´a. Line breaking lets a line begin with that accent (UAX 14, class
// BB), as with no other apostrophe.
func elided(a, b line) bool {
	n := len(a.text)
	return n > 0 && unicode.IsLetter(a.text[n-1].r) && len(b.text) > 1 && b.text[0].r == '\u00b4' && unicode.IsLetter(b.text[1].r)
}

// marginPart is the part of the page's height, at its top and bottom, in which
// headers, footers and page numbers stand.
const marginPart = 0.12

// dropMargins takes page headers, footers and numbers out of the lines: the first
// and last lines of a page that stand at the same height on another page with the
// same words, numbers aside, and those that are a page number. It returns how many.
func dropMargins(pages []*page) int {
	dropped := 0
	for round := 0; round < 3; round++ {
		seen := map[string]int{}
		for _, p := range pages {
			for _, i := range p.ends() {
				seen[p.marginKey(i)]++
			}
		}
		before := dropped
		for _, p := range pages {
			for _, i := range p.ends() { // the last one first
				if l := p.lines[i]; len(pages) > 1 && seen[p.marginKey(i)] > 1 || isPageNumber(l.String()) || p.atEdge(l, pages) {
					p.lines = append(p.lines[:i:i], p.lines[i+1:]...)
					dropped++
				}
			}
		}
		if dropped == before {
			break
		}
	}
	return dropped
}

// ends returns the lines that may be a header or footer, the later one first.
func (p *page) ends() []int {
	top, bottom := -1, -1
	for i, l := range p.lines {
		if !p.inMargin(l) {
			continue
		}
		if l.y > p.height/2 && (top < 0 || l.y > p.lines[top].y) {
			top = i
		}
		if l.y < p.height/2 && (bottom < 0 || l.y < p.lines[bottom].y) {
			bottom = i
		}
	}
	switch {
	case top < 0 && bottom < 0:
		return nil
	case top < 0:
		return []int{bottom}
	case bottom < 0:
		return []int{top}
	}
	return []int{max(top, bottom), min(top, bottom)}
}

func (p *page) inMargin(l line) bool {
	return l.y > (1-marginPart)*p.height || l.y < marginPart*p.height
}

// ordinary is how many lines between the margins make a size of letters one of the text.
const ordinary = 3

// atEdge reports whether a line stands at the very edge of the page in letters
// smaller than the text, and than any of its passages: what browsers print there.
func (p *page) atEdge(l line, pages []*page) bool {
	const edge = 0.05
	alike := 0
	for _, q := range pages {
		for _, m := range q.lines {
			if !q.inMargin(m) && m.size < 1.15*l.size && l.size < 1.15*m.size {
				alike++
			}
		}
	}
	if alike >= ordinary {
		return false
	}
	larger := 0
	for _, m := range p.lines {
		if m.size > 1.15*l.size {
			larger++
		}
	}
	return 2*larger > len(p.lines) && (l.y > (1-edge)*p.height || l.y < edge*p.height)
}

var digits = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`\p{Nd}+`)
})

// marginKey is what a header or footer has in common on all pages.
func (p *page) marginKey(i int) string {
	l := p.lines[i]
	return fmt.Sprintf("%.0f %s", l.y/3, digits().ReplaceAllString(l.String(), "#"))
}

var pageNumber = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`(?i)^(page|p\.|seite|صفحة|الصفحة)?\s*[-–(]?\s*\p{Nd}{1,3}\s*[-–)]?(\s*(/|of|sur|de|من)\s*\p{Nd}{1,3})?$`)
})

func isPageNumber(s string) bool {
	s = strings.TrimFunc(s, unicode.IsSpace)
	return s != "" && pageNumber().MatchString(s)
}
