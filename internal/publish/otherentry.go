package publish

import (
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
func (p *publication) ownDomain(entry, domain string) error {
	p.mu.RLock()
	defer p.mu.RUnlock()
	for _, e := range p.entries {
		if e.edition == nil || !e.lists(entry) {
			continue
		}
		for i, x := range e.edition.List().Entries() {
			if x.Commitment != entry && !x.Withheld && x.Signatory.Domain == domain && p.asides.spokeFor(x.Commitment) {
				return fmt.Errorf("%w (entry %d of version %d)", ErrOtherEntry, i+1, e.edition.Statement().Version)
			}
		}
	}
	return nil
}

// spokeFor reports whether a domain, or a mail of it, has endorsed for an entry or named a
// key for it. The caller holds mu.
func (a *asides) spokeFor(entry string) bool {
	for _, x := range a.entry[entry] {
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
