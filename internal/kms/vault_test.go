//go:build hashivault

package kms_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/sijil/sijil/internal/kms"
	"github.com/sijil/sijil/keys"
)

// vault answers as the transit engine of a Vault does that holds one key.
func vault(t *testing.T, key *ecdsa.PrivateKey) *httptest.Server {
	der, err := x509.MarshalPKIXPublicKey(&key.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	public := string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}))
	mux := http.NewServeMux()
	answer := func(w http.ResponseWriter, data map[string]any) {
		if err := json.NewEncoder(w).Encode(map[string]any{"data": data}); err != nil {
			t.Error(err)
		}
	}
	mux.HandleFunc("GET /v1/transit/keys/office", func(w http.ResponseWriter, _ *http.Request) {
		answer(w, map[string]any{"latest_version": 1, "keys": map[string]any{"1": map[string]any{"name": "P-256", "public_key": public}}})
	})
	mux.HandleFunc("PUT /v1/transit/sign/office/sha2-256", func(w http.ResponseWriter, r *http.Request) {
		var in struct {
			Input     string
			Prehashed bool
		}
		if err := json.NewDecoder(r.Body).Decode(&in); err != nil || !in.Prehashed || r.Header.Get("X-Vault-Token") != "let-me-in" {
			http.Error(w, "no", http.StatusForbidden)
			return
		}
		digest, err := base64.StdEncoding.DecodeString(in.Input)
		if err != nil {
			t.Error(err)
		}
		sig, err := ecdsa.SignASN1(rand.Reader, key, digest)
		if err != nil {
			t.Error(err)
		}
		answer(w, map[string]any{"signature": "vault:v1:" + base64.StdEncoding.EncodeToString(sig)})
	})
	s := httptest.NewServer(mux)
	t.Cleanup(s.Close)
	return s
}

// TestVault: a record signed by a key in a Vault verifies, and what is not there is
// said.
func TestVault(t *testing.T) {
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("VAULT_ADDR", vault(t, private).URL)
	t.Setenv("VAULT_TOKEN", "let-me-in")
	key, err := kms.Open(t.Context(), "hashivault://office")
	if err != nil {
		t.Fatal(err)
	}
	signer, err := keys.NewSigner(key)
	if err != nil {
		t.Fatal(err)
	}
	b, err := signer.Sign(rand.Reader, []byte(`{}`))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := b.VerifySignature(&private.PublicKey); err != nil {
		t.Error(err)
	}
	if k, err := kms.Open(t.Context(), "hashivault://other"); err == nil {
		t.Errorf("a key that is not there: %v", k)
	}
	if _, err := kms.Open(t.Context(), "office://key"); !errors.Is(err, kms.ErrNotBuilt) {
		t.Errorf("another scheme: %v", err)
	}
	t.Setenv("VAULT_TOKEN", "guess")
	if key, err = kms.Open(t.Context(), "hashivault://office"); err != nil {
		t.Fatal(err)
	}
	if _, err := key.Sign(nil, make([]byte, 32), crypto.SHA256); err == nil || !strings.Contains(err.Error(), "403") {
		t.Errorf("a token that may not sign: %v", err)
	}
}
