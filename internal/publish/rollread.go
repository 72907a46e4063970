package publish

import (
	"bytes"
	"context"
	"encoding/base64"
	"fmt"
	"io"

	"github.com/sijil/sijil/internal/endorsement"
	"github.com/sijil/sijil/internal/roll"
	"github.com/sijil/sijil/internal/signatory"
	"github.com/sijil/sijil/internal/statement"
	"github.com/sijil/sijil/log"
)

// Roll returns the batches of a publication's roll, in order: a line of JSON each, with the
// bundle, whose proof leads to the view's checkpoint, and the signer's key.
func (s *Service) Roll(v View, slug string) ([]byte, error) {
	p, err := s.find(slug)
	if err != nil {
		return nil, err
	}
	c := s.tree(v)
	p.mu.RLock()
	known, list := p.newest(c.Size) != nil, p.roll.batches
	p.mu.RUnlock()
	if !known {
		return nil, fmt.Errorf("publication %w", ErrUnknown)
	}
	var out bytes.Buffer
	for _, b := range list {
		if b.index >= c.Size {
			break
		}
		bundle, err := s.complete(b.bundle, b.record.Signed, b.index, c)
		if err != nil {
			return nil, err
		}
		writeLine(&out, bundle, b.record.Key.SPKI())
	}
	return out.Bytes(), nil
}

// writeLine writes a record that belongs to no chain in RFC 8785 form: a bundle is in it,
// and base64 has nothing to escape.
func writeLine(out *bytes.Buffer, bundle, spki []byte) {
	out.WriteString(`{"bundle":`)
	out.Write(bundle)
	out.WriteString(`,"key":"`)
	out.WriteString(base64.StdEncoding.EncodeToString(spki))
	out.WriteString("\"}\n")
}

// RollRows writes what is served of a batch: of an addition its rows, of the others their
// document. An error after the first byte leaves the document without its end, which no
// reader takes for whole.
func (s *Service) RollRows(ctx context.Context, v View, slug string, number int64, to io.Writer) error {
	p, err := s.find(slug)
	if err != nil {
		return err
	}
	c := s.tree(v)
	p.mu.RLock()
	if number < 1 || number > int64(len(p.roll.batches)) || p.roll.batches[number-1].index >= c.Size {
		p.mu.RUnlock()
		return fmt.Errorf("batch %w", ErrUnknown)
	}
	b, genesis := p.roll.batches[number-1], p.chain.Genesis()
	p.mu.RUnlock()
	if b.record.Batch.Change != statement.BatchAdd {
		doc, err := s.Store.Entries(ctx, genesis, number)
		if err != nil {
			return err
		}
		_, err = to.Write(doc)
		return err
	}
	return s.Store.Rows(ctx, genesis, number, func(r roll.Row) error {
		line, err := r.Marshal()
		if err != nil {
			return err
		}
		_, err = to.Write(line)
		return err
	})
}

// RollSummary counts a publication's roll, as the store has it.
type RollSummary struct {
	Batches int64
	Newest  log.Digest // record of the newest batch; zero for an empty roll
	Tally   roll.Tally
}

// RollCounts counts the endorsers of a publication. Its tally is not to be changed.
func (s *Service) RollCounts(ctx context.Context, slug string) (RollSummary, error) {
	p, err := s.find(slug)
	if err != nil {
		return RollSummary{}, err
	}
	p.mu.RLock()
	none, known, changes := len(p.roll.batches) == 0, p.roll.counts, p.roll.changes
	p.mu.RUnlock()
	if none {
		return RollSummary{Tally: roll.Tally{}}, nil
	}
	if known != nil {
		return *known, nil
	}
	sum, err := s.Store.RollCounts(ctx, p.genesis)
	if err != nil {
		return RollSummary{}, err
	}
	// What settled meanwhile may be in it or not: then it is read again.
	p.mu.Lock()
	if p.roll.changes == changes {
		p.roll.counts = &sum
	}
	p.mu.Unlock()
	return sum, nil
}

// EndorserView is an endorser as it is shown. The name is empty where it is withheld.
type EndorserView struct {
	Place     int64 // in the roll, from 1
	Batch     int64
	Signatory signatory.Signatory
	Known     endorsement.Known
	Index     int64 // of the batch, in the log
}

// RollEntries returns the endorsers that a query is for, in the order of the roll.
func (s *Service) RollEntries(ctx context.Context, slug string, q RollQuery) ([]EndorserView, error) {
	p, err := s.find(slug)
	if err != nil {
		return nil, err
	}
	p.mu.RLock()
	batches, genesis := p.roll.batches, p.chain.Genesis()
	p.mu.RUnlock()
	if len(batches) == 0 {
		return nil, nil
	}
	list, err := s.Store.Endorsers(ctx, genesis, q)
	if err != nil {
		return nil, err
	}
	out := make([]EndorserView, 0, len(list))
	for _, e := range list {
		if e.Batch > int64(len(batches)) {
			break // it settled since
		}
		v := EndorserView{Place: e.Place, Batch: e.Batch, Known: e.Known, Index: batches[e.Batch-1].index}
		if e.Row.Disclosure != "" {
			if _, v.Signatory, _, err = signatory.ParseDisclosure(string(e.Row.Disclosure)); err != nil {
				return nil, fmt.Errorf("endorser %d: %w", e.Place, err)
			}
		}
		out = append(out, v)
	}
	return out, nil
}
