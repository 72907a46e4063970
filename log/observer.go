package log

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"

	"golang.org/x/mod/sumdb/note"
)

// ObserverType is the first line of every observer note.
const ObserverType = "urn:sijil:observer:v1"

// maxObserverKeys bounds the keys of an observer note.
const maxObserverKeys = 16

// VerifiedObserver is an observer note whose signature by the log's key was verified:
// the keys under which the service signs what it saw, the one in use first. Only
// OpenObserver makes one.
type VerifiedObserver struct {
	keys [][]byte
	note []byte
}

// Keys are DER SubjectPublicKeyInfo, ECDSA P-256.
func (v *VerifiedObserver) Keys() [][]byte {
	out := make([][]byte, len(v.keys))
	for i, k := range v.keys {
		out[i] = bytes.Clone(k)
	}
	return out
}

// Note returns the signed note's bytes.
func (v *VerifiedObserver) Note() []byte { return bytes.Clone(v.note) }

// SignObserver makes the signed note, by the log's key:
//
//	urn:sijil:observer:v1
//	log.example
//	MFkw…            one line for each key: base64 of its SubjectPublicKeyInfo
func SignObserver(signer note.Signer, keys [][]byte) ([]byte, error) {
	text := observerText(signer.Name(), keys)
	if _, err := parseObserver(text, signer.Name()); err != nil {
		return nil, fmt.Errorf("sign observer: %w", err)
	}
	b, err := note.Sign(&note.Note{Text: text}, signer)
	if err != nil {
		return nil, fmt.Errorf("sign observer: %w", err)
	}
	return b, nil
}

func observerText(origin string, keys [][]byte) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n%s\n", ObserverType, origin)
	for _, k := range keys {
		fmt.Fprintln(&b, base64.StdEncoding.EncodeToString(k))
	}
	return b.String()
}

// OpenObserver verifies the log's signature and parses the note.
func OpenObserver(b []byte, p Policy) (*VerifiedObserver, error) {
	n, err := openLogNote(b, p)
	if err != nil {
		return nil, fmt.Errorf("observer: %w", err)
	}
	keys, err := parseObserver(n.Text, p.Origin())
	if err != nil {
		return nil, fmt.Errorf("observer: %w", err)
	}
	return &VerifiedObserver{keys: keys, note: bytes.Clone(b)}, nil
}

func parseObserver(text, origin string) ([][]byte, error) {
	lines := strings.Split(text, "\n")
	if len(lines) < 4 || len(lines) > 3+maxObserverKeys || lines[len(lines)-1] != "" {
		return nil, fmt.Errorf("want a type, an origin, and 1 to %d keys", maxObserverKeys)
	}
	if lines[0] != ObserverType {
		return nil, fmt.Errorf("first line is %q, want %q", clip(lines[0]), ObserverType)
	}
	if lines[1] != origin {
		return nil, fmt.Errorf("origin is %q, want %q", clip(lines[1]), origin)
	}
	var keys [][]byte
	for i, line := range lines[2 : len(lines)-1] {
		der, err := base64.StdEncoding.DecodeString(line)
		if err != nil {
			return nil, fmt.Errorf("key %d: not base64", i+1)
		}
		k, err := x509.ParsePKIXPublicKey(der)
		if err != nil {
			return nil, fmt.Errorf("key %d: not a SubjectPublicKeyInfo", i+1)
		}
		if p, ok := k.(*ecdsa.PublicKey); !ok || p.Curve != elliptic.P256() {
			return nil, fmt.Errorf("key %d: not ECDSA P-256", i+1)
		}
		for _, before := range keys {
			if bytes.Equal(before, der) {
				return nil, fmt.Errorf("key %d: given twice", i+1)
			}
		}
		keys = append(keys, der)
	}
	if observerText(origin, keys) != text {
		return nil, errors.New("not the one encoding of its values")
	}
	return keys, nil
}
