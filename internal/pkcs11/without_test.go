//go:build !pkcs11

package pkcs11_test

import (
	"errors"
	"testing"

	"github.com/sijil/sijil/internal/pkcs11"
)

// TestWithout: a program without the tag says so, for each use.
func TestWithout(t *testing.T) {
	u, err := pkcs11.ParseURI("pkcs11:object=a?module-path=/m.so")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := pkcs11.Open(u, pkcs11.P256, nil); !errors.Is(err, pkcs11.ErrNotBuilt) {
		t.Errorf("open: %v", err)
	}
	if _, err := pkcs11.Create(u, pkcs11.P256, nil); !errors.Is(err, pkcs11.ErrNotBuilt) {
		t.Errorf("create: %v", err)
	}
}
