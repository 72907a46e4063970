package publisher

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"time"

	"github.com/sijil/sijil/internal/evidence"
	"github.com/sijil/sijil/internal/statement"
	"github.com/sijil/sijil/keys"
	"github.com/sijil/sijil/log"
)

// say publishes a record that comes without texts: build is given the verified
// publication and the place that follows its head. What waits in the outbox under
// name is sent first, and is the answer when done says that it is what was asked
// for.
func (p *Publisher) say(ctx context.Context, slug, name string, done func(*Result) bool, build func(*evidence.Publication, statement.Header) (statement.Statement, error)) (*Result, error) {
	pub, err := p.open(ctx, slug)
	if err != nil {
		return nil, err
	}
	sent, err := p.deliver(ctx, slug, name)
	if err != nil {
		return nil, err
	}
	if sent != nil {
		if pub = sent.Publication; sent.Awaiting() || done(sent) {
			return sent, nil
		}
	}
	s, err := build(pub, next(pub, p.Open.Trust))
	if err != nil {
		return nil, err
	}
	if err := p.sign(name, s, nil, nil); err != nil {
		return nil, err
	}
	return p.deliver(ctx, slug, name)
}

// open verifies a publication as publishers see it, and that the key may sign for
// it.
func (p *Publisher) open(ctx context.Context, slug string) (*evidence.Publication, error) {
	if p.Rand == nil {
		p.Rand = rand.Reader
	}
	p.Open.Slug, p.Open.Layout.Latest = slug, true
	pub, err := evidence.Open(ctx, p.Source, p.Open)
	if err != nil {
		return nil, fmt.Errorf("verify the publication before signing: %w", err)
	}
	return pub, p.mayPublish(pub)
}

// next is the place that follows the head.
func next(pub *evidence.Publication, trust *keys.Trust) statement.Header {
	records := pub.Records()
	head := records[len(records)-1]
	return statement.Header{Log: statement.NameOf(trust.Policy().Log()), Publication: pub.Genesis(), Sequence: head.Statement.Header().Sequence + 1, Previous: head.Digest()}
}

func (p *Publisher) issued() string {
	return p.Clock().UTC().Truncate(time.Second).Format(time.RFC3339)
}

// PolicyEdit says how a publication policy changes.
type PolicyEdit struct {
	Add       []*keys.PublicKey
	Remove    []log.Digest
	Threshold int // 0: as it is
	Reason    string
}

// errors of SetPolicy; nothing was signed.
var (
	errNoChange = errors.New("the policy would stay as it is")
	errNoKey    = errors.New("is not a key of the policy")
)

// SetPolicy replaces the publication policy, under the policy in force.
func (p *Publisher) SetPolicy(ctx context.Context, slug string, e PolicyEdit) (*Result, error) {
	return p.say(ctx, slug, policyName, func(*Result) bool { return true }, func(pub *evidence.Publication, h statement.Header) (statement.Statement, error) {
		policy, err := e.apply(pub.Chain().Keys(), pub.Chain().Threshold())
		if err != nil {
			return nil, err
		}
		policy = policy.WithRecovery(pub.Chain().RecoveryDays(), pub.Chain().RecoveryKeys()...)
		return &statement.PolicyChange{Issued: p.issued(), Log: h.Log, Policy: policy, Previous: h.Previous, Publication: h.Publication, Reason: e.Reason, Sequence: h.Sequence}, nil
	})
}

func (e PolicyEdit) apply(in []*keys.PublicKey, threshold int) (statement.Policy, error) {
	have := map[log.Digest]bool{}
	for _, k := range in {
		have[k.Digest()] = true
	}
	gone := map[log.Digest]bool{}
	for _, d := range e.Remove {
		if !have[d] {
			return statement.Policy{}, fmt.Errorf("%s %w", d, errNoKey)
		}
		gone[d] = true
	}
	var out []*keys.PublicKey
	for _, k := range in {
		if !gone[k.Digest()] {
			out = append(out, k)
		}
	}
	for _, k := range e.Add {
		if !have[k.Digest()] {
			out = append(out, k)
		}
	}
	if e.Threshold == 0 {
		e.Threshold = threshold
	}
	if len(gone) == 0 && len(out) == len(in) && e.Threshold == threshold {
		return statement.Policy{}, errNoChange
	}
	return statement.NewPolicy(e.Threshold, out...), nil
}
