package monitor

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/sijil/sijil/internal/evidence"
	"github.com/sijil/sijil/internal/jcs"
	"github.com/sijil/sijil/keys"
	"github.com/sijil/sijil/log"
)

const (
	stateFormat = "sijil-monitor-state/1"
	// maxState bounds the state's bytes: some 50,000 events that nobody takes.
	maxState = 64 << 20
)

// State is all that a monitor remembers, in one document of one encoding (RFC 8785).
type State struct {
	Format   string               `json:"format"`
	Outbox   []Waiting            `json:"outbox"`   // in the order of what happened
	Services map[string]*Followed `json:"services"` // by log key ID
}

// Waiting is an event that has not been told to everybody.
type Waiting struct {
	Event Event    `json:"event"`
	To    []string `json:"to"` // names of sinks
}

// Followed is what is remembered of a service.
type Followed struct {
	Begun        bool                   `json:"begun"`                // a whole look has ended
	Whole        string                 `json:"whole,omitempty"`      // when the last one began
	Audited      string                 `json:"audited,omitempty"`    // the checkpoint that it covered
	Down         string                 `json:"down,omitempty"`       // since when it gives no answer
	Stale        string                 `json:"stale,omitempty"`      // the quorum's time that is too old
	Frozen       bool                   `json:"frozen,omitempty"`     // it was reported
	Checkpoint   string                 `json:"checkpoint,omitempty"` // signed note, the newest
	Heads        map[string]string      `json:"heads"`                // signed notes, by genesis
	Publications map[string]*Seen       `json:"publications"`         // by slug
	Findings     map[string]OpenFinding `json:"findings"`             // not resolved
	Misbehaviour []string               `json:"misbehaviour"`         // IDs of events
}

// Seen is what was reported of a publication.
type Seen struct {
	Genesis log.Digest `json:"genesis"`
	// Quiet: it was there at the first look, so its history is not reported once it is read.
	Quiet     bool           `json:"quiet,omitempty"`
	Records   int            `json:"records"`
	Last      log.Digest     `json:"last"`      // digest of the last of them; zero before the first
	Asides    []int64        `json:"asides"`    // log indices, rising
	Proposals []string       `json:"proposals"` // record digests, sorted
	Watched   map[string]int `json:"watched"`   // by watched name: records in which it was looked for
	// Batches of the roll. Optional: it was not read yet, and what is there is not reported.
	Batches *int64 `json:"batches,omitempty"`
}

// OpenFinding is a finding that was reported and is there still.
type OpenFinding struct {
	ID          string `json:"id"`
	Since       string `json:"since"`
	Rule        string `json:"rule"`
	Publication string `json:"publication,omitempty"`
	Path        string `json:"path"`
	Index       int64  `json:"index"`
}

func newState() *State {
	return &State{Format: stateFormat, Outbox: []Waiting{}, Services: map[string]*Followed{}}
}

func newFollowed() *Followed {
	return &Followed{Heads: map[string]string{}, Publications: map[string]*Seen{}, Findings: map[string]OpenFinding{}, Misbehaviour: []string{}}
}

func newSeen(genesis log.Digest, quiet bool) *Seen {
	s := &Seen{Genesis: genesis, Quiet: quiet, Asides: []int64{}, Proposals: []string{}, Watched: map[string]int{}}
	if !quiet {
		s.Batches = new(int64)
	}
	return s
}

// Marshal returns the state's bytes, which ParseState takes.
func (s *State) Marshal() ([]byte, error) {
	b, err := jcs.Marshal(s)
	if err != nil {
		return nil, err
	}
	if len(b) > maxState {
		return nil, fmt.Errorf("monitor state: over %d bytes: too much waits to be told", maxState)
	}
	return b, nil
}

// ParseState reads what Marshal wrote, and nothing else.
func ParseState(b []byte) (*State, error) {
	if len(b) > maxState {
		return nil, fmt.Errorf("monitor state: over %d bytes", maxState)
	}
	s := new(State)
	if err := jcs.Unmarshal(b, s); err != nil {
		return nil, fmt.Errorf("monitor state: %w", err)
	}
	if err := s.check(); err != nil {
		return nil, fmt.Errorf("monitor state: %w", err)
	}
	return s, nil
}

func (s *State) check() error {
	if s.Format != stateFormat {
		return fmt.Errorf("format %q, want %q", s.Format, stateFormat)
	}
	if s.Outbox == nil || s.Services == nil {
		return errors.New("a member is null")
	}
	for i, w := range s.Outbox {
		if len(w.To) == 0 || w.Event.ID == "" || !slices.Contains(Types(), w.Event.Type) {
			return fmt.Errorf("outbox: event %d is for nobody, or has no ID or type", i+1)
		}
	}
	for key, f := range s.Services {
		if _, err := log.ParseDigest(key); err != nil {
			return fmt.Errorf("service %q: %w", key, err)
		}
		if f == nil {
			return fmt.Errorf("service %q is null", key)
		}
		if err := f.check(); err != nil {
			return fmt.Errorf("service %q: %w", key, err)
		}
	}
	return nil
}

func (f *Followed) check() error {
	if f.Heads == nil || f.Publications == nil || f.Findings == nil || f.Misbehaviour == nil {
		return errors.New("a member is null")
	}
	for _, at := range []string{f.Whole, f.Down, f.Stale} {
		if _, err := time.Parse(time.RFC3339Nano, at); at != "" && err != nil {
			return err
		}
	}
	for genesis := range f.Heads {
		if _, err := log.ParseDigest(genesis); err != nil {
			return fmt.Errorf("head: %w", err)
		}
	}
	for slug, p := range f.Publications {
		if err := keys.CheckSlug(slug); err != nil {
			return err
		}
		if p == nil || p.Asides == nil || p.Proposals == nil || p.Watched == nil {
			return fmt.Errorf("publication %q: a member is null", slug)
		}
		if p.Records < 0 || (p.Records == 0) != p.Last.IsZero() {
			return fmt.Errorf("publication %q: %d records, and the last is %s", slug, p.Records, p.Last)
		}
		if p.Batches != nil && *p.Batches < 0 {
			return fmt.Errorf("publication %q: %d batches", slug, *p.Batches)
		}
		if !rising(p.Asides) || !rising(p.Proposals) {
			return fmt.Errorf("publication %q: a list is not in order", slug)
		}
	}
	return nil
}

func rising[T int64 | string](list []T) bool {
	for i := 1; i < len(list); i++ {
		if list[i-1] >= list[i] {
			return false
		}
	}
	return true
}

// add puts a value in its place; false if it is there.
func add[T int64 | string](list []T, x T) ([]T, bool) {
	i, found := slices.BinarySearch(list, x)
	if found {
		return list, false
	}
	return slices.Insert(list, i, x), true
}

// clone copies what is remembered of a service, for a look to change.
func (f *Followed) clone() (*Followed, error) {
	b, err := jcs.Marshal(f)
	if err != nil {
		return nil, err
	}
	out := new(Followed)
	return out, jcs.Unmarshal(b, out)
}

// memory is what packages audit and evidence compare with.
func (f *Followed) memory() evidence.Memory {
	m := evidence.Memory{Heads: map[log.Digest][]byte{}}
	if f.Checkpoint != "" {
		m.Checkpoint = []byte(f.Checkpoint)
	}
	for genesis, note := range f.Heads {
		if d, err := log.ParseDigest(genesis); err == nil {
			m.Heads[d] = []byte(note)
		}
	}
	return m
}

func (f *Followed) remember(m evidence.Memory) {
	f.Checkpoint = string(m.Checkpoint)
	for genesis, note := range m.Heads {
		f.Heads[genesis.String()] = string(note)
	}
}
