package publisher

import (
	"context"
	"errors"
	"fmt"

	"github.com/sijil/sijil/internal/evidence"
	"github.com/sijil/sijil/internal/statement"
	"github.com/sijil/sijil/log"
)

// openOrCreate verifies the publication as it stands, after creating it if the
// trust file does not pin it.
func (p *Publisher) openOrCreate(ctx context.Context, in Input, token string) (*evidence.Publication, error) {
	p.Open.Slug, p.Open.Layout.Latest = in.Slug, true
	if _, ok := p.Open.Trust.Genesis(in.Slug); !ok {
		genesis, err := p.create(ctx, in, token)
		if err != nil {
			return nil, err
		}
		// We made and signed it ourselves: that is why it may be pinned.
		if p.Open.Trust, err = p.Open.Trust.Pin(in.Slug, genesis); err != nil {
			return nil, err
		}
		// If we die before this, the genesis in the outbox is sent again.
		if err := p.SaveTrust(p.Open.Trust); err != nil {
			return nil, err
		}
		if err := p.Outbox.Drop(genesisName); err != nil {
			return nil, err
		}
	}
	pub, err := evidence.Open(ctx, p.Source, p.Open)
	if err != nil {
		return nil, fmt.Errorf("verify the publication before signing: %w", err)
	}
	return pub, nil
}

func (p *Publisher) create(ctx context.Context, in Input, token string) (log.Digest, error) {
	data, err := p.Outbox.Get(genesisName)
	if err != nil {
		return log.Digest{}, err
	}
	if data == nil {
		policy := statement.NewPolicy(1, p.Signer.Public())
		if in.Policy != nil {
			policy = *in.Policy
		}
		payload, err := statement.Encode(&statement.Publication{
			Log: statement.NameOf(p.Open.Trust.Policy().Log()), Slug: in.Slug, Title: in.Title, Policy: policy,
		})
		if err != nil {
			return log.Digest{}, err
		}
		b, err := p.Signer.Sign(p.Rand, payload)
		if err != nil {
			return log.Digest{}, err
		}
		if data, err = b.Marshal(); err != nil {
			return log.Digest{}, err
		}
		// If we die after this, the same genesis is sent again: a second one
		// would find the slug taken and the token used.
		if err := p.Outbox.Put(genesisName, data); err != nil {
			return log.Digest{}, err
		}
	}
	sent, err := log.ParseBundle(data)
	if err != nil {
		return log.Digest{}, fmt.Errorf("outbox: %s: %w", genesisName, err)
	}
	if err := sameSlug(sent, in.Slug); err != nil {
		return log.Digest{}, err
	}
	if _, err := p.Server.Create(ctx, token, data); err != nil {
		// Nothing refused was kept by the service: let the next run start
		// again, with another token or slug.
		if refused(err) {
			err = errors.Join(err, p.Outbox.Drop(genesisName))
		}
		return log.Digest{}, err
	}
	return sent.Envelope.Digest(), nil
}

// sameSlug keeps a genesis that waits in the outbox from being pinned under
// another slug, when the draft was renamed meanwhile.
func sameSlug(b *log.Bundle, slug string) error {
	s, err := statement.Parse(b.Envelope.Payload)
	if err != nil {
		return fmt.Errorf("outbox: %s: %w", genesisName, err)
	}
	if g, ok := s.(*statement.Publication); !ok || g.Slug != slug {
		return fmt.Errorf("outbox: %s waits there and is not the genesis of %q: publish under the slug it names, or delete it", genesisName, slug)
	}
	return nil
}
