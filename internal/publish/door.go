package publish

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/sijil/sijil/internal/statement"
	"github.com/sijil/sijil/keys"
	"github.com/sijil/sijil/log"
)

// Door says whose entries the Rekor v2 write API takes.
type Door string

// The doors.
const (
	DoorOff    Door = "off"
	DoorListed Door = "listed" // the keys that the operator has listed
	DoorOpen   Door = "open"   // every key
)

var (
	// ErrDoor: the door is off, or the key is not listed. The caller answers 403.
	ErrDoor = errors.New("the door is closed")
	// ErrPublisherKey: a key of a publication's policy at the door, or a key of
	// the door in a publication's policy. The caller answers 403.
	ErrPublisherKey = errors.New("a key is for publications or for the door, never for both")
)

// DoorStore keeps the keys of the door.
type DoorStore interface {
	// DoorKeys calls yield for every key that has written through the door.
	DoorKeys(ctx context.Context, yield func(key log.Digest)) error
	// MarkDoorKey says, durably, that a key writes through the door. ErrPublisherKey:
	// a reservation has named it.
	MarkDoorKey(ctx context.Context, key log.Digest) error
	// Listed reports whether the operator has listed a key.
	Listed(ctx context.Context, key log.Digest) (bool, error)
}

// ring keeps publisher keys and door keys apart: the payload of every entry
// under a publisher key must be served, and of an entry of the door there is
// none here.
type ring struct {
	mu         sync.Mutex
	publishers map[log.Digest]bool
	door       map[log.Digest]bool
	listed     map[log.Digest]time.Time // keys that were listed, and until when that is remembered
}

// listedFor is how long it is remembered that a key is listed.
const listedFor = time.Second

func newRing() *ring {
	return &ring{publishers: map[log.Digest]bool{}, door: map[log.Digest]bool{}, listed: map[log.Digest]time.Time{}}
}

// claim makes keys publisher keys, unless one of them is a door's.
func (s *Service) claim(ctx context.Context, list []*keys.PublicKey) error {
	s.ring.mu.Lock()
	defer s.ring.mu.Unlock()
	for _, k := range list {
		listed, err := s.Store.Listed(ctx, k.Digest())
		if err != nil {
			return err
		}
		if listed || s.ring.door[k.Digest()] {
			return fmt.Errorf("%w: %s writes through the door; sign with another one", ErrPublisherKey, k.Digest())
		}
	}
	for _, k := range list {
		s.ring.publishers[k.Digest()] = true
	}
	return nil
}

// mayKnock refuses a key that may not write, before its signature costs
// anything.
func (s *Service) mayKnock(ctx context.Context, key log.Digest) error {
	s.ring.mu.Lock()
	defer s.ring.mu.Unlock()
	if err := s.ring.notPublisher(key); err != nil {
		return err
	}
	if s.Door == DoorListed {
		ok, err := s.listedKey(ctx, key)
		if err != nil {
			return err
		}
		if !ok {
			return fmt.Errorf("%w to the key %s: ask the operator to list it", ErrDoor, key)
		}
	}
	return nil
}

func (r *ring) notPublisher(key log.Digest) error {
	if r.publishers[key] {
		return fmt.Errorf("%w: %s is a publisher's; submit its records through the record API (sijil publish)", ErrPublisherKey, key)
	}
	return nil
}

// admit makes a key a key of the door, once it has signed something. If we die
// after it, the key is marked and has written nothing, which only keeps it from
// publishing.
func (s *Service) admit(ctx context.Context, key log.Digest) error {
	s.ring.mu.Lock()
	defer s.ring.mu.Unlock()
	if err := s.ring.notPublisher(key); err != nil || s.ring.door[key] {
		return err
	}
	if err := s.Store.MarkDoorKey(ctx, key); err != nil {
		return err
	}
	s.ring.door[key] = true
	return nil
}

// listedKey asks the store, once a second for a key that is listed. The caller
// holds ring.mu.
func (s *Service) listedKey(ctx context.Context, key log.Digest) (bool, error) {
	now := s.Clock()
	if until := s.ring.listed[key]; now.Before(until) && until.Sub(now) <= listedFor {
		return true, nil
	}
	delete(s.ring.listed, key)
	ok, err := s.Store.Listed(ctx, key)
	if ok {
		s.ring.listed[key] = now.Add(listedFor)
	}
	return ok, err
}

// Append takes an entry of somebody else's through the log: the use case of the
// Rekor v2 write API. It returns Sigstore's TransparencyLogEntry once the entry is
// durable, integrated and covered by a checkpoint that the log has signed. The
// same entry again has its first index.
func (s *Service) Append(ctx context.Context, request []byte) (*log.LogEntry, error) {
	if s.Door == DoorOff {
		return nil, fmt.Errorf("%w: this log takes records of publications only", ErrDoor)
	}
	e, err := log.ParseEntryRequest(request)
	if err != nil {
		return nil, &InvalidError{err}
	}
	if s.Frozen != nil {
		return nil, &FrozenError{Successor: s.Frozen.Freeze().Successor}
	}
	key := log.Sum(e.Key)
	if err := s.mayKnock(ctx, key); err != nil {
		return nil, err
	}
	if err := e.Verify(); err != nil {
		return nil, &InvalidError{err}
	}
	leaf, err := e.Marshal()
	if err != nil {
		return nil, &InvalidError{err}
	}
	if err := s.Tree.Room(); err != nil {
		return nil, err
	}
	if err := s.admit(ctx, key); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, settleTimeout)
	defer cancel()
	// If we die from here on, the entry may be in the log and the client has no
	// answer: it sends it again, and is given the first index.
	index, err := s.knock(ctx, e, leaf)
	if err != nil {
		return nil, fmt.Errorf("append to the log: %w", err)
	}
	c, err := s.Tree.Cover(ctx, index)
	if err != nil {
		return nil, fmt.Errorf("checkpoint: %w", err)
	}
	proof, err := s.Tree.Prove(int64(index), c.Size)
	if err != nil {
		return nil, fmt.Errorf("prove entry %d: %w", index, err)
	}
	entry := log.NewLogEntry(leaf, s.name.KeyID, int64(index), proof, c.Size, c.Root, c.Note)
	return &entry, nil
}

// NamesKey reports whether a record sets a publication policy that names a key.
func NamesKey(r Stored, key *keys.PublicKey) (bool, error) {
	if len(r.Signatures) == 0 {
		return false, nil
	}
	b, err := log.ParseBundle(r.Signatures[0].Bundle)
	if err != nil {
		return false, err
	}
	st, err := statement.Parse(b.Envelope.Payload)
	if err != nil {
		return false, err
	}
	policy := policyOf(st)
	return slices.ContainsFunc(policy.Keys, func(spki []byte) bool { return log.Sum(spki) == key.Digest() }), nil
}

// policyOf is the publication policy that a statement sets, the zero one if it sets none.
func policyOf(st statement.Statement) statement.Policy {
	switch st := st.(type) {
	case *statement.Publication:
		return st.Policy
	case *statement.PolicyChange:
		return st.Policy
	case *statement.Recovery:
		return st.Policy
	}
	return statement.Policy{}
}
