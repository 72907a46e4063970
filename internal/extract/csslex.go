package extract

import (
	"strings"
	"unicode/utf8"
)

// A cssToken is one token of a style sheet. Its kind is 'i' for an identifier, 'f'
// for a function's name, '@', '#', 's' for a string, 'u' for an address without
// quotes, 'n' for a number with its unit, 'c' for the mark of a comment in HTML, ' ' for
// white space, 0 at the end, or
// the sign itself.
type cssToken struct {
	kind byte
	text string
}

// A cssLexer splits a style sheet as CSS Syntax 3 does, as far as telling which
// rules apply needs: comments, strings and escapes.
type cssLexer struct {
	s string
	i int
}

func (l *cssLexer) next() cssToken {
	for strings.HasPrefix(l.s[l.i:], "/*") {
		n := strings.Index(l.s[l.i+2:], "*/")
		if n < 0 {
			l.i = len(l.s)
			break
		}
		l.i += n + 4
	}
	if l.i >= len(l.s) {
		return cssToken{}
	}
	c := l.s[l.i]
	for _, mark := range []string{"<!--", "-->"} {
		if strings.HasPrefix(l.s[l.i:], mark) {
			l.i += len(mark)
			return cssToken{'c', mark}
		}
	}
	switch {
	case isCSSSpace(c):
		for l.i < len(l.s) && isCSSSpace(l.s[l.i]) {
			l.i++
		}
		return cssToken{' ', " "}
	case c == '"' || c == '\'':
		return l.quoted(c)
	case l.startsNumber():
		return l.number()
	case l.startsName(l.i):
		return l.word()
	case (c == '@' || c == '#') && l.i+1 < len(l.s) && (isNameByte(l.s[l.i+1]) || l.s[l.i+1] == '\\'):
		l.i++
		return cssToken{c, l.name()}
	}
	l.i++
	return cssToken{c, string(rune(c))}
}

func (l *cssLexer) word() cssToken {
	name := l.name()
	if l.i >= len(l.s) || l.s[l.i] != '(' {
		return cssToken{'i', name}
	}
	l.i++
	name = strings.ToLower(name)
	if name != "url" {
		return cssToken{'f', name}
	}
	rest := strings.TrimLeft(l.s[l.i:], " \t\r\n\f")
	if strings.HasPrefix(rest, `"`) || strings.HasPrefix(rest, "'") {
		return cssToken{'f', name}
	}
	end := strings.IndexByte(rest, ')')
	if end < 0 {
		end = len(rest) - 1
	}
	l.i = len(l.s) - len(rest) + end + 1
	return cssToken{'u', rest[:max(end, 0)]}
}

func (l *cssLexer) quoted(q byte) cssToken {
	var b strings.Builder
	l.i++
	for l.i < len(l.s) {
		c := l.s[l.i]
		switch {
		case c == q:
			l.i++
			return cssToken{'s', b.String()}
		case c == '\n':
			return cssToken{'s', b.String()}
		case c == '\\' && l.i+1 < len(l.s) && l.s[l.i+1] == '\n':
			l.i += 2
		case c == '\\':
			l.escape(&b)
		default:
			b.WriteByte(c)
			l.i++
		}
	}
	return cssToken{'s', b.String()}
}

func (l *cssLexer) startsNumber() bool {
	s := l.s[l.i:]
	if s[0] == '+' || s[0] == '-' {
		s = s[1:]
	}
	s = strings.TrimPrefix(s, ".")
	return s != "" && s[0] >= '0' && s[0] <= '9'
}

func (l *cssLexer) number() cssToken {
	from := l.i
	if c := l.s[l.i]; c == '+' || c == '-' {
		l.i++
	}
	for l.i < len(l.s) && (l.s[l.i] >= '0' && l.s[l.i] <= '9' || l.s[l.i] == '.') {
		l.i++
	}
	n := strings.TrimPrefix(l.s[from:l.i], "+")
	if l.i < len(l.s) && l.s[l.i] == '%' {
		l.i++
		return cssToken{'n', n + "%"}
	}
	if l.startsName(l.i) {
		n += strings.ToLower(l.name())
	}
	return cssToken{'n', n}
}

func (l *cssLexer) startsName(i int) bool {
	for i < len(l.s) && l.s[i] == '-' {
		i++
	}
	if i >= len(l.s) {
		return false
	}
	c := l.s[i]
	return c == '\\' && i+1 < len(l.s) && l.s[i+1] != '\n' || isNameByte(c) && (c < '0' || c > '9')
}

func (l *cssLexer) name() string {
	from := l.i
	for l.i < len(l.s) && isNameByte(l.s[l.i]) {
		l.i++
	}
	if l.i >= len(l.s) || l.s[l.i] != '\\' {
		return l.s[from:l.i]
	}
	var b strings.Builder
	b.WriteString(l.s[from:l.i])
	for l.i < len(l.s) {
		switch c := l.s[l.i]; {
		case isNameByte(c):
			b.WriteByte(c)
			l.i++
		case c == '\\' && l.i+1 < len(l.s) && l.s[l.i+1] != '\n':
			l.escape(&b)
		default:
			return b.String()
		}
	}
	return b.String()
}

// escape reads a backslash and what it stands for: up to six hexadecimal digits
// and one white space, or any other character.
func (l *cssLexer) escape(b *strings.Builder) {
	l.i++
	n, digits := rune(0), 0
	for l.i < len(l.s) && digits < 6 {
		d := strings.IndexByte("0123456789abcdef", l.s[l.i]|0x20)
		if d < 0 {
			break
		}
		n = n<<4 | rune(d)
		digits++
		l.i++
	}
	if digits > 0 {
		if l.i < len(l.s) && isCSSSpace(l.s[l.i]) {
			l.i++
		}
		if n == 0 || !utf8.ValidRune(n) {
			n = utf8.RuneError
		}
		b.WriteRune(n)
		return
	}
	if l.i < len(l.s) {
		r, size := utf8.DecodeRuneInString(l.s[l.i:])
		b.WriteRune(r)
		l.i += size
	}
}

func isCSSSpace(c byte) bool { return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f' }

func isNameByte(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '-' || c == '_' || c >= utf8.RuneSelf
}
