package main

import (
	"bytes"
	"context"
	"encoding/base64"
	"fmt"
	"log/slog"
	"mime"
	"mime/quotedprintable"
	"time"

	"github.com/sijil/sijil/internal/message"
	"github.com/sijil/sijil/internal/publish"
	"github.com/sijil/sijil/internal/smtp"
	"github.com/sijil/sijil/log"
	"github.com/sijil/sijil/web"
)

// noticesAtOnce bounds how many notices are on their way; more are not sent, and the log
// says so.
const noticesAtOnce = 8

// noticeTimeout bounds the sending of one.
const noticeTimeout = time.Minute

// notices sends an organisation what was said in its name, at postmaster of its domain
// (RFC 5321, 4.5.1: that address exists where mail is taken).
type notices struct {
	relay  smtp.Server
	from   string
	base   string // of the service
	words  *message.Catalogue
	slots  chan struct{}
	logger *slog.Logger
	now    func() time.Time
}

func newNotices(o mailOptions, base string, logger *slog.Logger) (*notices, error) {
	words, err := message.Load(web.Messages(), "messages")
	if err != nil {
		return nil, err
	}
	return &notices{relay: o.relay, from: o.to, base: base, words: words, slots: make(chan struct{}, noticesAtOnce), logger: logger, now: time.Now}, nil
}

// send implements publish.Config's Notify. What cannot be sent is not tried again: what
// was said stands in public all the same.
func (n *notices) send(ctx context.Context, about publish.Notice) {
	select {
	case n.slots <- struct{}{}:
	default:
		n.logger.WarnContext(ctx, "a notice was not sent: too many are on their way")
		return
	}
	go func() {
		defer func() { <-n.slots }()
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), noticeTimeout)
		defer cancel()
		if err := smtp.Send(ctx, n.relay, n.from, "postmaster@"+about.Domain, n.letter(about)); err != nil {
			n.logger.WarnContext(ctx, "a notice was not sent", "error", err)
		}
	}()
}

// letter says it in every language, one after the other.
func (n *notices) letter(about publish.Notice) []byte {
	var body bytes.Buffer
	for i, lang := range message.Languages {
		p := n.words.In(lang)
		if i > 0 {
			body.WriteString("\n--\n\n")
		}
		fmt.Fprintf(&body, "%s\n%s\n", p.Say("notice_said_"+about.Said, "domain", about.Domain, "version", about.Version, "slug", about.Slug),
			p.Say("notice_read", "link", n.base+"/"+lang+"/p/"+about.Slug))
		if o := about.Objection; o != nil {
			fmt.Fprintf(&body, "\n%s\n%s\n", p.Say("notice_object", "until", o.Expires.Format(time.DateOnly)), o.Line)
		}
	}
	subject := n.words.In(message.Languages[0]).Say("notice_subject", "domain", about.Domain)
	var out bytes.Buffer
	fmt.Fprintf(&out, "From: <%s>\r\nTo: <postmaster@%s>\r\nSubject: %s\r\nDate: %s\r\nMessage-ID: <%s@%s>\r\nAuto-Submitted: auto-generated\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n",
		n.from, about.Domain, mime.QEncoding.Encode("utf-8", subject), n.now().UTC().Format(time.RFC1123Z), messageID(body.Bytes()), about.Domain)
	q := quotedprintable.NewWriter(&out)
	_, _ = q.Write(bytes.ReplaceAll(body.Bytes(), []byte("\n"), []byte("\r\n"))) // a buffer does not fail
	_ = q.Close()
	return out.Bytes()
}

func messageID(body []byte) string {
	d := log.Sum(body)
	return base64.RawURLEncoding.EncodeToString(d[:12])
}
