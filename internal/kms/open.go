//go:build awskms || gcpkms || azurekms || hashivault

package kms

import (
	"context"
	"crypto"
	"fmt"
	"io"
	"slices"
	"strings"

	sigkms "github.com/sigstore/sigstore/pkg/signature/kms"
)

// Open returns the key at an address; its signatures are ASN.1 DER over SHA-256 digests.
// ctx holds for all of them.
func Open(ctx context.Context, address string) (crypto.Signer, error) {
	// A scheme that is not built in would be taken for the name of a program to run.
	if !slices.ContainsFunc(sigkms.SupportedProviders(), func(p string) bool { return strings.HasPrefix(address, p) }) {
		return nil, ErrNotBuilt
	}
	service, err := sigkms.Get(ctx, address, crypto.SHA256)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", address, err)
	}
	var missing error
	signer, opts, err := service.CryptoSigner(ctx, func(err error) { missing = err })
	if err != nil {
		return nil, fmt.Errorf("%s: %w", address, err)
	}
	pub := signer.Public()
	if missing != nil || pub == nil {
		return nil, fmt.Errorf("%s: public key: %w", address, missing)
	}
	return &key{signer, pub, opts}, nil
}

// key asks for the public key once.
type key struct {
	signer crypto.Signer
	pub    crypto.PublicKey
	opts   crypto.SignerOpts
}

// Public implements crypto.Signer.
func (k *key) Public() crypto.PublicKey { return k.pub }

// Sign implements crypto.Signer.
func (k *key) Sign(rand io.Reader, digest []byte, _ crypto.SignerOpts) ([]byte, error) {
	return k.signer.Sign(rand, digest, k.opts)
}
