package smtp

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/smtp"
	"net/textproto"
	"strings"
	"time"
)

const sendTimeout = time.Minute // for everything

// TLS says how a connection to a relay is encrypted.
type TLS int

const (
	// StartTLS upgrades the connection (port 587), and gives up where the relay cannot.
	StartTLS TLS = iota
	// Implicit begins with TLS (port 465).
	Implicit
	// None is for a relay on this machine alone.
	None
)

// Server is a relay that somebody runs or rents.
type Server struct {
	Addr string // host:port
	TLS  TLS
	// Username and Password, for AUTH PLAIN. Optional.
	Username, Password string
	// Name is what to say for EHLO. Optional: localhost.
	Name string
	// Roots are the authorities whose certificates are accepted. Optional: the system's.
	Roots *x509.CertPool
}

// SendError says at which step a mail was not sent. Its text holds no address and nothing
// that the relay said.
type SendError struct {
	Step string // "connect", "hello", "tls", "auth", "sender", "recipient", "data"
	Code int    // of SMTP, or 0
	// Temporary: the caller tries again later.
	Temporary bool
	err       error
}

func (e *SendError) Error() string {
	if e.Code > 0 {
		return fmt.Sprintf("the mail was not sent: step %s, answer %d", e.Step, e.Code)
	}
	return "the mail was not sent: step " + e.Step
}

// Unwrap is the cause; it may hold addresses and words of the relay.
func (e *SendError) Unwrap() error { return e.err }

func failed(step string, err error) error {
	out := &SendError{Step: step, err: err, Temporary: true}
	var answer *textproto.Error
	var cert *tls.CertificateVerificationError
	switch {
	case errors.As(err, &answer):
		out.Code, out.Temporary = answer.Code, answer.Code/100 == 4
	case errors.As(err, &cert):
		out.Temporary = false
	}
	return out
}

// Send hands one mail to a relay, which has taken charge of it when Send returns nil; an
// error after the relay took it, before its answer came, sends it twice. from and to are
// addresses as in "name@host.example", in ASCII; raw is a whole mail. It takes a minute at
// most. The error is a *SendError, or says what of the arguments is wrong.
func Send(ctx context.Context, s Server, from, to string, raw []byte) error {
	host, _, err := net.SplitHostPort(s.Addr)
	if err != nil {
		return errors.New("the relay's address is not host:port")
	}
	if !isAddress(from) || !isAddress(to) {
		return errors.New("an address is not one, as in name@host.example")
	}
	ctx, cancel := context.WithTimeout(ctx, sendTimeout)
	defer cancel()
	conf := &tls.Config{ServerName: host, RootCAs: s.Roots, MinVersion: tls.VersionTLS12}
	n, err := s.dial(ctx, conf)
	if err != nil {
		return err
	}
	defer context.AfterFunc(ctx, func() { _ = n.Close() })()
	defer func() { _ = n.Close() }()
	c, err := smtp.NewClient(n, host)
	if err != nil {
		return failed("connect", err)
	}
	name := s.Name
	if name == "" {
		name = "localhost"
	}
	if err := c.Hello(name); err != nil {
		return failed("hello", err)
	}
	if s.TLS == StartTLS {
		if err := c.StartTLS(conf); err != nil {
			return failed("tls", err)
		}
	}
	if s.Username != "" {
		if err := c.Auth(smtp.PlainAuth("", s.Username, s.Password, host)); err != nil {
			return failed("auth", err)
		}
	}
	return hand(c, from, to, raw)
}

// dial connects, and refuses to speak in clear with another machine.
func (s Server) dial(ctx context.Context, conf *tls.Config) (net.Conn, error) {
	n, err := (&net.Dialer{}).DialContext(ctx, "tcp", s.Addr)
	if err != nil {
		return nil, failed("connect", err)
	}
	switch s.TLS {
	case StartTLS:
		return n, nil
	case Implicit:
		t := tls.Client(n, conf)
		if err := t.HandshakeContext(ctx); err != nil {
			_ = n.Close()
			return nil, failed("tls", err)
		}
		return t, nil
	case None:
		if a, ok := n.RemoteAddr().(*net.TCPAddr); ok && a.IP.IsLoopback() {
			return n, nil
		}
		_ = n.Close()
		return nil, errors.New("a relay on another machine needs TLS")
	}
	_ = n.Close()
	return nil, errors.New("no such way of TLS")
}

// hand gives the mail over.
func hand(c *smtp.Client, from, to string, raw []byte) error {
	if err := c.Mail(from); err != nil {
		return failed("sender", err)
	}
	if err := c.Rcpt(to); err != nil {
		return failed("recipient", err)
	}
	w, err := c.Data()
	if err != nil {
		return failed("data", err)
	}
	if _, err := w.Write(raw); err != nil {
		return failed("data", err)
	}
	if err := w.Close(); err != nil {
		return failed("data", err)
	}
	_ = c.Quit() // the mail is the relay's already
	return nil
}

// isAddress: ASCII, with nothing by which it could say more to the relay.
func isAddress(s string) bool {
	local, domain, ok := strings.Cut(s, "@")
	return ok && local != "" && domain != "" && len(s) <= 254 && strings.IndexFunc(s, func(r rune) bool {
		return r <= ' ' || r > '~' || strings.ContainsRune(`<>()[],;:\"`, r)
	}) < 0 && !strings.Contains(domain, "@")
}
