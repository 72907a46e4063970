package publish

import (
	"cmp"
	"slices"

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
func (s *Service) Said(slug string) ([]Said, error) {
	p, err := s.find(slug)
	if err != nil {
		return nil, err
	}
	var events []endorsement.Event
	p.withBook(func(b *endorsement.Book) { events = b.Events() })
	who := p.signatories()
	out := make([]Said, 0, len(events))
	for _, e := range events {
		out = append(out, Said{Event: e, Signatory: who[e.Entry]})
	}
	return out, nil
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

// AsideAt returns the record about a list entry that stands at a log index.
func (s *Service) AsideAt(index int64) (AsideSummary, bool) {
	for _, p := range s.all() {
		p.mu.RLock()
		i, ok := slices.BinarySearchFunc(p.asides.list, index, func(a *aside, want int64) int { return cmp.Compare(a.index, want) })
		var sum AsideSummary
		if ok {
			sum = p.asides.list[i].summary(p.slug)
		}
		p.mu.RUnlock()
		if ok {
			return sum, true
		}
	}
	return AsideSummary{}, false
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
func (a aside) speaker() (log.Digest, bool) {
	if a.record.Claim != nil {
		return a.record.Key.Digest(), true
	}
	if o, ok := a.record.Sighting.(*statement.Observation); ok && o.Passkey != nil {
		return log.Sum(o.Passkey.Key), true
	}
	return log.Digest{}, false
}
