//go:build !pkcs11 && !awskms && !gcpkms && !azurekms && !hashivault

package main

import (
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

// TestPlain: what the plain programs say of keys that they cannot use.
func TestPlain(t *testing.T) { testscript.Run(t, storiesIn(t, "plain", nil)) }
