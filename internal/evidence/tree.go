package evidence

import (
	"errors"
	"fmt"
	"sort"

	"github.com/sijil/sijil/internal/jcs"
	"github.com/sijil/sijil/log"
)

// Memory is what a machine keeps of a log between runs: the newest checkpoint
// and, by genesis, the newest heads, all as signed notes that it verified.
type Memory struct {
	Checkpoint []byte
	Heads      map[log.Digest][]byte
}

// Misbehaviour is proof that the log broke its promise: two notes signed by its
// key that cannot both be true. The caller writes it to a file and exits 4.
type Misbehaviour struct {
	Rule   string `json:"rule"` // "rollback", "fork" or "head"
	Detail string `json:"detail"`
	Log    string `json:"log"`    // its verifier key
	First  string `json:"first"`  // signed note that was seen before
	Second string `json:"second"` // signed note that contradicts it
}

func (m *Misbehaviour) Error() string { return "the log misbehaved (" + m.Rule + "): " + m.Detail }

// Document returns the proof as one JSON document for a file.
func (m *Misbehaviour) Document() ([]byte, error) { return jcs.Marshal(m) }

// ErrInconsistent is returned by Options.Consistent when the proof fails: the
// newer tree does not extend the older.
var ErrInconsistent = errors.New("the newer tree does not extend the older")

func (r *reader) misbehaviour(rule string, first, second []byte, format string, a ...any) error {
	return &Misbehaviour{Rule: rule, Detail: fmt.Sprintf(format, a...), Log: r.o.Trust.Policy().Log().String(), First: string(first), Second: string(second)}
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
	if r.o.Memory.Checkpoint != nil {
		last, err := log.OpenCheckpoint(r.o.Memory.Checkpoint, r.o.Trust.Policy())
		if err != nil {
			return &DamagedError{Path: "remembered checkpoint", Err: err}
		}
		if err := r.compareMemory(last); err != nil {
			return err
		}
		trees = append(trees, last)
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

// compareMemory refuses a log that went backwards. An exported folder may be
// older than what the machine saw; a service may not.
func (r *reader) compareMemory(last *log.Checkpoint) error {
	newest := r.p.checkpoint
	if newest.Size() < last.Size() && !r.o.Layout.Folder {
		return r.misbehaviour("rollback", last.Note(), newest.Note(),
			"its newest checkpoint covers %d entries; this machine has seen one, signed by the same key, that covers %d", newest.Size(), last.Size())
	}
	return nil
}

func (r *reader) compareTwo(a, b *log.Checkpoint) error {
	switch {
	case a.Size() == b.Size() && a.Root() != b.Root():
		return r.misbehaviour("fork", a.Note(), b.Note(), "it signed two different trees of %d entries", a.Size())
	case a.Size() == b.Size() || a.Size() == 0:
		return nil
	case r.o.Consistent == nil:
		r.p.notChecked = append(r.p.notChecked, fmt.Sprintf("that the tree of %d entries extends the one of %d (no tiles here)", b.Size(), a.Size()))
		return nil
	}
	err := r.o.Consistent(r.ctx, a, b)
	if errors.Is(err, ErrInconsistent) {
		return r.misbehaviour("fork", a.Note(), b.Note(), "its tree of %d entries does not extend the one of %d that it signed before", b.Size(), a.Size())
	}
	return err
}

func (r *reader) compareHeads() error {
	note, ok := r.o.Memory.Heads[r.p.head.Head().Genesis]
	if !ok {
		return nil
	}
	last, err := log.OpenHead(note, r.o.Trust.Policy())
	if err != nil {
		return &DamagedError{Path: "remembered head", Err: err}
	}
	if last.Head().Conflicts(r.p.head.Head()) {
		return r.misbehaviour("head", last.Note(), r.p.head.Note(), "it signed two heads of one publication that cannot both be true")
	}
	if last.Head().TreeSize > r.p.head.Head().TreeSize {
		r.p.fresh = false
	}
	return nil
}

// Remember returns the memory to keep after this opening: of each note the
// newer one.
func (p *Publication) Remember(old Memory) Memory {
	out := Memory{Checkpoint: p.checkpoint.Note(), Heads: map[log.Digest][]byte{}}
	for genesis, note := range old.Heads {
		out.Heads[genesis] = note
	}
	if old.Checkpoint != nil {
		if last, err := log.OpenCheckpoint(old.Checkpoint, p.trust.Policy()); err == nil && last.Size() > p.checkpoint.Size() {
			out.Checkpoint = old.Checkpoint
		}
	}
	genesis := p.head.Head().Genesis
	if last, err := log.OpenHead(old.Heads[genesis], p.trust.Policy()); err != nil || last.Head().TreeSize < p.head.Head().TreeSize {
		out.Heads[genesis] = p.head.Note()
	}
	return out
}
