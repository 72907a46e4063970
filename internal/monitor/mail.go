package monitor

import (
	"bytes"
	"fmt"
	"mime"
	"mime/quotedprintable"
	"strings"
	"time"
)

// maxSubject bounds a mail's subject, in runes.
const maxSubject = 150

// Mail is a whole mail (RFC 5322) that tells an event to somebody who reads mail, with
// the event as JSON at its end. from and to are addresses as in "name@host.example". Its
// Message-ID is made of the event's ID, so that a mail that came twice is known by it.
func Mail(e Event, from, to string) ([]byte, error) {
	at, err := time.Parse(time.RFC3339, e.At)
	if err != nil {
		return nil, err
	}
	doc, err := e.JSON()
	if err != nil {
		return nil, err
	}
	for _, a := range []string{from, to} {
		if strings.ContainsAny(a, "\r\n") || !strings.Contains(a, "@") {
			return nil, fmt.Errorf("%q is no address", a)
		}
	}
	_, host, _ := strings.Cut(from, "@")
	subject := []rune(e.Summary)
	if len(subject) > maxSubject {
		subject = append(subject[:maxSubject], '…')
	}
	var out bytes.Buffer
	for _, h := range [][2]string{
		{"From", from}, {"To", to}, {"Date", at.UTC().Format(time.RFC1123Z)}, {"Subject", encodeSubject(string(subject))},
		{"Message-ID", "<" + strings.TrimPrefix(e.ID, "sha256:") + "@" + host + ">"}, {"Auto-Submitted", "auto-generated"},
		{"MIME-Version", "1.0"}, {"Content-Type", "text/plain; charset=utf-8"}, {"Content-Transfer-Encoding", "quoted-printable"},
	} {
		fmt.Fprintf(&out, "%s: %s\r\n", h[0], h[1])
	}
	out.WriteString("\r\n")
	w := quotedprintable.NewWriter(&out)
	fmt.Fprintf(w, "%s\r\n\r\n%s\r\nlog: %s\r\nseen at: %s\r\n", e.Summary, e.Service, e.Log, e.At)
	if e.File != "" {
		fmt.Fprintf(w, "proof: %s (check it with: sijil proof FILE)\r\n", e.File)
	}
	fmt.Fprintf(w, "\r\n-- \r\nfor programs:\r\n%s\r\n", doc)
	return out.Bytes(), w.Close()
}

// encodeSubject writes encoded words (RFC 2047), each on a line of its own.
func encodeSubject(s string) string {
	return "[sijil]\r\n " + strings.ReplaceAll(mime.QEncoding.Encode("utf-8", s), "?= =?", "?=\r\n =?")
}
