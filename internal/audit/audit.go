package audit

import (
	"context"
	"fmt"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/sijil/sijil/internal/endorsement"
	"github.com/sijil/sijil/internal/evidence"
	"github.com/sijil/sijil/internal/statement"
	"github.com/sijil/sijil/keys"
	"github.com/sijil/sijil/log"
	"github.com/sijil/sijil/log/tile"
)

// maxRoom is the number of entries that room is made for beforehand: 32 MiB.
const maxRoom = 1 << 21

// maxProofs bounds the proofs of misbehaviour that are kept.
const maxProofs = 16

// Source gives documents by path: see evidence.Source. Safe for concurrent use.
type Source = evidence.Source

// Options say what to audit and whom to trust.
type Options struct {
	// Trust is whom to trust. Required.
	Trust *keys.Trust
	// Layout is where the documents stand. With Folder there are no tiles: the
	// publications alone are audited.
	Layout evidence.Layout
	// Now is the time by which a log is stale whose witnesses have not seen it for
	// a day. Optional: none is without it.
	Now time.Time
	// Copy is a source that may be older than what this machine has seen, and
	// may hold the log without its publications: a folder.
	Copy bool
	// Memory is what this machine saw last of the log. Optional.
	Memory evidence.Memory
	// State is where an earlier audit of the same source ended. Optional.
	State *State
	// Wrong reports an error of the source that is about the document (it is too
	// large), not about reaching it. Optional.
	Wrong func(error) bool
	// Progress is told how many entries have been checked. Optional.
	Progress func(done, total int64)

	// Passkeys verifies WebAuthn assertions. Optional: without it the observer's word
	// is taken that it did.
	Passkeys endorsement.PasskeyVerifier

	// Mail verifies the raw mail behind what the service says it saw, for those who hold
	// it: the mail's digest and key record, and what the observation says of it.
	// ErrNoMail: the mail is not there. Optional.
	Mail func(ctx context.Context, o *statement.Observation) error

	// Wait lets a moment pass before a record is called withheld or unlisted: a
	// service that is being written to may have put it into the log and not yet
	// into its list. Called a few times at most. Optional.
	Wait func(context.Context) error

	// SkipRows leaves out the rows of the rolls, of which there may be millions: the batches
	// are verified, the endorsers are not. Optional.
	SkipRows bool

	skipSignatures bool // for measurements alone
	partRecords    int  // of a full part of what signatories said; 0: endorsement.PartRecords
}

// Result is what an audit leaves: the report, what to remember of the log, and
// where the next audit of this source may begin.
type Result struct {
	Report *Report
	// Memory is nil where nothing was verified.
	Memory *evidence.Memory
	// State is nil where the next audit has to begin anew.
	State *State
}

// audit is the state of one Run.
type audit struct {
	o          Options
	policy     *keys.Policy
	reader     *reader
	report     *Report
	checkpoint *log.Checkpoint
	heads      map[log.Digest]*log.VerifiedHead
	trees      []*log.Checkpoint // all verified ones that were met, by the bundles too
	compared   map[string]bool   // pairs of trees
	extends    map[string]bool   // pairs of which that was proved
	accounted  map[int64]bool    // indices at which a chain's record really stands

	tree      *tree
	observers map[log.Digest]bool // digests of the observer keys; nil before they were read
	index     index
	damage    damage
	clean     int64 // up to here everything is proved and nothing was found
	stopped   int64 // where reading ended for want of documents; 0 if it did not
	waits     int   // how often Wait was called
	verify    *tile.Verifier
	again     *again
}

// Run audits a source. The result is never nil. An error says why the audit is
// incomplete: the source could not be reached, or ctx ended; what is in the
// report holds all the same.
func Run(ctx context.Context, src Source, o Options) (*Result, error) {
	if o.Trust == nil {
		return &Result{Report: &Report{Outcome: Incomplete, Reason: log.ErrNoPolicy.Error()}}, log.ErrNoPolicy
	}
	if o.partRecords == 0 {
		o.partRecords = endorsement.PartRecords
	}
	p := o.Trust.Policy()
	if o.Layout.Latest {
		p = p.LogOnly()
	}
	a := &audit{o: o, policy: p, report: newReport(p, p.Log().ID()), heads: map[log.Digest]*log.VerifiedHead{}, compared: map[string]bool{}, extends: map[string]bool{}, accounted: map[int64]bool{},
		reader: &reader{src: src, wrong: o.Wrong, fixed: map[tlog.Tile][]byte{}}, damage: damage{fixed: map[tlog.Tile][]byte{}}}
	err := a.run(ctx)
	if err != nil {
		a.report.Reason = err.Error()
	}
	a.report.finish()
	out := &Result{Report: a.report}
	if a.checkpoint != nil {
		out.State = a.state()
		out.Memory = a.remember()
	}
	return out, err
}

func (a *audit) run(ctx context.Context) error {
	ok, err := a.openCheckpoint(ctx)
	if err != nil || !ok {
		return err
	}
	if err := a.readLog(ctx); err != nil {
		return err
	}
	if err := a.compareMemory(ctx, true); err != nil {
		return err
	}
	return a.publications(ctx)
}

// openCheckpoint is step 1. False ends the audit: without a checkpoint there is
// nothing to hold anything against.
func (a *audit) openCheckpoint(ctx context.Context) (bool, error) {
	c, bad, err := a.fetchCheckpoint(ctx)
	if err != nil {
		return false, err
	}
	if bad != nil {
		a.report.add(Finding{Rule: RuleCheckpoint, Index: -1, Path: a.o.Layout.Checkpoint(), Detail: bad.why})
		a.notChecked("everything else: there is no checkpoint to hold it against")
		return false, nil
	}
	a.checkpoint = c
	a.report.TreeSize, a.report.Root, a.report.Witnesses = c.Size(), c.Root().String(), c.Witnesses()
	frozen, err := a.openFrozen(ctx)
	if err != nil {
		return false, err
	}
	if at := c.Cosigned(); !frozen && a.policy.Quorum() && !a.o.Now.IsZero() && a.o.Now.Sub(at) > 24*time.Hour {
		a.report.add(Finding{Rule: RuleStale, Index: -1, Path: a.o.Layout.Checkpoint(), Detail: "cosigned by the quorum at " + at.UTC().Format(time.RFC3339)})
	}
	return true, a.compareMemory(ctx, false)
}

// openFrozen holds the statement that the log has ended, if there is one,
// against the checkpoint, and reports whether it verified.
func (a *audit) openFrozen(ctx context.Context) (bool, error) {
	path := a.o.Layout.Frozen()
	b, bad, err := a.reader.fetch(ctx, path)
	if err != nil || bad != nil && bad.missing {
		return false, err
	}
	var f *log.VerifiedFreeze
	if bad == nil {
		if f, err = log.OpenFreeze(b, a.policy); err != nil {
			bad = &fault{why: err.Error()}
		}
	}
	if bad != nil {
		a.report.add(Finding{Rule: RuleFrozen, Index: -1, Path: path, Detail: bad.why})
		return false, nil
	}
	end := f.Freeze()
	if end.Conflicts(a.checkpoint) {
		a.misbehaved(evidence.RuleFrozen, f.Note(), a.checkpoint.Note(), "it said that it ends with %d entries, and signed another tree of %d", end.Size, a.checkpoint.Size())
		return true, nil
	}
	where := "nowhere that it names"
	if end.Successor != "" {
		where = end.Successor
	}
	a.report.Notices = append(a.report.Notices, fmt.Sprintf("the log has ended with %d entries; it goes on at: %s", end.Size, where))
	return true, nil
}

func (a *audit) fetchCheckpoint(ctx context.Context) (*log.Checkpoint, *fault, error) {
	b, bad, err := a.reader.fetch(ctx, a.o.Layout.Checkpoint())
	if err != nil || bad != nil {
		return nil, bad, err
	}
	c, err := log.OpenCheckpoint(b, a.policy)
	if err != nil {
		return nil, &fault{why: err.Error()}, nil
	}
	return c, nil, nil
}

// readLog is steps 2 to 4.
func (a *audit) readLog(ctx context.Context) error {
	if a.o.Layout.Folder {
		a.notChecked("the log's entries, and that nothing a publisher key signed is hidden: an evidence folder holds no tiles")
		return nil
	}
	if a.checkpoint.Size() > tile.MaxSize {
		a.report.add(Finding{Rule: RuleCheckpoint, Index: -1, Path: a.o.Layout.Checkpoint(), Detail: fmt.Sprintf("claims %d entries", a.checkpoint.Size())})
		return nil
	}
	a.tree = newTree(a.reader, a.checkpoint.Size(), a.checkpoint.Root())
	if a.checkpoint.Size() == 0 {
		if _, err := tile.NewVerifier(tlog.Tree{N: 0, Hash: a.checkpoint.Root()}, nil); err != nil {
			a.report.add(Finding{Rule: RuleCheckpoint, Index: -1, Path: a.o.Layout.Checkpoint(), Detail: err.Error()})
		}
		return nil
	}
	if err := a.tree.openEdge(ctx); err != nil {
		return err
	}
	// A size is only a claim: what is made room for beforehand is bounded.
	room := min(a.checkpoint.Size(), maxRoom)
	a.index = index{leaf: make([]uint64, 0, room), key: make([]uint64, 0, room)}
	start, err := a.resume(ctx)
	if err != nil {
		return err
	}
	if start < a.checkpoint.Size() {
		if err := a.walk(ctx, start); err != nil {
			return err
		}
	}
	if a.stopped > 0 {
		a.notChecked(fmt.Sprintf("entries %d to %d: too many documents in a row are missing", a.stopped, a.checkpoint.Size()-1))
	}
	if err := a.resolve(ctx); err != nil {
		return err
	}
	return a.duplicates(ctx)
}

func (a *audit) notChecked(what string) { a.report.NotChecked = append(a.report.NotChecked, what) }
