package publish

import (
	"errors"
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
	slug string

	submit sync.Mutex

	mu      sync.RWMutex
	chain   *chain.Chain // of the settled records
	entries []entry      // settled, by sequence
	pending *entry       // reserved, not settled
	head    []byte       // the last head that was signed with a settlement
	headAt  int64        // its tree size
}

// entry is a record with what the service knows of it.
type entry struct {
	data    []byte      // the bundle as submitted, until it is reserved
	bundle  *log.Bundle // without a log entry
	record  *chain.Record
	edition *edition.Edition // of a version
	index   int64            // in the log, -1 while pending
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
	return &publication{slug: c.Slug(), chain: c}, r, nil
}

// add appends a settled entry. The caller holds mu, or is alone.
func (p *publication) add(e entry) {
	if e.record.Statement.Header().Sequence > 0 {
		p.chain.Advance(e.record)
	}
	p.entries = append(p.entries, e)
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
