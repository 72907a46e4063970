package publish

import (
	"cmp"
	"slices"

	"github.com/sijil/sijil/log"
)

// BatchSummary describes a batch of a publication's roll.
type BatchSummary struct {
	Slug    string
	Record  log.Digest
	Number  int64  // in the roll, from 1
	Change  string // as in statement.Batch
	Count   int    // rows
	Version int    // that the added ones endorse; 0 of the other batches
	Issued  string
	Reason  string // may be empty
	Index   int64  // in the log
}

// RollBatches lists the batches of a publication's roll, in order.
func (s *Service) RollBatches(slug string) ([]BatchSummary, error) {
	p, err := s.find(slug)
	if err != nil {
		return nil, err
	}
	p.mu.RLock()
	defer p.mu.RUnlock()
	out := make([]BatchSummary, len(p.roll.batches))
	for i, b := range p.roll.batches {
		out[i] = b.summary(slug)
	}
	return out, nil
}

// BatchAt returns the batch that stands at a log index.
func (s *Service) BatchAt(index int64) (BatchSummary, bool) {
	for _, p := range s.all() {
		p.mu.RLock()
		list := p.roll.batches
		p.mu.RUnlock()
		i, ok := slices.BinarySearchFunc(list, index, func(b rollBatch, want int64) int { return cmp.Compare(b.index, want) })
		if ok {
			return list[i].summary(p.slug), true
		}
	}
	return BatchSummary{}, false
}

func (b rollBatch) summary(slug string) BatchSummary {
	x := b.record.Batch
	out := BatchSummary{Slug: slug, Record: b.record.Digest(), Number: x.Number, Change: x.Change, Count: x.Count, Issued: x.Issued, Reason: x.Reason, Index: b.index}
	if x.Version != nil {
		out.Version = x.Version.Number
	}
	return out
}
