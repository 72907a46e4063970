package publish

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/sijil/sijil/internal/chain"
	"github.com/sijil/sijil/keys"
	"github.com/sijil/sijil/log"
)

// settleTimeout bounds how long a submit waits for the log. Past it the record
// stays reserved and is resumed by the next submit, or at the next start.
const settleTimeout = 30 * time.Second

// Receipt is the answer to a record that is durable, in the log, and covered by
// a signed checkpoint.
type Receipt struct {
	Record   log.Digest
	Sequence int64
	Index    int64
	Bundle   []byte // complete
	Created  bool   // false: the identical record was there before
}

// InvalidError: the submission itself is wrong. The caller answers 400 with
// its text, which holds no more of the input than an excerpt.
type InvalidError struct{ Err error }

func (e *InvalidError) Error() string { return e.Err.Error() }

func (e *InvalidError) Unwrap() error { return e.Err }

// FrozenError: the log has ended. The caller answers 410 and names the
// successor, if there is one.
type FrozenError struct{ Successor string }

func (e *FrozenError) Error() string {
	if e.Successor == "" {
		return "the log is frozen: it takes no more records"
	}
	return "the log is frozen: it takes no more records; " + e.Successor + " goes on"
}

// SimilarError: the slug could be taken for an existing one. The caller answers
// 409; the operator can issue a token that allows it.
type SimilarError struct{ Slug, Existing string }

func (e *SimilarError) Error() string {
	return fmt.Sprintf("the slug %q could be taken for %q, which exists", e.Slug, e.Existing)
}

// Create opens a publication with its genesis record.
func (s *Service) Create(ctx context.Context, token string, data []byte) (*Receipt, error) {
	b, err := parseSubmitted(data)
	if err != nil {
		return nil, err
	}
	p, record, err := s.start(b)
	if err != nil {
		return nil, classify(err)
	}
	s.creating.Lock()
	defer s.creating.Unlock()
	if old, err := s.find(p.slug); err == nil {
		return s.again(ctx, old, b, record)
	}
	if s.Frozen != nil {
		return nil, &FrozenError{Successor: s.Frozen.Freeze().Successor}
	}
	digest := log.Sum([]byte(token))
	if err := s.checkToken(ctx, digest, p.slug); err != nil {
		return nil, err
	}
	if err := s.claim(ctx, p.chain.Keys()); err != nil {
		return nil, err
	}
	e := entry{data: data, bundle: b, record: record, index: -1}
	if err := s.reserve(ctx, p, e, Content{}, &digest); err != nil {
		return nil, err
	}
	p.pending = &e
	// Held before anybody can find it: a version that comes at once would
	// otherwise settle the genesis first, and leave nothing to settle here.
	p.submit.Lock()
	defer p.submit.Unlock()
	s.mu.Lock()
	s.publications[p.slug] = p
	s.mu.Unlock()
	return s.settle(ctx, p)
}

// Submit adds a record to a publication.
func (s *Service) Submit(ctx context.Context, slug string, data []byte, c Content) (*Receipt, error) {
	b, err := parseSubmitted(data)
	if err != nil {
		return nil, err
	}
	p, err := s.find(slug)
	if err != nil {
		return nil, err
	}
	p.submit.Lock()
	defer p.submit.Unlock()
	if err := s.resume(ctx, p); err != nil {
		return nil, err
	}
	p.mu.RLock()
	next := p.chain.Clone()
	p.mu.RUnlock()
	record, err := next.Next(b)
	var conflict *chain.ConflictError
	if errors.As(err, &conflict) {
		if r, ok := p.settled(b.Envelope.Digest()); ok && string(r.bundle.Signature()) == string(b.Signature()) {
			return s.first(ctx, r)
		}
	}
	if err != nil {
		return nil, classify(err)
	}
	ed, err := openEdition(record.Statement, c)
	if err != nil {
		return nil, &InvalidError{err}
	}
	e := entry{data: data, bundle: b, record: record, edition: ed, index: -1}
	// If we die before this returns, the record was never here: the publisher
	// has no answer and submits it again.
	if err := s.reserve(ctx, p, e, c, nil); err != nil {
		return nil, err
	}
	p.mu.Lock()
	p.pending = &e
	p.mu.Unlock()
	return s.settle(ctx, p)
}

// reserve makes payload and intent durable, before anything reaches the log.
func (s *Service) reserve(ctx context.Context, p *publication, e entry, c Content, token *log.Digest) error {
	if s.Frozen != nil {
		return &FrozenError{Successor: s.Frozen.Freeze().Successor}
	}
	if err := s.Tree.Room(); err != nil {
		return err
	}
	return s.Store.Reserve(ctx, Reservation{
		Record: e.record.Digest(), Genesis: p.chain.Genesis(), Sequence: e.record.Statement.Header().Sequence, Slug: p.slug,
		Bundle: e.data, Content: c, Token: token, Now: s.Clock(),
	})
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
	s.Logger.InfoContext(ctx, "resuming an interrupted record", "publication", p.slug, "record", pending.record.Digest())
	_, err := s.settle(ctx, p)
	return err
}

// settle takes the pending record through the log. The client's going away does
// not stop it.
func (s *Service) settle(ctx context.Context, p *publication) (*Receipt, error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), settleTimeout)
	defer cancel()
	p.mu.RLock()
	e := *p.pending
	p.mu.RUnlock()
	// If we die in here the entry may be in the log without an index in our
	// rows: resume appends it again and is given the first index.
	index, _, err := s.Log.Append(ctx, e.record.Leaf())
	if err != nil {
		return nil, fmt.Errorf("append to the log: %w", err)
	}
	c, err := s.Tree.Cover(ctx, index)
	if err != nil {
		return nil, fmt.Errorf("checkpoint: %w", err)
	}
	e.index = int64(index)
	bundle, err := s.complete(e.bundle, e.record.Signed, e.index, c)
	if err != nil {
		return nil, err
	}
	head, err := log.SignHead(s.Signer, log.Head{Genesis: p.chain.Genesis(), Record: e.record.Digest(), Index: e.index, TreeSize: c.Size})
	if err != nil {
		return nil, err
	}
	// If we die before this returns, the record is in the log and still marked
	// pending: resume comes here again, and nobody has been told otherwise.
	if err := s.Store.Settle(ctx, Settlement{Record: e.record.Digest(), Genesis: p.chain.Genesis(), Index: e.index, Bundle: bundle, Head: head}); err != nil {
		return nil, fmt.Errorf("settle: %w", err)
	}
	p.mu.Lock()
	e.data = nil // the store has it
	p.add(e)
	p.head, p.headAt, p.pending = head, c.Size, nil
	p.mu.Unlock()
	if err := s.indexed(p, e); err != nil {
		return nil, fmt.Errorf("index: %w", err)
	}
	return &Receipt{Record: e.record.Digest(), Sequence: e.record.Statement.Header().Sequence, Index: e.index, Bundle: bundle, Created: true}, nil
}

// again answers a genesis for a slug that exists.
func (s *Service) again(ctx context.Context, p *publication, b *log.Bundle, record *chain.Record) (*Receipt, error) {
	p.submit.Lock()
	defer p.submit.Unlock()
	if err := s.resume(ctx, p); err != nil {
		return nil, err
	}
	r, ok := p.settled(record.Digest())
	if !ok || string(r.bundle.Signature()) != string(b.Signature()) {
		p.mu.RLock()
		defer p.mu.RUnlock()
		return nil, &chain.ConflictError{Head: p.chain.Head(), Sequence: p.chain.Sequence(), Detail: fmt.Sprintf("the slug %q belongs to another publication", p.slug)}
	}
	return s.first(ctx, r)
}

func (s *Service) first(ctx context.Context, e entry) (*Receipt, error) {
	bundle, err := s.Store.FirstBundle(ctx, e.record.Digest())
	if err != nil {
		return nil, err
	}
	return &Receipt{Record: e.record.Digest(), Sequence: e.record.Statement.Header().Sequence, Index: e.index, Bundle: bundle}, nil
}

func (p *publication) settled(record log.Digest) (entry, bool) {
	p.mu.RLock()
	defer p.mu.RUnlock()
	for _, e := range p.entries {
		if e.record.Digest() == record {
			return e, true
		}
	}
	return entry{}, false
}

func (s *Service) checkToken(ctx context.Context, digest log.Digest, slug string) error {
	t, err := s.Store.Token(ctx, digest)
	if err != nil {
		return err
	}
	switch {
	case t.Used:
		return fmt.Errorf("%w: it has been used", ErrToken)
	case !s.Clock().Before(t.Expires):
		return fmt.Errorf("%w: it has expired", ErrToken)
	case t.Slug != slug:
		return fmt.Errorf("%w: it is for another slug", ErrToken)
	case t.AllowSimilar:
		return nil
	}
	for _, p := range s.all() {
		if keys.SimilarSlug(slug, p.slug) {
			return &SimilarError{Slug: slug, Existing: p.slug}
		}
	}
	return nil
}

func parseSubmitted(data []byte) (*log.Bundle, error) {
	b, err := log.ParseBundle(data)
	if err != nil {
		return nil, &InvalidError{err}
	}
	if b.Entry() != nil {
		return nil, &InvalidError{errors.New("bundle: holds a log entry already; submit it as it was signed")}
	}
	return b, nil
}

// classify keeps the errors that have an answer of their own and calls the rest
// invalid.
func classify(err error) error {
	var foreign *chain.ForeignError
	var conflict *chain.ConflictError
	if errors.As(err, &foreign) || errors.As(err, &conflict) || errors.Is(err, chain.ErrUnauthorised) {
		return err
	}
	return &InvalidError{err}
}
