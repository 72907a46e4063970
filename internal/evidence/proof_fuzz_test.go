package evidence_test

import (
	"bytes"
	"errors"
	"testing"

	"github.com/sijil/sijil/internal/evidence"
	"github.com/sijil/sijil/internal/logtest"
	"github.com/sijil/sijil/log"
)

// FuzzProof: a document that parses is written as the same bytes; one that
// convinces holds two notes of one log.
func FuzzProof(f *testing.F) {
	l := logtest.New(f, "https://sijil.example")
	for i := range 5 {
		l.Append([]byte{byte(i)})
	}
	freeze, err := log.SignFreeze(l.Signer, log.Freeze{Size: 3, Root: l.Root(3)})
	check(f, err)
	for _, m := range []evidence.Misbehaviour{
		{Rule: evidence.RuleFrozen, Log: l.Key.String(), First: string(freeze), Second: string(l.Checkpoint(5))},
		{Rule: evidence.RuleRollback, Log: l.Key.String(), First: string(l.Checkpoint(5)), Second: string(l.Checkpoint(3))},
		{Rule: evidence.RuleFork, Log: l.Key.String(), First: string(l.Checkpoint(3)), Second: string(l.Checkpoint(5)), Have: l.Root(3).String(), Proof: []string{l.Root(1).String()}},
	} {
		b, err := m.Document()
		check(f, err)
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		m, err := evidence.ParseMisbehaviour(b)
		if err != nil {
			return
		}
		again, err := m.Document()
		if err != nil || !bytes.Equal(again, b) {
			t.Fatalf("%q is written as %q, %v", b, again, err)
		}
		key, err := m.Verify()
		if (err == nil || errors.Is(err, evidence.ErrOrder)) && (key == nil || key.String() != m.Log) {
			t.Fatalf("%q convicts %v", b, key)
		}
	})
}
