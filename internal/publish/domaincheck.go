package publish

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/sijil/sijil/internal/endorsement"
	"github.com/sijil/sijil/internal/statement"
	"github.com/sijil/sijil/keys"
	"github.com/sijil/sijil/log"
)

var (
	// ErrNoDomain: the list entry has no domain, or this service looks at none. The
	// caller answers 409.
	ErrNoDomain = errors.New("the list entry has no domain that could be looked at")
	// ErrAmbiguous: a domain says two things of one version. The caller answers 409.
	ErrAmbiguous = errors.New("the domain says several things of one entry: leave the one line that holds")
	// ErrOtherDomain: a key is enrolled under one domain, and another names it. The
	// caller answers 409.
	ErrOtherDomain = errors.New("the key is enrolled under another domain, and a key speaks for one: make a new one")
)

// DomainCheck is what a look at a domain brought.
type DomainCheck struct {
	Domain   string       `json:"domain"`
	Found    []string     `json:"found"`    // kinds of lines about the entry: endorsement, withdrawal, denial, key
	Recorded []log.Digest `json:"recorded"` // records that this look made
	// UnknownKey: the domain names a key that nobody has shown here.
	UnknownKey bool `json:"unknown_key,omitempty"`
}

// CheckDomain looks at what the domain of a list entry says of it, and records what is
// new: claims as observations, keys as enrolments. spki is a key that the domain may
// name; keys of claims that are here are known anyway. Optional.
func (s *Service) CheckDomain(ctx context.Context, slug, entry string, spki []byte) (*DomainCheck, error) {
	p, err := s.find(slug)
	if err != nil {
		return nil, err
	}
	domain, err := p.domainOf(entry)
	if err != nil {
		return nil, err
	}
	if s.Domains == nil || s.Observer == nil || domain == "" {
		return nil, ErrNoDomain
	}
	said, err := s.Domains.Look(ctx, domain)
	if err != nil {
		return nil, err
	}
	d := &looking{s: s, p: p, entry: entry, out: &DomainCheck{Domain: domain, Found: []string{}, Recorded: []log.Digest{}}}
	if d.known, err = s.keysOf(ctx, p, entry); err != nil {
		return nil, err
	}
	if spki != nil {
		k, err := keys.ParsePublicKey(spki)
		if err != nil {
			return nil, &InvalidError{err}
		}
		d.known[k.Digest()] = k.SPKI()
	}
	p.looking.Lock()
	defer p.looking.Unlock()
	return d.out, d.record(ctx, said)
}

// domainOf finds the domain of an entry in the newest version that lists it.
func (p *publication) domainOf(commitment string) (string, error) {
	p.mu.RLock()
	defer p.mu.RUnlock()
	for i := len(p.entries) - 1; i >= 0; i-- {
		if p.entries[i].edition == nil {
			continue
		}
		for _, x := range p.entries[i].edition.List().Entries() {
			if x.Commitment == commitment && !x.Withheld {
				return x.Signatory.Domain, nil
			}
		}
	}
	return "", endorsement.ErrNoEntry
}

// keysOf are the keys that signed claims about an entry, passkeys too, by their digests.
func (s *Service) keysOf(ctx context.Context, p *publication, entry string) (map[log.Digest][]byte, error) {
	list, err := s.about(ctx, p, entry)
	out := map[log.Digest][]byte{}
	for _, a := range list {
		if a.index < 0 {
			continue
		}
		if a.record.Claim != nil {
			out[a.record.Key.Digest()] = a.record.Key.SPKI()
		}
		if o, ok := a.record.Sighting.(*statement.Observation); ok && o.Passkey != nil {
			out[log.Sum(o.Passkey.Key)] = o.Passkey.Key
		}
	}
	return out, err
}

// looking is one look at a domain.
type looking struct {
	s     *Service
	p     *publication
	entry string
	known map[log.Digest][]byte
	out   *DomainCheck
}

func (d *looking) record(ctx context.Context, said []DomainSaid) error {
	versions := map[int]string{}
	var about []found
	for _, place := range said {
		for _, l := range place.Lines {
			if l.Publication != d.p.genesis || l.Entry != d.entry {
				continue
			}
			if before, ok := versions[l.Version]; l.Kind != "key" && ok && before != l.Kind {
				return ErrAmbiguous
			}
			versions[l.Version] = l.Kind
			about = append(about, found{place, l})
			d.out.Found = append(d.out.Found, l.Kind)
		}
	}
	// A line that is wrong does not keep the others from being recorded.
	var wrong error
	for _, f := range about {
		var err error
		if f.line.Kind == "key" {
			err = d.enrol(ctx, f)
		} else {
			err = d.claim(ctx, f)
		}
		var invalid *InvalidError
		if err != nil && !errors.As(err, &invalid) && !errors.Is(err, ErrOtherDomain) && !errors.Is(err, ErrOtherEntry) && !errors.Is(err, endorsement.ErrSigner) {
			return err
		}
		if wrong == nil {
			wrong = err
		}
	}
	if err := d.absent(ctx, said, versions); err != nil {
		return err
	}
	if wrong != nil {
		return wrong
	}
	if len(about) == 0 {
		return nil
	}
	at := d.s.Clock().UTC()
	if err := d.s.Store.MarkSeen(ctx, d.p.genesis, d.entry, at); err != nil {
		return err
	}
	d.p.mu.Lock()
	d.p.asides.seen[d.entry] = at.Truncate(time.Second)
	d.p.mu.Unlock()
	return nil
}

// found is a line with where it stood.
type found struct {
	place DomainSaid
	line  DomainLine
}

func (f found) seen() statement.Seen {
	return statement.Seen{Means: statement.MeansDomain, Via: f.place.Via, Document: f.place.Document, Certificate: f.place.Certificate}
}

func (d *looking) sighted() statement.Sighted {
	return statement.Sighted{Domain: d.out.Domain, Entry: d.entry, Issued: d.s.now(), Log: d.s.name, Publication: d.p.genesis}
}

func (d *looking) see(ctx context.Context, what statement.Sighting) error {
	r, err := d.s.see(ctx, d.p, what, nil)
	if err != nil {
		return err
	}
	d.out.Recorded = append(d.out.Recorded, r.Record)
	return nil
}

// claim records what the domain says of a version, unless that is what it said last.
func (d *looking) claim(ctx context.Context, f found) error {
	v, ok := d.p.version(f.line.Version)
	if !ok || v.record.Digest() != f.line.Record {
		return &InvalidError{fmt.Errorf("the domain names version %d with a record that is not that version's", f.line.Version)}
	}
	if last, err := d.s.lastSaid(ctx, d.p, d.entry, f.line.Version); err != nil || last == f.line.Kind {
		return err
	}
	if f.line.Kind == statement.ClaimEndorsement {
		if err := d.s.ownDomain(ctx, d.p, d.entry, d.out.Domain); err != nil {
			return err
		}
	}
	seen := f.seen()
	return d.see(ctx, &statement.Observation{Sighted: d.sighted(), Claim: f.line.Kind, Seen: &seen, Version: statement.VersionName{Number: f.line.Version, Record: f.line.Record}})
}

// lastSaid is what the domain of an entry was last seen to say of a version.
func (s *Service) lastSaid(ctx context.Context, p *publication, entry string, version int) (last string, err error) {
	list, err := s.about(ctx, p, entry)
	for _, a := range list {
		if o, ok := a.record.Sighting.(*statement.Observation); ok && a.index >= 0 && o.Version.Number == version && o.Seen != nil && o.Seen.Means == statement.MeansDomain {
			last = o.Claim
		}
	}
	return last, err
}

// enrol records a key that the domain names, unless it is the entry's already, or
// waits and has not waited long enough.
func (d *looking) enrol(ctx context.Context, f found) error {
	var owner string
	var have log.Digest
	var owned, enrolled, waits, elsewhere bool
	var waiting int
	var first time.Time
	err := d.s.withSaid(ctx, d.p, false, func(x *said) error {
		b := x.book
		elsewhere = x.speaksElsewhere(f.line.Key, d.entry)
		owner, owned = b.Owner(f.line.Key)
		have, _, enrolled = b.Key(d.entry)
		first, waits = b.Waiting(d.entry)[f.line.Key]
		waiting = len(b.Waiting(d.entry))
		return nil
	})
	spki, ok := d.known[f.line.Key]
	switch {
	case err != nil:
		return err
	case !ok || elsewhere:
		d.out.UnknownKey = true
		return nil
	case d.s.hasOffice(f.line.Key):
		return fmt.Errorf("%w: the domain names a publisher's key, or the service's, which cannot speak for a signatory", endorsement.ErrSigner)
	case owned && owner != d.out.Domain:
		return ErrOtherDomain
	case enrolled && have == f.line.Key && waiting == 0:
		return nil
	case waits && d.s.Clock().Sub(first) < endorsement.RenewalWait:
		return nil
	}
	if err := d.s.ownDomain(ctx, d.p, d.entry, d.out.Domain); err != nil {
		return err
	}
	if err := d.see(ctx, &statement.Enrolment{Sighted: d.sighted(), Key: spki, Seen: f.seen()}); err != nil {
		return err
	}
	if err := d.s.withBook(ctx, d.p, func(b *endorsement.Book) { _, waits = b.Waiting(d.entry)[f.line.Key] }); err != nil {
		return err
	}
	if waits {
		d.s.notice(ctx, d.p, Notice{Domain: d.out.Domain, Slug: d.p.slug, Said: "key"}, d.entry)
	}
	return nil
}

// absent marks what the domain said and says no more. That is no withdrawal.
func (d *looking) absent(ctx context.Context, said []DomainSaid, versions map[int]string) error {
	d.p.mu.RLock()
	c := d.p.chain.Clone()
	d.p.mu.RUnlock()
	for n := 1; n <= c.Version(); n++ {
		if _, still := versions[n]; still {
			continue
		}
		last, err := d.s.lastSaid(ctx, d.p, d.entry, n)
		if err != nil {
			return err
		}
		if last != statement.ClaimEndorsement {
			continue
		}
		// Where nothing stands there is nothing to digest but that.
		seen := statement.Seen{Means: statement.MeansDomain, Via: "dns", Document: log.Sum(nil)}
		for _, place := range said {
			if !place.Document.IsZero() {
				seen.Via, seen.Document, seen.Certificate = place.Via, place.Document, place.Certificate
			}
		}
		err = d.see(ctx, &statement.Observation{Sighted: d.sighted(), Claim: statement.ClaimAbsence, Seen: &seen,
			Version: statement.VersionName{Number: n, Record: c.VersionRecord(n)}})
		if err != nil {
			return err
		}
	}
	return nil
}

// RecheckDomains looks again at every domain that was not looked at for a day. Errors
// are the domains': they are counted, and nothing changes.
func (s *Service) RecheckDomains(ctx context.Context) (looked, failed int) {
	const every = 24 * time.Hour
	for _, p := range s.all() {
		p.mu.RLock()
		var due []string
		for entry, at := range p.asides.seen {
			if s.Clock().Sub(at) >= every {
				due = append(due, entry)
			}
		}
		p.mu.RUnlock()
		for _, entry := range due {
			if ctx.Err() != nil {
				return looked, failed
			}
			looked++
			if _, err := s.CheckDomain(ctx, p.slug, entry, nil); err != nil {
				failed++
			}
		}
	}
	return looked, failed
}
