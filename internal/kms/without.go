//go:build !awskms && !gcpkms && !azurekms && !hashivault

package kms

import (
	"context"
	"crypto"
)

// Open returns ErrNotBuilt.
func Open(context.Context, string) (crypto.Signer, error) { return nil, ErrNotBuilt }
