package chain_test

import (
	"errors"
	"testing"

	"github.com/sijil/sijil/internal/chain"
	"github.com/sijil/sijil/internal/logtest"
	"github.com/sijil/sijil/internal/statement"
	"github.com/sijil/sijil/log"
)

// redaction signs the redaction of an entry of version 1, changed.
func (x line) redaction(change func(*statement.Redaction)) *log.Bundle {
	x.t.Helper()
	r := x.pub.Redaction(1, 2)
	if change != nil {
		change(r)
	}
	return logtest.SignStatement(x.t, x.signer, r)
}

// TestRedactions: an entry of any version is withheld once, and for ever.
func TestRedactions(t *testing.T) {
	x := newLine(t)
	c := x.at(2)
	before := c.Clone()
	gone, kept := c.Statement(1).Signatories.Commitments[2], c.Statement(2).Signatories.Commitments[0] // in the first version alone, and in both
	x.pub.Redact(1, 2)
	r := accept(t, c, x.pub.Bundles[3])
	if record, ok := c.Withheld(gone); !ok || record != r.Digest() {
		t.Errorf("withheld by %s, %v", record, ok)
	}
	if _, ok := c.Withheld(kept); ok {
		t.Error("another entry is withheld")
	}
	if _, ok := before.Withheld(gone); ok {
		t.Error("a clone was changed")
	}
	var conflict *chain.ConflictError
	if _, err := c.Next(x.redaction(nil)); !errors.As(err, &conflict) || conflict.Detail != "the entry is withheld already" {
		t.Errorf("again: %v", err)
	}
	if _, err := c.Next(logtest.Sign(t, logtest.NewSigner(t), x.redaction(func(r *statement.Redaction) { r.Entry = kept }).Envelope.Payload)); !errors.Is(err, chain.ErrUnauthorised) {
		t.Errorf("by a stranger: %v", err)
	}
	// A version can follow.
	x.pub.Add(logtest.River()[0])
	accept(t, c, x.pub.Bundles[4])
	if c.Version() != 3 {
		t.Errorf("version %d", c.Version())
	}
}

func TestRefusedRedactions(t *testing.T) {
	x := newLine(t)
	c := x.at(2)
	unknown := x.log.Publication("lake", x.signer, logtest.River()...).Redaction(1, 0).Entry
	for name, b := range map[string]struct {
		change func(*statement.Redaction)
		says   string
	}{
		"an entry that no version lists": {func(r *statement.Redaction) { r.Entry = unknown }, "no version lists the entry"},
		"another place":                  {func(r *statement.Redaction) { r.Sequence = 4 }, "the record has sequence number 4, the next is 3"},
		"another predecessor":            {func(r *statement.Redaction) { r.Previous = c.Genesis() }, "the record follows " + c.Genesis().String()},
	} {
		var conflict *chain.ConflictError
		if r, err := c.Next(x.redaction(b.change)); r != nil || !errors.As(err, &conflict) || conflict.Detail != b.says {
			t.Errorf("%s: %v, want %s", name, err, b.says)
		}
	}
	// Before the version that lists it there is nothing to withhold.
	var conflict *chain.ConflictError
	early := x.redaction(func(r *statement.Redaction) { r.Sequence, r.Previous = 1, c.Genesis() })
	if _, err := x.at(0).Next(early); !errors.As(err, &conflict) || conflict.Detail != "no version lists the entry" {
		t.Errorf("before its version: %v", err)
	}
}

// TestRedactionAfterTheEnd: it alone can follow the retraction of the publication.
func TestRedactionAfterTheEnd(t *testing.T) {
	x := newLine(t)
	c := x.at(2)
	x.pub.Retract(0, "All of it.")
	accept(t, c, x.pub.Bundles[3])
	entry := x.pub.Redaction(2, 2).Entry
	x.pub.Redact(2, 2)
	accept(t, c, x.pub.Bundles[4])
	if _, ok := c.Withheld(entry); !ok || !c.Retracted() {
		t.Error("the entry is not withheld, or the publication stands again")
	}
	x.pub.Redact(1, 0)
	accept(t, c, x.pub.Bundles[5])
	for name, b := range map[string]*log.Bundle{
		"a version":           func() *log.Bundle { b, _ := x.pub.Next(logtest.River()[0]); return b }(),
		"a policy":            logtest.SignStatement(t, x.signer, x.pub.PolicyChange(1, x.signer)),
		"a retraction":        x.pub.Retraction(0, "Again."),
		"the redaction again": x.redaction(func(r *statement.Redaction) { r.Entry = entry }),
	} {
		var conflict *chain.ConflictError
		if _, err := c.Next(b); !errors.As(err, &conflict) {
			t.Errorf("%s after the end: %v", name, err)
		}
	}
}
