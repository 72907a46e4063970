package publish

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/sijil/sijil/internal/endorsement"
	"github.com/sijil/sijil/internal/jcs"
	"github.com/sijil/sijil/internal/statement"
	"github.com/sijil/sijil/keys"
	"github.com/sijil/sijil/log"
)

// maxAsides bounds how many records are kept of one list entry.
const maxAsides = 64

// ErrBusy: the identical record is on its way into the log. The caller answers 503,
// and the client sends it again.
var ErrBusy = errors.New("the same record is being taken in")

// ErrTooMany: a list entry has as many records as it may. The caller answers 403.
var ErrTooMany = errors.New("there are too many records about this list entry")

// aside is a record that belongs to no chain, in the log.
type aside struct {
	record *endorsement.Record
	bundle *log.Bundle // without a log entry
	index  int64
}

// asides are those of one publication. The publication's mu guards them.
type asides struct {
	list   []aside // by log index
	flying map[asideName]bool
	seen   map[string]time.Time // when an entry's domain was last seen, by commitment
	book   *endorsement.Book    // of list; nil when it is to be read anew
}

// asideName is a record under a key: two keys can sign one claim.
type asideName struct{ record, key log.Digest }

func nameOf(r *endorsement.Record) asideName { return asideName{r.Digest(), r.Key.Digest()} }

func newAsides() asides {
	return asides{flying: map[asideName]bool{}, seen: map[string]time.Time{}}
}

// loadAsides reads what the store has, after the chains.
func (s *Service) loadAsides(ctx context.Context) error {
	byGenesis := map[log.Digest]*publication{}
	for _, p := range s.all() {
		byGenesis[p.chain.Genesis()] = p
	}
	err := s.Store.Asides(ctx, func(a Aside) error {
		p := byGenesis[a.Genesis]
		if p == nil {
			return fmt.Errorf("record %s belongs to no publication", a.Record)
		}
		b, err := log.ParseBundle(a.Bundle)
		if err != nil {
			return fmt.Errorf("record %s: %w", a.Record, err)
		}
		r, err := s.verifyAside(p, b, a.SPKI)
		if err != nil {
			return fmt.Errorf("record %s: %w", a.Record, err)
		}
		if a.Index < 0 {
			p.asides.flying[nameOf(r)] = true
			s.unsettled = append(s.unsettled, unsettled{p, aside{record: r, bundle: b}})
			return nil
		}
		p.asides.list = append(p.asides.list, aside{record: r, bundle: b, index: a.Index})
		return nil
	})
	if err != nil {
		return err
	}
	return s.Store.Seen(ctx, func(genesis log.Digest, entry string, at time.Time) {
		if p := byGenesis[genesis]; p != nil {
			p.asides.seen[entry] = at
		}
	})
}

// unsettled is a record that a crash kept from being settled.
type unsettled struct {
	p *publication
	a aside
}

// resumeAsides finishes what a crash left unfinished.
func (s *Service) resumeAsides(ctx context.Context) error {
	for _, u := range s.unsettled {
		if _, err := s.settleAside(ctx, u.p, u.a); err != nil {
			return fmt.Errorf("record %s: %w", u.a.record.Digest(), err)
		}
	}
	s.unsettled = nil
	return nil
}

// verifyAside verifies a claim, or a sighting of ours.
func (s *Service) verifyAside(p *publication, b *log.Bundle, spki []byte) (*endorsement.Record, error) {
	key, err := keys.ParsePublicKey(spki)
	if err != nil {
		return nil, err
	}
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
	if first, err := p.admitAside(r); err != nil {
		return nil, err
	} else if first != nil {
		return s.asideReceipt(p, *first, false)
	}
	// If we die before this returns, the record was never here.
	err = s.Store.ReserveAside(ctx, Aside{Record: r.Digest(), SPKI: r.Key.SPKI(), Genesis: p.chain.Genesis(), Entry: r.Entry(), Bundle: data, Invitation: invitation})
	if err != nil {
		p.land(r)
		return nil, err
	}
	return s.settleAside(ctx, p, aside{record: r, bundle: b})
}

// admitAside marks a record as being on its way, or returns the one that is there.
func (p *publication) admitAside(r *endorsement.Record) (*aside, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	about := 0
	for i := range p.asides.list {
		if nameOf(p.asides.list[i].record) == nameOf(r) {
			return &p.asides.list[i], nil
		}
		if p.asides.list[i].record.Entry() == r.Entry() {
			about++
		}
	}
	if about >= maxAsides {
		return nil, ErrTooMany
	}
	if p.asides.flying[nameOf(r)] {
		return nil, ErrBusy
	}
	p.asides.flying[nameOf(r)] = true
	return nil, nil
}

func (p *publication) land(r *endorsement.Record) {
	p.mu.Lock()
	delete(p.asides.flying, nameOf(r))
	p.mu.Unlock()
}

// settleAside appends the record. If we die in here the entry may be in the log
// without an index in our rows: the next start appends it again and is given the
// first index.
func (s *Service) settleAside(ctx context.Context, p *publication, a aside) (*Receipt, error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), settleTimeout)
	defer cancel()
	index, _, err := s.Log.Append(ctx, a.record.Leaf())
	if err != nil {
		return nil, fmt.Errorf("append to the log: %w", err)
	}
	if _, err := s.Tree.Cover(ctx, index); err != nil {
		return nil, fmt.Errorf("checkpoint: %w", err)
	}
	a.index = int64(index)
	if err := s.Store.SettleAside(ctx, a.record.Digest(), a.record.Key.Digest(), a.index); err != nil {
		return nil, fmt.Errorf("settle: %w", err)
	}
	p.mu.Lock()
	delete(p.asides.flying, nameOf(a.record))
	if _, gone := p.chain.Withheld(a.record.Entry()); !gone {
		i, _ := slices.BinarySearchFunc(p.asides.list, a.index, func(x aside, want int64) int { return int(x.index - want) })
		p.asides.list = slices.Insert(p.asides.list, i, a)
		p.asides.book = nil
	}
	p.mu.Unlock()
	return s.asideReceipt(p, a, true)
}

func (s *Service) asideReceipt(p *publication, a aside, created bool) (*Receipt, error) {
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

// bookOf reads what was said of the publication's entries. The caller does not hold
// mu.
func (p *publication) bookOf() *endorsement.Book {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.asides.book == nil {
		records := make([]endorsement.Logged, len(p.asides.list))
		for i, a := range p.asides.list {
			records[i] = endorsement.Logged{Record: a.record, Index: a.index}
		}
		p.asides.book = endorsement.Read(p.chain.Clone(), p.policies(), records)
	}
	return p.asides.book
}

// policies are those of the chain over time. The caller holds mu.
func (p *publication) policies() []endorsement.Policy {
	var out []endorsement.Policy
	for _, e := range p.entries {
		var policy statement.Policy
		switch st := e.record.Statement.(type) {
		case *statement.Publication:
			policy = st.Policy
		case *statement.PolicyChange:
			policy = st.Policy
		default:
			continue
		}
		list, err := policy.PublicKeys()
		if err != nil {
			continue // it was checked when it was parsed
		}
		out = append(out, endorsement.Policy{From: e.index, Keys: list})
	}
	return out
}

// Endorsements returns every record about the publication's entries, in the order of
// the log: a line of JSON each, with the bundle, whose proof leads to the view's
// checkpoint, and the signer's key (base64 of its SubjectPublicKeyInfo).
func (s *Service) Endorsements(v View, slug string) ([]byte, error) {
	p, err := s.find(slug)
	if err != nil {
		return nil, err
	}
	c := s.tree(v)
	p.mu.RLock()
	list := slices.Clone(p.asides.list)
	known := p.newest(c.Size) != nil
	p.mu.RUnlock()
	if !known {
		return nil, fmt.Errorf("publication %w", ErrUnknown)
	}
	var out bytes.Buffer
	for _, a := range list {
		if a.index >= c.Size {
			break
		}
		bundle, err := s.complete(a.bundle, a.record.Signed, a.index, c)
		if err != nil {
			return nil, err
		}
		line, err := jcs.Marshal(map[string]any{"bundle": rawJSON(bundle), "key": base64.StdEncoding.EncodeToString(a.record.Key.SPKI())})
		if err != nil {
			return nil, err
		}
		out.Write(line)
		out.WriteByte('\n')
	}
	return out.Bytes(), nil
}

// aside returns the record with this digest that belongs to no chain.
func (p *publication) aside(record log.Digest) (aside, bool) {
	p.mu.RLock()
	defer p.mu.RUnlock()
	for _, a := range p.asides.list {
		if a.record.Digest() == record {
			return a, true
		}
	}
	return aside{}, false
}
