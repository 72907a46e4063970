// Package quorum moves the checkpoint that readers are shown. The log signs a
// checkpoint for every batch of records; readers are shown one only when the
// quorum of the witness policy has cosigned it.
//
// It runs beside the publishing of records and never in its way:
//
//   - a newer checkpoint of the log is taken to the witnesses at once, but at
//     most once in Interval;
//   - an unchanged one is cosigned again every Refresh, so that its cosignatures
//     do not grow stale;
//   - below the quorum nothing moves, records are still accepted, State says who
//     is missing, and the next try comes after a pause that doubles up to
//     LongestPause.
//
// For example, with the quorum reached at sizes 3 and 9 and the log at 12,
// readers are shown the tree of 9 entries until enough witnesses have cosigned a
// larger one.
//
// Where the policy says `quorum none`, readers are shown what the log signed
// last, and nothing here runs.
//
// If we die at any time, readers are shown what was stored last; a cosigned
// checkpoint that was not stored was not shown to anybody, and is asked for
// again.
package quorum

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/sijil/sijil/internal/publish"
	"github.com/sijil/sijil/keys"
	"github.com/sijil/sijil/log"
)

// Defaults of Config.
const (
	Interval     = time.Second
	Refresh      = time.Hour
	LongestPause = time.Minute
)

// Store keeps the checkpoint that readers were shown last.
type Store interface {
	// Public returns it; the zero one when there was none.
	Public(ctx context.Context) (publish.Checkpoint, error)
	// SwapPublic replaces old by new, durably when it returns nil. It changes
	// nothing and returns an error when the stored one is not old.
	SwapPublic(ctx context.Context, old, new publish.Checkpoint) error
}

// Collect asks the witnesses for cosignatures and returns the note with those
// that verified, as many as there are. An error says why there are none, or not
// enough.
type Collect func(ctx context.Context, c publish.Checkpoint) (note []byte, err error)

// Config is what a Public needs. Interval and Refresh are optional.
type Config struct {
	Policy   *keys.Policy
	Latest   func() publish.Checkpoint // what the log signed last
	Collect  Collect
	Store    Store
	Clock    func() time.Time
	Logger   *slog.Logger
	Interval time.Duration
	Refresh  time.Duration
}

// Public is the checkpoint that readers are shown. Safe for concurrent use.
type Public struct {
	Config
	shown atomic.Pointer[publish.Checkpoint]
	kick  chan struct{} // holds one token when the log has signed something

	mu       sync.Mutex // guards the rest
	cosigned time.Time  // of what is shown
	missing  error      // why the last try failed; nil after one that did not
}

// State is how things stand, for operators.
type State struct {
	Shown, Latest int64     // tree sizes
	Cosigned      time.Time // when the quorum of what is shown was reached; zero for none
	Missing       error     // why the last try did not reach the quorum, nil if it did
}

// Open reads what readers were shown last and refuses it if the log did not
// sign it, or if it is beyond what the log signed: that is a restored backup.
func Open(ctx context.Context, c Config) (*Public, error) {
	if c.Interval == 0 {
		c.Interval = Interval
	}
	if c.Refresh == 0 {
		c.Refresh = Refresh
	}
	p := &Public{Config: c, kick: make(chan struct{}, 1)}
	if !c.Policy.Quorum() {
		return p, nil
	}
	shown, err := c.Store.Public(ctx)
	if err != nil {
		return nil, err
	}
	if shown.Note != nil {
		signed, err := log.OpenCheckpoint(shown.Note, c.Policy.LogOnly())
		if err != nil {
			return nil, fmt.Errorf("the checkpoint that readers were shown: %w", err)
		}
		if latest := c.Latest(); signed.Size() > latest.Size {
			return nil, fmt.Errorf("readers were shown a tree of %d entries, the log has %d: it was restored from an older copy", signed.Size(), latest.Size)
		}
		// It may lack the quorum: it was shown under the policy of its time.
		if full, err := log.OpenCheckpoint(shown.Note, c.Policy); err == nil {
			p.cosigned, shown.Witnesses = full.Cosigned(), full.Witnesses()
		}
	}
	p.shown.Store(&shown)
	return p, nil
}

// Checkpoint is what readers are shown; the zero one before the first.
func (p *Public) Checkpoint() publish.Checkpoint {
	if !p.Policy.Quorum() {
		return p.Latest()
	}
	return *p.shown.Load()
}

// Show takes over what another process has shown readers: the stored checkpoint, where
// it is newer than what is shown here. What is not of this log is refused.
func (p *Public) Show(c publish.Checkpoint) error {
	now := p.shown.Load()
	if !p.Policy.Quorum() || c.Note == nil || c.Size < now.Size || string(c.Note) == string(now.Note) {
		return nil
	}
	full, err := log.OpenCheckpoint(c.Note, p.Policy)
	if err != nil {
		return fmt.Errorf("the checkpoint that readers were shown: %w", err)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	c.Witnesses = full.Witnesses()
	if c.Size == now.Size && !full.Cosigned().After(p.cosigned) || !p.shown.CompareAndSwap(now, &c) {
		return nil // our own is newer
	}
	p.cosigned = full.Cosigned()
	return nil
}

// State says how things stand.
func (p *Public) State() State {
	p.mu.Lock()
	defer p.mu.Unlock()
	return State{Shown: p.Checkpoint().Size, Latest: p.Latest().Size, Cosigned: p.cosigned, Missing: p.missing}
}

// Kick says that the log has signed a checkpoint. It never blocks.
func (p *Public) Kick() {
	select {
	case p.kick <- struct{}{}:
	default:
	}
}

// Run moves the checkpoint until ctx ends.
func (p *Public) Run(ctx context.Context) {
	if !p.Policy.Quorum() {
		return
	}
	pause := p.Interval
	for {
		err := p.step(ctx)
		if ctx.Err() != nil {
			return
		}
		p.note(ctx, err)
		// A failure waits longer each time; a success only for its Interval.
		wait := p.Interval
		if err != nil {
			wait, pause = pause, min(2*pause, LongestPause)
		} else {
			pause = p.Interval
		}
		if !sleep(ctx, wait) {
			return
		}
		if err == nil && !p.awaken(ctx) {
			return
		}
	}
}

// awaken returns when there is something to do, and false when ctx ended.
func (p *Public) awaken(ctx context.Context) bool {
	refresh := time.NewTimer(p.Refresh)
	defer refresh.Stop()
	for !p.due() {
		select {
		case <-p.kick:
		case <-refresh.C:
			return true
		case <-ctx.Done():
			return false
		}
	}
	return true
}

func sleep(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// due reports whether the log is ahead of what is shown, or the cosignatures
// are old.
func (p *Public) due() bool {
	latest, shown := p.Latest(), p.Checkpoint()
	p.mu.Lock()
	defer p.mu.Unlock()
	return latest.Size > shown.Size || latest.Note != nil && p.Clock().Sub(p.cosigned) >= p.Refresh
}

// step takes the newest checkpoint to the witnesses, if that is due, and shows
// it when their quorum has cosigned it.
func (p *Public) step(ctx context.Context) error {
	if !p.due() {
		return nil
	}
	latest, shown := p.Latest(), p.Checkpoint()
	note, err := p.Collect(ctx, latest)
	if err != nil {
		return err
	}
	// The collector's word is not enough: what is shown satisfies the policy.
	c, err := log.OpenCheckpoint(note, p.Policy)
	if err != nil {
		return err
	}
	if c.Size() != latest.Size || c.Root() != latest.Root {
		return errors.New("the cosigned checkpoint is of another tree")
	}
	next := publish.Checkpoint{Size: latest.Size, Root: latest.Root, Note: note, Witnesses: c.Witnesses()}
	if err := p.Store.SwapPublic(ctx, shown, next); err != nil {
		return err
	}
	p.mu.Lock()
	p.cosigned = c.Cosigned()
	p.mu.Unlock()
	p.shown.Store(&next)
	return nil
}

// note keeps the outcome of a try, and logs when it changes.
func (p *Public) note(ctx context.Context, err error) {
	p.mu.Lock()
	before := p.missing
	p.missing = err
	p.mu.Unlock()
	switch {
	case err != nil && (before == nil || before.Error() != err.Error()):
		p.Logger.WarnContext(ctx, "readers are not shown the newest checkpoint", "shown", p.Checkpoint().Size, "latest", p.Latest().Size, "error", err)
	case err == nil && before != nil:
		p.Logger.InfoContext(ctx, "the witness quorum is back", "shown", p.Checkpoint().Size)
	}
}
