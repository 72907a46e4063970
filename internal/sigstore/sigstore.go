// Package sigstore asks sigstore-go, the stock verifier, for a second opinion on
// a bundle. It is the one place that imports it.
//
// The profile of package log is checked by this project's own code first; a
// bundle counts only when both agree. sigstore-go checks the DSSE signature,
// rebuilds the Rekor v2 entry, verifies the checkpoint's signature by the log
// and the inclusion proof, and that the artifact's digest is among the
// statement's subjects. It does not check a witness quorum, a chain, or key
// windows.
package sigstore

import (
	"crypto"
	"crypto/ecdsa"
	"encoding/hex"
	"fmt"
	"time"

	"github.com/sigstore/sigstore-go/pkg/bundle"
	"github.com/sigstore/sigstore-go/pkg/root"
	"github.com/sigstore/sigstore-go/pkg/verify"
	"github.com/sigstore/sigstore/pkg/signature"

	"github.com/sijil/sijil/log"
)

// Verifier verifies bundles against one trusted root.
type Verifier struct {
	root *root.TrustedRoot
}

// New reads a Sigstore trusted root (JSON).
func New(trustedRoot []byte) (*Verifier, error) {
	r, err := root.NewTrustedRootFromJSON(trustedRoot)
	if err != nil {
		return nil, fmt.Errorf("sigstore: trusted root: %w", err)
	}
	return &Verifier{root: r}, nil
}

// Verify verifies the bundle's bytes under the key, and that the statement has
// a subject with the artifact's SHA-256 digest.
func (v *Verifier) Verify(data []byte, key *ecdsa.PublicKey, artifact log.Digest) error {
	var b bundle.Bundle
	if err := b.UnmarshalJSON(data); err != nil {
		return fmt.Errorf("sigstore: bundle: %w", err)
	}
	sv, err := signature.LoadECDSAVerifier(key, crypto.SHA256)
	if err != nil {
		return fmt.Errorf("sigstore: key: %w", err)
	}
	material := root.TrustedMaterialCollection{
		root.NewTrustedPublicKeyMaterial(func(string) (root.TimeConstrainedVerifier, error) {
			// Key windows are the chain's to judge, by log index.
			return root.NewExpiringKey(sv, time.Time{}, time.Time{}), nil
		}),
		v.root,
	}
	verifier, err := verify.NewVerifier(material, verify.WithTransparencyLog(1), verify.WithNoObserverTimestamps())
	if err != nil {
		return fmt.Errorf("sigstore: %w", err)
	}
	digest, err := hex.DecodeString(artifact.Hex())
	if err != nil {
		return fmt.Errorf("sigstore: %w", err)
	}
	if _, err := verifier.Verify(&b, verify.NewPolicy(verify.WithArtifactDigest("sha256", digest), verify.WithKey())); err != nil {
		return fmt.Errorf("sigstore: %w", err)
	}
	return nil
}
