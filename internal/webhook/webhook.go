// Package webhook posts documents to an address, signed with a shared key.
//
// A request is
//
//	POST /hook HTTP/1.1
//	Content-Type: application/json
//	Sijil-Event: sha256:…
//	Sijil-Signature: sha256=<HMAC-SHA256 of the body under the key, in hex>
//
// and the body is the document. Who receives it computes the HMAC of the body as it came
// and compares in constant time; what comes twice has one Sijil-Event.
package webhook

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"
)

const (
	// MinKey is the length of the shortest key, in bytes.
	MinKey  = 16
	timeout = 30 * time.Second
	maxRead = 64 << 10 // of an answer, which nobody looks at
)

// Hook is an address and its key.
type Hook struct {
	url string
	key []byte
	hc  *http.Client
}

// New returns a hook. The address is the caller's own choice and may be a private one;
// http or https. Redirects are not followed.
func New(address string, key []byte, hc *http.Client) (*Hook, error) {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return nil, errors.New("the webhook's address is not http(s)://HOST/…")
	}
	if len(key) < MinKey {
		return nil, fmt.Errorf("the webhook's key has %d bytes, want %d or more", len(key), MinKey)
	}
	own := *hc
	own.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &Hook{url: address, key: bytes.Clone(key), hc: &own}, nil
}

// StatusError is an answer other than 2xx. The caller tries again later.
type StatusError struct{ Status int }

func (e *StatusError) Error() string {
	return fmt.Sprintf("the webhook answered %d %s", e.Status, http.StatusText(e.Status))
}

// Post sends a document once, and returns nil when the answer is 2xx: it was taken.
// Errors hold nothing of the address or the document.
func (h *Hook) Post(ctx context.Context, id string, body []byte) error {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, h.url, bytes.NewReader(body))
	if err != nil {
		return err
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("User-Agent", "sijil-monitor")
	r.Header.Set("Sijil-Event", id)
	r.Header.Set("Sijil-Signature", Sign(h.key, body))
	res, err := h.hc.Do(r)
	if err != nil {
		if e, ok := errors.AsType[*url.Error](err); ok {
			err = e.Err // the address may hold a secret
		}
		return fmt.Errorf("the webhook: %w", err)
	}
	defer res.Body.Close()
	_, _ = io.Copy(io.Discard, io.LimitReader(res.Body, maxRead)) // so that the connection is used again
	if res.StatusCode/100 != 2 {
		return &StatusError{res.StatusCode}
	}
	return nil
}

// Sign is the value of Sijil-Signature.
func Sign(key, body []byte) string {
	m := hmac.New(sha256.New, key)
	m.Write(body)
	return "sha256=" + hex.EncodeToString(m.Sum(nil))
}
