package endorsement

import (
	"slices"
	"time"

	"github.com/sijil/sijil/internal/chain"
	"github.com/sijil/sijil/internal/match"
	"github.com/sijil/sijil/internal/signatory"
	"github.com/sijil/sijil/internal/statement"
	"github.com/sijil/sijil/keys"
	"github.com/sijil/sijil/log"
)

// Known says how a signatory is known, from weakest to strongest, and what undoes
// it.
type Known string

// The values of Known.
const (
	Listed          Known = "listed"
	ConfirmedDomain Known = "confirmed-domain"
	ConfirmedMail   Known = "confirmed-mail"
	Signed          Known = "signed"
	Withdrawn       Known = "withdrawn"
	Denied          Known = "denied"
	Withheld        Known = "withheld"
)

// Logged is a record at its place in the log.
type Logged struct {
	*Record
	Index int64
}

// Policy is a publication policy in force from a log index on.
type Policy struct {
	From int64
	Keys []*keys.PublicKey
}

// Way is one way in which a signatory was seen to endorse a version.
type Way struct {
	Means   string     `json:"means"` // "domain", "mail", "key" or "passkey"
	Version int        `json:"version"`
	Record  log.Digest `json:"record"`
	Index   int64      `json:"log_index"`
	Issued  string     `json:"issued"`
	Domain  string     `json:"domain,omitempty"`
	Weak    bool       `json:"weak,omitempty"` // a mail under a short DKIM key
	Gone    bool       `json:"gone,omitempty"` // the domain says it no more; that is no withdrawal
}

// Standing is how one entry of a version's list is known.
type Standing struct {
	Entry  string `json:"entry"` // commitment
	Known  Known  `json:"known"`
	Ways   []Way  `json:"ways"`             // of the endorsements that stand for this version
	Domain string `json:"domain,omitempty"` // that was confirmed
	// Unconfirmed is a claim signed with a key that nobody has confirmed: it counts
	// for nothing.
	Unconfirmed bool `json:"unconfirmed,omitempty"`
	// Left is the withdrawal or denial that holds.
	Left *Left `json:"left,omitempty"`
}

// Left says how and when a signatory left.
type Left struct {
	Kind      string     `json:"kind"` // "withdrawal" or "denial"
	Record    log.Digest `json:"record"`
	Index     int64      `json:"log_index"`
	Issued    string     `json:"issued"`
	Reason    string     `json:"reason,omitempty"`
	Publisher bool       `json:"publisher,omitempty"` // a publisher key signed it
}

// Independent counts the ways that do not rest on one another: what a domain says,
// what a mail says, and what a key signed.
func (s *Standing) Independent() int {
	seen := map[string]bool{}
	for _, w := range s.Ways {
		means := w.Means
		if means == statement.MeansPasskey {
			means = meansKey
		}
		seen[means] = true
	}
	return len(seen)
}

const meansKey = "key"

// Book holds what was said of a publication's entries. Only Read makes one.
type Book struct {
	chain    *chain.Chain
	policies []Policy
	entries  map[string]*account
	owners   map[log.Digest]string // domains by the key that was enrolled under them
	events   []Event               // in the order of the log
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

// Read takes verified records in the order of the log, with the publication's
// policies over time.
func Read(c *chain.Chain, policies []Policy, records []Logged) *Book {
	b := &Book{chain: c, policies: policies, entries: map[string]*account{}, owners: map[log.Digest]string{}}
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
// one that stands after it in the log was added before: then Again reads the entry anew.
// An enrolment cannot be added: it counts for what was said before it.
func (b *Book) Add(r Logged) bool {
	if _, ok := r.Sighting.(*statement.Enrolment); ok || r.Index < b.account(r.Entry()).last {
		return false
	}
	b.said(r)
	return true
}

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
		a = &account{waiting: map[log.Digest]time.Time{}}
		b.entries[entry] = a
	}
	return a
}

// enrol is rule 1.
func (b *Book) enrol(e *statement.Enrolment, index int64) {
	key := log.Sum(e.Key)
	if owner, ok := b.owners[key]; ok && owner != e.Domain {
		return
	}
	b.owners[key] = e.Domain
	a := b.account(e.Entry)
	at, err := time.Parse(time.RFC3339, e.Issued)
	if err != nil {
		return // the statement was checked when it was parsed
	}
	switch {
	case a.enrolled == nil:
		a.enrolled = &enrolled{key: key, domain: e.Domain, until: noEnd}
	case a.enrolled.key == key:
		a.waiting = map[log.Digest]time.Time{} // the domain names the first key again
	default:
		first, ok := a.waiting[key]
		if !ok {
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
		a.waiting = map[log.Digest]time.Time{}
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
	if w, withdrawal := r.Claim.(*statement.Withdrawal); !ok && withdrawal && inForce(b.policies, r.Key, r.Index) {
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

// inForce reports whether a key was in the policy at an index.
func inForce(policies []Policy, key *keys.PublicKey, index int64) bool {
	var now []*keys.PublicKey
	for _, p := range policies {
		if p.From <= index {
			now = p.Keys
		}
	}
	return slices.ContainsFunc(now, func(k *keys.PublicKey) bool { return k.Digest() == key.Digest() })
}

// Version says how the entries of version n are known, in list order.
func (b *Book) Version(n int) []Standing {
	v := b.chain.Statement(n)
	if v == nil {
		return nil
	}
	out := make([]Standing, len(v.Signatories.Commitments))
	for i, entry := range v.Signatories.Commitments {
		out[i] = b.standing(v, entry)
	}
	return out
}

func (b *Book) standing(v *statement.Version, entry string) Standing {
	s := Standing{Entry: entry, Known: Listed, Ways: []Way{}}
	if _, gone := b.chain.Withheld(entry); gone {
		s.Known = Withheld
		return s
	}
	a, ok := b.entries[entry]
	if !ok {
		return s
	}
	if a.enrolled != nil {
		s.Domain = a.enrolled.domain
	}
	s.Unconfirmed = a.unconfirmed
	if a.left != nil {
		left := *a.left
		s.Left, s.Known = &left, Withdrawn
		if s.Domain == "" {
			s.Domain = a.leftDomain
		}
		if left.Kind == statement.ClaimDenial {
			s.Known = Denied
		}
		return s
	}
	for _, e := range a.endorsed {
		if !b.stands(e, v) {
			continue
		}
		s.Ways = append(s.Ways, e.way)
		if s.Domain == "" {
			s.Domain = e.way.Domain
		}
		if k := known(e.way.Means); rank(k) > rank(s.Known) {
			s.Known = k
		}
	}
	return s
}

// stands is rule 5.
func (b *Book) stands(e endorsed, v *statement.Version) bool {
	if e.way.Version == v.Version {
		return true
	}
	read := b.chain.Statement(e.way.Version)
	if read == nil {
		return false
	}
	if e.text != nil {
		return holds(v, *e.text)
	}
	return slices.EqualFunc(v.Texts(), read.Texts(), func(a, b statement.Text) bool { return a.Language == b.Language && a.File == b.File })
}

// holds reports whether a version has a text, to the byte.
func holds(v *statement.Version, read statement.ReadText) bool {
	return slices.ContainsFunc(v.Texts(), func(t statement.Text) bool { return t.Language == read.Language && t.File == read.SHA256 })
}

func known(means string) Known {
	switch means {
	case statement.MeansDomain:
		return ConfirmedDomain
	case statement.MeansMail:
		return ConfirmedMail
	}
	return Signed
}

func rank(k Known) int {
	return slices.Index([]Known{Listed, ConfirmedDomain, ConfirmedMail, Signed}, k)
}

// Key returns the key that is an entry's, if one is enrolled and in force.
func (b *Book) Key(entry string) (key log.Digest, domain string, ok bool) {
	if a := b.entries[entry]; a != nil && a.enrolled != nil {
		return a.enrolled.key, a.enrolled.domain, true
	}
	return log.Digest{}, "", false
}

// Owner is the domain under which a key was enrolled first, for whichever entry: it is
// never another's.
func (b *Book) Owner(key log.Digest) (domain string, ok bool) {
	domain, ok = b.owners[key]
	return domain, ok
}

// Waiting returns the second keys that wait to replace an entry's first.
func (b *Book) Waiting(entry string) map[log.Digest]time.Time {
	if a := b.entries[entry]; a != nil {
		return a.waiting
	}
	return nil
}

// Count says how many entries are known in each way.
func Count(list []Standing) map[Known]int {
	out := map[Known]int{}
	for _, s := range list {
		out[s.Known]++
	}
	return out
}

// ForVerdict is that count as a verdict has it, which counts names that are not shown
// elsewhere: of those, only what they said is counted here. names is the version's list.
func ForVerdict(list []Standing, names *signatory.List) match.Known {
	n := Count(list)
	for i, e := range names.Entries() {
		if e.Withheld && i < len(list) && list[i].Known == Listed {
			n[Listed]--
		}
	}
	return match.Known{Listed: n[Listed], ConfirmedDomain: n[ConfirmedDomain], ConfirmedMail: n[ConfirmedMail], Signed: n[Signed], Withdrawn: n[Withdrawn], Denied: n[Denied]}
}
