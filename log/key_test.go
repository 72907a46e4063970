package log_test

import (
	"bytes"
	"crypto/ecdh"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"testing"

	"github.com/sijil/sijil/log"
)

// takesKey reports whether an entry may have the key.
func takesKey(spki []byte) bool {
	_, err := log.Entry{Digest: log.Sum([]byte("x")), Signature: []byte{1}, Key: spki}.Marshal()
	return err == nil
}

// isOneEncoding is the same in general terms: it parses as a P-256 key, and
// encodes to the same bytes.
func isOneEncoding(spki []byte) bool {
	k, err := x509.ParsePKIXPublicKey(spki)
	if err != nil {
		return false
	}
	key, ok := k.(*ecdsa.PublicKey)
	if !ok || key.Curve != elliptic.P256() {
		return false
	}
	again, err := x509.MarshalPKIXPublicKey(key)
	return err == nil && bytes.Equal(again, spki)
}

func newSPKI(t testing.TB) []byte {
	t.Helper()
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	spki, err := x509.MarshalPKIXPublicKey(&k.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	return spki
}

// TestKeyEncodings: a key has one encoding, whatever else a parser may read.
func TestKeyEncodings(t *testing.T) {
	spki := newSPKI(t)
	prefix, point := spki[:26], spki[27:] // without the 0x04 between them
	with := func(parts ...[]byte) []byte { return bytes.Join(parts, nil) }
	x := point[:32]
	offCurve := bytes.Clone(point)
	offCurve[63] ^= 1
	negative := bytes.Repeat([]byte{0xff}, 32)
	x25519, err := ecdh.X25519().GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	exchange, err := x509.MarshalPKIXPublicKey(x25519.PublicKey())
	if err != nil {
		t.Fatal(err)
	}
	if !takesKey(spki) {
		t.Fatal("a good key is refused")
	}
	for what, bad := range map[string][]byte{
		"nothing":                     nil,
		"the prefix alone":            prefix,
		"the point at infinity":       with(prefix, []byte{0}),
		"a compressed point":          with(spki[:1], []byte{0x39}, spki[2:24], []byte{0x22, 0x00, 0x02 + point[63]&1}, x),
		"compressed, the prefix kept": with(prefix, []byte{0x02 + point[63]&1}, x),
		"a hybrid point":              with(prefix, []byte{0x06 + point[63]&1}, point),
		"off the curve":               with(prefix, []byte{4}, offCurve),
		"beyond the field":            with(prefix, []byte{4}, negative, point[32:]),
		"a byte less":                 spki[:len(spki)-1],
		"a byte more":                 with(spki, []byte{0}),
		"a long-form length":          with([]byte{0x30, 0x81, 0x59}, spki[2:]),
		"unused bits":                 with(prefix[:25], []byte{1}, spki[26:]),
		"a key to exchange":           exchange,
	} {
		if takesKey(bad) {
			t.Errorf("%s: taken", what)
		}
		if isOneEncoding(bad) {
			t.Errorf("%s: is the one encoding: the test is wrong", what)
		}
	}
}

// What is taken is exactly what crypto/x509 reads as a P-256 key and writes the
// same.
func FuzzKey(f *testing.F) {
	spki := newSPKI(f)
	f.Add(spki)
	f.Add(append(bytes.Clone(spki), 0))
	f.Add(spki[:26])
	f.Fuzz(func(t *testing.T, b []byte) {
		if got, want := takesKey(b), isOneEncoding(b); got != want {
			t.Fatalf("%x: taken %v, by crypto/x509 %v", b, got, want)
		}
	})
}

// TestLargestEntry: nothing that a request can say makes an entry that does not
// fit its 16-bit length. The longest parts that are taken lead to the largest.
func TestLargestEntry(t *testing.T) {
	for size := range 200 {
		var w map[string]map[string]any
		if err := json.Unmarshal(entryRequest(t), &w); err != nil {
			t.Fatal(err)
		}
		sig := w["hashedRekordRequestV002"]["signature"].(map[string]any)
		sig["content"] = base64.StdEncoding.EncodeToString(bytes.Repeat([]byte{1}, size))
		b, err := json.Marshal(w)
		if err != nil {
			t.Fatal(err)
		}
		e, err := log.ParseEntryRequest(b)
		if taken := err == nil; taken != (size >= 1 && size <= 72) {
			t.Fatalf("a signature of %d bytes: %v", size, err)
		} else if !taken {
			continue
		}
		leaf, err := e.Marshal()
		if err != nil || len(leaf) > 512 || len(leaf) > log.MaxEntry {
			t.Fatalf("a signature of %d bytes leads to an entry of %d, %v", size, len(leaf), err)
		}
	}
}

func BenchmarkKey(b *testing.B) {
	e := log.Entry{Digest: log.Sum([]byte("x")), Signature: make([]byte, 70), Key: newSPKI(b)}
	e.Signature[0] = 1
	b.ReportAllocs()
	for b.Loop() {
		if _, err := e.Marshal(); err != nil {
			b.Fatal(err)
		}
	}
}
