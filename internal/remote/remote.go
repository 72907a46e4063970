// Package remote is the client of the record API: the few calls by which a
// publisher writes. Reading goes through log/client.
package remote

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/sijil/sijil/internal/match"
	"github.com/sijil/sijil/internal/signatory"
	"github.com/sijil/sijil/log"
)

// maxAnswer bounds an answer, in bytes.
const maxAnswer = log.MaxBundle + 64<<10

// Client talks to one service.
type Client struct {
	base string
	http *http.Client
}

// New returns a client for the service at a base address.
func New(base string, h *http.Client) *Client {
	return &Client{base: strings.TrimSuffix(base, "/"), http: h}
}

// Receipt is the service's answer to a record. It proves nothing: the caller
// verifies the bundle.
type Receipt struct {
	Record    log.Digest      `json:"record"`
	Sequence  int64           `json:"sequence"`
	Index     int64           `json:"log_index"`
	Witnessed bool            `json:"witnessed"`
	Bundle    json.RawMessage `json:"bundle"`
	Have      int             `json:"have"` // of Want signatures
	Want      int             `json:"want"`
	Created   bool            `json:"-"` // 201; false: the record was there before
}

// Problem is an RFC 9457 answer.
type Problem struct {
	Type   string   `json:"type"`
	Title  string   `json:"title"`
	Status int      `json:"status"`
	Detail string   `json:"detail"`
	ID     string   `json:"id"`
	Rows   []BadRow `json:"rows"` // of a batch
}

func (p *Problem) Error() string {
	msg := p.Title
	if p.Detail != "" {
		msg += ": " + p.Detail
	}
	if p.ID != "" {
		msg += " (tell the operator this id: " + p.ID + ")"
	}
	return fmt.Sprintf("the service answered %d: %s", p.Status, msg)
}

type createRequest struct {
	Bundle json.RawMessage `json:"bundle"`
}

type submitRequest struct {
	Bundle      json.RawMessage   `json:"bundle"`
	Texts       map[string]string `json:"texts"`
	Disclosures []*string         `json:"disclosures"`
}

// Create submits a genesis record with its token.
func (c *Client) Create(ctx context.Context, token string, bundle []byte) (*Receipt, error) {
	return c.post(ctx, "/api/v1/publications", token, createRequest{Bundle: bundle})
}

// Submit submits a record with its texts and disclosures.
func (c *Client) Submit(ctx context.Context, slug string, bundle []byte, texts map[string][]byte, d []signatory.Disclosure) (*Receipt, error) {
	req := submitRequest{Bundle: bundle, Texts: map[string]string{}, Disclosures: make([]*string, len(d))}
	for lang, b := range texts {
		req.Texts[lang] = string(b)
	}
	for i := range d {
		if s := string(d[i]); s != "" {
			req.Disclosures[i] = &s
		}
	}
	return c.post(ctx, "/api/v1/publications/"+slug+"/records", "", req)
}

// Release submits a signed release.
func (c *Client) Release(ctx context.Context, bundle []byte) (*Receipt, error) {
	return c.post(ctx, "/api/v1/releases", "", createRequest{Bundle: bundle})
}

// Lookup asks for the publications from which a copy may come, by the fingerprints
// of its passages; the copy itself is not sent.
func (c *Client) Lookup(ctx context.Context, fingerprints []uint32) ([]match.Lead, error) {
	req := struct {
		Fingerprints []string `json:"fingerprints"`
	}{make([]string, len(fingerprints))}
	for i, fp := range fingerprints {
		req.Fingerprints[i] = fmt.Sprintf("%08x", fp)
	}
	answer, _, err := c.send(ctx, "/api/v1/lookup", "", req)
	if err != nil {
		return nil, err
	}
	var out struct {
		Candidates []match.Lead `json:"candidates"`
	}
	if err := json.Unmarshal(answer, &out); err != nil {
		return nil, fmt.Errorf("the service's answer is not a look-up's: %w", err)
	}
	return out.Candidates, nil
}

func (c *Client) post(ctx context.Context, path, token string, body any) (*Receipt, error) {
	return receiptOf(c.send(ctx, path, token, body))
}

func receiptOf(answer []byte, status int, err error) (*Receipt, error) {
	if err != nil {
		return nil, err
	}
	r := &Receipt{Created: status == http.StatusCreated}
	if err := json.Unmarshal(answer, r); err != nil {
		return nil, fmt.Errorf("the service's answer is not a receipt: %w", err)
	}
	return r, nil
}

// send posts a body as JSON and returns a good answer with its status.
func (c *Client) send(ctx context.Context, path, token string, body any) ([]byte, int, error) {
	data, err := json.Marshal(body)
	if err != nil {
		return nil, 0, err
	}
	return c.sendBody(ctx, path, token, "application/json", data)
}

func (c *Client) sendBody(ctx context.Context, path, token, kind string, data []byte) ([]byte, int, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.base+path, bytes.NewReader(data))
	if err != nil {
		return nil, 0, err
	}
	req.Header.Set("Content-Type", kind)
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	res, err := c.http.Do(req)
	if err != nil {
		return nil, 0, fmt.Errorf("the service cannot be reached: %w", err)
	}
	defer res.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(res.Body, maxAnswer+1))
	if err != nil {
		return nil, 0, fmt.Errorf("read the service's answer: %w", err)
	}
	if len(answer) > maxAnswer {
		return nil, 0, fmt.Errorf("the service's answer is over %d bytes", maxAnswer)
	}
	if res.StatusCode != http.StatusOK && res.StatusCode != http.StatusCreated {
		return nil, 0, problem(res, answer)
	}
	return answer, res.StatusCode, nil
}

func problem(res *http.Response, body []byte) error {
	p := &Problem{Title: http.StatusText(res.StatusCode)}
	if strings.HasPrefix(res.Header.Get("Content-Type"), "application/problem+json") {
		if err := json.Unmarshal(body, p); err != nil {
			return fmt.Errorf("the service answered %d, and a problem that cannot be read", res.StatusCode)
		}
	}
	p.Status = res.StatusCode
	return p
}
