package publish

import (
	"context"
	"fmt"
	"slices"

	"github.com/sijil/sijil/internal/match"
	"github.com/sijil/sijil/internal/signatory"
	"github.com/sijil/sijil/internal/statement"
	"github.com/sijil/sijil/log"
)

// Payloads are the digests of the records about a list entry, sorted: what a redaction
// of it names, because they go with it.
func (s *Service) Payloads(slug, entry string) ([]log.Digest, error) {
	p, err := s.find(slug)
	if err != nil {
		return nil, err
	}
	p.mu.RLock()
	defer p.mu.RUnlock()
	return p.payloads(entry), nil
}

// payloads: the caller holds mu.
func (p *publication) payloads(entry string) []log.Digest {
	out := []log.Digest{}
	for _, a := range p.asides.list {
		if a.record.Entry() == entry {
			out = append(out, a.record.Digest())
		}
	}
	slices.SortFunc(out, func(a, b log.Digest) int { return slices.Compare(a[:], b[:]) })
	return slices.Compact(out)
}

// checkRedaction holds the payloads that a redaction names against those that are
// here: what is not named would be missing, and nobody could say why. The caller holds
// mu.
func (p *publication) checkRedaction(r *statement.Redaction) error {
	if here := p.payloads(r.Entry); !slices.Equal(here, r.Payloads) {
		return &InvalidError{fmt.Errorf("the redaction names %d records about the entry, and there are %d: ask again which they are, and sign anew", len(r.Payloads), len(here))}
	}
	return nil
}

// withhold deletes a name, and what is about it, from memory and from the folder. The
// redaction is in the log: if we die in here, the next start does it again.
func (s *Service) withhold(ctx context.Context, p *publication, entry string) error {
	disclosure, mails, err := p.forget(entry)
	if err != nil {
		return err
	}
	for _, m := range mails {
		if s.Vault == nil {
			break
		}
		if err := s.Vault.Delete(m); err != nil {
			return fmt.Errorf("withhold: %w", err)
		}
	}
	if err := s.Store.Withhold(ctx, p.chain.Genesis(), entry, disclosure); err != nil {
		return fmt.Errorf("withhold: %w", err)
	}
	return s.reindex(p)
}

// forget takes a name out of the versions in memory, and returns its disclosure, empty
// where it was gone before, and the digests of the mails about it.
func (p *publication) forget(commitment string) (found signatory.Disclosure, mails []log.Digest, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	hide := func(e *entry) error {
		if e.edition == nil {
			return nil
		}
		for i, x := range e.edition.List().Entries() {
			if x.Commitment != commitment {
				continue
			}
			if d := e.edition.List().Disclosures()[i]; d != "" {
				found = d
			}
			hidden, err := e.edition.Withhold(commitment)
			if err != nil {
				return err
			}
			e.edition = hidden
		}
		return nil
	}
	for i := range p.entries {
		if err := hide(&p.entries[i]); err != nil {
			return "", nil, err
		}
	}
	for _, e := range p.proposals {
		if err := hide(e); err != nil {
			return "", nil, err
		}
	}
	for _, a := range p.asides.list {
		if o, ok := a.record.Sighting.(*statement.Observation); ok && o.Entry == commitment && o.Seen != nil && o.Seen.Means == statement.MeansMail {
			mails = append(mails, o.Seen.Document)
		}
	}
	p.asides.list = slices.DeleteFunc(p.asides.list, func(a aside) bool { return a.record.Entry() == commitment })
	delete(p.asides.seen, commitment)
	p.asides.book = nil
	return found, mails, nil
}

// reindex makes Verify know the versions anew.
func (s *Service) reindex(p *publication) error {
	p.mu.RLock()
	out := match.Publication{Slug: p.slug, Genesis: p.chain.Genesis().String()}
	for _, e := range p.entries {
		if e.edition == nil {
			continue
		}
		v := e.edition.ForMatch()
		v.Retracted = p.chain.VersionRetracted(v.Number)
		out.Versions = append(out.Versions, v)
	}
	p.mu.RUnlock()
	return s.index.Put(out)
}

// withholdAgain finishes what a crash kept from being withheld.
func (s *Service) withholdAgain(ctx context.Context, p *publication) error {
	for _, e := range slices.Clone(p.entries) {
		r, ok := e.record.Statement.(*statement.Redaction)
		if !ok {
			continue
		}
		if err := s.withhold(ctx, p, r.Entry); err != nil {
			return err
		}
	}
	return nil
}
