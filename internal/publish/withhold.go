package publish

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/sijil/sijil/internal/match"
	"github.com/sijil/sijil/internal/signatory"
	"github.com/sijil/sijil/internal/statement"
	"github.com/sijil/sijil/log"
)

// Payloads are the digests of the records about a list entry, sorted: what a redaction
// of it names, because they go with it.
func (s *Service) Payloads(ctx context.Context, slug, entry string) ([]log.Digest, error) {
	p, err := s.find(slug)
	if err != nil {
		return nil, err
	}
	list, _, err := s.payloads(ctx, p, entry)
	return list, err
}

// payloads also reports whether more are on their way.
func (s *Service) payloads(ctx context.Context, p *publication, entry string) (list []log.Digest, more bool, err error) {
	list = []log.Digest{}
	about, err := s.about(ctx, p, entry)
	for _, a := range about {
		if a.index < 0 {
			more = true
		} else {
			list = append(list, a.record.Digest())
		}
	}
	slices.SortFunc(list, func(a, b log.Digest) int { return slices.Compare(a[:], b[:]) })
	return slices.Compact(list), more, err
}

// checkRedaction holds the payloads that a redaction names against those that are
// here: what is not named would be missing, and nobody could say why.
func checkRedaction(r *statement.Redaction, here []log.Digest) error {
	if !slices.Equal(here, r.Payloads) {
		return &InvalidError{fmt.Errorf("the redaction names %d records about the entry, and there are %d: ask again which they are, and sign anew", len(r.Payloads), len(here))}
	}
	return nil
}

// redacts checks what a redaction names, and closes its entry where it is about to take
// its place.
func (s *Service) redacts(ctx context.Context, p *publication, r *statement.Redaction, complete bool) error {
	if complete {
		if err := s.resumeAsides(ctx, p); err != nil {
			return err
		}
		return s.close(ctx, p, r)
	}
	here, _, err := s.payloads(ctx, p, r.Entry)
	if err != nil {
		return err
	}
	return checkRedaction(r, here)
}

// close keeps everything more about an entry out, while the redaction that names what
// there is makes its way: a record that came in between would be deleted, and named
// nowhere.
func (s *Service) close(ctx context.Context, p *publication, r *statement.Redaction) error {
	p.mu.Lock()
	for _, a := range p.asides.moving {
		if a.record.Entry() == r.Entry {
			p.mu.Unlock()
			return ErrBusy
		}
	}
	p.asides.closing = r.Entry
	p.mu.Unlock()
	here, more, err := s.payloads(ctx, p, r.Entry)
	if err == nil && more {
		err = ErrBusy
	}
	if err == nil {
		err = checkRedaction(r, here)
	}
	if err != nil {
		p.reopen()
	}
	return err
}

// reopen is close undone.
func (p *publication) reopen() {
	p.mu.Lock()
	p.asides.closing = ""
	p.mu.Unlock()
}

// withhold deletes a name, and what is about it, from memory and from the folder. The
// redaction is in the log: after an error the next submission to the publication does
// it again, and if we die in here the next start.
func (s *Service) withhold(ctx context.Context, p *publication, entry string) error {
	mails, err := s.mailsAbout(ctx, p, entry)
	if err != nil {
		return err
	}
	disclosure, err := p.forget(entry)
	if err != nil {
		return err
	}
	p.mu.Lock()
	p.undeleted[entry] = undeleted{disclosure, mails}
	p.mu.Unlock()
	if err := s.reindex(p); err != nil {
		return err
	}
	return s.deleteWithheld(ctx, p)
}

// undeleted is what the folder may still hold of a withheld entry.
type undeleted struct {
	disclosure signatory.Disclosure
	mails      []log.Digest
}

// deleteWithheld deletes from the folder what is gone from memory.
func (s *Service) deleteWithheld(ctx context.Context, p *publication) error {
	p.mu.RLock()
	todo := maps.Clone(p.undeleted)
	p.mu.RUnlock()
	for entry, gone := range todo {
		for _, m := range gone.mails {
			if s.Vault == nil {
				break
			}
			if err := s.Vault.Delete(m); err != nil {
				return fmt.Errorf("withhold: %w", err)
			}
		}
		if err := s.Store.Withhold(ctx, p.genesis, entry, gone.disclosure, gone.mails); err != nil {
			return fmt.Errorf("withhold: %w", err)
		}
		p.mu.Lock()
		delete(p.undeleted, entry)
		p.mu.Unlock()
	}
	return nil
}

// mailsAbout are the digests of the mails about an entry.
func (s *Service) mailsAbout(ctx context.Context, p *publication, entry string) (mails []log.Digest, err error) {
	err = s.openAll(ctx, p, AsideSelection{Genesis: p.genesis, Entry: entry}, func(a *aside) error {
		if o, ok := a.record.Sighting.(*statement.Observation); ok && o.Seen != nil && o.Seen.Means == statement.MeansMail {
			mails = append(mails, o.Seen.Document)
		}
		return nil
	})
	return mails, err
}

// forget takes a name out of the versions in memory, and returns its disclosure, empty
// where it was gone before.
func (p *publication) forget(commitment string) (found signatory.Disclosure, err error) {
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
			return "", err
		}
	}
	for _, e := range p.proposals {
		if err := hide(e); err != nil {
			return "", err
		}
	}
	p.asides.forget(commitment)
	return found, nil
}

// reindex makes Verify know the versions anew.
func (s *Service) reindex(p *publication) error {
	p.mu.RLock()
	out := match.Publication{Slug: p.slug, Genesis: p.genesis.String()}
	for _, e := range p.entries {
		if e.edition == nil {
			continue
		}
		v := e.edition.ForMatch()
		v.Retracted = p.chain.VersionRetracted(v.Number)
		out.Versions = append(out.Versions, v)
	}
	p.mu.RUnlock()
	if len(out.Versions) == 0 {
		return nil
	}
	return s.index.Put(out)
}

// withholdAgain finishes what a crash kept from being withheld. A service that only
// reads forgets it, and leaves the folder as it is.
func (s *Service) withholdAgain(ctx context.Context, p *publication) error {
	for _, e := range slices.Clone(p.entries) {
		r, ok := e.record.Statement.(*statement.Redaction)
		if !ok {
			continue
		}
		if !s.ReadOnly {
			if err := s.withhold(ctx, p, r.Entry); err != nil {
				return err
			}
			continue
		}
		if _, err := p.forget(r.Entry); err != nil {
			return err
		}
		if err := s.reindex(p); err != nil {
			return err
		}
	}
	return nil
}
