package publish

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/sijil/sijil/internal/statement"
	"github.com/sijil/sijil/log"
)

// RecordSummary describes a record of a publication's chain.
type RecordSummary struct {
	Sequence int64       `json:"sequence"`
	Type     string      `json:"type"` // "publication", "version", "policy", "retraction", "redaction"
	Version  int         `json:"version,omitempty"`
	Record   log.Digest  `json:"record"`
	Previous *log.Digest `json:"previous,omitempty"` // of the genesis: none
	Index    int64       `json:"log_index"`
	Issued   string      `json:"issued,omitempty"` // of the genesis: none
	Reason   string      `json:"reason,omitempty"` // of a genesis or a redaction: none
	Key      log.Digest  `json:"key"`              // of the first signer
	// Cosigned are the other signers, where the policy asks for several.
	Cosigned []log.Digest `json:"cosigned_by,omitempty"`
}

// Records lists a publication's records in the order of its chain.
func (s *Service) Records(slug string) ([]RecordSummary, error) {
	p, err := s.find(slug)
	if err != nil {
		return nil, err
	}
	p.mu.RLock()
	defer p.mu.RUnlock()
	if len(p.entries) == 0 {
		return nil, fmt.Errorf("publication %w", ErrUnknown)
	}
	out := make([]RecordSummary, len(p.entries))
	for i := range p.entries {
		out[i] = p.recordSummary(i)
	}
	return out, nil
}

// RecordAt returns the record of which a signature stands at a log index, and its
// publication's slug; ok is false where no publication's record stands.
func (s *Service) RecordAt(index int64) (slug string, r RecordSummary, ok bool) {
	for _, p := range s.all() {
		p.mu.RLock()
		i, _ := slices.BinarySearchFunc(p.entries, index, func(e entry, want int64) int { return cmp.Compare(e.index, want) })
		found := i < len(p.entries) && slices.ContainsFunc(p.entries[i].signatures, func(s signature) bool { return s.index == index })
		if found {
			r = p.recordSummary(i)
		}
		p.mu.RUnlock()
		if found {
			return p.slug, r, true
		}
	}
	return "", RecordSummary{}, false
}

// recordSummary describes the entry at i. The caller holds mu.
func (p *publication) recordSummary(i int) RecordSummary {
	e := p.entries[i]
	r := RecordSummary{Sequence: int64(i), Record: e.record.Digest(), Index: e.index, Key: e.record.Key.Digest()}
	if i > 0 {
		before := p.entries[i-1].record.Digest()
		r.Previous = &before
	}
	for _, other := range e.signatures[1:] {
		r.Cosigned = append(r.Cosigned, other.Key.Digest())
	}
	r.Type, r.Issued, r.Version = describe(e.record.Statement)
	switch s := e.record.Statement.(type) {
	case *statement.Version:
		r.Reason = s.Reason
	case *statement.PolicyChange:
		r.Reason = s.Reason
	case *statement.Recovery:
		r.Reason = s.Reason
	case *statement.Retraction:
		r.Reason = s.Reason
	}
	return r
}

// describe names a statement's type, when it was signed, and which version it makes
// or withdraws.
func describe(s statement.Statement) (kind, issued string, version int) {
	switch s := s.(type) {
	case *statement.Publication:
		return "publication", "", 0
	case *statement.Version:
		return "version", s.Issued, s.Version
	case *statement.PolicyChange:
		return "policy", s.Issued, 0
	case *statement.Redaction:
		return "redaction", s.Issued, 0
	case *statement.Recovery:
		return "recovery", s.Issued, 0
	case *statement.Retraction:
		if s.Version != nil {
			version = s.Version.Number
		}
		return "retraction", s.Issued, version
	}
	return "", "", 0
}

// ProposalSummary describes a record that waits for signatures.
type ProposalSummary struct {
	Record   log.Digest   `json:"record"`
	Sequence int64        `json:"sequence"`
	Type     string       `json:"type"`
	Version  int          `json:"version,omitempty"`
	Issued   string       `json:"issued"`
	Have     int          `json:"have"`
	Want     int          `json:"want"`
	Keys     []log.Digest `json:"keys"` // of the signers so far
}

// proposalSummaries are the live ones, oldest first. The caller holds mu.
func (p *publication) proposalSummaries() []ProposalSummary {
	var out []ProposalSummary
	var at []int64
	for _, e := range p.proposals {
		if !p.alive(e) {
			continue
		}
		sum := ProposalSummary{Record: e.digest(), Sequence: e.statement().Header().Sequence, Have: len(e.signatures), Want: e.proposal.Want()}
		sum.Type, sum.Issued, sum.Version = describe(e.statement())
		for _, s := range e.signatures {
			sum.Keys = append(sum.Keys, s.Key.Digest())
		}
		i, _ := slices.BinarySearch(at, e.signatures[0].index)
		at, out = slices.Insert(at, i, e.signatures[0].index), slices.Insert(out, i, sum)
	}
	return out
}

// ProposalText returns a text of a version that waits for signatures.
func (s *Service) ProposalText(slug string, record log.Digest, language string) ([]byte, error) {
	e, err := s.proposedVersion(slug, record)
	if err != nil {
		return nil, err
	}
	b, ok := e.edition.Text(language)
	if !ok {
		return nil, fmt.Errorf("language %w", ErrUnknown)
	}
	return b, nil
}

// ProposalSignatories returns its signatories.json.
func (s *Service) ProposalSignatories(slug string, record log.Digest) ([]byte, error) {
	e, err := s.proposedVersion(slug, record)
	if err != nil {
		return nil, err
	}
	return e.edition.List().Encode()
}

func (s *Service) proposedVersion(slug string, record log.Digest) (*entry, error) {
	p, err := s.find(slug)
	if err != nil {
		return nil, err
	}
	p.mu.RLock()
	defer p.mu.RUnlock()
	e, ok := p.proposals[record]
	if !ok || e.edition == nil || !p.alive(e) {
		return nil, fmt.Errorf("proposal %w", ErrUnknown)
	}
	return e, nil
}
