package pkcs11

import (
	"crypto"
	"errors"
)

// Kind is what a key is.
type Kind int

// The two kinds that Sijil has: publishers' keys, and a log's.
const (
	P256 Kind = iota + 1
	Ed25519
)

func (k Kind) String() string {
	if k == Ed25519 {
		return "Ed25519"
	}
	return "ECDSA P-256"
}

// Errors that a caller tells apart.
var (
	// ErrNotBuilt: this program holds no PKCS #11.
	ErrNotBuilt = errors.New("this program was built without PKCS #11")
	// ErrNoKey: the token has no such key; the caller may have one made.
	ErrNoKey = errors.New("no such key in the token")
	// ErrExists: a key of that name is there, and is left alone.
	ErrExists = errors.New("the token has a key of that name already")
	// ErrPIN: the token refuses the PIN. Nothing tries it again by itself: a token
	// locks itself after a few wrong ones.
	ErrPIN = errors.New("the token refuses the PIN")
)

// Key signs with a private key that is in a token. It is a crypto.Signer: over a digest
// for P-256, giving ASN.1 DER, and over a message for Ed25519. Safe concurrently; the
// token signs one thing at a time. It is open until the process ends.
type Key interface {
	crypto.Signer
	// URI names this key, with the id that the token knows it by.
	URI() *URI
}
