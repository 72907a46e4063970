package publish

import (
	"context"

	"github.com/sijil/sijil/internal/endorsement"
	"github.com/sijil/sijil/log"
)

// policies are those of the chain over time. The caller holds mu.
func (p *publication) policies() []endorsement.Policy {
	var out []endorsement.Policy
	for _, e := range p.entries {
		if policy, ok := endorsement.PolicyFrom(e.record.Statement, e.index); ok {
			out = append(out, policy)
		}
	}
	return out
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
