package client

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"net/url"
	"strings"
)

var (
	// ErrUnreachable is a log that gave no answer: the network, a time limit,
	// or a server that says it cannot answer now (*StatusError, 429 and from
	// 500 on). The caller says that nothing could be checked.
	ErrUnreachable = errors.New("the log cannot be reached")
	// ErrRedirect is a log that sends the client to another host. It is not
	// followed; the caller shows where it leads.
	ErrRedirect = errors.New("the log sends to another address, which was not followed")
)

// maxRedirects bounds redirects within a host.
const maxRedirects = 5

// StatusError is an HTTP answer without the file. 404 and 410 are
// fs.ErrNotExist.
type StatusError struct {
	URL        string
	Status     int
	RetryAfter string // as the server wrote it; empty if it did not
}

func (e *StatusError) Error() string {
	s := fmt.Sprintf("%s: HTTP status %d %s", e.URL, e.Status, http.StatusText(e.Status))
	switch {
	case e.RetryAfter != "":
		s += fmt.Sprintf("; try again after %q", e.RetryAfter)
	case e.Is(ErrUnreachable):
		s += "; try again later"
	case e.Is(fs.ErrNotExist):
		s += "; check that this is the log's address"
	}
	return s
}

func (e *StatusError) Is(target error) bool {
	switch target {
	case fs.ErrNotExist:
		return e.Status == http.StatusNotFound || e.Status == http.StatusGone
	case ErrUnreachable:
		return e.Status == http.StatusTooManyRequests || e.Status >= 500
	}
	return false
}

// HTTP reads a log over HTTP.
type HTTP struct {
	base *url.URL
	hc   *http.Client
}

// NewHTTP returns a Fetcher of the log at a base address (http or https, without
// user, query or fragment). hc is Optional: nil is a client with Go's default
// transport. Time limits are the context's. Redirects are followed within the
// host alone, and never from https to http. Bodies are capped.
func NewHTTP(base string, hc *http.Client) (*HTTP, error) {
	u, err := url.Parse(base)
	switch {
	case err != nil:
		return nil, fmt.Errorf("log address: %w", err)
	case u.Scheme != "http" && u.Scheme != "https":
		return nil, fmt.Errorf("log address %q: want https://HOST or http://HOST", base)
	case u.Hostname() == "":
		return nil, fmt.Errorf("log address %q: no host", base)
	case u.User != nil || u.RawQuery != "" || u.ForceQuery || u.Fragment != "":
		return nil, fmt.Errorf("log address %q: want no user, query or fragment", u.Redacted())
	}
	if hc == nil {
		hc = &http.Client{}
	}
	c := *hc
	c.CheckRedirect = checkRedirect
	u.Path, u.RawPath = strings.TrimRight(u.Path, "/")+"/", ""
	return &HTTP{base: u, hc: &c}, nil
}

// checkRedirect lets through what stays with the same host: an address that was
// pinned or typed is not exchanged for another by an answer.
func checkRedirect(req *http.Request, via []*http.Request) error {
	from := via[0].URL
	same := req.URL.Scheme == from.Scheme && strings.EqualFold(req.URL.Host, from.Host)
	upgrade := from.Scheme == "http" && req.URL.Scheme == "https" &&
		from.Port() == "" && req.URL.Port() == "" && strings.EqualFold(req.URL.Hostname(), from.Hostname())
	if !same && !upgrade {
		return fmt.Errorf("%w: %s://%s; if that is the log's new address, give it instead", ErrRedirect, req.URL.Scheme, req.URL.Host)
	}
	if len(via) > maxRedirects {
		return fmt.Errorf("%w: more than %d redirects", ErrRedirect, maxRedirects)
	}
	return nil
}

// Fetch gets a file (Fetcher). The path may carry a query behind a question
// mark.
func (h *HTTP) Fetch(ctx context.Context, path string) ([]byte, error) {
	u, err := h.url(path)
	if err != nil {
		return nil, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, u, nil)
	if err != nil {
		return nil, fmt.Errorf("path %q: %w", path, err)
	}
	res, err := h.hc.Do(req)
	if err != nil {
		return nil, h.unreachable(ctx, err)
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return nil, &StatusError{URL: u, Status: res.StatusCode, RetryAfter: res.Header.Get("Retry-After")}
	}
	b, err := readBody(res.Body, res.ContentLength, path)
	if err != nil && !errors.Is(err, ErrTooLarge) {
		return nil, h.unreachable(ctx, fmt.Errorf("%s: %w", u, err)) // cut off on its way
	}
	return b, err
}

func (h *HTTP) url(path string) (string, error) {
	path, query, _ := strings.Cut(path, "?")
	if !fs.ValidPath(path) || path == "." || strings.ContainsAny(path, "\\\x00") {
		return "", fmt.Errorf("path %q: want a relative path without dot elements", path)
	}
	u := *h.base
	u.Path += path
	u.RawQuery = query
	return u.String(), nil
}

// unreachable tells what kind of failure an HTTP client's error is.
func (h *HTTP) unreachable(ctx context.Context, err error) error {
	switch {
	case errors.Is(err, ErrRedirect):
		return err
	case errors.Is(ctx.Err(), context.Canceled):
		return ctx.Err() // the caller gave up; that says nothing of the log
	case errors.Is(err, context.DeadlineExceeded):
		return fmt.Errorf("%w: %s did not answer in time; try again, or use an exported log: %w", ErrUnreachable, h.base.Host, err)
	}
	return fmt.Errorf("%w: check the address and the connection, or use an exported log: %w", ErrUnreachable, err)
}
