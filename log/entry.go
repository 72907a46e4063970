package log

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/sijil/sijil/internal/jcs"
)

// MaxEntry is the largest entry, in bytes (C2SP tlog-tiles writes the length in
// 16 bits).
const MaxEntry = 65535

const (
	entryKind    = "hashedrekord"
	entryVersion = "0.0.2"
	keyDetails   = "PKIX_ECDSA_P256_SHA_256"
)

// Entry is what the log stores of a signed statement: the digest of the signed
// bytes, the signature and the key. No text and no name is ever in it.
type Entry struct {
	Digest    Digest // of the DSSE PAE: the record digest
	Signature []byte // ASN.1 DER ECDSA
	Key       []byte // DER SubjectPublicKeyInfo, ECDSA P-256
}

// The wire form, a Rekor v2 hashedrekord 0.0.2 in RFC 8785 bytes; jcs sorts the
// members.
type wireEntry struct {
	APIVersion string   `json:"apiVersion"`
	Kind       string   `json:"kind"`
	Spec       wireSpec `json:"spec"`
}

type wireSpec struct {
	HashedRekordV002 wireRecord `json:"hashedRekordV002"`
}

type wireRecord struct {
	Data      wireData      `json:"data"`
	Signature wireSignature `json:"signature"`
}

type wireData struct {
	Algorithm string `json:"algorithm"`
	Digest    []byte `json:"digest"`
}

type wireSignature struct {
	Content  []byte       `json:"content"`
	Verifier wireVerifier `json:"verifier"`
}

type wireVerifier struct {
	KeyDetails string  `json:"keyDetails"`
	PublicKey  wireKey `json:"publicKey"`
}

type wireKey struct {
	RawBytes []byte `json:"rawBytes"`
}

// Marshal returns the entry's bytes: what the log hashes into its tree.
func (e Entry) Marshal() ([]byte, error) {
	if e.Digest.IsZero() || len(e.Signature) == 0 {
		return nil, errors.New("entry: no digest or no signature")
	}
	if _, err := ParseKey(e.Key); err != nil {
		return nil, fmt.Errorf("entry: %w", err)
	}
	b := e.encode()
	if len(b) > MaxEntry {
		return nil, fmt.Errorf("entry: %d bytes, at most %d", len(b), MaxEntry)
	}
	return b, nil
}

// encode writes the wire form. Its members have one order and its strings need
// no escapes, so that it is RFC 8785 as it stands; ParseEntry holds it to that.
func (e Entry) encode() []byte {
	b := make([]byte, 0, 320+base64.StdEncoding.EncodedLen(len(e.Signature)+len(e.Key)))
	b = append(b, `{"apiVersion":"`+entryVersion+`","kind":"`+entryKind+`","spec":{"hashedRekordV002":{"data":{"algorithm":"SHA2_256","digest":"`...)
	b = base64.StdEncoding.AppendEncode(b, e.Digest[:])
	b = append(b, `"},"signature":{"content":"`...)
	b = base64.StdEncoding.AppendEncode(b, e.Signature)
	b = append(b, `","verifier":{"keyDetails":"`+keyDetails+`","publicKey":{"rawBytes":"`...)
	b = base64.StdEncoding.AppendEncode(b, e.Key)
	return append(b, `"}}}}}}`...)
}

// ParseEntry reads an entry's bytes; it accepts exactly what Marshal writes.
func ParseEntry(b []byte) (Entry, error) {
	if len(b) > MaxEntry {
		return Entry{}, fmt.Errorf("entry: %d bytes, at most %d", len(b), MaxEntry)
	}
	var w wireEntry
	if err := jcs.Unmarshal(b, &w); err != nil {
		return Entry{}, fmt.Errorf("entry: %w", err)
	}
	r := w.Spec.HashedRekordV002
	switch {
	case w.APIVersion != entryVersion || w.Kind != entryKind:
		return Entry{}, fmt.Errorf("entry: %s %s, want %s %s", clip(w.Kind), clip(w.APIVersion), entryKind, entryVersion)
	case r.Data.Algorithm != "SHA2_256" || len(r.Data.Digest) != len(Digest{}):
		return Entry{}, errors.New("entry: data: want a SHA2_256 digest of 32 bytes")
	case r.Signature.Verifier.KeyDetails != keyDetails:
		return Entry{}, fmt.Errorf("entry: key details %q, want %s", clip(r.Signature.Verifier.KeyDetails), keyDetails)
	}
	e := Entry{Digest: Digest(r.Data.Digest), Signature: r.Signature.Content, Key: r.Signature.Verifier.PublicKey.RawBytes}
	again, err := e.Marshal()
	if err != nil {
		return Entry{}, err
	}
	if string(again) != string(b) {
		return Entry{}, fmt.Errorf("entry: %w", jcs.ErrNotCanonical)
	}
	return e, nil
}

// Verify checks the entry's own signature over its digest.
func (e Entry) Verify() error {
	key, err := ParseKey(e.Key)
	if err != nil {
		return fmt.Errorf("entry: %w", err)
	}
	if !ecdsa.VerifyASN1(key, e.Digest[:], e.Signature) {
		return errors.New("entry: signature does not verify under its key")
	}
	return nil
}

// LeafHash is the RFC 6962 leaf hash of an entry's bytes.
func LeafHash(entry []byte) tlog.Hash { return tlog.RecordHash(entry) }

// p256Prefix begins the one DER SubjectPublicKeyInfo of an ECDSA P-256 key
// (RFC 5480); the uncompressed point follows.
const p256Prefix = "\x30\x59\x30\x13\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07\x03\x42\x00"

// ParseKey reads the DER SubjectPublicKeyInfo of an ECDSA P-256 key. Since there is one
// encoding, it is compared; what differs is parsed in general, to say what is wrong with it.
func ParseKey(spki []byte) (*ecdsa.PublicKey, error) {
	if point, ok := bytes.CutPrefix(spki, []byte(p256Prefix)); ok {
		if key, err := ecdsa.ParseUncompressedPublicKey(elliptic.P256(), point); err == nil {
			return key, nil
		}
	}
	k, err := x509.ParsePKIXPublicKey(spki)
	if err != nil {
		return nil, errors.New("public key is not a DER SubjectPublicKeyInfo")
	}
	key, ok := k.(*ecdsa.PublicKey)
	if !ok || key.Curve != elliptic.P256() {
		return nil, errors.New("public key is not ECDSA P-256")
	}
	again, err := x509.MarshalPKIXPublicKey(key)
	if err != nil || string(again) != string(spki) {
		return nil, errors.New("public key is not in its one DER encoding")
	}
	return key, nil
}
