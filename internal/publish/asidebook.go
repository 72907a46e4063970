package publish

import (
	"context"
	"fmt"
	"math"
	"runtime/debug"
	"slices"
	"sync/atomic"

	"github.com/sijil/sijil/internal/endorsement"
	"github.com/sijil/sijil/internal/statement"
	"github.com/sijil/sijil/log"
)

// maxSaid is how many records about list entries the publications have together of which is
// held what follows from them: some 30 MB. One publication is held whatever it has.
const maxSaid = 100_000

// leavesMuch is after how many records reading leaves so much behind that it is given back to
// the system at once: some ten times what is held.
const leavesMuch = 5_000

// roomEvery is after how many new records it is looked for what to drop.
const roomEvery = 1024

// besideBundle is what a line of the document may have beside the record's bundle: the
// entry, a proof of 40 hashes, the key, and a checkpoint with twenty cosignatures.
const besideBundle = 6 << 10

// said is what follows from a publication's records about its list entries. The
// publication's mu guards it.
type said struct {
	book    *endorsement.Book
	entries map[string]*tally
	records int
	bytes   int          // of their lines in the document, at the most
	used    atomic.Int64 // when it was last asked for, by Service.asked
}

// tally counts the records about one entry, those on their way among them.
type tally struct {
	claims    int
	sightings int
	bytes     int                // see said
	keys      map[log.Digest]int // how many were made with which key, passkeys too
	at        []int64            // where those that are in the log stand there
}

func newSaid(book *endorsement.Book) *said {
	return &said{book: book, entries: map[string]*tally{}}
}

func (s *said) tally(entry string) *tally {
	t, ok := s.entries[entry]
	if !ok {
		t = &tally{}
		s.entries[entry] = t
	}
	return t
}

// take counts a record, unless there are as many as may be: about its entry, or, in most
// bytes, of the publication, of which the last eighth is kept for those who withdraw or deny.
func (s *said) take(a *aside, most int) bool {
	r := a.record
	t := s.tally(r.Entry())
	if r.Sighting != nil && t.sightings >= maxOfEntry || r.Claim != nil && (t.claims >= maxOfEntry || t.keys[r.Key.Digest()] >= maxClaims) {
		return false
	}
	switch r.Claim.(type) {
	case *statement.Withdrawal, *statement.Denial:
	default:
		most -= most / 8
	}
	if s.bytes+a.line() > most {
		return false
	}
	s.count(t, a)
	return true
}

func (s *said) count(t *tally, a *aside) {
	s.records++
	s.bytes += a.line()
	t.count(a)
}

func (t *tally) count(a *aside) {
	r := a.record
	t.bytes += a.line()
	if r.Sighting != nil {
		t.sightings++
	} else {
		t.claims++
	}
	if key, ok := speaker(r); ok {
		if t.keys == nil {
			t.keys = map[log.Digest]int{}
		}
		t.keys[key]++
	}
}

// land notes that a record is in the log. It reports false where its entry is to be read
// again, and clears the book where everything is.
func (s *said) land(a *aside) bool {
	t := s.tally(a.record.Entry())
	if slices.Contains(t.at, a.index) {
		return true
	}
	t.at = append(t.at, a.index)
	if e, ok := a.record.Sighting.(*statement.Enrolment); ok {
		if !s.book.Enrol(e, a.index) {
			s.book = nil
		}
		return false
	}
	return s.book.Add(endorsement.Logged{Record: a.record, Index: a.index})
}

// withSaid calls use with what was said of the publication's entries, which it reads if it
// is not in memory. The caller does not hold mu; use does, for writing where it changes
// something.
func (s *Service) withSaid(ctx context.Context, p *publication, write bool, use func(*said) error) error {
	for {
		p.mu.RLock()
		unlock := p.mu.RUnlock
		if write {
			p.mu.RUnlock()
			p.mu.Lock()
			unlock = p.mu.Unlock
		}
		if x := p.asides.said; x != nil {
			defer unlock()
			x.used.Store(s.asked.Add(1))
			return use(x)
		}
		unlock()
		if err := s.readSaid(ctx, p); err != nil {
			return fmt.Errorf("read what was said of %q: %w", p.slug, err)
		}
	}
}

// withBook is withSaid for those who read the book.
func (s *Service) withBook(ctx context.Context, p *publication, use func(*endorsement.Book)) error {
	return s.withSaid(ctx, p, false, func(x *said) error {
		use(x.book)
		return nil
	})
}

// readSaid reads a publication's records from the store, and makes room for what follows
// from them. Once it has begun it goes on when whoever asked has left: if every reader of a
// large publication gave up before the end, it would be read for ever, and known to nobody.
func (s *Service) readSaid(ctx context.Context, p *publication) error {
	p.asides.reading.Lock()
	defer p.asides.reading.Unlock()
	select { // one publication at a time: whoever asks for many in turn waits
	case s.reading <- struct{}{}:
		defer func() { <-s.reading }()
	case <-ctx.Done():
		return ctx.Err()
	}
	if ctx.Err() != nil {
		return ctx.Err() // it left while another one read
	}
	ctx = context.WithoutCancel(ctx)
	for {
		p.mu.Lock()
		if p.asides.said != nil {
			p.mu.Unlock()
			return nil
		}
		p.asides.late = []*aside{}
		c := p.chain.Clone()
		x := newSaid(endorsement.NewBook(c, p.policies()))
		p.mu.Unlock()

		err := s.fill(ctx, p, x)

		p.mu.Lock()
		late := p.asides.late
		p.asides.late = nil
		if err != nil {
			p.mu.Unlock()
			return err
		}
		if p.chain.Head() != c.Head() {
			p.mu.Unlock()
			continue // a record of the chain came in between
		}
		again := map[string]bool{} // what the store may not have had yet, or in part
		for _, a := range late {
			if x.land(a); x.book == nil {
				break
			}
			again[a.record.Entry()] = true
		}
		if x.book == nil {
			p.mu.Unlock()
			continue
		}
		for _, a := range p.asides.moving {
			again[a.record.Entry()] = true
		}
		p.asides.said = x
		x.used.Store(s.asked.Add(1))
		much := x.records >= leavesMuch
		p.mu.Unlock()
		for entry := range again {
			s.readEntry(ctx, p, entry)
		}
		s.makeRoom(p)
		if much {
			debug.FreeOSMemory()
		}
		return nil
	}
}

// fill adds all that the store has.
func (s *Service) fill(ctx context.Context, p *publication, x *said) error {
	for _, kind := range []AsideKind{Enrolments, NoEnrolments} {
		err := s.openAsides(ctx, p, AsideSelection{Genesis: p.genesis, Kind: kind}, func(a *aside) error {
			t := x.tally(a.record.Entry())
			if x.count(t, a); a.index < 0 {
				return nil
			}
			t.at = append(t.at, a.index)
			if e, ok := a.record.Sighting.(*statement.Enrolment); ok {
				x.book.Enrol(e, a.index) // they come in the order of the log
			} else {
				x.book.Add(endorsement.Logged{Record: a.record, Index: a.index})
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// landed notes that a record is in the log, which the store has been told.
func (s *Service) landed(ctx context.Context, p *publication, a *aside) {
	p.mu.Lock()
	_, mine := p.asides.moving[nameOf(a.record)]
	delete(p.asides.moving, nameOf(a.record))
	p.asides.changes++
	if p.asides.late != nil {
		p.asides.late = append(p.asides.late, a)
	}
	again := false
	if x := p.asides.said; x != nil {
		// What another process took in was not counted here.
		again = !x.land(a) || !mine
		if x.book == nil {
			p.asides.said = nil
		}
	}
	p.mu.Unlock()
	if again {
		s.readEntry(ctx, p, a.record.Entry())
	}
	if s.landings.Add(1)%roomEvery == 0 {
		s.makeRoom(p)
	}
}

// readEntry reads anew what was said of one entry. Where that fails everything is, when it
// is asked for.
func (s *Service) readEntry(ctx context.Context, p *publication, entry string) {
	for {
		p.mu.RLock()
		x, before := p.asides.said, p.asides.changes
		p.mu.RUnlock()
		if x == nil {
			return
		}
		fresh, have := &tally{}, map[asideName]bool{}
		var list []endorsement.Logged
		err := s.openAsides(ctx, p, AsideSelection{Genesis: p.genesis, Entry: entry}, func(a *aside) error {
			fresh.count(a)
			have[nameOf(a.record)] = true
			if a.index >= 0 {
				fresh.at = append(fresh.at, a.index)
				list = append(list, endorsement.Logged{Record: a.record, Index: a.index})
			}
			return nil
		})
		p.mu.Lock()
		switch {
		case p.asides.said != x:
		case err != nil:
			p.asides.said = nil
		case p.asides.changes != before && len(x.tally(entry).at) > len(fresh.at):
			p.mu.Unlock()
			continue // one more came in between
		default:
			for name, a := range p.asides.moving {
				if a.record.Entry() == entry && !have[name] {
					fresh.count(a)
				}
			}
			old := x.tally(entry)
			x.records += fresh.claims + fresh.sightings - old.claims - old.sightings
			x.bytes += fresh.bytes - old.bytes
			x.entries[entry] = fresh
			x.book.Again(entry, list)
		}
		p.mu.Unlock()
		return
	}
}

// makeRoom drops what was longest not asked for, while there is too much; never p's.
func (s *Service) makeRoom(p *publication) {
	for {
		total, oldest, at := 0, (*publication)(nil), int64(math.MaxInt64)
		for _, other := range s.all() {
			other.mu.RLock()
			if x := other.asides.said; x != nil {
				total += x.records
				if used := x.used.Load(); other != p && used < at && len(other.asides.moving) == 0 {
					oldest, at = other, used
				}
			}
			other.mu.RUnlock()
		}
		if total <= s.maxSaid || oldest == nil {
			return
		}
		oldest.mu.Lock()
		if len(oldest.asides.moving) == 0 {
			oldest.asides.said = nil
		}
		oldest.mu.Unlock()
	}
}
