package keys_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"strings"
	"testing"

	"github.com/secure-systems-lab/go-securesystemslib/encrypted"

	"github.com/sijil/sijil/keys"
)

const passphrase = "correct horse battery staple"

func TestEncryptDecrypt(t *testing.T) {
	s, err := keys.GenerateSigner(rand.Reader)
	check(t, err)
	file, err := s.Encrypt([]byte(passphrase))
	check(t, err)
	if block, rest := pem.Decode(file); block == nil || block.Type != "ENCRYPTED SIGSTORE PRIVATE KEY" || len(rest) != 0 {
		t.Errorf("file %.60q…", file)
	}
	opened, err := keys.DecryptSigner(file, []byte(passphrase))
	check(t, err)
	if opened.Public().Digest() != s.Public().Digest() {
		t.Error("another key came back")
	}
	b, err := opened.Sign(rand.Reader, []byte(`{}`))
	check(t, err)
	if _, err := b.VerifySignature(s.Public().ECDSA()); err != nil {
		t.Errorf("a signature by the opened key: %v", err)
	}
	for _, wrong := range []string{"", "Correct horse battery staple", passphrase + " "} {
		if s, err := keys.DecryptSigner(file, []byte(wrong)); s != nil || !errors.Is(err, keys.ErrPassphrase) {
			t.Errorf("passphrase %q: %v", wrong, err)
		}
	}
	if _, err := s.Encrypt(nil); err == nil || !strings.Contains(err.Error(), "passphrase is empty") {
		t.Errorf("no passphrase: %v", err)
	}
	again, err := s.Encrypt([]byte(passphrase))
	check(t, err)
	if bytes.Equal(again, file) {
		t.Error("two files are equal: there is no salt")
	}
}

// sealed is a private key in cosign's format.
func sealed(t *testing.T, key any, kind string) []byte {
	t.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(key)
	check(t, err)
	box, err := encrypted.Encrypt(der, []byte(passphrase))
	check(t, err)
	return pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: box})
}

// TestCosignFiles: keys that cosign made open under both names of their block.
func TestCosignFiles(t *testing.T) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	check(t, err)
	want, err := keys.NewPublicKey(&key.PublicKey)
	check(t, err)
	for _, kind := range []string{"ENCRYPTED COSIGN PRIVATE KEY", "ENCRYPTED SIGSTORE PRIVATE KEY"} {
		s, err := keys.DecryptSigner(sealed(t, key, kind), []byte(passphrase))
		if err != nil || s.Public().Digest() != want.Digest() {
			t.Errorf("%s: %v", kind, err)
		}
	}
}

// TestRefusedKeyFiles: each file that is no key for us is refused for its own
// reason.
func TestRefusedKeyFiles(t *testing.T) {
	p384, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	check(t, err)
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	check(t, err)
	_, edKey, err := ed25519.GenerateKey(rand.Reader)
	check(t, err)
	p256, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	check(t, err)
	pkcs8, err := x509.MarshalPKCS8PrivateKey(p256)
	check(t, err)
	sec1, err := x509.MarshalECPrivateKey(p256)
	check(t, err)
	sealedSEC1, err := encrypted.Encrypt(sec1, []byte(passphrase))
	check(t, err)
	const cosign = "ENCRYPTED COSIGN PRIVATE KEY"
	good := sealed(t, p256, cosign)
	for name, c := range map[string]struct {
		file []byte
		says string
	}{
		"P-384":           {sealed(t, p384, cosign), "not ECDSA P-256: make one with `sijil keygen`"},
		"RSA":             {sealed(t, rsaKey, cosign), "*rsa.PrivateKey, want ECDSA P-256: make one with `sijil keygen`"},
		"Ed25519":         {sealed(t, edKey, cosign), "ed25519.PrivateKey, want ECDSA P-256: make one with `sijil keygen`"},
		"unencrypted":     {pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: pkcs8}), "is not encrypted (PRIVATE KEY)"},
		"unencrypted EC":  {pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: sec1}), "is not encrypted (EC PRIVATE KEY)"},
		"unencrypted RSA": {pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(rsaKey)}), "is not encrypted (RSA PRIVATE KEY)"},
		"public key":      {pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: pkcs8}), `holds a "PUBLIC KEY" block`},
		"not PKCS #8":     {pem.EncodeToMemory(&pem.Block{Type: cosign, Bytes: sealedSEC1}), "not PKCS #8"},
		"no PEM":          {[]byte("a key"), "no PEM block"},
		"nothing":         {nil, "no PEM block"},
		"huge":            {append(good, make([]byte, 16<<10)...), "over 16384 bytes"},
		"damaged":         {bytes.Replace(good, []byte("\n\n"), nil, 1)[:len(good)/2], "no PEM block"},
		"empty box":       {pem.EncodeToMemory(&pem.Block{Type: cosign}), keys.ErrPassphrase.Error()},
	} {
		s, err := keys.DecryptSigner(c.file, []byte(passphrase))
		if s != nil || err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v, want …%s…", name, err, c.says)
		}
	}
}

func TestPublicKey(t *testing.T) {
	s, err := keys.GenerateSigner(rand.Reader)
	check(t, err)
	p := s.Public()
	got, err := keys.ParsePublicKeyPEM(p.PEM())
	if err != nil || got.Digest() != p.Digest() || got.Hint() != p.Hint() || !bytes.Equal(got.SPKI(), p.SPKI()) {
		t.Errorf("PEM round trip: %v", err)
	}
	p384, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	check(t, err)
	other, err := x509.MarshalPKIXPublicKey(&p384.PublicKey)
	check(t, err)
	ed, _, err := ed25519.GenerateKey(rand.Reader)
	check(t, err)
	edDER, err := x509.MarshalPKIXPublicKey(ed)
	check(t, err)
	for name, c := range map[string]struct {
		der  []byte
		says string
	}{
		"P-384":       {other, "public key is not ECDSA P-256"},
		"Ed25519":     {edDER, "public key is not ECDSA P-256"},
		"nothing":     {nil, "not a DER SubjectPublicKeyInfo"},
		"a byte more": {append(p.SPKI(), 0), "not a DER SubjectPublicKeyInfo"},
		"a byte less": {p.SPKI()[:90], "not a DER SubjectPublicKeyInfo"},
	} {
		if got, err := keys.ParsePublicKey(c.der); got != nil || err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v, want …%s…", name, err, c.says)
		}
	}
	if _, err := keys.NewPublicKey(nil); err == nil {
		t.Error("accepted no key")
	}
	if _, err := keys.NewPublicKey(&p384.PublicKey); err == nil {
		t.Error("accepted P-384")
	}
	for name, file := range map[string][]byte{"two blocks": append(p.PEM(), p.PEM()...), "text after": append(p.PEM(), "x"...), "no PEM": p.SPKI(),
		"a private block": pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: p.SPKI()})} {
		if _, err := keys.ParsePublicKeyPEM(file); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
