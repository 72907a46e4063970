package passkey_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"slices"
	"testing"

	"github.com/go-webauthn/webauthn/protocol/webauthncbor"

	"github.com/sijil/sijil/internal/passkey"
)

var here = passkey.Site{ID: "sijil.example", Origins: []string{"https://sijil.example", "https://www.sijil.example:8443"}}

// The flags of authenticator data, §6.1.
const (
	present, verified, eligible, backedUp, attested, extended = 0x01, 0x04, 0x08, 0x10, 0x40, 0x80
)

// authenticator is a browser with a passkey, in software. A test changes what it says
// before it signs.
type authenticator struct {
	key     *ecdsa.PrivateKey
	id      []byte
	rp      string
	flags   byte
	counter uint32
	client  string // the client data with %s for type and challenge
	cose    any    // the public key
	after   []byte // follows what authenticator data holds
	format  string
}

func newAuthenticator(t testing.TB) *authenticator {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return authenticatorOf(t, key)
}

// fixedAuthenticator has the same key in every process: a fuzzer's workers would
// otherwise each refuse the seeds of the others.
func fixedAuthenticator(t testing.TB) *authenticator {
	t.Helper()
	seed := sha256.Sum256([]byte("the passkey of the fuzz target"))
	key, err := ecdsa.ParseRawPrivateKey(elliptic.P256(), seed[:])
	if err != nil {
		t.Fatal(err)
	}
	return authenticatorOf(t, key)
}

func authenticatorOf(t testing.TB, key *ecdsa.PrivateKey) *authenticator {
	t.Helper()
	point, err := key.PublicKey.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	return &authenticator{
		key: key, id: []byte("a passkey's name"), rp: here.ID, flags: present | verified, counter: 7, format: "none",
		client: `{"type":"%s","challenge":"%s","origin":"https://sijil.example","crossOrigin":false}`,
		cose:   map[int]any{1: 2, 3: -7, -1: 1, -2: point[1:33], -3: point[33:]},
	}
}

func (a *authenticator) public() *ecdsa.PublicKey { return &a.key.PublicKey }

func (a *authenticator) clientData(kind string, challenge []byte) []byte {
	return fmt.Appendf(nil, a.client, kind, base64.RawURLEncoding.EncodeToString(challenge))
}

// data writes authenticator data, with a credential or without.
func (a *authenticator) data(t testing.TB, credential bool) []byte {
	t.Helper()
	rp := sha256.Sum256([]byte(a.rp))
	out := append(rp[:], a.flags)
	out = binary.BigEndian.AppendUint32(out, a.counter)
	if credential {
		out[32] |= attested
		out = append(out, make([]byte, 16)...)
		out = binary.BigEndian.AppendUint16(out, uint16(len(a.id)))
		out = append(append(out, a.id...), pack(t, a.cose)...)
	}
	return append(out, a.after...)
}

// create answers navigator.credentials.create.
func (a *authenticator) create(t testing.TB, challenge []byte) []byte {
	t.Helper()
	object := pack(t, map[string]any{"fmt": a.format, "attStmt": map[string]any{}, "authData": a.data(t, true)})
	return answer(t, a.id, map[string]any{
		"clientDataJSON": b64(a.clientData("webauthn.create", challenge)), "attestationObject": b64(object), "transports": []string{"internal"},
	})
}

// sign makes the three parts of an assertion.
func (a *authenticator) sign(t testing.TB, kind string, challenge []byte) (data, client, signature []byte) {
	t.Helper()
	data, client = a.data(t, false), a.clientData(kind, challenge)
	digest := sha256.Sum256(client)
	signed := sha256.Sum256(slices.Concat(data, digest[:]))
	signature, err := ecdsa.SignASN1(rand.Reader, a.key, signed[:])
	if err != nil {
		t.Fatal(err)
	}
	return data, client, signature
}

// get answers navigator.credentials.get.
func (a *authenticator) get(t testing.TB, kind string, challenge []byte) []byte {
	t.Helper()
	data, client, signature := a.sign(t, kind, challenge)
	return assertion(t, a.id, data, client, signature)
}

func assertion(t testing.TB, id, data, client, signature []byte) []byte {
	t.Helper()
	return answer(t, id, map[string]any{"authenticatorData": b64(data), "clientDataJSON": b64(client), "signature": b64(signature)})
}

func answer(t testing.TB, id []byte, response map[string]any) []byte {
	t.Helper()
	out, err := json.Marshal(map[string]any{
		"id": b64(id), "rawId": b64(id), "type": "public-key", "response": response,
		"clientExtensionResults": map[string]any{}, "authenticatorAttachment": "platform",
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func b64(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

func pack(t testing.TB, v any) []byte {
	t.Helper()
	out, err := webauthncbor.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// rs256 is a COSE key of RSA.
func rs256(t testing.TB) any {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	return map[int]any{1: 3, 3: -257, -1: key.N.Bytes(), -2: []byte{1, 0, 1}}
}
