package monitor

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sijil/sijil/internal/evidence"
	"github.com/sijil/sijil/internal/logtest"
	"github.com/sijil/sijil/keys"
	"github.com/sijil/sijil/log"
)

// TestStory: what happens in a publication is told once, in order, by monitors that are
// started anew for each look.
func TestStory(t *testing.T) {
	w := newWorld(t)
	first := w.want(Following)[0]
	if *first.Publications != 1 || first.TreeSize != 2 || first.Log != "sijil.example" {
		t.Errorf("%+v", first)
	}

	w.pub.Add(logtest.River()[1])
	w.serve()
	e := w.want(Version)[0]
	if e.Version != 2 || *e.Sequence != 2 || *e.LogIndex != 2 || e.Publication != slug || *e.Genesis != w.pub.Genesis() || e.Trust != "pinned" ||
		*e.Record != w.pub.Bundles[2].Envelope.Digest() || e.Reason != "Two more bridges were counted." || e.Title["en"] != "River Declaration" {
		t.Errorf("%+v", e)
	}

	w.pub.Retract(1, "A bridge was left out.")
	w.serve()
	if e := w.want(Retraction)[0]; e.Version != 1 || e.Reason != "A bridge was left out." {
		t.Errorf("%+v", e)
	}

	second := logtest.NewSigner(t)
	w.pub.ChangePolicy(2, second, w.signer)
	w.serve()
	e = w.want(PolicyChange)[0]
	if fmt.Sprint(e.KeysIn) != fmt.Sprint([]log.Digest{second.Public().Digest()}) || len(e.KeysOut) != 0 || *e.Threshold != (Change{1, 2}) {
		t.Errorf("%+v", e)
	}
	w.pub.ChangePolicy(1, second)
	w.serve()
	e = w.want(PolicyChange)[0]
	if len(e.KeysIn) != 0 || fmt.Sprint(e.KeysOut) != fmt.Sprint([]log.Digest{w.signer.Public().Digest()}) || *e.Threshold != (Change{2, 1}) {
		t.Errorf("%+v", e)
	}

	w.pub.Redact(2, 1)
	w.serve()
	if e := w.want(Redaction)[0]; e.Entry == "" || e.Name != "" {
		t.Errorf("%+v", e)
	}

	// Two at one time, and the whole publication.
	e3 := logtest.River()[0]
	e3.Reason = "Words with a soft\u00ad hyphen."
	w.pub.Add(e3)
	w.pub.Retract(0, "It is over.")
	w.serve()
	both := w.want(Version, Retraction)
	if both[1].Version != 0 || !strings.Contains(both[1].Summary, "the publication was RETRACTED") {
		t.Errorf("%+v", both[1])
	}
}

// TestFromStart: everything that is there is told at the first look, if asked for.
func TestFromStart(t *testing.T) {
	w := newWorld(t)
	w.pub.Add(logtest.River()[1])
	w.serve()
	w.more = func(c *Config) { c.FromStart = true }
	w.want(Published, Version, Version, Following)
}

// TestNewPublication: one that the service lists and nobody has pinned is told, and its
// genesis is pinned by that.
func TestNewPublication(t *testing.T) {
	w := newWorld(t)
	w.want(Following)
	other := w.log.Publication("sea-shore", logtest.NewSigner(t), logtest.River()[0])
	list := func(genesis log.Digest) {
		w.serve()
		listed, err := w.trust.Pin("sea-shore", genesis)
		check(t, err)
		b, err := listed.Marshal()
		check(t, err)
		w.docs = logtest.Merge(w.docs, other.Documents(evidence.Layout{}, w.log.Size()), logtest.Documents{evidence.Layout{}.Trust(): b})
	}
	list(other.Genesis())
	for _, e := range w.want(Published, Version) {
		if e.Trust != "listed" || e.Publication != "sea-shore" {
			t.Errorf("%+v", e)
		}
	}
	// Under the same slug another publication.
	other = w.log.Publication("sea-shore", logtest.NewSigner(t), logtest.River()[0])
	list(other.Genesis())
	events := w.once()
	if len(events) == 0 || events[0].Type != Finding || events[0].Rule != "genesis" {
		t.Errorf("another genesis:\n%s", summaries(events))
	}
}

// TestNamed: lists with a watched name, in every version that has it, and also when the
// name is watched later.
func TestNamed(t *testing.T) {
	w := newWorld(t)
	w.more = func(c *Config) { c.Watch = []string{"valley radio", "VALLEY  RADIO"} }
	e := w.want(Named, Following)[0]
	if e.Watched != "valley radio" || len(e.Names) != 1 || e.Names[0].Name != "Valley Radio" || e.Names[0].Position != 3 || e.Names[0].How != "same" || e.Version != 1 {
		t.Errorf("%+v", e)
	}
	w.more = func(c *Config) { c.Watch = []string{"Valley Radio", "حراس النبع", "Nobody"} }
	if e := w.want(Named)[0]; e.Names[0].Name != "جمعية حراس النبع" || e.Names[0].How != "contains" {
		t.Errorf("%+v", e)
	}
	w.pub.Add(logtest.River()[1])
	w.serve()
	w.want(Version, Named)
}

// TestDownAndUp: told once, and once when it is back.
func TestDownAndUp(t *testing.T) {
	w := newWorld(t)
	w.want(Following)
	w.reach(errors.New("connection refused"))
	e := w.want(Unreachable)[0]
	if e.Since == "" || !strings.Contains(e.Error, "connection refused") {
		t.Errorf("%+v", e)
	}
	if _, out := w.outcome(); len(out.Unreachable) != 1 {
		t.Errorf("%+v", out)
	}
	w.pub.Add(logtest.River()[1])
	w.serve()
	w.reach(nil)
	w.now = w.now.Add(time.Hour)
	if e := w.want(Version, Reachable)[1]; e.Since == "" {
		t.Errorf("%+v", e)
	}
	w.reach(errors.New("again"))
	if again := w.want(Unreachable)[0]; again.ID == e.ID {
		t.Error("another time has the same ID")
	}
}

// TestStale: a log that its witnesses do not see.
func TestStale(t *testing.T) {
	w := newWorld(t)
	w.log.Witness(2)
	w.pin()
	w.serve() // cosigned by the real clock
	w.now = time.Now().Add(time.Minute)
	w.want(Following)
	w.now = w.now.Add(25 * time.Hour)
	e := w.want(Stale)[0]
	w.now = w.now.Add(time.Hour)
	w.want()
	w.now = w.now.Add(-26 * time.Hour) // as if they had seen it just now
	if back := w.want(Fresh)[0]; back.Since != e.Cosigned {
		t.Errorf("%+v", back)
	}
}

// TestFrozen: a log that has ended is no stale one.
func TestFrozen(t *testing.T) {
	w := newWorld(t)
	w.want(Following)
	b, err := log.SignFreeze(w.log.Signer, log.Freeze{Origin: w.log.Key.Origin(), Size: 2, Root: w.log.Root(2), Successor: "https://next.example"})
	check(t, err)
	w.docs[evidence.Layout{}.Frozen()] = b
	if e := w.want(Frozen)[0]; *e.Size != 2 || e.Successor != "https://next.example" {
		t.Errorf("%+v", e)
	}
	// It goes on all the same.
	w.pub.Add(logtest.River()[1])
	w.serve()
	w.docs[evidence.Layout{}.Frozen()] = b
	if e := w.want(Misbehaviour)[0]; e.Rule != evidence.RuleFrozen {
		t.Errorf("%+v", e)
	}
}

// TestFindings: what an audit finds is told once, and once more when it is over; another
// time it is another event.
func TestFindings(t *testing.T) {
	w := newWorld(t)
	w.want(Following)
	text := evidence.Layout{}.Text(slug, 1, "en")
	damage := func() { w.docs[text] = append([]byte("X"), w.docs[text]...) }
	damage()
	e := w.want(Finding)[0]
	if e.Rule != "text" || e.Path != text || e.Publication != slug {
		t.Errorf("%+v", e)
	}
	if _, out := w.outcome(); out.Findings != 1 {
		t.Errorf("%+v", out)
	}
	w.serve()
	w.now = w.now.Add(time.Minute)
	if over := w.want(Resolved)[0]; over.Finding != e.ID || over.Since == "" {
		t.Errorf("%+v", over)
	}
	damage()
	if again := w.want(Finding)[0]; again.ID == e.ID {
		t.Error("another time has the same ID")
	}
}

// TestWithheld: a publisher key signed what nobody serves.
func TestWithheld(t *testing.T) {
	w := newWorld(t)
	w.want(Following)
	hidden, _ := w.pub.Next(logtest.River()[1])
	w.log.Publish(hidden, w.signer.Public())
	w.serve()
	if e := w.want(Finding)[0]; e.Rule != "payload-withheld" || *e.LogIndex != 2 || e.Evidence["record"] != hidden.Envelope.Digest().String() {
		t.Errorf("%+v", e)
	}
}

// TestOtherHistory: a record that is not the one that was seen at its place is a finding
// even if nothing else contradicts it.
func TestOtherHistory(t *testing.T) {
	w := newWorld(t)
	w.want(Following)
	last := `"last":"` + w.pub.Bundles[1].Envelope.Digest().String()
	w.store.state = bytes.Replace(w.store.state, []byte(last), []byte(`"last":"`+log.Sum(nil).String()), 1)
	if e := w.want(Finding)[0]; e.Rule != "unverified" || e.Path != (evidence.Layout{}).Bundle(slug, 1) {
		t.Errorf("%+v", e)
	}
}

// TestWaysOut: what waits for a way out is kept while there is none of its name, and what
// happened before there was one is not told to it.
func TestWaysOut(t *testing.T) {
	w := newWorld(t)
	w.want(Following)
	w.pub.Add(logtest.River()[1])
	w.serve()
	w.fail = errors.New("503")
	if told, out := w.outcome(); len(told) != 0 || out.Undelivered != 1 {
		t.Fatalf("%+v\n%s", out, summaries(told))
	}
	w.fail = nil
	w.more = func(c *Config) { c.Sinks[0].Name = "another" }
	w.want()
	w.more = nil
	w.want(Version)
}

// TestMisbehaviour: rollback, split views and heads in conflict, each with a proof, once.
func TestMisbehaviour(t *testing.T) {
	for _, c := range []struct {
		name, rule string
		proved     error // what Verify says
		lie        func(w *world)
	}{
		{"rollback", evidence.RuleRollback, evidence.ErrOrder, func(w *world) { w.show(2) }},
		{"split view of one size", evidence.RuleFork, nil, func(w *world) { w.split(3); w.serve() }},
		{"split view, grown", evidence.RuleFork, nil, func(w *world) { w.split(6); w.serve() }},
		{"a head that hid a version", evidence.RuleHead, nil, func(w *world) {
			w.docs[evidence.Layout{}.Head(slug)] = w.log.Head(log.Head{Genesis: w.pub.Genesis(), Record: w.pub.Bundles[1].Envelope.Digest(), Index: 1, TreeSize: 3})
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t)
			w.pub.Add(logtest.River()[1])
			w.serve()
			w.want(Following)
			c.lie(w)
			events := w.once()
			if len(events) == 0 || events[0].Type != Misbehaviour || events[0].Rule != c.rule {
				t.Fatalf("told\n%s", summaries(events))
			}
			m, err := evidence.ParseMisbehaviour(w.store.proofs[events[0].File])
			check(t, err)
			if key, err := m.Verify(); !errors.Is(err, c.proved) || key.ID() != w.log.Key.ID() {
				t.Errorf("the proof: %v", err)
			}
			if again, out := w.outcome(); len(again) != 0 || len(out.Misbehaved) != 1 {
				t.Errorf("again: %+v\n%s", out, summaries(again))
			}
			// Nothing else is believed of it.
			w.log.Append([]byte("more"))
			w.serve()
			for _, e := range w.once() {
				if e.Type == Version || e.Type == Retraction {
					t.Errorf("told %s", e.Summary)
				}
			}
		})
	}
}

// split makes the log one that has another second version, and so many entries.
func (w *world) split(size int64) {
	w.t.Helper()
	other := w.log.Fork(2)
	s := logtest.NewSigner(w.t)
	other.Publish(logtest.Sign(w.t, s, []byte("shown to you alone")), s.Public())
	for n := 0; other.Size() < size; n++ {
		other.Publish(logtest.Sign(w.t, s, fmt.Appendf(nil, "more %d", n)), s.Public())
	}
	pub := *w.pub
	pub.Log, pub.Bundles, pub.Indexes = other, pub.Bundles[:2], pub.Indexes[:2]
	w.log, w.pub = other, &pub
}

// TestKilled: a monitor that dies at any of its saves tells everything, under the same
// IDs; what it told before it died and could not note, it tells again.
func TestKilled(t *testing.T) {
	w := newWorld(t)
	w.want(Following)
	w.pub.Add(logtest.River()[1])
	w.pub.Retract(1, "An error.")
	w.pub.Add(logtest.River()[0])
	w.serve()
	before := w.store.state
	w.store.saves = 0
	whole := w.once()
	saves := w.store.saves
	if len(whole) != 3 || saves != 4 {
		t.Fatalf("%d events, %d saves", len(whole), saves)
	}
	for at := 1; at <= saves; at++ {
		w.store.state, w.store.saves, w.told = before, 0, nil
		w.store.killed = func(n int) bool { return n >= at }
		_, err := w.open().Once(t.Context())
		if (err != nil) != (at == 1) || at == 1 && len(w.told) > 0 {
			t.Fatalf("killed at save %d: %v, told %d", at, err, len(w.told))
		}
		first := w.told
		w.store.killed = nil
		second := w.once()
		if at > 1 && len(second) != 3-(at-2) { // what was struck off durably is not told again
			t.Errorf("killed at save %d: told %d, then %d", at, len(first), len(second))
		}
		ids := map[string]int{}
		for _, e := range append(first, second...) {
			ids[e.ID]++
		}
		for _, e := range whole {
			if ids[e.ID] == 0 {
				t.Errorf("killed at save %d: %s was never told", at, e.Summary)
			}
			delete(ids, e.ID)
		}
		if len(ids) > 0 {
			t.Errorf("killed at save %d: told other IDs too: %v", at, ids)
		}
	}
}

// TestRun: intervals, back-off, a way out that fails and then works; on the clock of the
// bubble.
func TestRun(t *testing.T) {
	w := newWorld(t)
	synctest.Test(t, func(t *testing.T) {
		var fetched atomic.Int64
		w.more = func(c *Config) {
			c.Clock, c.Interval = time.Now, 5*time.Minute
			c.Sleep = func(ctx context.Context, d time.Duration) error {
				select {
				case <-time.After(d):
					return nil
				case <-ctx.Done():
					return ctx.Err()
				}
			}
			src := c.Services[0].Source
			c.Services[0].Source = counting{src, func(path string) {
				if path == "checkpoint" {
					fetched.Add(1)
				}
			}}
		}
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{})
		m := w.open()
		go func() { m.Run(ctx); close(done) }()
		synctest.Wait()
		if typesOf(w.told) != "[following]" {
			t.Fatal(summaries(w.told))
		}

		// Nothing new: each look is one checkpoint, until an hour is over.
		before := fetched.Load()
		time.Sleep(29 * time.Minute)
		synctest.Wait()
		if fetched.Load() != before+5 {
			t.Errorf("%d looks in 29 minutes", fetched.Load()-before)
		}

		// The way out fails for twenty minutes; then everything comes, in order.
		w.mu.Lock()
		w.fail = errors.New("503")
		w.mu.Unlock()
		w.pub.Add(logtest.River()[1])
		w.serve()
		time.Sleep(10 * time.Minute)
		w.pub.Retract(1, "An error.")
		w.serve()
		time.Sleep(10 * time.Minute)
		synctest.Wait()
		w.mu.Lock()
		w.fail, w.told = nil, nil
		w.mu.Unlock()
		time.Sleep(maxRetry)
		synctest.Wait()
		if typesOf(w.told) != "[version retraction]" {
			t.Errorf("after it worked again: %s", summaries(w.told))
		}

		// Down for a day: told once, asked ever more seldom.
		w.reach(errors.New("no route"))
		time.Sleep(10 * time.Minute)
		synctest.Wait()
		w.mu.Lock()
		w.told = nil
		w.mu.Unlock()
		before = fetched.Load()
		time.Sleep(24 * time.Hour)
		synctest.Wait()
		if fetched.Load()-before > 30 {
			t.Errorf("asked %d times in a day", fetched.Load()-before)
		}
		if len(w.told) != 0 {
			t.Errorf("told again: %s", summaries(w.told))
		}
		w.reach(nil)
		time.Sleep(maxPause)
		synctest.Wait()
		if typesOf(w.told) != "[reachable]" {
			t.Errorf("after it was back: %s", summaries(w.told))
		}
		cancel()
		<-done
	})
}

type counting struct {
	evidence.Source
	see func(path string)
}

func (c counting) Fetch(ctx context.Context, path string) ([]byte, error) {
	c.see(path)
	return c.Source.Fetch(ctx, path)
}

func TestOpen(t *testing.T) {
	w := newWorld(t)
	good := func() Config {
		return Config{Services: []Service{{Address: "a", Trust: w.trust, Source: w}}, Store: newMemory(), Clock: time.Now,
			Sleep: func(context.Context, time.Duration) error { return nil }, Rand: func() float64 { return 0 }}
	}
	if _, err := Open(good()); err != nil {
		t.Fatal(err)
	}
	for name, spoil := range map[string]func(*Config){
		"no service":      func(c *Config) { c.Services = nil },
		"no trust":        func(c *Config) { c.Services[0].Trust = nil },
		"one log twice":   func(c *Config) { c.Services = append(c.Services, Service{Address: "b", Trust: w.trust, Source: w}) },
		"no clock":        func(c *Config) { c.Clock = nil },
		"no store":        func(c *Config) { c.Store = nil },
		"negative":        func(c *Config) { c.Interval = -1 },
		"watch nothing":   func(c *Config) { c.Watch = []string{"…"} },
		"a sink twice":    func(c *Config) { c.Sinks = []Sink{{Name: "a"}, {Name: "a"}} },
		"a damaged state": func(c *Config) { c.Store.(*memory).state = []byte("{}") },
	} {
		c := good()
		spoil(&c)
		if _, err := Open(c); err == nil {
			t.Errorf("%s: passed", name)
		}
	}
}

// TestTwoServices: events say whose they are, and each log has its own state.
func TestTwoServices(t *testing.T) {
	w, other := newWorld(t), newWorld(t)
	other.log = logtest.New(t, "https://other.example/")
	other.pub = other.log.Publication(slug, other.signer, logtest.River()...)
	other.pin()
	other.serve()
	w.more = func(c *Config) {
		c.Services = append(c.Services, Service{Address: "https://other.example", Trust: other.trust, Source: other, Consistent: c.Services[0].Consistent})
	}
	events := w.want(Following, Following)
	if events[0].Log != "sijil.example" || events[1].Log != "other.example" || events[0].ID == events[1].ID {
		t.Errorf("%+v", events)
	}
	w.pub.Add(logtest.River()[1])
	w.serve()
	if e := w.want(Version)[0]; e.LogKey != keysOf(w.trust) {
		t.Errorf("%+v", e)
	}
}

func keysOf(t *keys.Trust) log.Digest { return t.Policy().Log().ID() }
