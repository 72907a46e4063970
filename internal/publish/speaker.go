package publish

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/sijil/sijil/internal/statement"
	"github.com/sijil/sijil/keys"
	"github.com/sijil/sijil/log"
)

// ErrSpeakerKey: a key that a domain has named for a list entry signed something at the
// door that nobody could read. The caller answers 403.
var ErrSpeakerKey = errors.New("the key speaks for a signatory, so what it signs has to be readable")

// speakers are the keys that were enrolled for list entries, and where. What they sign has
// to be served, and of an entry of the door there is a digest alone: so the door takes from
// them the statements that were given out here, whose bytes are known.
type speakers struct {
	// mu is held for reading while the door takes an entry of a key that speaks nowhere, so
	// that no key begins to speak meanwhile. It is taken before a publication's mu.
	mu sync.RWMutex
	of map[log.Digest]map[*publication]bool
}

// add says that a key speaks, before the log says so.
func (s *speakers) add(p *publication, key log.Digest) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.addLocked(p, key)
}

func (s *speakers) addLocked(p *publication, key log.Digest) {
	if s.of == nil {
		s.of = map[log.Digest]map[*publication]bool{}
	}
	if s.of[key] == nil {
		s.of[key] = map[*publication]bool{}
	}
	s.of[key][p] = true
}

// read notes anew who speaks in a publication.
func (s *speakers) read(p *publication) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for key, where := range s.of {
		if delete(where, p); len(where) == 0 {
			delete(s.of, key)
		}
	}
	p.mu.RLock()
	defer p.mu.RUnlock()
	for _, a := range p.asides.names {
		if e, ok := a.record.Sighting.(*statement.Enrolment); ok {
			s.addLocked(p, log.Sum(e.Key))
		}
	}
}

// in returns the publications in which a key speaks.
func (s *speakers) in(key log.Digest) (out []*publication) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	for p := range s.of[key] {
		out = append(out, p)
	}
	return out
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
	s.speakers.mu.RLock()
	if len(s.speakers.of[key]) == 0 {
		defer s.speakers.mu.RUnlock()
		index, _, err := s.Log.Append(ctx, leaf)
		return index, err
	}
	s.speakers.mu.RUnlock()
	if err := s.hear(ctx, e); err != nil {
		return 0, err
	}
	// The first signature over a claim has its index, and another one is harmless: what is
	// signed is served.
	index, _, err := s.Log.Append(ctx, leaf)
	return index, err
}

// hear records the claim that an enrolled key signed.
func (s *Service) hear(ctx context.Context, e log.Entry) error {
	key, err := keys.ParsePublicKey(e.Key)
	if err != nil {
		return &InvalidError{err}
	}
	where := s.speakers.in(key.Digest())
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
		p.mu.RLock()
		a, ok := p.asides.names[asideName{e.Digest, key.Digest()}]
		ok = ok && a.index >= 0
		p.mu.RUnlock()
		if ok {
			return nil
		}
	}
	return fmt.Errorf("%w: get a statement from this service and sign that (cosign attest-blob --statement) within an hour, or use `sijil endorse`; sign other things with another key", ErrSpeakerKey)
}
