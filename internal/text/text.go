// Package text is the canonical form of a text, edition sijil-text/1: the one
// meaning of "the same text". It turns bytes into a sequence of tokens, each
// keeping its byte offsets into the original. Two inputs are the same text when
// their token sequences are equal.
//
// How a text is wrapped and spaced, and which bullets, dashes and quotation marks
// it has, is presentation and leaves no trace. Case, accents, digits, punctuation,
// the order of the words, letters of another script and invisible characters that
// reorder or carry data do.
// docs/formats/text.md is the normative description; its vectors are under
// docs/testvectors/text.
//
// This worked example, a triangular bullet and five words on two lines,
//
//	‣ Stop  the
//	war : “now”
//
// becomes the tokens "•" (a Marker), "Stop", "the", "war", ":", `"`, "now" and `"`,
// whose canonical form is `• Stop the war : " now "`.
//
// The canonical form is a fixed point: parsing it gives the same canonical form.
// An edition is fixed: what it says of a text never changes, a better rule gets
// another name. Edition 0 left bullets at line starts out, kept others as they
// were written, and did not know C2PA manifests.
//
// It is not a comparison: everything that needs a published text to compare with
// (a list number, a hyphenated word) is a tolerance of package match.
package text

import (
	"crypto/sha256"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"
)

// The names that a record gives to its canonical form.
const (
	Edition  = "sijil-text/1" // the present edition
	Edition0 = "sijil-text/0" // the first, readable for ever: records name it
)

// Editions returns the editions that this program reads, the present one first.
func Editions() []string { return []string{Edition, Edition0} }

const (
	// MaxBytes is the size in bytes of the longest input: 5 MiB.
	MaxBytes = 5 << 20
	// MaxTokens bounds the memory that an input of punctuation alone can claim.
	MaxTokens = 1 << 20
	// MaxMarks is the number of combining marks that one base may carry. Beyond
	// it the normalisations of different languages part.
	MaxMarks = 8
	// MaxWarnings is how many warnings are kept; the last one says that there
	// were more.
	MaxWarnings = 100
)

// Class says what a token is. It is no part of the canonical form.
type Class uint8

const (
	Word        Class = iota // letters, digits and their marks
	Punctuation              // one sign
	Marker                   // stands where a list marker may stand: "•", "-", "1.", "a)", "18-"
	Bullet                   // an unambiguous bullet that is not at a line start
	Hidden                   // not visible, and able to reorder or carry text
)

// A Token is one unit of comparison.
type Token struct {
	Text       string // canonical
	Start, End int    // byte offsets into the original, End exclusive
	Class      Class
	// Breaks counts the line ends between the token before and this one: 0 on
	// the same line, 1 on the next, 2 after one blank line; at most 255. The
	// first token of an input has at least 1.
	Breaks uint8
	// Bulleted says that a bullet was dropped before this token on its line.
	// Edition 0 and package match drop them; edition 1 does not.
	Bulleted bool
}

// First reports whether the token is the first one on its line.
func (t *Token) First() bool { return t.Breaks > 0 }

// A Warning is something in the input that no reader sees and that the canonical
// form leaves out, or that the two engines may read differently.
type Warning struct {
	Code   string // one of the Code constants
	At     int    // byte offset into the original
	Detail string
}

// The codes of warnings.
const (
	CodeZeroWidth  = "zero-width"    // a character without width was left out
	CodeUnassigned = "unassigned"    // not a character in Unicode 15.0
	CodeManifest   = "c2pa-manifest" // a C2PA text manifest was left out
	CodeMore       = "more-warnings" // there were more than MaxWarnings
)

// Form is a parsed input. It is immutable.
type Form struct {
	Tokens   []Token
	Warnings []Warning
	canon    string
}

// Canonical returns the canonical form: the tokens joined by one space.
func (f *Form) Canonical() []byte { return []byte(f.canon) }

// Digest returns the SHA-256 of the canonical form, as in a record's subject
// canonical/<lang>.
func (f *Form) Digest() [sha256.Size]byte { return sha256.Sum256([]byte(f.canon)) }

// An InputError says why an input has no canonical form, and where.
type InputError struct {
	Code string // one of the codes below
	At   int    // byte offset into the original
	Rule string // the rule that was broken
}

// The codes of input errors.
const (
	CodeEmpty       = "empty"
	CodeTooLarge    = "too-large"
	CodeInvalidUTF8 = "invalid-utf8"
	CodeNUL         = "nul-byte"
	CodeMarks       = "too-many-marks"
	CodeTokens      = "too-many-tokens"
)

func (e *InputError) Error() string {
	if e.Code == CodeEmpty || e.Code == CodeTooLarge {
		return "text: " + e.Rule
	}
	return "text: byte " + strconv.Itoa(e.At) + ": " + e.Rule
}

// ErrEmpty is returned for an input without tokens. A caller that reads text from
// a picture or a page says there that nothing was found in it.
var ErrEmpty = &InputError{Code: CodeEmpty, Rule: "no words in the input"}

// Parse reads b, which must be UTF-8 without NUL, of at most MaxBytes.
// Its errors are of type *InputError.
func Parse(b []byte) (*Form, error) { return parse(b, false) }

// ParseEdition is Parse for the edition that a record names.
func ParseEdition(edition string, b []byte) (*Form, error) {
	first, err := isFirst(edition)
	if err != nil {
		return nil, err
	}
	return parse(b, first)
}

func isFirst(edition string) (bool, error) {
	if edition != Edition && edition != Edition0 {
		return false, fmt.Errorf("text: canonical form %q is not known to this program, which reads %s", edition, strings.Join(Editions(), " and "))
	}
	return edition == Edition0, nil
}

func parse(b []byte, first bool) (*Form, error) {
	s := scanner{b: b, first: first}
	n := min(len(b)/4+16, MaxTokens)
	s.tokens, s.lens = make([]Token, 0, n), make([]int32, 0, n)
	if err := s.run(); err != nil {
		return nil, err
	}
	return s.finish(), nil
}

// Digest returns the SHA-256 of the canonical form of b, and the warnings, without
// the cost of the tokens. Most copies are found by it.
func Digest(b []byte) ([sha256.Size]byte, []Warning, error) { return digest(b, false) }

// DigestEdition is Digest for the edition that a record names.
func DigestEdition(edition string, b []byte) ([sha256.Size]byte, []Warning, error) {
	first, err := isFirst(edition)
	if err != nil {
		return [sha256.Size]byte{}, nil, err
	}
	return digest(b, first)
}

func digest(b []byte, first bool) ([sha256.Size]byte, []Warning, error) {
	s := scanner{b: b, first: first, lean: true}
	if err := s.run(); err != nil {
		return [sha256.Size]byte{}, nil, err
	}
	return sha256.Sum256(s.out[:len(s.out)-1]), s.warnings, nil
}

// run checks the input and scans it.
func (s *scanner) run() error {
	if len(s.b) > MaxBytes {
		return &InputError{CodeTooLarge, 0, "larger than " + strconv.Itoa(MaxBytes) + " bytes (5 MiB)"}
	}
	if !utf8.Valid(s.b) {
		return &InputError{CodeInvalidUTF8, invalidAt(s.b), "not UTF-8"}
	}
	s.class = classTable()
	s.out = make([]byte, 0, len(s.b)+len(s.b)/8+16)
	if err := s.scan(); err != nil {
		return err
	}
	if s.count == s.markers { // bullets without an item are no text
		return ErrEmpty
	}
	return nil
}

func invalidAt(b []byte) int {
	for i := 0; i < len(b); {
		r, n := utf8.DecodeRune(b[i:])
		if r == utf8.RuneError && n <= 1 {
			return i
		}
		i += n
	}
	return len(b)
}
