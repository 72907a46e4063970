//go:build pkcs11

package pkcs11

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/asn1"
	"errors"
	"fmt"
	"slices"

	p11 "github.com/miekg/pkcs11"
)

// Parameters of the two kinds: object identifiers in DER. Some modules have the name of
// Ed25519 instead, as PKCS #11 3.0 allows.
var (
	oidP256      = []byte{0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07}
	oidEd25519   = []byte{0x06, 0x03, 0x2b, 0x65, 0x70}
	namedEd25519 = append([]byte{0x13, 12}, "edwards25519"...)
)

// Open opens the one private key that the URI names, which must be of the kind. pin is
// asked, once, if the token wants a PIN and the URI has none; nil: there is nobody to
// ask.
func Open(u *URI, kind Kind, pin func() ([]byte, error)) (Key, error) {
	k := &key{uri: *u, kind: kind}
	k.pin = func() ([]byte, error) {
		if k.secret == nil {
			secret, err := u.pin(pin)
			if err != nil {
				return nil, err
			}
			k.secret = secret
		}
		return k.secret, nil
	}
	if err := k.open(); err != nil {
		return nil, err
	}
	return k, nil
}

// Create makes a key pair of the kind in the token, of which the private part is never
// given away, and opens it. It fails with ErrExists if the URI names a key that is there.
func Create(u *URI, kind Kind, pin func() ([]byte, error)) (Key, error) {
	named := *u
	var secret []byte
	once := func() (_ []byte, err error) {
		if secret == nil {
			secret, err = u.pin(pin)
		}
		return secret, err
	}
	s, err := openSession(u, true, once)
	if err != nil {
		return nil, err
	}
	defer s.close()
	if err := s.vacant(u); err != nil {
		return nil, err
	}
	if named.ID == "" {
		id := make([]byte, 16)
		rand.Read(id)
		named.ID = string(id)
	}
	mechanism, params := uint(p11.CKM_EC_KEY_PAIR_GEN), oidP256
	if kind == Ed25519 {
		mechanism, params = ckmECEdwardsKeyPairGen, oidEd25519
	}
	name := named.template(0)[1:]
	public := append([]*p11.Attribute{
		p11.NewAttribute(p11.CKA_TOKEN, true), p11.NewAttribute(p11.CKA_PRIVATE, false), p11.NewAttribute(p11.CKA_VERIFY, true), p11.NewAttribute(p11.CKA_EC_PARAMS, params),
	}, name...)
	private := append([]*p11.Attribute{
		p11.NewAttribute(p11.CKA_TOKEN, true), p11.NewAttribute(p11.CKA_PRIVATE, true), p11.NewAttribute(p11.CKA_SENSITIVE, true), p11.NewAttribute(p11.CKA_EXTRACTABLE, false), p11.NewAttribute(p11.CKA_SIGN, true),
	}, name...)
	_, _, err = s.module.GenerateKeyPair(s.handle, []*p11.Mechanism{p11.NewMechanism(mechanism, nil)}, public, private)
	if errors.Is(err, p11.Error(p11.CKR_MECHANISM_INVALID)) {
		return nil, fmt.Errorf("the token makes no %s keys", kind)
	}
	if err != nil {
		return nil, fmt.Errorf("make a key in the token: %w", err)
	}
	return Open(&named, kind, once)
}

// vacant makes sure that no key has the label, and none the id.
func (s *session) vacant(u *URI) error {
	for _, half := range []URI{{Object: u.Object}, {ID: u.ID}} {
		if half == (URI{}) {
			continue
		}
		found, err := s.find(half.template(p11.CKO_PRIVATE_KEY))
		if err != nil {
			return err
		}
		if len(found) > 0 {
			return ErrExists
		}
	}
	return nil
}

// locate finds the private key and reads the public one that has the same id.
func (s *session) locate(u *URI, kind Kind) (private p11.ObjectHandle, id []byte, pub crypto.PublicKey, err error) {
	list, err := s.find(u.template(p11.CKO_PRIVATE_KEY))
	if err != nil {
		return 0, nil, nil, err
	}
	switch len(list) {
	case 0:
		return 0, nil, nil, ErrNoKey
	case 1:
		private = list[0]
	default:
		return 0, nil, nil, errors.New("the address fits several keys in the token: name one by id=")
	}
	if id, err = s.attribute(private, p11.CKA_ID); err != nil {
		return 0, nil, nil, err
	}
	named := URI{Object: u.Object, ID: string(id)}
	if list, err = s.find(named.template(p11.CKO_PUBLIC_KEY)); err != nil {
		return 0, nil, nil, err
	}
	if len(list) != 1 {
		return 0, nil, nil, fmt.Errorf("the token has %d public keys with the label and id of the private one, instead of one: its own tool can put it there", len(list))
	}
	params, err := s.attribute(list[0], p11.CKA_EC_PARAMS)
	if err != nil {
		return 0, nil, nil, fmt.Errorf("the key is not %s: %w", kind, err)
	}
	point, err := s.attribute(list[0], p11.CKA_EC_POINT)
	if err != nil {
		return 0, nil, nil, err
	}
	pub, err = publicKey(kind, params, point)
	return private, id, pub, err
}

// publicKey reads a point: an octet string in DER, or bare, as some modules have it.
func publicKey(kind Kind, params, point []byte) (crypto.PublicKey, error) {
	var inner []byte
	if rest, err := asn1.Unmarshal(point, &inner); err == nil && len(rest) == 0 {
		point = inner
	}
	is := func(oids ...[]byte) bool {
		return slices.ContainsFunc(oids, func(oid []byte) bool { return bytes.Equal(oid, params) })
	}
	switch {
	case kind == P256 && is(oidP256):
		return ecdsa.ParseUncompressedPublicKey(elliptic.P256(), point)
	case kind == Ed25519 && is(oidEd25519, namedEd25519) && len(point) == ed25519.PublicKeySize:
		return ed25519.PublicKey(point), nil
	}
	return nil, fmt.Errorf("the key in the token is not %s", kind)
}
