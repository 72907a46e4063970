package chain_test

import (
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sijil/sijil/internal/chain"
	"github.com/sijil/sijil/internal/logtest"
	"github.com/sijil/sijil/internal/statement"
	"github.com/sijil/sijil/keys"
	"github.com/sijil/sijil/log"
)

const day = 24 * time.Hour

// lost is a publication whose genesis names a recovery key, in a log with witnesses:
// time is that of the bubble.
type lost struct {
	t                            *testing.T
	log                          *logtest.Log
	publisher, rescuer, stranger *keys.Signer
	chain                        *chain.Chain
	indexes                      map[log.Digest]int64
	policy                       statement.Policy // in force
	next                         statement.Policy // that is to come
}

func newLost(t *testing.T) *lost {
	l := logtest.New(t, "https://log.example")
	l.Witness(2)
	x := &lost{t: t, log: l, publisher: logtest.NewSigner(t), rescuer: logtest.NewSigner(t), stranger: logtest.NewSigner(t), indexes: map[log.Digest]int64{}}
	x.policy = statement.NewPolicy(1, x.publisher.Public()).WithRecovery(7, x.rescuer.Public())
	x.next = statement.NewPolicy(1, logtest.NewSigner(t).Public()).WithRecovery(7, x.rescuer.Public())
	b := logtest.SignStatement(t, x.publisher, &statement.Publication{Log: statement.NameOf(l.Key), Slug: "river", Title: map[string]string{"en": "River"}, Policy: x.policy})
	var err error
	x.chain, _, err = chain.Start(b)
	check(t, err)
	x.put(b, x.publisher)
	x.chain.SetJudge(chain.JudgeBy(l.Policy, l.Policy.Quorum(), func(d log.Digest) (int64, bool) { at, ok := x.indexes[d]; return at, ok }))
	return x
}

func (x *lost) put(b *log.Bundle, by *keys.Signer) {
	x.indexes[b.Envelope.Digest()] = x.log.Publish(b, by.Public())
}

// checkpoint is the newest one, cosigned now.
func (x *lost) checkpoint() string { return string(x.log.Checkpoint(x.log.Size())) }

func (x *lost) announcement() *statement.Recovery {
	return &statement.Recovery{Issued: "2031-05-04T03:02:01Z", Log: x.chain.Log(), Policy: x.next, Previous: x.chain.Head(), Publication: x.chain.Genesis(), Reason: "The keys were lost.", Sequence: x.chain.Sequence() + 1}
}

func (x *lost) change(p statement.Policy, proof *statement.RecoveryProof) *statement.PolicyChange {
	return &statement.PolicyChange{Issued: "2031-05-14T03:02:01Z", Log: x.chain.Log(), Policy: p, Previous: x.chain.Head(), Publication: x.chain.Genesis(), Reason: "The keys were lost.", Recovery: proof, Sequence: x.chain.Sequence() + 1}
}

// take wants a statement to be next, and moves on.
func (x *lost) take(s statement.Statement, by *keys.Signer) {
	x.t.Helper()
	b := logtest.SignStatement(x.t, by, s)
	r, err := x.chain.Next(b)
	check(x.t, err)
	x.put(b, by)
	x.chain.Advance(r)
}

// refuse wants it refused.
func (x *lost) refuse(what string, s statement.Statement, by *keys.Signer, want error, says string) {
	x.t.Helper()
	_, err := x.chain.Next(logtest.SignStatement(x.t, by, s))
	if err == nil || want != nil && !errors.Is(err, want) || !strings.Contains(err.Error(), says) {
		x.t.Errorf("%s: %v, want %v with %q", what, err, want, says)
	}
}

// TestRecovery: who holds a recovery key replaces lost keys after the delay, and not a
// moment before; whatever a publisher signs in between ends it.
func TestRecovery(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := newLost(t)
		x.refuse("announced by a publisher", x.announcement(), x.publisher, chain.ErrUnauthorised, "")
		x.refuse("announced by a stranger", x.announcement(), x.stranger, chain.ErrUnauthorised, "")
		x.refuse("a policy by a recovery key", x.change(x.next, nil), x.rescuer, chain.ErrUnauthorised, "")
		before := x.checkpoint()
		x.refuse("completed before it was announced", x.change(x.next, &statement.RecoveryProof{Covered: before, Later: before}), x.rescuer, chain.ErrRecovery, "no recovery stands at the head")
		x.take(x.announcement(), x.rescuer)
		if x.chain.Keys()[0].Digest() != x.publisher.Public().Digest() {
			t.Fatal("an announcement changed the policy")
		}
		covered := x.checkpoint()
		time.Sleep(7*day - 2*time.Second)
		early := x.checkpoint()
		x.refuse("too early", x.change(x.next, &statement.RecoveryProof{Covered: covered, Later: early}), x.rescuer, chain.ErrRecovery, "6 days; 7 have to pass")
		x.refuse("a checkpoint from before it", x.change(x.next, &statement.RecoveryProof{Covered: before, Later: early}), x.rescuer, chain.ErrRecovery, "does not cover it")
		time.Sleep(3 * time.Second)
		late := x.checkpoint()
		good := &statement.RecoveryProof{Covered: covered, Later: late}
		x.refuse("by a publisher key", x.change(x.next, good), x.publisher, chain.ErrUnauthorised, "")
		x.refuse("another policy", x.change(statement.NewPolicy(1, x.stranger.Public()).WithRecovery(7, x.rescuer.Public()), good), x.rescuer, chain.ErrRecovery, "another policy was announced")
		x.refuse("other recovery keys", x.change(statement.NewPolicy(1, x.stranger.Public()).WithRecovery(7, x.publisher.Public()), good), x.rescuer, nil, "for ever")
		plain := logtest.New(t, "https://log.example")
		plain.Append([]byte("x"))
		x.refuse("another log's checkpoint", x.change(x.next, &statement.RecoveryProof{Covered: covered, Later: string(plain.Checkpoint(1))}), x.rescuer, chain.ErrRecovery, "later checkpoint")
		unjudged := x.chain.Clone()
		unjudged.SetJudge(nil)
		if _, err := unjudged.Next(logtest.SignStatement(t, x.rescuer, x.change(x.next, good))); !errors.Is(err, chain.ErrRecovery) {
			t.Errorf("without a judge: %v", err)
		}
		x.take(x.change(x.next, good), x.rescuer)
		if x.chain.Keys()[0].Digest() == x.publisher.Public().Digest() || x.chain.Announced() != nil {
			t.Error("the policy is not in force")
		}
	})
}

// TestRecoveryObjection: the publisher is there after all.
func TestRecoveryObjection(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := newLost(t)
		x.take(x.announcement(), x.rescuer)
		covered := x.checkpoint()
		time.Sleep(6 * day)
		x.take(x.change(statement.NewPolicy(1, x.publisher.Public(), x.stranger.Public()).WithRecovery(7, x.rescuer.Public()), nil), x.publisher)
		time.Sleep(2 * day)
		x.refuse("after an objection", x.change(x.next, &statement.RecoveryProof{Covered: covered, Later: x.checkpoint()}), x.rescuer, chain.ErrRecovery, "no recovery stands at the head")
		// It can be announced anew, and the time before does not count.
		x.take(x.announcement(), x.rescuer)
		x.refuse("with the first one's time", x.change(x.next, &statement.RecoveryProof{Covered: covered, Later: x.checkpoint()}), x.rescuer, chain.ErrRecovery, "does not cover it")
	})
}

// TestNoRecovery: without recovery keys, or witnesses, nobody takes a publication over.
func TestNoRecovery(t *testing.T) {
	x := newLine(t)
	c := x.at(0)
	r := &statement.Recovery{Issued: "2031-05-04T03:02:01Z", Log: c.Log(), Policy: statement.NewPolicy(1, logtest.NewSigner(t).Public()), Previous: c.Head(), Publication: c.Genesis(), Reason: "Mine now.", Sequence: 1}
	for name, by := range map[string]*keys.Signer{"a stranger": logtest.NewSigner(t), "the publisher": x.signer} {
		if _, err := c.Next(logtest.SignStatement(t, by, r)); !errors.Is(err, chain.ErrUnauthorised) {
			t.Errorf("announced by %s: %v", name, err)
		}
	}
	l := logtest.New(t, "https://log.example")
	l.Append([]byte("x"))
	judge := chain.JudgeBy(l.Policy, l.Policy.Quorum(), func(log.Digest) (int64, bool) { return 0, true })
	note := string(l.Checkpoint(1))
	if err := judge(log.Digest{1}, 0, &statement.RecoveryProof{Covered: note, Later: note}); err == nil || !strings.Contains(err.Error(), "without witnesses") {
		t.Errorf("without witnesses: %v", err)
	}
}
