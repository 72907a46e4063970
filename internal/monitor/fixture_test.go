package monitor

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sijil/sijil/internal/evidence"
	"github.com/sijil/sijil/internal/logtest"
	"github.com/sijil/sijil/keys"
	"github.com/sijil/sijil/log"
	"github.com/sijil/sijil/log/client"
)

const slug = "river"

// memory is a Store that can be killed: from then on nothing is written.
type memory struct {
	mu     sync.Mutex
	state  []byte
	audits map[log.Digest][]byte
	proofs map[string][]byte
	saves  int
	killed func(save int) bool
}

var errKilled = errors.New("killed")

func newMemory() *memory {
	return &memory{audits: map[log.Digest][]byte{}, proofs: map[string][]byte{}}
}

func (m *memory) Load() ([]byte, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.state, nil
}

func (m *memory) Save(b []byte) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.saves++; m.killed != nil && m.killed(m.saves) {
		return errKilled
	}
	m.state = slices.Clone(b)
	return nil
}

func (m *memory) LoadAudit(key log.Digest) ([]byte, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.audits[key], nil
}

func (m *memory) SaveAudit(key log.Digest, b []byte) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.audits[key] = b
	return nil
}

func (m *memory) SaveProof(name string, b []byte) (string, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.proofs[name] = b
	return name, nil
}

// world is a service with one publication, and a monitor's machine.
type world struct {
	t      *testing.T
	log    *logtest.Log
	pub    *logtest.Publication
	signer *keys.Signer
	trust  *keys.Trust
	store  *memory
	now    time.Time
	more   func(*Config)

	mu   sync.Mutex // guards what follows
	docs logtest.Documents
	down error
	told []Event
	fail error // of the sink
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{t: t, log: logtest.New(t, "https://sijil.example/"), signer: logtest.NewSigner(t), store: newMemory(), now: logtest.Start.AddDate(0, 6, 0)}
	w.pub = w.log.Publication(slug, w.signer, logtest.River()[0])
	w.pin()
	w.serve()
	return w
}

func (w *world) pin() {
	var err error
	w.trust, err = w.log.Trust().Pin(slug, w.pub.Genesis())
	check(w.t, err)
}

// serve shows all that the log has.
func (w *world) serve() { w.show(w.log.Size()) }

// show serves what an honest service serves at a size.
func (w *world) show(size int64) {
	w.t.Helper()
	listing, err := w.trust.Marshal()
	check(w.t, err)
	d := logtest.Merge(w.log.Tiles(size), w.pub.Documents(evidence.Layout{}, size), logtest.Documents{evidence.Layout{}.Trust(): listing})
	w.mu.Lock()
	defer w.mu.Unlock()
	w.docs = d
}

func (w *world) Fetch(ctx context.Context, path string) ([]byte, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.down != nil {
		return nil, w.down
	}
	return w.docs.Fetch(ctx, path)
}

func (w *world) reach(err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.down = err
}

func (w *world) take(_ context.Context, e Event) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.fail != nil {
		return w.fail
	}
	w.told = append(w.told, e)
	return nil
}

// open is the monitor as it starts on this machine.
func (w *world) open() *Monitor {
	w.t.Helper()
	c := Config{
		Services: []Service{{Address: "https://sijil.example", Trust: w.trust, Source: w, Consistent: func(ctx context.Context, old, new *log.Checkpoint) error {
			err := client.Consistency(ctx, w, treeOf(old), treeOf(new))
			if bad, ok := errors.AsType[*client.InconsistentError](err); ok {
				return &evidence.InconsistentError{Have: bad.Have, Proof: bad.Proof}
			}
			return err
		}}},
		Store: w.store, Sinks: []Sink{{Name: "test", Send: w.take}}, Clock: func() time.Time { return w.now }, Rand: func() float64 { return 0.5 },
		Sleep: func(context.Context, time.Duration) error { return nil },
	}
	if w.more != nil {
		w.more(&c)
	}
	m, err := Open(c)
	check(w.t, err)
	return m
}

func treeOf(c *log.Checkpoint) client.Tree {
	return client.Tree{Size: uint64(c.Size()), Root: c.Root()}
}

// once starts a monitor for one look, and returns what it told.
func (w *world) once() []Event {
	w.t.Helper()
	events, _ := w.outcome()
	return events
}

func (w *world) outcome() ([]Event, Outcome) {
	w.t.Helper()
	w.mu.Lock()
	w.told = nil
	w.mu.Unlock()
	out, err := w.open().Once(w.t.Context())
	check(w.t, err)
	for _, e := range w.told {
		holds(w.t, e)
	}
	return w.told, out
}

// want looks once and requires events of these types, in this order.
func (w *world) want(types ...Type) []Event {
	w.t.Helper()
	events := w.once()
	if got := typesOf(events); got != fmt.Sprint(types) {
		w.t.Fatalf("told %s, want %s\n%s", got, fmt.Sprint(types), summaries(events))
	}
	w.t.Helper()
	if again := w.once(); len(again) > 0 {
		w.t.Fatalf("told again: %s", summaries(again))
	}
	return events
}

func typesOf(events []Event) string {
	types := []Type{}
	for _, e := range events {
		types = append(types, e.Type)
	}
	return fmt.Sprint(types)
}

func summaries(events []Event) string {
	var out strings.Builder
	for _, e := range events {
		fmt.Fprintf(&out, "%s: %s\n", e.Type, e.Summary)
	}
	return out.String()
}

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
