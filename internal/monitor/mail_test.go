package monitor

import (
	"io"
	"mime"
	"mime/quotedprintable"
	"net/mail"
	"strings"
	"testing"

	"github.com/sijil/sijil/internal/jcs"
)

func TestMail(t *testing.T) {
	e := Event{ID: "sha256:" + strings.Repeat("ab", 32), Type: Named, At: "2026-01-02T03:04:05Z", Log: "sijil.example", Service: "https://sijil.example", Watched: "إذاعة",
		Summary: "river: version 1 lists " + quote("إذاعة الوادي\r\nBcc: everybody@a.example") + strings.Repeat(" and more", 40)}
	b, err := Mail(e, "sijil@ngo.example", "office@ngo.example")
	check(t, err)
	for l := range strings.Lines(string(b)) {
		if len(l) > 80 && !strings.HasPrefix(l, "Message-ID: ") || !strings.HasSuffix(l, "\r\n") {
			t.Errorf("a line of %d bytes: %q", len(l), l)
		}
	}
	m, err := mail.ReadMessage(strings.NewReader(string(b)))
	check(t, err)
	subject, err := new(mime.WordDecoder).DecodeHeader(m.Header.Get("Subject"))
	check(t, err)
	if !strings.HasPrefix(subject, "[sijil] river: version 1 lists “") || m.Header.Get("Bcc") != "" || len(m.Header) != 9 {
		t.Errorf("%q %v", subject, m.Header)
	}
	if at, err := m.Header.Date(); err != nil || at.UTC().Format("2006-01-02T15:04:05Z") != e.At {
		t.Errorf("%v %v", at, err)
	}
	if m.Header.Get("Message-Id") != "<"+strings.Repeat("ab", 32)+"@ngo.example>" {
		t.Error(m.Header.Get("Message-Id"))
	}
	body, err := io.ReadAll(quotedprintable.NewReader(m.Body))
	check(t, err)
	_, doc, ok := strings.Cut(string(body), "for programs:\r\n")
	var got Event
	if !ok || jcs.Unmarshal([]byte(strings.TrimSuffix(doc, "\r\n")), &got) != nil || got.ID != e.ID {
		t.Errorf("the event in it: %q", doc)
	}
	for _, bad := range [][2]string{{"a@b.example\r\nBcc: c@d.example", "a@b.example"}, {"a", "a@b.example"}, {"a@b.example", "b"}} {
		if _, err := Mail(e, bad[0], bad[1]); err == nil {
			t.Errorf("%q passed", bad)
		}
	}
}
