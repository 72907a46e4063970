package text

import (
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// word reads the word at start.
func (s *scanner) word(start int) (int, error) {
	var (
		i, end  = start, start
		rebuild = asIs
		last    = cWord // class of the last code point that counts
		marks   = 0
	)
	for i < len(s.b) {
		for i < len(s.b) && s.b[i] < utf8.RuneSelf && s.class.low[s.b[i]] <= cDigit {
			last, marks = s.class.low[s.b[i]], 0
			i++
			end = i
		}
		if i == len(s.b) {
			break
		}
		c, n := s.at(i)
		switch {
		case c == cWord:
			marks = 0
		case c == cMark:
			rebuild = compose
			if marks++; marks > MaxMarks {
				return 0, &InputError{CodeMarks, i, tooManyMarks}
			}
		case c == cFoldDigit:
			rebuild, marks = max(rebuild, fold), 0
		case c.inWord():
			rebuild, marks = compose, 0
		case c.skipped():
			rebuild = max(rebuild, fold)
			i = s.skip(i, n, c)
			continue
		case c == cSingle && s.joinsLetters(i+n):
			if s.b[i] != '\'' {
				rebuild = max(rebuild, fold)
			}
			marks = 0
		case (c == cStop || c == cSeparator) && last.digit() && s.peek(i+n).digit():
			if n > 1 {
				rebuild = max(rebuild, fold)
			}
		default:
			return i, s.emitWord(start, end, rebuild)
		}
		last = c
		i += n
		end = i
	}
	return i, s.emitWord(start, end, rebuild)
}

func (s *scanner) joinsLetters(i int) bool {
	c := s.peek(i)
	return c.inWord() && c != cMark
}

const tooManyMarks = "more than 8 combining marks on one base"

// What a word needs before it is canonical.
const (
	asIs    = iota // nothing
	fold           // its skipped and folded characters
	compose        // that, and NFC: it has marks or letters that are not their own
)

func (s *scanner) emitWord(start, end, rebuild int) error {
	if rebuild == asIs {
		s.out = append(s.out, s.b[start:end]...)
		return s.emit(start, end, end-start, Word)
	}
	s.work = s.work[:0]
	for i := start; i < end; {
		r, n := s.decode(i)
		switch c := s.class.of(r); {
		case c == cWord:
			s.work = append(s.work, s.b[i:i+n]...)
		case c.skipped():
		case c == cSingle:
			s.work = append(s.work, '\'')
		default:
			s.work = s.appendFolded(s.work, r)
		}
		i += n
	}
	if rebuild == fold { // nothing that is left combines
		s.out = append(s.out, s.work...)
		return s.emit(start, end, len(s.work), Word)
	}
	if manyMarks(s.class, s.work) {
		return &InputError{CodeMarks, start, tooManyMarks}
	}
	composed := norm.NFC.Bytes(s.work)
	if manyMarks(s.class, composed) {
		return &InputError{CodeMarks, start, tooManyMarks}
	}
	s.out = append(s.out, composed...)
	return s.emit(start, end, len(composed), Word)
}

func (s *scanner) appendFolded(to []byte, r rune) []byte {
	if f, ok := s.class.fold[r]; ok {
		return append(to, f...)
	}
	return utf8.AppendRune(to, r)
}

// manyMarks reports whether a base in w carries more than MaxMarks. It is asked
// before NFC, which inserts a character after 30 of them, and after, because NFC
// takes some letters apart.
func manyMarks(t *table, w []byte) bool {
	marks := 0
	for i := 0; i < len(w); {
		r, n := utf8.DecodeRune(w[i:])
		if t.of(r) == cMark {
			marks++
		} else {
			marks = 0
		}
		if marks > MaxMarks {
			return true
		}
		i += n
	}
	return false
}
