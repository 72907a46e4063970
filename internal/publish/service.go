// Package publish holds the use cases of the service: create a publication,
// submit a record, read what was published, verify a copy. It owns the
// interfaces it needs (Log, Tree, Store) and imports only pure packages.
//
// A submit goes through these steps, in this order; each comment in Submit says
// what a crash leaves behind:
//
//	check → reserve (payload and intent, one transaction) → append to the log,
//	integrated → covered by a signed checkpoint → settle (index, bundle, head)
//	→ answer
//
// What is reserved and not settled is resumed at the next start, before the
// service answers anybody; the log itself drops the second copy of an entry.
package publish

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/mod/sumdb/note"

	"github.com/sijil/sijil/internal/chain"
	"github.com/sijil/sijil/internal/endorsement"
	"github.com/sijil/sijil/internal/extract"
	"github.com/sijil/sijil/internal/match"
	"github.com/sijil/sijil/internal/statement"
	"github.com/sijil/sijil/keys"
	"github.com/sijil/sijil/log"
)

// ErrUnknown: no such publication, version, language or record. The caller
// answers 404.
var ErrUnknown = errors.New("not found")

// Config holds what a service needs; every field is required but Frozen, ReadOnly and Door.
type Config struct {
	Log  Log
	Tree Tree
	// Public returns the newest checkpoint that readers are shown: the newest
	// one with witness quorum. It never goes back and is never beyond
	// Tree.Latest.
	Public func() Checkpoint
	Store  Store
	// Frozen is the log's statement that it has ended: no record is taken any
	// more. Optional.
	Frozen *log.VerifiedFreeze
	// ReadOnly leaves unfinished what a crash left unfinished. Optional.
	ReadOnly bool
	// CatchUp brings this process up to what others have written to Store, by Apply.
	// Optional: nil says that nobody else writes.
	CatchUp func(context.Context) error
	// Door says who may write through the Rekor v2 API; "" is DoorOff.
	Door   Door
	Signer note.Signer // the log's key, for heads
	Trust  *keys.Trust // what this service itself pins
	Clock  func() time.Time
	Logger *slog.Logger
	// Observer signs what this service sees of signatories. Optional: without it
	// nothing is seen. Observers are the keys that signed before; it may be among them.
	Observer  *keys.Signer
	Observers []*keys.PublicKey
	// Domains looks at organisations' domains. Optional.
	Domains Domains
	// Passkeys verifies passkeys. Optional: without it there are none.
	Passkeys Passkeys
	// Mails verifies mails that come to MailTo. Optional: without it none is taken.
	Mails  MailVerifier
	MailTo string
	// Notify tells an organisation what was said in its name. It does not block.
	// Optional.
	Notify func(context.Context, Notice)
	// Vault keeps raw mails. Optional: without it they are not kept.
	Vault Vault
	// Rand is a cryptographic source. Optional; default crypto/rand.
	Rand io.Reader
	// Files reads the files that are to be checked. Optional: without it forms that
	// need an engine are not read.
	Files *extract.Reader
}

// Service carries out the use cases. Safe for concurrent use.
type Service struct {
	Config
	name  statement.LogName
	index *match.Index
	ring  *ring
	// What the door has to know of signatories.
	speakers speakers
	given    given
	maxSaid  int           // see the constant
	maxBytes int           // of a publication's document: endorsement.MaxBytes
	records  int           // of a full part: endorsement.PartRecords
	reading  chan struct{} // full while what was said of a publication is read
	asked    atomic.Int64  // counts how often what was said was asked for
	landings atomic.Int64  // counts records about list entries that came into the log

	mu           sync.RWMutex // guards publications
	publications map[string]*publication
	observers    []*keys.PublicKey // the one in use first
	creating     sync.Mutex        // one genesis at a time: slugs are compared with all others
	releasing    sync.Mutex        // guards the newest release in Store
}

// Open loads what the store has, finishes what a crash left unfinished, and
// returns the service. It verifies every record of the chains on the way and refuses
// to start on one that does not follow its chain.
func Open(ctx context.Context, c Config) (*Service, error) {
	if c.Files == nil {
		c.Files = &extract.Reader{}
	}
	s := &Service{Config: c, name: statement.NameOf(c.Trust.Policy().Log()), index: match.NewIndex(), maxSaid: maxSaid, maxBytes: endorsement.MaxBytes, reading: make(chan struct{}, 1), records: endorsement.PartRecords, ring: newRing(), publications: map[string]*publication{}}
	if s.Rand == nil {
		s.Rand = rand.Reader
	}
	if s.Observer != nil {
		s.observers = append(s.observers, s.Observer.Public())
	}
	for _, k := range s.Observers {
		if !s.isObserver(k) {
			s.observers = append(s.observers, k)
		}
	}
	if s.Door == "" {
		s.Door = DoorOff
	}
	if err := s.Store.DoorKeys(ctx, func(key log.Digest) { s.ring.door[key] = true }); err != nil {
		return nil, fmt.Errorf("load door keys: %w", err)
	}
	batches, err := s.storedBatches(ctx)
	if err != nil {
		return nil, fmt.Errorf("load rolls: %w", err)
	}
	if err := s.load(ctx); err != nil {
		return nil, fmt.Errorf("load publications: %w", err)
	}
	// Before what is about a withheld entry goes: it names the mails that go with it.
	if err := s.loadAsides(ctx); err != nil {
		return nil, fmt.Errorf("load endorsements: %w", err)
	}
	if err := loadBatches(s.byGenesis(), batches); err != nil {
		return nil, fmt.Errorf("load rolls: %w", err)
	}
	for _, p := range s.all() {
		if !c.ReadOnly && c.CatchUp == nil { // else whoever leads does it
			if err := s.resume(ctx, p); err != nil {
				return nil, fmt.Errorf("publication %q: finish what was interrupted: %w", p.slug, err)
			}
		}
		if err := s.withholdAgain(ctx, p); err != nil {
			return nil, fmt.Errorf("publication %q: finish what was interrupted: %w", p.slug, err)
		}
	}
	if c.ReadOnly || c.CatchUp != nil {
		return s, nil
	}
	for _, p := range s.all() {
		err := s.resumeAsides(ctx, p)
		if err == nil {
			err = s.resumeRoll(ctx, p)
		}
		if err == nil {
			err = s.confirmRows(ctx, p)
		}
		if err != nil {
			return nil, fmt.Errorf("publication %q: finish what was interrupted: %w", p.slug, err)
		}
	}
	if err := s.scrub(ctx); err != nil {
		return nil, err
	}
	return s, nil
}

func (s *Service) load(ctx context.Context) error {
	err := s.Store.Records(ctx, func(r Stored) error {
		p, err := s.loadRecord(s.publications[r.Slug], r)
		if err != nil {
			return fmt.Errorf("%q record %d: %w", r.Slug, r.Sequence, err)
		}
		if s.publications[r.Slug] = p; p.pending != nil || len(p.entries) == 0 || r.State != Settled {
			return nil
		}
		return s.indexed(p, p.entries[len(p.entries)-1])
	})
	if err != nil {
		return err
	}
	for _, p := range s.publications {
		if err := s.checkHead(p); err != nil {
			return fmt.Errorf("%q: %w", p.slug, err)
		}
	}
	return nil
}

// checkHead holds a publication's signed head against its records: one that is missing
// leaves no other trace when it is the newest. In a cluster the two are read one after the
// other, and another front end may write in between.
func (s *Service) checkHead(p *publication) error {
	if len(p.entries) == 0 || s.CatchUp != nil {
		return nil
	}
	head, err := log.OpenHead(p.head, s.Trust.Policy().LogOnly())
	if err != nil {
		return err
	}
	if newest := p.entries[len(p.entries)-1].digest(); head.Head().Record != newest {
		return fmt.Errorf("the head is record %s, the newest that is there %s: the database is damaged", head.Head().Record, newest)
	}
	return nil
}

// loadRecord adds a stored record to its publication, nil before the genesis.
func (s *Service) loadRecord(p *publication, r Stored) (*publication, error) {
	if len(r.Signatures) == 0 {
		return nil, errors.New("it has no signature")
	}
	e := &entry{index: -1}
	for i, stored := range r.Signatures {
		b, err := log.ParseBundle(stored.Bundle)
		if err != nil {
			return nil, err
		}
		switch {
		case i > 0:
			err = e.cosign(b)
		case r.Sequence == 0:
			p, err = s.startEntry(e, b)
		case p == nil:
			err = errors.New("no genesis record")
		default:
			err = e.propose(p.chain, b)
		}
		if err != nil {
			return nil, err
		}
		e.last().index = stored.Index
	}
	if e.digest() != r.Record {
		return nil, fmt.Errorf("stored under %s, is %s", r.Record, e.digest())
	}
	var err error
	if e.edition, err = openEdition(e.statement(), r.Content); err != nil {
		return nil, err
	}
	p.revision = r.Revision
	return p, s.place(p, e, r)
}

// startEntry begins a publication with its genesis.
func (s *Service) startEntry(e *entry, b *log.Bundle) (*publication, error) {
	p, record, err := s.start(b)
	if err != nil {
		return nil, err
	}
	e.begin(record, b)
	s.publisherKeys(p.chain)
	return p, nil
}

// place puts a loaded record where it belongs.
func (s *Service) place(p *publication, e *entry, r Stored) error {
	if p.pending != nil {
		return errors.New("follows a record that is not in the log")
	}
	if e.last().index < 0 {
		p.pending = e
		return nil
	}
	if r.State != Settled {
		p.proposals[e.digest()] = e
		return nil
	}
	e.index = e.last().index
	p.add(*e)
	s.publisherKeys(p.chain)
	if p.head = r.Head; p.head != nil {
		head, err := log.OpenHead(p.head, s.Trust.Policy().LogOnly())
		if err != nil {
			return err
		}
		p.headAt = head.Head().TreeSize
	}
	return nil
}

// publisherKeys keeps the keys of a policy from the door, for ever.
func (s *Service) publisherKeys(c *chain.Chain) {
	s.ring.mu.Lock()
	defer s.ring.mu.Unlock()
	for _, k := range c.Keys() {
		s.ring.publishers[k.Digest()] = true
	}
}

// PublisherKeys are the keys that a policy of some publication names, or has named.
func (s *Service) PublisherKeys() []log.Digest {
	s.ring.mu.Lock()
	defer s.ring.mu.Unlock()
	return slices.Collect(maps.Keys(s.ring.publishers))
}

// indexed makes a settled record known to Verify.
func (s *Service) indexed(p *publication, e entry) error {
	if e.edition != nil {
		return s.index.Add(p.slug, p.genesis.String(), e.edition.ForMatch())
	}
	if r, ok := e.record.Statement.(*statement.Retraction); ok {
		if r.Version == nil {
			s.index.Retract(p.slug)
		} else {
			s.index.Retract(p.slug, r.Version.Number)
		}
	}
	return nil
}

func (s *Service) all() []*publication {
	s.mu.RLock()
	defer s.mu.RUnlock()
	out := make([]*publication, 0, len(s.publications))
	for _, p := range s.publications {
		out = append(out, p)
	}
	return out
}

func (s *Service) byGenesis() map[log.Digest]*publication {
	out := map[log.Digest]*publication{}
	for _, p := range s.all() {
		out[p.chain.Genesis()] = p
	}
	return out
}

func (s *Service) find(slug string) (*publication, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if p, ok := s.publications[slug]; ok {
		return p, nil
	}
	return nil, fmt.Errorf("publication %w", ErrUnknown)
}
