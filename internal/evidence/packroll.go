package evidence

import (
	"context"
	"errors"
	"fmt"

	"github.com/sijil/sijil/internal/roll"
	"github.com/sijil/sijil/internal/statement"
	"github.com/sijil/sijil/log"
)

// ErrMoved: the roll is of another moment than the publication. The caller opens the
// publication again.
var ErrMoved = errors.New("the roll has changed since the publication was read")

// PackRoll reads and verifies the publication's roll and gives put each of its documents
// under its path in an evidence folder, one at a time: none is over 16 MiB but that of the
// batches' bundles, which comes last. It returns the number of batches. The rows' digests
// are verified, the signatures in them are an audit's. progress is told the documents that
// are there. A row that a batch withholds is not written: that the source serves it is a
// *DamagedError, as is what does not verify.
func (p *Publication) PackRoll(ctx context.Context, src Source, put func(path string, doc []byte) error, progress func(done, total int64)) (int, error) {
	list, doc, err := p.readRoll(ctx, src)
	if err != nil {
		return 0, err
	}
	for _, b := range list {
		if b.Tree.Size() != p.checkpoint.Size() {
			return 0, ErrMoved
		}
		if err := CompareTrees(ctx, p.trust.Policy().Log(), p.checkpoint, b.Tree, nil); err != nil {
			return 0, err
		}
	}
	withheld := map[log.Digest]bool{}
	done := int64(0)
	for _, adds := range []bool{false, true} { // what is withheld is known before the first name is read
		for _, b := range list {
			if (b.Batch.Change == statement.BatchAdd) != adds {
				continue
			}
			if err := p.packRows(ctx, src, b, withheld, put); err != nil {
				return 0, err
			}
			done++
			progress(done, int64(len(list)))
		}
	}
	return len(list), put(Layout{Folder: true}.Roll(p.slug), doc)
}

// RollNotice is what a folder's README.txt says of a roll.
func RollNotice(slug string, batches int) string {
	return fmt.Sprintf(`
The endorsers who stand in no signatory list are the publication's roll: %d batches,
with the publisher's signatures in %s/roll.jsonl and their rows in %s/roll/. Every row and
signature is checked, and the endorsers are counted anew, by

  sijil audit .
`, batches, slug, slug)
}

// packRows reads and writes what is served of one batch. withheld are the entries that the
// batches withhold; those of b are added.
func (p *Publication) packRows(ctx context.Context, src Source, b Batch, withheld map[log.Digest]bool, put func(path string, doc []byte) error) error {
	path := p.layout.RollRows(p.slug, b.Batch.Number)
	doc, err := src.Fetch(ctx, path)
	if err != nil {
		return err
	}
	entries, hidden, err := roll.CheckDocument(b.Batch, doc)
	if err != nil {
		return &DamagedError{Path: path, Err: err}
	}
	for i, e := range entries {
		switch {
		case b.Batch.Change == statement.BatchWithhold:
			withheld[e] = true
		case b.Batch.Change != statement.BatchAdd:
		case hidden[i] && !withheld[e]:
			return ErrMoved // a service withholds at once, and shows the batch a moment later
		case !hidden[i] && withheld[e]:
			return &DamagedError{Path: path, Err: fmt.Errorf("row %d is served, and a batch of the publisher withholds it", i+1)}
		}
	}
	return put(Layout{Folder: true}.RollRows(p.slug, b.Batch.Number), doc)
}
