package endorsement

import (
	"maps"
	"slices"
	"time"

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

// PolicyFrom returns the policy that a record of the chain at an index sets; false for a
// record that sets none.
func PolicyFrom(record any, index int64) (Policy, bool) {
	var policy statement.Policy
	switch st := record.(type) {
	case *statement.Publication:
		policy = st.Policy
	case *statement.PolicyChange:
		policy = st.Policy
	default:
		return Policy{}, false
	}
	list, err := policy.PublicKeys()
	return Policy{From: index, Keys: list}, err == nil // which parsing has made sure of
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

// NamedUntil is the log index up to which a key counts as named by a domain, for whichever
// entry; 0 where it never was. A key that is in force has no end.
func (b *Book) NamedUntil(key log.Digest, domain string) (until int64) {
	if b.owners[key] != domain {
		return 0
	}
	for _, entry := range b.named[key] {
		a := b.entries[entry]
		if a.enrolled != nil && a.enrolled.key == key {
			return noEnd
		}
		for _, f := range a.former {
			if f.key == key {
				until = max(until, f.until)
			}
		}
	}
	return until
}

// Owners are all keys that were ever enrolled, with the domains under which they were.
func (b *Book) Owners() map[log.Digest]string { return maps.Clone(b.owners) }

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
