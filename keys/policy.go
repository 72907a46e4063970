package keys

import (
	"errors"
	"fmt"
	"strings"

	"golang.org/x/mod/sumdb/note"

	"github.com/sijil/sijil/log"
)

// maxPolicy bounds a policy text, in bytes.
const maxPolicy = 64 << 10

// Policy is a witness policy: whose signatures a checkpoint needs. It is
// written in the language of C2SP tlog-policy, of which this edition reads
//
//	log <verifier key>
//	quorum none
//
// with comments (# at a line start) and blank lines. "quorum none" has to be
// written down: there is no default. Witness and group lines are refused, not
// skipped.
type Policy struct {
	log  *LogKey
	text string
}

// ParsePolicy reads a policy; errors name the line and the rule.
func ParsePolicy(text string) (*Policy, error) {
	if len(text) > maxPolicy {
		return nil, fmt.Errorf("policy: over %d bytes", maxPolicy)
	}
	p := &Policy{text: text}
	quorum := false
	for i, line := range strings.Split(text, "\n") {
		if err := p.parseLine(line, &quorum); err != nil {
			return nil, fmt.Errorf("policy: line %d: %w", i+1, err)
		}
	}
	switch {
	case p.log == nil:
		return nil, errors.New("policy: no log line")
	case !quorum:
		return nil, errors.New("policy: no quorum line (write `quorum none` to ask for no witness)")
	}
	return p, nil
}

func (p *Policy) parseLine(line string, quorum *bool) error {
	if line == "" || strings.HasPrefix(line, "#") {
		return nil
	}
	fields := strings.Split(line, " ")
	switch fields[0] {
	case "log":
		if len(fields) != 2 {
			return errors.New("log: want `log <verifier key>`")
		}
		if p.log != nil {
			return errors.New("log: only one log is supported")
		}
		key, err := ParseLogKey(fields[1])
		if err != nil {
			return err
		}
		p.log = key
	case "quorum":
		if *quorum {
			return errors.New("quorum: given twice")
		}
		if len(fields) != 2 || fields[1] != "none" {
			return fmt.Errorf("quorum: %q: only `quorum none` is supported", clip(line))
		}
		*quorum = true
	case "witness", "group":
		return fmt.Errorf("%s: witnesses are not supported by this edition", fields[0])
	default:
		return fmt.Errorf("unknown word %q", clip(fields[0]))
	}
	return nil
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
func (p *Policy) Quorum() bool { return false }

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
	return nil, &note.UnknownVerifierError{Name: name, KeyHash: hash}
}

// Check is given the signatures that verified. It returns the number of
// witnesses among them, or the rule that is not met.
func (p *Policy) Check(sigs []note.Signature) (witnesses int, err error) {
	v := p.log.Verifier()
	for _, s := range sigs {
		if s.Name == v.Name() && s.Hash == v.KeyHash() {
			return 0, nil
		}
	}
	return 0, fmt.Errorf("policy: not signed by the log %q", p.log.Origin())
}
