package witness

import (
	"crypto/ed25519"
	"encoding/base64"
	"errors"
	"strings"

	cosignature "github.com/transparency-dev/formats/note"
	"golang.org/x/mod/sumdb/note"
)

// verifierKey is the cosignature verifier key of a secret Ed25519 signer key.
func verifierKey(skey, name string) (string, error) {
	parts := strings.SplitN(skey, "+", 5) // PRIVATE+KEY+name+hash+base64, where base64 may hold a +
	seed, err := base64.StdEncoding.DecodeString(parts[len(parts)-1])
	if err != nil || len(seed) != 1+ed25519.SeedSize {
		return "", errors.New("witness key: not an Ed25519 key")
	}
	plain, err := note.NewEd25519VerifierKey(name, ed25519.NewKeyFromSeed(seed[1:]).Public().(ed25519.PublicKey))
	if err != nil {
		return "", err
	}
	return cosignature.VKeyToCosignatureV1(plain)
}
