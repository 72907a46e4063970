package audit

import (
	"bytes"
	"cmp"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/sijil/sijil/internal/endorsement"
	"github.com/sijil/sijil/internal/evidence"
	"github.com/sijil/sijil/internal/roll"
	"github.com/sijil/sijil/internal/statement"
	"github.com/sijil/sijil/log"
)

// rollState is what an audit keeps of a publication's roll: of the rows eight bytes each.
type rollState struct {
	mu       sync.Mutex // guards hidden
	batches  []*evidence.Batch
	broken   bool // what follows the last batch cannot be judged
	tags     []uint64
	hidden   map[log.Digest]int64 // entries whose rows are not served, by the log index of their batch
	ended    map[log.Digest]int64 // entries that a batch withdraws, by its number
	withheld map[log.Digest]int64 // and withholds
	tally    roll.Tally
	signed   int64 // rows with a signature that was verified
}

// forgetRows forgets what was read of the rows.
func (r *rollState) forgetRows() {
	r.tags, r.signed, r.hidden, r.ended, r.withheld, r.tally = r.tags[:0], 0, map[log.Digest]int64{}, map[log.Digest]int64{}, map[log.Digest]int64{}, roll.Tally{}
}

// readRoll reads the batches from the one after the newest on. That none is left out is
// step 6: every entry under a publisher key is accounted for.
func (p *publication) readRoll(ctx context.Context) error {
	path := p.o.Layout.Roll(p.slug)
	doc, bad, err := p.reader.fetch(ctx, path)
	if err != nil || p.roll.broken {
		return err
	}
	if bad != nil && bad.missing {
		if p.o.Layout.Folder {
			p.notChecked(fmt.Sprintf("publication %q: whether it has a roll of endorsers: the folder holds none", p.slug))
		}
		return nil // as good as an empty one
	}
	if bad != nil {
		p.roll.broken = true
		p.add(RuleRoll, -1, path, nil, "%s", bad.why)
		return nil
	}
	for n := 1; len(doc) > 0; n++ {
		line, rest, ok := bytes.Cut(doc, []byte("\n"))
		if doc = rest; n <= len(p.roll.batches) {
			continue
		}
		if !ok {
			err = errors.New("has no end")
		} else {
			err = p.nextBatch(ctx, line)
		}
		if err != nil {
			if ctx.Err() != nil {
				return err
			}
			p.roll.broken = true
			p.add(RuleRoll, -1, path, nil, "line %d: %v", n, err)
			return nil
		}
	}
	return nil
}

// nextBatch verifies a batch, but for its rows. An error is what is wrong with it.
func (p *publication) nextBatch(ctx context.Context, line []byte) error {
	b, err := evidence.OpenBatch(line, p.chain, p.policy)
	if err != nil {
		return err
	}
	if err := p.compareTrees(ctx, p.checkpoint, b.Tree, true); err != nil {
		return err
	}
	var last *roll.Record
	if n := len(p.roll.batches); n > 0 {
		last = p.roll.batches[n-1].Record
		if b.Index <= p.roll.batches[n-1].Index {
			return fmt.Errorf("batch %d stands in the log before the one that it follows", b.Batch.Number)
		}
	}
	if !b.Follows(last) {
		return fmt.Errorf("batch %d does not follow the one before it", b.Batch.Number)
	}
	if w := p.windows[b.Key.Digest()]; w == nil || b.Index < w.from || b.Index >= w.to {
		return fmt.Errorf("batch %d is signed by a key that the publication policy does not list at index %d", b.Batch.Number, b.Index)
	}
	if err := evidence.OneSigns(p.thresholdAt(b.Index)); err != nil {
		return fmt.Errorf("batch %d: %w", b.Batch.Number, err)
	}
	if p.tree != nil && b.Index < p.checkpoint.Size() {
		entry, ok, err := p.entry(ctx, b.Index)
		if err != nil {
			return err
		}
		if ok && string(entry) != string(b.Leaf()) {
			return fmt.Errorf("the log holds another entry at index %d", b.Index)
		}
		p.accounted[b.Index] = p.accounted[b.Index] || ok
	}
	p.roll.batches = append(p.roll.batches, b)
	return nil
}

// thresholdAt is how many signatures the policy in force at a log index asks for.
func (p *publication) thresholdAt(index int64) (n int) {
	for _, r := range p.records {
		if r.index <= index {
			n = r.threshold
		}
	}
	return n
}

// checkRoll reads batches and rows, and counts the endorsers anew.
func (p *publication) checkRoll(ctx context.Context) error {
	if err := p.readRoll(ctx); err != nil || len(p.roll.batches) == 0 {
		return err
	}
	if p.o.SkipRows {
		p.notChecked(fmt.Sprintf("publication %q: the rows of its roll; the %d batches are verified", p.slug, len(p.roll.batches)))
		return nil
	}
	for {
		if err := p.readRows(ctx); err != nil || p.roll.broken {
			return err
		}
		// A service withholds at once, and counts at once, and the witnesses may see the
		// batch a moment later.
		late, err := p.checkCounts(ctx)
		if err != nil {
			return err
		}
		hidden := p.unexplained()
		if !late && len(hidden) == 0 {
			break
		}
		if p.o.Wait == nil || p.waits == maxWaits {
			p.sayLate(late, hidden)
			break
		}
		p.waits++
		if err := p.o.Wait(ctx); err != nil {
			return err
		}
		if err := p.readRoll(ctx); err != nil {
			return err
		}
	}
	p.checkTags()
	return nil
}

// unexplained are the rows that are not served although no batch withholds them.
func (p *publication) unexplained() map[log.Digest]int64 {
	out := map[log.Digest]int64{}
	for c, index := range p.roll.hidden {
		if p.roll.withheld[c] == 0 {
			out[c] = index
		}
	}
	return out
}

func (p *publication) sayLate(late bool, hidden map[log.Digest]int64) {
	if late {
		p.notChecked(fmt.Sprintf("publication %q: the service's counts of endorsers, which are of a batch that is not shown yet", p.slug))
	}
	for c, index := range hidden {
		p.add(RuleUnredacted, index, p.o.Layout.Roll(p.slug), map[string]string{"entry": roll.Commitment(c)}, "a row is withheld, and no batch of the publisher says so")
	}
}

// readRows reads the rows of all batches: first the entries that batches end, and then
// what is added.
func (p *publication) readRows(ctx context.Context) error {
	p.roll.forgetRows()
	for _, adds := range []bool{false, true} {
		for _, b := range p.roll.batches {
			if (b.Batch.Change == statement.BatchAdd) != adds {
				continue
			}
			path := p.o.Layout.RollRows(p.slug, b.Batch.Number)
			doc, bad, err := p.reader.fetch(ctx, path)
			if err != nil {
				return err
			}
			wrong := error(nil)
			switch {
			case bad != nil:
				p.add(bad.rule(RuleRoll), b.Index, path, nil, "%s", bad.why)
				p.roll.broken = true
				continue
			case adds:
				wrong = p.added(b, path, doc)
			default:
				wrong = p.ended(b, doc)
			}
			if wrong != nil {
				p.add(RuleRoll, b.Index, path, nil, "%v", wrong)
				p.roll.broken = true
			}
		}
	}
	return nil
}

// ended notes the entries that a batch withdraws or withholds.
func (p *publication) ended(b *evidence.Batch, doc []byte) error {
	list, err := roll.ParseEntries(b.Batch, doc)
	of := p.roll.ended
	if b.Batch.Change == statement.BatchWithhold {
		of = p.roll.withheld
	}
	for _, c := range list {
		if _, ok := of[c]; !ok {
			of[c] = b.Batch.Number
		}
	}
	return err
}

// added verifies the rows of an addition, each with its signature, and counts them.
func (p *publication) added(b *evidence.Batch, path string, doc []byte) error {
	rows, err := roll.ParseRows(doc)
	if err != nil {
		return err
	}
	place, err := roll.PlaceOf(p.chain, *b.Batch.Version)
	if err != nil {
		return err
	}
	list, err := roll.OpenRows(b.Batch, place, rows, func(c log.Digest) bool { p.roll.hide(c, b.Index); return true })
	if err != nil {
		return err
	}
	book := endorsement.Read(p.chain, nil, p.enrolments)
	for i, e := range list {
		c := roll.Cell{Version: b.Batch.Version.Number, Country: e.Signatory.Country, Known: endorsement.Listed}
		if e.Claim != nil {
			p.roll.signed++
			c.Known = roll.Unconfirmed
			if e.Signatory.Domain != "" && b.Index < book.NamedUntil(e.Key, e.Signatory.Domain) {
				c.Known = endorsement.Signed
			}
		}
		if p.roll.ended[e.Commitment] > 0 {
			c.Known = endorsement.Withdrawn
		}
		if n := p.roll.withheld[e.Commitment]; n > 0 || e.Withheld != "" {
			c.Known, c.Country = endorsement.Withheld, ""
			if e.Withheld == "" {
				p.add(RuleServed, b.Index, path, map[string]string{"entry": roll.Commitment(e.Commitment)}, "row %d is served, and batch %d withholds it", i+1, n)
			}
		}
		p.roll.tally[c]++
		p.roll.tags = append(p.roll.tags, rollTag(e.Commitment))
	}
	return nil
}

// hide notes a row that is not served. Rows are verified by several at once.
func (r *rollState) hide(c log.Digest, index int64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.hidden[c] = index
}

func rollTag(c log.Digest) uint64 { return binary.BigEndian.Uint64(c[:8]) }

// checkTags looks for rows that stand in the roll twice, and for ends of none.
func (p *publication) checkTags() {
	path := p.o.Layout.Roll(p.slug)
	tags := p.roll.tags
	slices.Sort(tags)
	for i := 1; i < len(tags); i++ {
		if tags[i] == tags[i-1] {
			p.add(RuleRoll, -1, path, nil, "an entry whose commitment begins with %016x stands in the roll twice", tags[i])
		}
	}
	for _, of := range []map[log.Digest]int64{p.roll.ended, p.roll.withheld} {
		for c, n := range of {
			if _, ok := slices.BinarySearch(tags, rollTag(c)); !ok {
				p.add(RuleRoll, p.roll.batches[n-1].Index, path, map[string]string{"entry": roll.Commitment(c)}, "batch %d ends an entry that the roll does not have", n)
			}
		}
	}
}

// checkCounts holds the service's counts against those of the batches. late: they are of
// more batches than are shown.
func (p *publication) checkCounts(ctx context.Context) (late bool, err error) {
	path := p.o.Layout.RollCounts(p.slug)
	doc, bad, err := p.reader.fetch(ctx, path)
	if err != nil || bad != nil && bad.missing {
		return false, err // a folder holds none: they are the service's word
	}
	var said struct {
		Batches int
		Counts  []struct {
			Version int
			Country string
			Known   endorsement.Known
			Count   int64
		}
	}
	if bad == nil {
		if err := json.Unmarshal(doc, &said); err != nil {
			bad = &fault{why: err.Error()}
		}
	}
	switch {
	case bad != nil:
		p.add(RuleCount, -1, path, nil, "%s", bad.why)
		return false, nil
	case said.Batches > len(p.roll.batches):
		return true, nil
	case said.Batches < len(p.roll.batches):
		p.add(RuleCount, -1, path, nil, "it counts %d batches, and %d are served", said.Batches, len(p.roll.batches))
		return false, nil
	}
	counts := roll.Tally{}
	for _, c := range said.Counts {
		counts[roll.Cell{Version: c.Version, Country: c.Country, Known: c.Known}] += c.Count
	}
	p.compareCounts(path, counts)
	return false, nil
}

func (p *publication) compareCounts(path string, said roll.Tally) {
	cells := map[roll.Cell]bool{}
	for _, t := range []roll.Tally{said, p.roll.tally} {
		for c := range t {
			cells[c] = true
		}
	}
	var list []roll.Cell
	for c := range cells {
		list = append(list, c)
	}
	slices.SortFunc(list, func(a, b roll.Cell) int {
		return cmp.Or(cmp.Compare(a.Version, b.Version), cmp.Compare(a.Country, b.Country), cmp.Compare(a.Known, b.Known))
	})
	for _, c := range list {
		if said[c] != p.roll.tally[c] {
			p.add(RuleCount, -1, path, nil, "version %d, country %q, %s: it says %d endorsers, and the batches have %d", c.Version, c.Country, c.Known, said[c], p.roll.tally[c])
		}
	}
}
