package text

import (
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// other reads what is not a word: the code point of class c at i, which ends at
// end. It returns where to go on.
func (s *scanner) other(i, end int, c class) (int, error) {
	wasDash := s.dash
	s.dash = false
	switch c {
	case cSpace:
		return end, nil
	case cLineEnd:
		if s.b[i] == '\r' && end < len(s.b) && s.b[end] == '\n' {
			end++
		}
		s.lineEnd()
		return end, nil
	case cSkip, cWarn:
		s.dash = wasDash
		return s.skip(i, end-i, c), nil
	case cNul:
		return 0, &InputError{CodeNUL, i, "NUL byte"}
	case cBullet:
		if err := s.bullet(i, end); err != nil {
			return 0, err
		}
		return s.marksOn(end)
	case cDash:
		if wasDash { // "--" is one dash
			if !s.lean {
				s.tokens[len(s.tokens)-1].End = end
			}
			s.dash = true
			return s.marksOn(end)
		}
	case cHidden:
		if r, _ := s.decode(i); s.first && shorthand(r) {
			break
		}
		if err := s.emitSign(i, end, Hidden); err != nil {
			return 0, err
		}
		return s.marksOn(end)
	case cStop:
		if end+1 < len(s.b) && string(s.b[i:end+2]) == "..." {
			s.out = append(s.out, "..."...)
			if err := s.emit(i, end+2, 3, Punctuation); err != nil {
				return 0, err
			}
			return s.marksOn(end + 2)
		}
	case cUnassigned:
		s.warn(CodeUnassigned, i)
	}
	if c == cRebuildSign || s.peek(end) == cMark {
		return s.cluster(i, end)
	}
	err := s.emitSign(i, end, Punctuation)
	s.dash = c == cDash
	return end, err
}

func (s *scanner) lineEnd() {
	s.breaks++
	s.bulleted, s.opening, s.dash = false, false, false
}

// Bullets are one of two: pasting changes one filled bullet into another, and one
// hollow one, but ● and ○ may answer yes and no.
const (
	filledBullet = "•"
	hollowBullet = "◦"
)

func isBullet(s string) bool { return s == filledBullet || s == hollowBullet }

// BulletOf returns the token that the bullet b is.
func BulletOf(b []byte) string {
	switch r, _ := utf8.DecodeRune(b); r {
	case '□', '▫', '▷', '▹', '◇', '○', '◦', '◻', '◽':
		return hollowBullet
	}
	return filledBullet
}

// bullet reads the bullet in b[i:end]. At a line start it may mark an item, or be
// part of the text and wrapped: it stays, or the text would lose it. Edition 0
// dropped it.
func (s *scanner) bullet(i, end int) error {
	starts := s.breaks > 0 || s.opening
	switch {
	case s.first && starts:
		s.bulleted = true
		return nil
	case s.first:
		return s.emitSign(i, end, Bullet)
	}
	bullet := BulletOf(s.b[i:end])
	s.out = append(s.out, bullet...)
	if starts {
		s.markers++
		return s.emit(i, end, len(bullet), Marker)
	}
	return s.emit(i, end, len(bullet), Bullet)
}

// emitSign emits the sign in b[i:end].
func (s *scanner) emitSign(i, end int, c Class) error {
	n := len(s.out)
	r, _ := utf8.DecodeRune(s.b[i:end])
	switch s.class.of(r) {
	case cDash:
		s.out = append(s.out, '-')
	case cSingle:
		s.out = append(s.out, '\'')
	case cDouble:
		s.out = append(s.out, '"')
	default:
		if r == '…' {
			s.out = append(s.out, "..."...)
		} else if r < utf8.RuneSelf {
			s.out = append(s.out, byte(r))
		} else if f, ok := s.class.fold[r]; ok {
			s.out = append(s.out, f...)
		} else {
			s.out = utf8.AppendRune(s.out, r)
		}
	}
	return s.emit(i, end, len(s.out)-n, c)
}

// cluster reads a sign and the marks on it, which may compose to another sign
// ("=" and U+0338). The marks that remain are a token of their own.
func (s *scanner) cluster(i, end int) (int, error) {
	r, _ := s.decode(i)
	s.work = s.appendFolded(s.work[:0], r)
	n := len(s.work)
	marksFrom, stop, err := s.marks(end)
	if err != nil {
		return 0, err
	}
	base := string(s.work[:n])
	composed := norm.NFC.Bytes(s.work)
	if manyMarks(s.class, composed) {
		return 0, &InputError{CodeMarks, i, tooManyMarks}
	}
	_, n = utf8.DecodeRune(composed)
	rest := composed[n:]
	if string(composed[:n]) == base { // nothing composed: the sign as it is
		if err := s.emitSign(i, end, Punctuation); err != nil {
			return 0, err
		}
	} else {
		if len(rest) == 0 {
			marksFrom = stop
		}
		s.out = append(s.out, composed[:n]...)
		if err := s.emit(i, marksFrom, n, Punctuation); err != nil {
			return 0, err
		}
	}
	if len(rest) == 0 {
		return stop, nil
	}
	s.out = append(s.out, rest...)
	return stop, s.emit(marksFrom, stop, len(rest), Word)
}

// marks appends the folded marks from end on to the scratch. It returns where they
// begin and end in the input; end where there are none.
func (s *scanner) marks(end int) (from, stop int, err error) {
	from, stop = end, end
	count, warned := 0, len(s.warnings)
	for j := end; j < len(s.b); {
		c, n := s.at(j)
		switch {
		case c == cMark:
			if count == 0 {
				from = j
			}
			if count++; count > MaxMarks {
				return 0, 0, &InputError{CodeMarks, j, tooManyMarks}
			}
			r, _ := s.decode(j)
			s.work = s.appendFolded(s.work, r)
			j += n
			stop, warned = j, len(s.warnings)
		case c.skipped():
			j = s.skip(j, n, c)
		default:
			s.unread(warned)
			return from, stop, nil
		}
	}
	s.unread(warned)
	return from, stop, nil
}

// unread forgets the warnings about what follows the last mark: it is read once
// more. Edition 0 gave them twice.
func (s *scanner) unread(warned int) {
	if !s.first {
		s.warnings = s.warnings[:warned]
	}
}

// marksOn reads the marks on a sign that was emitted and that composes with none:
// they are a token of their own. In edition 0 they began the next word instead, so
// that "..." and "…" under one mark were two texts.
func (s *scanner) marksOn(end int) (int, error) {
	if s.first || s.peek(end) != cMark {
		return end, nil
	}
	s.work = s.work[:0]
	from, stop, err := s.marks(end)
	if err != nil {
		return 0, err
	}
	composed := norm.NFC.Bytes(s.work)
	if manyMarks(s.class, composed) {
		return 0, &InputError{CodeMarks, from, tooManyMarks}
	}
	s.out = append(s.out, composed...)
	return stop, s.emit(from, stop, len(composed), Word)
}
