package publish

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/sijil/sijil/internal/chain"
	"github.com/sijil/sijil/internal/endorsement"
	"github.com/sijil/sijil/internal/roll"
	"github.com/sijil/sijil/internal/statement"
	"github.com/sijil/sijil/keys"
	"github.com/sijil/sijil/log"
)

// rollState is a publication's roll in memory: its batches, never its rows. adding
// serialises what changes it, and is locked after the publication's submit; the
// publication's mu guards the rest.
type rollState struct {
	adding  sync.Mutex
	batches []rollBatch // settled, by number
	pending *rollBatch  // reserved, not settled
	tally   roll.Tally  // nil when it is to be read anew
}

// rollBatch is a batch with its place in the log, -1 before.
type rollBatch struct {
	record *roll.Record
	bundle *log.Bundle // without a log entry
	index  int64
}

// AddBatch takes a batch of a publication's roll through the log. data is its bundle, spki
// the signer's key, body the rows as they are handed in: lines of JSON of an addition,
// commitments of the others. The same batch again has its first index.
func (s *Service) AddBatch(ctx context.Context, slug string, data, spki, body []byte) (*Receipt, error) {
	p, err := s.find(slug)
	if err != nil {
		return nil, err
	}
	// A batch stands in the log under the policy that it was judged by: no record of the
	// chain comes in between.
	p.submit.Lock()
	defer p.submit.Unlock()
	if err := s.resume(ctx, p); err != nil {
		return nil, err
	}
	p.roll.adding.Lock()
	defer p.roll.adding.Unlock()
	if err := s.resumeRoll(ctx, p); err != nil {
		return nil, err
	}
	p.mu.RLock()
	c := p.chain.Clone()
	p.mu.RUnlock()
	b, r, err := openBatch(data, spki, c)
	if err != nil {
		return nil, err
	}
	if known, ok := p.batch(r.Digest()); ok {
		return s.batchReceipt(known, false)
	}
	if err := p.mayFollow(r, c); err != nil {
		return nil, err
	}
	n, err := s.newBatch(ctx, p, r, c, body, s.Tree.Latest().Size)
	if err != nil {
		return nil, err
	}
	if s.Frozen != nil {
		return nil, &FrozenError{Successor: s.Frozen.Freeze().Successor}
	}
	if err := s.Tree.Room(); err != nil {
		return nil, err
	}
	if n.Bundle, err = b.Marshal(); err != nil {
		return nil, &InvalidError{err}
	}
	// If we die before this returns, the batch was never here.
	if err := s.Store.ReserveBatch(ctx, n); err != nil {
		return nil, err
	}
	p.mu.Lock()
	p.roll.pending = &rollBatch{record: r, bundle: b, index: -1}
	p.mu.Unlock()
	return s.settleBatch(ctx, p)
}

// openBatch verifies what was handed in, but for its rows.
func openBatch(data, spki []byte, c *chain.Chain) (*log.Bundle, *roll.Record, error) {
	b, err := log.ParseBundle(data)
	if err != nil {
		return nil, nil, &InvalidError{err}
	}
	key, err := keys.ParsePublicKey(spki)
	if err != nil {
		return nil, nil, &InvalidError{err}
	}
	b.VerificationMaterial.LogEntries = nil
	r, err := roll.VerifyBatch(b, key, c)
	var foreign *chain.ForeignError
	if err != nil && !errors.As(err, &foreign) && !errors.Is(err, chain.ErrUnauthorised) {
		err = &InvalidError{err}
	}
	return b, r, err
}

// mayFollow refuses a batch by a key that may not sign it, and one that is not the next.
func (p *publication) mayFollow(r *roll.Record, c *chain.Chain) error {
	if !inPolicy(c, r.Key) {
		return chain.ErrUnauthorised
	}
	if c.Threshold() > 1 {
		return &InvalidError{fmt.Errorf("the publication policy asks for %d signatures, and a batch has one: no roll is kept under such a policy; change the policy to one signature for as long as batches are handed in", c.Threshold())}
	}
	p.mu.RLock()
	defer p.mu.RUnlock()
	last := p.lastBatch()
	if r.Follows(last) {
		return nil
	}
	conflict := &chain.ConflictError{Head: c.Genesis(), Detail: fmt.Sprintf("it is batch %d, and the roll has none yet", r.Batch.Number)}
	if last != nil {
		conflict.Head, conflict.Sequence = last.Digest(), last.Batch.Number
		conflict.Detail = fmt.Sprintf("it is batch %d and does not follow batch %d, the roll's newest", r.Batch.Number, last.Batch.Number)
	}
	return conflict
}

// lastBatch: the caller holds mu.
func (p *publication) lastBatch() *roll.Record {
	if n := len(p.roll.batches); n > 0 {
		return p.roll.batches[n-1].record
	}
	return nil
}

// newBatch verifies the rows. size is that of the log now: from there on keys are judged.
func (s *Service) newBatch(ctx context.Context, p *publication, r *roll.Record, c *chain.Chain, body []byte, size int64) (NewBatch, error) {
	n := NewBatch{Genesis: c.Genesis(), Record: r.Digest(), Number: r.Batch.Number, SPKI: r.Key.SPKI(), Change: r.Batch.Change}
	if r.Batch.Change != statement.BatchAdd {
		var err error
		n.Entries, err = roll.ParseEntries(r.Batch, body)
		return n, rowsError(err)
	}
	n.Version = r.Batch.Version.Number
	place, err := roll.PlaceOf(c, *r.Batch.Version)
	if err != nil {
		return n, &InvalidError{err}
	}
	rows, err := roll.ParseRows(body)
	if err != nil {
		return n, rowsError(err)
	}
	list, err := roll.OpenRows(r.Batch, place, rows, nil)
	if err != nil {
		return n, rowsError(err)
	}
	n.Added = make([]NewEndorser, len(list))
	err = s.withBook(ctx, p, func(b *endorsement.Book) {
		for i, e := range list {
			n.Added[i] = NewEndorser{e, knownNow(b, e, size)}
		}
	})
	return n, err
}

// knownNow is how a row is known whose batch stands in the log at an index.
func knownNow(b *endorsement.Book, e *roll.Endorser, index int64) endorsement.Known {
	switch {
	case e.Claim == nil:
		return endorsement.Listed
	case e.Signatory.Domain != "" && index < b.NamedUntil(e.Key, e.Signatory.Domain):
		return endorsement.Signed
	}
	return roll.Unconfirmed
}

func rowsError(err error) error {
	var row *roll.RowError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &row):
		return &RowsError{Rows: []*roll.RowError{row}}
	}
	return &InvalidError{err}
}

// finishBatch settles such a batch before a record: its key may be none of the policy's
// afterwards. The caller holds submit.
func (s *Service) finishBatch(ctx context.Context, p *publication) error {
	p.mu.RLock()
	none := p.roll.pending == nil // and whoever reserves one holds submit
	p.mu.RUnlock()
	if none {
		return nil
	}
	p.roll.adding.Lock()
	defer p.roll.adding.Unlock()
	return s.resumeRoll(ctx, p)
}

// resumeRoll settles a batch that was reserved and not settled. The caller holds
// roll.adding, or is alone.
func (s *Service) resumeRoll(ctx context.Context, p *publication) error {
	p.mu.RLock()
	pending := p.roll.pending
	p.mu.RUnlock()
	if pending == nil {
		return nil
	}
	_, err := s.settleBatch(ctx, p)
	return err
}

// settleBatch takes the pending batch through the log. If we die in here the entry may be
// in the log without an index in our rows: the next start appends it again and is given the
// first index.
func (s *Service) settleBatch(ctx context.Context, p *publication) (*Receipt, error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), settleTimeout)
	defer cancel()
	p.mu.RLock()
	b := *p.roll.pending
	p.mu.RUnlock()
	index, _, err := s.Log.Append(ctx, b.record.Leaf())
	if err != nil {
		return nil, fmt.Errorf("append to the log: %w", err)
	}
	if _, err := s.Tree.Cover(ctx, index); err != nil {
		return nil, fmt.Errorf("checkpoint: %w", err)
	}
	b.index = int64(index)
	if err := s.Store.SettleBatch(ctx, p.chain.Genesis(), b.record.Batch.Number, b.index); err != nil {
		return nil, fmt.Errorf("settle: %w", err)
	}
	p.mu.Lock()
	p.roll.pending, p.roll.tally = nil, nil
	p.roll.batches = append(p.roll.batches, b)
	p.mu.Unlock()
	return s.batchReceipt(b, true)
}

func (s *Service) batchReceipt(b rollBatch, created bool) (*Receipt, error) {
	bundle, err := s.complete(b.bundle, b.record.Signed, b.index, s.Tree.Latest())
	if err != nil {
		return nil, err
	}
	return &Receipt{Record: b.record.Digest(), Sequence: b.record.Batch.Number, Index: b.index, Bundle: bundle, Created: created, Have: 1, Want: 1}, nil
}

// batch returns a settled batch by its record digest.
func (p *publication) batch(record log.Digest) (rollBatch, bool) {
	p.mu.RLock()
	defer p.mu.RUnlock()
	i := slices.IndexFunc(p.roll.batches, func(b rollBatch) bool { return b.record.Digest() == record })
	if i < 0 {
		return rollBatch{}, false
	}
	return p.roll.batches[i], true
}

// loadRolls reads the batches of all publications, after the chains.
func (s *Service) loadRolls(ctx context.Context) error {
	byGenesis := s.byGenesis()
	return s.Store.Batches(ctx, func(b StoredBatch) error {
		p := byGenesis[b.Genesis]
		if p == nil {
			return fmt.Errorf("batch %s belongs to no publication", b.Record)
		}
		bundle, r, err := openBatch(b.Bundle, b.SPKI, p.chain)
		if err != nil {
			return fmt.Errorf("batch %s: %w", b.Record, err)
		}
		if r.Digest() != b.Record || !r.Follows(p.lastBatch()) || p.roll.pending != nil {
			return fmt.Errorf("batch %s does not follow the one before it", b.Record)
		}
		if b.Index < 0 {
			p.roll.pending = &rollBatch{record: r, bundle: bundle, index: -1}
			return nil
		}
		p.roll.batches = append(p.roll.batches, rollBatch{record: r, bundle: bundle, index: b.Index})
		return nil
	})
}

// scrub finishes withholdings: we may have died between one and the last of its bytes.
func (s *Service) scrub(ctx context.Context) error {
	for _, p := range s.all() {
		if slices.ContainsFunc(p.roll.batches, func(b rollBatch) bool { return b.record.Batch.Change == statement.BatchWithhold }) {
			return s.Store.Scrub(ctx)
		}
	}
	return nil
}

// confirmRows judges anew the rows of the roll under every key that a domain ever named. It
// is called after an enrolment, and at the start, since we may have died in between.
func (s *Service) confirmRows(ctx context.Context, p *publication) error {
	p.roll.adding.Lock()
	defer p.roll.adding.Unlock()
	p.mu.RLock()
	none := len(p.roll.batches) == 0
	p.mu.RUnlock()
	if none {
		return nil
	}
	until := map[log.Digest]int64{}
	var owners map[log.Digest]string
	err := s.withBook(ctx, p, func(b *endorsement.Book) {
		owners = b.Owners()
		for key, domain := range owners {
			until[key] = b.NamedUntil(key, domain)
		}
	})
	if err != nil {
		return err
	}
	for key, domain := range owners {
		if err := s.Store.Confirm(ctx, p.chain.Genesis(), key, domain, func(index int64) bool { return index < until[key] }); err != nil {
			return err
		}
	}
	p.mu.Lock()
	p.roll.tally = nil
	p.mu.Unlock()
	return nil
}
