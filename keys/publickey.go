package keys

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"

	"github.com/sijil/sijil/log"
)

// PublicKey is a publisher's or signatory's verifier key: ECDSA P-256, the one
// key type that every Sigstore client accepts for this kind of record.
type PublicKey struct {
	key  *ecdsa.PublicKey
	spki []byte
}

// NewPublicKey checks the curve.
func NewPublicKey(key *ecdsa.PublicKey) (*PublicKey, error) {
	if key == nil || key.Curve != elliptic.P256() {
		return nil, errors.New("key is not ECDSA P-256")
	}
	spki, err := x509.MarshalPKIXPublicKey(key)
	if err != nil {
		return nil, fmt.Errorf("encode public key: %w", err)
	}
	return &PublicKey{key: key, spki: spki}, nil
}

// ParsePublicKey reads a DER SubjectPublicKeyInfo in its one encoding.
func ParsePublicKey(spki []byte) (*PublicKey, error) {
	key, err := log.ParseKey(spki)
	if err != nil {
		return nil, err
	}
	return &PublicKey{key: key, spki: bytes.Clone(spki)}, nil
}

// ParsePublicKeyPEM reads the file that keygen and cosign write beside a private
// key.
func ParsePublicKeyPEM(b []byte) (*PublicKey, error) {
	block, rest := pem.Decode(b)
	if block == nil || block.Type != "PUBLIC KEY" {
		return nil, errors.New("not a PEM file with a PUBLIC KEY block")
	}
	if len(rest) > 0 {
		return nil, errors.New("data after the PUBLIC KEY block")
	}
	return ParsePublicKey(block.Bytes)
}

// ECDSA returns the key for the standard library.
func (p *PublicKey) ECDSA() *ecdsa.PublicKey { return p.key }

// SPKI is the DER SubjectPublicKeyInfo.
func (p *PublicKey) SPKI() []byte { return append([]byte(nil), p.spki...) }

// Digest is the key's fingerprint: SHA-256 of its SPKI.
func (p *PublicKey) Digest() log.Digest { return log.Sum(p.spki) }

// Hint is the fingerprint as a bundle's key hint writes it.
func (p *PublicKey) Hint() string {
	d := p.Digest()
	return base64.StdEncoding.EncodeToString(d[:])
}

// PEM returns the public key file's bytes.
func (p *PublicKey) PEM() []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: p.spki})
}
