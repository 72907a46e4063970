package kms_test

import (
	"testing"

	"github.com/sijil/sijil/internal/kms"
)

func TestIs(t *testing.T) {
	for address, want := range map[string]bool{
		"awskms:///alias/a": true, "gcpkms://projects/p": true, "azurekms://v/k": true, "hashivault://k": true,
		"pkcs11:object=a": false, "sijil.key": false, "https://example.org": false, "hashivault:k": false, "": false,
	} {
		if kms.Is(address) != want {
			t.Errorf("%q: %v", address, !want)
		}
	}
}
