package publish

import (
	"bytes"
	"context"
	"fmt"

	"github.com/sijil/sijil/internal/endorsement"
	"github.com/sijil/sijil/internal/statement"
	"github.com/sijil/sijil/log"
)

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
	changes int    // how often records had come or gone
	body    []byte
}

// maxAsideDoc bounds what is kept of a document, in bytes.
const maxAsideDoc = 8 << 20

// Endorsements returns every record about the publication's entries, in the order of
// the log: a line of JSON each, with the bundle, whose proof leads to the view's
// checkpoint, and the signer's key (base64 of its SubjectPublicKeyInfo).
func (s *Service) Endorsements(ctx context.Context, v View, slug string) ([]byte, error) {
	p, err := s.find(slug)
	if err != nil {
		return nil, err
	}
	c := s.tree(v)
	p.mu.RLock()
	changes, kept := p.asides.changes, p.asides.docs[v]
	known := p.newest(c.Size) != nil
	p.mu.RUnlock()
	if !known {
		return nil, fmt.Errorf("publication %w", ErrUnknown)
	}
	// Under one checkpoint a record can still be added, and one can go.
	if kept.note != nil && kept.changes == changes && bytes.Equal(kept.note, c.Note) {
		return kept.body, nil
	}
	var out bytes.Buffer
	err = s.openAsides(ctx, p, AsideSelection{Genesis: p.genesis}, func(a *aside) error {
		if a.index < 0 || a.index >= c.Size {
			return nil
		}
		bundle, err := s.complete(a.bundle, a.record.Signed, a.index, c)
		if err != nil {
			return err
		}
		writeLine(&out, bundle, a.record.Key.SPKI())
		return nil
	})
	if err != nil {
		return nil, err
	}
	if out.Len() <= maxAsideDoc {
		p.mu.Lock()
		if p.asides.changes == changes {
			p.asides.docs[v] = asideDoc{note: c.Note, changes: changes, body: out.Bytes()}
		}
		p.mu.Unlock()
	}
	return out.Bytes(), nil
}

// about returns the records about an entry, in the order of the log; those on their way
// first.
func (s *Service) about(ctx context.Context, p *publication, entry string) ([]*aside, error) {
	var out []*aside
	err := s.openAsides(ctx, p, AsideSelection{Genesis: p.genesis, Entry: entry}, func(a *aside) error {
		out = append(out, a)
		return nil
	})
	return out, err
}

// storedAside returns a record under a key, if it is there.
func (s *Service) storedAside(ctx context.Context, p *publication, name asideName) (found *aside, ok bool, err error) {
	err = s.openAsides(ctx, p, AsideSelection{Genesis: p.genesis, Record: name.record}, func(a *aside) error {
		if nameOf(a.record) == name {
			found, ok = a, true
		}
		return nil
	})
	return found, ok, err
}

// loggedAside returns the record with this digest that belongs to no chain, under the key
// that signed it first.
func (s *Service) loggedAside(ctx context.Context, p *publication, record log.Digest) (found *aside, err error) {
	err = s.openAsides(ctx, p, AsideSelection{Genesis: p.genesis, Record: record}, func(a *aside) error {
		if found == nil && a.index >= 0 {
			found = a
		}
		return nil
	})
	return found, err
}
