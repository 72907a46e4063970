package keys

import (
	"encoding/base64"
	"fmt"
	"net/url"
	"strings"

	cosignature "github.com/transparency-dev/formats/note"
	"golang.org/x/mod/sumdb/note"

	"github.com/sijil/sijil/log"
)

// Signature types of C2SP tlog-cosignature.
const (
	algCosignature = 0x04 // Ed25519
	algMLDSA44     = 0x06
)

// Witness is a witness of a policy.
type Witness struct {
	Name string // in the policy
	Key  string // C2SP verifier key
	URL  string // base address of its add-checkpoint; empty: the log does not ask it
	// Fingerprint is the SHA-256 of the verifier key, for people to compare.
	Fingerprint log.Digest

	verifier note.Verifier
}

// ParseWitnessKey reads a cosigner's verifier key: Ed25519 cosignature/v1 or
// ML-DSA-44.
func ParseWitnessKey(vkey string) (note.Verifier, error) {
	name, rest, _ := strings.Cut(vkey, "+")
	hash, key64, _ := strings.Cut(rest, "+")
	key, err := base64.StdEncoding.DecodeString(key64)
	if err != nil || len(key) == 0 {
		return nil, fmt.Errorf("witness key %q: not a verifier key", clip(vkey))
	}
	switch key[0] {
	case algCosignature, algMLDSA44:
	case algEd25519:
		return nil, fmt.Errorf("witness key %q: a plain Ed25519 key; want the one with which it cosigns (type 04)", clip(vkey))
	default:
		return nil, fmt.Errorf("witness key %q: signature type %02x is not known; want Ed25519 cosignatures (04) or ML-DSA-44 (06)", clip(vkey), key[0])
	}
	v, err := cosignature.NewVerifierForCosignatureV1(vkey)
	if err != nil {
		return nil, fmt.Errorf("witness key %q: %w", clip(vkey), err)
	}
	// The library does not look at the hash, and decodes base64 loosely.
	if again := fmt.Sprintf("%s+%08x+%s", v.Name(), v.KeyHash(), base64.StdEncoding.EncodeToString(key)); again != vkey || hash == "" || name == "" {
		return nil, fmt.Errorf("witness key %q: %w", clip(vkey), errNotOne)
	}
	return v, nil
}

func newWitness(name, vkey, address string) (*Witness, error) {
	v, err := ParseWitnessKey(vkey)
	if err != nil {
		return nil, err
	}
	if address != "" {
		if err := checkAddress(address); err != nil {
			return nil, err
		}
	}
	return &Witness{Name: name, Key: vkey, URL: address, Fingerprint: log.Sum([]byte(vkey)), verifier: v}, nil
}

// made reports whether a signature line is of this witness's key.
func (w *Witness) made(name string, hash uint32) bool {
	return w.verifier.Name() == name && w.verifier.KeyHash() == hash
}

// Verifier verifies the witness's cosignatures.
func (w *Witness) Verifier() note.Verifier { return w.verifier }

func checkAddress(s string) error {
	const most = 500
	u, err := url.Parse(s)
	if err != nil || len(s) > most || u.Scheme != "https" && u.Scheme != "http" || u.Hostname() == "" ||
		u.User != nil || u.RawQuery != "" || u.ForceQuery || u.Fragment != "" || u.String() != s {
		return fmt.Errorf("address %q: want https://HOST or https://HOST/PATH", clip(s))
	}
	return nil
}
