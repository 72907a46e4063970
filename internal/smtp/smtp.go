// Package smtp takes mail for a few addresses of this service (RFC 5321), and sends mail
// through a relay.
//
// Serve is a server for the last hop alone: it takes mail for the recipients that Accept
// names and passes the bytes on as they came, without a line added, since a signature is
// over them. It relays nothing, has no accounts (no AUTH) and sends no bounces: a mail that
// is not wanted is refused while its sender is still connected. Nothing of a mail, and no
// address, is logged.
//
// What bounds strangers: 1 MiB a mail, 10 recipients of it, 60 seconds for each line and
// for a mail's text, 10 minutes for a connection, as many connections as MaxConnections
// says, a quarter of them from one address, and PerMinute mails a minute from it. An
// address is an IPv4 address or an IPv6 /64.
package smtp

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"log/slog"
	"net"
	"strings"
	"time"

	gosmtp "github.com/emersion/go-smtp"
)

const (
	defaultBytes       = 1 << 20
	defaultConnections = 64
	defaultPerMinute   = 10
	defaultTimeout     = time.Minute
	lifetime           = 10 * time.Minute // of a connection
	grace              = 5 * time.Second  // for connections when the service stops
	deliverTimeout     = time.Minute
	maxRecipients      = 10
	maxRefused         = 10 // recipients of a connection, before it is closed
)

// Config is what a server is told.
type Config struct {
	// Domain is the name that it greets with: that of its MX record.
	Domain string
	// MaxBytes is the size from which a mail is refused (552). Optional: 1 MiB.
	MaxBytes int64
	// Accept says whether mail for an address, as in "name@host.example", is taken;
	// otherwise the recipient is refused (550). Called concurrently.
	Accept func(rcpt string) bool
	// Deliver takes one mail, its bytes as they came. The mail is acknowledged when it
	// returns nil: it has to be durable by then. A *Refused is passed on to the sender
	// (550), for good; after every other error, whose text nobody sees, the sender tries
	// again (451). The same mail may come more than once. ctx ends after a minute, and not
	// when the server stops. Called concurrently.
	Deliver func(ctx context.Context, raw []byte) error
	// MaxConnections at one time; more are told to come back (421). Optional: 64.
	MaxConnections int
	// PerMinute is how many mails a minute one address may begin in the long run, and at
	// once (451). Optional: 10.
	PerMinute int
	// Timeout of each read and write. Optional: 60 s.
	Timeout time.Duration
	// TLS switches STARTTLS on. Optional: without it mail comes in clear.
	TLS *tls.Config
	// Log is told what happened, never to whom. Optional.
	Log *slog.Logger
}

// Refused: the mail is refused for good. The sender is told why, in ASCII, on one line of
// at most 400 bytes; Why holds nothing that the sender may not know.
type Refused struct{ Why string }

func (e *Refused) Error() string { return e.Why }

// check fills in what is optional.
func (c *Config) check() error {
	if c.Domain == "" || c.Accept == nil || c.Deliver == nil {
		return errors.New("smtp: a domain, and what to accept and where to deliver, are needed")
	}
	if c.MaxBytes < 0 || c.MaxConnections < 0 || c.PerMinute < 0 || c.Timeout < 0 {
		return errors.New("smtp: a limit is negative")
	}
	if c.MaxBytes == 0 {
		c.MaxBytes = defaultBytes
	}
	if c.MaxConnections == 0 {
		c.MaxConnections = defaultConnections
	}
	if c.PerMinute == 0 {
		c.PerMinute = defaultPerMinute
	}
	if c.Timeout == 0 {
		c.Timeout = defaultTimeout
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	return nil
}

// Serve takes mail until ctx ends, then lets connections finish for 5 seconds and
// deliveries for as long as they take, and returns nil. It returns an error when the
// listener fails. It closes the listener.
//
// Dying in it loses no mail that was acknowledged, if Deliver keeps its word; a sender
// that got no answer sends again.
func Serve(ctx context.Context, l net.Listener, c Config) error {
	if err := c.check(); err != nil {
		return errors.Join(err, l.Close())
	}
	g := newGuard(&c)
	b := &backend{ctx: context.WithoutCancel(ctx), c: &c, guard: g}
	s := gosmtp.NewServer(b)
	s.Domain, s.TLSConfig = c.Domain, c.TLS
	s.MaxMessageBytes, s.MaxRecipients = c.MaxBytes, maxRecipients
	s.ReadTimeout, s.WriteTimeout = c.Timeout, c.Timeout
	s.ErrorLog = quiet{c.Log}

	done := make(chan error, 1)
	go func() { done <- s.Serve(&listener{l, g}) }()
	select {
	case err := <-done:
		g.close()
		return errors.Join(err, l.Close())
	case <-ctx.Done():
	}
	end, cancel := context.WithTimeout(context.WithoutCancel(ctx), grace)
	defer cancel()
	// Its errors are that the grace is over, or that the listener was closed already.
	_ = s.Shutdown(end)
	g.close()
	<-done
	return nil
}

// quiet logs what go-smtp has to say, without what it holds of others.
type quiet struct{ log *slog.Logger }

func (q quiet) Printf(format string, _ ...any) {
	if strings.HasPrefix(format, "panic") {
		q.log.Error("taking a mail panicked")
		return
	}
	q.log.Debug("a mail connection failed")
}

func (q quiet) Println(...any) { q.log.Debug("a mail connection failed") }

type backend struct {
	ctx   context.Context
	c     *Config
	guard *guard
}

func (b *backend) NewSession(c *gosmtp.Conn) (gosmtp.Session, error) {
	return &session{backend: b, conn: c}, nil
}

// session is one connection's.
type session struct {
	*backend
	conn    *gosmtp.Conn
	refused int
}

func (s *session) Reset()        {}
func (s *session) Logout() error { return nil }

func (s *session) Mail(string, *gosmtp.MailOptions) error {
	if !s.guard.mail(s.conn.Conn().RemoteAddr()) {
		return &gosmtp.SMTPError{Code: 451, EnhancedCode: gosmtp.EnhancedCode{4, 7, 1}, Message: "too many mails from this address: try again later"}
	}
	return nil
}

func (s *session) Rcpt(to string, _ *gosmtp.RcptOptions) error {
	if s.c.Accept(to) {
		return nil
	}
	if s.refused++; s.refused >= maxRefused {
		_ = s.conn.Conn().Close()
	}
	return &gosmtp.SMTPError{Code: 550, EnhancedCode: gosmtp.EnhancedCode{5, 1, 1}, Message: "no such address here, and no relaying"}
}

func (s *session) Data(r io.Reader) error {
	raw, err := io.ReadAll(r)
	var answer *gosmtp.SMTPError
	switch {
	case errors.As(err, &answer):
		return answer
	case errors.Is(err, gosmtp.ErrTooLongLine):
		return &gosmtp.SMTPError{Code: 554, EnhancedCode: gosmtp.EnhancedCode{5, 6, 0}, Message: "a line is too long"}
	case err != nil:
		return &gosmtp.SMTPError{Code: 451, EnhancedCode: gosmtp.EnhancedCode{4, 4, 2}, Message: "the mail did not arrive whole"}
	}
	if !s.guard.begin() {
		return &gosmtp.SMTPError{Code: 421, EnhancedCode: gosmtp.EnhancedCode{4, 3, 2}, Message: "the service is stopping: try again later"}
	}
	defer s.guard.end()
	ctx, cancel := context.WithTimeout(s.ctx, deliverTimeout)
	defer cancel()
	err = s.c.Deliver(ctx, raw)
	var refused *Refused
	switch {
	case errors.As(err, &refused):
		s.c.Log.Info("a mail was refused")
		return &gosmtp.SMTPError{Code: 550, EnhancedCode: gosmtp.EnhancedCode{5, 7, 1}, Message: oneLine(refused.Why)}
	case err != nil:
		s.c.Log.Warn("a mail could not be delivered, and will come again")
		return &gosmtp.SMTPError{Code: 451, EnhancedCode: gosmtp.EnhancedCode{4, 3, 0}, Message: "the mail could not be taken just now: try again later"}
	}
	s.c.Log.Info("a mail was taken")
	return nil
}

// oneLine makes a text fit for an answer: printable ASCII.
func oneLine(s string) string {
	s = strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' {
			return ' '
		}
		return r
	}, s)
	if s = strings.Join(strings.Fields(s), " "); s == "" {
		return "refused"
	}
	return s[:min(len(s), 400)]
}
