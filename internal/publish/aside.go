package publish

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/sijil/sijil/internal/endorsement"
	"github.com/sijil/sijil/internal/statement"
	"github.com/sijil/sijil/keys"
	"github.com/sijil/sijil/log"
)

// What is kept of one list entry: maxClaims under one key, so that whoever has stolen
// one cannot use up the place of a withdrawal under another; maxOfEntry claims under all
// keys and as many sightings, so that neither keeps the other out. A redaction names
// them all, and can name 1,000.
const (
	maxClaims  = 64
	maxOfEntry = 500
)

// ErrBusy: the identical record is on its way into the log. The caller answers 503,
// and the client sends it again.
var ErrBusy = errors.New("the same record is being taken in")

// ErrTooMany: as much has been said of a list entry as may be. The caller answers 403.
var ErrTooMany = errors.New("there are too many records about this list entry")

// aside is a record that belongs to no chain. Its fields do not change once it is in
// the log.
type aside struct {
	record *endorsement.Record
	bundle *log.Bundle // without a log entry
	size   int         // of the bundle, in bytes
	index  int64       // -1 until it is in the log
}

// line is how long the record's line in the document is at the most, in bytes.
func (a *aside) line() int { return a.size + besideBundle }

// asides are those of one publication: the store has what is in the log, and here is what
// is on its way there, and what follows from the rest while it is asked for. The
// publication's mu guards them.
type asides struct {
	moving map[asideName]*aside
	// closing is the entry that a redaction on its way withholds: nothing more is
	// taken about it. Empty for none.
	closing string
	seen    map[string]time.Time // when an entry's domain was last seen, by commitment
	said    *said                // nil until it is asked for, and when memory is short
	late    []*aside             // that came into the log since said is being read
	parts   parts                // of the document, as they were asked for
	changes int                  // how often a record came into the log, or went

	reading sync.Mutex    // one reads said at a time; taken before mu
	writing chan struct{} // full while a part is written
}

// asideName is a record under a key: two keys can sign one claim.
type asideName struct{ record, key log.Digest }

func nameOf(r *endorsement.Record) asideName { return asideName{r.Digest(), r.Key.Digest()} }

func newAsides() asides {
	return asides{moving: map[asideName]*aside{}, seen: map[string]time.Time{}, writing: make(chan struct{}, 1)}
}

// forget drops what is known of the entries' records: one of them goes.
func (a *asides) forget(entry string) {
	delete(a.seen, entry)
	a.said, a.parts = nil, parts{}
	a.changes++
}

// loadAsides reads what the store has, after the chains: who speaks, and when domains were
// seen. The records themselves are read when they are asked for.
func (s *Service) loadAsides(ctx context.Context) error {
	err := s.Store.Enrolled(ctx, func(key log.Digest) error {
		s.speakers.add(key)
		return nil
	})
	if err == nil && s.CatchUp != nil && s.Vault != nil {
		err = s.Store.GoneMails(ctx, s.Vault.Delete) // withheld while this process was away
	}
	if err != nil {
		return err
	}
	byGenesis := s.byGenesis()
	return s.Store.Seen(ctx, func(genesis log.Digest, entry string, at time.Time) {
		if p := byGenesis[genesis]; p != nil {
			p.asides.seen[entry] = at
		}
	})
}

// applyAside takes over what another process wrote, or this one.
func (s *Service) applyAside(ctx context.Context, p *publication, a Aside) error {
	if p == nil {
		return fmt.Errorf("record %s belongs to no publication", a.Record)
	}
	if a.Enrols != nil {
		s.speakers.add(*a.Enrols)
	}
	p.mu.Lock()
	p.asides.changes++
	held := p.asides.said != nil || p.asides.late != nil
	p.mu.Unlock()
	if a.Index < 0 || !held {
		return nil
	}
	b, err := log.ParseBundle(a.Bundle)
	if err != nil {
		return fmt.Errorf("record %s: %w", a.Record, err)
	}
	r, err := s.verifyAside(p, b, a.SPKI)
	if err != nil {
		return fmt.Errorf("record %s: %w", a.Record, err)
	}
	s.landed(ctx, p, &aside{record: r, bundle: b, size: len(a.Bundle), index: a.Index})
	return nil
}

// resumeAsides finishes what a crash, or a log that did not answer, left unfinished.
func (s *Service) resumeAsides(ctx context.Context, p *publication) error {
	var stuck []*aside
	err := s.Store.Asides(ctx, AsideSelection{Genesis: p.genesis, Reserved: true}, func(a Aside) error {
		b, err := log.ParseBundle(a.Bundle)
		if err != nil {
			return fmt.Errorf("record %s: %w", a.Record, err)
		}
		r, err := s.verifyAside(p, b, a.SPKI)
		if err != nil {
			return fmt.Errorf("record %s: %w", a.Record, err)
		}
		stuck = append(stuck, &aside{record: r, bundle: b, size: len(a.Bundle), index: -1})
		return nil
	})
	if err != nil {
		return err
	}
	for _, a := range stuck {
		if !p.move(a) {
			continue // somebody is at it
		}
		if _, err := s.settleAside(ctx, p, a); err != nil {
			return fmt.Errorf("record %s: %w", a.record.Digest(), err)
		}
	}
	return nil
}

// move marks a record as being on its way, and reports false where it was.
func (p *publication) move(a *aside) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	name := nameOf(a.record)
	if _, moving := p.asides.moving[name]; moving {
		return false
	}
	p.asides.moving[name] = a
	return true
}

// rest says that nobody takes a record into the log any more.
func (p *publication) rest(a *aside) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.asides.moving, nameOf(a.record))
}

// verifyAside verifies a claim, or a sighting of ours.
func (s *Service) verifyAside(p *publication, b *log.Bundle, spki []byte) (*endorsement.Record, error) {
	key, err := keys.ParsePublicKey(spki)
	if err != nil {
		return nil, err
	}
	p.mu.RLock()
	defer p.mu.RUnlock()
	if s.isObserver(key) {
		return endorsement.VerifySighting(b, key, p.chain, s.verifyAgain())
	}
	return endorsement.VerifyClaim(b, key, p.chain)
}

func (s *Service) isObserver(key *keys.PublicKey) bool {
	return slices.ContainsFunc(s.observers, func(k *keys.PublicKey) bool { return k.Digest() == key.Digest() })
}

// addAside takes a verified record through the log. The same record again has its
// first index.
func (s *Service) addAside(ctx context.Context, p *publication, b *log.Bundle, r *endorsement.Record, invitation *log.Digest) (*Receipt, error) {
	if s.Frozen != nil {
		return nil, &FrozenError{Successor: s.Frozen.Freeze().Successor}
	}
	if err := s.Tree.Room(); err != nil {
		return nil, err
	}
	data, err := b.Marshal()
	if err == nil && len(data) > endorsement.MaxBundle {
		err = fmt.Errorf("the record has %d bytes, and at most %d are taken", len(data), endorsement.MaxBundle)
	}
	if err != nil {
		return nil, &InvalidError{err}
	}
	return s.upToDate(ctx, func() (*Receipt, error) { return s.takeAside(ctx, p, b, r, data, invitation) })
}

func (s *Service) takeAside(ctx context.Context, p *publication, b *log.Bundle, r *endorsement.Record, data []byte, invitation *log.Digest) (*Receipt, error) {
	revision := int64(0)
	if s.CatchUp != nil {
		p.mu.RLock()
		revision = p.revision
		p.mu.RUnlock()
	}
	a := &aside{record: r, bundle: b, size: len(data), index: -1}
	err := s.admitAside(ctx, p, a)
	if errors.Is(err, ErrTooMany) {
		if known, ok, err := s.storedAside(ctx, p, nameOf(r)); err != nil {
			return nil, err
		} else if ok && known.index >= 0 {
			return s.asideReceipt(known, false)
		}
	}
	if err != nil {
		return nil, err
	}
	// If we die before this returns, the record was never here.
	err = s.Store.ReserveAside(ctx, Aside{Record: r.Digest(), SPKI: r.Key.SPKI(), Genesis: p.genesis, Entry: r.Entry(), Enrols: enrols(r), Bundle: data, Invitation: invitation, Revision: revision})
	if err == nil {
		return s.settleAside(ctx, p, a)
	}
	if !errors.Is(err, ErrTaken) {
		s.refuse(ctx, p, a)
		return nil, err
	}
	known, ok, err := s.storedAside(ctx, p, nameOf(r))
	if err == nil && ok && known.index < 0 && s.CatchUp == nil {
		s.readEntry(ctx, p, r.Entry()) // it was counted before
		return s.settleAside(ctx, p, a)
	}
	s.refuse(ctx, p, a)
	switch {
	case err != nil:
		return nil, err
	case !ok || known.index < 0:
		return nil, ErrBusy // another process moves it
	}
	return s.asideReceipt(known, false)
}

// admitAside marks a record as being on its way.
func (s *Service) admitAside(ctx context.Context, p *publication, a *aside) error {
	return s.withSaid(ctx, p, true, func(said *said) error {
		entry, name := a.record.Entry(), nameOf(a.record)
		if _, moving := p.asides.moving[name]; moving {
			return ErrBusy
		}
		if _, gone := p.chain.Withheld(entry); gone || p.asides.closing == entry {
			return endorsement.ErrNoEntry
		}
		if !said.take(a, s.maxBytes) {
			return ErrTooMany
		}
		p.asides.moving[name] = a
		return nil
	})
}

// refuse says that a record that was admitted is not one more.
func (s *Service) refuse(ctx context.Context, p *publication, a *aside) {
	p.rest(a)
	s.readEntry(context.WithoutCancel(ctx), p, a.record.Entry())
}

// settleAside appends a record that is moving. If we die in here the entry may be in
// the log without an index in our rows: the next start appends it again and is given
// the first index. After an error it rests, and whoever sends it again moves it on.
func (s *Service) settleAside(ctx context.Context, p *publication, a *aside) (_ *Receipt, err error) {
	defer func() {
		if err != nil {
			p.rest(a)
		}
	}()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), settleTimeout)
	defer cancel()
	if key := enrols(a.record); key != nil {
		s.speakers.add(*key)
	}
	index, _, err := s.Log.Append(ctx, a.record.Leaf())
	if err != nil {
		return nil, fmt.Errorf("append to the log: %w", err)
	}
	if _, err := s.Tree.Cover(ctx, index); err != nil {
		return nil, fmt.Errorf("checkpoint: %w", err)
	}
	if err := s.Store.SettleAside(ctx, a.record.Digest(), a.record.Key.Digest(), int64(index)); err != nil {
		return nil, fmt.Errorf("settle: %w", err)
	}
	in := &aside{record: a.record, bundle: a.bundle, size: a.size, index: int64(index)}
	s.landed(ctx, p, in)
	if enrols(a.record) != nil {
		if err := s.confirmRows(ctx, p); err != nil {
			return nil, err
		}
	}
	return s.asideReceipt(in, true)
}

// enrols is the digest of the key that a record enrols, nil if it is no enrolment.
func enrols(r *endorsement.Record) *log.Digest {
	e, ok := r.Sighting.(*statement.Enrolment)
	if !ok {
		return nil
	}
	key := log.Sum(e.Key)
	return &key
}

func (s *Service) asideReceipt(a *aside, created bool) (*Receipt, error) {
	c := s.Tree.Latest()
	bundle, err := s.complete(a.bundle, a.record.Signed, a.index, c)
	if err != nil {
		return nil, err
	}
	return &Receipt{Record: a.record.Digest(), Index: a.index, Bundle: bundle, Created: created, Have: 1, Want: 1}, nil
}

// see signs what this service saw, and takes it through the log; an invitation that
// lets it in is used up.
func (s *Service) see(ctx context.Context, p *publication, what statement.Sighting, invitation *log.Digest) (*Receipt, error) {
	payload, err := statement.EncodeSighting(what)
	if err != nil {
		return nil, err
	}
	b, err := s.Observer.Sign(s.Rand, payload)
	if err != nil {
		return nil, err
	}
	p.mu.RLock()
	c := p.chain.Clone()
	p.mu.RUnlock()
	r, err := endorsement.VerifySighting(b, s.Observer.Public(), c, s.verifyAgain())
	if err != nil {
		return nil, err
	}
	return s.addAside(ctx, p, b, r, invitation)
}
