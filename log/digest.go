package log

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
)

// Digest is a SHA-256 digest, written "sha256:" and 64 lower-case hex digits.
// The zero Digest means none and is never a digest of anything we hold.
type Digest [sha256.Size]byte

// Sum returns the digest of b.
func Sum(b []byte) Digest { return sha256.Sum256(b) }

// ParseDigest reads the written form; it accepts no other spelling.
func ParseDigest(s string) (Digest, error) {
	var d Digest
	digits, ok := strings.CutPrefix(s, "sha256:")
	if !ok {
		return d, fmt.Errorf("digest %q: want the prefix sha256: before the digits", clip(s))
	}
	if len(digits) != 2*len(d) || strings.ToLower(digits) != digits {
		return d, fmt.Errorf("digest %q: want 64 lower-case hex digits", clip(s))
	}
	if _, err := hex.Decode(d[:], []byte(digits)); err != nil {
		return Digest{}, fmt.Errorf("digest %q: want 64 lower-case hex digits", clip(s))
	}
	return d, nil
}

// String returns the written form.
func (d Digest) String() string { return "sha256:" + d.Hex() }

// Hex returns the 64 hex digits alone, as sha256sum prints them and in-toto
// subjects hold them.
func (d Digest) Hex() string { return hex.EncodeToString(d[:]) }

// IsZero reports whether d is no digest.
func (d Digest) IsZero() bool { return d == Digest{} }

// MarshalText writes the written form.
func (d Digest) MarshalText() ([]byte, error) {
	const name = "sha256:"
	out := make([]byte, 0, len(name)+hex.EncodedLen(len(d)))
	return hex.AppendEncode(append(out, name...), d[:]), nil
}

// UnmarshalText reads the written form.
func (d *Digest) UnmarshalText(b []byte) error {
	got, err := ParseDigest(string(b))
	if err != nil {
		return err
	}
	*d = got
	return nil
}

// clip bounds what an error message repeats of its input.
func clip(s string) string {
	const most = 80
	if len(s) <= most {
		return s
	}
	return strings.ToValidUTF8(s[:most], "") + "…"
}
