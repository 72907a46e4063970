//go:build pkcs11

package pkcs11

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	p11 "github.com/miekg/pkcs11"

	"github.com/sijil/sijil/internal/pkcs11/pkcs11test"
)

// TestSoftHSM goes through a token's life. SoftHSM reads its configuration once in a
// process, so that one test has to do.
func TestSoftHSM(t *testing.T) {
	token := pkcs11test.New(t, "office")
	t.Setenv("SOFTHSM2_CONF", token.Config)
	uri := func(object string) *URI { return &URI{Token: "office", Object: object, Module: token.Module} }
	asked := 0
	pin := func() ([]byte, error) { asked++; return []byte(pkcs11test.PIN), nil }

	t.Run("what is not there", func(t *testing.T) {
		for says, c := range map[string]*URI{
			"is not there":                    {Object: "a", Module: "/nonexistent.so"},
			`fits no token; there are: "offi`: {Token: "other", Object: "a", Module: token.Module},
			"no such key":                     uri("a"),
		} {
			if k, err := Open(c, P256, pin); err == nil || k != nil || !strings.Contains(err.Error(), says) {
				t.Errorf("%v: %v, %v", c, k, err)
			}
		}
	})
	t.Run("a wrong PIN", func(t *testing.T) {
		tried := 0
		_, err := Open(uri("a"), P256, func() ([]byte, error) { tried++; return []byte("0000"), nil })
		if !errors.Is(err, ErrPIN) || tried != 1 {
			t.Errorf("%v after %d tries", err, tried)
		}
		if _, err := Open(uri("a"), P256, nil); err == nil || !strings.Contains(err.Error(), "pin-source=file:/path") {
			t.Errorf("nobody to ask: %v", err)
		}
	})
	t.Run("P-256", func(t *testing.T) {
		asked = 0
		k, err := Create(uri("publisher"), P256, pin)
		if err != nil {
			t.Fatal(err)
		}
		if asked != 1 {
			t.Errorf("the PIN was asked for %d times", asked)
		}
		checkP256(t, k, k.Public())
		if _, err := Create(uri("publisher"), P256, pin); !errors.Is(err, ErrExists) {
			t.Errorf("the same label again: %v", err)
		}
		if _, err := Create(&URI{Object: "other", ID: k.URI().ID, Module: token.Module}, P256, pin); !errors.Is(err, ErrExists) {
			t.Errorf("the same id again: %v", err)
		}
		again, err := Open(k.URI(), P256, pin)
		if err != nil {
			t.Fatal(err)
		}
		checkP256(t, again, k.Public())
		if _, err := Open(uri("publisher"), Ed25519, pin); err == nil || !strings.Contains(err.Error(), "not Ed25519") {
			t.Errorf("opened as Ed25519: %v", err)
		}
		neverGivenAway(t, again.(*key))
	})
	t.Run("Ed25519, and a PIN in a file", func(t *testing.T) {
		file := filepath.Join(t.TempDir(), "pin")
		if err := os.WriteFile(file, []byte(pkcs11test.PIN+"\n"), 0o644); err != nil {
			t.Fatal(err)
		}
		u := uri("log")
		u.PIN = file
		if _, err := Create(u, Ed25519, nil); err == nil || !strings.Contains(err.Error(), "chmod 600") {
			t.Errorf("a file that others can read: %v", err)
		}
		if err := os.Chmod(file, 0o600); err != nil {
			t.Fatal(err)
		}
		k, err := Create(u, Ed25519, nil)
		if err != nil {
			t.Fatal(err)
		}
		checkEd25519(t, k)
		if _, err := k.Sign(nil, make([]byte, 32), crypto.SHA256); err == nil {
			t.Error("a digest was signed under Ed25519")
		}
	})
	t.Run("a session that ended", func(t *testing.T) {
		k, err := Open(uri("publisher"), P256, pin)
		if err != nil {
			t.Fatal(err)
		}
		end(t, k.(*key))
		checkP256(t, k, k.Public())
		// The PIN was changed meanwhile: tried once, and never again.
		own := k.(*key)
		own.pin = func() ([]byte, error) { asked++; return []byte("0000"), nil }
		end(t, own)
		asked = 0
		for range 3 {
			if _, err := k.Sign(nil, make([]byte, 32), crypto.SHA256); !errors.Is(err, ErrPIN) {
				t.Errorf("signed, or failed otherwise: %v", err)
			}
		}
		if asked != 1 {
			t.Errorf("a PIN that is refused was tried %d times", asked)
		}
	})
	t.Run("a PIN for each signature", func(t *testing.T) {
		k := alwaysAsks(t, uri("card"), pin)
		if !k.always {
			t.Skip("this SoftHSM has no such keys")
		}
		checkP256(t, k, k.Public())
		checkP256(t, k, k.Public())
	})
}

func checkP256(t *testing.T, k Key, pub crypto.PublicKey) {
	t.Helper()
	var running sync.WaitGroup
	for i := range 4 {
		running.Go(func() {
			digest := sha256.Sum256([]byte{byte(i)})
			sig, err := k.Sign(rand.Reader, digest[:], crypto.SHA256)
			if err != nil || !ecdsa.VerifyASN1(pub.(*ecdsa.PublicKey), digest[:], sig) {
				t.Errorf("signature %x: %v", sig, err)
			}
		})
	}
	running.Wait()
	if _, err := k.Sign(rand.Reader, []byte("short"), crypto.SHA256); err == nil {
		t.Error("what is no digest was signed")
	}
}

func checkEd25519(t *testing.T, k Key) {
	t.Helper()
	msg := []byte("a message of any length")
	sig, err := k.Sign(nil, msg, crypto.Hash(0))
	if err != nil || !ed25519.Verify(k.Public().(ed25519.PublicKey), msg, sig) {
		t.Errorf("signature %x: %v", sig, err)
	}
}

// neverGivenAway: the token keeps the private number.
func neverGivenAway(t *testing.T, k *key) {
	t.Helper()
	if b, err := k.s.attribute(k.object, p11.CKA_VALUE); err == nil {
		t.Errorf("the token gives %d bytes of the private key away", len(b))
	}
	for _, a := range []struct {
		kind uint
		want byte
	}{{p11.CKA_EXTRACTABLE, 0}, {p11.CKA_SENSITIVE, 1}} {
		if b, err := k.s.attribute(k.object, a.kind); err != nil || len(b) != 1 || b[0] != a.want {
			t.Errorf("attribute %#x: %v, %v", a.kind, b, err)
		}
	}
}

// end ends every session with the token, as a token that is pulled out does.
func end(t *testing.T, k *key) {
	t.Helper()
	slot, _, err := k.uri.slot(k.s.module)
	if err == nil {
		err = k.s.module.CloseAllSessions(slot)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// alwaysAsks makes a key whose every use wants the PIN, as smart cards have.
func alwaysAsks(t *testing.T, u *URI, pin func() ([]byte, error)) *key {
	t.Helper()
	s, err := openSession(u, true, pin)
	if err != nil {
		t.Fatal(err)
	}
	defer s.close()
	name := []*p11.Attribute{p11.NewAttribute(p11.CKA_TOKEN, true), p11.NewAttribute(p11.CKA_LABEL, u.Object), p11.NewAttribute(p11.CKA_ID, []byte{1})}
	_, _, err = s.module.GenerateKeyPair(s.handle, []*p11.Mechanism{p11.NewMechanism(p11.CKM_EC_KEY_PAIR_GEN, nil)},
		append([]*p11.Attribute{p11.NewAttribute(p11.CKA_EC_PARAMS, oidP256)}, name...),
		append([]*p11.Attribute{p11.NewAttribute(p11.CKA_PRIVATE, true), p11.NewAttribute(p11.CKA_SIGN, true), p11.NewAttribute(p11.CKA_ALWAYS_AUTHENTICATE, true)}, name...))
	if err != nil {
		t.Fatal(err)
	}
	k, err := Open(u, P256, pin)
	if err != nil {
		t.Fatal(err)
	}
	return k.(*key)
}
