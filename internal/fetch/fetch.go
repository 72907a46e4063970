// Package fetch gets a page for an address that a stranger gave. What an
// organisation's own domain says is package domain's to read.
//
// What it holds to:
//
//   - http and https, ports 80 and 443, no user name, an address of at most 2,000 bytes
//   - public addresses only, judged by package guard for every connection anew
//   - at most three redirects, none from https to http
//   - 2 MiB after decompression, 8 seconds for everything, a few at one time
//   - no cookies, no proxy, no Referer, no client certificate, one constant User-Agent
//
// What a page at a public address is, and shows to others, nobody can know: the answer
// says where it was found and when.
package fetch

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"syscall"
	"time"

	"github.com/sijil/sijil/internal/guard"
)

const (
	maxAddress   = 2000 // bytes
	maxRedirects = 3
	// MaxBody is the most that is read of a page, decompressed.
	MaxBody = 2 << 20
	timeout = 8 * time.Second
	// atOnce is how many pages are fetched at one time; more wait for their turn
	// within their time.
	atOnce    = 8
	userAgent = "Sijil (checks whether a page shows a published declaration, as a person asked)"
)

// ErrRefused: the address is not one that is fetched. The caller tells the person which
// are. Everything else that goes wrong is the network's or the other side's.
var ErrRefused = errors.New("the address is not one that is fetched")

// ErrTooLarge: the page is over MaxBody.
var ErrTooLarge = errors.New("the page is larger than 2 MiB")

// Page is what was found.
type Page struct {
	Address string // after redirects
	Body    []byte
	When    time.Time
}

// Options change what is fetched. The zero value is for a service on the internet.
type Options struct {
	// Private allows addresses of private networks and of this machine, on any port:
	// for a service on an intranet, and for tests.
	Private bool
	// Resolver looks names up. Optional: that of the system.
	Resolver *net.Resolver
	// Transport is changed to dial safely; for the certificates of tests. Optional.
	Transport *http.Transport
}

// Client fetches pages. Safe for concurrent use.
type Client struct {
	http    *http.Client
	private bool
	slots   chan struct{}
}

// New returns a client.
func New(o Options) *Client {
	control := guard.Public()
	if o.Private {
		control = func(string, string, syscall.RawConn) error { return nil }
	}
	t := guard.Transport(o.Transport, o.Resolver, control, timeout)
	c := &Client{private: o.Private, slots: make(chan struct{}, atOnce)}
	c.http = &http.Client{Transport: t, Timeout: timeout, CheckRedirect: c.redirect}
	return c
}

// redirect judges an address that a page leads on to.
func (c *Client) redirect(r *http.Request, before []*http.Request) error {
	if len(before) > maxRedirects {
		return fmt.Errorf("more than %d redirects", maxRedirects)
	}
	if before[len(before)-1].URL.Scheme == "https" && r.URL.Scheme != "https" {
		return fmt.Errorf("%w: it leads from https to http", ErrRefused)
	}
	r.Header.Del("Referer")
	return c.judge(r.URL)
}

// parse reads an address as a person writes it; one without a scheme is https.
func (c *Client) parse(address string) (*url.URL, error) {
	address = strings.TrimSpace(address)
	if len(address) > maxAddress {
		return nil, fmt.Errorf("%w: it is longer than %d bytes", ErrRefused, maxAddress)
	}
	if !strings.Contains(address, "://") {
		address = "https://" + address
	}
	u, err := url.Parse(address)
	if err != nil {
		return nil, fmt.Errorf("%w: it is malformed", ErrRefused) // the error would repeat it
	}
	u.Fragment, u.RawFragment = "", ""
	return u, c.judge(u)
}

// judge says what can be said of an address before a connection is made.
func (c *Client) judge(u *url.URL) error {
	host := u.Hostname()
	switch {
	case u.Scheme != "http" && u.Scheme != "https":
		return fmt.Errorf("%w: only http and https are", ErrRefused)
	case u.User != nil:
		return fmt.Errorf("%w: it holds a user name", ErrRefused)
	case u.Opaque != "" || host == "":
		return fmt.Errorf("%w: it names no site", ErrRefused)
	case c.private:
		return nil
	case u.Port() != "" && u.Port() != "80" && u.Port() != "443":
		return fmt.Errorf("%w: only the ports 80 and 443 are", ErrRefused)
	case strings.Contains(host, "%"):
		return fmt.Errorf("%w: it names a network interface", ErrRefused)
	}
	if ip, err := netip.ParseAddr(host); err == nil {
		if err := guard.Address(ip); err != nil {
			return fmt.Errorf("%w: it is not a public address", ErrRefused)
		}
	}
	return nil
}

// Get fetches a page. The errors never hold the address.
func (c *Client) Get(ctx context.Context, address string) (*Page, error) {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	u, err := c.parse(address)
	if err != nil {
		return nil, err
	}
	select {
	case c.slots <- struct{}{}:
		defer func() { <-c.slots }()
	case <-ctx.Done():
		return nil, errors.New("too many pages are fetched at the moment")
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return nil, fmt.Errorf("%w: it is malformed", ErrRefused)
	}
	req.Header.Set("User-Agent", userAgent)
	req.Header.Set("Accept", "text/html, text/plain, application/pdf;q=0.9, */*;q=0.5")
	res, err := c.http.Do(req)
	if err != nil {
		return nil, bare(err)
	}
	defer func() { _ = res.Body.Close() }()
	if res.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("the site answered with status %d", res.StatusCode)
	}
	body, err := io.ReadAll(io.LimitReader(res.Body, MaxBody+1))
	if err != nil {
		return nil, bare(err)
	}
	if len(body) > MaxBody {
		return nil, ErrTooLarge
	}
	return &Page{Address: res.Request.URL.String(), Body: body, When: time.Now()}, nil
}

// bare takes off an error what repeats the address or what the other side wrote.
func bare(err error) error {
	var timed interface{ Timeout() bool }
	switch {
	case errors.Is(err, ErrRefused), errors.Is(err, guard.ErrRefused):
		return ErrRefused
	case errors.As(err, &timed) && timed.Timeout(), errors.Is(err, context.DeadlineExceeded):
		return errors.New("the site took longer than 8 seconds")
	case errors.Is(err, context.Canceled):
		return context.Canceled
	}
	return errors.New("the site could not be reached, or its answer not read")
}
