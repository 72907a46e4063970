package publisher

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"time"

	"github.com/sijil/sijil/internal/chain"
	"github.com/sijil/sijil/internal/evidence"
	"github.com/sijil/sijil/internal/statement"
	"github.com/sijil/sijil/log"
)

// Recovered is how far a recovery has come.
type Recovered struct {
	*Result
	Complete bool      // the new policy is in force
	From     time.Time // when the witnesses first covered the announcement; zero before
	Until    time.Time // when it can be completed
}

var (
	// ErrNoRecovery: the genesis names no recovery keys, or this is none of them.
	ErrNoRecovery = errors.New("this key cannot recover the publication")
	// ErrNoWitnesses: without a witness quorum nobody can say how much time passed.
	ErrNoWitnesses = errors.New("a recovery needs witnesses: without them nobody can say how long it stood in public")
)

// Recover announces, with a recovery key, which policy will replace the one in force;
// called again once the announcement has stood in public for the days that the genesis
// names, it puts that policy in force. In between it says how long to wait.
func (p *Publisher) Recover(ctx context.Context, slug string, e PolicyEdit) (*Recovered, error) {
	if p.Rand == nil {
		p.Rand = rand.Reader
	}
	if !p.Open.Trust.Policy().Quorum() {
		return nil, ErrNoWitnesses
	}
	p.Open.Slug, p.Open.Layout.Latest = slug, true
	pub, err := evidence.Open(ctx, p.Source, p.Open)
	if err != nil {
		return nil, fmt.Errorf("verify the publication before signing: %w", err)
	}
	c := pub.Chain()
	if !mine(c, p.Signer.Public().Digest()) {
		return nil, ErrNoRecovery
	}
	if sent, err := p.deliver(ctx, slug, recoverName); err != nil {
		return nil, err
	} else if sent != nil {
		pub, c = sent.Publication, sent.Publication.Chain()
	}
	if c.Announced() == nil {
		return p.announce(ctx, slug, pub, e)
	}
	return p.complete(ctx, slug, pub)
}

func mine(c *chain.Chain, key log.Digest) bool {
	for _, k := range c.RecoveryKeys() {
		if k.Digest() == key {
			return true
		}
	}
	return false
}

func (p *Publisher) announce(ctx context.Context, slug string, pub *evidence.Publication, e PolicyEdit) (*Recovered, error) {
	c := pub.Chain()
	policy, err := e.apply(c.Keys(), c.Threshold())
	if err != nil {
		return nil, err
	}
	policy = policy.WithRecovery(c.RecoveryDays(), c.RecoveryKeys()...)
	h := next(pub, p.Open.Trust)
	// What an earlier recovery left behind covers nothing of this one.
	if err := p.Outbox.Drop(coveredName); err != nil {
		return nil, err
	}
	err = p.sign(recoverName, &statement.Recovery{Issued: p.issued(), Log: h.Log, Policy: policy, Previous: h.Previous, Publication: h.Publication, Reason: e.Reason, Sequence: h.Sequence}, nil, nil)
	if err != nil {
		return nil, err
	}
	sent, err := p.deliver(ctx, slug, recoverName)
	if err != nil {
		return nil, err
	}
	return p.waiting(ctx, sent)
}

// waiting says from when, and until when, an announcement has to stand, and keeps the
// checkpoint that shows since when it has. If we die before it is kept, the next run
// keeps a later one, and the wait is longer.
func (p *Publisher) waiting(ctx context.Context, r *Result) (*Recovered, error) {
	out := &Recovered{Result: r}
	note, err := p.Outbox.Get(coveredName)
	if err != nil {
		return nil, err
	}
	if note == nil {
		if note, err = p.Source.Fetch(ctx, evidence.Layout{}.Checkpoint()); err != nil {
			return nil, err
		}
	}
	covered, err := log.OpenCheckpoint(note, p.Open.Trust.Policy())
	if err != nil {
		return nil, err
	}
	if covered.Size() <= r.Index {
		return out, nil // the witnesses have not seen it
	}
	if err := p.Outbox.Put(coveredName, note); err != nil {
		return nil, err
	}
	out.From = covered.Cosigned().UTC()
	out.Until = out.From.Add(time.Duration(r.Publication.Chain().RecoveryDays()) * 24 * time.Hour)
	return out, nil
}

func (p *Publisher) complete(ctx context.Context, slug string, pub *evidence.Publication) (*Recovered, error) {
	records := pub.Records()
	head := records[len(records)-1]
	w, err := p.waiting(ctx, &Result{Publication: pub, Genesis: pub.Genesis(), Record: head.Digest(), Index: head.Index, Have: 1, Want: 1})
	if err != nil || w.Until.IsZero() {
		return w, err
	}
	covered, err := p.Outbox.Get(coveredName)
	if err != nil {
		return nil, err
	}
	later, err := p.Source.Fetch(ctx, evidence.Layout{}.Checkpoint())
	if err != nil {
		return nil, err
	}
	now, err := log.OpenCheckpoint(later, p.Open.Trust.Policy())
	if err != nil {
		return nil, err
	}
	if now.Cosigned().Before(w.Until) {
		return w, nil
	}
	announced := pub.Chain().Announced()
	h := next(pub, p.Open.Trust)
	err = p.sign(recoverName, &statement.PolicyChange{Issued: p.issued(), Log: h.Log, Policy: announced.Policy, Previous: h.Previous, Publication: h.Publication, Reason: announced.Reason,
		Recovery: &statement.RecoveryProof{Covered: string(covered), Later: string(later)}, Sequence: h.Sequence}, nil, nil)
	if err != nil {
		return nil, err
	}
	sent, err := p.deliver(ctx, slug, recoverName)
	if err != nil {
		return nil, err
	}
	w.Result, w.Complete = sent, true
	return w, p.Outbox.Drop(coveredName)
}
