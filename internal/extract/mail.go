package extract

import (
	"bytes"
	"context"
	"errors"
	"io"
	"slices"
	"strings"

	"github.com/emersion/go-message"
	_ "github.com/emersion/go-message/charset" // reads what is not UTF-8
)

// What a mail may hold.
const (
	maxMailDepth = 16
	maxMailParts = 500
	maxHeader    = 256 << 10
)

// headerNames are those that mails have; the first of them no pasted mail shows.
var (
	transport = set("message-id mime-version received return-path delivered-to content-type dkim-signature content-transfer-encoding x-mailer user-agent")
	personal  = set("from to cc subject date reply-to sender thread-topic in-reply-to references")
)

// isMail tells a mail by the header lines that it begins with: two that are known,
// one of them such as only mail programs write.
func isMail(b []byte) bool {
	strong, known := 0, 0
	b = cutEnvelope(b[:min(len(b), maxHeader)])
	for n := 0; n < 200; n++ {
		line, rest, more := bytes.Cut(b, []byte("\n"))
		line = bytes.TrimRight(line, "\r")
		if len(line) == 0 {
			break
		}
		b = rest
		if n > 0 && (line[0] == ' ' || line[0] == '\t') {
			continue
		}
		name, _, ok := strings.Cut(string(line[:min(len(line), 80)]), ":")
		if !ok || strings.ContainsAny(name, " \t") {
			return false
		}
		name = strings.ToLower(name)
		if transport[name] {
			strong++
		} else if personal[name] {
			known++
		}
		if !more {
			break
		}
	}
	return strong > 0 && strong+known > 1
}

// cutEnvelope cuts off the line that mailboxes put before a mail.
func cutEnvelope(b []byte) []byte {
	if bytes.HasPrefix(b, []byte("From ")) {
		if _, rest, ok := bytes.Cut(b, []byte("\n")); ok {
			return rest
		}
	}
	return b
}

// A mailReader goes through the parts of a mail.
type mailReader struct {
	ctx   context.Context
	out   *lines
	parts int

	choosing bool // among alternatives
}

// readMail reads the text of a mail.
func readMail(ctx context.Context, file []byte) (*Copy, error) {
	e, err := message.ReadWithOptions(bytes.NewReader(cutEnvelope(file)), &message.ReadOptions{MaxHeaderBytes: maxHeader})
	if unknown(err) {
		return nil, damaged(unknownCharset)
	}
	if err != nil {
		return nil, damaged("a mail whose header cannot be read")
	}
	m := &mailReader{ctx: ctx, out: &lines{}}
	if err := m.part(e, 0); err != nil {
		return nil, err
	}
	return m.out.copy(EML)
}

const unknownCharset = "a mail in a charset or encoding that nobody knows"

func unknown(err error) bool { return message.IsUnknownCharset(err) || message.IsUnknownEncoding(err) }

func isAttached(e *message.Entity) bool {
	disposition, _, _ := e.Header.ContentDisposition()
	return strings.EqualFold(disposition, "attachment")
}

// part reads one part of a mail, behind what was read before.
func (m *mailReader) part(e *message.Entity, depth int) error {
	if m.parts++; m.parts > maxMailParts {
		return tooLarge("a mail with too many parts")
	}
	if depth > maxMailDepth {
		return tooDeep()
	}
	for _, name := range []string{"Content-Type", "Content-Transfer-Encoding", "Content-Disposition"} {
		if e.Header.FieldsByKey(name).Len() > 1 {
			return damaged("a mail that says twice what a part of it is")
		}
	}
	kind, _, err := e.Header.ContentType()
	if err != nil {
		kind = "text/plain"
	}
	parts := e.MultipartReader()
	switch {
	case strings.EqualFold(kind, "multipart/alternative") && parts != nil:
		return m.alternative(parts, depth)
	case strings.EqualFold(kind, "multipart/related") && parts != nil:
		return m.related(parts, depth)
	case parts != nil:
		return m.each(parts, func(p *message.Entity) error { return m.part(p, depth+1) })
	case isAttached(e):
		m.out.leave(WarnAttachments, 1)
	case kind == "text/plain" || kind == "text/html":
		return m.text(e, kind)
	case strings.HasPrefix(kind, "multipart/"):
		return damaged("a mail whose parts cannot be told apart")
	case strings.HasPrefix(kind, "image/"):
		m.out.leave(WarnPictures, 1)
	default:
		if strings.HasPrefix(kind, "text/") && kind != "text/calendar" && m.choosing {
			m.out.cover = "a rendering of the mail that some programs show"
		}
		m.out.leave(WarnAttachments, 1)
	}
	return nil
}

// related reads parts of which the first is shown, and others where it names them.
func (m *mailReader) related(parts message.MultipartReader, depth int) error {
	said := false
	return m.each(parts, func(p *message.Entity) error {
		before := len(m.out.buf)
		err := m.part(p, depth+1)
		if said {
			m.out.doubt(before, "a part of the mail that may not be shown")
		}
		said = said || len(m.out.buf) > before
		return err
	})
}

// each calls f for each part.
func (m *mailReader) each(parts message.MultipartReader, f func(*message.Entity) error) error {
	for {
		p, err := parts.NextPart()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if unknown(err) && isAttached(p) {
			m.out.leave(WarnAttachments, 1)
			continue
		}
		if unknown(err) {
			return damaged(unknownCharset)
		}
		if err != nil {
			return damaged("a mail that is cut off or damaged")
		}
		if err := f(p); err != nil {
			return err
		}
	}
}

// text adds a plain part or a page.
func (m *mailReader) text(e *message.Entity, kind string) error {
	body, err := io.ReadAll(io.LimitReader(e.Body, MaxFile+1))
	if err != nil {
		return damaged("a mail that is cut off or damaged")
	}
	if _, params, _ := e.Header.ContentType(); kind == "text/html" && params["charset"] == "" {
		body = decodeHTML(body)
	}
	body = bytes.ToValidUTF8(body, []byte("\ufffd"))
	m.out.end(emptyLine)
	if kind == "text/plain" {
		m.out.kept(string(body))
		return nil
	}
	if len(body) > maxHTML {
		return tooLarge("a page of more than 5 MiB")
	}
	page := &lines{}
	_, err = readPage(m.ctx, body, page)
	var e2 *Error
	if errors.As(err, &e2) && e2.Code != CodeNoText {
		return err
	}
	m.out.add(page, emptyLine)
	return nil
}

// alternative reads the last rendering of the mail, which programs show. Some readers see
// another: lines that have not the same words there are in doubt.
func (m *mailReader) alternative(parts message.MultipartReader, depth int) error {
	var renderings []*lines
	outer, choosing := m.out, m.choosing
	m.choosing = true
	defer func() { m.out, m.choosing = outer, choosing }()
	best, page := -1, false
	err := m.each(parts, func(p *message.Entity) error {
		kind, _, _ := p.Header.ContentType()
		m.out = &lines{}
		if err := m.part(p, depth+1); err != nil {
			return err
		}
		outer.cover = first(outer.cover, m.out.cover)
		if len(m.out.buf) == 0 {
			outer.add(m.out, emptyLine)
			return nil
		}
		isPage := kind == "text/html" || strings.HasPrefix(kind, "multipart/")
		if best < 0 || isPage || !page {
			best, page = len(renderings), isPage
		}
		renderings = append(renderings, m.out)
		return nil
	})
	if err != nil || best < 0 {
		return err
	}
	shown := renderings[best].buf
	outer.add(renderings[best], emptyLine)
	start := outer.mark() - len(shown)
	for i, r := range renderings {
		if i == best || sameWords(r.buf, shown) {
			continue
		}
		outer.leave(WarnAlternative, 1)
		for _, s := range differing(shown, r.buf) {
			outer.doubtSpan(start+s.At, start+s.End, "another rendering of the mail has other words")
		}
	}
	return nil
}

// maxDiffering bounds the words that are compared when two renderings differ.
const maxDiffering = 20_000_000

// differing returns the lines of a rendering whose words do not follow each other in
// another one, or beside which that has more words.
func differing(shown, other []byte) []Span {
	var out []Span
	var last Span // the last line that is in both
	rest, work, at := wordsOf(other), 0, 0
	for line := range bytes.SplitSeq(shown, []byte("\n")) {
		here := Span{at, at + len(line)}
		at += len(line) + 1
		words := wordsOf(line)
		if len(words) == 0 {
			continue
		}
		n := indexOf(rest, words)
		if work += len(rest); work > maxDiffering {
			return []Span{{0, len(shown)}}
		}
		if n < 0 || n > 0 && last.End > 0 { // what stands before all of it stands beside it
			out = append(out, last, here)
		}
		if n >= 0 {
			rest, last = rest[n+len(words):], here
		}
	}
	if len(rest) > 0 {
		out = append(out, last)
	}
	return out
}

// indexOf is where words follow each other in a text, -1 when nowhere.
func indexOf(text, words []string) int {
	for i := range max(0, len(text)-len(words)+1) {
		if slices.Equal(text[i:i+len(words)], words) {
			return i
		}
	}
	return -1
}

// sameWords compares two renderings by their letters and digits: addresses of
// links, lines and signs of emphasis differ between them without being read.
func sameWords(a, b []byte) bool { return slices.Equal(wordsOf(a), wordsOf(b)) }

func wordsOf(b []byte) []string {
	var out []string
	for _, w := range strings.Fields(string(b)) {
		if strings.Contains(w, "://") {
			continue
		}
		if w = strings.Trim(strings.ToLower(w), `*_>-•.,:;()[]"'“”`); w != "" {
			out = append(out, w)
		}
	}
	return out
}
