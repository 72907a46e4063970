package publish

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/sijil/sijil/internal/statement"
	"github.com/sijil/sijil/log"
)

// Changes are what other processes, or this one, have written to a shared store.
type Changes struct {
	// Publications holds, for each whose chain has changed, all of its records, as
	// Store.Records yields them.
	Publications [][]Stored
	Asides       []Aside // by log index; reserved ones first
	Seen         []SeenAt
	DoorKeys     []log.Digest  // that have written
	GoneMails    []log.Digest  // see AsideStore
	Batches      []StoredBatch // of rolls, by publication and number
	Rolls        []log.Digest  // genesis records of publications whose counts have changed
}

// SeenAt says when a domain was last seen to say what it said of an entry.
type SeenAt struct {
	Genesis log.Digest
	Entry   string
	At      time.Time
}

// maxTries is how often a write is tried against others that come first.
const maxTries = 8

// catchUp is CatchUp, where there are others. An error is ErrAway.
func (s *Service) catchUp(ctx context.Context) error {
	if s.CatchUp == nil {
		return nil
	}
	if err := s.CatchUp(ctx); err != nil {
		return fmt.Errorf("%w: catch up with what others wrote: %w", ErrAway, err)
	}
	return nil
}

// upToDate runs f on what others have written, and again on what they have written
// meanwhile. What cannot be told from an older state, such as whether a record follows the
// head, is not told: ErrAway.
func (s *Service) upToDate(ctx context.Context, f func() (*Receipt, error)) (*Receipt, error) {
	for try := 1; ; try++ {
		if err := s.catchUp(ctx); err != nil {
			return nil, err
		}
		r, err := f()
		if !errors.Is(err, ErrStale) || s.CatchUp == nil || try == maxTries {
			return r, err
		}
	}
}

// Apply takes over what a shared store holds that is new, in the order of its commits.
// What this process wrote itself may be among it. It is for one goroutine at a time,
// beside all other methods.
//
// The caller shows a checkpoint only after it has applied the changes of a state of
// the store that holds it: a record that the checkpoint covers is then known, at least
// as pending, and no head is signed that leaves it out.
func (s *Service) Apply(ctx context.Context, c Changes) error {
	for _, records := range c.Publications {
		if len(records) == 0 {
			continue
		}
		if err := s.applyChain(ctx, records); err != nil {
			return fmt.Errorf("publication %q: %w", records[0].Slug, err)
		}
	}
	byGenesis := map[log.Digest]*publication{}
	for _, p := range s.all() {
		byGenesis[p.genesis] = p
	}
	for _, a := range c.Asides {
		if err := s.applyAside(ctx, byGenesis[a.Genesis], a); err != nil {
			return err
		}
	}
	for _, seen := range c.Seen {
		if p := byGenesis[seen.Genesis]; p != nil {
			p.mu.Lock()
			p.asides.seen[seen.Entry] = seen.At
			p.mu.Unlock()
		}
	}
	for _, m := range c.GoneMails {
		if s.Vault == nil {
			break
		}
		if err := s.Vault.Delete(m); err != nil {
			return fmt.Errorf("withhold: %w", err)
		}
	}
	if err := loadBatches(byGenesis, c.Batches); err != nil {
		return err
	}
	for _, genesis := range c.Rolls {
		if p := byGenesis[genesis]; p != nil {
			p.mu.Lock()
			p.roll.recount()
			p.mu.Unlock()
		}
	}
	s.ring.mu.Lock()
	defer s.ring.mu.Unlock()
	for _, key := range c.DoorKeys {
		s.ring.door[key] = true
	}
	return nil
}

// applyChain reads a publication anew, verifying all of it, unless what is known is as
// new.
func (s *Service) applyChain(ctx context.Context, records []Stored) error {
	known, err := s.find(records[0].Slug)
	if err == nil {
		known.mu.RLock()
		revision := known.revision
		known.mu.RUnlock()
		if revision >= records[0].Revision {
			return nil
		}
	}
	var fresh *publication
	for _, r := range records {
		if fresh, err = s.loadRecord(fresh, r); err != nil {
			return fmt.Errorf("record %d: %w", r.Sequence, err)
		}
	}
	p := s.keep(fresh)
	if p != fresh && !s.replace(p, fresh) {
		return nil
	}
	// Who withholds a name deletes it from the store; here it goes from memory.
	for _, e := range fresh.entries {
		if r, ok := e.record.Statement.(*statement.Redaction); ok {
			if _, err := p.forget(r.Entry); err != nil {
				return err
			}
		}
	}
	return s.reindex(p)
}

// replace gives a publication the chain that was read anew, and reports false where a
// write of this process has overtaken it.
func (s *Service) replace(p, fresh *publication) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.revision >= fresh.revision {
		return false
	}
	p.chain, p.entries, p.proposals, p.pending = fresh.chain, fresh.entries, fresh.proposals, fresh.pending
	p.head, p.headAt, p.revision = fresh.head, fresh.headAt, fresh.revision
	s.judge(p)
	p.asides.said, p.asides.closing = nil, ""
	if p.pending != nil {
		if r, ok := p.pending.statement().(*statement.Redaction); ok && p.pending.record != nil {
			p.asides.closing = r.Entry
		}
	}
	return true
}

// Resume finishes what some process left unfinished: whoever leads calls it now and
// then. What another one is at the same time about to finish is finished once.
func (s *Service) Resume(ctx context.Context) error {
	var errs []error
	for _, p := range s.all() {
		errs = append(errs, s.resumeAll(ctx, p))
	}
	return errors.Join(errs...)
}

func (s *Service) resumeAll(ctx context.Context, p *publication) error {
	if !p.submit.TryLock() {
		return nil // somebody is at it
	}
	defer p.submit.Unlock()
	err := s.resume(ctx, p)
	if err == nil {
		err = s.resumeAsides(ctx, p)
	}
	if err == nil {
		err = s.finishBatch(ctx, p)
	}
	if err == nil {
		err = s.confirmRows(ctx, p)
	}
	if err == nil {
		err = s.deleteWithheld(ctx, p)
	}
	if err != nil {
		return fmt.Errorf("publication %q: finish what was interrupted: %w", p.slug, err)
	}
	return nil
}
