package draft

import (
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

// block is a paragraph or a list item, its lines joined.
type block struct {
	line     int    // of its first line
	text     string // without the list marker
	item     bool   // a list item
	marker   string // as given: "•", "-", "3."; "" for none
	lost     bool   // an item that stands without its marker
	spaced   bool   // a blank line (or the start) stands before it
	lastLine string // its last line as given, to see where lines were wrapped
	lines    []string
	first    bool // of the document
}

var (
	bulletForm = expression(`^[•‣◦⁃∙·●○■□▪▫◆◇►▶➢➤✓✔–—*\-\x{F0B7}\x{F0A7}][\s\x{a0}]+`)
	gluedForm  = expression(`^[•‣◦⁃∙●○■□▪▫◆◇►▶➢➤✓✔\x{F0B7}\x{F0A7}]`)
	numberForm = expression(`^(\(?[0-9٠-٩۰-۹]{1,3}[.)\-]|\(?[\p{L}][.)])[\s\x{a0}]+`)
)

// cutMarker splits a list marker from a line.
func cutMarker(s string) (marker, rest string, ok bool) {
	s = trim(s)
	for _, form := range []*regexp.Regexp{bulletForm(), gluedForm(), numberForm()} {
		if m := form.FindString(s); m != "" && trim(s[len(m):]) != "" {
			return trim(m), trim(s[len(m):]), true
		}
	}
	return "", s, false
}

// bullet reports whether a marker is a sign without a meaning of its own; a
// number or letter is text, which stays.
func bullet(marker string) bool {
	r, _ := utf8.DecodeRuneInString(marker)
	return marker != "" && !unicode.IsLetter(r) && !unicode.IsDigit(r) && r != '('
}

// splitBlocks finds paragraphs and list items. Lines are joined where they were
// wrapped: at a width, not at an end.
func splitBlocks(lines []line) []block {
	var out []block
	width := wrapWidth(lines)
	spaced, indent := true, 0
	for _, l := range lines {
		if l.blank() {
			spaced = true
			continue
		}
		marker, text, item := cutMarker(l.text)
		if item && !spaced && out[len(out)-1].holds(marker, l, width) {
			marker, text, item = "", trim(l.text), false
		}
		b := block{line: l.number, text: text, item: item, marker: marker, spaced: spaced, lastLine: l.text, lines: []string{text}, first: len(out) == 0}
		if !item && !spaced {
			last := &out[len(out)-1]
			switch {
			case last.continues(l, width):
				last.lines = append(last.lines, text)
				last.lastLine = l.text
				continue
			case last.item && l.indent() > 0 && l.indent() >= indent:
				b.item, b.lost = true, true
			}
		}
		if item {
			indent = l.indent()
		}
		out = append(out, b)
		spaced = false
	}
	for i := range out {
		out[i].text = strings.Join(out[i].lines, " ")
	}
	return out
}

// continues reports whether l goes on where the block's last line was wrapped:
// either its first word did not fit on that line any more, or the block is an
// item or paragraph that has not come to an end.
func (b *block) continues(l line, width int) bool {
	if width == 0 { // one line a paragraph: an end is an end
		return false
	}
	first, _, _ := strings.Cut(trim(l.text), " ")
	fits := utf8.RuneCountInString(b.lastLine)+1+utf8.RuneCountInString(first) <= width
	if fits && b.first { // a title over its text
		return false
	}
	return !fits || !finished(b.lastLine)
}

// holds reports whether a line that begins like an item is a wrapped part of the
// block: a dash or "18-" that came to stand at a line start by its width. The
// block has not ended, and is no item with the same marker.
func (b *block) holds(marker string, l line, width int) bool {
	return wrapped(b.lastLine, trim(l.text), width) && !finished(b.lastLine) &&
		!(b.item && sameMarker(b.marker, marker))
}

// sameMarker reports whether two markers can number one list.
func sameMarker(a, b string) bool {
	return a == b || !bullet(a) && !bullet(b)
}

// wrapWidth returns the width at which the document was wrapped, 0 when it was
// not: a line of over 160 characters is a whole paragraph.
func wrapWidth(lines []line) int {
	width := 0
	for _, l := range lines {
		width = max(width, utf8.RuneCountInString(l.text))
	}
	if width > 160 {
		return 0
	}
	return width
}

// finished reports whether a text ends as sentences and items do.
func finished(s string) bool {
	s = strings.TrimRight(s, "\"'”’»)]› \u00a0")
	r, _ := utf8.DecodeLastRuneInString(s)
	return strings.ContainsRune(".!?:;…؟؛۔。", r)
}
