package text

import "unicode/utf8"

// words reads from i, where a letter or digit is, as many whole words as are their
// own canonical form and a single space apart: they are copied in one piece. It
// returns where the first word begins that it leaves to the other functions. Most
// of most texts passes here.
func (s *scanner) words(i int) int {
	b, low, plain := s.b, &s.class.low, &s.class.plain
	start, limit := i, MaxTokens-s.count // the limit is for the others to report
	n := 0
	for j := i; ; {
		for j < len(b) && plain[b[j]] {
			j++
		}
		if j+1 >= len(b) {
			break
		}
		if c := b[j]; c >= 0xc2 && c < 0xe0 && low[rune(c&0x1f)<<6|rune(b[j+1]&0x3f)] == cWord {
			j += 2
			continue
		}
		if b[j] != ' ' || n+1 >= limit || !s.startsWord(j+1) {
			break
		}
		if !s.lean {
			s.token(i, j, j-i, Word)
		}
		n++
		j++
		i = j
	}
	if n > 0 {
		s.out = append(s.out, b[start:i]...)
		s.count += n
		s.breaks, s.bulleted, s.opening, s.dash = 0, false, false, false
	}
	return i
}

// startsWord reports whether a letter or digit that words takes is at i.
func (s *scanner) startsWord(i int) bool {
	c := s.b[i]
	if c < utf8.RuneSelf {
		return s.class.low[c] <= cDigit
	}
	return c < 0xe0 && s.class.low[rune(c&0x1f)<<6|rune(s.b[i+1]&0x3f)] == cWord
}

// decode returns the code point at i and its length. The input is known to be
// UTF-8, which spares half of what utf8.DecodeRune does.
func (s *scanner) decode(i int) (rune, int) {
	b := s.b
	switch c := b[i]; {
	case c < utf8.RuneSelf:
		return rune(c), 1
	case c < 0xe0:
		return rune(c&0x1f)<<6 | rune(b[i+1]&0x3f), 2
	case c < 0xf0:
		return rune(c&0x0f)<<12 | rune(b[i+1]&0x3f)<<6 | rune(b[i+2]&0x3f), 3
	default:
		return rune(c&0x07)<<18 | rune(b[i+1]&0x3f)<<12 | rune(b[i+2]&0x3f)<<6 | rune(b[i+3]&0x3f), 4
	}
}
