package publish

import (
	"errors"
	"fmt"
	"slices"

	"github.com/sijil/sijil/internal/badge"
	"github.com/sijil/sijil/internal/statement"
)

// Badge returns a publication's badge document, at the public checkpoint. One of a
// publication that is too large for it, or not plain, is unknown: readers have the
// evidence itself.
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
	entries := slices.Clone(p.entries) // a redaction changes them
	p.mu.RUnlock()
	b, err := s.fillBadge(d, entries, c.Size)
	if errors.Is(err, badge.ErrTooLarge) || errors.Is(err, badge.ErrNotPlain) {
		return nil, fmt.Errorf("%w: %w", ErrUnknown, err)
	}
	if err != nil {
		return nil, fmt.Errorf("badge document: %w", err)
	}
	return b, nil
}

// fillBadge writes the document of the entries that a tree covers.
func (s *Service) fillBadge(d *badge.Document, entries []entry, size int64) ([]byte, error) {
	for _, e := range entries {
		if e.index >= size {
			break
		}
		switch {
		case !e.plain():
			return nil, badge.ErrNotPlain
		case len(d.Records) == badge.MaxRecords:
			return nil, badge.ErrTooLarge
		}
		if err := s.addToBadge(d, e, size); err != nil {
			return nil, err
		}
	}
	return d.Marshal()
}

// plain reports whether the record is of one signature, of a kind that badge documents
// have.
func (e *entry) plain() bool {
	switch st := e.record.Statement.(type) {
	case *statement.Publication:
		return st.Policy.Threshold == 1 && len(st.Policy.RecoveryKeys) == 0
	case *statement.Version, *statement.Retraction:
		return len(e.signatures) == 1
	}
	return false
}

func (s *Service) addToBadge(d *badge.Document, e entry, size int64) error {
	signed := e.signatures[0]
	proof, err := s.Tree.Prove(signed.index, size)
	if err != nil {
		return fmt.Errorf("prove entry %d: %w", signed.index, err)
	}
	hashes := make([][]byte, len(proof))
	for i, h := range proof {
		hashes[i] = h[:]
	}
	r, err := badge.NewRecord(signed.index, signed.Key.SPKI(), signed.bundle.Envelope.Payload, signed.bundle.Signature(), hashes)
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
