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
// serialises what changes it in this process; the publication's mu guards the rest but for
// judged, which adding guards. Who holds submit may take adding, and not the other way.
type rollState struct {
	line    line // of those who hand in batches
	adding  sync.Mutex
	batches []rollBatch  // settled, by number
	pending *rollBatch   // reserved, not settled, as far as is known
	counts  *RollSummary // nil when it is to be read anew
	changes int          // how often that was so
	judged  judgement
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
	return s.upToDate(ctx, func() (*Receipt, error) { return s.addBatch(ctx, slug, data, spki, body) })
}

func (s *Service) addBatch(ctx context.Context, slug string, data, spki, body []byte) (*Receipt, error) {
	p, err := s.find(slug)
	if err != nil {
		return nil, err
	}
	if err := s.resumeWaiting(ctx, p); err != nil {
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
	if err := mayAdd(c, r.Key); err != nil {
		return nil, err
	}
	// Rows are verified while the batch before them is taken in. Its turn comes as it came.
	turn, err := p.roll.line.join()
	if err != nil {
		return nil, err
	}
	defer turn.leave()
	if turn.first() && !p.adds() { // then it follows now, or never
		if err := p.mayFollow(r, c); err != nil {
			return s.takenMeanwhile(p, r, err)
		}
	}
	rows, err := openRows(r, c, body)
	if err != nil {
		return nil, err
	}
	if err := turn.wait(ctx); err != nil {
		return nil, err
	}
	return s.takeBatch(ctx, p, b, r, rows)
}

// takenMeanwhile answers a batch that does not follow: with its place, where it is in the log
// by another request that handed it in, since it was looked for.
func (s *Service) takenMeanwhile(p *publication, r *roll.Record, err error) (*Receipt, error) {
	if known, ok := p.batch(r.Digest()); ok {
		return s.batchReceipt(known, false)
	}
	return nil, err
}

// takeBatch judges a batch whose rows were verified, and takes it through the log.
func (s *Service) takeBatch(ctx context.Context, p *publication, b *log.Bundle, r *roll.Record, rows openedRows) (*Receipt, error) {
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
	c, revision, pending := p.chain.Clone(), p.revision, p.pending
	p.mu.RUnlock()
	if pending != nil {
		return nil, ErrStale // another process has just reserved it
	}
	if known, ok := p.batch(r.Digest()); ok {
		return s.batchReceipt(known, false)
	}
	if err := p.mayFollow(r, c); err != nil {
		return s.takenMeanwhile(p, r, err)
	}
	now, err := s.judgement(ctx, p)
	if err != nil {
		return nil, err
	}
	n, err := s.newBatch(ctx, p, r, rows, s.Tree.Latest().Size)
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
	n.Revision = revision
	// If we die before this returns, the batch was never here.
	if err := s.Store.ReserveBatch(ctx, n); err != nil {
		return nil, err
	}
	x := rollBatch{record: r, bundle: b, index: -1}
	p.tookBatch(x)
	if n.Number == 1 || p.roll.judged.like(now) { // then all rows are judged by the same
		now.batches++
		p.roll.judged = now
	}
	return s.settleBatch(ctx, p, x)
}

// mayAdd refuses a batch by a key that may not sign it.
func mayAdd(c *chain.Chain, key *keys.PublicKey) error {
	if !inPolicy(c, key) {
		return chain.ErrUnauthorised
	}
	if c.Threshold() > 1 {
		return &InvalidError{fmt.Errorf("the publication policy asks for %d signatures, and a batch has one: no roll is kept under such a policy; change the policy to one signature for as long as batches are handed in", c.Threshold())}
	}
	return nil
}

// mayFollow refuses a batch by a key that may not sign it now, and one that is not the next.
func (p *publication) mayFollow(r *roll.Record, c *chain.Chain) error {
	if err := mayAdd(c, r.Key); err != nil {
		return err
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

// newBatch is what the store is given. size is that of the log now: from there on keys are
// judged.
func (s *Service) newBatch(ctx context.Context, p *publication, r *roll.Record, rows openedRows, size int64) (NewBatch, error) {
	n := NewBatch{Genesis: p.genesis, Record: r.Digest(), Number: r.Batch.Number, SPKI: r.Key.SPKI(), Change: r.Batch.Change, Entries: rows.entries}
	if r.Batch.Change != statement.BatchAdd {
		return n, nil
	}
	n.Version, n.Added = r.Batch.Version.Number, make([]NewEndorser, len(rows.added))
	err := s.withBook(ctx, p, func(b *endorsement.Book) {
		for i, e := range rows.added {
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

// resumeWaiting finishes a record that was interrupted: a batch may speak of it. It waits for
// nobody who is at work.
func (s *Service) resumeWaiting(ctx context.Context, p *publication) error {
	p.mu.RLock()
	waiting := p.pending != nil
	p.mu.RUnlock()
	if !waiting {
		return nil
	}
	p.submit.Lock()
	defer p.submit.Unlock()
	return s.resume(ctx, p)
}

// adds reports whether a batch is reserved, and not settled.
func (p *publication) adds() bool {
	p.mu.RLock()
	defer p.mu.RUnlock()
	return p.roll.pending != nil
}

// finishBatch settles a reserved batch before a record: its key may be none of the policy's
// afterwards. The caller holds submit.
func (s *Service) finishBatch(ctx context.Context, p *publication) error {
	if !p.adds() { // and whoever reserves one holds submit
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
	_, err := s.settleBatch(ctx, p, *pending)
	return err
}

// settleBatch takes a reserved batch through the log. If we die in here the entry may be in
// the log without an index in our rows: whoever resumes it appends it again and is given the
// first index.
func (s *Service) settleBatch(ctx context.Context, p *publication, b rollBatch) (*Receipt, error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), settleTimeout)
	defer cancel()
	index, _, err := s.Log.Append(ctx, b.record.Leaf())
	if err != nil {
		return nil, fmt.Errorf("append to the log: %w", err)
	}
	if _, err := s.Tree.Cover(ctx, index); err != nil {
		return nil, fmt.Errorf("checkpoint: %w", err)
	}
	b.index = int64(index)
	err = s.Store.SettleBatch(ctx, p.genesis, b.record.Batch.Number, b.index)
	if err != nil && !errors.Is(err, ErrSettled) { // by another process, which found it waiting
		return nil, fmt.Errorf("settle: %w", err)
	}
	p.tookBatch(b)
	// A domain may have named a key while these rows did not count yet.
	if err := s.catchUp(ctx); err != nil {
		return nil, err
	}
	if err := s.judgeRows(ctx, p); err != nil {
		return nil, err
	}
	return s.batchReceipt(b, true)
}

// tookBatch notes that a batch is reserved, or settled, unless more is known of it.
func (p *publication) tookBatch(b rollBatch) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if b.record.Batch.Number <= int64(len(p.roll.batches)) {
		return
	}
	if b.index < 0 {
		p.roll.pending = &b
		return
	}
	p.roll.pending = nil
	p.roll.batches = append(p.roll.batches, b)
	p.roll.recount()
}

// recount has the endorsers counted anew. The caller holds mu.
func (r *rollState) recount() {
	r.counts = nil
	r.changes++
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

// storedBatches are all batches. They are read before the chains that they are of: another
// process may add to both.
func (s *Service) storedBatches(ctx context.Context) (all []StoredBatch, err error) {
	err = s.Store.Batches(ctx, func(b StoredBatch) error {
		all = append(all, b)
		return nil
	})
	return all, err
}

// loadBatches takes over what the store has of batches, in the order of their numbers.
func loadBatches(byGenesis map[log.Digest]*publication, list []StoredBatch) error {
	for _, b := range list {
		p := byGenesis[b.Genesis]
		if p == nil {
			return fmt.Errorf("batch %s belongs to no publication", b.Record)
		}
		if err := p.loadBatch(b); err != nil {
			return fmt.Errorf("batch %s: %w", b.Record, err)
		}
	}
	return nil
}

func (p *publication) loadBatch(b StoredBatch) error {
	p.mu.RLock()
	if b.Number <= int64(len(p.roll.batches)) {
		p.mu.RUnlock()
		return nil
	}
	bundle, r, err := openBatch(b.Bundle, b.SPKI, p.chain)
	follows := err == nil && r.Digest() == b.Record && r.Follows(p.lastBatch())
	p.mu.RUnlock()
	if err != nil {
		return err
	}
	if !follows {
		return errors.New("it does not follow the one before it")
	}
	p.tookBatch(rollBatch{record: r, bundle: bundle, index: b.Index})
	return nil
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
