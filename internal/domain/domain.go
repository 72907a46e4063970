// Package domain asks an organisation's own domain what it says of its entry in a
// publication's signatory list. Whoever controls the domain writes one of two places:
//
//	https://DOMAIN/.well-known/sijil.txt     one line each
//	_sijil.DOMAIN                            one TXT record each
//
// The same lines stand in both (broken here, one line there):
//
//	sijil-endorsement/v1 publication=sha256:HEX version=2 record=sha256:HEX
//	    entry=Km4TS1-jyo9ASqrNGsaP8tWN7u30i0K0p1H_i3XMsYY
//	sijil-withdrawal/v1 (the same members)
//	sijil-denial/v1 (the same members)
//	sijil-key/v1 publication=sha256:HEX
//	    entry=Km4TS1-jyo9ASqrNGsaP8tWN7u30i0K0p1H_i3XMsYY key=sha256:HEX
//
// Members stand in this order, one space before each, every value in one spelling.
// Lines that mean something else are ignored, so the file may hold comments. What two
// lines mean together, say an endorsement and a denial, the caller judges.
//
// What it holds to:
//
//   - the file over HTTPS alone, port 443, a certificate for this very name; at most one
//     redirect, on this very host; 16 KiB of UTF-8, text/plain or application/octet-stream
//   - public addresses only, judged by package guard when the connection is made
//   - at most 64 TXT records, 16 KiB together
//   - 8 seconds for everything; no cookies, no proxy, one constant User-Agent
//   - no public suffix: what is written at co.uk or github.io is nobody's own word
//
// An answer is a [Seen], also when nothing is found: a file that is gone says that its
// lines are. An error says nothing of the lines. What is seen is seen from here and
// now; the DNS is believed as the resolver gives it, with or without DNSSEC.
package domain

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"slices"
	"time"

	"golang.org/x/net/publicsuffix"

	"github.com/sijil/sijil/internal/guard"
	"github.com/sijil/sijil/internal/signatory"
	"github.com/sijil/sijil/log"
)

const (
	// MaxBody is the most that is read of a file, and of a record set, in bytes.
	MaxBody    = 16 << 10
	maxLines   = 256
	maxFaults  = 16
	maxRecords = 64
	timeout    = 8 * time.Second
	userAgent  = "Sijil (reads what an organisation's domain says of a published declaration)"
)

// ErrTemporary: the domain could not be asked. The caller asks again later, and until
// then believes what it knew.
var ErrTemporary = errors.New("the domain could not be asked")

// ErrRefused: the domain, or how it answers, is not one that is taken; asking again
// gives the same until somebody changes it. The caller tells the person why.
var ErrRefused = errors.New("the domain's answer is not taken")

// Via says how a domain was asked.
type Via string

// The two ways.
const (
	File Via = "file"
	DNS  Via = "dns"
)

// Seen is what a domain said when it was asked. Only a check makes one.
type Seen struct {
	domain            string
	via               Via
	said              said
	body, certificate log.Digest
	at                time.Time
	redirected        bool
}

// Domain returns the host name that was asked.
func (s *Seen) Domain() string { return s.domain }

// Via returns how.
func (s *Seen) Via() Via { return s.via }

// Lines returns what it said, each line once: in the order of the file, or of the
// records' bytes. None means that it says nothing now.
func (s *Seen) Lines() []Line { return slices.Clone(s.said.lines) }

// Faults says what is wrong with lines that begin like ours and are none, at most 16:
// for whoever wrote them. They repeat nothing of the lines.
func (s *Seen) Faults() []string { return slices.Clone(s.said.faults) }

// Body returns the digest of what was read, zero where there is nothing: of the file's
// bytes; or of the TXT records in the order of their bytes, each with LF after it.
func (s *Seen) Body() log.Digest { return s.body }

// At returns when it was read, in UTC.
func (s *Seen) At() time.Time { return s.at }

// Certificate returns the SHA-256 of the DER of the certificate that the file came
// under; zero for the DNS.
func (s *Seen) Certificate() log.Digest { return s.certificate }

// Redirected reports whether the file stood elsewhere on the same host.
func (s *Seen) Redirected() bool { return s.redirected }

// Resolver looks up TXT records, the strings of each joined; *net.Resolver is one. That
// there are none is a *net.DNSError with IsNotFound; every other error is temporary. It
// is safe for concurrent use and keeps to ctx.
type Resolver interface {
	LookupTXT(ctx context.Context, name string) ([]string, error)
}

// Config says how domains are asked. The zero value is for a service on the internet.
type Config struct {
	// Resolver looks up TXT records. Optional: that of the system.
	Resolver Resolver
	// Hosts looks up the address of a file's host. Optional: that of the system.
	Hosts *net.Resolver
	// Control judges the address of each connection. Optional: guard.Public.
	Control guard.Control
	// RootCAs certify hosts. Optional: those of the system.
	RootCAs *x509.CertPool
	// Clock tells the time of an answer. Optional: time.Now.
	Clock func() time.Time
	// Timeout bounds one check. Optional: 8 seconds.
	Timeout time.Duration
	// Port is where files are read, for tests. Optional: 443.
	Port string
}

// Checker asks domains. Safe for concurrent use; how many are asked at one time is the
// caller's to bound.
type Checker struct {
	config Config
	http   *http.Client
}

// New returns a checker.
func New(c Config) *Checker {
	if c.Resolver == nil {
		c.Resolver = net.DefaultResolver
	}
	if c.Control == nil {
		c.Control = guard.Public()
	}
	if c.Clock == nil {
		c.Clock = time.Now
	}
	if c.Timeout == 0 {
		c.Timeout = timeout
	}
	t := guard.Transport(&http.Transport{
		TLSClientConfig: &tls.Config{RootCAs: c.RootCAs, MinVersion: tls.VersionTLS12},
		// The bytes of the file are those of the digest.
		DisableCompression: true,
	}, c.Hosts, c.Control, c.Timeout)
	return &Checker{config: c, http: &http.Client{Transport: t, CheckRedirect: redirect}}
}

// check reports the rule that domain breaks, as a domain that can be asked.
func check(domain string) error {
	if err := signatory.CheckDomain(domain); err != nil {
		return fmt.Errorf("%w: %w", ErrRefused, err)
	}
	if suffix, _ := publicsuffix.PublicSuffix(domain); suffix == domain {
		return fmt.Errorf("%w: under %s anybody can have a name", ErrRefused, domain)
	}
	return nil
}
