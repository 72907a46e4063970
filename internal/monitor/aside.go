package monitor

import (
	"fmt"
	"slices"

	"github.com/sijil/sijil/internal/endorsement"
	"github.com/sijil/sijil/internal/statement"
	"github.com/sijil/sijil/log"
)

// asides reports what signatories said and the service saw.
func (d *difference) asides() error {
	for _, a := range d.p.Asides() {
		var fresh bool
		if d.s.Asides, fresh = add(d.s.Asides, a.Index); !fresh || d.quiet {
			continue
		}
		e := d.asideEvent(a.Logged)
		record, index := a.Digest(), a.Index
		e.Record, e.LogIndex = &record, &index
		if err := d.report(e, record.String(), decimal(index)); err != nil {
			return err
		}
	}
	return nil
}

func (d *difference) asideEvent(r endorsement.Logged) Event {
	e := Event{Entry: r.Entry()}
	switch {
	case r.Claim != nil:
		about := r.Claim.Of()
		e.Type, e.Means, e.Version, e.Issued = Type(r.Claim.Kind()), "key", about.Version.Number, about.Issued
		switch c := r.Claim.(type) {
		case *statement.Withdrawal:
			e.Reason = c.Reason
		case *statement.Denial:
			e.Reason = c.Reason
		}
	default:
		at := r.Sighting.At()
		e.Issued, e.Domain = at.Issued, at.Domain
		switch s := r.Sighting.(type) {
		case *statement.Enrolment:
			e.Type, e.Means = Enrolment, s.Seen.Means
		case *statement.Observation:
			e.Type, e.Version, e.Means = Type(s.Claim), s.Version.Number, statement.MeansPasskey
			if s.Claim == statement.ClaimAbsence {
				e.Type = Silent
			}
			if s.Seen != nil {
				e.Means = s.Seen.Means
			}
		}
	}
	d.standing(&e, r.Digest())
	e.Summary = asideSummary(e)
	return e
}

// standing says who the entry is and how it is known now.
func (d *difference) standing(e *Event, record log.Digest) {
	version := e.Version
	if version == 0 {
		version = d.lists(e.Entry)
	}
	r, ok := d.p.Version(version)
	if !ok {
		return
	}
	i := slices.Index(r.Edition.Statement().Signatories.Commitments, e.Entry)
	if i < 0 {
		return
	}
	now := d.p.Book().Version(version)[i]
	e.Position, e.Known = i+1, string(now.Known)
	e.ByPublisher = now.Left != nil && now.Left.Record == record && now.Left.Publisher
	if entry := r.Edition.List().Entries()[i]; !entry.Withheld {
		e.Name = entry.Signatory.Name
		e.Watched = d.watching(e.Name)
	}
}

// lists is the latest version that lists an entry; 0 for none.
func (d *difference) lists(entry string) int {
	if d.found == nil {
		d.found = map[string]int{}
		for _, r := range d.p.Records() {
			if v, ok := r.Statement.(*statement.Version); ok {
				for _, c := range v.Signatories.Commitments {
					d.found[c] = v.Version
				}
			}
		}
	}
	return d.found[entry]
}

func asideSummary(e Event) string {
	who := "a signatory whose name is withheld"
	if e.Name != "" {
		who = quote(e.Name)
	}
	how := map[string]string{"key": "signed with a key", "passkey": "signed with a passkey, seen by the service", "mail": "by a mail, seen by the service", "domain": "on its domain, seen by the service"}[e.Means]
	switch e.Type {
	case Enrolment:
		return fmt.Sprintf("the domain %s names a key for %s", line(e.Domain), who)
	case Silent:
		return fmt.Sprintf("the domain %s, which spoke for %s on version %d, is silent; that is no withdrawal", line(e.Domain), who, e.Version)
	}
	verb := map[Type]string{Endorsement: "endorses", Withdrawal: "WITHDRAWS from", Denial: "DENIES having agreed to"}[e.Type]
	out := fmt.Sprintf("%s %s version %d (%s); it is now %s", who, verb, e.Version, how, e.Known)
	if e.Reason != "" {
		out += ": " + quote(e.Reason)
	}
	return out
}
