package publish

import (
	"bytes"
	"fmt"
	"slices"

	"github.com/sijil/sijil/internal/endorsement"
	"github.com/sijil/sijil/internal/statement"
	"github.com/sijil/sijil/log"
)

// withBook calls use with what was said of the publication's entries. The caller does
// not hold mu; use does.
func (p *publication) withBook(use func(*endorsement.Book)) {
	p.mu.RLock()
	if p.asides.book != nil {
		defer p.mu.RUnlock()
		use(p.asides.book)
		return
	}
	p.mu.RUnlock()
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.asides.book == nil {
		p.asides.book = endorsement.Read(p.chain.Clone(), p.policies(), logged(p.asides.list))
	}
	use(p.asides.book)
}

// policies are those of the chain over time. The caller holds mu.
func (p *publication) policies() []endorsement.Policy {
	var out []endorsement.Policy
	for _, e := range p.entries {
		var policy statement.Policy
		switch st := e.record.Statement.(type) {
		case *statement.Publication:
			policy = st.Policy
		case *statement.PolicyChange:
			policy = st.Policy
		default:
			continue
		}
		list, err := policy.PublicKeys()
		if err != nil {
			continue // it was checked when it was parsed
		}
		out = append(out, endorsement.Policy{From: e.index, Keys: list})
	}
	return out
}

// asideDoc is the document of a view, as it was last asked for.
type asideDoc struct {
	note    []byte // of the checkpoint to which its proofs lead
	records int
	body    []byte
}

// maxAsideDoc bounds what is kept of a document, in bytes.
const maxAsideDoc = 8 << 20

// Endorsements returns every record about the publication's entries, in the order of
// the log: a line of JSON each, with the bundle, whose proof leads to the view's
// checkpoint, and the signer's key (base64 of its SubjectPublicKeyInfo).
func (s *Service) Endorsements(v View, slug string) ([]byte, error) {
	p, err := s.find(slug)
	if err != nil {
		return nil, err
	}
	c := s.tree(v)
	p.mu.RLock()
	n, forgot, kept := p.asides.below(c.Size), p.asides.forgot, p.asides.docs[v]
	list := slices.Clone(p.asides.list[:n])
	known := p.newest(c.Size) != nil
	p.mu.RUnlock()
	if !known {
		return nil, fmt.Errorf("publication %w", ErrUnknown)
	}
	// Under one checkpoint a record can still be added; what is dropped drops the
	// document too.
	if kept.records == n && bytes.Equal(kept.note, c.Note) {
		return kept.body, nil
	}
	var out bytes.Buffer
	for _, a := range list {
		bundle, err := s.complete(a.bundle, a.record.Signed, a.index, c)
		if err != nil {
			return nil, err
		}
		writeLine(&out, bundle, a.record.Key.SPKI())
	}
	if out.Len() <= maxAsideDoc {
		p.mu.Lock()
		if p.asides.forgot == forgot {
			p.asides.docs[v] = asideDoc{note: c.Note, records: n, body: out.Bytes()}
		}
		p.mu.Unlock()
	}
	return out.Bytes(), nil
}

// aside returns the record with this digest that belongs to no chain.
func (p *publication) aside(record log.Digest) (aside, bool) {
	p.mu.RLock()
	defer p.mu.RUnlock()
	for _, a := range p.asides.list {
		if a.record.Digest() == record {
			return *a, true
		}
	}
	return aside{}, false
}
