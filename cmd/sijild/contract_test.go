package main

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
)

// contract is a transport that holds every exchange against the description that
// the service itself serves.
type contract struct {
	t    *testing.T
	doc  *openapi3.T
	next http.RoundTripper
	seen map[string]bool // operation and status
}

func newContract(t *testing.T, s *running) *contract {
	t.Helper()
	res, err := http.Get(s.url + "/api/v1/openapi.yaml")
	check(t, err)
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	check(t, err)
	doc, err := openapi3.NewLoader().LoadFromData(b)
	check(t, err)
	check(t, doc.Validate(t.Context()))
	for _, kind := range []string{"application/vnd.dev.sigstore.bundle.v0.3+json", "application/schema+json", "application/vnd.in-toto+json"} {
		openapi3filter.RegisterBodyDecoder(kind, openapi3filter.RegisteredBodyDecoder("application/json"))
	}
	for _, kind := range []string{"application/yaml", "application/octet-stream", "application/jsonl"} {
		openapi3filter.RegisterBodyDecoder(kind, openapi3filter.FileBodyDecoder)
	}
	return &contract{t: t, doc: doc, next: http.DefaultTransport, seen: map[string]bool{}}
}

// RoundTrip implements http.RoundTripper. A request that the service refuses
// with 4xx may break the description; an answer never may.
func (c *contract) RoundTrip(r *http.Request) (*http.Response, error) {
	var sent []byte
	if r.Body != nil {
		sent, _ = io.ReadAll(r.Body)
		r.Body = io.NopCloser(bytes.NewReader(sent))
	}
	res, err := c.next.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	got, err := io.ReadAll(res.Body)
	if err != nil {
		return nil, err
	}
	res.Body = io.NopCloser(bytes.NewReader(got))
	route, params := c.find(r)
	if route == nil {
		if res.StatusCode != http.StatusNotFound && res.StatusCode != http.StatusMethodNotAllowed {
			c.t.Errorf("%s %s: answered %d, and is not described", r.Method, r.URL.Path, res.StatusCode)
		}
		return res, nil
	}
	c.seen[route.Operation.Summary+" "+res.Status[:3]] = true
	in := &openapi3filter.RequestValidationInput{Request: r.Clone(context.Background()), PathParams: params, Route: route,
		Options: &openapi3filter.Options{AuthenticationFunc: openapi3filter.NoopAuthenticationFunc}}
	in.Request.Body = io.NopCloser(bytes.NewReader(sent))
	if err := openapi3filter.ValidateRequest(context.Background(), in); err != nil && res.StatusCode < 400 {
		c.t.Errorf("%s %s: answered %d to a request that is not described: %v", r.Method, r.URL.Path, res.StatusCode, err)
	}
	out := &openapi3filter.ResponseValidationInput{RequestValidationInput: in, Status: res.StatusCode, Header: res.Header, Options: in.Options}
	out.SetBodyBytes(got)
	if err := openapi3filter.ValidateResponse(context.Background(), out); err != nil {
		c.t.Errorf("%s %s: answer %d is not as described: %v", r.Method, r.URL.Path, res.StatusCode, err)
	}
	return res, nil
}

var variable = regexp.MustCompile(`\\\{[a-z]+\\\}`)

// find matches a request with a described operation. The parameter {tile} alone
// spans slashes.
func (c *contract) find(r *http.Request) (*routers.Route, map[string]string) {
	for path, item := range c.doc.Paths.Map() {
		op := item.GetOperation(r.Method)
		if op == nil && r.Method == http.MethodHead {
			op = item.Get
		}
		pattern := variable.ReplaceAllStringFunc(regexp.QuoteMeta(path), func(v string) string {
			if v == `\{tile\}` {
				return "(.+)"
			}
			return "([^/]+)"
		})
		m := regexp.MustCompile("^" + pattern + "$").FindStringSubmatch(r.URL.Path)
		if m == nil || op == nil {
			continue
		}
		params := map[string]string{}
		for i, name := range regexp.MustCompile(`\{([a-z]+)\}`).FindAllStringSubmatch(path, -1) {
			params[name[1]] = m[i+1]
		}
		return &routers.Route{Spec: c.doc, Path: path, PathItem: item, Method: r.Method, Operation: op}, params
	}
	return nil, nil
}

// missing lists the operations that no exchange has touched, but for those of
// the paths that another test sees to.
func (c *contract) missing(except ...string) []string {
	var out []string
	for path, item := range c.doc.Paths.Map() {
		if slices.Contains(except, path) {
			continue
		}
		for _, op := range item.Operations() {
			if !c.answered(op) {
				out = append(out, op.Summary)
			}
		}
	}
	return out
}

func keysOf(m map[string]bool) []string {
	var out []string
	for k := range m {
		out = append(out, k)
	}
	return out
}

// answered reports whether an operation has had a good answer.
func (c *contract) answered(op *openapi3.Operation) bool {
	return slices.ContainsFunc(keysOf(c.seen), func(s string) bool { return strings.HasPrefix(s, op.Summary+" 2") })
}

// touched reports whether one of a path's operations has.
func (c *contract) touched(item *openapi3.PathItem) bool {
	for _, op := range item.Operations() {
		if c.answered(op) {
			return true
		}
	}
	return false
}
