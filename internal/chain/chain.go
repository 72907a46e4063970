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
// The package is pure. It works on log.Signed values, so a record whose
// signature was not verified cannot enter.
package chain

import (
	"errors"
	"fmt"
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
	genesis  log.Digest
	slug     string
	logName  statement.LogName
	keys     []*keys.PublicKey
	head     log.Digest
	sequence int64
	versions []version // by number, from 1
	final    bool      // the publication is retracted
}

// version is what the chain keeps of a version record.
type version struct {
	record    log.Digest
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
	signed, key, err := verifyWithAny(b, list)
	if err != nil {
		return nil, nil, fmt.Errorf("genesis: %w", err)
	}
	c := &Chain{genesis: signed.Digest(), slug: p.Slug, logName: p.Log, keys: list, head: signed.Digest()}
	return c, &Record{Signed: signed, Statement: p, Key: key}, nil
}

// Record is a record that a chain accepted: signature and place are verified.
// Only Start and Chain.Next make one.
type Record struct {
	*log.Signed
	Statement statement.Statement
	Key       *keys.PublicKey
}

// Next verifies that b follows the chain's head, without moving it: the order
// of the checks is the order of the answers in the API description. Call
// Advance with the record once it is durable.
func (c *Chain) Next(b *log.Bundle) (*Record, error) {
	s, err := statement.Parse(b.Envelope.Payload)
	if err != nil {
		return nil, err
	}
	h := s.Header()
	if h.Log != c.logName {
		return nil, &ForeignError{What: "log", Got: h.Log.Origin + " " + h.Log.KeyID.String(), Want: c.logName.Origin + " " + c.logName.KeyID.String()}
	}
	if h.Publication != c.genesis {
		return nil, &ForeignError{What: "publication", Got: h.Publication.String(), Want: c.genesis.String()}
	}
	signed, key, err := verifyWithAny(b, c.keys)
	if err != nil {
		return nil, err
	}
	if err := c.place(s, h); err != nil {
		return nil, err
	}
	return &Record{Signed: signed, Statement: s, Key: key}, nil
}

func (c *Chain) place(s statement.Statement, h statement.Header) error {
	conflict := func(format string, a ...any) error {
		return &ConflictError{Head: c.head, Sequence: c.sequence, Detail: fmt.Sprintf(format, a...)}
	}
	if c.final {
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
	}
	return nil
}

// retractable says why a version cannot be withdrawn; nil is the publication.
func (c *Chain) retractable(v *statement.RetractedVersion) string {
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
	c.head, c.sequence = r.Digest(), h.Sequence
	switch s := r.Statement.(type) {
	case *statement.Version:
		c.versions = append(c.versions, version{record: r.Digest()})
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
