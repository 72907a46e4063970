package publish

import (
	"context"
	"errors"
	"fmt"

	"github.com/sijil/sijil/internal/statement"
)

// ErrOtherEntry: the domain has spoken for another list entry of the same version, and an
// organisation needs a domain of its own. The caller answers 409.
var ErrOtherEntry = errors.New("the domain has spoken for another entry of this list: each organisation needs a domain of its own, a subdomain will do; ask the publisher to correct the list")

// ownDomain refuses what a domain would say for an entry, once it has spoken for another
// that a version lists beside it: who lists its own domain many times would have as many
// organisations confirmed. A domain may always deny and withdraw.
func (s *Service) ownDomain(ctx context.Context, p *publication, entry, domain string) error {
	for commitment, where := range p.sameDomain(entry, domain) {
		list, err := s.about(ctx, p, commitment)
		if err != nil {
			return err
		}
		if spokeFor(list) {
			return fmt.Errorf("%w (%s)", ErrOtherEntry, where)
		}
	}
	return nil
}

// sameDomain are the entries of a domain that a version lists beside another one, by their
// commitments, with where they stand.
func (p *publication) sameDomain(entry, domain string) map[string]string {
	p.mu.RLock()
	defer p.mu.RUnlock()
	out := map[string]string{}
	for _, e := range p.entries {
		if e.edition == nil || !e.lists(entry) {
			continue
		}
		for i, x := range e.edition.List().Entries() {
			if x.Commitment != entry && !x.Withheld && x.Signatory.Domain == domain {
				out[x.Commitment] = fmt.Sprintf("entry %d of version %d", i+1, e.edition.Statement().Version)
			}
		}
	}
	return out
}

// spokeFor reports whether a domain, or a mail of it, has endorsed for an entry or named a
// key for it, by the records about the entry.
func spokeFor(list []*aside) bool {
	for _, x := range list {
		if x.index < 0 {
			continue
		}
		switch s := x.record.Sighting.(type) {
		case *statement.Enrolment:
			return true
		case *statement.Observation:
			if s.Seen != nil && s.Claim == statement.ClaimEndorsement {
				return true
			}
		}
	}
	return false
}
