package dkim

import (
	"bytes"
	"mime"
	"net/mail"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// once are the fields of which a mail has exactly one, and which h= names.
var once = []string{"From", "Subject", "Date", "To", "Content-Type", "MIME-Version"}

// field is one header field.
type field struct {
	name string // lower-case
	raw  string // as it stands, with its folds and its last CRLF
}

// value is what stands behind the colon, unfolded and trimmed (RFC 5322 section 2.2.3).
func (f field) value() string {
	_, v, _ := strings.Cut(f.raw, ":")
	return strings.Trim(strings.ReplaceAll(v, "\r\n", ""), " \t")
}

// letter is a mail taken apart: the fields in their order, and the body's bytes.
type letter struct {
	fields []field
	body   []byte
}

// parse takes a mail apart, strictly: what two programs could read differently is refused.
func parse(raw []byte) (*letter, error) {
	if len(raw) > MaxSize {
		return nil, refuse(RuleSize, "it is larger than 1 MiB: send it without attachments")
	}
	if !cleanLines(raw) {
		return nil, refuse(RuleLines, "its bytes are not those of a mail as servers pass it on: every line ends with CR LF, and no CR, LF or NUL stands alone")
	}
	head, body, ok := bytes.Cut(raw, []byte("\r\n\r\n"))
	if !ok {
		return nil, refuse(RuleHeader, "no empty line parts its header from its text")
	}
	if len(head)+4 > maxHeader {
		return nil, refuse(RuleHeader, "its header is larger than 64 KiB")
	}
	m := &letter{body: body}
	for line := range bytes.SplitSeq(head, []byte("\r\n")) {
		if len(bytes.Trim(line, " \t")) == 0 {
			return nil, refuse(RuleHeader, "its header holds a blank line")
		}
		if line[0] == ' ' || line[0] == '\t' {
			if len(m.fields) == 0 {
				return nil, refuse(RuleHeader, "its header begins with a continued line")
			}
			m.fields[len(m.fields)-1].raw += string(line) + "\r\n"
			continue
		}
		name, _, ok := strings.Cut(string(line), ":")
		if !ok || !isFieldName(name) {
			return nil, refuse(RuleHeader, "a line of its header is no header field")
		}
		m.fields = append(m.fields, field{name: strings.ToLower(name), raw: string(line) + "\r\n"})
	}
	for _, name := range once {
		switch list := m.all(name); {
		case len(list) == 0:
			return nil, refuse(RuleMissing, "it has no field "+name)
		case len(list) > 1:
			return nil, refuse(RuleRepeated, "it has the field "+name+" more than once")
		case !utf8.ValidString(list[0].raw):
			return nil, refuse(RuleHeader, "its field "+name+" is not UTF-8")
		}
	}
	return m, nil
}

// cleanLines: CR and LF stand only together, and NUL nowhere.
func cleanLines(raw []byte) bool {
	for i, c := range raw {
		switch c {
		case 0:
			return false
		case '\n':
			if i == 0 || raw[i-1] != '\r' {
				return false
			}
		case '\r':
			if i+1 == len(raw) || raw[i+1] != '\n' {
				return false
			}
		}
	}
	return true
}

// isFieldName: ftext of RFC 5322 section 3.6.8, without space before the colon.
func isFieldName(s string) bool {
	return s != "" && strings.IndexFunc(s, func(r rune) bool { return r < 33 || r > 126 || r == ':' }) < 0
}

func (m *letter) all(name string) []field {
	name = strings.ToLower(name)
	var out []field
	for _, f := range m.fields {
		if f.name == name {
			out = append(out, f)
		}
	}
	return out
}

// get is the value of a field that stands exactly once.
func (m *letter) get(name string) string { return m.all(name)[0].value() }

// signatures are the indexes of the DKIM-Signature fields, from the top.
func (m *letter) signatures() []int {
	var out []int
	for i, f := range m.fields {
		if f.name == "dkim-signature" {
			out = append(out, i)
		}
	}
	return out
}

// words decodes encoded words (RFC 2047) in the charsets of text.go.
var words = &mime.WordDecoder{CharsetReader: charsetReader}

// sender returns the whole domain of From, and its registrable part.
func (m *letter) sender() (from, domain string, err error) {
	bad := func(why string) (string, string, error) { return "", "", refuse(RuleFrom, why) }
	v := m.get("From")
	if !oneAddress(v) {
		return bad("its From field has to be one address, with or without a name: no list, no group")
	}
	a, err := (&mail.AddressParser{WordDecoder: words}).Parse(v)
	if err != nil {
		return bad("its From field cannot be read as an address")
	}
	from, ok := asciiDomain(a.Address[strings.LastIndexByte(a.Address, '@')+1:])
	if !ok {
		return bad("the domain of its From address is not one")
	}
	if domain, ok = registrable(from); !ok {
		return bad("the domain of its From address is a public suffix, under which others register")
	}
	if isFreeMail(domain) {
		return "", "", ErrFreeMail
	}
	return from, domain, nil
}

// oneAddress looks at a From field by itself, outside its quoted strings and comments:
// parsers differ in what they make of lists and groups, so there are none.
func oneAddress(v string) bool {
	at, depth, quoted := 0, 0, false
	for i := 0; i < len(v); i++ {
		switch c := v[i]; {
		case c == '\\' && (quoted || depth > 0):
			i++
		case quoted:
			quoted = c != '"'
		case c == '(':
			depth++
		case depth > 0:
			if c == ')' {
				depth--
			}
		case c == '"':
			quoted = true
		case c == '@':
			at++
		case strings.IndexByte(",;:\\)", c) >= 0:
			return false
		}
	}
	return at == 1 && depth == 0 && !quoted
}

// date reads Date, which has to be near now.
func (m *letter) date(now time.Time) (time.Time, error) {
	t, err := mail.ParseDate(m.get("Date"))
	if err != nil {
		return time.Time{}, refuse(RuleDate, "its Date field cannot be read")
	}
	if d := t.Sub(now); d > maxAge || d < -maxAge {
		return time.Time{}, refuse(RuleDate, "its Date is more than 7 days from now: send a new mail, and check the computer's clock")
	}
	return t.UTC(), nil
}

// subject decodes Subject.
func (m *letter) subject() (string, error) {
	s, err := words.DecodeHeader(m.get("Subject"))
	if err != nil || !readable(s) {
		return "", refuse(RuleSubject, "its Subject cannot be read: write it again, in plain letters and at most 1000 bytes")
	}
	return strings.TrimSpace(s), nil
}

// readable: UTF-8 of a length that somebody reads, without control characters and without
// the sign that stands for what could not be decoded.
func readable(s string) bool {
	return len(s) <= maxLine && utf8.ValidString(s) && strings.IndexFunc(s, func(r rune) bool {
		return r == utf8.RuneError || unicode.IsControl(r) && r != '\t'
	}) < 0
}
