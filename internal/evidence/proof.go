package evidence

import (
	"errors"
	"fmt"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/sijil/sijil/internal/jcs"
	"github.com/sijil/sijil/keys"
	"github.com/sijil/sijil/log"
)

// Rules of a Misbehaviour.
const (
	RuleRollback = "rollback" // it went back to a smaller tree
	RuleFork     = "fork"     // it signed trees of two histories
	RuleHead     = "head"     // it signed heads that cannot both be true
	RuleFrozen   = "frozen"   // it went on after it said that it had ended
)

// Misbehaviour is proof that the log broke its promise: two notes signed by its
// key that cannot both be true. The caller writes it to a file and exits 4.
// Anybody can check it with Verify, and with nothing else at hand.
type Misbehaviour struct {
	Rule   string `json:"rule"`
	Detail string `json:"detail"`
	Log    string `json:"log"`    // its verifier key
	First  string `json:"first"`  // signed note that was seen before
	Second string `json:"second"` // signed note that contradicts it
	// Of a fork of two sizes: the root of the larger tree's first entries, as
	// many as the smaller tree has, and the consistency proof (RFC 6962) from it
	// to the larger root. Absent for two trees of one size.
	Have  string   `json:"have,omitempty"`
	Proof []string `json:"proof,omitempty"`
}

func (m *Misbehaviour) Error() string { return "the log misbehaved (" + m.Rule + "): " + m.Detail }

// Document returns the proof as one JSON document for a file.
func (m *Misbehaviour) Document() ([]byte, error) { return jcs.Marshal(m) }

// maxProof bounds a proof's document, in bytes.
const maxProof = 512 << 10

// ParseMisbehaviour reads what Document wrote. Nothing in it is checked yet.
func ParseMisbehaviour(b []byte) (*Misbehaviour, error) {
	if len(b) > maxProof {
		return nil, fmt.Errorf("proof: over %d bytes", maxProof)
	}
	m := new(Misbehaviour)
	if err := jcs.Unmarshal(b, m); err != nil {
		return nil, fmt.Errorf("proof: %w", err)
	}
	return m, nil
}

// ErrOrder is returned by Verify for a rollback: the log signed both notes, but
// that the smaller tree was shown after the larger is the word of whoever says
// so.
var ErrOrder = errors.New("the log signed both, and may have: only who saw them knows in which order they were shown")

// Verify checks that the notes convict the log that has this verifier key; who
// the log is, the caller knows from elsewhere.
func (m *Misbehaviour) Verify() (*keys.LogKey, error) {
	key, err := keys.ParseLogKey(m.Log)
	if err != nil {
		return nil, fmt.Errorf("proof: %w", err)
	}
	p := keys.NewPolicy(key)
	switch m.Rule {
	case RuleHead:
		err = m.verifyHeads(p)
	case RuleFrozen:
		err = m.verifyFrozen(p)
	case RuleFork, RuleRollback:
		err = m.verifyTrees(p)
	default:
		err = fmt.Errorf("the rule %q is not known", m.Rule)
	}
	if err != nil && !errors.Is(err, ErrOrder) {
		return nil, fmt.Errorf("proof: %w", err)
	}
	return key, err
}

// errNoContradiction is a pair of notes that can both be true.
var errNoContradiction = errors.New("the two notes do not contradict each other")

func (m *Misbehaviour) verifyHeads(p *keys.Policy) error {
	a, err := log.OpenHead([]byte(m.First), p)
	if err != nil {
		return err
	}
	b, err := log.OpenHead([]byte(m.Second), p)
	if err != nil {
		return err
	}
	if !a.Head().Conflicts(b.Head()) {
		return errNoContradiction
	}
	return nil
}

func (m *Misbehaviour) verifyFrozen(p *keys.Policy) error {
	f, err := log.OpenFreeze([]byte(m.First), p)
	if err != nil {
		return err
	}
	c, err := log.OpenCheckpoint([]byte(m.Second), p)
	if err != nil {
		return err
	}
	if !f.Freeze().Conflicts(c) {
		return errNoContradiction
	}
	return nil
}

func (m *Misbehaviour) verifyTrees(p *keys.Policy) error {
	a, err := log.OpenCheckpoint([]byte(m.First), p)
	if err != nil {
		return err
	}
	b, err := log.OpenCheckpoint([]byte(m.Second), p)
	if err != nil {
		return err
	}
	switch {
	case m.Rule == RuleRollback && b.Size() < a.Size():
		return ErrOrder
	case m.Rule == RuleRollback:
		return errNoContradiction
	case a.Size() == b.Size() && a.Root() != b.Root():
		return nil
	case a.Size() >= b.Size() || a.Size() == 0:
		return errNoContradiction
	}
	have, err := parseHash(m.Have)
	if err != nil {
		return errors.New("have: want a hash in base64")
	}
	var proof tlog.TreeProof
	for _, s := range m.Proof {
		h, err := parseHash(s)
		if err != nil {
			return errors.New("proof: want hashes in base64")
		}
		proof = append(proof, h)
	}
	if err := tlog.CheckTree(proof, b.Size(), b.Root(), a.Size(), have); err != nil {
		return fmt.Errorf("the second tree is not shown to begin with the root it is said to have: %w", err)
	}
	if have == a.Root() {
		return errNoContradiction
	}
	return nil
}

// parseHash accepts a hash in its one encoding.
func parseHash(s string) (tlog.Hash, error) {
	h, err := tlog.ParseHash(s)
	if err == nil && h.String() != s {
		err = errors.New("not in its one encoding")
	}
	return h, err
}

// ErrInconsistent is an *InconsistentError.
var ErrInconsistent = errors.New("the newer tree does not extend the older")

// InconsistentError is returned by Options.Consistent when the newer tree does
// not begin with the older; see Misbehaviour for what it holds.
type InconsistentError struct {
	Have  tlog.Hash
	Proof tlog.TreeProof
}

func (e *InconsistentError) Error() string { return ErrInconsistent.Error() }

// Is makes it ErrInconsistent.
func (e *InconsistentError) Is(target error) bool { return target == ErrInconsistent }

// Convict adds what proves a fork of two sizes, if err holds it.
func (m *Misbehaviour) Convict(err error) *Misbehaviour {
	var bad *InconsistentError
	if errors.As(err, &bad) {
		m.Have = bad.Have.String()
		for _, h := range bad.Proof {
			m.Proof = append(m.Proof, h.String())
		}
	}
	return m
}
