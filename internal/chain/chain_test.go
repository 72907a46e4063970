package chain_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sijil/sijil/internal/chain"
	"github.com/sijil/sijil/internal/logtest"
	"github.com/sijil/sijil/internal/statement"
	"github.com/sijil/sijil/keys"
	"github.com/sijil/sijil/log"
)

// line is a publication of three records, and the means to sign others.
type line struct {
	t      *testing.T
	log    *logtest.Log
	pub    *logtest.Publication
	signer *keys.Signer
}

func newLine(t *testing.T) line {
	l, signer := logtest.New(t, "https://sijil.example"), logtest.NewSigner(t)
	return line{t, l, l.Publication("river", signer, logtest.River()...), signer}
}

// version is the statement of the publication's n-th version, to be changed.
func (x line) version(n int) *statement.Version {
	x.t.Helper()
	s, err := statement.Parse(x.pub.Bundles[n].Envelope.Payload)
	check(x.t, err)
	return s.(*statement.Version)
}

// at returns the chain with its head at a sequence number.
func (x line) at(sequence int) *chain.Chain {
	x.t.Helper()
	c, _, err := chain.Start(x.pub.Bundles[0])
	check(x.t, err)
	for i := 1; i <= sequence; i++ {
		r, err := c.Next(x.pub.Bundles[i])
		check(x.t, err)
		c.Advance(r)
	}
	return c
}

// TestExample walks the worked example of the package comment.
func TestExample(t *testing.T) {
	x := newLine(t)
	c, genesis, err := chain.Start(x.pub.Bundles[0])
	check(t, err)
	if genesis.Digest() != c.Genesis() || c.Head() != c.Genesis() || c.Sequence() != 0 || c.Version() != 0 || c.Slug() != "river" || c.Log() != statement.NameOf(x.log.Key) {
		t.Errorf("after the genesis: %+v", c)
	}
	if list := c.Keys(); len(list) != 1 || list[0].Digest() != x.signer.Public().Digest() {
		t.Errorf("keys %v", list)
	}
	for n := 1; n <= 2; n++ {
		before := c.Head()
		r, err := c.Next(x.pub.Bundles[n])
		check(t, err)
		if c.Head() != before {
			t.Fatal("Next moved the head")
		}
		if r.Statement.Header().Previous != before || r.Key.Digest() != x.signer.Public().Digest() {
			t.Errorf("record %d: %+v", n, r.Statement.Header())
		}
		kept := c.Clone()
		c.Advance(r)
		if c.Head() != r.Digest() || c.Sequence() != int64(n) || c.Version() != n || kept.Head() != before {
			t.Errorf("after record %d: %+v", n, c)
		}
	}
}

func TestConflicts(t *testing.T) {
	x := newLine(t)
	other := log.Sum([]byte("another record"))
	for name, c := range map[string]struct {
		at     int
		bundle *log.Bundle
		says   string
	}{
		"the genesis's successor again": {2, x.pub.Bundles[1], "the record has sequence number 1, the next is 3"},
		"the head again":                {2, x.pub.Bundles[2], "the record has sequence number 2, the next is 3"},
		"one left out":                  {0, x.pub.Bundles[2], "the record has sequence number 2, the next is 1"},
		"another predecessor":           {1, x.sign(2, func(v *statement.Version) { v.Previous = other }), "the record follows " + other.String()},
		"the genesis for a predecessor": {1, x.sign(2, func(v *statement.Version) { v.Previous = x.pub.Genesis() }), "the record follows " + x.pub.Genesis().String()},
		"the version number again":      {1, x.sign(2, func(v *statement.Version) { v.Version = 1 }), "the record is version 1, the next is version 2"},
	} {
		head := x.at(c.at)
		r, err := head.Next(c.bundle)
		var conflict *chain.ConflictError
		if r != nil || !errors.As(err, &conflict) {
			t.Errorf("%s: %v, want a ConflictError", name, err)
			continue
		}
		want := &chain.ConflictError{Head: head.Head(), Sequence: int64(c.at), Detail: c.says}
		if diff := cmp.Diff(want, conflict); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func (x line) sign(n int, change func(*statement.Version)) *log.Bundle {
	x.t.Helper()
	v := x.version(n)
	change(v)
	return logtest.SignStatement(x.t, x.signer, v)
}

func TestForeign(t *testing.T) {
	x := newLine(t)
	lake := x.log.Publication("lake", x.signer, logtest.River()...)
	otherLog := logtest.New(t, "https://sijil.example")
	for name, c := range map[string]struct {
		bundle *log.Bundle
		what   string
	}{
		"of another publication": {lake.Bundles[1], "publication"},
		"for another log":        {x.sign(1, func(v *statement.Version) { v.Log = statement.NameOf(otherLog.Key) }), "log"},
		"for another log's name": {x.sign(1, func(v *statement.Version) { v.Log.Origin = "other.example" }), "log"},
		"a second genesis":       {lake.Bundles[0], "publication"},
	} {
		_, err := x.at(0).Next(c.bundle)
		var foreign *chain.ForeignError
		if !errors.As(err, &foreign) || foreign.What != c.what {
			t.Errorf("%s: %v, want a ForeignError of the %s", name, err, c.what)
		}
	}
}

func TestUnauthorised(t *testing.T) {
	x := newLine(t)
	thief := logtest.NewSigner(t)
	next := x.pub.Bundles[1]
	byThief := logtest.Sign(t, thief, next.Envelope.Payload)
	lying := *byThief
	lying.VerificationMaterial.PublicKey = next.VerificationMaterial.PublicKey
	wrongHint := *next
	wrongHint.VerificationMaterial.PublicKey.Hint = thief.Public().Hint()
	stolen := *next
	stolen.Envelope.Payload = logtest.SignStatement(t, x.signer, func() statement.Statement { v := x.version(1); v.Reason = "Another."; return v }()).Envelope.Payload
	for name, b := range map[string]*log.Bundle{
		"another key": byThief, "another key under the hint of ours": &lying, "our key under another hint": &wrongHint, "our signature of another statement": &stolen,
	} {
		if _, err := x.at(0).Next(b); !errors.Is(err, chain.ErrUnauthorised) {
			t.Errorf("%s: %v, want ErrUnauthorised", name, err)
		}
	}
	// A conflict is not told to those who may not write: order of the answers.
	if _, err := x.at(1).Next(byThief); !errors.Is(err, chain.ErrUnauthorised) {
		t.Errorf("another key, in another place: %v", err)
	}
}

// TestSecondKey: any key of the policy may sign.
func TestSecondKey(t *testing.T) {
	x := newLine(t)
	second := logtest.NewSigner(t)
	policy := statement.NewPolicy(1, x.signer.Public())
	policy.Keys = append(policy.Keys, second.Public().SPKI())
	g := logtest.SignStatement(t, second, &statement.Publication{Log: statement.NameOf(x.log.Key), Slug: "hill", Title: map[string]string{"en": "Hill"}, Policy: policy})
	c, r, err := chain.Start(g)
	check(t, err)
	if r.Key.Digest() != second.Public().Digest() || len(c.Keys()) != 2 {
		t.Errorf("signed by %s", r.Key.Digest())
	}
	v, _ := logtest.River()[0].Version(t, statement.NameOf(x.log.Key), c.Genesis(), c.Head(), 1, nil)
	if r, err := c.Next(logtest.SignStatement(t, x.signer, v)); err != nil || r.Key.Digest() != x.signer.Public().Digest() {
		t.Errorf("the first key: %v", err)
	}
}

func TestStart(t *testing.T) {
	x := newLine(t)
	thief := logtest.NewSigner(t)
	for name, c := range map[string]struct {
		bundle *log.Bundle
		says   string
	}{
		"a version":                         {x.pub.Bundles[1], "want a statement of type urn:sijil:publication:v1"},
		"signed by a key that is not in it": {logtest.Sign(t, thief, x.pub.Bundles[0].Envelope.Payload), "genesis: not signed by a key"},
		"no statement":                      {logtest.Sign(t, thief, []byte("{}")), "statement: _type"},
	} {
		if got, r, err := chain.Start(c.bundle); got != nil || r != nil || err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v, want …%s…", name, err, c.says)
		}
	}
	if _, err := x.at(0).Next(logtest.Sign(t, x.signer, []byte("{}"))); err == nil || !strings.Contains(err.Error(), "statement: _type") {
		t.Errorf("next is no statement: %v", err)
	}
}

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
