package chain_test

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sijil/sijil/internal/chain"
	"github.com/sijil/sijil/internal/logtest"
	"github.com/sijil/sijil/internal/statement"
	"github.com/sijil/sijil/log"
)

// retraction signs a retraction of version n at the head of a chain of two
// versions; 0 is the publication.
func (x line) retraction(n int, change func(*statement.Retraction)) *log.Bundle {
	x.t.Helper()
	s, err := statement.Parse(x.pub.Retraction(n, "Withdrawn.").Envelope.Payload)
	check(x.t, err)
	r := s.(*statement.Retraction)
	if change != nil {
		change(r)
	}
	return logtest.SignStatement(x.t, x.signer, r)
}

// accept takes a record that must be next.
func accept(t *testing.T, c *chain.Chain, b *log.Bundle) *chain.Record {
	t.Helper()
	r, err := c.Next(b)
	check(t, err)
	c.Advance(r)
	return r
}

// TestRetractions walks a chain through retractions to its end.
func TestRetractions(t *testing.T) {
	x := newLine(t)
	c := x.at(2)
	before := c.Clone()
	x.pub.Retract(1, "A demand was missing.")
	accept(t, c, x.pub.Bundles[3])
	if !c.VersionRetracted(1) || c.VersionRetracted(2) || c.Retracted() || c.Version() != 2 || c.Sequence() != 3 {
		t.Errorf("after the retraction of version 1: %+v", c)
	}
	if before.VersionRetracted(1) {
		t.Error("a clone was changed")
	}
	// A version can follow, and it is counted on.
	x.pub.Add(logtest.River()[0])
	accept(t, c, x.pub.Bundles[4])
	if c.Version() != 3 || c.VersionRetracted(3) || !c.VersionRetracted(1) {
		t.Errorf("after version 3: %+v", c)
	}
	x.pub.Retract(0, "All of it.")
	accept(t, c, x.pub.Bundles[5])
	if !c.Retracted() || !c.VersionRetracted(2) || !c.VersionRetracted(3) || c.VersionRetracted(4) || c.VersionRetracted(0) {
		t.Errorf("after the end: %+v", c)
	}
	x.pub.Add(logtest.River()[1])
	for name, b := range map[string]*log.Bundle{
		"a version": x.pub.Bundles[6], "a retraction of a version": x.pub.Retraction(2, "x"), "of the publication, again": x.pub.Retraction(0, "x"),
		"the last record again": x.pub.Bundles[5],
	} {
		_, err := c.Next(b)
		var conflict *chain.ConflictError
		if !errors.As(err, &conflict) || conflict.Detail != "the publication is retracted: nothing can follow" || conflict.Head != x.pub.Bundles[5].Envelope.Digest() || conflict.Sequence != 5 {
			t.Errorf("%s after the end: %v", name, err)
		}
	}
}

// TestRetractedBeforeTheFirstVersion: a publication without versions can be
// withdrawn too.
func TestRetractedBeforeTheFirstVersion(t *testing.T) {
	x := newLine(t)
	c := x.at(0)
	r := x.retraction(0, func(r *statement.Retraction) { r.Sequence, r.Previous = 1, x.pub.Genesis() })
	if accept(t, c, r); !c.Retracted() {
		t.Error("not retracted")
	}
	if _, err := c.Next(x.pub.Bundles[1]); err == nil {
		t.Error("a version followed")
	}
}

func TestRefusedRetractions(t *testing.T) {
	x := newLine(t)
	one, two := x.pub.Bundles[1].Envelope.Digest(), x.pub.Bundles[2].Envelope.Digest()
	c := x.at(2)
	for name, b := range map[string]struct {
		bundle *log.Bundle
		says   string
	}{
		"another version's record": {x.retraction(1, func(r *statement.Retraction) { r.Version.Record = two }), "version 1 is the record " + one.String() + ", not " + two.String()},
		"another number":           {x.retraction(1, func(r *statement.Retraction) { r.Version.Number = 2 }), "version 2 is the record " + two.String() + ", not " + one.String()},
		"another predecessor":      {x.retraction(1, func(r *statement.Retraction) { r.Previous = one }), "the record follows " + one.String()},
		"another place":            {x.retraction(1, func(r *statement.Retraction) { r.Sequence = 4 }), "the record has sequence number 4, the next is 3"},
	} {
		r, err := c.Next(b.bundle)
		var conflict *chain.ConflictError
		if r != nil || !errors.As(err, &conflict) {
			t.Errorf("%s: %v, want a ConflictError", name, err)
			continue
		}
		if diff := cmp.Diff(&chain.ConflictError{Head: two, Sequence: 2, Detail: b.says}, conflict); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
	if _, err := c.Next(logtest.Sign(t, logtest.NewSigner(t), x.retraction(1, nil).Envelope.Payload)); !errors.Is(err, chain.ErrUnauthorised) {
		t.Errorf("by a stranger: %v", err)
	}
	x.pub.Retract(1, "Withdrawn.")
	accept(t, c, x.pub.Bundles[3])
	conflict := new(chain.ConflictError)
	if _, err := c.Next(x.pub.Retraction(1, "Again.")); !errors.As(err, &conflict) || conflict.Detail != "version 1 is retracted already" {
		t.Errorf("twice: %v", err)
	}
	if _, err := c.Next(x.retraction(1, func(r *statement.Retraction) {
		r.Sequence, r.Previous, r.Version.Number = 4, c.Head(), 3
	})); !errors.As(err, &conflict) || conflict.Detail != "there is no version 3 to retract" {
		t.Errorf("a version that is not there: %v", err)
	}
}
