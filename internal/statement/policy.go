package statement

import (
	"errors"
	"fmt"

	"github.com/sijil/sijil/internal/jcs"
	"github.com/sijil/sijil/keys"
	"github.com/sijil/sijil/log"
)

// maxKeys bounds a publication policy.
const maxKeys = 32

// Policy is a publication policy: keys, how many of them must sign a record, and
// keys that may recover the publication. This edition knows no recovery keys.
type Policy struct {
	Keys         [][]byte `json:"keys"` // DER SubjectPublicKeyInfo, ECDSA P-256
	RecoveryKeys [][]byte `json:"recoveryKeys"`
	Threshold    int      `json:"threshold"`
}

// NewPolicy returns the policy under which threshold of these keys must sign.
func NewPolicy(threshold int, list ...*keys.PublicKey) Policy {
	p := Policy{Keys: make([][]byte, len(list)), RecoveryKeys: [][]byte{}, Threshold: threshold}
	for i, k := range list {
		p.Keys[i] = k.SPKI()
	}
	return p
}

// PublicKeys returns the policy's keys, parsed.
func (p Policy) PublicKeys() ([]*keys.PublicKey, error) {
	out := make([]*keys.PublicKey, 0, len(p.Keys))
	for i, spki := range p.Keys {
		k, err := keys.ParsePublicKey(spki)
		if err != nil {
			return nil, fmt.Errorf("policy: key %d: %w", i+1, err)
		}
		out = append(out, k)
	}
	return out, nil
}

func (p Policy) check() error {
	switch {
	case len(p.Keys) == 0 || len(p.Keys) > maxKeys:
		return fmt.Errorf("policy: want 1 to %d keys", maxKeys)
	case p.Threshold < 1 || p.Threshold > len(p.Keys):
		return fmt.Errorf("policy: threshold %d: want 1 to the number of keys, %d", p.Threshold, len(p.Keys))
	case p.RecoveryKeys == nil || len(p.RecoveryKeys) > 0:
		return errors.New("policy: recoveryKeys: want an empty list in this edition")
	}
	all, err := p.PublicKeys()
	if err != nil {
		return err
	}
	seen := map[log.Digest]bool{}
	for i, k := range all {
		if seen[k.Digest()] {
			return fmt.Errorf("policy: key %d is listed twice", i+1)
		}
		seen[k.Digest()] = true
	}
	return nil
}

// subject is the digest of the policy's RFC 8785 bytes: something a stock client
// can be asked about, and that can be written to a file.
func (p Policy) subject() subject {
	doc, err := jcs.Marshal(p)
	if err != nil {
		return subject{}
	}
	return newSubject("policy", log.Sum(doc))
}

// PolicyChange is the statement, signed under the policy in force, that replaces
// it from the next record on.
type PolicyChange struct {
	Issued      string     `json:"issued"` // the publisher's claim of when it was signed, RFC 3339 UTC
	Log         LogName    `json:"log"`
	Policy      Policy     `json:"policy"` // the new one, whole
	Previous    log.Digest `json:"previous"`
	Publication log.Digest `json:"publication"`
	Reason      string     `json:"reason"` // what changed and why, in the publisher's words
	Sequence    int64      `json:"sequence"`
}

// Header returns the statement's place.
func (p *PolicyChange) Header() Header {
	return Header{Log: p.Log, Publication: p.Publication, Sequence: p.Sequence, Previous: p.Previous}
}

func (p *PolicyChange) predicateType() string { return TypePolicy }

func (p *PolicyChange) subjects() []subject { return []subject{p.Policy.subject()} }

func (p *PolicyChange) check() error {
	if err := p.Header().check(); err != nil {
		return err
	}
	if err := checkIssued(p.Issued); err != nil {
		return err
	}
	if err := checkReason(p.Reason, "what changed and why"); err != nil {
		return err
	}
	return p.Policy.check()
}

// check holds for every statement of a chain but the genesis.
func (h Header) check() error {
	if err := h.Log.check(); err != nil {
		return err
	}
	if h.Publication.IsZero() || h.Previous.IsZero() {
		return errors.New("publication and previous: want record digests")
	}
	if h.Sequence < 1 || h.Sequence > 1<<53-1 {
		return fmt.Errorf("sequence %d: want 1 or more", h.Sequence)
	}
	return nil
}

// checkReason accepts one line of 1 to maxReason characters.
func checkReason(reason, say string) error {
	if err := checkLine("reason", reason, maxReason); err != nil {
		return err
	}
	if reason == "" {
		return errors.New("reason: empty: say " + say)
	}
	return nil
}
