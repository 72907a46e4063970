package mirror

import (
	"context"
	"fmt"

	"github.com/sijil/sijil/internal/evidence"
	"github.com/sijil/sijil/internal/roll"
	"github.com/sijil/sijil/internal/statement"
	"github.com/sijil/sijil/log"
)

// roll copies a publication's roll, the batches last. Rows do not change but where a batch
// withholds some: where there is no new such batch, the folder's own are kept. The rows'
// digests are verified here; their signatures are an audit's. It returns the batches.
func (m *mirror) roll(ctx context.Context, pub *evidence.Publication) ([]evidence.Batch, error) {
	kept := &recorder{own: m.own, src: m.Source, docs: map[string][]byte{}}
	list, err := pub.Roll(ctx, kept)
	if err != nil || len(list) == 0 {
		return nil, err
	}
	own := map[log.Digest]bool{} // withholdings that the folder's rows know of
	if before, err := pub.Roll(ctx, m.own); err == nil {
		for _, b := range before {
			own[b.Digest()] = b.Batch.Change == statement.BatchWithhold
		}
	}
	fresh := false
	for _, b := range list {
		fresh = fresh || b.Batch.Change == statement.BatchWithhold && !own[b.Digest()]
	}
	l := evidence.Layout{}
	for _, b := range list {
		path := l.RollRows(pub.Slug(), b.Batch.Number)
		if !fresh {
			if doc, err := m.own.Fetch(ctx, path); err == nil {
				if _, _, err := roll.CheckDocument(b.Batch, doc); err == nil {
					continue
				}
			}
		}
		doc, err := m.Source.Fetch(ctx, path)
		if err == nil {
			_, _, err = roll.CheckDocument(b.Batch, doc)
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		if err := m.w.put(path, doc); err != nil {
			return nil, err
		}
	}
	return list, m.w.put(l.Roll(pub.Slug()), kept.docs[l.Roll(pub.Slug())])
}
