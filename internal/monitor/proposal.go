package monitor

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/sijil/sijil/internal/chain"
	"github.com/sijil/sijil/internal/evidence"
	"github.com/sijil/sijil/internal/signatory"
	"github.com/sijil/sijil/internal/statement"
	"github.com/sijil/sijil/log"
)

// maxProposals bounds the proposals of a publication that are looked at, maxSignatures
// the signatures of one.
const (
	maxProposals  = 100
	maxSignatures = 64
)

// listing is what the service says of a proposal: where to look, nothing to believe.
type listing struct {
	Record log.Digest `json:"record"`
	Have   int        `json:"have"`
}

// proposals reports records that wait for signatures. One that does not verify is left
// out: it may be complete by now, and is looked for again.
func (d *difference) proposals(ctx context.Context) error {
	b, err := d.fetch(ctx, evidence.Layout{}.Summary(d.p.Slug()))
	if b == nil || err != nil {
		return err
	}
	var summary struct {
		Proposals []listing `json:"proposals"`
	}
	if json.Unmarshal(b, &summary) != nil {
		return nil
	}
	for _, one := range summary.Proposals[:min(len(summary.Proposals), maxProposals)] {
		if _, seen := slices.BinarySearch(d.s.Proposals, one.Record.String()); seen {
			continue
		}
		p, err := d.proposal(ctx, one)
		if err != nil || d.failed != nil {
			return err
		}
		if p == nil {
			continue
		}
		d.s.Proposals, _ = add(d.s.Proposals, one.Record.String())
		e, err := d.proposalEvent(ctx, p)
		if err != nil || d.failed != nil {
			return err
		}
		if err := d.report(e, one.Record.String()); err != nil {
			return err
		}
	}
	return nil
}

// proposal verifies a proposal's signatures and its place; nil if it does not verify.
func (d *difference) proposal(ctx context.Context, one listing) (*chain.Proposal, error) {
	var out *chain.Proposal
	for n := 1; n <= min(one.Have, maxSignatures); n++ {
		b, err := d.fetch(ctx, evidence.Layout{Latest: true}.RecordSignature(d.p.Slug(), one.Record, n))
		if b == nil || err != nil {
			return nil, err
		}
		bundle, err := log.ParseBundle(b)
		if err == nil && n == 1 {
			out, err = d.p.Chain().Propose(bundle)
		} else if err == nil {
			err = out.Cosign(bundle)
		}
		if err != nil {
			return nil, nil
		}
	}
	if out == nil || out.Digest() != one.Record || out.Complete() {
		return nil, nil
	}
	return out, nil
}

func (d *difference) proposalEvent(ctx context.Context, p *chain.Proposal) (Event, error) {
	record, sequence := p.Digest(), p.Statement().Header().Sequence
	e := Event{Type: Proposal, Record: &record, Sequence: &sequence, Have: len(p.Signatures()), Want: p.Want()}
	what := ""
	switch s := p.Statement().(type) {
	case *statement.Version:
		e.Kind, e.Version, e.Reason, e.Issued, what = "version", s.Version, s.Reason, s.Issued, fmt.Sprintf("version %d", s.Version)
		names, err := d.proposed(ctx, record, s)
		if err != nil || d.failed != nil {
			return e, err
		}
		for _, w := range d.watched {
			if found := w.among(names); len(found) > 0 && e.Watched == "" {
				e.Watched, e.Names = w.name, found
			}
		}
	case *statement.PolicyChange:
		e.Kind, e.Reason, e.Issued, what = "policy", s.Reason, s.Issued, "another publication policy"
	case *statement.Retraction:
		e.Kind, e.Reason, e.Issued, what = "retraction", s.Reason, s.Issued, "the retraction of the publication"
		if s.Version != nil {
			e.Version, what = s.Version.Number, fmt.Sprintf("the retraction of version %d", s.Version.Number)
		}
	case *statement.Redaction:
		e.Kind, e.Entry, e.Issued, what = "redaction", s.Entry, s.Issued, "the withholding of a name"
	}
	e.Summary = fmt.Sprintf("%s waits for signatures: %d of %d", what, e.Have, e.Want)
	return e, nil
}

// proposed are the names of a proposed version, if they are those that were signed.
func (d *difference) proposed(ctx context.Context, record log.Digest, s *statement.Version) ([]signatory.Entry, error) {
	if len(d.watched) == 0 {
		return nil, nil
	}
	b, err := d.fetch(ctx, evidence.Layout{}.ProposalSignatories(d.p.Slug(), record))
	if b == nil || err != nil {
		return nil, err
	}
	list, err := signatory.Parse(b)
	if err != nil || !slices.Equal(list.Commitments(), signatory.Commitments(s.Signatories.Commitments)) {
		return nil, nil
	}
	return list.Entries(), nil
}
