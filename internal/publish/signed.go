package publish

import (
	"context"
	"fmt"

	"github.com/sijil/sijil/log"
)

// View is one of the two trees that can be read. A record is in Latest when its
// publisher has the receipt, and in Public when the witnesses have cosigned a
// checkpoint that covers it.
type View int

const (
	// Public is what readers are shown: the newest tree with witness quorum.
	Public View = iota
	// Latest is what publishers go by: the newest tree that the log has signed.
	Latest
)

func (s *Service) tree(v View) Checkpoint {
	if v == Latest {
		return s.Tree.Latest()
	}
	return s.Public()
}

// Checkpoint returns the view's checkpoint as a signed note.
func (s *Service) Checkpoint(v View) ([]byte, error) {
	c := s.tree(v)
	if c.Note == nil {
		return nil, fmt.Errorf("checkpoint %w: none was published yet", ErrUnknown)
	}
	return c.Note, nil
}

// Bundle returns the bundle of a record's nth signature, from 1, with a proof that
// leads to the view's checkpoint.
func (s *Service) Bundle(v View, slug string, sequence int64, n int) ([]byte, error) {
	p, err := s.find(slug)
	if err != nil {
		return nil, err
	}
	c := s.tree(v)
	p.mu.RLock()
	if sequence < 0 || sequence >= int64(len(p.entries)) || p.entries[sequence].index >= c.Size {
		p.mu.RUnlock()
		return nil, fmt.Errorf("record %w", ErrUnknown)
	}
	e := p.entries[sequence].clone()
	p.mu.RUnlock()
	return s.signatureBundle(e, n, c)
}

// RecordBundle is Bundle for a record by its digest: also for one that waits for
// signatures, or never had as many as it needs, and for one that belongs to no chain.
func (s *Service) RecordBundle(ctx context.Context, v View, slug string, record log.Digest, n int) ([]byte, error) {
	p, err := s.find(slug)
	if err != nil {
		return nil, err
	}
	c := s.tree(v)
	if e, ok := p.known(record); ok {
		return s.signatureBundle(e, n, c)
	}
	if b, ok := p.batch(record); ok && n == 1 && b.index < c.Size {
		return s.complete(b.bundle, b.record.Signed, b.index, c)
	}
	if a, err := s.loggedAside(ctx, p, record); err != nil || a != nil && n == 1 && a.index < c.Size {
		if err != nil {
			return nil, err
		}
		return s.complete(a.bundle, a.record.Signed, a.index, c)
	}
	return nil, fmt.Errorf("record %w", ErrUnknown)
}

func (s *Service) signatureBundle(e *entry, n int, c Checkpoint) ([]byte, error) {
	if n < 1 || n > len(e.signatures) {
		return nil, fmt.Errorf("signature %w", ErrUnknown)
	}
	signed := e.signatures[n-1]
	if signed.index < 0 || signed.index >= c.Size {
		return nil, fmt.Errorf("record %w", ErrUnknown)
	}
	return s.complete(signed.bundle, signed.Signed, signed.index, c)
}

// complete returns a bundle with the proof that leads to a checkpoint.
func (s *Service) complete(b *log.Bundle, signed *log.Signed, index int64, c Checkpoint) ([]byte, error) {
	proof, err := s.Tree.Prove(index, c.Size)
	if err != nil {
		return nil, fmt.Errorf("prove entry %d: %w", index, err)
	}
	full, err := b.Complete(signed, s.name.KeyID, index, proof, c.Size, c.Root, c.Note)
	if err != nil {
		return nil, err
	}
	return full.Marshal()
}

// Head returns the signed head for the view's checkpoint. While a record is on
// its way into the log, it may be in that tree already, and a head that left it
// out would contradict the next: then the head is that of the last settlement,
// if the view covers it, and otherwise of the tree that ends with the newest
// record that is settled, which no later record can be in.
func (s *Service) Head(v View, slug string) ([]byte, error) {
	p, err := s.find(slug)
	if err != nil {
		return nil, err
	}
	// The checkpoint is read first: a record that it covers was reserved
	// before, so it is seen below as pending or as settled.
	c := s.tree(v)
	p.mu.RLock()
	defer p.mu.RUnlock()
	last := p.newest(c.Size)
	switch {
	case last == nil:
		return nil, fmt.Errorf("publication %w", ErrUnknown)
	case p.pending == nil:
		return log.SignHead(s.Signer, log.Head{Genesis: p.genesis, Record: last.record.Digest(), Index: last.index, TreeSize: c.Size})
	case p.headAt <= c.Size:
		return p.head, nil
	}
	return log.SignHead(s.Signer, log.Head{Genesis: p.genesis, Record: last.record.Digest(), Index: last.index, TreeSize: last.index + 1})
}

// newest returns the newest settled entry of a tree, nil if it has none. The
// caller holds mu.
func (p *publication) newest(size int64) *entry {
	for i := len(p.entries) - 1; i >= 0; i-- {
		if p.entries[i].index < size {
			return &p.entries[i]
		}
	}
	return nil
}

// Pins returns the genesis digest of every publication that readers are shown,
// by slug.
func (s *Service) Pins() map[string]log.Digest {
	c := s.Public()
	out := map[string]log.Digest{}
	for _, p := range s.all() {
		p.mu.RLock()
		if p.newest(c.Size) != nil {
			out[p.slug] = p.genesis
		}
		p.mu.RUnlock()
	}
	return out
}

// Count returns how many publications and records readers are shown.
func (s *Service) Count() (publications, records int) {
	c := s.Public()
	for _, p := range s.all() {
		p.mu.RLock()
		if p.newest(c.Size) != nil {
			publications++
		}
		for _, e := range p.entries {
			if e.index < c.Size {
				records++
			}
		}
		p.mu.RUnlock()
	}
	return publications, records
}
