package badge_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/asn1"
	"errors"
	"math/big"
	"strings"
	"testing"

	"github.com/sijil/sijil/internal/badge"
	"github.com/sijil/sijil/internal/signatory"
)

// TestNewRecord: the signature that browsers verify is that of the envelope, in 64 bytes
// whatever its numbers are.
func TestNewRecord(t *testing.T) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256([]byte("a statement"))
	der, err := ecdsa.SignASN1(rand.Reader, key, sum[:])
	if err != nil {
		t.Fatal(err)
	}
	r, err := badge.NewRecord(3, []byte("key"), []byte("payload"), der, nil)
	if err != nil || len(r.Signature) != 64 || r.Proof == nil ||
		!ecdsa.Verify(&key.PublicKey, sum[:], new(big.Int).SetBytes(r.Signature[:32]), new(big.Int).SetBytes(r.Signature[32:])) {
		t.Errorf("%v, %v", r, err)
	}
	short, err := asn1.Marshal(struct{ R, S *big.Int }{big.NewInt(1), big.NewInt(255)})
	if err != nil {
		t.Fatal(err)
	}
	if r, err = badge.NewRecord(0, nil, nil, short, nil); err != nil || r.Signature[31] != 1 || r.Signature[63] != 255 {
		t.Errorf("%v, %v", r, err)
	}
	large, err := asn1.Marshal(struct{ R, S *big.Int }{new(big.Int).Lsh(big.NewInt(1), 256), big.NewInt(1)})
	if err != nil {
		t.Fatal(err)
	}
	for name, bad := range map[string][]byte{"none": nil, "more": append(der, 0), "half": der[:len(der)/2], "too large": large} {
		if _, err := badge.NewRecord(0, nil, nil, bad, nil); err == nil {
			t.Errorf("%s: taken", name)
		}
	}
}

// TestDocument: one encoding, and none of what is too large or has a withheld name.
func TestDocument(t *testing.T) {
	d := badge.Document{Checkpoint: "c\n", Head: "h\n", Policy: "p\n", Records: []badge.Record{}}
	v, err := badge.NewVersion([]signatory.Disclosure{"WyJzYWx0Iix7fV0"}, map[string][]byte{"en": []byte("Text\n")})
	if err != nil {
		t.Fatal(err)
	}
	d.Versions = []badge.Version{v}
	b, err := d.Marshal()
	const want = `{"checkpoint":"c\n","head":"h\n","policy":"p\n","records":[],"versions":[{"disclosures":["[\"salt\",{}]"],"texts":{"en":"Text\n"}}]}`
	if err != nil || string(b) != want {
		t.Errorf("%s, %v, want %s", b, err, want)
	}
	if _, err := badge.NewVersion([]signatory.Disclosure{"%"}, nil); err == nil {
		t.Error("a disclosure that is no base64url")
	}
	if _, err := badge.NewVersion([]signatory.Disclosure{"WyJzYWx0Iix7fV0", ""}, nil); !errors.Is(err, badge.ErrNotPlain) {
		t.Error(err)
	}
	d.Head = strings.Repeat("x", badge.MaxBytes)
	if _, err := d.Marshal(); !errors.Is(err, badge.ErrTooLarge) {
		t.Error(err)
	}
	d.Head, d.Records = "", make([]badge.Record, badge.MaxRecords+1)
	if _, err := d.Marshal(); !errors.Is(err, badge.ErrTooLarge) {
		t.Error(err)
	}
}
