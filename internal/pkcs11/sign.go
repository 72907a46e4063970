//go:build pkcs11

package pkcs11

import (
	"crypto"
	"encoding/asn1"
	"errors"
	"fmt"
	"io"
	"math/big"
	"sync"

	p11 "github.com/miekg/pkcs11"
)

// key is a private key in a token.
type key struct {
	uri    URI
	kind   Kind
	pin    func() ([]byte, error)
	secret []byte // the PIN, after it was asked for

	pub crypto.PublicKey

	mu     sync.Mutex // guards what follows: a session does one thing at a time
	s      *session
	object p11.ObjectHandle
	always bool  // the token wants the PIN for each signature
	broken error // the PIN was refused since: it is not tried again
}

// Public implements crypto.Signer.
func (k *key) Public() crypto.PublicKey { return k.pub }

// URI implements Key.
func (k *key) URI() *URI { u := k.uri; return &u }

// open logs in and finds the key. After the first time it must be the same key.
func (k *key) open() error {
	s, err := openSession(&k.uri, false, k.pin)
	if err != nil {
		return err
	}
	object, id, pub, err := s.locate(&k.uri, k.kind)
	if err == nil && k.pub != nil && !equal(k.pub, pub) {
		err = errors.New("the token holds another key than before")
	}
	if err != nil {
		s.close()
		return err
	}
	always, err := s.attribute(object, p11.CKA_ALWAYS_AUTHENTICATE)
	k.always = err == nil && len(always) == 1 && always[0] != 0
	k.s, k.object = s, object
	if k.pub == nil { // later it stands, and is read without the lock
		k.pub, k.uri.ID = pub, string(id)
	}
	return nil
}

func equal(a, b crypto.PublicKey) bool {
	k, ok := a.(interface{ Equal(crypto.PublicKey) bool })
	return ok && k.Equal(b)
}

// Sign implements crypto.Signer. A session that the token ended is opened again, once.
func (k *key) Sign(_ io.Reader, msg []byte, opts crypto.SignerOpts) ([]byte, error) {
	switch hash := opts.HashFunc(); {
	case k.kind == P256 && (hash != crypto.SHA256 || len(msg) != hash.Size()):
		return nil, errors.New("a P-256 key in a token signs SHA-256 digests alone")
	case k.kind == Ed25519 && hash != 0:
		return nil, errors.New("an Ed25519 key in a token signs messages, not digests")
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.broken != nil {
		return nil, k.broken
	}
	raw, err := k.sign(msg)
	if err != nil && !errors.Is(err, ErrPIN) {
		k.s.close()
		if again := k.open(); again != nil {
			err = fmt.Errorf("%w; and then: %w", err, again)
		} else {
			raw, err = k.sign(msg)
		}
	}
	if errors.Is(err, ErrPIN) {
		k.broken = err
	}
	if err != nil {
		return nil, fmt.Errorf("the token does not sign: %w", err)
	}
	return k.encode(raw)
}

func (k *key) sign(msg []byte) ([]byte, error) {
	mechanism := uint(p11.CKM_ECDSA)
	if k.kind == Ed25519 {
		mechanism = ckmEDDSA
	}
	if err := k.s.module.SignInit(k.s.handle, []*p11.Mechanism{p11.NewMechanism(mechanism, nil)}, k.object); err != nil {
		return nil, err
	}
	if k.always {
		pin, err := k.pin()
		if err != nil {
			return nil, err
		}
		if err := k.s.login(p11.CKU_CONTEXT_SPECIFIC, pin); err != nil {
			return nil, err
		}
	}
	return k.s.module.Sign(k.s.handle, msg)
}

// encode writes r and s, as PKCS #11 gives them, in ASN.1 DER.
func (k *key) encode(raw []byte) ([]byte, error) {
	if len(raw) != 64 {
		return nil, fmt.Errorf("the token gave a signature of %d bytes instead of 64", len(raw))
	}
	if k.kind == Ed25519 {
		return raw, nil
	}
	return asn1.Marshal(struct{ R, S *big.Int }{new(big.Int).SetBytes(raw[:32]), new(big.Int).SetBytes(raw[32:])})
}
