package audit

import (
	"context"
	"errors"
	"fmt"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/sijil/sijil/internal/evidence"
	"github.com/sijil/sijil/log"
)

func (a *audit) misbehaved(rule string, first, second []byte, format string, args ...any) {
	a.convicted(nil, rule, first, second, format, args...)
}

// convicted is misbehaved with the error that proves a fork of two sizes.
func (a *audit) convicted(err error, rule string, first, second []byte, format string, args ...any) {
	if len(a.report.Misbehaviour) >= maxProofs {
		return // one is enough
	}
	m := &evidence.Misbehaviour{Rule: rule, Detail: fmt.Sprintf(format, args...), Log: a.policy.Log().String(), First: string(first), Second: string(second)}
	a.report.Misbehaviour = append(a.report.Misbehaviour, m.Convict(err))
}

// compareMemory holds the checkpoint against the one this machine saw last. last
// says that it will not be tried again.
func (a *audit) compareMemory(ctx context.Context, last bool) error {
	if a.o.Memory.Checkpoint == nil {
		return nil
	}
	seen, err := log.OpenCheckpoint(a.o.Memory.Checkpoint, a.policy.LogOnly())
	if err != nil {
		if last {
			a.report.Notices = append(a.report.Notices, "the remembered checkpoint does not verify and was left out: "+err.Error())
		}
		return nil
	}
	if seen.Size() > a.checkpoint.Size() {
		switch {
		case !last:
		case a.o.Copy:
			a.notChecked(fmt.Sprintf("that the tree of %d entries, which this machine has seen, extends this older one of %d", seen.Size(), a.checkpoint.Size()))
		default:
			a.misbehaved("rollback", seen.Note(), a.checkpoint.Note(),
				"its newest checkpoint covers %d entries; this machine has seen one, signed by the same key, that covers %d", a.checkpoint.Size(), seen.Size())
		}
		return nil
	}
	return a.compareTrees(ctx, seen, a.checkpoint, last)
}

// compareTrees proves that new extends old. What a damaged tile keeps from being
// proved is named if last is set.
func (a *audit) compareTrees(ctx context.Context, old, new *log.Checkpoint, last bool) error {
	if old.Size() > new.Size() {
		old, new = new, old
	}
	pair := pairOf(old, new)
	switch {
	case a.compared[pair]:
		return nil
	case old.Size() == new.Size() && old.Root() != new.Root():
		a.misbehaved("fork", old.Note(), new.Note(), "it signed two different trees of %d entries", old.Size())
	case old.Size() == new.Size() || old.Size() == 0:
		a.extends[pair] = true
	case a.o.Layout.Folder:
		a.notChecked(fmt.Sprintf("that the tree of %d entries extends the one of %d: there are no tiles here", new.Size(), old.Size()))
	default:
		err := a.consistent(ctx, old, new)
		switch {
		case errors.Is(err, evidence.ErrInconsistent):
			a.convicted(err, "fork", old.Note(), new.Note(), "its tree of %d entries does not extend the one of %d that it signed before", new.Size(), old.Size())
		case damaged(err) && last:
			a.notChecked(fmt.Sprintf("that the tree of %d entries extends the one of %d: %v", new.Size(), old.Size(), err))
		case damaged(err):
			return nil // again, when damaged tiles have been computed
		case err != nil:
			return err
		default:
			a.extends[pair] = true
		}
	}
	a.compared[pair] = true
	return nil
}

// pairOf names two trees.
func pairOf(old, new *log.Checkpoint) string {
	return fmt.Sprintf("%d %v %d %v", old.Size(), old.Root(), new.Size(), new.Root())
}

// consistent returns evidence.ErrInconsistent if the tiles prove that new does
// not begin with old.
func (a *audit) consistent(ctx context.Context, old, new *log.Checkpoint) error {
	v, err := a.reader.verifier(ctx, tlog.Tree{N: new.Size(), Hash: new.Root()})
	if err != nil {
		return err
	}
	root, err := tlog.TreeHash(old.Size(), v)
	if err != nil {
		return fmt.Errorf("consistency of size %d with size %d: %w", old.Size(), new.Size(), err)
	}
	if root == old.Root() {
		return nil
	}
	proof, err := tlog.ProveTree(new.Size(), old.Size(), v)
	if err != nil {
		return fmt.Errorf("consistency of size %d with size %d: %w", old.Size(), new.Size(), err)
	}
	return &evidence.InconsistentError{Have: root, Proof: proof}
}

// remember returns the newer of each note; a tree that was not proved to extend
// the remembered one does not replace it. A log that misbehaved is not
// remembered: the notes that convict it stay.
func (a *audit) remember() *evidence.Memory {
	if len(a.report.Misbehaviour) > 0 {
		return nil
	}
	out := evidence.Memory{Checkpoint: a.checkpoint.Note(), Latest: a.o.Memory.Latest, Heads: map[log.Digest][]byte{}}
	if seen, err := log.OpenCheckpoint(a.o.Memory.Checkpoint, a.policy.LogOnly()); err == nil {
		if !a.extends[pairOf(seen, a.checkpoint)] {
			out.Checkpoint = a.o.Memory.Checkpoint
		}
	}
	for genesis, note := range a.o.Memory.Heads {
		out.Heads[genesis] = note
	}
	for genesis, h := range a.heads {
		seen, err := log.OpenHead(out.Heads[genesis], a.policy)
		if err != nil || seen.Head().TreeSize < h.Head().TreeSize {
			out.Heads[genesis] = h.Note()
		}
	}
	return &out
}
