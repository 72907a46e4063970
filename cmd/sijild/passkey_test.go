package main

import (
	"encoding/json"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/sijil/sijil/internal/passkey/passkeytest"
	"github.com/sijil/sijil/internal/publish"
	"github.com/sijil/sijil/log"
)

// TestPasskeysRefused: what a passkey's owner, or somebody else, hands in wrongly is refused
// with a reason and leaves nothing; the same invitation then lets the right answer in, once.
func TestPasskeysRefused(t *testing.T) {
	s := newRunningHere(t, serveOptions{noLimits: true}, slog.DiscardHandler)
	c := callerFor(t, s)
	x := newElectorate(t, s.url, s.data, s.key, "river", 2)
	invited, another := x.invite(0), x.invite(1)
	statement := func(entry int) []byte {
		t.Helper()
		a := c.get("/api/v1/publications/river/versions/1/claims/endorsement.json?" + url.Values{"entry": {x.entries[entry]}, "language": {"en"}}.Encode())
		expect(t, "statement", a, 200, "")
		return a.body
	}
	type handed struct {
		Payload      []byte          `json:"payload"`
		Registration json.RawMessage `json:"registration,omitempty"`
		Key          []byte          `json:"key,omitempty"`
		Assertion    json.RawMessage `json:"assertion"`
		Invitation   string          `json:"invitation,omitempty"`
	}
	answered := func(a *passkeytest.Authenticator, payload []byte, invitation string) handed {
		digest := log.Sum(payload)
		return handed{Payload: payload, Registration: a.Create(t, publish.RegistrationChallenge(invitation)), Assertion: a.Get(t, "webauthn.get", digest[:]), Invitation: invitation}
	}
	post := func(h handed) answer {
		t.Helper()
		body, err := json.Marshal(h)
		check(t, err)
		return c.do("POST", "/api/v1/publications/river/passkey-claims", "application/json", body)
	}
	ours := passkeytest.New(t, "localhost", s.url)
	payload := statement(0)
	lines := func() string { return string(c.get("/api/v1/latest/publications/river/endorsements.jsonl").body) }
	for name, wrong := range map[string]struct {
		change func(a *passkeytest.Authenticator)
		spoil  func(h *handed)
		want   string
	}{
		"another origin": {func(a *passkeytest.Authenticator) {
			a.Client = strings.Replace(a.Client, "http://localhost", "https://evil.example", 1)
		}, nil, "origin"},
		"another site":                   {func(a *passkeytest.Authenticator) { a.RP = "evil.example" }, nil, "RP ID"},
		"nobody verified":                {func(a *passkeytest.Authenticator) { a.Flags = passkeytest.Present }, nil, "user verification"},
		"another entry's invitation":     {nil, func(h *handed) { *h = answered(ours, payload, another) }, "another list entry"},
		"no invitation":                  {nil, func(h *handed) { h.Invitation = "" }, "invitation"},
		"a passkey made over another":    {nil, func(h *handed) { h.Invitation = x.invite(0) }, "challenge"},
		"an assertion over another text": {nil, func(h *handed) { h.Payload = []byte(strings.Replace(string(payload), `"number":1`, `"number":2`, 1)) }, ""},
		"a statement of another entry":   {nil, func(h *handed) { h.Payload = statement(1) }, "another list entry"},
		"a passkey that nobody knows":    {nil, func(h *handed) { h.Registration, h.Key = nil, c.key.SPKI() }, "not known for this list entry"},
	} {
		a := passkeytest.New(t, "localhost", s.url)
		if wrong.change != nil {
			wrong.change(a)
		}
		h := answered(a, payload, invited)
		if wrong.spoil != nil {
			wrong.spoil(&h)
		}
		got := post(h)
		if got.status < 400 || got.status >= 500 || !strings.Contains(string(got.body), wrong.want) || lines() != "" {
			t.Errorf("%s: %d %s", name, got.status, got.body)
		}
	}
	if got := post(answered(ours, payload, invited)); got.status != http.StatusCreated {
		t.Fatalf("the right answer: %d %s", got.status, got.body)
	}
	first := lines()
	if strings.Count(first, "\n") != 1 {
		t.Fatalf("lines: %s", first)
	}
	// Used up, by whoever comes; and what was handed in is not taken twice.
	for name, h := range map[string]handed{"another passkey": answered(passkeytest.New(t, "localhost", s.url), payload, invited), "the same answer again": answered(ours, payload, invited)} {
		got := post(h)
		expect(t, name, got, 403, "invitation")
	}
	if lines() != first {
		t.Errorf("something was added:\n%s", lines())
	}
}
