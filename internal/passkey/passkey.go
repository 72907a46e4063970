// Package passkey verifies what a browser's WebAuthn calls answer: that a passkey was
// made on this site, and that its owner signed a statement with it. It keeps nothing
// and asks nobody: everything it needs is an argument.
//
// A signatory without a key file signs like this. The page asks for an assertion whose
// challenge is the statement's SHA-256 digest, raw. The authenticator, once its owner
// has been verified by finger, face or PIN, signs
//
//	authenticatorData ‖ SHA-256(clientDataJSON)
//
// where clientDataJSON, as the browser writes it, holds the challenge:
//
//	{"type":"webauthn.get","challenge":"<43 characters>","origin":"https://sijil.example","crossOrigin":false}
//
// So the three byte strings, the public key and the site are all that a stranger needs
// in order to verify the signature again ([Again]).
//
// What it is not: a login. It knows no users and no sessions, and it does not judge the
// signature counter, which synced passkeys leave at zero: a statement is signed once,
// and an assertion that is sent again says the same thing again. What the attestation
// says of the authenticator's maker is not looked at. That a challenge was fresh, and
// a key this signatory's, are the caller's to know.
//
// Stricter than the specification (W3C Web Authentication Level 3, §7.1 and §7.2): user
// verification always, P-256 keys alone, origins compared byte for byte, nothing from
// frames of other origins, and client data that every JSON parser reads alike.
package passkey

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/protocol/webauthncose"

	"github.com/sijil/sijil/keys"
	"github.com/sijil/sijil/log"
)

const (
	// MaxResponse is the most that is read of a browser's answer, in bytes, and of the
	// three stored parts of an assertion together.
	MaxResponse = 64 << 10
	// minChallenge and maxChallenge bound the challenge of Register, in bytes
	// (§13.4.3 asks for at least 16).
	minChallenge, maxChallenge = 16, 1 << 10
)

// Credential is a passkey that was made on this site. That its maker holds the private
// key is not proved by it (attestation "none" signs nothing): the first assertion does
// that. Only Register makes one.
type Credential struct {
	id, key                  []byte
	backupEligible, backedUp bool
}

// ID returns the authenticator's name for the passkey, 1 to 1023 bytes.
func (c *Credential) ID() []byte { return bytes.Clone(c.id) }

// Key returns the public key, ECDSA P-256, as DER SubjectPublicKeyInfo in its one
// encoding; keys.ParsePublicKey reads it.
func (c *Credential) Key() []byte { return bytes.Clone(c.key) }

// BackupEligible reports whether the passkey may be copied to other devices of its
// owner. It never changes over a passkey's life (§6.1.3).
func (c *Credential) BackupEligible() bool { return c.backupEligible }

// BackedUp reports whether it was copied when it was made.
func (c *Credential) BackedUp() bool { return c.backedUp }

// Assertion is a signature by a passkey over a statement's digest, verified. Its parts
// are exactly what Again needs beside site, key and digest. Only Verify and Again make
// one.
type Assertion struct{ authenticatorData, clientDataJSON, signature []byte }

// AuthenticatorData returns what the authenticator says (§6.1), 37 bytes and more.
func (a *Assertion) AuthenticatorData() []byte { return bytes.Clone(a.authenticatorData) }

// ClientDataJSON returns what the browser says (§5.8.1), byte for byte.
func (a *Assertion) ClientDataJSON() []byte { return bytes.Clone(a.clientDataJSON) }

// Signature returns the signature: ECDSA with SHA-256, ASN.1 DER.
func (a *Assertion) Signature() []byte { return bytes.Clone(a.signature) }

// Register verifies the answer to navigator.credentials.create, the JSON that
// PublicKeyCredential.toJSON writes, for the challenge given to that call, raw, 16 to
// 1,024 bytes. An error names the rule that was broken.
func Register(site Site, challenge, response []byte) (*Credential, error) {
	c, err := register(site, challenge, response)
	if err != nil {
		return nil, fmt.Errorf("passkey: %w", err)
	}
	return c, nil
}

// register follows §7.1 in its order.
func register(site Site, challenge, response []byte) (*Credential, error) {
	if err := site.check(); err != nil {
		return nil, err
	}
	if len(challenge) < minChallenge || len(challenge) > maxChallenge {
		return nil, fmt.Errorf("challenge: %d bytes, want %d to %d", len(challenge), minChallenge, maxChallenge)
	}
	if len(response) > MaxResponse {
		return nil, tooLong(len(response))
	}
	parsed, err := protocol.ParseCredentialCreationResponseBytes(response)
	if err != nil {
		return nil, malformed(err)
	}
	// 1. Type, challenge, origin, no other site's frame.
	if err := site.checkClientData(parsed.Raw.AttestationResponse.ClientDataJSON, protocol.CreateCeremony, challenge); err != nil {
		return nil, err
	}
	// 2. RP ID, presence, verification, backup flags.
	auth := parsed.Response.AttestationObject.AuthData
	if err := site.checkAuthenticator(auth); err != nil {
		return nil, err
	}
	// 3. The key is of the one kind that is taken.
	key, err := publicKey(auth.AttData.CredentialPublicKey)
	if err != nil {
		return nil, err
	}
	// 4. The credential is the one that the answer names.
	if id := auth.AttData.CredentialID; len(id) == 0 || !bytes.Equal(id, parsed.RawID) {
		return nil, errors.New("credential ID: the answer names another than the authenticator")
	}
	return &Credential{
		id: bytes.Clone(parsed.RawID), key: key,
		backupEligible: auth.Flags.HasBackupEligible(), backedUp: auth.Flags.HasBackupState(),
	}, nil
}

// publicKey turns a COSE key (RFC 9052 §7, as §5.8.5 narrows it) into DER.
func publicKey(cose []byte) ([]byte, error) {
	parsed, err := webauthncose.ParsePublicKey(cose)
	if err != nil {
		return nil, errors.New("key: not a public key in COSE form")
	}
	ec, ok := parsed.(webauthncose.EC2PublicKeyData)
	if !ok || webauthncose.COSEAlgorithmIdentifier(ec.Algorithm) != webauthncose.AlgES256 {
		return nil, errors.New("key: not ECDSA P-256 with SHA-256 (ES256)")
	}
	key, err := ec.ToECDSA()
	if err != nil {
		return nil, errors.New("key: not a point of P-256")
	}
	public, err := keys.NewPublicKey(key)
	if err != nil {
		return nil, fmt.Errorf("key: %w", err)
	}
	return public.SPKI(), nil
}

// Verify verifies the answer to navigator.credentials.get, the JSON that
// PublicKeyCredential.toJSON writes: the passkey with this key signed the statement of
// this digest on this site. The digest is 32 bytes, raw, and was the call's challenge.
// An error names the rule that was broken.
func Verify(site Site, key *ecdsa.PublicKey, digest, response []byte) (*Assertion, error) {
	if len(response) > MaxResponse {
		return nil, fmt.Errorf("passkey: %w", tooLong(len(response)))
	}
	parsed, err := protocol.ParseCredentialRequestResponseBytes(response)
	if err != nil {
		return nil, fmt.Errorf("passkey: %w", malformed(err))
	}
	r := parsed.Raw.AssertionResponse
	return Again(site, key, digest, r.AuthenticatorData, r.ClientDataJSON, r.Signature)
}

// Again verifies a stored assertion, by the same rules as Verify and from its bytes
// alone: for auditors, years later.
func Again(site Site, key *ecdsa.PublicKey, digest, authenticatorData, clientDataJSON, signature []byte) (*Assertion, error) {
	a := &Assertion{bytes.Clone(authenticatorData), bytes.Clone(clientDataJSON), bytes.Clone(signature)}
	if err := a.verify(site, key, digest); err != nil {
		return nil, fmt.Errorf("passkey: %w", err)
	}
	return a, nil
}

// verify follows §7.2 in its order, from the point where the credential is known.
func (a *Assertion) verify(site Site, key *ecdsa.PublicKey, digest []byte) error {
	if err := site.check(); err != nil {
		return err
	}
	if _, err := keys.NewPublicKey(key); err != nil {
		return fmt.Errorf("key: %w", err)
	}
	if len(digest) != len(log.Digest{}) {
		return fmt.Errorf("challenge: %d bytes, want the %d of a statement's SHA-256", len(digest), len(log.Digest{}))
	}
	if n := len(a.authenticatorData) + len(a.clientDataJSON) + len(a.signature); n > MaxResponse {
		return tooLong(n)
	}
	// 1. Type, challenge, origin, no other site's frame.
	if err := site.checkClientData(a.clientDataJSON, protocol.AssertCeremony, digest); err != nil {
		return err
	}
	// 2. RP ID, presence, verification, backup flags.
	var auth protocol.AuthenticatorData
	if err := auth.Unmarshal(a.authenticatorData); err != nil {
		return fmt.Errorf("authenticator data: %w", detail(err))
	}
	if auth.Flags.HasAttestedCredentialData() { // §6.3.3 leaves it out
		return errors.New("authenticator data: it holds a credential, as only a registration does")
	}
	if err := site.checkAuthenticator(auth); err != nil {
		return err
	}
	// 3. The signature over both. Trailing bytes and a second spelling of the same
	// numbers are refused by crypto/ecdsa.
	client := sha256.Sum256(a.clientDataJSON)
	signed := sha256.Sum256(slices.Concat(a.authenticatorData, client[:]))
	if !ecdsa.VerifyASN1(key, signed[:], a.signature) {
		return errors.New("signature: it does not verify under this key")
	}
	return nil
}

// checkAuthenticator holds the rules that both ceremonies share of what the
// authenticator says (§6.1).
func (s Site) checkAuthenticator(auth protocol.AuthenticatorData) error {
	want := sha256.Sum256([]byte(s.ID))
	switch {
	case !bytes.Equal(auth.RPIDHash, want[:]):
		return fmt.Errorf("RP ID: the passkey is not one for %s", s.ID)
	case !auth.Flags.HasUserPresent():
		return errors.New("user presence: nobody touched the authenticator")
	case !auth.Flags.HasUserVerified():
		return errors.New("user verification: the authenticator did not verify who used it")
	case auth.Flags.HasBackupState() && !auth.Flags.HasBackupEligible():
		return errors.New("backup flags: backed up, and not eligible for it")
	}
	return nil
}

func tooLong(n int) error { return fmt.Errorf("%d bytes, at most %d", n, MaxResponse) }

func malformed(err error) error { return fmt.Errorf("response: %w", detail(err)) }

// detail makes of the library's error one that names the cause and is bounded; the
// library puts it in a second field, which may repeat its input.
func detail(err error) error {
	var e *protocol.Error
	if !errors.As(err, &e) {
		return errors.New(clip(err.Error()))
	}
	if e.DevInfo == "" {
		return errors.New(clip(e.Details))
	}
	return errors.New(clip(e.Details + ": " + e.DevInfo))
}

// encoded returns a challenge as client data holds it.
func encoded(challenge []byte) string { return base64.RawURLEncoding.EncodeToString(challenge) }
