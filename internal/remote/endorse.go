package remote

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/sijil/sijil/log"
)

type claimRequest struct {
	Bundle     json.RawMessage `json:"bundle"`
	Key        []byte          `json:"key"`
	Invitation string          `json:"invitation,omitempty"`
}

// Claim hands in what a signatory signed, with the signer's key (DER
// SubjectPublicKeyInfo). invitation is empty where the key is enrolled.
func (c *Client) Claim(ctx context.Context, slug string, bundle, key []byte, invitation string) (*Receipt, error) {
	return c.post(ctx, "/api/v1/publications/"+slug+"/claims", "", claimRequest{Bundle: bundle, Key: key, Invitation: invitation})
}

// DomainCheck is what the service found at a domain.
type DomainCheck struct {
	Domain     string       `json:"domain"`
	Found      []string     `json:"found"`
	Recorded   []log.Digest `json:"recorded"`
	UnknownKey bool         `json:"unknown_key"`
}

// CheckDomain has the service look at the domain of a list entry. key is one that the
// domain may name; nil for none.
func (c *Client) CheckDomain(ctx context.Context, slug, entry string, key []byte) (*DomainCheck, error) {
	answer, _, err := c.send(ctx, "/api/v1/publications/"+slug+"/domain-checks", "", struct {
		Entry string `json:"entry"`
		Key   []byte `json:"key,omitempty"`
	}{entry, key})
	if err != nil {
		return nil, err
	}
	out := new(DomainCheck)
	if err := json.Unmarshal(answer, out); err != nil {
		return nil, fmt.Errorf("the service's answer is not that to a look at a domain: %w", err)
	}
	return out, nil
}
