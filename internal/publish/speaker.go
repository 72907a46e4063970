package publish

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/sijil/sijil/keys"
	"github.com/sijil/sijil/log"
)

// ErrSpeakerKey: a key that a domain has named for a list entry signed something at the
// door that nobody could read. The caller answers 403.
var ErrSpeakerKey = errors.New("the key speaks for a signatory, so what it signs has to be readable")

// speakers are the keys that were enrolled for list entries. What they sign has to be
// served, and of an entry of the door there is a digest alone: so the door takes from them
// the statements that were given out here, whose bytes are known.
//
// There may be very many, and the door asks for each entry: here are the first bytes of
// their digests alone. Who is among them by chance is looked for in the store.
type speakers struct {
	// mu is held for reading while the door takes an entry of a key that speaks nowhere, so
	// that no key begins to speak meanwhile. It is taken before a publication's mu.
	mu sync.RWMutex
	of map[uint64]struct{}
}

func short(key log.Digest) uint64 { return binary.BigEndian.Uint64(key[:]) }

// add says that a key speaks, before the log says so.
func (s *speakers) add(key log.Digest) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.of == nil {
		s.of = map[uint64]struct{}{}
	}
	s.of[short(key)] = struct{}{}
}

// maybe reports whether a key may speak somewhere. The caller holds mu.
func (s *speakers) maybe(key log.Digest) bool {
	_, ok := s.of[short(key)]
	return ok
}

// speaksIn returns the publications in which a key speaks.
func (s *Service) speaksIn(ctx context.Context, key log.Digest) (out []*publication, err error) {
	var where []log.Digest
	err = s.Store.Asides(ctx, AsideSelection{Enrols: key}, func(a Aside) error {
		where = append(where, a.Genesis)
		return nil
	})
	for _, genesis := range where {
		if p := s.findGenesis(genesis); p != nil && !slices.Contains(out, p) {
			out = append(out, p)
		}
	}
	return out, err
}

// speaksElsewhere reports whether a key has signed claims about other entries, and not about
// this one: a domain that names it may want to lock its owner out, and has to show that it
// holds the key, by signing something about its own entry.
func (s *said) speaksElsewhere(key log.Digest, entry string) bool {
	if t, ok := s.entries[entry]; ok && t.keys[key] > 0 {
		return false
	}
	for _, t := range s.entries {
		if t.keys[key] > 0 {
			return true
		}
	}
	return false
}

// What is kept of the statements that were given out: for how long, and how many bytes.
const (
	givenFor   = time.Hour
	givenBytes = 16 << 20
)

// given are statements that were given out to be signed, the newest last.
type given struct {
	mu    sync.Mutex
	by    map[log.Digest]givenClaim // by record digest
	order []log.Digest
	size  int // bytes of all payloads
}

type givenClaim struct {
	slug    string
	payload []byte
	until   time.Time
}

// keep remembers a statement; the oldest make room.
func (g *given) keep(slug string, payload []byte, now time.Time) {
	g.mu.Lock()
	defer g.mu.Unlock()
	d := log.Envelope{Payload: payload, PayloadType: log.PayloadType}.Digest()
	if _, known := g.by[d]; known {
		return
	}
	if g.by == nil {
		g.by = map[log.Digest]givenClaim{}
	}
	g.by[d] = givenClaim{slug, payload, now.Add(givenFor)}
	g.order = append(g.order, d)
	g.size += len(payload)
	for g.size > givenBytes || now.After(g.by[g.order[0]].until) {
		g.size -= len(g.by[g.order[0]].payload)
		delete(g.by, g.order[0])
		g.order = g.order[1:]
	}
}

func (g *given) find(d log.Digest, now time.Time) (givenClaim, bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	c, ok := g.by[d]
	return c, ok && !now.After(c.until)
}

// knock takes an entry of the door into the log, and returns its index. What an enrolled
// key signed is recorded as if it had been handed in.
func (s *Service) knock(ctx context.Context, e log.Entry, leaf []byte) (uint64, error) {
	key := log.Sum(e.Key)
	var where []*publication
	s.speakers.mu.RLock()
	if s.speakers.maybe(key) {
		var err error
		if where, err = s.speaksIn(ctx, key); err != nil {
			s.speakers.mu.RUnlock()
			return 0, err
		}
	}
	if len(where) == 0 {
		defer s.speakers.mu.RUnlock()
		index, _, err := s.Log.Append(ctx, leaf)
		return index, err
	}
	s.speakers.mu.RUnlock()
	if err := s.hear(ctx, e, where); err != nil {
		return 0, err
	}
	// The first signature over a claim has its index, and another one is harmless: what is
	// signed is served.
	index, _, err := s.Log.Append(ctx, leaf)
	return index, err
}

// hear records the claim that a key signed that is enrolled in these publications.
func (s *Service) hear(ctx context.Context, e log.Entry, where []*publication) error {
	key, err := keys.ParsePublicKey(e.Key)
	if err != nil {
		return &InvalidError{err}
	}
	if c, ok := s.given.find(e.Digest, s.Clock()); ok {
		b := &log.Bundle{MediaType: log.BundleMediaType, VerificationMaterial: log.VerificationMaterial{PublicKey: log.KeyHint{Hint: key.Hint()}},
			Envelope: log.Envelope{Payload: c.payload, PayloadType: log.PayloadType, Signatures: []log.EnvelopeSignature{{Sig: e.Signature}}}}
		data, err := b.Marshal()
		if err != nil {
			return &InvalidError{err}
		}
		_, err = s.Claim(ctx, c.slug, data, e.Key, "")
		return err
	}
	for _, p := range where {
		a, ok, err := s.storedAside(ctx, p, asideName{e.Digest, key.Digest()})
		if err != nil || ok && a.index >= 0 {
			return err
		}
	}
	return fmt.Errorf("%w: get a statement from this service and sign that (cosign attest-blob --statement) within an hour, or use `sijil endorse`; sign other things with another key", ErrSpeakerKey)
}
