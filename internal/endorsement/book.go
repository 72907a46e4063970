package endorsement

import (
	"slices"
	"time"

	"github.com/sijil/sijil/internal/chain"
	"github.com/sijil/sijil/internal/statement"
	"github.com/sijil/sijil/keys"
	"github.com/sijil/sijil/log"
)

const meansKey = "key"

// Book holds what was said of a publication's entries: what follows from the records, and
// not the records.
type Book struct {
	chain    *chain.Chain
	policies []Policy
	entries  map[string]*account
	owners   map[log.Digest]string   // domains by the key that was enrolled under them
	named    map[log.Digest][]string // list entries for which a key was enrolled
	events   []Event                 // in the order of the log
	// enrolment is the log index of the newest one; 0 before the first.
	enrolment int64
}

// account is what was said of one entry.
type account struct {
	enrolled    *enrolled // the key in force
	former      []enrolled
	waiting     map[log.Digest]time.Time // second keys, and when each was first named
	endorsed    []endorsed
	left        *Left
	leftDomain  string // that spoke, or that named the key
	unconfirmed bool
	last        int64 // log index of the newest claim or observation; 0 before the first
}

type enrolled struct {
	key    log.Digest
	domain string
	until  int64 // log index, noEnd while it is in force
}

const noEnd = int64(1)<<62 - 1

// endorsed is an endorsement of one version.
type endorsed struct {
	way  Way
	text *statement.ReadText
}

// NewBook returns a book of a publication, with its policies over time, in which nothing
// was said. Enrolments are added first, then the rest, each in the order of the log.
func NewBook(c *chain.Chain, policies []Policy) *Book {
	return &Book{chain: c, policies: policies, entries: map[string]*account{}, owners: map[log.Digest]string{}, named: map[log.Digest][]string{}}
}

// Read returns the book of verified records, which are in the order of the log.
func Read(c *chain.Chain, policies []Policy, records []Logged) *Book {
	b := NewBook(c, policies)
	for _, r := range records {
		if e, ok := r.Sighting.(*statement.Enrolment); ok {
			b.enrol(e, r.Index)
		}
	}
	for _, r := range records {
		b.said(r)
	}
	return b
}

// Add adds a claim or an observation. It reports false where it changes nothing because
// one that does not stand before it in the log was added already: then Again reads the
// entry anew. An enrolment is not added: see Enrol.
func (b *Book) Add(r Logged) bool {
	if _, ok := r.Sighting.(*statement.Enrolment); ok || r.Index <= b.account(r.Entry()).last {
		return false
	}
	b.said(r)
	return true
}

// Enrol adds an enrolment. It counts for what was said before it too, so that Again has to
// read its entry anew. It reports false where it changes nothing because a later one was
// added already: then the whole book is to be read anew.
func (b *Book) Enrol(e *statement.Enrolment, index int64) bool {
	if index <= b.enrolment {
		return false
	}
	b.enrol(e, index)
	return true
}

// Continue has the book go on with the chain that its own has become by one version more.
func (b *Book) Continue(c *chain.Chain) { b.chain = c }

// Again reads anew what was said of one entry. records are all those about it, in the
// order of the log, with the enrolments that the book has.
func (b *Book) Again(entry string, records []Logged) {
	a := b.account(entry)
	a.endorsed, a.left, a.unconfirmed, a.last = nil, nil, false, 0
	b.events = slices.DeleteFunc(b.events, func(e Event) bool { return e.Entry == entry })
	for _, r := range records {
		b.said(r)
	}
}

// said takes a claim or an observation.
func (b *Book) said(r Logged) {
	o, observation := r.Sighting.(*statement.Observation)
	switch {
	case r.Claim != nil:
		b.claim(r)
	case observation:
		b.observe(r, o)
	default:
		return
	}
	b.account(r.Entry()).last = r.Index
}

func (b *Book) account(entry string) *account {
	a, ok := b.entries[entry]
	if !ok {
		a = &account{}
		b.entries[entry] = a
	}
	return a
}

// enrol is rule 1.
func (b *Book) enrol(e *statement.Enrolment, index int64) {
	b.enrolment = index
	key := log.Sum(e.Key)
	if owner, ok := b.owners[key]; ok && owner != e.Domain {
		return
	}
	b.owners[key] = e.Domain
	if !slices.Contains(b.named[key], e.Entry) {
		b.named[key] = append(b.named[key], e.Entry)
	}
	a := b.account(e.Entry)
	at, err := time.Parse(time.RFC3339, e.Issued)
	if err != nil {
		return // the statement was checked when it was parsed
	}
	switch {
	case a.enrolled == nil:
		a.enrolled = &enrolled{key: key, domain: e.Domain, until: noEnd}
	case a.enrolled.key == key:
		a.waiting = nil // the domain names the first key again
	default:
		first, ok := a.waiting[key]
		if !ok {
			if a.waiting == nil {
				a.waiting = map[log.Digest]time.Time{}
			}
			a.waiting[key] = at
			return
		}
		if at.Sub(first) < RenewalWait {
			return
		}
		old := *a.enrolled
		old.until = index
		a.former = append(a.former, old)
		a.enrolled = &enrolled{key: key, domain: e.Domain, until: noEnd}
		a.waiting = nil
	}
}

// owner says whether a key was the entry's at an index, and under which domain.
func (a *account) owner(key log.Digest, index int64) (domain string, ok bool) {
	if a.enrolled != nil && a.enrolled.key == key {
		return a.enrolled.domain, true
	}
	for _, f := range a.former {
		if f.key == key && index < f.until {
			return f.domain, true
		}
	}
	return "", false
}

// claim is rule 2, and rule 4 for what a key signed.
func (b *Book) claim(r Logged) {
	about := r.Claim.Of()
	a := b.account(about.Entry)
	domain, ok := a.owner(r.Key.Digest(), r.Index)
	if w, withdrawal := r.Claim.(*statement.Withdrawal); !ok && withdrawal && InForce(b.policies, r.Key, r.Index) {
		a.leave(Left{Kind: r.Claim.Kind(), Record: r.Digest(), Index: r.Index, Issued: about.Issued, Reason: w.Reason, Publisher: true}, "")
		b.note(r, Event{Publisher: true})
		return
	}
	if !ok {
		a.unconfirmed = true
		return
	}
	b.note(r, Event{Domain: domain})
	switch c := r.Claim.(type) {
	case *statement.Endorsement:
		text := c.Text
		a.endorse(endorsed{way: Way{Means: meansKey, Version: about.Version.Number, Record: r.Digest(), Index: r.Index, Issued: about.Issued, Domain: domain}, text: &text})
	case *statement.Withdrawal:
		a.leave(Left{Kind: c.Kind(), Record: r.Digest(), Index: r.Index, Issued: about.Issued, Reason: c.Reason}, domain)
	case *statement.Denial:
		a.leave(Left{Kind: c.Kind(), Record: r.Digest(), Index: r.Index, Issued: about.Issued, Reason: c.Reason}, domain)
	}
}

// observe is rule 3, and rule 4 for what the service saw.
func (b *Book) observe(r Logged, o *statement.Observation) {
	a := b.account(o.Entry)
	reason := ""
	way := Way{Version: o.Version.Number, Record: r.Digest(), Index: r.Index, Issued: o.Issued, Domain: o.Domain}
	if p := o.Passkey; p != nil {
		way.Means = statement.MeansPasskey
		domain, ok := a.owner(log.Sum(p.Key), r.Index)
		if !ok {
			a.unconfirmed = true
			return
		}
		way.Domain, reason = domain, reasonOf(p)
	} else {
		way.Means, way.Weak = o.Seen.Means, o.Seen.Weak
	}
	b.note(r, Event{Entry: o.Entry, Kind: o.Claim, Means: way.Means, Version: o.Version.Number, Issued: o.Issued, Domain: way.Domain, Reason: reason})
	switch o.Claim {
	case statement.ClaimEndorsement:
		a.endorse(endorsed{way: way, text: o.Text})
	case statement.ClaimAbsence:
		for i, e := range a.endorsed {
			if e.way.Means == way.Means && e.way.Domain == way.Domain && e.way.Version == way.Version {
				a.endorsed[i].way.Gone = true
			}
		}
	default:
		a.leave(Left{Kind: o.Claim, Record: r.Digest(), Index: r.Index, Issued: o.Issued, Reason: reason}, way.Domain)
	}
}

// reasonOf is the reason in the claim that a passkey signed.
func reasonOf(p *statement.Passkey) string {
	claim, err := statement.ParseClaim(p.Payload)
	if err != nil {
		return "" // it was checked when the observation was parsed
	}
	switch c := claim.(type) {
	case *statement.Withdrawal:
		return c.Reason
	case *statement.Denial:
		return c.Reason
	}
	return ""
}

// endorse replaces what the same means said of the same version before.
func (a *account) endorse(e endorsed) {
	a.left = nil
	a.endorsed = slices.DeleteFunc(a.endorsed, func(old endorsed) bool {
		return old.way.Means == e.way.Means && old.way.Version == e.way.Version
	})
	a.endorsed = append(a.endorsed, e)
}

// leave ends every endorsement before.
func (a *account) leave(l Left, domain string) {
	a.left, a.leftDomain, a.endorsed = &l, domain, nil
}

// InForce reports whether a key was in the policy at an index.
func InForce(policies []Policy, key *keys.PublicKey, index int64) bool {
	var now []*keys.PublicKey
	for _, p := range policies {
		if p.From <= index {
			now = p.Keys
		}
	}
	return slices.ContainsFunc(now, func(k *keys.PublicKey) bool { return k.Digest() == key.Digest() })
}
