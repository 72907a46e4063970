package publish

import (
	"errors"
	"fmt"

	"github.com/sijil/sijil/internal/badge"
)

// Badge returns a publication's badge document, at the public checkpoint. One of a
// publication that is too large is unknown: readers have the evidence itself.
func (s *Service) Badge(slug string) ([]byte, error) {
	p, err := s.find(slug)
	if err != nil {
		return nil, err
	}
	// A head and a checkpoint that have moved apart prove nothing together: whoever asked
	// then takes the evidence.
	c := s.tree(Public)
	head, err := s.Head(Public, slug)
	if err != nil {
		return nil, err
	}
	d := &badge.Document{Checkpoint: string(c.Note), Head: string(head), Policy: s.Trust.Policy().String(), Records: []badge.Record{}, Versions: []badge.Version{}}
	if s.Frozen != nil {
		d.Frozen = string(s.Frozen.Note())
	}
	p.mu.RLock()
	entries := p.entries[:len(p.entries):len(p.entries)] // settled ones never change
	p.mu.RUnlock()
	for _, e := range entries {
		if e.index >= c.Size {
			break
		}
		if len(d.Records) == badge.MaxRecords {
			return nil, fmt.Errorf("%w: %w", ErrUnknown, badge.ErrTooLarge)
		}
		if err := s.addToBadge(d, e, c.Size); err != nil {
			return nil, fmt.Errorf("badge document: %w", err)
		}
	}
	b, err := d.Marshal()
	if errors.Is(err, badge.ErrTooLarge) {
		return nil, fmt.Errorf("%w: %w", ErrUnknown, err)
	}
	return b, err
}

func (s *Service) addToBadge(d *badge.Document, e entry, size int64) error {
	proof, err := s.Tree.Prove(e.index, size)
	if err != nil {
		return fmt.Errorf("prove entry %d: %w", e.index, err)
	}
	hashes := make([][]byte, len(proof))
	for i, h := range proof {
		hashes[i] = h[:]
	}
	r, err := badge.NewRecord(e.index, e.record.Key.SPKI(), e.bundle.Envelope.Payload, e.bundle.Signature(), hashes)
	if err != nil {
		return err
	}
	d.Records = append(d.Records, r)
	if e.edition == nil {
		return nil
	}
	texts := map[string][]byte{}
	for _, t := range e.edition.Statement().Texts() {
		texts[t.Language], _ = e.edition.Text(t.Language)
	}
	v, err := badge.NewVersion(e.edition.List().Disclosures(), texts)
	if err != nil {
		return err
	}
	d.Versions = append(d.Versions, v)
	return nil
}
