package chain

import (
	"errors"
	"fmt"

	"github.com/sijil/sijil/internal/statement"
	"github.com/sijil/sijil/keys"
	"github.com/sijil/sijil/log"
)

// Judge decides whether a recovery stood in public long enough: its record, the days
// that have to have passed, and two checkpoints that prove it. It knows the witness
// policy and where in the log the record stands, which a chain does not.
type Judge func(recovery log.Digest, days int, proof *statement.RecoveryProof) error

// SetJudge says who judges recoveries. A chain without a judge accepts none.
func (c *Chain) SetJudge(j Judge) { c.judge = j }

// ErrRecovery: a recovery, or what completes it, that the policy does not allow. The
// service answers 403.
var ErrRecovery = errors.New("the recovery is not allowed")

// Announced is the recovery that is the newest record, nil if none is.
func (c *Chain) Announced() *statement.Recovery { return c.announced }

// RecoveryKeys can recover the publication; they are those of the genesis.
func (c *Chain) RecoveryKeys() []*keys.PublicKey {
	return append([]*keys.PublicKey(nil), c.recovery...)
}

// RecoveryDays is how long a recovery stands in public before it can take effect.
func (c *Chain) RecoveryDays() int { return c.recoveryDays }

// signers are the keys that may sign a statement, and how many must: those of the
// policy in force, or one recovery key.
func (c *Chain) signers(s statement.Statement) ([]*keys.PublicKey, int) {
	switch s := s.(type) {
	case *statement.Recovery:
		return c.recovery, 1
	case *statement.PolicyChange:
		if s.Recovery != nil {
			return c.recovery, 1
		}
	}
	return c.keys, c.threshold
}

// Wants is how many signatures the record needs of which b is the first.
func (c *Chain) Wants(b *log.Bundle) int {
	s, err := statement.Parse(b.Envelope.Payload)
	if err != nil {
		return c.threshold // Next says what is wrong with it
	}
	_, n := c.signers(s)
	return n
}

// recoverable holds a recovery, a policy change that completes one, and any other
// policy change, against the genesis: recovery keys never change.
func (c *Chain) recoverable(s statement.Statement) error {
	switch s := s.(type) {
	case *statement.Recovery:
		return c.sameRecoveryKeys(s.Policy)
	case *statement.PolicyChange:
		if err := c.sameRecoveryKeys(s.Policy); err != nil || s.Recovery == nil {
			return err
		}
		switch {
		case c.announced == nil:
			return fmt.Errorf("%w: no recovery stands at the head: whatever a publisher signed after it has ended it", ErrRecovery)
		case !c.announced.Policy.Equal(s.Policy):
			return fmt.Errorf("%w: another policy was announced", ErrRecovery)
		case c.judge == nil:
			return fmt.Errorf("%w: nobody here can judge whether it stood in public long enough", ErrRecovery)
		}
		if err := c.judge(c.head, c.recoveryDays, s.Recovery); err != nil {
			return fmt.Errorf("%w: %w", ErrRecovery, err)
		}
	}
	return nil
}

func (c *Chain) sameRecoveryKeys(p statement.Policy) error {
	list, err := p.RecoveryPublicKeys()
	if err != nil {
		return err
	}
	same := len(list) == len(c.recovery) && p.RecoveryDays == c.recoveryDays
	for i := 0; same && i < len(list); i++ {
		same = list[i].Digest() == c.recovery[i].Digest()
	}
	if !same {
		return errors.New("policy: recovery keys and days are those of the genesis, for ever")
	}
	return nil
}

// JudgeBy returns a judge under a witness policy. index says where in the log a record
// stands; ok is false for one that is not known.
func JudgeBy(policy log.Policy, quorum bool, index func(log.Digest) (at int64, ok bool)) Judge {
	return func(recovery log.Digest, days int, proof *statement.RecoveryProof) error {
		if !quorum {
			return errors.New("without witnesses nobody can say how long it stood in public")
		}
		at, ok := index(recovery)
		if !ok {
			return errors.New("the recovery is not in the log")
		}
		covered, err := log.OpenCheckpoint([]byte(proof.Covered), policy)
		if err != nil {
			return fmt.Errorf("the checkpoint that covers it: %w", err)
		}
		later, err := log.OpenCheckpoint([]byte(proof.Later), policy)
		if err != nil {
			return fmt.Errorf("the later checkpoint: %w", err)
		}
		if covered.Size() <= at {
			return fmt.Errorf("the checkpoint of %d entries does not cover it, at index %d", covered.Size(), at)
		}
		if later.Size() < covered.Size() {
			return errors.New("the later checkpoint is of a smaller tree")
		}
		const day = 24 * 60 * 60
		if passed := later.Cosigned().Unix() - covered.Cosigned().Unix(); passed < int64(days)*day {
			return fmt.Errorf("it stood in public for %d days; %d have to pass", passed/day, days)
		}
		return nil
	}
}
