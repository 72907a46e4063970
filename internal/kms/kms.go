// Package kms signs with keys in a cloud's key management service, through sigstore's
// providers. Each is part of the program only if it was built with the provider's tag,
// which is the scheme of its addresses:
//
//	awskms:///arn:aws:kms:eu-west-1:111122223333:key/…   (or awskms:///alias/NAME)
//	gcpkms://projects/P/locations/L/keyRings/R/cryptoKeys/K/versions/1
//	azurekms://VAULT.vault.azure.net/KEY
//	hashivault://KEY
//
// Who may use a key is settled by the environment, as each provider's own tools do.
package kms

import (
	"errors"
	"slices"
	"strings"
)

var schemes = []string{"awskms", "gcpkms", "azurekms", "hashivault"}

// ErrNotBuilt: this program does not hold the provider.
var ErrNotBuilt = errors.New("this program was built without that key management service")

// Is reports whether an address is one of a service's keys.
func Is(address string) bool {
	scheme, _, ok := strings.Cut(address, "://")
	return ok && slices.Contains(schemes, scheme)
}
