package chain_test

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sijil/sijil/internal/chain"
	"github.com/sijil/sijil/internal/logtest"
	"github.com/sijil/sijil/internal/statement"
	"github.com/sijil/sijil/keys"
	"github.com/sijil/sijil/log"
)

// shared is a chain that a policy change made one of two keys of three, and the
// next version's statement under it.
type shared struct {
	line
	signers []*keys.Signer
	payload []byte
	chain   *chain.Chain
}

func newShared(t *testing.T) shared {
	x := newLine(t)
	s := shared{line: x, signers: []*keys.Signer{x.signer, logtest.NewSigner(t), logtest.NewSigner(t)}, chain: x.at(2)}
	x.pub.ChangePolicy(2, s.signers...)
	accept(t, s.chain, x.pub.Bundles[3])
	b, _ := x.pub.Next(logtest.River()[0])
	s.payload = b.Envelope.Payload
	return s
}

// by is the statement with the signature of the nth key.
func (s shared) by(n int) *log.Bundle { return logtest.Sign(s.t, s.signers[n], s.payload) }

// all takes the bundles of a record's signatures, which must be next.
func all(t *testing.T, c *chain.Chain, pub *logtest.Publication, sequence int) {
	t.Helper()
	var list []*log.Bundle
	for _, s := range pub.Signatures(sequence) {
		list = append(list, s.Bundle)
	}
	r, err := c.Next(list[0], list[1:]...)
	check(t, err)
	c.Advance(r)
}

// TestPolicyChange walks a chain from one key to two of three, and on to others.
func TestPolicyChange(t *testing.T) {
	s := newShared(t)
	if s.chain.Threshold() != 2 || len(s.chain.Keys()) != 3 || s.chain.Version() != 2 || s.chain.Sequence() != 3 {
		t.Errorf("after the policy: %+v", s.chain)
	}
	before := s.chain.Clone()
	s.pub.Add(logtest.River()[0])
	all(t, s.chain, s.pub, 4)
	if s.chain.Version() != 3 || before.Version() != 2 {
		t.Errorf("after version 3: %d, and %d before", s.chain.Version(), before.Version())
	}
	// The second key gives way to a new one; two of the old ones sign that.
	fresh := logtest.NewSigner(t)
	s.pub.ChangePolicy(2, s.signers[0], fresh, s.signers[2])
	all(t, s.chain, s.pub, 5)
	s.pub.Add(logtest.River()[1])
	all(t, s.chain, s.pub, 6)
	if s.chain.Version() != 4 || before.Threshold() != 2 || before.Keys()[1].Digest() != s.signers[1].Public().Digest() {
		t.Error("a clone was changed")
	}
	// And back to one.
	s.pub.ChangePolicy(1, fresh)
	all(t, s.chain, s.pub, 7)
	s.pub.Retract(0, "All of it.")
	all(t, s.chain, s.pub, 8)
	if s.chain.Threshold() != 1 || !s.chain.Retracted() {
		t.Errorf("at the end: %+v", s.chain)
	}
}

// TestSignatures: how many signatures make a record, and which.
func TestSignatures(t *testing.T) {
	s := newShared(t)
	stranger := logtest.Sign(t, logtest.NewSigner(t), s.payload)
	other := logtest.SignStatement(t, s.signers[1], s.pub.PolicyChange(1, s.signers[1]))
	lying := *s.by(1)
	lying.VerificationMaterial = s.by(2).VerificationMaterial
	awaiting := new(chain.AwaitingError)
	for name, c := range map[string]struct {
		bundles []*log.Bundle
		want    error // nil: a record; awaiting: fewer signatures than it needs
	}{
		"one":                            {[]*log.Bundle{s.by(0)}, awaiting},
		"one, of the last key":           {[]*log.Bundle{s.by(2)}, awaiting},
		"two":                            {[]*log.Bundle{s.by(0), s.by(1)}, nil},
		"two, in another order":          {[]*log.Bundle{s.by(2), s.by(0)}, nil},
		"three":                          {[]*log.Bundle{s.by(2), s.by(0), s.by(1)}, nil},
		"one key twice":                  {[]*log.Bundle{s.by(0), s.by(0)}, chain.ErrSignedAlready},
		"one key twice, among three":     {[]*log.Bundle{s.by(0), s.by(1), s.by(0)}, chain.ErrSignedAlready},
		"a stranger's after ours":        {[]*log.Bundle{s.by(0), stranger}, chain.ErrUnauthorised},
		"a stranger's before ours":       {[]*log.Bundle{stranger, s.by(0)}, chain.ErrUnauthorised},
		"a stranger's after enough":      {[]*log.Bundle{s.by(0), s.by(1), stranger}, chain.ErrUnauthorised},
		"over another statement":         {[]*log.Bundle{s.by(0), other}, chain.ErrOtherStatement},
		"under the hint of another key":  {[]*log.Bundle{s.by(0), &lying}, chain.ErrUnauthorised},
		"of another record of the chain": {[]*log.Bundle{s.by(0), s.pub.Bundles[2]}, chain.ErrOtherStatement},
	} {
		head := s.chain.Head()
		r, err := s.chain.Next(c.bundles[0], c.bundles[1:]...)
		switch {
		case c.want == nil:
			if err != nil || len(r.Signatures()) != len(c.bundles) {
				t.Errorf("%s: %v", name, err)
				continue
			}
			for i, signed := range r.Signatures() {
				if signed.Digest() != r.Digest() || signed.Key.Hint() != c.bundles[i].VerificationMaterial.PublicKey.Hint {
					t.Errorf("%s: signature %d is by %s", name, i, signed.Key.Digest())
				}
			}
		case c.want == awaiting:
			if diff := cmp.Diff(&chain.AwaitingError{Have: 1, Want: 2}, err); r != nil || diff != "" {
				t.Errorf("%s: %v", name, err)
			}
		case r != nil || !errors.Is(err, c.want):
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
		if s.chain.Head() != head {
			t.Fatalf("%s: the head moved", name)
		}
	}
}

// TestProposal: signatures come one by one, and a refused one changes nothing.
func TestProposal(t *testing.T) {
	s := newShared(t)
	p, err := s.chain.Propose(s.by(1))
	check(t, err)
	if p.Complete() || p.Want() != 2 || len(p.Signatures()) != 1 {
		t.Errorf("after one signature: %+v", p)
	}
	kept := p.Clone()
	if err := p.Cosign(s.by(1)); !errors.Is(err, chain.ErrSignedAlready) || len(p.Signatures()) != 1 {
		t.Errorf("the same key again: %v", err)
	}
	check(t, p.Cosign(s.by(2)))
	check(t, kept.Cosign(s.by(0)))
	r, err := p.Record()
	check(t, err)
	if list := r.Signatures(); list[0].Key.Digest() != s.signers[1].Public().Digest() || list[1].Key.Digest() != s.signers[2].Public().Digest() {
		t.Error("signatures in another order")
	}
	if other := kept.Signatures(); len(other) != 2 || other[1].Key.Digest() != s.signers[0].Public().Digest() {
		t.Error("a clone shares signatures")
	}
	s.chain.Advance(r)
	if s.chain.Head() != p.Digest() || s.chain.Version() != 3 {
		t.Errorf("after the record: %+v", s.chain)
	}
}

// TestKeyWindows: a key counts from the record after the one that adds it, to the
// record that removes it.
func TestKeyWindows(t *testing.T) {
	x := newLine(t)
	before := x.at(2)
	fresh := logtest.NewSigner(t)
	early := logtest.Sign(t, fresh, logtest.SignStatement(t, x.signer, x.pub.PolicyChange(1, fresh)).Envelope.Payload)
	if _, err := before.Next(early); !errors.Is(err, chain.ErrUnauthorised) {
		t.Errorf("the new key signs its own coming: %v", err)
	}
	x.pub.ChangePolicy(1, fresh)
	after := before.Clone()
	accept(t, after, x.pub.Bundles[3])
	b, _ := x.pub.Next(logtest.River()[0])
	if _, err := after.Next(b); err != nil {
		t.Errorf("the new key after its policy: %v", err)
	}
	if _, err := after.Next(logtest.Sign(t, x.signer, b.Envelope.Payload)); !errors.Is(err, chain.ErrUnauthorised) {
		t.Errorf("the old key after its removal: %v", err)
	}
	if _, err := before.Next(b); !errors.Is(err, chain.ErrUnauthorised) {
		t.Errorf("the new key before its policy: %v", err)
	}
	var conflict *chain.ConflictError
	if _, err := after.Next(logtest.Sign(t, fresh, x.pub.Bundles[2].Envelope.Payload)); !errors.As(err, &conflict) {
		t.Errorf("the new key signs an old record: %v", err)
	}
}

// TestLockedOut: there is no policy that nobody could follow.
func TestLockedOut(t *testing.T) {
	x := newLine(t)
	for name, p := range map[string]*statement.PolicyChange{
		"no keys":        x.pub.PolicyChange(0),
		"more than keys": x.pub.PolicyChange(2, x.signer),
	} {
		if _, err := statement.Encode(p); err == nil {
			t.Errorf("%s: it can be signed", name)
		}
	}
}

// TestGenesisOfSeveral: a genesis has one signature, and what follows it as many as
// it asks for.
func TestGenesisOfSeveral(t *testing.T) {
	x := newLine(t)
	second := logtest.NewSigner(t)
	g := logtest.SignStatement(t, second, &statement.Publication{Log: statement.NameOf(x.log.Key), Slug: "hill", Title: map[string]string{"en": "Hill"},
		Policy: statement.NewPolicy(2, x.signer.Public(), second.Public())})
	c, r, err := chain.Start(g)
	check(t, err)
	if c.Threshold() != 2 || len(r.Signatures()) != 1 {
		t.Errorf("threshold %d, %d signatures", c.Threshold(), len(r.Signatures()))
	}
	v, _ := logtest.River()[0].Version(t, statement.NameOf(x.log.Key), c.Genesis(), c.Head(), 1, nil)
	first := logtest.SignStatement(t, x.signer, v)
	var awaiting *chain.AwaitingError
	if _, err := c.Next(first); !errors.As(err, &awaiting) || awaiting.Have != 1 || awaiting.Want != 2 {
		t.Errorf("one signature: %v", err)
	}
	if _, err := c.Next(first, logtest.Sign(t, second, first.Envelope.Payload)); err != nil {
		t.Errorf("two signatures: %v", err)
	}
}

// TestOlderPolicy: a policy that was replaced does not come back, neither by its own record
// nor by the keys that it listed; the keys in force can set it again, as news.
func TestOlderPolicy(t *testing.T) {
	x := newLine(t)
	old, fresh := x.signer, logtest.NewSigner(t)
	x.pub.ChangePolicy(1, old, fresh) // record 3
	x.pub.ChangePolicy(1, fresh)      // record 4, without the first key
	c := x.at(2)
	accept(t, c, x.pub.Bundles[3])
	accept(t, c, x.pub.Bundles[4])
	head := c.Head()
	var conflict *chain.ConflictError
	for name, b := range map[string]*log.Bundle{"its own record": x.pub.Bundles[3], "its own record, signed by a key in force": logtest.Sign(t, fresh, x.pub.Bundles[3].Envelope.Payload)} {
		if _, err := c.Next(b); !errors.As(err, &conflict) && !errors.Is(err, chain.ErrUnauthorised) {
			t.Errorf("%s: %v", name, err)
		}
	}
	again := x.pub.PolicyChange(1, old, fresh)
	if _, err := c.Next(logtest.SignStatement(t, old, again)); !errors.Is(err, chain.ErrUnauthorised) {
		t.Errorf("the key that was removed: %v", err)
	}
	if c.Head() != head || len(c.Keys()) != 1 || c.Keys()[0].Digest() != fresh.Public().Digest() {
		t.Errorf("the policy moved: %+v", c)
	}
	accept(t, c, logtest.SignStatement(t, fresh, again))
	if len(c.Keys()) != 2 {
		t.Error("the keys in force cannot set it again")
	}
}
