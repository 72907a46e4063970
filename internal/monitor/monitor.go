package monitor

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/sijil/sijil/internal/endorsement"
	"github.com/sijil/sijil/internal/evidence"
	"github.com/sijil/sijil/internal/match"
	"github.com/sijil/sijil/keys"
	"github.com/sijil/sijil/log"
)

// Defaults of a Config.
const (
	DefaultInterval = 5 * time.Minute
	DefaultAgain    = time.Hour
	DefaultTimeout  = 30 * time.Minute
	// maxAge is when a log is stale whose quorum has not seen it since.
	maxAge = 24 * time.Hour
	// maxPause is the longest time between two tries of a service that gives no
	// answer, unless the interval is longer; maxRetry of something that is not taken.
	maxPause   = time.Hour
	firstRetry = 5 * time.Second
	maxRetry   = 15 * time.Minute
)

// Service is one service to follow.
type Service struct {
	Address string // as events show it
	Trust   *keys.Trust
	Source  evidence.Source
	// Consistent proves from the source's tiles that one tree extends another: see
	// evidence.Options.
	Consistent func(ctx context.Context, old, new *log.Checkpoint) error
	// Wrong reports an error of the source that is about a document, not about
	// reaching it. Optional.
	Wrong func(error) bool
	// Passkeys verifies WebAuthn assertions. Optional: see evidence.Options.
	Passkeys endorsement.PasskeyVerifier
}

// Store keeps the monitor's documents. One monitor uses it at a time.
type Store interface {
	// Load returns the state; nil if there is none yet.
	Load() ([]byte, error)
	// Save replaces the state, whole or not at all; durable when it returns nil.
	Save([]byte) error
	// LoadAudit and SaveAudit keep where the audit of a log ended. It may be lost, or
	// older than the state: then more is read again.
	LoadAudit(logKey log.Digest) ([]byte, error)
	SaveAudit(logKey log.Digest, b []byte) error
	// SaveProof keeps a proof under a name and returns where. The same name comes with
	// the same bytes.
	SaveProof(name string, b []byte) (path string, err error)
}

// Sink is a way out for events.
type Sink struct {
	// Name is the same in every run: by it the state knows what waits for the sink.
	Name string
	// Send tells one event, and returns nil when somebody else has taken charge of it.
	// After an error the same event is offered again, later. Called by one goroutine.
	Send func(context.Context, Event) error
	// Batch is how many events are told before the state says so: all of them are told
	// again if we die in between. Optional: 1.
	Batch int
}

// Config is what a monitor is told. Services, Store, Clock, Sleep and Rand are required.
type Config struct {
	Services []Service
	Store    Store
	Sinks    []Sink
	// Watch are names to look for in signatory lists. Optional.
	Watch []string
	// FromStart reports at the first look all that is there. Optional: what is there
	// then is known already.
	FromStart bool
	// Interval between two looks, ± a fifth. Optional: 5 minutes.
	Interval time.Duration
	// Again is when everything is looked at although the tree has not grown. Optional: an hour.
	Again time.Duration
	// Timeout of a look, after which the service counts as unreachable; the next one
	// goes on where the audit stopped. Optional: 30 minutes.
	Timeout time.Duration
	Clock   func() time.Time
	// Sleep returns after the duration, or with ctx's error.
	Sleep func(context.Context, time.Duration) error
	// Rand returns a number in [0,1). Safe for concurrent use.
	Rand func() float64
	// Log is told what cannot be told otherwise. Optional.
	Log *slog.Logger
}

// Monitor follows services. Only Open makes one.
type Monitor struct {
	c       Config
	watched []watch
	wake    map[string]chan struct{} // by sink: something waits

	mu    sync.Mutex // guards what follows, and is held over Save
	state *State
	saved []byte // as it is stored
}

// watch is a name to look for.
type watch struct {
	name string // as it was given
	*match.Watched
}

// Open reads the state, or begins one.
func Open(c Config) (*Monitor, error) {
	if len(c.Services) == 0 || c.Store == nil || c.Clock == nil || c.Sleep == nil || c.Rand == nil {
		return nil, errors.New("monitor: services, store, clock, sleep and randomness are needed")
	}
	for d, otherwise := range map[*time.Duration]time.Duration{&c.Interval: DefaultInterval, &c.Again: DefaultAgain, &c.Timeout: DefaultTimeout} {
		switch {
		case *d < 0:
			return nil, errors.New("monitor: a duration is negative")
		case *d == 0:
			*d = otherwise
		}
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	m := &Monitor{c: c, wake: map[string]chan struct{}{}}
	followed := map[log.Digest]string{}
	for _, s := range c.Services {
		if s.Trust == nil {
			return nil, log.ErrNoPolicy
		}
		key := s.Trust.Policy().Log().ID()
		if other, ok := followed[key]; ok {
			return nil, fmt.Errorf("%s and %s are one log, %s", other, s.Address, key)
		}
		followed[key] = s.Address
	}
	for _, s := range c.Sinks {
		if _, ok := m.wake[s.Name]; ok || s.Name == "" {
			return nil, fmt.Errorf("monitor: two sinks are named %q", s.Name)
		}
		m.wake[s.Name] = make(chan struct{}, 1)
	}
	for _, name := range c.Watch {
		w, err := match.NewWatched(name)
		if err != nil {
			return nil, fmt.Errorf("watch %q: %w", name, err)
		}
		if !slices.ContainsFunc(m.watched, func(o watch) bool { return o.Key() == w.Key() }) {
			m.watched = append(m.watched, watch{name, w})
		}
	}
	var err error
	if m.saved, err = c.Store.Load(); err != nil {
		return nil, err
	}
	if m.state = newState(); m.saved != nil {
		m.state, err = ParseState(m.saved)
	}
	return m, err
}

// Outcome is what is known after Once: of each service what its look found.
type Outcome struct {
	Misbehaved  []string // log origins
	Findings    int      // that are open
	Unreachable []string // addresses
	Undelivered int      // events that wait still for a configured sink
}

// Once looks at each service once, and offers each event once. An error is about the
// monitor's own state: what it says then was not told, or may be told again.
func (m *Monitor) Once(ctx context.Context) (Outcome, error) {
	var out Outcome
	for i := range m.c.Services {
		s := &m.c.Services[i]
		seen, err := m.look(ctx, s, true)
		if err != nil {
			return out, err
		}
		if seen.misbehaved {
			out.Misbehaved = append(out.Misbehaved, s.Trust.Policy().Origin())
		}
		if seen.down {
			out.Unreachable = append(out.Unreachable, s.Address)
		}
		out.Findings += seen.findings
	}
	var wg sync.WaitGroup
	for _, sink := range m.c.Sinks {
		wg.Go(func() {
			if err := m.deliver(ctx, sink); err != nil {
				m.c.Log.WarnContext(ctx, "an event was not taken, and waits", "to", sink.Name, "err", err)
			}
		})
	}
	wg.Wait()
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, w := range m.state.Outbox {
		if slices.ContainsFunc(m.c.Sinks, func(s Sink) bool { return slices.Contains(w.To, s.Name) }) {
			out.Undelivered++
		}
	}
	return out, ctx.Err()
}

// Run follows the services until ctx ends. What was not told by then is told by the
// next Run.
func (m *Monitor) Run(ctx context.Context) {
	var wg sync.WaitGroup
	for i := range m.c.Services {
		wg.Go(func() { m.follow(ctx, &m.c.Services[i]) })
	}
	for _, s := range m.c.Sinks {
		wg.Go(func() { m.drain(ctx, s) })
	}
	wg.Wait()
}

// follow looks at a service again and again.
func (m *Monitor) follow(ctx context.Context, s *Service) {
	failures := 0
	for ctx.Err() == nil {
		seen, err := m.look(ctx, s, false)
		if ctx.Err() != nil {
			return
		}
		if err != nil {
			m.c.Log.ErrorContext(ctx, "what was seen cannot be kept, so it is not told either", "service", s.Address, "err", err)
		}
		if failures++; err == nil && !seen.down {
			failures = 0
		}
		pause := m.jitter(m.c.Interval)
		if failures > 0 {
			pause = m.backoff(failures, m.c.Interval, max(m.c.Interval, maxPause))
		}
		if m.c.Sleep(ctx, pause) != nil {
			return
		}
	}
}

// remembered is a copy of what is known of a service, to be changed.
func (m *Monitor) remembered(key string) (*Followed, error) {
	m.mu.Lock()
	f := m.state.Services[key]
	m.mu.Unlock()
	if f == nil {
		return newFollowed(), nil
	}
	return f.clone() // what stands in a state is never changed
}

// jitter spreads what many monitors do at one time: ± a fifth.
func (m *Monitor) jitter(d time.Duration) time.Duration {
	return time.Duration(float64(d) * (0.8 + 0.4*m.c.Rand()))
}

// backoff doubles a pause with each failure after the first, up to most.
func (m *Monitor) backoff(failures int, first, most time.Duration) time.Duration {
	d := first
	for range failures - 1 {
		if d = 2 * d; d >= most {
			d = most
			break
		}
	}
	return m.jitter(d)
}
