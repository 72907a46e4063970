package ocr

import (
	"bytes"
	"slices"
	"unicode"

	"github.com/sijil/sijil/internal/extract"
)

const (
	// sure is the confidence, of 100, from which a word counts as read.
	sure = 85
	// Of a picture of which one word in poor is doubtful, every word is.
	poor = 3
)

// copyOf writes the words as a text. Doubtful in it are words that were not read with
// confidence, and places where the program may have missed some.
func copyOf(words []*word) (*extract.Copy, error) {
	c := &extract.Copy{Form: extract.Picture}
	var b bytes.Buffer
	known, height := 0, medianHeight(words)
	for _, row := range rows(words) {
		script := scriptOf(row.words)
		row.doubtOverlaps()
		for i, w := range row.words {
			if i > 0 || row.above != nil {
				separate(&b, c, row, i, height)
			}
			span := extract.Span{At: b.Len(), End: b.Len() + len(w.text)}
			b.WriteString(w.text)
			if w.doubt || w.conf < sure || doubtfulByNature(w.text) || script*scriptOf([]*word{w}) < 0 {
				c.Doubtful = append(c.Doubtful, span)
			} else {
				known++
			}
		}
	}
	if known == 0 {
		return nil, &extract.Error{Code: extract.CodeNoText, Detail: "no words could be read in the picture",
			Hint: "use a larger or sharper picture, or type the words that matter"}
	}
	if poor*(len(words)-known) > len(words) {
		c.Doubtful = []extract.Span{{At: 0, End: b.Len()}}
	}
	b.WriteByte('\n')
	c.Text = b.Bytes()
	return c, nil
}

// A row is the words of one line, and the row that was read before it.
type row struct {
	words       []*word
	top, bottom int
	above       *row
}

func rows(words []*word) []*row {
	var out []*row
	var last *row
	for _, w := range words {
		if last == nil || !last.words[0].besides(w) {
			last = &row{top: w.top, above: last}
			out = append(out, last)
		}
		last.words = append(last.words, w)
		last.top, last.bottom = min(last.top, w.top), max(last.bottom, w.top+w.height)
	}
	return out
}

// besides reports whether two words are of one line.
func (w *word) besides(v *word) bool {
	return w.block == v.block && w.par == v.par && w.line == v.line
}

// doubtOverlaps doubts words that stand for the most part where the one before or after
// them stands: part of a word is read twice.
func (r *row) doubtOverlaps() {
	for i := 1; i < len(r.words); i++ {
		a, b := r.words[i-1], r.words[i]
		common := min(a.left+a.width, b.left+b.width) - max(a.left, b.left)
		if 2*common > min(a.width, b.width) {
			a.doubt, b.doubt = true, true
		}
	}
}

// medianHeight is that of words, in pixels.
func medianHeight(words []*word) int {
	if len(words) == 0 {
		return 0
	}
	heights := make([]int, len(words))
	for i, w := range words {
		heights[i] = w.height
	}
	slices.Sort(heights)
	return heights[len(heights)/2]
}

// separate writes what stands before a word, where words are of a height. It is doubtful
// where another word or line has room, or where a second reading has one.
func separate(b *bytes.Buffer, c *extract.Copy, r *row, i, height int) {
	w, between := r.words[i], " "
	room := w.gap
	if i > 0 {
		last := r.words[i-1]
		gap := max(w.left-last.left-last.width, last.left-w.left-w.width)
		room = room || gap > 2*max(last.height, w.height)
	} else {
		between = "\n"
		if last := r.above.words[0]; last.block != w.block || last.par != w.par {
			between = "\n\n"
		}
		room = room || r.top < r.above.top || 2*(r.top-r.above.bottom) > 3*height
	}
	if room {
		c.Doubtful = append(c.Doubtful, extract.Span{At: b.Len(), End: b.Len() + len(between)})
	}
	b.WriteString(between)
}

// scriptOf is how many of the words are Arabic less how many are Latin: a program that
// expects several scripts takes a word of one for another's, so that the words of the
// fewer are doubtful in a line.
func scriptOf(words []*word) int {
	n := 0
	for _, w := range words {
	letters:
		for _, r := range w.text {
			switch {
			case unicode.Is(unicode.Arabic, r) && unicode.IsLetter(r):
				n++
				break letters
			case unicode.Is(unicode.Latin, r):
				n--
				break letters
			}
		}
	}
	return n
}

// doubtfulByNature reports whether a word is of a kind that the program misreads
// with confidence: Arabic-Indic digits, and signs alone.
func doubtfulByNature(s string) bool {
	said := false
	for _, r := range s {
		if r >= '\u0660' && r <= '\u0669' || r >= '\u06f0' && r <= '\u06f9' {
			return true
		}
		said = said || unicode.IsLetter(r) || unicode.IsNumber(r)
	}
	return !said
}
