package evidence

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"

	"github.com/sijil/sijil/internal/chain"
	"github.com/sijil/sijil/internal/endorsement"
	"github.com/sijil/sijil/internal/roll"
	"github.com/sijil/sijil/internal/statement"
	"github.com/sijil/sijil/keys"
	"github.com/sijil/sijil/log"
)

// Batch is a verified batch of a roll, at its place in the log.
type Batch struct {
	*roll.Record
	Index int64
	Tree  *log.Checkpoint // that its proof leads to
}

// OpenBatch reads and verifies one line of a roll's batches.
func OpenBatch(line []byte, c *chain.Chain, policy *keys.Policy) (*Batch, error) {
	_, b, key, err := parseAside(line)
	if err != nil {
		return nil, err
	}
	r, err := roll.VerifyBatch(b, key, c)
	if err != nil {
		return nil, err
	}
	logged, err := b.Verify(key.ECDSA(), policy.Log().ID(), policy)
	if err != nil {
		return nil, err
	}
	return &Batch{r, logged.Index(), logged.Checkpoint()}, nil
}

// OneSigns refuses a batch, which has one signature, under a policy that asks for more.
func OneSigns(threshold int) error {
	if threshold > 1 {
		return fmt.Errorf("a batch has one signature, and the publication policy asks for %d there", threshold)
	}
	return nil
}

// thresholdAt is how many signatures the policy in force at a log index asks for.
func (p *Publication) thresholdAt(index int64) (n int) {
	for _, r := range p.records {
		if r.Index > index {
			break
		}
		switch s := r.Statement.(type) {
		case *statement.Publication:
			n = s.Policy.Threshold
		case *statement.PolicyChange:
			n = s.Policy.Threshold
		}
	}
	return n
}

// Roll reads and verifies the batches of the publication's roll: each signed by a key of
// the publication policy at its place in the log, and each following the one before. That
// none is left out at the end is not proved: an audit shows it. The rows are not read.
func (p *Publication) Roll(ctx context.Context, src Source) ([]Batch, error) {
	out, _, err := p.readRoll(ctx, src)
	return out, err
}

// readRoll returns the document too; nil for an empty roll.
func (p *Publication) readRoll(ctx context.Context, src Source) (out []Batch, doc []byte, err error) {
	path := p.layout.Roll(p.slug)
	whole, err := src.Fetch(ctx, path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil, nil
	}
	if err != nil {
		return nil, nil, err
	}
	policy := p.trust.Policy()
	if p.layout.Latest {
		policy = policy.LogOnly()
	}
	policies := p.policies()
	var last *roll.Record
	for n, rest := 1, whole; len(rest) > 0; n++ {
		line, after, ok := bytes.Cut(rest, []byte("\n"))
		if rest = after; !ok {
			return nil, nil, &DamagedError{Path: path, Err: fmt.Errorf("line %d has no end", n)}
		}
		b, err := OpenBatch(line, p.chain, policy)
		switch {
		case err != nil:
		case !b.Follows(last):
			err = errors.New("does not follow the batch before it")
		case !endorsement.InForce(policies, b.Key, b.Index):
			err = chain.ErrUnauthorised
		default:
			err = OneSigns(p.thresholdAt(b.Index))
		}
		if err != nil {
			return nil, nil, &DamagedError{Path: path, Err: fmt.Errorf("line %d: %w", n, err)}
		}
		last = b.Record
		out = append(out, *b)
	}
	return out, whole, nil
}
