package publisher

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/sijil/sijil/internal/chain"
	"github.com/sijil/sijil/internal/edition"
	"github.com/sijil/sijil/internal/evidence"
	"github.com/sijil/sijil/internal/signatory"
	"github.com/sijil/sijil/internal/statement"
	"github.com/sijil/sijil/log"
)

// Proposal is a record that waits for signatures: its statement, its place in the
// chain, the signatures that it has, and its texts and list were verified.
type Proposal struct {
	Publication *evidence.Publication
	Record      log.Digest
	Statement   statement.Statement
	Edition     *edition.Edition // of a version
	Have, Want  int

	payload []byte
}

// ErrNothingToSign: no record waits for this key's signature.
var ErrNothingToSign = errors.New("no record waits for a signature of this key")

// Proposals returns what waits for the signature of this key.
func (p *Publisher) Proposals(ctx context.Context, slug string) ([]*Proposal, error) {
	pub, err := p.open(ctx, slug)
	if err != nil {
		return nil, err
	}
	listed, err := p.listed(ctx, slug)
	if err != nil {
		return nil, err
	}
	var out []*Proposal
	for _, l := range listed {
		if slices.Contains(l.Keys, p.Signer.Public().Digest()) {
			continue
		}
		one, err := p.proposal(ctx, pub, slug, l.Record, l.Have)
		if err != nil {
			return nil, fmt.Errorf("the record %s, which waits for signatures: %w", l.Record, err)
		}
		out = append(out, one)
	}
	return out, nil
}

// listing is what the service says of a proposal: where to look, nothing to
// believe.
type listing struct {
	Record log.Digest   `json:"record"`
	Type   string       `json:"type"`
	Have   int          `json:"have"`
	Keys   []log.Digest `json:"keys"`
}

func (p *Publisher) listed(ctx context.Context, slug string) ([]listing, error) {
	b, err := p.Source.Fetch(ctx, evidence.Layout{}.Summary(slug))
	if err != nil {
		return nil, err
	}
	var summary struct {
		Proposals []listing `json:"proposals"`
	}
	if err := json.Unmarshal(b, &summary); err != nil {
		return nil, fmt.Errorf("what the service says of %q: %w", slug, err)
	}
	return summary.Proposals, nil
}

// noneWaits keeps a person from proposing the same version twice.
func (p *Publisher) noneWaits(ctx context.Context, pub *evidence.Publication, slug string) error {
	if pub.Chain().Threshold() == 1 || p.Anew {
		return nil
	}
	all, err := p.listed(ctx, slug)
	if err != nil {
		return err
	}
	for _, l := range all {
		if l.Type == "version" && slices.Contains(l.Keys, p.Signer.Public().Digest()) {
			return &AwaitingError{l.Record}
		}
	}
	return nil
}

func (p *Publisher) proposal(ctx context.Context, pub *evidence.Publication, slug string, record log.Digest, have int) (*Proposal, error) {
	l := evidence.Layout{Latest: true}
	var verified *chain.Proposal
	var payload []byte
	for n := 1; n <= have; n++ {
		data, err := p.Source.Fetch(ctx, l.RecordSignature(slug, record, n))
		if err != nil {
			return nil, err
		}
		b, err := log.ParseBundle(data)
		if err != nil {
			return nil, err
		}
		if n == 1 {
			payload = b.Envelope.Payload
			verified, err = pub.Chain().Propose(b)
		} else {
			err = verified.Cosign(b)
		}
		if err != nil {
			return nil, err
		}
	}
	if verified == nil || verified.Digest() != record {
		return nil, errors.New("what is served is another record")
	}
	out := &Proposal{Publication: pub, Record: record, Statement: verified.Statement(), Have: have, Want: verified.Want(), payload: payload}
	v, ok := out.Statement.(*statement.Version)
	if !ok {
		return out, nil
	}
	var err error
	out.Edition, err = p.proposedEdition(ctx, slug, record, v)
	return out, err
}

func (p *Publisher) proposedEdition(ctx context.Context, slug string, record log.Digest, v *statement.Version) (*edition.Edition, error) {
	l := evidence.Layout{}
	names, err := p.Source.Fetch(ctx, l.ProposalSignatories(slug, record))
	if err != nil {
		return nil, err
	}
	list, err := signatory.Parse(names)
	if err != nil {
		return nil, err
	}
	texts := map[string][]byte{}
	for _, t := range v.Texts() {
		if texts[t.Language], err = p.Source.Fetch(ctx, l.ProposalText(slug, record, t.Language)); err != nil {
			return nil, err
		}
	}
	return edition.Open(v, texts, list)
}

// Cosign signs a proposal that Proposals returned. A signature that waits in the
// outbox is sent first, and is the answer when it is over the same record.
func (p *Publisher) Cosign(ctx context.Context, slug string, proposal *Proposal) (*Result, error) {
	sent, err := p.deliver(ctx, slug, cosignName)
	if err != nil {
		return nil, err
	}
	if sent != nil && sent.Record == proposal.Record {
		return sent, nil
	}
	if err := p.signPayload(cosignName, proposal.payload, nil, nil); err != nil {
		return nil, err
	}
	return p.deliver(ctx, slug, cosignName)
}
