package ocr

import (
	"bytes"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/sijil/sijil/internal/extract"
)

const (
	// maxWords bounds what is compared, word by word, with a second reading.
	maxWords = 6_000
	// maxCoordinate is larger than a side of any picture that is read, magnified.
	maxCoordinate = 1 << 20
)

// unreadable is the error where the program printed what no table is.
var unreadable = &extract.Error{Code: extract.CodeDamaged, Detail: "the picture cannot be read", Hint: "take a screenshot of it and check that"}

// A word is one line of tesseract's table: where it stands, in pixels of the picture
// that was read, how sure the program is of it, of 100, and what it says.
type word struct {
	block, par, line         int
	left, top, width, height int
	conf                     float64
	text                     string
	// doubt and gap are set where a second reading does not agree: to the word, or
	// that it follows the one before it.
	doubt, gap bool
}

// parse reads tesseract's table: twelve columns apart by tabs, of which level 5
// are words.
func parse(table []byte) ([]*word, error) {
	var words []*word
	for i, fields := range bytes.Split(table, []byte("\n")) {
		if i == 0 || len(fields) == 0 {
			continue
		}
		w, err := parseRow(string(fields))
		if err != nil {
			return nil, err
		}
		if w == nil {
			continue
		}
		if len(words) == maxWords {
			return nil, &extract.Error{Code: extract.CodeTooLarge, Detail: "the picture has more than 6,000 words", Hint: "cut out the declaration"}
		}
		words = append(words, w)
	}
	return words, nil
}

// direction marks are the program's own: no picture shows them.
var direction = strings.NewReplacer("\u200e", "", "\u200f", "")

// parseRow returns the word of a row, or nil where the row is of something else.
func parseRow(row string) (*word, error) {
	f := strings.Split(row, "\t")
	if len(f) != 12 {
		return nil, unreadable
	}
	if f[0] != "5" {
		return nil, nil
	}
	var n [12]int
	for _, i := range []int{2, 3, 4, 6, 7, 8, 9} {
		v, err := strconv.Atoi(f[i])
		if err != nil || v < 0 || v > maxCoordinate {
			return nil, unreadable
		}
		n[i] = v
	}
	conf, err := strconv.ParseFloat(f[10], 64)
	if err != nil {
		return nil, unreadable
	}
	s := strings.TrimFunc(direction.Replace(f[11]), unicode.IsSpace)
	if s == "" || !utf8.ValidString(s) {
		return nil, nil
	}
	return &word{block: n[2], par: n[3], line: n[4], left: n[6], top: n[7], width: n[8], height: n[9], conf: conf, text: s}, nil
}
