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
	"github.com/sijil/sijil/keys"
	"github.com/sijil/sijil/log"
)

// Batch is a verified batch of a roll, at its place in the log.
type Batch struct {
	*roll.Record
	Index int64
}

// OpenBatch reads and verifies one line of a roll's batches, and returns the batch with the
// checkpoint that its proof leads to.
func OpenBatch(line []byte, c *chain.Chain, policy *keys.Policy) (*Batch, *log.Checkpoint, error) {
	_, b, key, err := parseAside(line)
	if err != nil {
		return nil, nil, err
	}
	r, err := roll.VerifyBatch(b, key, c)
	if err != nil {
		return nil, nil, err
	}
	logged, err := b.Verify(key.ECDSA(), policy.Log().ID(), policy)
	if err != nil {
		return nil, nil, err
	}
	return &Batch{r, logged.Index()}, logged.Checkpoint(), nil
}

// Roll reads and verifies the batches of the publication's roll: each signed by a key of
// the publication policy at its place in the log, and each following the one before. That
// none is left out at the end is not proved: an audit shows it. The rows are not read.
func (p *Publication) Roll(ctx context.Context, src Source) ([]Batch, error) {
	path := p.layout.Roll(p.slug)
	doc, err := src.Fetch(ctx, path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	policy := p.trust.Policy()
	if p.layout.Latest {
		policy = policy.LogOnly()
	}
	var out []Batch
	policies := p.policies()
	var last *roll.Record
	for n := 1; len(doc) > 0; n++ {
		line, rest, ok := bytes.Cut(doc, []byte("\n"))
		if doc = rest; !ok {
			return nil, &DamagedError{Path: path, Err: fmt.Errorf("line %d has no end", n)}
		}
		b, _, err := OpenBatch(line, p.chain, policy)
		switch {
		case err != nil:
		case !b.Follows(last):
			err = errors.New("does not follow the batch before it")
		case !endorsement.InForce(policies, b.Key, b.Index):
			err = chain.ErrUnauthorised
		}
		if err != nil {
			return nil, &DamagedError{Path: path, Err: fmt.Errorf("line %d: %w", n, err)}
		}
		last = b.Record
		out = append(out, *b)
	}
	return out, nil
}
