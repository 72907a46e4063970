// Package passkeytest is a browser with a passkey, in software, for tests.
package passkeytest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"slices"
	"testing"

	"github.com/go-webauthn/webauthn/protocol/webauthncbor"
)

// The flags of authenticator data, §6.1.
const (
	Present, Verified, Eligible, BackedUp, attested, Extended = 0x01, 0x04, 0x08, 0x10, 0x40, 0x80
)

// Authenticator is a browser with a passkey, in software. A test changes what it says
// before it signs.
type Authenticator struct {
	Key     *ecdsa.PrivateKey
	ID      []byte
	RP      string
	Flags   byte
	Counter uint32
	Client  string // the client data with %s for type and challenge
	COSE    any    // the public key
	After   []byte // follows what authenticator data holds
	Format  string
}

// New makes a passkey for a site, used by the page at an origin.
func New(t testing.TB, site, origin string) *Authenticator {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return authenticatorOf(t, key, site, origin)
}

// Fixed has the same key in every process: a fuzzer's workers would
// otherwise each refuse the seeds of the others.
func Fixed(t testing.TB, site, origin string) *Authenticator {
	t.Helper()
	seed := sha256.Sum256([]byte("the passkey of the fuzz target"))
	key, err := ecdsa.ParseRawPrivateKey(elliptic.P256(), seed[:])
	if err != nil {
		t.Fatal(err)
	}
	return authenticatorOf(t, key, site, origin)
}

func authenticatorOf(t testing.TB, key *ecdsa.PrivateKey, site, origin string) *Authenticator {
	t.Helper()
	point, err := key.PublicKey.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	return &Authenticator{
		Key: key, ID: []byte("a passkey's name"), RP: site, Flags: Present | Verified, Counter: 7, Format: "none",
		Client: `{"type":"%s","challenge":"%s","origin":"` + origin + `","crossOrigin":false}`,
		COSE:   map[int]any{1: 2, 3: -7, -1: 1, -2: point[1:33], -3: point[33:]},
	}
}

// Public is the passkey's public key.
func (a *Authenticator) Public() *ecdsa.PublicKey { return &a.Key.PublicKey }

// ClientData is what the browser says of a ceremony: "webauthn.create" or "webauthn.get".
func (a *Authenticator) ClientData(kind string, challenge []byte) []byte {
	return fmt.Appendf(nil, a.Client, kind, base64.RawURLEncoding.EncodeToString(challenge))
}

// Data writes authenticator data, with a credential or without.
func (a *Authenticator) Data(t testing.TB, credential bool) []byte {
	t.Helper()
	rp := sha256.Sum256([]byte(a.RP))
	out := append(rp[:], a.Flags)
	out = binary.BigEndian.AppendUint32(out, a.Counter)
	if credential {
		out[32] |= attested
		out = append(out, make([]byte, 16)...)
		out = binary.BigEndian.AppendUint16(out, uint16(len(a.ID)))
		out = append(append(out, a.ID...), Pack(t, a.COSE)...)
	}
	return append(out, a.After...)
}

// Create answers navigator.credentials.create.
func (a *Authenticator) Create(t testing.TB, challenge []byte) []byte {
	t.Helper()
	object := Pack(t, map[string]any{"fmt": a.Format, "attStmt": map[string]any{}, "authData": a.Data(t, true)})
	return answer(t, a.ID, map[string]any{
		"clientDataJSON": B64(a.ClientData("webauthn.create", challenge)), "attestationObject": B64(object), "transports": []string{"internal"},
	})
}

// Sign makes the three parts of an assertion.
func (a *Authenticator) Sign(t testing.TB, kind string, challenge []byte) (data, client, signature []byte) {
	t.Helper()
	data, client = a.Data(t, false), a.ClientData(kind, challenge)
	digest := sha256.Sum256(client)
	signed := sha256.Sum256(slices.Concat(data, digest[:]))
	signature, err := ecdsa.SignASN1(rand.Reader, a.Key, signed[:])
	if err != nil {
		t.Fatal(err)
	}
	return data, client, signature
}

// Get answers navigator.credentials.get.
func (a *Authenticator) Get(t testing.TB, kind string, challenge []byte) []byte {
	t.Helper()
	data, client, signature := a.Sign(t, kind, challenge)
	return Assertion(t, a.ID, data, client, signature)
}

// Assertion joins the parts of an assertion into a browser's answer.
func Assertion(t testing.TB, id, data, client, signature []byte) []byte {
	t.Helper()
	return answer(t, id, map[string]any{"authenticatorData": B64(data), "clientDataJSON": B64(client), "signature": B64(signature)})
}

func answer(t testing.TB, id []byte, response map[string]any) []byte {
	t.Helper()
	out, err := json.Marshal(map[string]any{
		"id": B64(id), "rawId": B64(id), "type": "public-key", "response": response,
		"clientExtensionResults": map[string]any{}, "authenticatorAttachment": "platform",
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// B64 is base64url without padding.
func B64(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

// Pack is the CBOR form.
func Pack(t testing.TB, v any) []byte {
	t.Helper()
	out, err := webauthncbor.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return out
}
