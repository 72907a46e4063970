package domain

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"mime"
	"net"
	"net/http"
	"net/url"
	"strings"
	"unicode/utf8"

	"github.com/sijil/sijil/internal/guard"
	"github.com/sijil/sijil/log"
)

const path = "/.well-known/sijil.txt"

// File reads the domain's file. A host that answers 404 or 410 says nothing: that is a
// Seen without lines. Errors are ErrTemporary, ErrRefused, or that of ctx.
func (c *Checker) File(ctx context.Context, domain string) (*Seen, error) {
	if err := check(domain); err != nil {
		return nil, fmt.Errorf("domain: %w", err)
	}
	limited, cancel := context.WithTimeout(ctx, c.config.Timeout)
	defer cancel()
	s, err := c.file(limited, domain)
	switch {
	case ctx.Err() != nil:
		return nil, fmt.Errorf("domain %s: %w", domain, ctx.Err())
	case err != nil:
		return nil, fmt.Errorf("domain %s: %w", domain, err)
	}
	return s, nil
}

func (c *Checker) file(ctx context.Context, domain string) (*Seen, error) {
	u := url.URL{Scheme: "https", Host: domain, Path: path}
	if c.config.Port != "" {
		u.Host = net.JoinHostPort(domain, c.config.Port)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return nil, fmt.Errorf("%w: it makes no address", ErrRefused)
	}
	req.Header.Set("User-Agent", userAgent)
	req.Header.Set("Accept", "text/plain, application/octet-stream;q=0.5")
	res, err := c.http.Do(req)
	if err != nil {
		return nil, judge(err)
	}
	defer func() { _ = res.Body.Close() }()
	s := &Seen{domain: domain, via: File, redirected: res.Request.Response != nil}
	if res.TLS == nil || len(res.TLS.PeerCertificates) == 0 {
		return nil, fmt.Errorf("%w: no certificate", ErrRefused) // unreachable over https
	}
	s.certificate = log.Sum(res.TLS.PeerCertificates[0].Raw)
	switch code := res.StatusCode; {
	case code == http.StatusOK:
		err = s.readFile(res)
	case code == http.StatusNotFound, code == http.StatusGone:
	case code == http.StatusTooManyRequests, code == http.StatusRequestTimeout, code >= 500:
		err = fmt.Errorf("%w: status %d", ErrTemporary, code)
	default:
		err = fmt.Errorf("%w: status %d", ErrRefused, code)
	}
	if err == nil && ctx.Err() != nil {
		// The host may have ended the body because we hung up: it is cut.
		err = judge(ctx.Err())
	}
	if err != nil {
		return nil, err
	}
	s.at = c.config.Clock().UTC()
	return s, nil
}

func (s *Seen) readFile(res *http.Response) error {
	if err := checkHeader(res.Header); err != nil {
		return err
	}
	body, err := io.ReadAll(io.LimitReader(res.Body, MaxBody+1))
	switch {
	case err != nil:
		return judge(err)
	case len(body) > MaxBody:
		return fmt.Errorf("%w: more than %d bytes", ErrRefused, MaxBody)
	case !utf8.Valid(body):
		return fmt.Errorf("%w: not UTF-8", ErrRefused)
	}
	s.body = log.Sum(body)
	s.said, err = read(texts(body))
	return err
}

// checkHeader holds that the answer is a text and not, say, a page that stands for every
// missing file.
func checkHeader(h http.Header) error {
	if e := h.Get("Content-Encoding"); e != "" && e != "identity" {
		return fmt.Errorf("%w: compressed, and nobody asked for that", ErrRefused)
	}
	kind, params, err := mime.ParseMediaType(h.Get("Content-Type"))
	if err != nil || kind != "text/plain" && kind != "application/octet-stream" {
		return fmt.Errorf("%w: its type is neither text/plain nor application/octet-stream", ErrRefused)
	}
	if charset := params["charset"]; charset != "" && !strings.EqualFold(charset, "utf-8") && !strings.EqualFold(charset, "us-ascii") {
		return fmt.Errorf("%w: its charset is not UTF-8", ErrRefused)
	}
	return nil
}

// redirect allows one, on the same host and port.
func redirect(r *http.Request, before []*http.Request) error {
	first := before[0].URL
	switch {
	case len(before) > 1:
		return fmt.Errorf("%w: more than one redirect", ErrRefused)
	case r.URL.Scheme != "https" || r.URL.User != nil || r.URL.Hostname() != first.Hostname() || port(r.URL) != port(first):
		return fmt.Errorf("%w: it leads off the domain", ErrRefused)
	}
	r.Header.Del("Referer")
	return nil
}

func port(u *url.URL) string {
	if p := u.Port(); p != "" {
		return p
	}
	return "443"
}

// judge makes of what went wrong an error that repeats nothing of the other side, and
// says whether asking again may help.
func judge(err error) error {
	var (
		certificate *tls.CertificateVerificationError
		invalid     x509.CertificateInvalidError
		dns         *net.DNSError
		wrapped     *url.Error
	)
	switch {
	case errors.Is(err, guard.ErrRefused):
		return fmt.Errorf("%w: %w", ErrRefused, guard.ErrRefused)
	case errors.Is(err, ErrRefused): // a redirect
		if errors.As(err, &wrapped) {
			err = wrapped.Err
		}
		return err
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		return fmt.Errorf("%w: its certificate has expired, or is not valid yet", ErrRefused)
	case errors.As(err, new(x509.HostnameError)):
		return fmt.Errorf("%w: its certificate is for other names", ErrRefused)
	case errors.As(err, &certificate):
		return fmt.Errorf("%w: its certificate is not of an authority that is known", ErrRefused)
	case errors.As(err, &dns) && dns.IsNotFound:
		return fmt.Errorf("%w: the name has no address", ErrRefused)
	case errors.Is(err, context.DeadlineExceeded):
		return fmt.Errorf("%w: it took too long", ErrTemporary)
	}
	return fmt.Errorf("%w: no connection, or its answer could not be read", ErrTemporary)
}
