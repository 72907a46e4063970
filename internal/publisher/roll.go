package publisher

import (
	"context"
	"errors"
	"fmt"

	"github.com/sijil/sijil/internal/evidence"
	"github.com/sijil/sijil/log"
)

// ErrNoRoll: the publication policy asks for several signatures, and a batch of a roll has
// one. The caller tells the person.
var ErrNoRoll = errors.New("no roll is kept under a publication policy of several signatures")

// ForRoll verifies the publication as publishers see it, and that this key may sign batches
// of its roll. It is returned with ErrNoRoll too.
func (p *Publisher) ForRoll(ctx context.Context, slug string) (*evidence.Publication, error) {
	pub, err := p.open(ctx, slug)
	if err != nil {
		return nil, err
	}
	if n := pub.Chain().Threshold(); n > 1 {
		return pub, fmt.Errorf("%w: this one asks for %d", ErrNoRoll, n)
	}
	return pub, nil
}

// NewestBatch reads the roll as the service has it, verifies it, and returns number and
// record of its newest batch: 0 and the genesis before the first.
func (p *Publisher) NewestBatch(ctx context.Context, slug string) (int64, log.Digest, error) {
	pub, err := p.open(ctx, slug)
	if err != nil {
		return 0, log.Digest{}, err
	}
	list, err := pub.Roll(ctx, p.Source)
	if err != nil {
		return 0, log.Digest{}, fmt.Errorf("verify the roll before signing: %w", err)
	}
	if len(list) == 0 {
		return 0, pub.Genesis(), nil
	}
	last := list[len(list)-1]
	return last.Batch.Number, last.Digest(), nil
}
