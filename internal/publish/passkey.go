package publish

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"time"

	"github.com/sijil/sijil/internal/endorsement"
	"github.com/sijil/sijil/internal/invitation"
	"github.com/sijil/sijil/internal/statement"
	"github.com/sijil/sijil/log"
)

// passkeyLife is how old a claim may be that a passkey signs: the assertion has no time
// of its own.
const passkeyLife = 15 * time.Minute

// Passkeys verifies WebAuthn responses of this service's pages.
type Passkeys interface {
	// Register verifies the response to navigator.credentials.create and returns
	// the new key: DER SubjectPublicKeyInfo.
	Register(challenge, response []byte) (spki []byte, err error)
	// Assert verifies the response to navigator.credentials.get and returns what of
	// it a stranger needs to verify it again; Key and Payload are for the caller.
	Assert(spki, challenge, response []byte) (statement.Passkey, error)
	// Again verifies an assertion from what was kept of it.
	Again(p *statement.Passkey) error
}

// ErrNoPasskeys: this service knows no passkeys. The caller answers 409.
var ErrNoPasskeys = errors.New("this service takes no passkeys")

// PasskeyClaim is a claim that a passkey signed.
type PasskeyClaim struct {
	Payload      []byte // the claim, as ClaimStatement gave it
	Registration []byte // of a new passkey; else nil
	Key          []byte // of one that was registered before: DER SubjectPublicKeyInfo
	Assertion    []byte
	Invitation   string
}

// RegistrationChallenge is what a new passkey is made over: the invitation that lets
// it in.
func RegistrationChallenge(invitation string) []byte {
	sum := sha256.Sum256(append([]byte("sijil-passkey/v1\x00"), invitation...))
	return sum[:]
}

// ClaimByPasskey verifies a passkey's assertion over a claim, and records that it was
// seen. A new passkey needs an invitation, and counts once the entry's domain names its
// key.
func (s *Service) ClaimByPasskey(ctx context.Context, slug string, in PasskeyClaim) (*Receipt, []byte, error) {
	if s.Passkeys == nil {
		return nil, nil, ErrNoPasskeys
	}
	p, err := s.find(slug)
	if err != nil {
		return nil, nil, err
	}
	claim, err := statement.ParseClaim(in.Payload)
	if err != nil {
		return nil, nil, &InvalidError{err}
	}
	about := claim.Of()
	issued, err := time.Parse(time.RFC3339, about.Issued)
	if age := s.Clock().Sub(issued); err != nil || age > passkeyLife || age < -passkeyLife {
		return nil, nil, &InvalidError{errors.New("the statement is not of now: load the page again")}
	}
	spki, used, err := s.passkeyOf(ctx, p, about.Entry, in)
	if err != nil {
		return nil, nil, err
	}
	challenge := log.Sum(in.Payload)
	assertion, err := s.Passkeys.Assert(spki, challenge[:], in.Assertion)
	if err != nil {
		return nil, nil, fmt.Errorf("%w: %w", endorsement.ErrSigner, err)
	}
	assertion.Key, assertion.Payload = spki, in.Payload
	o := &statement.Observation{
		Sighted: statement.Sighted{Entry: about.Entry, Issued: s.now(), Log: about.Log, Publication: about.Publication},
		Claim:   claim.Kind(), Passkey: &assertion, Version: about.Version,
	}
	if e, ok := claim.(*statement.Endorsement); ok {
		o.Text = &e.Text
	}
	r, err := s.see(ctx, p, o, used)
	return r, spki, err
}

// passkeyOf finds the key: one that the entry knows, or a new one, which an invitation
// lets in.
func (s *Service) passkeyOf(ctx context.Context, p *publication, entry string, in PasskeyClaim) (spki []byte, used *log.Digest, err error) {
	if in.Registration == nil {
		known, err := s.keysOf(ctx, p, entry)
		if err != nil {
			return nil, nil, err
		}
		if _, ok := known[log.Sum(in.Key)]; !ok {
			return nil, nil, fmt.Errorf("%w: the passkey is not known for this list entry", endorsement.ErrSigner)
		}
		return in.Key, nil, nil
	}
	p.mu.RLock()
	publishers, genesis := p.chain.Keys(), p.genesis
	p.mu.RUnlock()
	i, err := invitation.Open(in.Invitation, publishers, s.Clock())
	if err != nil {
		return nil, nil, err
	}
	if i.Publication != genesis || i.Entry != entry {
		return nil, nil, fmt.Errorf("%w: it is for another list entry", invitation.ErrInvalid)
	}
	spki, err = s.Passkeys.Register(RegistrationChallenge(in.Invitation), in.Registration)
	if err != nil {
		return nil, nil, fmt.Errorf("%w: %w", endorsement.ErrSigner, err)
	}
	d, err := invitation.Digest(in.Invitation)
	if err != nil {
		return nil, nil, err
	}
	return spki, &d, nil
}

// verifyAgain is how assertions in the store are verified; nil where there are none.
func (s *Service) verifyAgain() endorsement.PasskeyVerifier {
	if s.Passkeys == nil {
		return nil
	}
	return s.Passkeys.Again
}
