package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/sijil/sijil/internal/dkim"
	"github.com/sijil/sijil/internal/publish"
	"github.com/sijil/sijil/internal/smtp"
	"github.com/sijil/sijil/internal/vault"
)

const vaultDir = "vault"

// mailOptions say whether and how signatories can speak by mail. The zero value takes
// no mail.
type mailOptions struct {
	listen     string        // where SMTP is spoken; empty: no mail is taken
	to         string        // the one address that is accepted
	recipients string        // file with the age recipients of the raw mails
	retention  time.Duration // how long they are kept
	relay      smtp.Server   // through which organisations are told what was said. Optional.
	relayTLS   string        // "starttls", "implicit" or "none"
	password   string        // file with the relay's password. Optional.

	perMinute int                                        // mails from one address. Optional: 10
	resolver  dkim.Resolver                              // Optional: that of the system.
	listener  func(address string) (net.Listener, error) // Optional: net.Listen.
}

// maxRecipients bounds the recipients' file, in bytes.
const maxRecipients = 64 << 10

// vault opens the vault of raw mails.
func (o mailOptions) vault(data string) (*vault.Vault, error) {
	if o.to == "" || o.recipients == "" {
		return nil, errors.New("mail is taken with --mail-to, and kept encrypted to --mail-recipients (age public keys, one a line): give both")
	}
	b, err := os.ReadFile(o.recipients)
	if err != nil {
		return nil, err
	}
	if len(b) > maxRecipients {
		return nil, fmt.Errorf("%s is over %d bytes", o.recipients, maxRecipients)
	}
	list, err := vault.ParseRecipients(string(b))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", o.recipients, err)
	}
	return vault.Open(filepath.Join(data, vaultDir), list, o.retention)
}

// notices prepares the relay.
func (o mailOptions) notices(base string, logger *slog.Logger) (*notices, error) {
	modes := map[string]smtp.TLS{"starttls": smtp.StartTLS, "implicit": smtp.Implicit, "none": smtp.None}
	mode, ok := modes[o.relayTLS]
	if !ok {
		return nil, fmt.Errorf("--mail-relay-tls %s: want starttls, implicit or none", o.relayTLS)
	}
	o.relay.TLS = mode
	if o.password != "" {
		b, err := os.ReadFile(o.password)
		if err != nil {
			return nil, err
		}
		o.relay.Password = strings.TrimSpace(string(b))
	}
	return newNotices(o, base, logger)
}

// openMail prepares what takes mail, if any is taken.
func (s *service) openMail(c *publish.Config, o serveOptions) (err error) {
	if o.mail.listen == "" {
		return nil
	}
	if s.vault, err = o.mail.vault(o.data); err != nil {
		return err
	}
	listen := o.mail.listener
	if listen == nil {
		listen = func(address string) (net.Listener, error) { return net.Listen("tcp", address) }
	}
	if s.mail, err = listen(o.mail.listen); err != nil {
		return err
	}
	if o.mail.relay.Addr != "" {
		n, err := o.mail.notices(s.url, c.Logger)
		if err != nil {
			return err
		}
		c.Notify = n.send
	}
	c.Vault, c.Mails, c.MailTo = s.vault, o.mail.verifier(), o.mail.to
	return nil
}

// verifier gives the use cases DKIM.
func (o mailOptions) verifier() publish.MailVerifier {
	resolver := o.resolver
	if resolver == nil {
		resolver = net.DefaultResolver
	}
	return func(ctx context.Context, raw []byte) (*publish.MailSeen, error) {
		m, err := dkim.Verify(ctx, raw, resolver, time.Now())
		var refused *dkim.Refused
		switch {
		case errors.Is(err, dkim.ErrFreeMail), errors.As(err, &refused):
			return nil, &publish.MailError{Why: err.Error()}
		case err != nil:
			return nil, err
		}
		return &publish.MailSeen{From: m.FromDomain(), Signer: m.SigningDomain(), Selector: m.Selector(), KeyRecord: m.KeyRecord(), Weak: m.Weak(),
			Subject: m.Subject(), Line: m.Line(), Digest: m.Digest()}, nil
	}
}

// runMail takes mail until ctx ends.
func (s *service) runMail(ctx context.Context, l net.Listener, o mailOptions, logger *slog.Logger) {
	err := smtp.Serve(ctx, l, smtp.Config{
		Domain: s.key.Origin(), PerMinute: o.perMinute, Accept: func(rcpt string) bool { return strings.EqualFold(rcpt, o.to) }, Log: logger,
		Deliver: func(ctx context.Context, raw []byte) error {
			_, err := s.uses.Mail(ctx, raw)
			var refused *publish.MailError
			if errors.As(err, &refused) {
				return &smtp.Refused{Why: refused.Why}
			}
			if err != nil {
				logger.WarnContext(ctx, "a mail could not be taken", "error", err)
			}
			return err
		},
	})
	if err != nil && ctx.Err() == nil {
		logger.ErrorContext(ctx, "mail is taken no more", "error", err)
	}
}
