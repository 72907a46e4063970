package keys

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io"

	"github.com/secure-systems-lab/go-securesystemslib/encrypted"

	"github.com/sijil/sijil/log"
)

const pemEncrypted = "ENCRYPTED SIGSTORE PRIVATE KEY"

// maxKeyFile bounds a private key file, in bytes; a real one is under 1 KB.
const maxKeyFile = 16 << 10

// ErrPassphrase is returned when a private key cannot be decrypted: the
// passphrase is wrong, or the file is damaged; the two cannot be told apart.
// The caller may ask again.
var ErrPassphrase = errors.New("wrong passphrase, or the key file is damaged")

// Signer signs with a publisher's or signatory's private key, ECDSA P-256: one that
// is held here, or one in a device that does not give it away.
type Signer struct {
	key crypto.Signer
	pub *PublicKey
}

// GenerateSigner makes a new key from rand.
func GenerateSigner(rand io.Reader) (*Signer, error) {
	priv, err := ecdsa.GenerateKey(elliptic.P256(), rand)
	if err != nil {
		return nil, fmt.Errorf("generate key: %w", err)
	}
	return NewSigner(priv)
}

// NewSigner returns the signer of an ECDSA P-256 private key: an *ecdsa.PrivateKey, or
// what signs with a key that is elsewhere and gives ASN.1 DER signatures.
func NewSigner(key crypto.PrivateKey) (*Signer, error) {
	signer, ok := key.(crypto.Signer)
	if !ok {
		return nil, fmt.Errorf("key is %T, want ECDSA P-256: make one with `sijil keygen`", key)
	}
	point, ok := signer.Public().(*ecdsa.PublicKey)
	if !ok {
		return nil, fmt.Errorf("key is %T, want ECDSA P-256: make one with `sijil keygen`", key)
	}
	pub, err := NewPublicKey(point)
	if err != nil {
		return nil, fmt.Errorf("%w: make one with `sijil keygen`", err)
	}
	return &Signer{key: signer, pub: pub}, nil
}

// Public returns the verifier key.
func (s *Signer) Public() *PublicKey { return s.pub }

// Sign signs a statement (RFC 8785 bytes) and returns the bundle to submit. The
// bundle holds no log entry yet.
func (s *Signer) Sign(rand io.Reader, statement []byte) (*log.Bundle, error) {
	b := &log.Bundle{
		MediaType:            log.BundleMediaType,
		VerificationMaterial: log.VerificationMaterial{PublicKey: log.KeyHint{Hint: s.pub.Hint()}},
		Envelope:             log.Envelope{Payload: statement, PayloadType: log.PayloadType},
	}
	sig, err := s.SignDigest(rand, b.Envelope.Digest())
	if err != nil {
		return nil, err
	}
	b.Envelope.Signatures = []log.EnvelopeSignature{{Sig: sig}}
	return b, nil
}

// SignDigest signs a SHA-256 digest and returns the ASN.1 DER signature. The caller
// separates its use from others by what it hashes.
func (s *Signer) SignDigest(rand io.Reader, digest [32]byte) ([]byte, error) {
	sig, err := s.key.Sign(rand, digest[:], crypto.SHA256)
	if err != nil {
		return nil, fmt.Errorf("sign: %w", err)
	}
	// A device may hold another key than the public one beside it, or err.
	if _, held := s.key.(*ecdsa.PrivateKey); !held && !ecdsa.VerifyASN1(s.pub.key, digest[:], sig) {
		return nil, errors.New("sign: the signature that came back does not verify under the public key that goes with it")
	}
	return sig, nil
}

// Encrypt returns the private key file's bytes: a PKCS #8 key in the format of
// cosign (scrypt, NaCl secretbox, PEM), which cosign opens as it is. A key in a device
// has no file.
func (s *Signer) Encrypt(passphrase []byte) ([]byte, error) {
	if len(passphrase) == 0 {
		return nil, errors.New("the passphrase is empty")
	}
	priv, held := s.key.(*ecdsa.PrivateKey)
	if !held {
		return nil, errors.New("the private key is in a device, and stays there")
	}
	der, err := x509.MarshalPKCS8PrivateKey(priv)
	if err != nil {
		return nil, fmt.Errorf("encode private key: %w", err)
	}
	sealed, err := encrypted.Encrypt(der, passphrase)
	if err != nil {
		return nil, fmt.Errorf("encrypt private key: %w", err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: pemEncrypted, Bytes: sealed}), nil
}

// DecryptSigner opens a private key file written by Encrypt or by cosign.
func DecryptSigner(file, passphrase []byte) (*Signer, error) {
	if len(file) > maxKeyFile {
		return nil, fmt.Errorf("private key file is over %d bytes", maxKeyFile)
	}
	block, _ := pem.Decode(file)
	if block == nil {
		return nil, errors.New("not a private key file: no PEM block")
	}
	switch block.Type {
	case pemEncrypted, "ENCRYPTED COSIGN PRIVATE KEY":
	case "PRIVATE KEY", "EC PRIVATE KEY", "RSA PRIVATE KEY":
		return nil, fmt.Errorf("the private key is not encrypted (%s): import it with `cosign import-key-pair`, or make one with `sijil keygen`", block.Type)
	default:
		return nil, fmt.Errorf("not a private key file: it holds a %q block", clip(block.Type))
	}
	der, err := encrypted.Decrypt(block.Bytes, passphrase)
	if err != nil {
		return nil, ErrPassphrase
	}
	key, err := x509.ParsePKCS8PrivateKey(der)
	if err != nil {
		return nil, errors.New("the private key is not PKCS #8")
	}
	return NewSigner(key)
}

func clip(s string) string {
	const most = 80
	if len(s) <= most {
		return s
	}
	return s[:most] + "…"
}
