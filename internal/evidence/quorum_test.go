package evidence_test

import (
	"errors"
	"testing"
	"time"

	"github.com/sijil/sijil/internal/evidence"
	"github.com/sijil/sijil/internal/logtest"
	"github.com/sijil/sijil/internal/match"
	"github.com/sijil/sijil/keys"
	"github.com/sijil/sijil/log"
)

// witnessed is a world whose checkpoints two witnesses cosign.
func witnessed(t *testing.T) *world {
	w := newWorld(t)
	w.log.Witness(2)
	w.trust = w.trust.WithPolicy(w.log.Policy)
	w.stock = newStock(t, w.trust)
	return w
}

// TestQuorum: what fewer witnesses than the trust file asks for have seen leaves
// a copy unchecked, and so does what none has seen for a day.
func TestQuorum(t *testing.T) {
	w := witnessed(t)
	full := w.served()
	at := func(later time.Duration) evidence.Options {
		o := w.options()
		o.Now = time.Now().Add(later)
		return o
	}
	p := mustOpen(t, full, at(0))
	if p.Checkpoint().Witnesses() != 2 || time.Since(p.Checkpoint().Cosigned()) > time.Minute {
		t.Errorf("%d witnesses at %v", p.Checkpoint().Witnesses(), p.Checkpoint().Cosigned())
	}
	mustOpen(t, full, at(23*time.Hour))
	old := at(25 * time.Hour)
	_, err := evidence.Open(t.Context(), full, old)
	var stale *evidence.StaleError
	if !errors.As(err, &stale) {
		t.Fatalf("a day later: %v", err)
	}
	if v := evidence.Unchecked(slug, err); v.Verdict != match.Unchecked || v.Reason.Code != match.ReasonStale || v.Reason.Hint == "" {
		t.Errorf("%+v", v)
	}
	old.MaxAge = 48 * time.Hour
	mustOpen(t, full, old)

	// A folder is as old as it is, and a log that has ended is not news.
	folder := at(1000 * time.Hour)
	folder.Copy = true
	mustOpen(t, full, folder)
	note, err := log.SignFreeze(w.log.Signer, log.Freeze{Size: w.log.Size(), Root: w.log.Root(w.log.Size())})
	check(t, err)
	ended := full.Clone()
	ended[evidence.Layout{}.Frozen()] = note
	if p := mustOpen(t, ended, at(1000*time.Hour)); p.Frozen() == nil || p.Frozen().Freeze().Size != w.log.Size() {
		t.Error("the end of the log is not seen")
	}

	// Any signed document under fewer cosignatures.
	all := w.log.Cosigners
	w.log.Cosigners = all[:1]
	few := w.served()
	w.log.Cosigners = all
	for _, path := range []string{"checkpoint", evidence.Layout{}.Bundle(slug, 1)} {
		docs := full.Clone()
		docs[path] = few[path]
		_, err := evidence.Open(t.Context(), docs, at(0))
		var quorum *keys.QuorumError
		if !errors.As(err, &quorum) || len(quorum.Missing) != 1 || quorum.Missing[0] != "w1" {
			t.Errorf("%s: %v", path, err)
		}
		if v := evidence.Unchecked(slug, err); v.Reason.Code != match.ReasonQuorum {
			t.Errorf("%s: reason %q", path, v.Reason.Code)
		}
	}
	// A publisher goes by the log's signature.
	latest := at(1000 * time.Hour)
	latest.Layout.Latest = true
	w.log.Cosigners = nil
	mustOpen(t, w.pub.Documents(latest.Layout, w.log.Size()), latest)
}

// TestFrozen: a log that goes on after it said that it had ended is convicted,
// and the proof convinces anybody.
func TestFrozen(t *testing.T) {
	w := newWorld(t)
	docs := w.served()
	note, err := log.SignFreeze(w.log.Signer, log.Freeze{Size: 4, Root: w.log.Root(4), Successor: "https://next.example"})
	check(t, err)
	docs[evidence.Layout{}.Frozen()] = note
	_, err = evidence.Open(t.Context(), docs, w.options())
	var bad *evidence.Misbehaviour
	if !errors.As(err, &bad) || bad.Rule != evidence.RuleFrozen {
		t.Fatalf("%v", err)
	}
	convinces(t, bad)
	docs[evidence.Layout{}.Frozen()] = append(note, 'x')
	var damaged *evidence.DamagedError
	if _, err := evidence.Open(t.Context(), docs, w.options()); !errors.As(err, &damaged) || damaged.Path != "frozen" {
		t.Errorf("a damaged statement: %v", err)
	}
}

// convinces checks a proof by its document alone, and that no changed byte of it
// convinces.
func convinces(t *testing.T, m *evidence.Misbehaviour) {
	t.Helper()
	b, err := m.Document()
	check(t, err)
	again, err := evidence.ParseMisbehaviour(b)
	check(t, err)
	if _, err := again.Verify(); err != nil {
		t.Errorf("%s: %v", b, err)
	}
	detail := len(`{"detail":"`) + len(again.Detail) // words, which nobody signed
	for i := range b {
		// The bits that base64 leaves over at the end of a signature mean nothing.
		if i < detail+2 || string(b[i+1:min(i+5, len(b))]) == `=\n"` {
			continue
		}
		c := append([]byte(nil), b...)
		c[i] ^= 1
		m, err := evidence.ParseMisbehaviour(c)
		if err != nil {
			continue
		}
		if _, err := m.Verify(); err == nil {
			t.Errorf("byte %d changed still convinces: %s", i, c)
		}
	}
}

// TestProofs: the proofs of every rule, and what is none.
func TestProofs(t *testing.T) {
	l := logtest.New(t, "https://sijil.example")
	fork := logtest.New(t, "https://sijil.example")
	fork.Key, fork.Signer, fork.Policy = l.Key, l.Signer, l.Policy
	for i := range 7 {
		l.Append([]byte{byte(i)})
		fork.Append([]byte{byte(i), 1})
	}
	open := func(b []byte) *log.Checkpoint {
		c, err := log.OpenCheckpoint(b, l.Policy)
		check(t, err)
		return c
	}
	same := evidence.CompareTrees(t.Context(), l.Key, open(l.Checkpoint(5)), open(fork.Checkpoint(5)), nil)
	larger := evidence.CompareTrees(t.Context(), l.Key, open(l.Checkpoint(4)), open(fork.Checkpoint(7)), consistentIn(fork))
	for _, err := range []error{same, larger} {
		var bad *evidence.Misbehaviour
		if !errors.As(err, &bad) || bad.Rule != evidence.RuleFork {
			t.Fatalf("%v", err)
		}
		convinces(t, bad)
	}
	back := evidence.CompareTrees(t.Context(), l.Key, open(l.Checkpoint(5)), open(l.Checkpoint(3)), nil)
	var bad *evidence.Misbehaviour
	if !errors.As(back, &bad) {
		t.Fatal(back)
	}
	if key, err := bad.Verify(); !errors.Is(err, evidence.ErrOrder) || key.ID() != l.Key.ID() {
		t.Errorf("a rollback: %v", err)
	}
	honest := *bad
	for _, rule := range []string{evidence.RuleFork, evidence.RuleHead, evidence.RuleFrozen, "nonsense"} {
		honest.Rule, honest.First, honest.Second = rule, string(l.Checkpoint(3)), string(l.Checkpoint(5))
		if _, err := honest.Verify(); err == nil {
			t.Errorf("%s: an honest log is convicted", rule)
		}
	}
}
