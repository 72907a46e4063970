// Package chain holds the rules of a publication's chain: which record may come
// next, and what is wrong with one that may not. Service, tool and audit all use
// these same rules; nothing else decides.
//
// A chain starts with the genesis record. Each later record names the
// publication (the genesis digest), its own sequence number, and the digest of
// the record before it:
//
//	genesis   sequence 0
//	version 1 sequence 1  previous = digest(genesis)
//	version 2 sequence 2  previous = digest(version 1)
//
// A retraction takes its place like any record. It withdraws one version, for
// ever, or the whole publication, and then nothing may follow:
//
//	retraction of version 1     sequence 3  previous = digest(version 2)
//	version 3                   sequence 4
//	retraction of all           sequence 5, the last
//
// A policy record replaces the publication policy: from the next record on, other
// keys, or more of them, must sign. Where the policy asks for several signatures, a
// record is a statement with one bundle for each, and stands in the log where the
// last signature that it needs does. The genesis has one signature.
//
// Where the genesis names recovery keys, one of them can announce another policy. It
// takes its place like any record, and the policy in force stays in force: whatever
// is signed under it next ends the recovery. If nothing is, a policy record by a
// recovery key completes it, once the days that the genesis names have passed, as two
// cosigned checkpoints prove. Without recovery keys a publication whose keys are lost
// never changes again: nobody can take it over.
//
// A redaction says that one list entry is withheld. It alone can follow the
// retraction of the publication: who is at risk still is.
//
// The package is pure. It works on log.Signed values, so a record whose
// signature was not verified cannot enter.
package chain

import (
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/sijil/sijil/internal/statement"
	"github.com/sijil/sijil/keys"
	"github.com/sijil/sijil/log"
)

// ErrUnauthorised: no key of the publication policy in force made the
// signature. The service answers 403.
var ErrUnauthorised = errors.New("not signed by a key of the publication policy")

// ForeignError: the record is meant for another publication or another log. The
// service answers 400.
type ForeignError struct {
	What      string // "log" or "publication"
	Got, Want string
}

func (e *ForeignError) Error() string {
	return fmt.Sprintf("the record is for %s %s, this is %s", e.What, e.Got, e.Want)
}

// ConflictError: the record does not follow the head. The service answers 409
// with the head.
type ConflictError struct {
	Head     log.Digest // the chain's newest record
	Sequence int64      // its sequence number
	Detail   string
}

func (e *ConflictError) Error() string {
	return fmt.Sprintf("%s; the head is record %d, %s", e.Detail, e.Sequence, e.Head)
}

// Chain is a verified prefix of a publication's chain.
type Chain struct {
	genesis log.Digest
	slug    string
	logName statement.LogName

	// The policy in force.
	keys      []*keys.PublicKey
	threshold int

	// The keys that can recover the publication, and what one of them announced, as
	// long as it is the newest record.
	recovery     []*keys.PublicKey
	recoveryDays int
	announced    *statement.Recovery
	judge        Judge

	head     log.Digest
	sequence int64
	versions []version             // by number, from 1
	final    bool                  // the publication is retracted
	withheld map[string]log.Digest // redactions by the commitment that they withhold
}

// version is what the chain keeps of a version record.
type version struct {
	record    log.Digest
	statement *statement.Version
	retracted bool
}

// Start verifies a genesis bundle: its statement, and that one of the keys that
// it lists itself has signed it. Whether it is the publication one wanted is
// decided by its digest, which the caller compares.
func Start(b *log.Bundle) (*Chain, *Record, error) {
	s, err := statement.Parse(b.Envelope.Payload)
	if err != nil {
		return nil, nil, err
	}
	p, ok := s.(*statement.Publication)
	if !ok {
		return nil, nil, errors.New("genesis: want a statement of type " + statement.TypePublication)
	}
	list, err := p.Policy.PublicKeys()
	if err != nil {
		return nil, nil, err
	}
	recovery, err := p.Policy.RecoveryPublicKeys()
	if err != nil {
		return nil, nil, err
	}
	signed, key, err := verifyWithAny(b, list)
	if err != nil {
		return nil, nil, fmt.Errorf("genesis: %w", err)
	}
	c := &Chain{recovery: recovery, recoveryDays: p.Policy.RecoveryDays, genesis: signed.Digest(), slug: p.Slug, logName: p.Log, keys: list, threshold: p.Policy.Threshold, head: signed.Digest(), withheld: map[string]log.Digest{}}
	return c, &Record{Signature: Signature{Signed: signed, Key: key}, Statement: p}, nil
}

func (c *Chain) place(s statement.Statement, h statement.Header) error {
	conflict := func(format string, a ...any) error {
		return &ConflictError{Head: c.head, Sequence: c.sequence, Detail: fmt.Sprintf(format, a...)}
	}
	if _, ok := s.(*statement.Redaction); c.final && !ok {
		return conflict("the publication is retracted: nothing can follow")
	}
	if h.Sequence != c.sequence+1 {
		return conflict("the record has sequence number %d, the next is %d", h.Sequence, c.sequence+1)
	}
	if h.Previous != c.head {
		return conflict("the record follows %s", h.Previous)
	}
	switch s := s.(type) {
	case *statement.Version:
		if next := len(c.versions) + 1; s.Version != next {
			return conflict("the record is version %d, the next is version %d", s.Version, next)
		}
	case *statement.Retraction:
		if detail := c.retractable(s.Version); detail != "" {
			return conflict("%s", detail)
		}
	case *statement.Redaction:
		if _, ok := c.withheld[s.Entry]; ok {
			return conflict("the entry is withheld already")
		}
		if !slices.ContainsFunc(c.versions, func(v version) bool { return slices.Contains(v.statement.Signatories.Commitments, s.Entry) }) {
			return conflict("no version lists the entry")
		}
	}
	return nil
}

// retractable says why a version cannot be withdrawn; nil is the publication.
func (c *Chain) retractable(v *statement.VersionName) string {
	switch {
	case v == nil:
		return ""
	case v.Number > len(c.versions):
		return fmt.Sprintf("there is no version %d to retract", v.Number)
	}
	switch have := c.versions[v.Number-1]; {
	case have.record != v.Record:
		return fmt.Sprintf("version %d is the record %s, not %s", v.Number, have.record, v.Record)
	case have.retracted:
		return fmt.Sprintf("version %d is retracted already", v.Number)
	}
	return ""
}

// Advance moves the head to a record that Next returned.
func (c *Chain) Advance(r *Record) {
	h := r.Statement.Header()
	c.head, c.sequence, c.announced = r.Digest(), h.Sequence, nil
	switch s := r.Statement.(type) {
	case *statement.Version:
		c.versions = append(c.versions, version{record: r.Digest(), statement: s})
	case *statement.PolicyChange:
		// The statement was checked when it was parsed: its keys parse.
		c.keys, _ = s.Policy.PublicKeys()
		c.threshold = s.Policy.Threshold
	case *statement.Recovery:
		c.announced = s
	case *statement.Redaction:
		c.withheld[s.Entry] = r.Digest()
	case *statement.Retraction:
		if s.Version == nil {
			c.final = true
		} else {
			c.versions[s.Version.Number-1].retracted = true
		}
	}
}

// Clone returns an independent copy.
func (c *Chain) Clone() *Chain {
	out := *c
	out.versions = slices.Clone(c.versions)
	out.withheld = maps.Clone(c.withheld)
	return &out
}

// Genesis is the publication's true name.
func (c *Chain) Genesis() log.Digest { return c.genesis }

// Slug is the publication's slug.
func (c *Chain) Slug() string { return c.slug }

// Log names the log the chain is in.
func (c *Chain) Log() statement.LogName { return c.logName }

// Head is the digest of the newest record.
func (c *Chain) Head() log.Digest { return c.head }

// Sequence is the sequence number of the newest record.
func (c *Chain) Sequence() int64 { return c.sequence }

// Version is the number of the latest version, 0 before the first.
func (c *Chain) Version() int { return len(c.versions) }

// Retracted reports whether the publication was withdrawn: nothing can follow.
func (c *Chain) Retracted() bool { return c.final }

// VersionRetracted reports whether version n was withdrawn, by itself or with
// the publication.
func (c *Chain) VersionRetracted(n int) bool {
	return n >= 1 && n <= len(c.versions) && (c.final || c.versions[n-1].retracted)
}

// Withheld reports whether a redaction withholds the entry with this commitment,
// and which record that is.
func (c *Chain) Withheld(commitment string) (record log.Digest, ok bool) {
	record, ok = c.withheld[commitment]
	return record, ok
}

// Statement returns the statement of version n, nil if there is none.
func (c *Chain) Statement(n int) *statement.Version {
	if n < 1 || n > len(c.versions) {
		return nil
	}
	return c.versions[n-1].statement
}

// VersionRecord is the record digest of version n, zero if there is none.
func (c *Chain) VersionRecord(n int) log.Digest {
	if n < 1 || n > len(c.versions) {
		return log.Digest{}
	}
	return c.versions[n-1].record
}

// Threshold is how many of the keys must sign a record.
func (c *Chain) Threshold() int { return c.threshold }

// Keys are the keys of the policy in force.
func (c *Chain) Keys() []*keys.PublicKey { return append([]*keys.PublicKey(nil), c.keys...) }

// verifyWithAny finds the key whose signature the bundle holds. The hint must
// name that key, so that stock clients find it too.
func verifyWithAny(b *log.Bundle, list []*keys.PublicKey) (*log.Signed, *keys.PublicKey, error) {
	for _, k := range list {
		if b.VerificationMaterial.PublicKey.Hint != k.Hint() {
			continue
		}
		s, err := b.VerifySignature(k.ECDSA())
		if err != nil {
			return nil, nil, fmt.Errorf("%w: %w", ErrUnauthorised, err)
		}
		return s, k, nil
	}
	return nil, nil, ErrUnauthorised
}
