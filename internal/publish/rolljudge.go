package publish

import (
	"context"
	"maps"

	"github.com/sijil/sijil/internal/endorsement"
	"github.com/sijil/sijil/log"
)

// judgement is by which keys the rows of how many batches were judged. changes is that of
// the records about list entries from which the keys are known.
type judgement struct {
	named            map[log.Digest]naming
	batches, changes int
}

// naming says which domain named a key, and until where in the log.
type naming struct {
	domain string
	until  int64
}

// confirmRows judges anew the rows of the roll under every key that a domain ever named. It
// is called after an enrolment, and at the start, since we may have died in between; in a
// cluster by whoever leads, too.
func (s *Service) confirmRows(ctx context.Context, p *publication) error {
	p.roll.adding.Lock()
	defer p.roll.adding.Unlock()
	return s.judgeRows(ctx, p)
}

// judgeRows judges the rows by what is known of keys, until nothing more has become known
// meanwhile. The caller holds roll.adding.
func (s *Service) judgeRows(ctx context.Context, p *publication) error {
	for !p.judged() {
		now, err := s.judgement(ctx, p)
		if err != nil {
			return err
		}
		if p.roll.judged.like(now) {
			p.roll.judged = now
			return nil
		}
		for key, by := range now.named {
			if err := s.Store.Confirm(ctx, p.genesis, key, by.domain, func(index int64) bool { return index < by.until }); err != nil {
				return err
			}
		}
		p.roll.judged = now
		p.mu.Lock()
		p.roll.recount()
		p.mu.Unlock()
		if err := s.catchUp(ctx); err != nil {
			return err
		}
	}
	return nil
}

// judged reports whether there is nothing to judge: no rows, or nothing new.
func (p *publication) judged() bool {
	p.mu.RLock()
	defer p.mu.RUnlock()
	n := len(p.roll.batches)
	return n == 0 || p.roll.judged.batches == n && p.roll.judged.changes == p.asides.changes
}

// judgement is by which keys rows are judged now.
func (s *Service) judgement(ctx context.Context, p *publication) (judgement, error) {
	p.mu.RLock()
	out := judgement{named: map[log.Digest]naming{}, batches: len(p.roll.batches), changes: p.asides.changes}
	p.mu.RUnlock()
	err := s.withBook(ctx, p, func(b *endorsement.Book) {
		for key, domain := range b.Owners() {
			out.named[key] = naming{domain, b.NamedUntil(key, domain)}
		}
	})
	return out, err
}

// like reports whether two judgements are of the same rows, by the same keys.
func (j judgement) like(other judgement) bool {
	return j.batches == other.batches && maps.Equal(j.named, other.named)
}
