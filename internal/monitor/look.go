package monitor

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strconv"
	"time"

	"github.com/sijil/sijil/internal/audit"
	"github.com/sijil/sijil/internal/evidence"
	"github.com/sijil/sijil/keys"
	"github.com/sijil/sijil/log"
)

// settle is how long a service is given to finish what it is doing.
const settle = time.Second

// look is one look at a service on its way.
type look struct {
	*Monitor
	s      *Service
	src    *source
	policy *keys.Policy
	key    log.Digest
	at     time.Time

	now    *Followed // what will be remembered
	size   int64     // of the newest verified checkpoint; -1 without one
	events []Event
	wrong  []audit.Finding // what is wrong now
	failed error           // why the service could not be looked at, or not to the end
	proved bool            // it misbehaved
}

// sight is what a look found.
type sight struct {
	misbehaved, down bool
	findings         int
}

// look goes through the steps of the package comment. Its error is about the
// monitor's state, or ctx's.
func (m *Monitor) look(ctx context.Context, s *Service, whole bool) (sight, error) {
	l := &look{Monitor: m, s: s, src: newSource(s), policy: s.Trust.Policy(), at: m.c.Clock().UTC(), size: -1}
	l.key = l.policy.Log().ID()
	var err error
	if l.now, err = m.remembered(l.key.String()); err != nil {
		return sight{}, err
	}
	limited, cancel := context.WithTimeout(ctx, m.c.Timeout)
	defer cancel()
	if err := l.run(limited, whole); err != nil {
		return sight{}, err
	}
	if ctx.Err() != nil {
		return sight{}, ctx.Err() // half a look says nothing
	}
	if err := l.reach(); err != nil {
		return sight{}, err
	}
	if err := m.commit(l.key.String(), l.now, l.events); err != nil {
		return sight{}, err
	}
	return sight{misbehaved: l.proved, down: l.now.Down != "", findings: len(l.now.Findings)}, nil
}

// run is steps 1 to 4. Its error is about the monitor's state.
func (l *look) run(ctx context.Context, whole bool) error {
	c, err := l.checkpoint(ctx)
	if err != nil || l.failed != nil {
		return err
	}
	if c != nil && !whole && !l.due(c) {
		return nil
	}
	began := l.at.Format(time.RFC3339Nano)
	report, err := l.audit(ctx)
	if err != nil {
		return err
	}
	if !l.proved && l.failed == nil {
		if err := l.publications(ctx); err != nil {
			return err
		}
	}
	if err := l.settleFindings(report); err != nil {
		return err
	}
	if l.proved || l.failed != nil {
		return nil
	}
	l.now.Whole = began
	if c != nil {
		l.now.Audited = string(c.Note())
	}
	if l.now.Begun {
		return nil
	}
	l.now.Begun = true
	n := len(l.now.Publications)
	return l.tell(Event{Type: Following, Publications: &n, Summary: fmt.Sprintf("following %s: %d entries, %d publications", l.policy.Origin(), l.size, n)})
}

// due reports whether there is anything to look at again.
func (l *look) due(c *log.Checkpoint) bool {
	if !l.now.Begun || l.now.Down != "" || len(l.now.Findings) > 0 || len(l.now.Misbehaviour) > 0 {
		return true
	}
	last, err := time.Parse(time.RFC3339Nano, l.now.Whole)
	if err != nil || l.at.Before(last) || l.at.Sub(last) >= l.c.Again {
		return true
	}
	old, err := log.OpenCheckpoint([]byte(l.now.Audited), l.policy.LogOnly())
	return err != nil || old.Size() != c.Size() || old.Root() != c.Root()
}

// checkpoint is step 1. It returns nil for one that does not verify: the audit says
// what is wrong with it.
func (l *look) checkpoint(ctx context.Context) (*log.Checkpoint, error) {
	layout := evidence.Layout{}
	b, err := l.fetch(ctx, layout.Checkpoint())
	if b == nil || err != nil {
		return nil, err
	}
	c, err := log.OpenCheckpoint(b, l.policy)
	if err != nil {
		return nil, nil
	}
	l.size = c.Size()
	ended, err := l.frozen(ctx)
	if err != nil || l.failed != nil {
		return nil, err
	}
	return c, l.age(c, ended)
}

// fetch reads a document that may be missing (nil). What keeps the source from being
// reached ends the look.
func (l *look) fetch(ctx context.Context, path string) ([]byte, error) {
	b, err := l.src.Fetch(ctx, path)
	switch {
	case err == nil:
		return b, nil
	case errors.Is(err, fs.ErrNotExist), l.s.Wrong != nil && l.s.Wrong(err):
		return nil, nil
	}
	l.failed = fmt.Errorf("%s: %w", path, err)
	return nil, nil
}

// frozen reports once that the log has ended.
func (l *look) frozen(ctx context.Context) (ended bool, err error) {
	b, err := l.fetch(ctx, evidence.Layout{}.Frozen())
	if b == nil || err != nil {
		return false, err
	}
	f, err := log.OpenFreeze(b, l.policy)
	if err != nil {
		return false, nil // the audit says what is wrong with it
	}
	if l.now.Frozen {
		return true, nil
	}
	l.now.Frozen = true
	end := f.Freeze()
	where := "it names no other"
	if end.Successor != "" {
		where = "it goes on at " + line(end.Successor)
	}
	return true, l.tell(Event{Type: Frozen, Size: &end.Size, Successor: line(end.Successor), Summary: fmt.Sprintf("the log %s has ended with %d entries: %s", l.policy.Origin(), end.Size, where)})
}

// age reports a log that the witnesses have not seen for a day, and that they see again.
func (l *look) age(c *log.Checkpoint, ended bool) error {
	at := c.Cosigned()
	old := l.policy.Quorum() && !ended && l.at.Sub(at) > maxAge
	cosigned := at.UTC().Format(time.RFC3339)
	switch {
	case old && l.now.Stale == "":
		l.now.Stale = cosigned
		return l.tell(Event{Type: Stale, Cosigned: cosigned, Summary: fmt.Sprintf("the witnesses of %s have not seen it since %s: news may be withheld", l.policy.Origin(), cosigned)}, cosigned)
	case !old && l.now.Stale != "":
		since := l.now.Stale
		l.now.Stale = ""
		return l.tell(Event{Type: Fresh, Cosigned: cosigned, Since: since, Summary: "the witnesses of " + l.policy.Origin() + " see it again"}, since)
	}
	return nil
}

// reach reports a service that gives no answer, once, and that it answers again.
func (l *look) reach() error {
	switch {
	case l.failed != nil && l.now.Down == "":
		l.now.Down = l.at.Format(time.RFC3339Nano)
		return l.tell(Event{Type: Unreachable, Since: l.now.Down, Error: line(l.failed.Error()), Summary: l.s.Address + " gives no answer"}, l.now.Down)
	case l.failed == nil && l.now.Down != "":
		since := l.now.Down
		l.now.Down = ""
		return l.tell(Event{Type: Reachable, Since: since, Summary: l.s.Address + " answers again"}, since)
	}
	return nil
}

// audit is step 2.
func (l *look) audit(ctx context.Context) (*audit.Report, error) {
	trust, err := l.pins()
	if err != nil {
		return nil, err
	}
	o := audit.Options{Trust: trust, Memory: l.now.memory(), Wrong: l.s.Wrong, Passkeys: l.s.Passkeys, Wait: l.wait(), SkipRows: true}
	if b, err := l.c.Store.LoadAudit(l.key); err != nil {
		return nil, err
	} else if b != nil {
		// Damaged, or of another log: then everything is read again.
		o.State, _ = audit.ParseState(b)
	}
	got, err := audit.Run(ctx, l.src, o)
	if err != nil {
		l.failed = err
	}
	for _, p := range got.Report.Misbehaviour {
		if err := l.misbehaved(p); err != nil {
			return nil, err
		}
	}
	if got.Memory != nil && !l.proved {
		l.now.remember(*got.Memory)
		l.size = max(l.size, got.Report.TreeSize)
	}
	if got.State != nil {
		// Before the state: it covers only entries in which nothing was found, so if we
		// die in between nothing is missed.
		if err := l.c.Store.SaveAudit(l.key, got.State.Marshal()); err != nil {
			return nil, err
		}
	}
	return got.Report, nil
}

// wait lets the service finish what it is doing, once in a look: a proposal that waits
// for weeks would take as long at each.
func (l *look) wait() func(context.Context) error {
	waited := false
	return func(ctx context.Context) error {
		if waited {
			return nil
		}
		waited = true
		return l.c.Sleep(ctx, settle)
	}
}

// misbehaved reports a proof, once for each note that is contradicted.
func (l *look) misbehaved(m *evidence.Misbehaviour) error {
	l.proved = true
	id, err := identify(l.key, Misbehaviour, m.Rule, noteText(m.First))
	if err != nil {
		return err
	}
	if slices.Contains(l.now.Misbehaviour, id) {
		return nil
	}
	doc, err := m.Document()
	if err != nil {
		return err
	}
	// Before the state: if we die in between, the same file is written again.
	path, err := l.c.Store.SaveProof("misbehaviour-"+id[len("sha256:"):][:16]+".json", doc)
	if err != nil {
		return err
	}
	l.now.Misbehaviour = append(l.now.Misbehaviour, id)
	return l.tell(Event{Type: Misbehaviour, Rule: m.Rule, Detail: line(m.Detail), Proof: m, File: path, Summary: "PROOF that the log " + l.policy.Origin() + " misbehaved (" + m.Rule + "): " + line(m.Detail)}, m.Rule, noteText(m.First))
}

// tell adds an event, identified by its type and parts.
func (l *look) tell(e Event, parts ...string) error {
	var err error
	if e.ID, err = identify(l.key, e.Type, parts...); err != nil {
		return err
	}
	e.At, e.Log, e.LogKey, e.Service, e.TreeSize = l.at.Format(time.RFC3339), l.policy.Origin(), l.key, l.s.Address, l.size
	l.events = append(l.events, e)
	return nil
}

// decimal is a log index as a part of an ID.
func decimal(n int64) string { return strconv.FormatInt(n, 10) }
