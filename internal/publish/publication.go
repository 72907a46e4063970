package publish

import (
	"errors"
	"fmt"
	"sync"

	"github.com/sijil/sijil/internal/chain"
	"github.com/sijil/sijil/internal/edition"
	"github.com/sijil/sijil/internal/signatory"
	"github.com/sijil/sijil/internal/statement"
	"github.com/sijil/sijil/log"
)

// publication is one publication's state in memory. submit serialises writers,
// so that of two racing records exactly one is next; mu guards the fields, and
// is never held while waiting for log or disk.
type publication struct {
	slug    string
	genesis log.Digest

	submit sync.Mutex

	mu        sync.RWMutex
	chain     *chain.Chain          // of the settled records
	entries   []entry               // settled, by sequence
	proposals map[log.Digest]*entry // that wait for signatures, or lost their place
	pending   *entry                // its last signature is reserved, not settled
	head      []byte                // the last head that was signed with a settlement
	headAt    int64                 // its tree size
	revision  int64                 // that the store has, as far as is known
	asides    asides
	roll      rollState
	undeleted map[string]undeleted // by withheld entry

	looking sync.Mutex // one look at a domain is recorded at a time
}

// entry is a record, or a proposal for one, with what the service knows of it.
type entry struct {
	proposal   *chain.Proposal // of a record that is not complete; nil for a genesis
	record     *chain.Record   // once it is complete
	signatures []signature
	edition    *edition.Edition // of a version
	index      int64            // where the record stands in the log: its last signature; -1 before
}

// signature is one publisher key's, with its own place in the log.
type signature struct {
	chain.Signature
	data   []byte      // the bundle as submitted, until it is reserved
	bundle *log.Bundle // without a log entry
	index  int64       // in the log, -1 while pending
}

// begin makes the entry a genesis.
func (e *entry) begin(record *chain.Record, b *log.Bundle) {
	e.record = record
	e.signatures = []signature{{Signature: record.Signature, bundle: b, index: -1}}
}

// propose makes the entry a record that could follow the chain's head.
func (e *entry) propose(c *chain.Chain, b *log.Bundle) (err error) {
	if e.proposal, err = c.Propose(b); err != nil {
		return err
	}
	e.take(b)
	return nil
}

// cosign adds a further signature.
func (e *entry) cosign(b *log.Bundle) error {
	if e.proposal == nil {
		return chain.ErrSignedAlready // a genesis has one
	}
	if err := e.proposal.Cosign(b); err != nil {
		return err
	}
	e.take(b)
	return nil
}

// take takes over the proposal's newest signature, and makes it a record with
// the last one that it needs.
func (e *entry) take(b *log.Bundle) {
	all := e.proposal.Signatures()
	e.signatures = append(e.signatures, signature{Signature: all[len(all)-1], bundle: b, index: -1})
	if e.proposal.Complete() {
		e.record, _ = e.proposal.Record()
	}
}

// last is the newest signature.
func (e *entry) last() *signature { return &e.signatures[len(e.signatures)-1] }

func (e *entry) digest() log.Digest { return e.signatures[0].Digest() }

func (e *entry) statement() statement.Statement {
	if e.record != nil {
		return e.record.Statement
	}
	return e.proposal.Statement()
}

// clone returns a copy that can be given a further signature.
func (e *entry) clone() *entry {
	out := *e
	out.signatures = append([]signature(nil), e.signatures...)
	if e.proposal != nil {
		out.proposal = e.proposal.Clone()
	}
	return &out
}

// signed returns the signature that b is, if the entry has it.
func (e *entry) signed(b *log.Bundle) (signature, bool) {
	for _, s := range e.signatures {
		if s.index >= 0 && string(s.bundle.Signature()) == string(b.Signature()) {
			return s, true
		}
	}
	return signature{}, false
}

// start makes the publication of a genesis bundle, without its entry.
func (s *Service) start(b *log.Bundle) (*publication, *chain.Record, error) {
	c, r, err := chain.Start(b)
	if err != nil {
		return nil, nil, err
	}
	if c.Log() != s.name {
		return nil, nil, &chain.ForeignError{What: "log", Got: c.Log().Origin + " " + c.Log().KeyID.String(), Want: s.name.Origin + " " + s.name.KeyID.String()}
	}
	p := &publication{slug: c.Slug(), genesis: c.Genesis(), chain: c, proposals: map[log.Digest]*entry{}, asides: newAsides(), undeleted: map[string]undeleted{}}
	s.judge(p)
	return p, r, nil
}

// judge has a chain ask its publication where records stand.
func (s *Service) judge(p *publication) {
	policy := s.Trust.Policy()
	p.chain.SetJudge(chain.JudgeBy(policy, policy.Quorum(), p.indexOf))
}

// indexOf is where a settled record stands in the log. The caller holds mu: chains are
// asked with it held.
func (p *publication) indexOf(record log.Digest) (int64, bool) {
	for i := range p.entries {
		if p.entries[i].digest() == record {
			return p.entries[i].index, true
		}
	}
	return 0, false
}

// add appends a settled entry. The caller holds mu, or is alone.
func (p *publication) add(e entry) {
	if e.record.Statement.Header().Sequence > 0 {
		p.chain.Advance(e.record)
	}
	e.proposal = nil
	p.entries = append(p.entries, e)
	delete(p.proposals, e.digest())
}

// version returns the entry of version n.
func (p *publication) version(n int) (entry, bool) {
	p.mu.RLock()
	defer p.mu.RUnlock()
	for _, e := range p.entries {
		if e.edition != nil && e.edition.Statement().Version == n {
			return e, true
		}
	}
	return entry{}, false
}

// openEdition verifies a version's content; other statements have none, and
// are refused with any: nothing signed would speak for it.
func openEdition(s statement.Statement, c Content) (*edition.Edition, error) {
	v, ok := s.(*statement.Version)
	if !ok {
		if len(c.Texts)+len(c.Disclosures) > 0 {
			return nil, errors.New("only a version comes with texts and disclosures")
		}
		return nil, nil
	}
	list, err := signatory.Open(signatory.Commitments(v.Signatories.Commitments), c.Disclosures)
	if err != nil {
		return nil, err
	}
	return edition.Open(v, c.Texts, list)
}

// checkNames refuses a list that leaves out a name which no redaction withholds, and one
// that brings back a name which a redaction does: nobody could tell why.
func checkNames(c *chain.Chain, e *edition.Edition) error {
	if e == nil {
		return nil
	}
	for i, x := range e.List().Entries() {
		_, withheld := c.Withheld(x.Commitment)
		switch {
		case x.Withheld && !withheld:
			return fmt.Errorf("signatory list: entry %d is left out, and no redaction withholds it: hand in its disclosure", i+1)
		case !x.Withheld && withheld:
			return fmt.Errorf("signatory list: entry %d is withheld by a redaction, for ever: leave its disclosure out", i+1)
		}
	}
	return nil
}
