package endorsement

import (
	"cmp"
	"slices"

	"github.com/sijil/sijil/internal/statement"
	"github.com/sijil/sijil/log"
)

// Event is one thing that was said of an entry and counts, at its place in the log.
// What was signed with a key that nobody has confirmed is none.
type Event struct {
	Entry   string // commitment
	Kind    string // "endorsement", "withdrawal", "denial" or "absence"
	Means   string // "domain", "mail", "key" or "passkey"
	Version int
	Record  log.Digest
	Index   int64
	Issued  string
	Domain  string // that spoke, or that named the key. Empty for a publisher's word
	Reason  string // of a withdrawal or denial. Optional
	// Publisher: a publisher key signed it, on the signatory's request.
	Publisher bool
}

// Events returns everything that counts, in the order of the log; of names that were
// withheld since, nothing.
func (b *Book) Events() []Event {
	out := make([]Event, 0, len(b.events))
	for _, e := range b.events {
		if _, gone := b.chain.Withheld(e.Entry); !gone {
			out = append(out, e)
		}
	}
	return out
}

// note keeps an event.
func (b *Book) note(r Logged, e Event) {
	e.Record, e.Index = r.Digest(), r.Index
	if r.Claim != nil {
		about := r.Claim.Of()
		e.Entry, e.Kind, e.Version, e.Issued, e.Means = about.Entry, r.Claim.Kind(), about.Version.Number, about.Issued, meansKey
		switch c := r.Claim.(type) {
		case *statement.Withdrawal:
			e.Reason = c.Reason
		case *statement.Denial:
			e.Reason = c.Reason
		}
	}
	i, _ := slices.BinarySearchFunc(b.events, e.Index, func(x Event, at int64) int { return cmp.Compare(x.Index, at) })
	b.events = slices.Insert(b.events, i, e)
}
