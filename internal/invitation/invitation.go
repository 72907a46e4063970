// Package invitation makes and reads invitations to endorse: short texts that a
// publisher signs, one for each list entry, and that fit into a link. An invitation
// proves nothing of whoever holds it; it lets a key that nobody has confirmed yet
// hand in one claim about one entry, once, and so keeps strangers out.
//
// An invitation is base64url, without padding, of
//
//	1    the edition, 1
//	32   the publication: its genesis digest
//	4    the version, big-endian
//	32   the entry: its commitment
//	8    until when it can be used, in Unix seconds, big-endian
//	8    random
//	…    an ECDSA P-256 signature (ASN.1 DER) by a publisher key over
//	     SHA-256("sijil-invitation/v1" 0x00 and the bytes above)
package invitation

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/sijil/sijil/keys"
	"github.com/sijil/sijil/log"
)

const (
	edition = 1
	context = "sijil-invitation/v1\x00"
	fixed   = 1 + 32 + 4 + 32 + 8 + 8
	// MaxSize is the longest invitation, in characters.
	MaxSize = 256
)

var (
	// ErrInvalid: not an invitation, or not signed by a publisher of today. The
	// caller answers 403.
	ErrInvalid = errors.New("the invitation is not valid")
	// ErrExpired: it was valid. The caller answers 403 and says whom to ask.
	ErrExpired = errors.New("the invitation has expired")
)

// Invitation is what an invitation says.
type Invitation struct {
	Publication log.Digest
	Version     int
	Entry       string // commitment
	Until       time.Time
}

// New signs an invitation; rand is a cryptographic source.
func New(rand io.Reader, signer *keys.Signer, i Invitation) (string, error) {
	entry, err := base64.RawURLEncoding.DecodeString(i.Entry)
	if err != nil || len(entry) != 32 || i.Version < 1 || int64(i.Version) > 1<<31 {
		return "", errors.New("invitation: want a version and a list entry")
	}
	b := make([]byte, 0, fixed+80)
	b = append(b, edition)
	b = append(b, i.Publication[:]...)
	b = binary.BigEndian.AppendUint32(b, uint32(i.Version))
	b = append(b, entry...)
	b = binary.BigEndian.AppendUint64(b, uint64(i.Until.Unix()))
	var salt [8]byte
	if _, err := io.ReadFull(rand, salt[:]); err != nil {
		return "", fmt.Errorf("invitation: %w", err)
	}
	b = append(b, salt[:]...)
	sig, err := signer.SignDigest(rand, digest(b))
	if err != nil {
		return "", fmt.Errorf("invitation: %w", err)
	}
	return base64.RawURLEncoding.EncodeToString(append(b, sig...)), nil
}

func digest(b []byte) [32]byte { return sha256.Sum256(append([]byte(context), b...)) }

// Digest names an invitation without giving it away. The signature is not in it: from
// one ECDSA signature anybody makes a second one over the same.
func Digest(s string) (log.Digest, error) {
	_, signed, _, err := parse(s)
	if err != nil {
		return log.Digest{}, err
	}
	return log.Digest(digest(signed)), nil
}

// Peek reads what an invitation says, before anything of it is verified: to find the
// publication whose keys can verify it.
func Peek(s string) (Invitation, error) {
	i, _, _, err := parse(s)
	return i, err
}

// Open verifies an invitation: one of the publisher keys signed it, and it can be used
// at now.
func Open(s string, publishers []*keys.PublicKey, now time.Time) (Invitation, error) {
	i, signed, sig, err := parse(s)
	if err != nil {
		return Invitation{}, err
	}
	sum := digest(signed)
	for _, k := range publishers {
		if !ecdsa.VerifyASN1(k.ECDSA(), sum[:], sig) {
			continue
		}
		if !now.Before(i.Until) {
			return Invitation{}, ErrExpired
		}
		return i, nil
	}
	return Invitation{}, ErrInvalid
}

func parse(s string) (i Invitation, signed, sig []byte, err error) {
	if len(s) > MaxSize {
		return i, nil, nil, ErrInvalid
	}
	b, err := base64.RawURLEncoding.DecodeString(s)
	if err != nil || base64.RawURLEncoding.EncodeToString(b) != s || len(b) <= fixed || b[0] != edition {
		return i, nil, nil, ErrInvalid
	}
	signed, sig = b[:fixed], b[fixed:]
	r := bytes.NewBuffer(signed[1:])
	i.Publication = log.Digest(r.Next(32))
	i.Version = int(binary.BigEndian.Uint32(r.Next(4)))
	i.Entry = base64.RawURLEncoding.EncodeToString(r.Next(32))
	i.Until = time.Unix(int64(binary.BigEndian.Uint64(r.Next(8))), 0).UTC()
	if i.Version < 1 {
		return Invitation{}, nil, nil, ErrInvalid
	}
	return i, signed, sig, nil
}
