package draft

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/sijil/sijil/internal/signatory"
	"golang.org/x/text/unicode/norm"
)

// line is one line of a document: its number from 1, and its text in NFC
// without the line end and the white space at its end.
type line struct {
	number int
	text   string
}

func (l line) blank() bool { return trim(l.text) == "" }

// indent counts the columns of white space before the text.
func (l line) indent() int {
	rest := strings.TrimLeftFunc(l.text, unicode.IsSpace)
	return utf8.RuneCountInString(l.text) - utf8.RuneCountInString(rest)
}

func trim(s string) string { return strings.TrimSpace(s) }

// readLines checks a document's bytes and splits them. The notes say what was
// changed without a change of meaning.
func readLines(b []byte) (lines []line, notes []string, err error) {
	if len(b) > MaxBytes {
		return nil, nil, fmt.Errorf("%d bytes, at most %d (5 MiB)", len(b), MaxBytes)
	}
	if rest, ok := bytes.CutPrefix(b, []byte("\ufeff")); ok {
		b = rest
		notes = append(notes, "a byte order mark at the start was left out")
	}
	if err := checkCharacters(b); err != nil {
		return nil, nil, err
	}
	if !norm.NFC.IsNormal(b) {
		b = norm.NFC.Bytes(b)
		notes = append(notes, "letters with separate accents were joined (Unicode normalization form C)")
	}
	if bytes.ContainsRune(b, '\t') {
		notes = append(notes, "tabs were read as spaces")
	}
	number, empty := 0, true
	for s := range strings.SplitSeq(string(b), "\n") {
		number++
		s = strings.TrimRightFunc(strings.ReplaceAll(s, "\t", " "), unicode.IsSpace)
		empty = empty && s == ""
		lines = append(lines, line{number, s})
	}
	if empty {
		return nil, nil, errors.New("the document is empty")
	}
	return lines, notes, nil
}

// checkCharacters refuses what no reader can see and what changes the order of
// what is read: nothing of that kind may reach a text that people sign.
func checkCharacters(b []byte) error {
	number, marks := 1, 0
	for i := 0; i < len(b); {
		r, size := utf8.DecodeRune(b[i:])
		fault := ""
		switch {
		case r == utf8.RuneError && size == 1:
			fault = "is not UTF-8: save the document as UTF-8"
		case r == 0:
			fault = "is NUL: this is no plain text"
		case forbidden(r) && !(r == '\r' && i+1 < len(b) && b[i+1] == '\n'):
			fault = fmt.Sprintf("is the character %U, which hides or reorders text", r)
		}
		if !unicode.Is(unicode.M, r) {
			marks = 0
		} else if marks++; marks > 8 {
			fault = "is one more than 8 combining marks in a row"
		}
		if fault != "" {
			return fmt.Errorf("line %d: byte %d %s", number, i, fault)
		}
		if r == '\n' {
			number++
		}
		i += size
	}
	return nil
}

// forbidden reports controls, line and paragraph separators, bidirectional
// embeddings, overrides and isolates, and tag characters.
func forbidden(r rune) bool {
	switch {
	case r == '\t' || r == '\n':
		return false
	case unicode.Is(unicode.Cc, r):
		return true
	}
	return r == 0x2028 || r == 0x2029 || r >= 0x202a && r <= 0x202e ||
		r >= 0x2066 && r <= 0x2069 || r >= 0xe0000 && r <= 0xe007f
}

// invisible reports characters that may stand in a document but that a reader
// does not see, or not everywhere: zero-width spaces, soft hyphens, private use.
func invisible(r rune) bool {
	return r != '\n' && r != '\t' && !signatory.Allowed(r)
}
