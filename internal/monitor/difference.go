package monitor

import (
	"fmt"
	"maps"
	"slices"

	"github.com/sijil/sijil/internal/evidence"
	"github.com/sijil/sijil/internal/signatory"
	"github.com/sijil/sijil/internal/statement"
	"github.com/sijil/sijil/log"
)

// maxNames bounds the names of one event.
const maxNames = 100

// difference is what is new in a publication since the last look.
type difference struct {
	*look
	p     *evidence.Publication
	s     *Seen
	trust string
	quiet bool
	found map[string]int // by commitment: the latest version that lists the entry
}

func (d *difference) report(e Event, parts ...string) error {
	genesis := d.p.Genesis()
	e.Publication, e.Genesis, e.Trust = d.p.Slug(), &genesis, d.trust
	e.Summary = d.p.Slug() + ": " + e.Summary
	return d.tell(e, parts...)
}

// records reports the records of the chain that are new.
func (d *difference) records() error {
	policy := statement.Policy{}
	for i, r := range d.p.Records() {
		before := policy
		switch s := r.Statement.(type) {
		case *statement.Publication:
			policy = s.Policy
		case *statement.PolicyChange:
			policy = s.Policy
		}
		if i < d.s.Records || d.quiet {
			continue
		}
		e := recordEvent(r, before)
		record, sequence, index := r.Digest(), r.Statement.Header().Sequence, r.Index
		e.Record, e.Sequence, e.LogIndex = &record, &sequence, &index
		if err := d.report(e, record.String()); err != nil {
			return err
		}
	}
	return nil
}

func recordEvent(r evidence.Record, before statement.Policy) Event {
	switch s := r.Statement.(type) {
	case *statement.Version:
		return Event{Type: Version, Version: s.Version, Title: s.Title, Reason: s.Reason, Issued: s.Issued,
			Summary: fmt.Sprintf("version %d was published: %s", s.Version, quote(s.Reason))}
	case *statement.Retraction:
		e := Event{Type: Retraction, Reason: s.Reason, Issued: s.Issued, Summary: "the publication was RETRACTED: " + quote(s.Reason)}
		if s.Version != nil {
			e.Version, e.Summary = s.Version.Number, fmt.Sprintf("version %d was RETRACTED: %s", s.Version.Number, quote(s.Reason))
		}
		return e
	case *statement.PolicyChange:
		what := "the publication policy changed"
		if s.Recovery != nil {
			what = "the publication policy was REPLACED by a recovery key"
		}
		return policyEvent(Event{Type: PolicyChange, Reason: s.Reason, Issued: s.Issued}, what, before, s.Policy)
	case *statement.Recovery:
		what := fmt.Sprintf("a RECOVERY was announced: after %d days in public the publication policy changes, unless a key in force signs something first", s.Policy.RecoveryDays)
		return policyEvent(Event{Type: Recovery, Reason: s.Reason, Issued: s.Issued, Days: s.Policy.RecoveryDays}, what, before, s.Policy)
	case *statement.Redaction:
		return Event{Type: Redaction, Entry: s.Entry, Issued: s.Issued, Summary: "one name is withheld from now on"}
	case *statement.Publication:
		return Event{Type: Published, Title: s.Title, Summary: "a publication was opened: " + quote(anyTitle(s.Title))}
	}
	return Event{Type: Published, Summary: "a record of a kind that this program does not know"}
}

// policyEvent says how a policy that comes, or is to come, differs from the one in force.
func policyEvent(e Event, what string, before, after statement.Policy) Event {
	e.Threshold = &Change{before.Threshold, after.Threshold}
	e.KeysIn, e.KeysOut = exchanged(before.Keys, after.Keys)
	e.Summary = fmt.Sprintf("%s: %d keys in, %d out; %d of %d sign, before %d of %d: %s",
		what, len(e.KeysIn), len(e.KeysOut), after.Threshold, len(after.Keys), before.Threshold, len(before.Keys), quote(e.Reason))
	return e
}

// exchanged says which keys came and which went.
func exchanged(before, after [][]byte) (in, out []log.Digest) {
	digests := func(list [][]byte) (all []log.Digest) {
		for _, spki := range list {
			all = append(all, log.Sum(spki))
		}
		return all
	}
	old, now := digests(before), digests(after)
	for _, k := range now {
		if !slices.Contains(old, k) {
			in = append(in, k)
		}
	}
	for _, k := range old {
		if !slices.Contains(now, k) {
			out = append(out, k)
		}
	}
	return in, out
}

func anyTitle(titles map[string]string) string {
	for _, lang := range slices.Sorted(maps.Keys(titles)) {
		return titles[lang]
	}
	return ""
}

// names looks for the watched names in the versions in which they were not looked for.
func (d *difference) names() error {
	records := d.p.Records()
	for _, w := range d.watched {
		for _, r := range records[min(d.s.Watched[w.Key()], len(records)):] {
			if r.Edition == nil {
				continue
			}
			found := w.among(r.Edition.List().Entries())
			if len(found) == 0 {
				continue
			}
			record, index, sequence := r.Digest(), r.Index, r.Statement.Header().Sequence
			v := r.Edition.Statement()
			err := d.report(Event{Type: Named, Record: &record, LogIndex: &index, Sequence: &sequence, Version: v.Version, Issued: v.Issued, Watched: w.name, Names: found,
				Summary: fmt.Sprintf("version %d lists %s, and %s is watched", v.Version, quote(found[0].Name), quote(w.name))}, record.String(), w.Key())
			if err != nil {
				return err
			}
		}
		d.s.Watched[w.Key()] = len(records)
	}
	return nil
}

// among finds a name in a list; at most maxNames times.
func (w watch) among(list []signatory.Entry) (out []Match) {
	for i, e := range list {
		if e.Withheld || len(out) == maxNames {
			continue
		}
		if how := w.In(e.Signatory.Name); how != "" {
			out = append(out, Match{Name: e.Signatory.Name, Position: i + 1, Entry: e.Commitment, How: how})
		}
	}
	return out
}

// watching returns the watched name that a name is, holds or resembles.
func (d *difference) watching(name string) string {
	for _, w := range d.watched {
		if name != "" && w.In(name) != "" {
			return w.name
		}
	}
	return ""
}
