package keys_test

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"errors"
	"io"
	"strings"
	"testing"

	"golang.org/x/mod/sumdb/note"

	"github.com/sijil/sijil/keys"
)

// device is a key that is elsewhere: it counts what it signs, and can err.
type device struct {
	crypto.Signer
	public crypto.PublicKey // another one than it signs with
	fails  error
	signed int
}

func (d *device) Public() crypto.PublicKey {
	if d.public != nil {
		return d.public
	}
	return d.Signer.Public()
}

func (d *device) Sign(r io.Reader, msg []byte, opts crypto.SignerOpts) ([]byte, error) {
	d.signed++
	if d.fails != nil {
		return nil, d.fails
	}
	return d.Signer.Sign(r, msg, opts)
}

// TestSignerElsewhere: what a device signs is a record like any other; a signature that
// does not verify never leaves, nor does the key.
func TestSignerElsewhere(t *testing.T) {
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	check(t, err)
	other, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	check(t, err)
	d := &device{Signer: private}
	s, err := keys.NewSigner(d)
	check(t, err)
	b, err := s.Sign(rand.Reader, []byte(`{}`))
	check(t, err)
	if _, err := b.VerifySignature(&private.PublicKey); err != nil || d.signed != 1 {
		t.Errorf("%v after %d signatures", err, d.signed)
	}
	if file, err := s.Encrypt([]byte(passphrase)); err == nil || file != nil || !strings.Contains(err.Error(), "stays there") {
		t.Errorf("encrypted: %q, %v", file, err)
	}
	d.fails = errors.New("pulled out")
	if _, err := s.Sign(rand.Reader, []byte(`{}`)); !errors.Is(err, d.fails) {
		t.Errorf("a device that fails: %v", err)
	}
	mixed, err := keys.NewSigner(&device{Signer: private, public: &other.PublicKey})
	check(t, err)
	if b, err := mixed.Sign(rand.Reader, []byte(`{}`)); err == nil || b != nil || !strings.Contains(err.Error(), "does not verify") {
		t.Errorf("a device with another key: %v", err)
	}
	_, ed, err := ed25519.GenerateKey(rand.Reader)
	check(t, err)
	if _, err := keys.NewSigner(&device{Signer: ed}); err == nil || !strings.Contains(err.Error(), "want ECDSA P-256") {
		t.Errorf("Ed25519 as a publisher's key: %v", err)
	}
}

// TestLogSignerElsewhere: the same of a log's key, which signs the same bytes once.
func TestLogSignerElsewhere(t *testing.T) {
	_, private, err := ed25519.GenerateKey(rand.Reader)
	check(t, err)
	d := &device{Signer: private}
	s, key, err := keys.NewLogSigner("log.example", d)
	check(t, err)
	if s.Name() != "log.example" || key.Origin() != "log.example" || s.KeyHash() != key.Verifier().KeyHash() {
		t.Errorf("%s, %08x", s.Name(), s.KeyHash())
	}
	var first []byte
	for i := range 3 {
		signed, err := note.Sign(&note.Note{Text: "log.example\n1\n"}, s)
		check(t, err)
		if _, err := note.Open(signed, note.VerifierList(key.Verifier())); err != nil {
			t.Error(err)
		}
		if i == 0 {
			first = signed
		}
		if !bytes.Equal(signed, first) {
			t.Error("the same note has another signature")
		}
	}
	if d.signed != 1 {
		t.Errorf("signed %d times", d.signed)
	}
	for i := range 5000 {
		if _, err := s.Sign([]byte{byte(i), byte(i >> 8)}); err != nil {
			t.Fatal(err)
		}
	}
	if d.signed != 5001 {
		t.Errorf("5,001 messages were signed %d times", d.signed)
	}
	d.fails = errors.New("pulled out")
	if _, err := s.Sign([]byte("new")); !errors.Is(err, d.fails) {
		t.Errorf("a device that fails: %v", err)
	}
	pub, _, err := ed25519.GenerateKey(rand.Reader)
	check(t, err)
	mixed, _, err := keys.NewLogSigner("log.example", &device{Signer: private, public: pub})
	check(t, err)
	if sig, err := mixed.Sign([]byte("a")); err == nil || sig != nil || !strings.Contains(err.Error(), "does not verify") {
		t.Errorf("a device with another key: %v", err)
	}
	p256, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	check(t, err)
	if _, _, err := keys.NewLogSigner("log.example", p256); err == nil || !strings.Contains(err.Error(), "want Ed25519") {
		t.Errorf("P-256 as a log's key: %v", err)
	}
	if _, _, err := keys.NewLogSigner("Log.Example", private); err == nil {
		t.Error("a name that is no host")
	}
}
