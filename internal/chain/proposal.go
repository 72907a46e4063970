package chain

import (
	"errors"
	"fmt"

	"github.com/sijil/sijil/internal/statement"
	"github.com/sijil/sijil/keys"
	"github.com/sijil/sijil/log"
)

// Proposal is a statement whose place in the chain is verified, with the
// signatures it has so far. It becomes a Record when it has as many as the policy
// in force asks for.
type Proposal struct {
	statement  statement.Statement
	signatures []Signature
	keys       []*keys.PublicKey // of the policy in force
	threshold  int
}

// Signature is one publisher key's verified signature over a record's statement.
type Signature struct {
	*log.Signed
	Key *keys.PublicKey
}

// AwaitingError: a record has fewer signatures than the policy asks for. The caller
// waits for the others.
type AwaitingError struct{ Have, Want int }

func (e *AwaitingError) Error() string {
	return fmt.Sprintf("the record has %d of the %d signatures it needs", e.Have, e.Want)
}

var (
	// ErrOtherStatement: a cosignature over another statement.
	ErrOtherStatement = errors.New("the signature is over another statement")
	// ErrSignedAlready: a second signature by one key counts for nothing.
	ErrSignedAlready = errors.New("the key has signed this record already")
)

// Propose verifies that b, signed by one key of the policy in force, could follow
// the chain's head. The order of the checks is the order of the answers in the API
// description.
func (c *Chain) Propose(b *log.Bundle) (*Proposal, error) {
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
	list, threshold := c.signers(s)
	signed, key, err := verifyWithAny(b, list)
	if err != nil {
		return nil, err
	}
	if err := c.place(s, h); err != nil {
		return nil, err
	}
	if err := c.recoverable(s); err != nil {
		return nil, err
	}
	return &Proposal{statement: s, signatures: []Signature{{Signed: signed, Key: key}}, keys: list, threshold: threshold}, nil
}

// Cosign adds another publisher key's signature over the same statement. Errors:
// ErrUnauthorised, ErrOtherStatement, ErrSignedAlready.
func (p *Proposal) Cosign(b *log.Bundle) error {
	if b.Envelope.Digest() != p.Digest() {
		return ErrOtherStatement
	}
	signed, key, err := verifyWithAny(b, p.keys)
	if err != nil {
		return err
	}
	for _, s := range p.signatures {
		if s.Key.Digest() == key.Digest() {
			return ErrSignedAlready
		}
	}
	// Never in place: copies of p share the array.
	p.signatures = append(p.signatures[:len(p.signatures):len(p.signatures)], Signature{Signed: signed, Key: key})
	return nil
}

// Clone returns an independent copy.
func (p *Proposal) Clone() *Proposal {
	out := *p
	return &out
}

// Digest is the record digest.
func (p *Proposal) Digest() log.Digest { return p.signatures[0].Digest() }

// Statement is what was signed.
func (p *Proposal) Statement() statement.Statement { return p.statement }

// Signatures are in the order in which they were added.
func (p *Proposal) Signatures() []Signature { return append([]Signature(nil), p.signatures...) }

// Want is how many signatures the policy in force asks for.
func (p *Proposal) Want() int { return p.threshold }

// Complete reports whether there are as many.
func (p *Proposal) Complete() bool { return len(p.signatures) >= p.threshold }

// Record returns the record, or *AwaitingError.
func (p *Proposal) Record() (*Record, error) {
	if !p.Complete() {
		return nil, &AwaitingError{Have: len(p.signatures), Want: p.threshold}
	}
	return &Record{Signature: p.signatures[0], Statement: p.statement, cosigned: p.signatures[1:]}, nil
}

// Record is a record that a chain accepted: its signatures and its place are
// verified. Only Start, Next and Proposal.Record make one.
type Record struct {
	Signature // the first
	Statement statement.Statement
	cosigned  []Signature
}

// Signatures are in the order in which they were added: one for a genesis, and as
// many as the policy asks for otherwise.
func (r *Record) Signatures() []Signature {
	return append([]Signature{r.Signature}, r.cosigned...)
}

// Next verifies that a record follows the chain's head, without moving it: one
// bundle for each signature, by different keys over one statement, at least as many
// as the policy in force asks for. Call Advance with the record once it is durable.
func (c *Chain) Next(first *log.Bundle, cosigned ...*log.Bundle) (*Record, error) {
	p, err := c.Propose(first)
	if err != nil {
		return nil, err
	}
	for _, b := range cosigned {
		if err := p.Cosign(b); err != nil {
			return nil, err
		}
	}
	return p.Record()
}
