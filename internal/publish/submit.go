package publish

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/sijil/sijil/internal/chain"
	"github.com/sijil/sijil/internal/statement"
	"github.com/sijil/sijil/keys"
	"github.com/sijil/sijil/log"
)

// settleTimeout bounds how long a submit waits for the log. Past it the record
// stays reserved and is resumed by the next submit, or at the next start.
const settleTimeout = 30 * time.Second

// Receipt is the answer to a signature that is durable, in the log, and covered by
// a signed checkpoint.
type Receipt struct {
	Record   log.Digest
	Sequence int64
	Index    int64
	Bundle   []byte // complete
	Created  bool   // false: the identical record was there before
	// Have of Want signatures: with fewer the record waits for the others, and the
	// head has not moved.
	Have, Want int
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
	e := &entry{index: -1}
	e.begin(record, b)
	e.last().data = data
	if err := s.reserve(ctx, p, e, Content{}, &digest); err != nil {
		return nil, err
	}
	// Held before anybody can find it: a version that comes at once would
	// otherwise settle the genesis first.
	p.submit.Lock()
	defer p.submit.Unlock()
	return s.settle(ctx, s.keep(p), e)
}

// keep makes a publication known, or returns the one that Apply made of it.
func (s *Service) keep(p *publication) *publication {
	s.mu.Lock()
	defer s.mu.Unlock()
	if known, ok := s.publications[p.slug]; ok {
		return known
	}
	s.publications[p.slug] = p
	return p
}

// maxProposals bounds how many records of a publication wait for signatures under
// one key, in one place.
const maxProposals = 8

// Submit adds a record to a publication, or a signature to a record that waits for
// it: then c can be empty.
func (s *Service) Submit(ctx context.Context, slug string, data []byte, c Content) (*Receipt, error) {
	return s.upToDate(ctx, func() (*Receipt, error) { return s.submit(ctx, slug, data, c) })
}

func (s *Service) submit(ctx context.Context, slug string, data []byte, c Content) (*Receipt, error) {
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
	if err := s.finishBatch(ctx, p); err != nil {
		return nil, err
	}
	if err := s.deleteWithheld(ctx, p); err != nil {
		return nil, err
	}
	if known, ok := p.known(b.Envelope.Digest()); ok {
		if signed, ok := known.signed(b); ok {
			return s.first(ctx, known, signed)
		}
	}
	e, c, err := s.admitted(p, b, c)
	if err != nil {
		return nil, err
	}
	if r, ok := e.statement().(*statement.Redaction); ok {
		if err := s.redacts(ctx, p, r, e.record != nil); err != nil {
			return nil, err
		}
	}
	if r, ok := e.statement().(*statement.Recovery); ok {
		if err := s.claimPolicy(ctx, r.Policy); err != nil {
			return nil, err
		}
	}
	if change, ok := e.statement().(*statement.PolicyChange); ok {
		if err := s.claimPolicy(ctx, change.Policy); err != nil {
			return nil, err
		}
	}
	e.last().data = data
	// If we die before this returns, the record was never here: the publisher
	// has no answer and submits it again.
	if err := s.reserve(ctx, p, e, c, nil); err != nil {
		p.reopen()
		return nil, err
	}
	return s.settle(ctx, p, e)
}

// claimPolicy makes a policy's keys publisher keys before it is reserved: with a key of
// the door it would be a record that nobody can honour.
func (s *Service) claimPolicy(ctx context.Context, policy statement.Policy) error {
	list, err := policy.PublicKeys()
	if err != nil {
		return &InvalidError{err}
	}
	return s.claim(ctx, list)
}

// admitted verifies a signature against the chain as it stands: the entry it makes,
// with it, and the content that is to be stored with it.
func (s *Service) admitted(p *publication, b *log.Bundle, c Content) (*entry, Content, error) {
	p.mu.RLock()
	defer p.mu.RUnlock()
	if waiting, ok := p.proposals[b.Envelope.Digest()]; ok && p.alive(waiting) {
		e := waiting.clone()
		if err := e.cosign(b); err != nil {
			return nil, Content{}, p.classify(err)
		}
		return e, Content{}, nil
	}
	e := &entry{index: -1}
	if err := e.propose(p.chain, b); err != nil {
		return nil, Content{}, classify(err)
	}
	mine := 0
	for _, other := range p.proposals {
		if p.alive(other) && other.signatures[0].Key.Digest() == e.last().Key.Digest() {
			mine++
		}
	}
	if mine >= maxProposals {
		return nil, Content{}, &chain.ConflictError{Head: p.chain.Head(), Sequence: p.chain.Sequence(), Detail: fmt.Sprintf("%d records that this key proposed wait for signatures; have one of them signed", mine)}
	}
	var err error
	if e.edition, err = openEdition(e.statement(), c); err == nil {
		err = checkNames(p.chain, e.edition)
	}
	if err != nil {
		return nil, Content{}, &InvalidError{err}
	}
	return e, c, nil
}

// alive reports whether a proposal can still become a record. The caller holds mu.
func (p *publication) alive(e *entry) bool {
	return e.statement().Header().Previous == p.chain.Head()
}

// classify is for a cosignature. The caller holds mu.
func (p *publication) classify(err error) error {
	if errors.Is(err, chain.ErrSignedAlready) {
		return &chain.ConflictError{Head: p.chain.Head(), Sequence: p.chain.Sequence(), Detail: err.Error()}
	}
	return classify(err)
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
	if errors.As(err, &foreign) || errors.As(err, &conflict) || errors.Is(err, chain.ErrUnauthorised) || errors.Is(err, chain.ErrRecovery) {
		return err
	}
	return &InvalidError{err}
}
