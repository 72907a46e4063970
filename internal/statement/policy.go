package statement

import (
	"errors"
	"fmt"

	"github.com/sijil/sijil/internal/jcs"
	"github.com/sijil/sijil/keys"
	"github.com/sijil/sijil/log"
)

// Bounds of a publication policy.
const (
	maxKeys         = 32
	maxRecoveryKeys = 8
	// MinRecoveryDays and MaxRecoveryDays bound how long a recovery stands in public
	// before it can take effect.
	MinRecoveryDays = 7
	MaxRecoveryDays = 365
	// maxRecoveryNote bounds a checkpoint in a recovery's proof, in bytes.
	maxRecoveryNote = 64 << 10
)

// Policy is a publication policy: keys, how many of them must sign a record, and
// keys that may replace the others when those are lost, after a delay in public.
type Policy struct {
	Keys [][]byte `json:"keys"` // DER SubjectPublicKeyInfo, ECDSA P-256
	// RecoveryDays is that delay. 0 where there are no recovery keys.
	RecoveryDays int      `json:"recoveryDays,omitempty"`
	RecoveryKeys [][]byte `json:"recoveryKeys"` // as the genesis names them: they never change
	Threshold    int      `json:"threshold"`
}

// WithRecovery returns the policy with recovery keys, and the days that a recovery
// stands in public.
func (p Policy) WithRecovery(days int, list ...*keys.PublicKey) Policy {
	p.RecoveryDays, p.RecoveryKeys = days, make([][]byte, len(list))
	for i, k := range list {
		p.RecoveryKeys[i] = k.SPKI()
	}
	return p
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
func (p Policy) PublicKeys() ([]*keys.PublicKey, error) { return parseKeys("key", p.Keys) }

// RecoveryPublicKeys returns its recovery keys, parsed.
func (p Policy) RecoveryPublicKeys() ([]*keys.PublicKey, error) {
	return parseKeys("recovery key", p.RecoveryKeys)
}

func parseKeys(what string, list [][]byte) ([]*keys.PublicKey, error) {
	out := make([]*keys.PublicKey, 0, len(list))
	for i, spki := range list {
		k, err := keys.ParsePublicKey(spki)
		if err != nil {
			return nil, fmt.Errorf("policy: %s %d: %w", what, i+1, err)
		}
		out = append(out, k)
	}
	return out, nil
}

// Equal reports whether two policies are the same to the byte.
func (p Policy) Equal(q Policy) bool { return p.subject() == q.subject() }

func (p Policy) check() error {
	switch {
	case len(p.Keys) == 0 || len(p.Keys) > maxKeys:
		return fmt.Errorf("policy: want 1 to %d keys", maxKeys)
	case p.Threshold < 1 || p.Threshold > len(p.Keys):
		return fmt.Errorf("policy: threshold %d: want 1 to the number of keys, %d", p.Threshold, len(p.Keys))
	case p.RecoveryKeys == nil || len(p.RecoveryKeys) > maxRecoveryKeys:
		return fmt.Errorf("policy: recoveryKeys: want a list of at most %d", maxRecoveryKeys)
	case len(p.RecoveryKeys) == 0 && p.RecoveryDays != 0:
		return errors.New("policy: recoveryDays without recovery keys")
	case len(p.RecoveryKeys) > 0 && (p.RecoveryDays < MinRecoveryDays || p.RecoveryDays > MaxRecoveryDays):
		return fmt.Errorf("policy: recoveryDays %d: want %d to %d", p.RecoveryDays, MinRecoveryDays, MaxRecoveryDays)
	}
	all, err := p.PublicKeys()
	if err != nil {
		return err
	}
	recovery, err := p.RecoveryPublicKeys()
	if err != nil {
		return err
	}
	all = append(all, recovery...)
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
	// Recovery proves that the recovery before this record stood in public long enough.
	// Only a recovery key signs such a record. Optional.
	Recovery *RecoveryProof `json:"recovery,omitempty"`
	Sequence int64          `json:"sequence"`
}

// RecoveryProof holds two checkpoints with witness quorum, as signed notes: one that
// covers the record before, and a later one, which was there before this record was
// signed. The time between their cosignatures is what had to pass.
type RecoveryProof struct {
	Covered string `json:"covered"`
	Later   string `json:"later"`
}

func (r *RecoveryProof) check() error {
	if r == nil {
		return nil
	}
	if r.Covered == "" || r.Later == "" || len(r.Covered) > maxRecoveryNote || len(r.Later) > maxRecoveryNote {
		return errors.New("recovery: want two checkpoints")
	}
	return nil
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
	if err := p.Recovery.check(); err != nil {
		return err
	}
	return p.Policy.check()
}

// Recovery is the statement by which a recovery key says which policy it will put in
// force, once this has stood in public for the days that the policy names. Any record
// of the publisher's that follows it ends it.
type Recovery struct {
	Issued      string     `json:"issued"` // the signer's claim of when it was signed, RFC 3339 UTC
	Log         LogName    `json:"log"`
	Policy      Policy     `json:"policy"` // that is to come
	Previous    log.Digest `json:"previous"`
	Publication log.Digest `json:"publication"`
	Reason      string     `json:"reason"` // why, in the signer's words
	Sequence    int64      `json:"sequence"`
}

// Header returns the statement's place.
func (r *Recovery) Header() Header {
	return Header{Log: r.Log, Publication: r.Publication, Sequence: r.Sequence, Previous: r.Previous}
}

func (r *Recovery) predicateType() string { return TypeRecovery }

func (r *Recovery) subjects() []subject { return []subject{r.Policy.subject()} }

func (r *Recovery) check() error {
	if err := r.Header().check(); err != nil {
		return err
	}
	if err := checkIssued(r.Issued); err != nil {
		return err
	}
	if err := checkReason(r.Reason, "why the keys are replaced"); err != nil {
		return err
	}
	return r.Policy.check()
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
