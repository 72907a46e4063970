// Package endorsement says how each signatory of a version is known: merely listed,
// or seen to speak, by its domain, by a mail that its domain signed, or by a
// signature under a key that was enrolled for it; and whether it has withdrawn, or
// denies that it ever agreed.
//
// It works on records that belong to no chain (package statement): claims, which
// signatories sign, and sightings, which the service's observer key signs and which
// prove no more than that the service says it saw something. They count in the order
// of the log:
//
//  1. a key is an entry's from the first enrolment that names both; a second key only
//     when its enrolment is repeated at least RenewalWait later, and then the first
//     one has ended. A key that was enrolled under one domain is never another's;
//  2. a claim counts when its key is the entry's, or was until a later index; before
//     that it is shown as signed with a key that nobody has confirmed;
//  3. an observation counts as the observer says;
//  4. of endorsement, withdrawal and denial the last word holds. A withdrawal may be
//     signed by a publisher key of the time, and then says so;
//  5. an endorsement is for the version that was read. It stands for another version
//     that lists the very same entry where the text that was read, or every text if
//     that is not known, is the same to the byte.
//
// The package is pure.
package endorsement

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/sijil/sijil/internal/chain"
	"github.com/sijil/sijil/internal/statement"
	"github.com/sijil/sijil/keys"
	"github.com/sijil/sijil/log"
)

// RenewalWait is how long a second key for an entry waits, in public, before it
// replaces the first.
const RenewalWait = 72 * time.Hour

var (
	// ErrSigner: the signature is not by the key that was given, or the key may not
	// sign this. The service answers 403.
	ErrSigner = errors.New("not signed by a key that may sign it")
	// ErrNoEntry: the version does not list the entry, or it is withheld. The
	// service answers 404.
	ErrNoEntry = errors.New("the version lists no such entry")
)

// Record is a verified record that belongs to no chain. Only VerifyClaim and
// VerifySighting make one, and Reopen, of what one of them made before.
type Record struct {
	*log.Signed
	Key *keys.PublicKey
	// Exactly one of these is set.
	Claim    statement.Claim
	Sighting statement.Sighting
}

// Entry is the commitment of the list entry that the record is about.
func (r *Record) Entry() string {
	if r.Claim != nil {
		return r.Claim.Of().Entry
	}
	return r.Sighting.At().Entry
}

// VerifyClaim verifies a claim's signature, and that what it speaks of is there: the
// log, the publication, the version, its list entry, and the text that was read.
// Whose the key is, it does not say.
func VerifyClaim(b *log.Bundle, key *keys.PublicKey, c *chain.Chain) (*Record, error) {
	signed, err := verify(b, key)
	if err != nil {
		return nil, err
	}
	return openClaim(signed, key, c)
}

func openClaim(signed *log.Signed, key *keys.PublicKey, c *chain.Chain) (*Record, error) {
	claim, err := statement.ParseClaim(signed.Payload())
	if err != nil {
		return nil, err
	}
	a := claim.Of()
	if err := place(c, a.Log, a.Publication, a.Version, a.Entry); err != nil {
		return nil, err
	}
	if e, ok := claim.(*statement.Endorsement); ok && !holds(c.Statement(a.Version.Number), e.Text) {
		return nil, fmt.Errorf("version %d has no such text %s", a.Version.Number, e.Text.Language)
	}
	return &Record{Signed: signed, Key: key, Claim: claim}, nil
}

// PasskeyVerifier verifies the WebAuthn assertion that an observation carries.
type PasskeyVerifier func(*statement.Passkey) error

// VerifySighting verifies what the observer key signed. A passkey's assertion is
// verified by passkeys; without it such a sighting is refused.
func VerifySighting(b *log.Bundle, observer *keys.PublicKey, c *chain.Chain, passkeys PasskeyVerifier) (*Record, error) {
	signed, err := verify(b, observer)
	if err != nil {
		return nil, err
	}
	r, err := openSighting(signed, observer, c)
	if err != nil {
		return nil, err
	}
	if s, ok := r.Sighting.(*statement.Observation); ok && s.Passkey != nil {
		if passkeys == nil {
			return nil, errors.New("a passkey's assertion cannot be verified here")
		}
		if err := passkeys(s.Passkey); err != nil {
			return nil, err
		}
	}
	return r, nil
}

func openSighting(signed *log.Signed, observer *keys.PublicKey, c *chain.Chain) (*Record, error) {
	s, err := statement.ParseSighting(signed.Payload())
	if err != nil {
		return nil, err
	}
	at := s.At()
	switch s := s.(type) {
	case *statement.Enrolment:
		if err := placeLog(c, at.Log, at.Publication); err != nil {
			return nil, err
		}
		if !listed(c, at.Entry) {
			return nil, ErrNoEntry
		}
	case *statement.Observation:
		if err := place(c, at.Log, at.Publication, s.Version, at.Entry); err != nil {
			return nil, err
		}
		if s.Text != nil && !holds(c.Statement(s.Version.Number), *s.Text) {
			return nil, fmt.Errorf("version %d has no such text %s", s.Version.Number, s.Text.Language)
		}
	}
	return &Record{Signed: signed, Key: observer, Sighting: s}, nil
}

// Reopen reads a record that was verified before it was taken into the log: leaf is the
// hash that stands there in its place, which the caller has authenticated. What it speaks
// of is looked up again; signature and passkey are not verified again.
func Reopen(b *log.Bundle, key *keys.PublicKey, c *chain.Chain, sighting bool, leaf tlog.Hash) (*Record, error) {
	if b.VerificationMaterial.PublicKey.Hint != key.Hint() {
		return nil, ErrSigner
	}
	signed, err := b.Reopen(key.SPKI(), leaf)
	if err != nil {
		return nil, err
	}
	if sighting {
		return openSighting(signed, key, c)
	}
	return openClaim(signed, key, c)
}

func verify(b *log.Bundle, key *keys.PublicKey) (*log.Signed, error) {
	if b.VerificationMaterial.PublicKey.Hint != key.Hint() {
		return nil, ErrSigner
	}
	signed, err := b.VerifySignature(key.ECDSA())
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrSigner, err)
	}
	return signed, nil
}

func placeLog(c *chain.Chain, l statement.LogName, genesis log.Digest) error {
	if l != c.Log() {
		return &chain.ForeignError{What: "log", Got: l.Origin + " " + l.KeyID.String(), Want: c.Log().Origin + " " + c.Log().KeyID.String()}
	}
	if genesis != c.Genesis() {
		return &chain.ForeignError{What: "publication", Got: genesis.String(), Want: c.Genesis().String()}
	}
	return nil
}

func place(c *chain.Chain, l statement.LogName, genesis log.Digest, v statement.VersionName, entry string) error {
	if err := placeLog(c, l, genesis); err != nil {
		return err
	}
	s := c.Statement(v.Number)
	if s == nil || c.VersionRecord(v.Number) != v.Record {
		return fmt.Errorf("there is no version %d with the record %s", v.Number, v.Record)
	}
	if !slices.Contains(s.Signatories.Commitments, entry) {
		return ErrNoEntry
	}
	return nil
}

func listed(c *chain.Chain, entry string) bool {
	for n := 1; n <= c.Version(); n++ {
		if slices.Contains(c.Statement(n).Signatories.Commitments, entry) {
			return true
		}
	}
	return false
}
