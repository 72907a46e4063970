package keys

import (
	"crypto"
	"crypto/ed25519"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"

	"golang.org/x/mod/sumdb/note"

	"github.com/sijil/sijil/log"
)

// algEd25519 is the signature type byte of C2SP signed-note.
const algEd25519 = 0x01

// LogKey is a log's verifier key: Ed25519, named by the log's origin.
type LogKey struct {
	origin string
	pub    ed25519.PublicKey
	vkey   string
}

// ParseLogKey reads a C2SP signed-note verifier key, "name+hash+base64".
func ParseLogKey(vkey string) (*LogKey, error) {
	v, err := note.NewVerifier(vkey)
	if err != nil {
		return nil, fmt.Errorf("log key %q: not a signed-note verifier key", clip(vkey))
	}
	if err := checkOrigin(v.Name()); err != nil {
		return nil, fmt.Errorf("log key: %w", err)
	}
	parts := strings.SplitN(vkey, "+", 3)
	raw, err := base64.StdEncoding.DecodeString(parts[2])
	if err != nil || len(raw) != 1+ed25519.PublicKeySize || raw[0] != algEd25519 {
		return nil, fmt.Errorf("log key %q: not an Ed25519 key", clip(vkey))
	}
	again, err := note.NewEd25519VerifierKey(v.Name(), raw[1:])
	if err != nil || again != vkey {
		return nil, fmt.Errorf("log key %q: not in its one encoding", clip(vkey))
	}
	return &LogKey{origin: v.Name(), pub: ed25519.PublicKey(raw[1:]), vkey: vkey}, nil
}

// String returns the verifier key's text form.
func (k *LogKey) String() string { return k.vkey }

// Origin is the log's name: its host name alone.
func (k *LogKey) Origin() string { return k.origin }

// ID is the full SHA-256 of origin "\n" 0x01 key, as Sigstore clients want it in
// logId.keyId; its first four bytes are the signed-note key hash.
func (k *LogKey) ID() log.Digest {
	h := sha256.New()
	io.WriteString(h, k.origin+"\n")
	h.Write([]byte{algEd25519})
	h.Write(k.pub)
	return log.Digest(h.Sum(nil))
}

// SPKI is the DER SubjectPublicKeyInfo, as a trusted root holds it.
func (k *LogKey) SPKI() []byte {
	der, err := x509.MarshalPKIXPublicKey(k.pub)
	if err != nil {
		panic("keys: Ed25519 public key does not encode: " + err.Error()) // cannot happen
	}
	return der
}

// Verifier returns the signed-note verifier.
func (k *LogKey) Verifier() note.Verifier {
	v, err := note.NewVerifier(k.vkey)
	if err != nil {
		panic("keys: parsed log key no longer parses: " + err.Error()) // ParseLogKey did it
	}
	return v
}

// GenerateLogKey makes a log's key pair. skey is the signer's secret text form
// (C2SP signed-note), to be kept in a file of mode 0600.
func GenerateLogKey(rand io.Reader, origin string) (skey string, key *LogKey, err error) {
	if err := checkOrigin(origin); err != nil {
		return "", nil, err
	}
	skey, vkey, err := note.GenerateKey(rand, origin)
	if err != nil {
		return "", nil, fmt.Errorf("generate log key: %w", err)
	}
	key, err = ParseLogKey(vkey)
	return skey, key, err
}

// LoadLogSigner reads the secret text form and returns signer and verifier key.
func LoadLogSigner(skey string) (note.Signer, *LogKey, error) {
	skey = strings.TrimSuffix(skey, "\n")
	s, err := note.NewSigner(skey)
	if err != nil {
		return nil, nil, errors.New("log key file: not a signed-note signer key")
	}
	parts := strings.SplitN(skey, "+", 5) // PRIVATE+KEY+name+hash+base64, where base64 may hold a +
	seed, err := base64.StdEncoding.DecodeString(parts[len(parts)-1])
	if err != nil || len(seed) != 1+ed25519.SeedSize || seed[0] != algEd25519 {
		return nil, nil, errors.New("log key file: not an Ed25519 key")
	}
	pub := ed25519.NewKeyFromSeed(seed[1:]).Public().(ed25519.PublicKey)
	vkey, err := note.NewEd25519VerifierKey(s.Name(), pub)
	if err != nil {
		return nil, nil, fmt.Errorf("log key file: %w", err)
	}
	key, err := ParseLogKey(vkey)
	if err != nil {
		return nil, nil, err
	}
	return s, key, nil
}

// NewLogSigner returns signer and verifier key of an Ed25519 key that is elsewhere, in
// a device, as the log named origin.
func NewLogSigner(origin string, key crypto.Signer) (note.Signer, *LogKey, error) {
	pub, ok := key.Public().(ed25519.PublicKey)
	if !ok {
		return nil, nil, fmt.Errorf("log key is %T, want Ed25519", key.Public())
	}
	vkey, err := note.NewEd25519VerifierKey(origin, pub)
	if err != nil {
		return nil, nil, fmt.Errorf("log key: %w", err)
	}
	parsed, err := ParseLogKey(vkey)
	if err != nil {
		return nil, nil, err
	}
	return &deviceSigner{note: parsed.Verifier(), key: key, made: map[log.Digest][]byte{}}, parsed, nil
}

// maxMade is how many signatures a deviceSigner remembers; each takes some 150 bytes.
const maxMade = 4096

// deviceSigner is a note.Signer over a key that is elsewhere. Readers ask for the same
// heads again and again, and a device may sign twenty times a second: an Ed25519
// signature of the same bytes is the same, so it is made once.
type deviceSigner struct {
	note note.Verifier // knows the name and the key's hash
	key  crypto.Signer

	mu   sync.Mutex // guards made
	made map[log.Digest][]byte
}

func (s *deviceSigner) Name() string { return s.note.Name() }

func (s *deviceSigner) KeyHash() uint32 { return s.note.KeyHash() }

func (s *deviceSigner) Sign(msg []byte) ([]byte, error) {
	digest := log.Sum(msg)
	s.mu.Lock()
	sig := s.made[digest]
	s.mu.Unlock()
	if sig != nil {
		return slices.Clone(sig), nil
	}
	sig, err := s.key.Sign(nil, msg, crypto.Hash(0)) // Ed25519 takes the message, and no chance
	if err != nil {
		return nil, fmt.Errorf("sign with the log key: %w", err)
	}
	if !s.note.Verify(msg, sig) {
		return nil, errors.New("sign with the log key: the signature that came back does not verify under the public key that goes with it")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.made) >= maxMade {
		clear(s.made)
	}
	s.made[digest] = slices.Clone(sig)
	return sig, nil
}

// OriginOf returns the origin of a service's base address: its host name alone,
// without port or path, as Sigstore clients derive it.
func OriginOf(base string) (string, error) {
	u, err := url.Parse(base)
	if err != nil {
		return "", fmt.Errorf("address %q: not a URL", clip(base))
	}
	if u.Scheme != "http" && u.Scheme != "https" {
		return "", fmt.Errorf("address %q: want http:// or https://", clip(base))
	}
	if u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return "", fmt.Errorf("address %q: no user, query or fragment is allowed", clip(base))
	}
	host := u.Hostname()
	if err := checkOrigin(host); err != nil {
		return "", fmt.Errorf("address %q: %w", clip(base), err)
	}
	return host, nil
}

var hostname = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*$`)
})

func checkOrigin(origin string) error {
	if len(origin) > 253 || !hostname().MatchString(origin) {
		return fmt.Errorf("origin %q: not a lower-case host name", clip(origin))
	}
	return nil
}
