package publish

import (
	"context"
	"errors"
	"fmt"

	"github.com/sijil/sijil/internal/chain"
	"github.com/sijil/sijil/internal/statement"
	"github.com/sijil/sijil/log"
)

// reserve makes payload and intent durable, before anything reaches the log.
func (s *Service) reserve(ctx context.Context, p *publication, e *entry, c Content, token *log.Digest) error {
	if s.Frozen != nil {
		return &FrozenError{Successor: s.Frozen.Freeze().Successor}
	}
	if err := s.Tree.Room(); err != nil {
		return err
	}
	r := Reservation{
		Record: e.digest(), Genesis: p.genesis, Sequence: e.statement().Header().Sequence, Slug: p.slug,
		Key: e.last().Key.Digest(), Takes: e.record != nil, Bundle: e.last().data, Content: c, Token: token, Now: s.Clock(),
	}
	p.mu.RLock()
	r.Revision = p.revision
	p.mu.RUnlock()
	for _, spki := range policyOf(e.statement()).Keys {
		r.Names = append(r.Names, log.Sum(spki))
	}
	if redaction, ok := e.statement().(*statement.Redaction); ok && r.Takes {
		r.Withholds, r.Payloads = redaction.Entry, len(redaction.Payloads)
	}
	if err := s.Store.Reserve(ctx, r); err != nil {
		return err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.revision <= r.Revision { // else Apply knows it already, and maybe more
		p.revision, p.pending = r.Revision+1, e
	}
	return nil
}

// resume settles a record that was reserved and not settled. The caller holds
// p.submit, or is alone.
func (s *Service) resume(ctx context.Context, p *publication) error {
	p.mu.RLock()
	pending := p.pending
	p.mu.RUnlock()
	if pending == nil {
		return nil
	}
	s.Logger.InfoContext(ctx, "resuming an interrupted record", "publication", p.slug, "record", pending.digest())
	_, err := s.settle(ctx, p, pending)
	return err
}

// settle takes a reserved record through the log. The client's going away does
// not stop it.
func (s *Service) settle(ctx context.Context, p *publication, e *entry) (*Receipt, error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), settleTimeout)
	defer cancel()
	e = e.clone()
	signed := e.last()
	// If we die in here the entry may be in the log without an index in our
	// rows: resume appends it again and is given the first index.
	index, _, err := s.Log.Append(ctx, signed.Leaf())
	if err != nil {
		return nil, fmt.Errorf("append to the log: %w", err)
	}
	c, err := s.Tree.Cover(ctx, index)
	if err != nil {
		return nil, fmt.Errorf("checkpoint: %w", err)
	}
	signed.index = int64(index)
	bundle, err := s.complete(signed.bundle, signed.Signed, signed.index, c)
	if err != nil {
		return nil, err
	}
	settled := Settlement{Record: e.digest(), Genesis: p.genesis, Key: signed.Key.Digest(), Index: signed.index, Bundle: bundle}
	if e.record != nil {
		e.index = signed.index
		if settled.Head, err = log.SignHead(s.Signer, log.Head{Genesis: p.genesis, Record: e.digest(), Index: e.index, TreeSize: c.Size}); err != nil {
			return nil, err
		}
	}
	// If we die before this returns, the signature is in the log and still marked
	// pending: resume comes here again, and nobody has been told otherwise.
	err = s.Store.Settle(ctx, settled)
	if errors.Is(err, ErrSettled) { // another process found it waiting
		bundle, err = s.Store.FirstBundle(ctx, e.digest(), signed.Key.Digest())
	}
	if err != nil {
		return nil, fmt.Errorf("settle: %w", err)
	}
	signed.data = nil // the store has it
	if !p.settled(e, settled.Head, c.Size) || e.record == nil {
		return e.receipt(*signed, bundle, true), nil
	}
	if r, ok := e.statement().(*statement.Redaction); ok {
		if err := s.withhold(ctx, p, r.Entry); err != nil {
			return nil, err
		}
	} else if err := s.indexed(p, *e); err != nil {
		return nil, fmt.Errorf("index: %w", err)
	}
	return e.receipt(*signed, bundle, true), nil
}

// settled notes that a signature is in the log, and reports false where Apply did.
func (p *publication) settled(e *entry, head []byte, headAt int64) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if known, ok := p.at(e.digest()); ok {
		if _, ok := known.signed(e.last().bundle); ok {
			return false
		}
	}
	p.revision++
	p.pending = nil
	if e.record == nil {
		p.proposals[e.digest()] = e
		return true
	}
	p.add(*e)
	if x := p.asides.said; e.edition != nil && x != nil {
		x.book.Continue(p.chain.Clone())
	} else {
		p.asides.said = nil // it may be judged otherwise
	}
	p.asides.closing = "" // the chain says it now
	p.head, p.headAt = head, headAt
	return true
}

func (e *entry) receipt(signed signature, bundle []byte, created bool) *Receipt {
	r := &Receipt{Record: e.digest(), Sequence: e.statement().Header().Sequence, Index: signed.index, Bundle: bundle, Created: created, Have: len(e.signatures), Want: len(e.signatures)}
	if e.record == nil {
		r.Want = e.proposal.Want()
	}
	return r
}

// again answers a genesis for a slug that exists.
func (s *Service) again(ctx context.Context, p *publication, b *log.Bundle, record *chain.Record) (*Receipt, error) {
	p.submit.Lock()
	defer p.submit.Unlock()
	if err := s.resume(ctx, p); err != nil {
		return nil, err
	}
	if known, ok := p.known(record.Digest()); ok {
		if signed, ok := known.signed(b); ok {
			return s.first(ctx, known, signed)
		}
	}
	p.mu.RLock()
	defer p.mu.RUnlock()
	return nil, &chain.ConflictError{Head: p.chain.Head(), Sequence: p.chain.Sequence(), Detail: fmt.Sprintf("the slug %q belongs to another publication", p.slug)}
}

// first answers a signature that was there before.
func (s *Service) first(ctx context.Context, e *entry, signed signature) (*Receipt, error) {
	bundle, err := s.Store.FirstBundle(ctx, e.digest(), signed.Key.Digest())
	if err != nil {
		return nil, err
	}
	return e.receipt(signed, bundle, false), nil
}

// known returns a record, or a proposal, by its digest.
func (p *publication) known(record log.Digest) (*entry, bool) {
	p.mu.RLock()
	defer p.mu.RUnlock()
	return p.at(record)
}

// at is known. The caller holds mu.
func (p *publication) at(record log.Digest) (*entry, bool) {
	for i := range p.entries {
		if p.entries[i].digest() == record {
			return p.entries[i].clone(), true
		}
	}
	e, ok := p.proposals[record]
	return e, ok
}
