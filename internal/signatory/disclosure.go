package signatory

import (
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io"

	"github.com/sijil/sijil/internal/jcs"
)

// MaxDisclosure is the length of the longest disclosure, in bytes.
const MaxDisclosure = 6144

// SaltSize is the length of a salt in bytes: the 128 bits RFC 9901 asks for.
const SaltSize = 16

// Disclosure is the base64url form of the JSON array [salt, signatory]. Whoever
// holds it can show that the entry stands behind a commitment.
type Disclosure string

// NewSalt reads a salt from r, which has to be a cryptographic source: a
// guessable salt lets anybody try names against a withheld entry.
func NewSalt(r io.Reader) ([SaltSize]byte, error) {
	var salt [SaltSize]byte
	if _, err := io.ReadFull(r, salt[:]); err != nil {
		return [SaltSize]byte{}, fmt.Errorf("read salt: %w", err)
	}
	return salt, nil
}

// Disclose returns the one disclosure of s under salt.
func Disclose(s Signatory, salt [SaltSize]byte) (Disclosure, error) {
	if err := s.Validate(); err != nil {
		return "", err
	}
	b, err := jcs.Marshal([]any{base64.RawURLEncoding.EncodeToString(salt[:]), s})
	if err != nil {
		return "", err
	}
	return Disclosure(base64.RawURLEncoding.EncodeToString(b)), nil
}

// Digest returns the commitment: base64url(SHA-256(the disclosure's ASCII)).
func (d Disclosure) Digest() string {
	sum := sha256.Sum256([]byte(d))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// ParseDisclosure reads s and proves that s is what Disclose writes for the
// signatory and salt it returns. RFC 9901 lets issuers choose their white space
// and escapes; here there is one encoding, so that one entry has one digest.
func ParseDisclosure(s string) (Disclosure, Signatory, [SaltSize]byte, error) {
	sig, salt, err := parseDisclosure(s)
	if err != nil {
		return "", Signatory{}, [SaltSize]byte{}, fmt.Errorf("disclosure: %w", err)
	}
	return Disclosure(s), sig, salt, nil
}

func parseDisclosure(s string) (sig Signatory, salt [SaltSize]byte, err error) {
	if len(s) > MaxDisclosure {
		return sig, salt, fmt.Errorf("%d bytes, at most %d", len(s), MaxDisclosure)
	}
	b, err := base64.RawURLEncoding.DecodeString(s)
	if err != nil {
		return sig, salt, fmt.Errorf("base64url: %w", err)
	}
	if base64.RawURLEncoding.EncodeToString(b) != s {
		return sig, salt, errors.New("base64url: not in the one encoding")
	}
	// Of an array that is longer or shorter, or holds null, either the encoding is another
	// or what follows refuses what is missing.
	var text string
	if err := jcs.Unmarshal(b, &[2]any{&text, &sig}); err != nil {
		return sig, salt, fmt.Errorf("want an array of salt and signatory: %w", err)
	}
	raw, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil || len(raw) != SaltSize || base64.RawURLEncoding.EncodeToString(raw) != text {
		return sig, salt, fmt.Errorf("salt is not the base64url form of %d bytes", SaltSize)
	}
	copy(salt[:], raw)
	return sig, salt, sig.Validate()
}

// Reuse returns the disclosures of list. An entry that is equal to one of prev
// in every field keeps that disclosure, hence its commitment, from version to
// version; every other one gets a fresh salt from r.
func Reuse(prev []Disclosure, list []Signatory, r io.Reader) ([]Disclosure, error) {
	if len(list) > MaxSignatories {
		return nil, fmt.Errorf("%d signatories, at most %d", len(list), MaxSignatories)
	}
	kept := make(map[Signatory][]Disclosure, len(prev))
	for i, p := range prev {
		if p == "" { // withheld: nothing to keep
			continue
		}
		d, s, _, err := ParseDisclosure(string(p))
		if err != nil {
			return nil, fmt.Errorf("earlier entry %d: %w", i+1, err)
		}
		kept[s] = append(kept[s], d)
	}
	out := make([]Disclosure, len(list))
	for i, s := range list {
		if old := kept[s]; len(old) > 0 {
			out[i], kept[s] = old[0], old[1:]
			continue
		}
		salt, err := NewSalt(r)
		if err != nil {
			return nil, fmt.Errorf("entry %d: %w", i+1, err)
		}
		if out[i], err = Disclose(s, salt); err != nil {
			return nil, fmt.Errorf("entry %d: %w", i+1, err)
		}
	}
	return out, nil
}
