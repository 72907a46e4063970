package main

import (
	"context"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"

	"github.com/sijil/sijil/internal/domain"
	"github.com/sijil/sijil/internal/guard"
	"github.com/sijil/sijil/internal/passkey"
	"github.com/sijil/sijil/internal/publish"
	"github.com/sijil/sijil/internal/statement"
	"github.com/sijil/sijil/keys"
	"github.com/sijil/sijil/log"
)

// loadObserver reads the key under which the service signs what it saw.
func loadObserver(data string) (*keys.Signer, error) {
	path := filepath.Join(data, observerKeyFile)
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if info.Mode().Perm()&0o077 != 0 {
		return nil, fmt.Errorf("%s can be read by others (mode %v): chmod 600 it", path, info.Mode().Perm())
	}
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	block, _ := pem.Decode(b)
	if block == nil || block.Type != "PRIVATE KEY" {
		return nil, fmt.Errorf("%s: want a PKCS #8 private key in PEM", path)
	}
	key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, fmt.Errorf("%s: not a PKCS #8 private key", path)
	}
	s, err := keys.NewSigner(key)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return s, nil
}

// domains asks organisations' domains for the use cases.
type domains struct{ c *domain.Checker }

// newDomains is nil where the operator has said that no domain is asked.
func newDomains(o serveOptions) publish.Domains {
	c := domain.Config{}
	switch {
	case o.domainConfig != nil:
		c = *o.domainConfig
	case o.domains == fetchOff:
		return nil
	case o.domains == fetchPrivate:
		c.Control = guard.Anything
	}
	return domains{domain.New(c)}
}

// Look implements publish.Domains: the file and the TXT records, each of which may say
// nothing. If neither can be read, nothing is known; nor is it if one of them cannot
// and the other says nothing.
func (d domains) Look(ctx context.Context, name string) ([]publish.DomainSaid, error) {
	file, fileErr := d.c.File(ctx, name)
	dns, dnsErr := d.c.DNS(ctx, name)
	var out []publish.DomainSaid
	for _, s := range []*domain.Seen{file, dns} {
		if s != nil {
			out = append(out, said(s))
		}
	}
	lines := 0
	for _, s := range out {
		lines += len(s.Lines)
	}
	if err := errors.Join(fileErr, dnsErr); err != nil && lines == 0 {
		return nil, fmt.Errorf("%w: %w", publish.ErrDomainSilent, err)
	}
	return out, nil
}

func said(s *domain.Seen) publish.DomainSaid {
	out := publish.DomainSaid{Via: string(s.Via()), Document: s.Body()}
	if c := s.Certificate(); !c.IsZero() {
		out.Certificate = &c
	}
	for _, l := range s.Lines() {
		out.Lines = append(out.Lines, publish.DomainLine{Kind: string(l.Kind), Publication: l.Publication, Version: l.Version, Record: l.Record, Entry: l.Entry, Key: l.Key})
	}
	return out
}

// passkeys gives the use cases WebAuthn, for this service's own pages.
type passkeys struct{ site passkey.Site }

// Register implements publish.Passkeys.
func (p passkeys) Register(challenge, response []byte) ([]byte, error) {
	c, err := passkey.Register(p.site, challenge, response)
	if err != nil {
		return nil, err
	}
	return c.Key(), nil
}

// Assert implements publish.Passkeys.
func (p passkeys) Assert(spki, challenge, response []byte) (statement.Passkey, error) {
	key, err := keys.ParsePublicKey(spki)
	if err != nil {
		return statement.Passkey{}, err
	}
	a, err := passkey.Verify(p.site, key.ECDSA(), challenge, response)
	if err != nil {
		return statement.Passkey{}, err
	}
	return statement.Passkey{AuthenticatorData: a.AuthenticatorData(), ClientDataJSON: a.ClientDataJSON(), Signature: a.Signature()}, nil
}

// Again implements publish.Passkeys.
func (p passkeys) Again(a *statement.Passkey) error {
	key, err := keys.ParsePublicKey(a.Key)
	if err != nil {
		return err
	}
	challenge := log.Sum(a.Payload)
	_, err = passkey.Again(p.site, key.ECDSA(), challenge[:], a.AuthenticatorData, a.ClientDataJSON, a.Signature)
	return err
}

// passkeySite is the service as passkeys know it: its host, and its one origin.
func passkeySite(base string) passkey.Site {
	u, err := url.Parse(base)
	if err != nil {
		return passkey.Site{} // which verifies nothing
	}
	return passkey.Site{ID: u.Hostname(), Origins: []string{u.Scheme + "://" + u.Host}}
}
