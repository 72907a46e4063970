package witness

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/sijil/sijil/keys"
	"github.com/sijil/sijil/log"
)

// Defaults of Config.
const (
	timeout = 10 * time.Second
	grace   = 500 * time.Millisecond
)

// Config is what a Collector needs. HTTP, Timeout and Grace are optional.
type Config struct {
	Policy *keys.Policy
	// Prove returns the consistency proof between two sizes of the log's tree;
	// an empty one where old is 0 or new.
	Prove func(old, new int64) (tlog.TreeProof, error)
	Clock func() time.Time
	HTTP  *http.Client
	// Timeout bounds how long one witness is waited for.
	Timeout time.Duration
	// Grace is how long the rest is waited for once the quorum is reached.
	Grace time.Duration
}

// State is what is known of a witness, for operators and pages.
type State struct {
	Name, URL string
	Size      int64     // of the tree it cosigned last
	Seen      time.Time // when it did; zero: never in this process
	Err       error     // why the last try failed; nil if it did not
}

// Collector has checkpoints cosigned. Safe for concurrent use; of two
// collections at once the second waits.
type Collector struct {
	Config
	turn   sync.Mutex // one collection at a time
	mu     sync.Mutex // guards states
	states []State    // of the witnesses that have an address
	asked  []*keys.Witness
}

// NewCollector returns the collector of a policy's witnesses.
func NewCollector(c Config) *Collector {
	if c.HTTP == nil {
		c.HTTP = http.DefaultClient
	}
	h := *c.HTTP
	h.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	c.HTTP = &h
	if c.Timeout == 0 {
		c.Timeout = timeout
	}
	if c.Grace == 0 {
		c.Grace = grace
	}
	out := &Collector{Config: c}
	for _, w := range c.Policy.Witnesses() {
		if w.URL != "" {
			out.asked = append(out.asked, w)
			out.states = append(out.states, State{Name: w.Name, URL: w.URL})
		}
	}
	return out
}

// States says how each witness that is asked did.
func (c *Collector) States() []State {
	c.mu.Lock()
	defer c.mu.Unlock()
	return append([]State(nil), c.states...)
}

// answer is what one witness gave.
type answer struct {
	i     int
	lines []byte
	size  int64 // of the tree it holds, as far as it is known
	err   error
}

// Collect sends a checkpoint to all witnesses at the same time and returns it
// with the cosignatures that verified, as soon as the quorum is reached and
// Grace has passed, or all have answered. An unreachable or lying witness keeps
// nobody waiting beyond that. Without the quorum the error is *FailedError.
func (c *Collector) Collect(ctx context.Context, checkpoint []byte) ([]byte, error) {
	c.turn.Lock()
	defer c.turn.Unlock()
	cp, err := log.OpenCheckpoint(checkpoint, c.Policy.LogOnly())
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, c.Timeout)
	defer cancel()
	answers := make(chan answer, len(c.asked))
	for i, w := range c.asked {
		known := c.States()[i].Size
		go func() {
			lines, size, err := c.ask(ctx, w, known, cp, checkpoint)
			answers <- answer{i, lines, size, err}
		}()
	}
	best := checkpoint
	var enough <-chan time.Time
	for range c.asked {
		select {
		case a := <-answers:
			best = c.take(best, cp, a)
		case <-enough:
			return best, nil
		}
		if _, err := log.OpenCheckpoint(best, c.Policy); err == nil && enough == nil {
			t := time.NewTimer(c.Grace)
			defer t.Stop()
			enough = t.C
		}
	}
	if _, err = log.OpenCheckpoint(best, c.Policy); err != nil {
		return nil, &FailedError{Quorum: err, States: c.States()}
	}
	return best, nil
}

// take merges an answer into the note and keeps what it says of the witness.
func (c *Collector) take(best []byte, cp *log.Checkpoint, a answer) []byte {
	next, err := best, a.err
	if err == nil {
		next, err = c.merge(best, a)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	s := &c.states[a.i]
	s.Size, s.Err = a.size, err
	if err == nil {
		s.Size, s.Seen = cp.Size(), c.Clock()
	}
	return next
}

// merge takes what verifies of a witness's lines. That nothing of its own does
// is its fault.
func (c *Collector) merge(checkpoint []byte, a answer) ([]byte, error) {
	next, faults, err := log.Cosign(checkpoint, a.lines, c.Policy)
	if err != nil {
		return checkpoint, err
	}
	n, err := note.Open(next, c.Policy)
	if err != nil {
		return checkpoint, err
	}
	v := c.asked[a.i].Verifier()
	for _, s := range n.Sigs {
		if s.Name == v.Name() && s.Hash == v.KeyHash() {
			return next, nil
		}
	}
	return next, fmt.Errorf("its answer does not hold its cosignature of this checkpoint: %w", errors.Join(faults...))
}

// FailedError is a checkpoint that did not reach the quorum.
type FailedError struct {
	Quorum error // *keys.QuorumError, wrapped
	States []State
}

func (e *FailedError) Error() string {
	msg := e.Quorum.Error()
	for _, s := range e.States {
		if s.Err != nil {
			msg += fmt.Sprintf("; %s: %v", s.Name, s.Err)
		}
	}
	return msg
}

func (e *FailedError) Unwrap() error { return e.Quorum }
