package keys

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	cosignature "github.com/transparency-dev/formats/note"
	"golang.org/x/mod/sumdb/note"

	"github.com/sijil/sijil/log"
)

// Policy is a witness policy: whose signatures a checkpoint needs. It is
// written in the language of C2SP tlog-policy, one line each:
//
//	log <verifier key>
//	witness <name> <verifier key> [<address>]
//	group <name> <any|all|number> <member> …
//	quorum <name|none>
//
// with comments (# at a line start) and blank lines. There is exactly one log
// line and one quorum line; `quorum none` has to be written down to be had. A
// name is defined before it is used and is a member once at most, so that no
// witness counts twice. For example, the log's signature and two of three
// cosignatures:
//
//	log sijil.example+a1b2c3d4+AQ…
//	witness north north.example+… https://north.example
//	witness south south.example+… https://south.example
//	witness west west.example+…
//	group three 2 north south west
//	quorum three
type Policy struct {
	log       *LogKey
	text      string
	witnesses []*Witness
	quorum    *component // nil: none
}

// QuorumError is a checkpoint that the log signed and too few witnesses
// cosigned. Have and Missing are names of the policy, in its order.
type QuorumError struct{ Have, Missing []string }

func (e *QuorumError) Error() string {
	have := "none"
	if len(e.Have) > 0 {
		have = strings.Join(e.Have, ", ")
	}
	return fmt.Sprintf("policy: the witness quorum is not reached: cosigned by %s; not by %s", have, strings.Join(e.Missing, ", "))
}

// NewPolicy returns the policy that asks for the log's signature and, in so
// many words, for no witness.
func NewPolicy(key *LogKey) *Policy {
	return &Policy{log: key, text: "log " + key.String() + "\nquorum none\n"}
}

// LogOnly returns the policy that asks for the same log's signature and no
// witness: with it a publisher checks what is not witnessed yet. Nothing that
// only it accepts may be said to a reader.
func (p *Policy) LogOnly() *Policy { return NewPolicy(p.log) }

// Quorum reports whether any witness is asked for.
func (p *Policy) Quorum() bool { return p.quorum != nil }

// Witnesses are the witnesses in the order of their lines, those outside the
// quorum too.
func (p *Policy) Witnesses() []*Witness { return slices.Clone(p.witnesses) }

// Fingerprint is the SHA-256 of the policy's text, for people to compare: it
// covers the log's key, every witness's and the quorum.
func (p *Policy) Fingerprint() log.Digest { return log.Sum([]byte(p.text)) }

// String returns the policy's text.
func (p *Policy) String() string { return p.text }

// Log returns the log's key.
func (p *Policy) Log() *LogKey { return p.log }

// Origin is the log's name.
func (p *Policy) Origin() string { return p.log.Origin() }

// Verifier returns the verifier for a signature line; it makes Policy a
// note.Verifiers. A nil or zero Policy is nobody's decision and verifies nothing.
func (p *Policy) Verifier(name string, hash uint32) (note.Verifier, error) {
	if p == nil || p.log == nil {
		return nil, log.ErrNoPolicy
	}
	if v := p.log.Verifier(); v.Name() == name && v.KeyHash() == hash {
		return v, nil
	}
	for _, w := range p.witnesses {
		if w.made(name, hash) {
			return w.verifier, nil
		}
	}
	return nil, &note.UnknownVerifierError{Name: name, KeyHash: hash}
}

// Check is given the signatures that verified. It returns what they amount to,
// or the rule that is not met: a missing signature of the log, or *QuorumError.
func (p *Policy) Check(sigs []note.Signature) (log.Quorum, error) {
	v := p.log.Verifier()
	signed := slices.ContainsFunc(sigs, func(s note.Signature) bool { return s.Name == v.Name() && s.Hash == v.KeyHash() })
	if !signed {
		return log.Quorum{}, fmt.Errorf("policy: not signed by the log %q", p.log.Origin())
	}
	at := map[*Witness]time.Time{}
	for _, s := range sigs {
		for _, w := range p.witnesses {
			if w.made(s.Name, s.Hash) {
				t, err := cosignature.CoSigV1Timestamp(s)
				if err != nil {
					return log.Quorum{}, fmt.Errorf("policy: cosignature of %q: %w", w.Name, err)
				}
				at[w] = t
			}
		}
	}
	var q log.Quorum
	for _, w := range p.witnesses {
		if _, ok := at[w]; ok {
			q.Witnesses = append(q.Witnesses, w.Name)
		}
	}
	if p.quorum == nil {
		return q, nil
	}
	if !p.quorum.satisfied(func(w *Witness) bool { _, ok := at[w]; return ok }) {
		return log.Quorum{}, p.missing(at)
	}
	for _, t := range at {
		if t.After(q.At) && p.quorum.satisfied(func(w *Witness) bool { u, ok := at[w]; return ok && !u.Before(t) }) {
			q.At = t
		}
	}
	return q, nil
}

func (p *Policy) missing(at map[*Witness]time.Time) *QuorumError {
	e := &QuorumError{}
	for _, w := range p.witnesses {
		if _, ok := at[w]; ok {
			e.Have = append(e.Have, w.Name)
		} else {
			e.Missing = append(e.Missing, w.Name)
		}
	}
	return e
}

// component is a witness, or a group of which so many must be satisfied.
type component struct {
	witness   *Witness
	threshold int
	members   []*component
}

func (c *component) satisfied(signed func(*Witness) bool) bool {
	if c.witness != nil {
		return signed(c.witness)
	}
	n := 0
	for _, m := range c.members {
		if m.satisfied(signed) {
			n++
		}
	}
	return n >= c.threshold
}

// errNotOne is a key with two encodings.
var errNotOne = errors.New("not in its one encoding")
