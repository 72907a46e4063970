package evidence

import (
	"context"
	"errors"
	"fmt"
	"sort"
	"time"

	"github.com/sijil/sijil/keys"
	"github.com/sijil/sijil/log"
)

// Memory is what a machine keeps of a log between runs, as signed notes that it
// verified.
type Memory struct {
	Checkpoint []byte // the newest that satisfied the witness policy
	// Latest is the newest that only the log had signed, as a publisher sees it.
	// The tree shown to readers may still be smaller, and must grow into it.
	Latest []byte
	Heads  map[log.Digest][]byte // by genesis, the newest shown to readers
}

// compareTrees proves that all checkpoints are of one growing tree, and that it
// extends what the machine saw last. The largest becomes the publication's.
func (r *reader) compareTrees() error {
	if err := r.refreshCheckpoint(); err != nil {
		return err
	}
	for _, t := range r.trees {
		if t.Size() > r.p.checkpoint.Size() {
			r.p.checkpoint = t
		}
	}
	r.p.oneTree = r.p.head.Head().TreeSize == r.p.checkpoint.Size()
	for _, t := range r.trees {
		r.p.oneTree = r.p.oneTree && t.Size() == r.p.checkpoint.Size()
	}
	trees := r.trees
	for _, note := range [][]byte{r.o.Memory.Checkpoint, r.o.Memory.Latest} {
		if note == nil {
			continue
		}
		last, err := log.OpenCheckpoint(note, r.policy.LogOnly())
		if err != nil {
			return &DamagedError{Path: "remembered checkpoint", Err: err}
		}
		behind := r.p.checkpoint.Size() < last.Size()
		shown := r.o.Layout.Latest || string(note) == string(r.o.Memory.Checkpoint) // to us, by this layout
		if behind && shown && !r.o.Copy {
			return CompareTrees(r.ctx, r.policy.Log(), last, r.p.checkpoint, nil)
		}
		if !behind || r.o.Copy {
			trees = append(trees, last)
		}
	}
	for _, t := range trees {
		if f := r.p.frozen; f != nil && f.Freeze().Conflicts(t) {
			return &Misbehaviour{Rule: RuleFrozen, Detail: fmt.Sprintf("it said that it ends with %d entries, and signed another tree of %d", f.Freeze().Size, t.Size()),
				Log: r.policy.Log().String(), First: string(f.Note()), Second: string(t.Note())}
		}
	}
	sort.SliceStable(trees, func(i, j int) bool { return trees[i].Size() < trees[j].Size() })
	for i := 1; i < len(trees); i++ {
		if err := r.compareTwo(trees[i-1], trees[i]); err != nil {
			return err
		}
	}
	return r.compareHeads()
}

// refreshCheckpoint fetches the checkpoint again when the head speaks of a
// larger tree: the log has grown between the two answers.
func (r *reader) refreshCheckpoint() error {
	largest := r.p.checkpoint.Size()
	for _, t := range r.trees {
		largest = max(largest, t.Size())
	}
	if r.p.head.Head().TreeSize <= largest {
		return nil
	}
	fresh := r.p.fresh
	if err := r.openCheckpoint(); err != nil {
		return err
	}
	r.p.fresh = fresh
	if r.p.head.Head().TreeSize > r.p.checkpoint.Size() {
		return &DamagedError{Path: r.o.Layout.Head(r.o.Slug), Err: errors.New("speaks of a tree that no checkpoint covers")}
	}
	return nil
}

// checkAge refuses a log whose newest quorum is old: news may be withheld.
func (r *reader) checkAge() error {
	const day = 24 * time.Hour
	if !r.policy.Quorum() || r.o.Now.IsZero() || r.o.Copy || r.p.frozen != nil {
		return nil
	}
	most := r.o.MaxAge
	if most == 0 {
		most = day
	}
	if at := r.p.checkpoint.Cosigned(); r.o.Now.Sub(at) > most {
		return &StaleError{Cosigned: at, Now: r.o.Now}
	}
	return nil
}

// compareTwo is CompareTrees where the larger tree is the newer one, or where
// there are no tiles and the comparison is noted as missing.
func (r *reader) compareTwo(a, b *log.Checkpoint) error {
	tiles := r.o.Consistent != nil && b.Size() <= r.p.checkpoint.Size() // a copy has none of what is newer
	if !tiles && a.Size() > 0 && a.Size() < b.Size() {
		r.p.notChecked = append(r.p.notChecked, fmt.Sprintf("that the tree of %d entries extends the one of %d (no tiles here)", b.Size(), a.Size()))
		return nil
	}
	return CompareTrees(r.ctx, r.policy.Log(), a, b, r.o.Consistent)
}

// CompareTrees proves that the tree now extends the one that was seen before,
// both verified. Errors: *Misbehaviour, or what consistent returned.
func CompareTrees(ctx context.Context, key *keys.LogKey, seen, now *log.Checkpoint, consistent func(ctx context.Context, old, new *log.Checkpoint) error) error {
	proof := func(rule, format string, a ...any) *Misbehaviour {
		return &Misbehaviour{Rule: rule, Detail: fmt.Sprintf(format, a...), Log: key.String(), First: string(seen.Note()), Second: string(now.Note())}
	}
	switch {
	case now.Size() < seen.Size():
		return proof(RuleRollback, "its newest checkpoint covers %d entries; this machine has seen one, signed by the same key, that covers %d", now.Size(), seen.Size())
	case now.Size() == seen.Size() && now.Root() != seen.Root():
		return proof(RuleFork, "it signed two different trees of %d entries", now.Size())
	case now.Size() == seen.Size() || seen.Size() == 0:
		return nil
	}
	err := consistent(ctx, seen, now)
	if errors.Is(err, ErrInconsistent) {
		return proof(RuleFork, "its tree of %d entries does not extend the one of %d that it signed before", now.Size(), seen.Size()).Convict(err)
	}
	return err
}

func (r *reader) compareHeads() error {
	note, ok := r.o.Memory.Heads[r.p.head.Head().Genesis]
	if !ok {
		return nil
	}
	last, err := log.OpenHead(note, r.policy)
	if err != nil {
		return &DamagedError{Path: "remembered head", Err: err}
	}
	if last.Head().Conflicts(r.p.head.Head()) {
		return &Misbehaviour{Rule: RuleHead, Detail: "it signed two heads of one publication that cannot both be true",
			Log: r.policy.Log().String(), First: string(last.Note()), Second: string(r.p.head.Note())}
	}
	if last.Head().TreeSize > r.p.head.Head().TreeSize {
		r.p.fresh = false
	}
	return nil
}

// Remember returns the memory to keep after this opening: of each note the
// newer one. What was shown to a publisher counts as Latest alone.
func (p *Publication) Remember(old Memory) Memory {
	out := Memory{Checkpoint: old.Checkpoint, Latest: old.Latest, Heads: map[log.Digest][]byte{}}
	for genesis, note := range old.Heads {
		out.Heads[genesis] = note
	}
	policy := p.trust.Policy().LogOnly() // whose memory it is was decided when it was made
	slot := &out.Checkpoint
	if p.layout.Latest {
		slot = &out.Latest
	}
	if last, err := log.OpenCheckpoint(*slot, policy); err != nil || last.Size() <= p.checkpoint.Size() {
		*slot = p.checkpoint.Note()
	}
	if p.layout.Latest {
		return out
	}
	genesis := p.head.Head().Genesis
	if last, err := log.OpenHead(old.Heads[genesis], policy); err != nil || last.Head().TreeSize < p.head.Head().TreeSize {
		out.Heads[genesis] = p.head.Note()
	}
	return out
}
