package publish

import (
	"context"
	"errors"
	"fmt"

	"github.com/sijil/sijil/internal/endorsement"
	"github.com/sijil/sijil/internal/signatory"
	"github.com/sijil/sijil/internal/statement"
	"github.com/sijil/sijil/log"
)

// Said is something that counts, of one list entry.
type Said struct {
	endorsement.Event
	Signatory signatory.Signatory
}

// Said lists what was said of a publication's entries and counts, in the order of the
// log.
func (s *Service) Said(ctx context.Context, slug string) ([]Said, error) {
	p, err := s.find(slug)
	if err != nil {
		return nil, err
	}
	var events []endorsement.Event
	if err := s.withBook(ctx, p, func(b *endorsement.Book) { events = b.Events() }); err != nil {
		return nil, err
	}
	who := p.signatories()
	out := make([]Said, 0, len(events))
	for _, e := range events {
		out = append(out, Said{Event: e, Signatory: who[e.Entry]})
	}
	return out, nil
}

// LastSaid is the log index up to which Said can have something; -1 where it has nothing.
func (s *Service) LastSaid(ctx context.Context, slug string) (int64, error) {
	p, err := s.find(slug)
	if err != nil {
		return -1, err
	}
	return s.Store.LastAside(ctx, p.genesis)
}

// signatories are those of all versions that are not withheld, by their commitments.
func (p *publication) signatories() map[string]signatory.Signatory {
	p.mu.RLock()
	defer p.mu.RUnlock()
	out := map[string]signatory.Signatory{}
	for _, e := range p.entries {
		if e.edition == nil {
			continue
		}
		for _, x := range e.edition.List().Entries() {
			if !x.Withheld {
				out[x.Commitment] = x.Signatory
			}
		}
	}
	return out
}

// AsideSummary describes a record that belongs to no chain.
type AsideSummary struct {
	Slug   string
	Kind   string // "endorsement", "withdrawal", "denial", "enrolment", "absence"
	Means  string // as in endorsement.Way; empty for an enrolment
	Record log.Digest
	Index  int64
}

// AsideAt returns the record about a list entry that stands at a log index, by its digest;
// ErrUnknown where none does.
func (s *Service) AsideAt(ctx context.Context, record log.Digest, index int64) (AsideSummary, error) {
	var genesis log.Digest
	err := s.Store.Asides(ctx, AsideSelection{Record: record}, func(a Aside) error {
		if a.Index == index {
			genesis = a.Genesis
		}
		return nil
	})
	if err != nil {
		return AsideSummary{}, err
	}
	p := s.findGenesis(genesis)
	if p == nil {
		return AsideSummary{}, fmt.Errorf("record %w", ErrUnknown)
	}
	out, err := AsideSummary{}, fmt.Errorf("record %w", ErrUnknown)
	read := s.openAsides(ctx, p, AsideSelection{Genesis: genesis, Record: record}, func(a *aside) error {
		if a.index == index {
			out, err = a.summary(p.slug), nil
		}
		return nil
	})
	return out, errors.Join(read, err)
}

func (a *aside) summary(slug string) AsideSummary {
	out := AsideSummary{Slug: slug, Record: a.record.Digest(), Index: a.index}
	switch x := a.record.Sighting.(type) {
	case *statement.Enrolment:
		out.Kind = "enrolment"
	case *statement.Observation:
		out.Kind, out.Means = x.Claim, statement.MeansPasskey
		if x.Seen != nil {
			out.Means = x.Seen.Means
		}
	default:
		out.Kind, out.Means = a.record.Claim.Kind(), "key"
	}
	return out
}

// speaker is the key of the signatory that a record was made with: the signer's own, or
// a passkey's; ok is false for what the service saw without any.
func speaker(r *endorsement.Record) (log.Digest, bool) {
	if r.Claim != nil {
		return r.Key.Digest(), true
	}
	if o, ok := r.Sighting.(*statement.Observation); ok && o.Passkey != nil {
		return log.Sum(o.Passkey.Key), true
	}
	return log.Digest{}, false
}
