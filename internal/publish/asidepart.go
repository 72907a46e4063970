package publish

import (
	"bytes"
	"context"
	"fmt"

	"github.com/sijil/sijil/internal/statement"
)

// parts are what was last asked for of a publication's document. Its zero value has none.
type parts struct {
	docs map[partName]partDoc
	size int // of all docs, in bytes
	cuts [2]cut
}

// partName is a part, from 1, of a view's document.
type partName struct {
	view   View
	number int
}

// partDoc is a part, under one checkpoint. Under it a record can still be added, and one can
// go.
type partDoc struct {
	note    []byte // of the checkpoint to which its proofs lead
	changes int    // how often records had come or gone
	body    []byte
}

// cut says where the parts begin, of what a tree of one size covers.
type cut struct {
	size    int64
	changes int
	first   []int64 // log index of the first record of each part that is not empty
	records int     // in all parts
}

// maxKeptParts bounds what is kept of one publication's documents, in bytes.
const maxKeptParts = 16 << 20

// keep keeps a part, if there is room. What is not of the view's newest checkpoint goes.
func (x *parts) keep(name partName, d partDoc) {
	for other, old := range x.docs {
		if other == name || other.view == name.view && (old.changes != d.changes || !bytes.Equal(old.note, d.note)) {
			x.size -= len(old.body)
			delete(x.docs, other)
		}
	}
	if x.size+len(d.body) > maxKeptParts {
		return
	}
	if x.docs == nil {
		x.docs = map[partName]partDoc{}
	}
	x.docs[name] = d
	x.size += len(d.body)
}

// Endorsements returns a part, from 1, of the document of every record about the
// publication's entries, in the order of the log: a line of JSON each, with the bundle, whose
// proof leads to the view's checkpoint, and the signer's key (base64 of its
// SubjectPublicKeyInfo). The last part is the first that is not full. ErrUnknown: it has
// fewer parts. ErrMoving: see there.
func (s *Service) Endorsements(ctx context.Context, v View, slug string, number int) ([]byte, error) {
	p, err := s.find(slug)
	if err != nil {
		return nil, err
	}
	name := partName{v, number}
	if body := p.keptPart(s.tree(v), name); body != nil {
		return body, nil
	}
	select { // one at a time: the others mostly want the same part
	case p.asides.writing <- struct{}{}:
		defer func() { <-p.asides.writing }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	for range maxTries {
		body, err := s.part(ctx, p, s.tree(v), name)
		if err != nil || body != nil {
			return body, err
		}
	}
	return nil, ErrMoving
}

// keptPart is a part that was asked for before, nil if it is not what it would be now.
func (p *publication) keptPart(c Checkpoint, name partName) []byte {
	p.mu.RLock()
	defer p.mu.RUnlock()
	kept := p.asides.parts.docs[name]
	if p.newest(c.Size) == nil || kept.note == nil || kept.changes != p.asides.changes || !bytes.Equal(kept.note, c.Note) {
		return nil
	}
	return kept.body
}

// part is one try of Endorsements; nil and no error where records came or went meanwhile.
func (s *Service) part(ctx context.Context, p *publication, c Checkpoint, name partName) ([]byte, error) {
	p.mu.RLock()
	known := p.newest(c.Size) != nil
	changes, cut := p.asides.changes, p.asides.parts.cuts[name.view]
	p.mu.RUnlock()
	if !known {
		return nil, fmt.Errorf("publication %w", ErrUnknown)
	}
	if body := p.keptPart(c, name); body != nil {
		return body, nil
	}
	if cut.first == nil || cut.size != c.Size || cut.changes != changes {
		var err error
		if cut, err = s.cut(ctx, p, c.Size); err != nil {
			return nil, err
		}
		cut.changes = changes
	}
	body, have, want := []byte{}, 0, min(s.records, cut.records-(name.number-1)*s.records)
	if want < 0 {
		return nil, fmt.Errorf("part %d %w: there are %d", name.number, ErrUnknown, cut.records/s.records+1)
	}
	if want > 0 {
		var err error
		from, to := cut.span(name.number)
		if body, have, err = s.lines(ctx, p, c, from, to); err != nil {
			return nil, err
		}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case p.asides.changes != changes:
	case have != want:
		p.asides.parts.cuts[name.view].first = nil // another process wrote
	default:
		p.asides.parts.cuts[name.view] = cut
		p.asides.parts.keep(name, partDoc{note: c.Note, changes: changes, body: body})
	}
	if have != want {
		return nil, nil
	}
	return body, nil
}

// cut reads where the parts begin. What is about a withheld entry, and which the store may
// still have, is in none.
func (s *Service) cut(ctx context.Context, p *publication, size int64) (cut, error) {
	gone := map[int64]bool{}
	for _, entry := range p.withheld() {
		err := s.Store.Asides(ctx, AsideSelection{Genesis: p.genesis, Entry: entry}, func(a Aside) error {
			gone[a.Index] = true
			return nil
		})
		if err != nil {
			return cut{}, err
		}
	}
	out := cut{size: size, first: []int64{}}
	err := s.Store.AsidePlaces(ctx, p.genesis, func(index int64) {
		if index >= size || gone[index] {
			return
		}
		if out.records%s.records == 0 {
			out.first = append(out.first, index)
		}
		out.records++
	})
	return out, err
}

// withheld are the entries that the chain withholds.
func (p *publication) withheld() (out []string) {
	p.mu.RLock()
	defer p.mu.RUnlock()
	for _, e := range p.entries {
		if r, ok := e.record.Statement.(*statement.Redaction); ok {
			out = append(out, r.Entry)
		}
	}
	return out
}

// span is from where to where the records of a part stand in the log.
func (c cut) span(number int) (from, to int64) {
	if number < len(c.first) {
		return c.first[number-1], c.first[number]
	}
	return c.first[number-1], c.size
}

// lines are the lines of the records that stand in the log from one index up to another, and
// how many there are.
func (s *Service) lines(ctx context.Context, p *publication, c Checkpoint, from, to int64) ([]byte, int, error) {
	var out bytes.Buffer
	n := 0
	err := s.openAsides(ctx, p, AsideSelection{Genesis: p.genesis, From: from, To: to}, func(a *aside) error {
		bundle, err := s.complete(a.bundle, a.record.Signed, a.index, c)
		if err != nil {
			return err
		}
		writeLine(&out, bundle, a.record.Key.SPKI())
		n++
		return nil
	})
	return out.Bytes(), n, err
}
