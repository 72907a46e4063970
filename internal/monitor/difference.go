package monitor

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"github.com/sijil/sijil/internal/chain"
	"github.com/sijil/sijil/internal/endorsement"
	"github.com/sijil/sijil/internal/evidence"
	"github.com/sijil/sijil/internal/signatory"
	"github.com/sijil/sijil/internal/statement"
	"github.com/sijil/sijil/log"
)

// maxNames bounds the names of one event, maxSignatures those of a proposal that are
// asked for, maxProposals those of a publication.
const (
	maxNames      = 100
	maxSignatures = 64
	maxProposals  = 100
)

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
		e := Event{Type: PolicyChange, Reason: s.Reason, Issued: s.Issued, Threshold: &Change{before.Threshold, s.Policy.Threshold}}
		e.KeysIn, e.KeysOut = exchanged(before.Keys, s.Policy.Keys)
		e.Summary = fmt.Sprintf("the publication policy changed: %d keys in, %d out; %d of %d sign, before %d of %d: %s",
			len(e.KeysIn), len(e.KeysOut), s.Policy.Threshold, len(s.Policy.Keys), before.Threshold, len(before.Keys), quote(s.Reason))
		return e
	case *statement.Redaction:
		return Event{Type: Redaction, Entry: s.Entry, Issued: s.Issued, Summary: "one name is withheld from now on"}
	case *statement.Publication:
		return Event{Type: Published, Title: s.Title, Summary: "a publication was opened: " + quote(anyTitle(s.Title))}
	}
	return Event{Type: Published, Summary: "a record of a kind that this program does not know"}
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

// listing is what the service says of a proposal: where to look, nothing to believe.
type listing struct {
	Record log.Digest `json:"record"`
	Have   int        `json:"have"`
}

// proposals reports records that wait for signatures. One that does not verify is left
// out: it may be complete by now, and is looked for again.
func (d *difference) proposals(ctx context.Context) error {
	b, err := d.fetch(ctx, evidence.Layout{}.Summary(d.p.Slug()))
	if b == nil || err != nil {
		return err
	}
	var summary struct {
		Proposals []listing `json:"proposals"`
	}
	if json.Unmarshal(b, &summary) != nil {
		return nil
	}
	for _, one := range summary.Proposals[:min(len(summary.Proposals), maxProposals)] {
		if _, seen := slices.BinarySearch(d.s.Proposals, one.Record.String()); seen {
			continue
		}
		p, err := d.proposal(ctx, one)
		if err != nil || d.failed != nil {
			return err
		}
		if p == nil {
			continue
		}
		d.s.Proposals, _ = add(d.s.Proposals, one.Record.String())
		e, err := d.proposalEvent(ctx, p)
		if err != nil || d.failed != nil {
			return err
		}
		if err := d.report(e, one.Record.String()); err != nil {
			return err
		}
	}
	return nil
}

// proposal verifies a proposal's signatures and its place; nil if it does not verify.
func (d *difference) proposal(ctx context.Context, one listing) (*chain.Proposal, error) {
	var out *chain.Proposal
	for n := 1; n <= min(one.Have, maxSignatures); n++ {
		b, err := d.fetch(ctx, evidence.Layout{Latest: true}.RecordSignature(d.p.Slug(), one.Record, n))
		if b == nil || err != nil {
			return nil, err
		}
		bundle, err := log.ParseBundle(b)
		if err == nil && n == 1 {
			out, err = d.p.Chain().Propose(bundle)
		} else if err == nil {
			err = out.Cosign(bundle)
		}
		if err != nil {
			return nil, nil
		}
	}
	if out == nil || out.Digest() != one.Record || out.Complete() {
		return nil, nil
	}
	return out, nil
}

func (d *difference) proposalEvent(ctx context.Context, p *chain.Proposal) (Event, error) {
	record, sequence := p.Digest(), p.Statement().Header().Sequence
	e := Event{Type: Proposal, Record: &record, Sequence: &sequence, Have: len(p.Signatures()), Want: p.Want()}
	what := ""
	switch s := p.Statement().(type) {
	case *statement.Version:
		e.Kind, e.Version, e.Reason, e.Issued, what = "version", s.Version, s.Reason, s.Issued, fmt.Sprintf("version %d", s.Version)
		names, err := d.proposed(ctx, record, s)
		if err != nil || d.failed != nil {
			return e, err
		}
		for _, w := range d.watched {
			if found := w.among(names); len(found) > 0 && e.Watched == "" {
				e.Watched, e.Names = w.name, found
			}
		}
	case *statement.PolicyChange:
		e.Kind, e.Reason, e.Issued, what = "policy", s.Reason, s.Issued, "another publication policy"
	case *statement.Retraction:
		e.Kind, e.Reason, e.Issued, what = "retraction", s.Reason, s.Issued, "the retraction of the publication"
		if s.Version != nil {
			e.Version, what = s.Version.Number, fmt.Sprintf("the retraction of version %d", s.Version.Number)
		}
	case *statement.Redaction:
		e.Kind, e.Entry, e.Issued, what = "redaction", s.Entry, s.Issued, "the withholding of a name"
	}
	e.Summary = fmt.Sprintf("%s waits for signatures: %d of %d", what, e.Have, e.Want)
	return e, nil
}

// proposed are the names of a proposed version, if they are those that were signed.
func (d *difference) proposed(ctx context.Context, record log.Digest, s *statement.Version) ([]signatory.Entry, error) {
	if len(d.watched) == 0 {
		return nil, nil
	}
	b, err := d.fetch(ctx, evidence.Layout{}.ProposalSignatories(d.p.Slug(), record))
	if b == nil || err != nil {
		return nil, err
	}
	list, err := signatory.Parse(b)
	if err != nil || !slices.Equal(list.Commitments(), signatory.Commitments(s.Signatories.Commitments)) {
		return nil, nil
	}
	return list.Entries(), nil
}
