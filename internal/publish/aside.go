package publish

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
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
	index  int64       // -1 until it is in the log
	moving bool        // somebody takes it there
}

// asides are those of one publication. The publication's mu guards them.
type asides struct {
	list  []*aside // by log index
	names map[asideName]*aside
	count map[about]int
	entry map[string][]*aside // those of list, by the entry that they are about
	// closing is the entry that a redaction on its way withholds: nothing more is
	// taken about it. Empty for none.
	closing string
	seen    map[string]time.Time // when an entry's domain was last seen, by commitment
	book    *endorsement.Book    // of list; nil when it is to be read anew
	docs    [2]asideDoc          // by view
	forgot  int                  // how often something was dropped
}

// asideName is a record under a key: two keys can sign one claim.
type asideName struct{ record, key log.Digest }

// about is what is counted of one entry: claims under a key, claims under any (the
// zero digest), or sightings.
type about struct {
	entry    string
	key      log.Digest
	sighting bool
}

func nameOf(r *endorsement.Record) asideName { return asideName{r.Digest(), r.Key.Digest()} }

// counted are the counts that a record is in, with the most that each may be.
func counted(r *endorsement.Record) map[about]int {
	if r.Sighting != nil {
		return map[about]int{{entry: r.Entry(), sighting: true}: maxOfEntry}
	}
	return map[about]int{{entry: r.Entry(), key: r.Key.Digest()}: maxClaims, {entry: r.Entry()}: maxOfEntry}
}

func newAsides() asides {
	return asides{names: map[asideName]*aside{}, count: map[about]int{}, entry: map[string][]*aside{}, seen: map[string]time.Time{}}
}

// take notes a record that is on its way, or there. The caller holds mu, or is alone.
func (a *asides) take(x *aside) {
	a.names[nameOf(x.record)] = x
	for k := range counted(x.record) {
		a.count[k]++
	}
}

// drop is take undone.
func (a *asides) drop(x *aside) {
	delete(a.names, nameOf(x.record))
	for k := range counted(x.record) {
		a.count[k]--
	}
}

// settled notes that a record is in the log, at its index.
func (a *asides) settled(x *aside) {
	a.list = insert(a.list, x)
	entry := x.record.Entry()
	a.entry[entry] = insert(a.entry[entry], x)
	_, enrolment := x.record.Sighting.(*statement.Enrolment)
	switch {
	case enrolment || a.book == nil:
		a.book = nil
	case !a.book.Add(x.logged()):
		a.book.Again(entry, logged(a.entry[entry]))
	}
}

func (a *aside) logged() endorsement.Logged {
	return endorsement.Logged{Record: a.record, Index: a.index}
}

func logged(list []*aside) []endorsement.Logged {
	out := make([]endorsement.Logged, len(list))
	for i, a := range list {
		out[i] = a.logged()
	}
	return out
}

func insert(list []*aside, x *aside) []*aside {
	i, _ := slices.BinarySearchFunc(list, x.index, func(y *aside, want int64) int { return cmp.Compare(y.index, want) })
	return slices.Insert(list, i, x)
}

// forget drops everything about an entry.
func (a *asides) forget(entry string) {
	of := func(x *aside) bool { return x.record.Entry() == entry }
	a.list = slices.DeleteFunc(a.list, of)
	maps.DeleteFunc(a.names, func(_ asideName, x *aside) bool { return of(x) })
	maps.DeleteFunc(a.count, func(k about, _ int) bool { return k.entry == entry })
	delete(a.entry, entry)
	delete(a.seen, entry)
	a.book, a.docs = nil, [2]asideDoc{}
	a.forgot++
}

// below is how many of list stand in a tree of a size.
func (a *asides) below(size int64) int {
	n, _ := slices.BinarySearchFunc(a.list, size, func(x *aside, size int64) int { return cmp.Compare(x.index, size) })
	return n
}

// loadAsides reads what the store has, after the chains.
func (s *Service) loadAsides(ctx context.Context) error {
	byGenesis := s.byGenesis()
	err := s.Store.Asides(ctx, func(a Aside) error {
		return s.loadAside(byGenesis[a.Genesis], a)
	})
	if err != nil {
		return err
	}
	for _, p := range byGenesis {
		s.speakers.read(p)
	}
	return s.Store.Seen(ctx, func(genesis log.Digest, entry string, at time.Time) {
		if p := byGenesis[genesis]; p != nil {
			p.asides.seen[entry] = at
		}
	})
}

// loadAside takes over what the store has of a record.
func (s *Service) loadAside(p *publication, a Aside) error {
	if p == nil {
		return fmt.Errorf("record %s belongs to no publication", a.Record)
	}
	name := asideName{a.Record, log.Sum(a.SPKI)}
	p.mu.RLock()
	x := p.asides.names[name]
	p.mu.RUnlock()
	if x == nil {
		b, err := log.ParseBundle(a.Bundle)
		if err != nil {
			return fmt.Errorf("record %s: %w", a.Record, err)
		}
		r, err := s.verifyAside(p, b, a.SPKI)
		if err != nil {
			return fmt.Errorf("record %s: %w", a.Record, err)
		}
		x = &aside{record: r, bundle: b, index: -1}
		p.mu.Lock()
		p.asides.take(x)
		p.mu.Unlock()
	}
	if a.Index >= 0 {
		p.landed(x, a.Index)
	}
	return nil
}

// resumeAsides finishes what a crash, or a log that did not answer, left unfinished.
func (s *Service) resumeAsides(ctx context.Context, p *publication) error {
	p.mu.Lock()
	var stuck []*aside
	for _, a := range p.asides.names {
		if a.index < 0 && !a.moving {
			a.moving = true
			stuck = append(stuck, a)
		}
	}
	p.mu.Unlock()
	for i, a := range stuck {
		if _, err := s.settleAside(ctx, p, a); err != nil {
			p.rest(stuck[i:]...)
			return fmt.Errorf("record %s: %w", a.record.Digest(), err)
		}
	}
	return nil
}

// rest says that nobody takes these records into the log any more.
func (p *publication) rest(list ...*aside) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, a := range list {
		a.moving = false
	}
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
	a, known, err := p.admitAside(b, r)
	if err != nil {
		return nil, err
	}
	if known && a.index >= 0 {
		return s.asideReceipt(p, a, false)
	}
	if !known {
		// If we die before this returns, the record was never here.
		err = s.Store.ReserveAside(ctx, Aside{Record: r.Digest(), SPKI: r.Key.SPKI(), Genesis: p.genesis, Entry: r.Entry(), Bundle: data, Invitation: invitation, Revision: revision})
		if err != nil {
			if s.CatchUp != nil && errors.Is(err, ErrTaken) {
				err = ErrBusy // by another process
			}
			p.mu.Lock()
			p.asides.drop(a)
			p.mu.Unlock()
			return nil, err
		}
	}
	return s.settleAside(ctx, p, a)
}

// admitAside marks a record as being on its way, or returns the one that is known: in
// the log, or kept from it by a fault, and then it is on its way again.
func (p *publication) admitAside(b *log.Bundle, r *endorsement.Record) (a *aside, known bool, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if a, known = p.asides.names[nameOf(r)]; known {
		if a.index < 0 && a.moving {
			return nil, false, ErrBusy
		}
		if a.index < 0 {
			a.moving = true
		}
		return a, true, nil
	}
	if _, gone := p.chain.Withheld(r.Entry()); gone || p.asides.closing == r.Entry() {
		return nil, false, endorsement.ErrNoEntry
	}
	for k, most := range counted(r) {
		if p.asides.count[k] >= most {
			return nil, false, ErrTooMany
		}
	}
	a = &aside{record: r, bundle: b, index: -1, moving: true}
	p.asides.take(a)
	return a, false, nil
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
	if e, ok := a.record.Sighting.(*statement.Enrolment); ok {
		s.speakers.add(p, log.Sum(e.Key))
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
	p.landed(a, int64(index))
	if _, ok := a.record.Sighting.(*statement.Enrolment); ok {
		if err := s.confirmRows(ctx, p); err != nil {
			return nil, err
		}
	}
	return s.asideReceipt(p, a, true)
}

// landed notes that a record is in the log, once.
func (p *publication) landed(a *aside, index int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if a.moving = false; a.index < 0 {
		a.index = index
		p.asides.settled(a)
	}
}

func (s *Service) asideReceipt(_ *publication, a *aside, created bool) (*Receipt, error) {
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
