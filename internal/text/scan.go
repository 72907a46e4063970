package text

import (
	"fmt"
	"unicode/utf8"
)

// A scanner walks over the input once. Words of plain letters are copied as they
// are; only a word with a mark, a fold or a skipped character is rebuilt.
type scanner struct {
	b        []byte
	class    *table
	first    bool // edition 0, not 1
	lean     bool // only the canonical form is wanted: no tokens
	count    int  // tokens so far
	markers  int  // of these, bullets at line starts
	tokens   []Token
	warnings []Warning
	out      []byte  // the canonical form, each token followed by a space
	lens     []int32 // length in out of each token
	breaks   int     // line ends since the last token
	bulleted bool    // a bullet was dropped since the last token or line end
	opening  bool    // only ">" and bullets stand before this place on the line
	dash     bool    // the last token is a dash and only skipped characters followed
	work     []byte  // scratch for rebuilt words
}

func (s *scanner) scan() error {
	s.breaks = 1
	b, low := s.b, &s.class.low
	for i := 0; i < len(b); {
		var (
			c   class
			n   = 1
			err error
		)
		if b[i] < utf8.RuneSelf {
			c = low[b[i]]
		} else {
			c, n = s.at(i)
		}
		switch {
		case c == cSpace:
			s.dash = false
			i += n
		case b[i] == '\n':
			s.lineEnd()
			i++
		case c <= cDigit:
			if i = s.words(i); b[i] >= utf8.RuneSelf {
				i, err = s.word(i)
				break
			}
			n = 1
			if end := s.plain(i + n); end > 0 {
				s.out = append(s.out, b[i:end]...)
				err = s.emit(i, end, end-i, Word)
				i = end
			} else {
				i, err = s.word(i)
			}
		case c.inWord():
			i, err = s.word(i)
		case n == 1 && (c == cSign || c == cStop || c == cSeparator) && i+1 < len(b) && low[b[i+1]] == cSpace:
			s.out = append(s.out, b[i])
			err = s.emit(i, i+1, 1, Punctuation)
			i++
		default:
			i, err = s.other(i, i+n, c)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// plain returns the end of a word that goes on at i if the rest of it is made of
// ASCII letters and digits alone and what follows certainly does not belong to
// it; else 0. Most words of most texts end here.
func (s *scanner) plain(i int) int {
	for i < len(s.b) && s.class.plain[s.b[i]] {
		i++
	}
	if i == len(s.b) {
		return i
	}
	if s.b[i] >= utf8.RuneSelf {
		return 0
	}
	switch s.class.low[s.b[i]] {
	case cSingle:
		return 0
	case cStop, cSeparator:
		if s.class.low[s.b[i-1]] == cDigit {
			return 0
		}
	}
	return i
}

// at returns the class and length of the code point at i.
func (s *scanner) at(i int) (class, int) {
	r, n := s.decode(i)
	if r < tableSize {
		return s.class.low[r], n
	}
	return s.class.of(r), n
}

// peek returns the class of the first code point from i on that is not skipped.
func (s *scanner) peek(i int) class {
	for i < len(s.b) {
		c, n := s.at(i)
		if !c.skipped() {
			return c
		}
		i += n
	}
	return cSpace
}

// emit appends a token whose canonical text is the last n bytes written.
func (s *scanner) emit(start, end, n int, c Class) error {
	if s.count == MaxTokens {
		return &InputError{CodeTokens, start, "more than 1048576 words and signs"}
	}
	first := s.out[len(s.out)-n]
	s.opening = (s.breaks > 0 || s.opening) && (first == '>' || first == filledBullet[0] && isBullet(string(s.out[len(s.out)-n:])))
	s.out = append(s.out, ' ')
	s.count++
	if !s.lean {
		s.token(start, end, n, c)
	}
	s.breaks, s.bulleted, s.dash = 0, false, false
	return nil
}

// token appends a token whose canonical text has n bytes.
func (s *scanner) token(start, end, n int, c Class) {
	s.lens = append(s.lens, int32(n))
	s.tokens = append(s.tokens, Token{
		Start: start, End: end, Class: c,
		Breaks: uint8(min(s.breaks, 255)), Bulleted: s.bulleted,
	})
	s.breaks, s.bulleted = 0, false
}

// finish makes the canonical form of what was scanned, and gives each token its
// part of it.
func (s *scanner) finish() *Form {
	canon := string(s.out[:len(s.out)-1])
	at := 0
	for i := range s.tokens {
		n := int(s.lens[i])
		s.tokens[i].Text = canon[at : at+n]
		at += n + 1
	}
	markLists(s.tokens, s.first)
	return &Form{Tokens: s.tokens, Warnings: s.warnings, canon: canon}
}

func (s *scanner) warn(code string, at int) {
	if len(s.warnings) < MaxWarnings {
		r, _ := utf8.DecodeRune(s.b[at:])
		s.warning(Warning{code, at, fmt.Sprintf("U+%04X", r)})
	}
}

func (s *scanner) warning(w Warning) {
	switch {
	case len(s.warnings) < MaxWarnings-1:
		s.warnings = append(s.warnings, w)
	case len(s.warnings) == MaxWarnings-1:
		s.warnings = append(s.warnings, Warning{CodeMore, w.At, "more warnings follow"})
	}
}
