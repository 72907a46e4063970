package ocr

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/sijil/sijil/internal/extract"
)

// sure is the confidence, of 100, from which a word counts as read.
const sure = 85

// A word is one line of tesseract's table.
type word struct {
	block, par, line         int
	left, top, width, height int
	conf                     float64
	text                     string
}

// parse reads tesseract's table: twelve columns apart by tabs, of which level 5
// are words.
func parse(table []byte) (*extract.Copy, error) {
	c := &extract.Copy{Form: extract.Picture}
	var b bytes.Buffer
	var last *word
	var row []extract.Span // words of the line that were read with confidence
	words, known := 0, 0
	for i, fields := range bytes.Split(table, []byte("\n")) {
		if i == 0 || len(fields) == 0 {
			continue
		}
		w, ok, err := parseRow(string(fields))
		if err != nil {
			return nil, err
		}
		if !ok {
			continue
		}
		if last != nil && !last.besides(w) {
			doubtMinority(c, b.Bytes(), row)
			row = nil
		}
		separate(&b, c, last, w)
		span := extract.Span{At: b.Len(), End: b.Len() + len(w.text)}
		b.WriteString(w.text)
		words++
		if w.conf < sure || doubtfulByNature(w.text) {
			c.Doubtful = append(c.Doubtful, span)
		} else {
			known++
			row = append(row, span)
		}
		last = w
	}
	doubtMinority(c, b.Bytes(), row)
	if words == 0 || known == 0 {
		return nil, &extract.Error{Code: extract.CodeNoText, Detail: "no words could be read in the picture",
			Hint: "use a larger or sharper picture, or type the words that matter"}
	}
	b.WriteByte('\n')
	c.Text = b.Bytes()
	return c, nil
}

func parseRow(row string) (*word, bool, error) {
	f := strings.Split(row, "\t")
	if len(f) != 12 {
		return nil, false, &extract.Error{Code: extract.CodeDamaged, Detail: "the picture cannot be read", Hint: "take a screenshot of it and check that"}
	}
	if f[0] != "5" {
		return nil, false, nil
	}
	var n [12]int
	for _, i := range []int{2, 3, 4, 6, 7, 8, 9} {
		v, err := strconv.Atoi(f[i])
		if err != nil {
			return nil, false, fmt.Errorf("ocr: column %d: %w", i, err)
		}
		n[i] = v
	}
	conf, err := strconv.ParseFloat(f[10], 64)
	if err != nil {
		return nil, false, fmt.Errorf("ocr: confidence: %w", err)
	}
	s := strings.TrimFunc(f[11], unicode.IsSpace)
	if s == "" || !utf8.ValidString(s) {
		return nil, false, nil
	}
	return &word{block: n[2], par: n[3], line: n[4], left: n[6], top: n[7], width: n[8], height: n[9], conf: conf, text: s}, true, nil
}

// separate writes what stands between two words. A gap in which another word has
// room is doubtful: the program may have missed one.
func separate(b *bytes.Buffer, c *extract.Copy, last, w *word) {
	switch {
	case last == nil:
	case last.block != w.block || last.par != w.par:
		b.WriteString("\n\n")
	case !last.besides(w):
		b.WriteByte('\n')
	default:
		gap := max(w.left-last.left-last.width, last.left-w.left-w.width)
		if gap > 2*max(last.height, w.height) {
			c.Doubtful = append(c.Doubtful, extract.Span{At: b.Len(), End: b.Len() + 1})
		}
		b.WriteByte(' ')
	}
}

// besides reports whether two words are of one line.
func (w *word) besides(v *word) bool {
	return w.block == v.block && w.par == v.par && w.line == v.line
}

// doubtMinority marks the words of a line that are not in the script of most of
// them: a program that expects several scripts takes a word of one for another's.
func doubtMinority(c *extract.Copy, text []byte, row []extract.Span) {
	arabic := func(s extract.Span) int {
		for _, r := range string(text[s.At:s.End]) {
			if unicode.Is(unicode.Arabic, r) {
				return 1
			}
			if unicode.Is(unicode.Latin, r) {
				return -1
			}
		}
		return 0
	}
	most := 0
	for _, s := range row {
		most += arabic(s)
	}
	for _, s := range row {
		if most*arabic(s) < 0 {
			c.Doubtful = append(c.Doubtful, s)
		}
	}
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
