package audit

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/sijil/sijil/internal/chain"
	"github.com/sijil/sijil/internal/endorsement"
	"github.com/sijil/sijil/keys"
	"github.com/sijil/sijil/log"
)

const (
	// maxRecords bounds a chain.
	maxRecords = 100_000
	// probe is how many records after a missing one are asked for.
	probe = 8
)

// publication is one publication on its way through the audit.
type publication struct {
	*audit
	slug           string
	pinned, listed log.Digest // zero if not
	chain          *chain.Chain
	records        []record
	at             map[log.Digest]int     // records by digest
	broken         bool                   // what follows the last record cannot be judged
	windows        map[log.Digest]*window // by key fingerprint
	head           *log.VerifiedHead
	names          []name               // of the lists that were read
	about          map[int64]aboutEntry // records that belong to no chain, by log index
	taken          map[log.Digest]bool  // payloads that redactions name
	enrolled       map[log.Digest]int64 // signatories' keys, and where the first enrolment of each stands
	once           map[log.Digest]bool  // findings about lines
	said           map[log.Digest]bool  // records that belong to no chain
	counted        map[int64]bool       // log indices of records outside the chain
	claims         int
	sightings      int
	enrolments     []endorsement.Logged // in the order of the log
	roll           rollState
}

// record is what is kept of a record that the chain accepted.
type record struct {
	digest, previous log.Digest
	sequence         int64
	index            int64 // in the log, of its last signature; -1 if its bundle does not say
	threshold        int   // of the policy in force after it
}

// window is where in the log a key's records are valid: from the index of the
// record that adds it up to that of the record that removes it.
type window struct{ from, to int64 }

// publications is steps 5 and 6.
func (a *audit) publications(ctx context.Context) error {
	listed, err := a.listing(ctx)
	if err != nil {
		return err
	}
	pinned := a.o.Trust.Publications()
	slugs := maps.Clone(pinned)
	maps.Copy(slugs, listed)
	var all []*publication
	for _, slug := range slices.Sorted(maps.Keys(slugs)) {
		p := &publication{audit: a, slug: slug, pinned: pinned[slug], listed: listed[slug], at: map[log.Digest]int{}, windows: map[log.Digest]*window{},
			taken: map[log.Digest]bool{}, enrolled: map[log.Digest]int64{}, said: map[log.Digest]bool{}, once: map[log.Digest]bool{}, about: map[int64]aboutEntry{}, counted: map[int64]bool{}}
		if err := p.check(ctx, listed != nil); err != nil {
			return err
		}
		all = append(all, p)
	}
	if a.tree == nil {
		return nil
	}
	return a.payloads(ctx, all)
}

// listing reads which publications the source has: nothing but names to look
// for. It is nil if the source does not say.
func (a *audit) listing(ctx context.Context) (map[string]log.Digest, error) {
	path := a.o.Layout.Trust()
	b, bad, err := a.reader.fetch(ctx, path)
	if err != nil {
		return nil, err
	}
	if bad != nil && bad.missing && a.o.Copy {
		a.notChecked("publications that the trust file does not pin: the folder lists none")
		return nil, nil
	}
	if bad != nil {
		a.report.add(Finding{Rule: bad.rule(RuleListing), Index: -1, Path: path, Detail: bad.why})
		return nil, nil
	}
	t, err := keys.ParseTrust(b)
	if err != nil {
		a.report.add(Finding{Rule: RuleListing, Index: -1, Path: path, Detail: err.Error()})
		return nil, nil
	}
	if err := a.compareTrust(path, t); err != nil {
		return nil, err
	}
	list := t.Publications()
	first := map[log.Digest]string{}
	for _, slug := range slices.Sorted(maps.Keys(list)) {
		if other, ok := first[list[slug]]; ok {
			a.report.add(Finding{Rule: RuleListing, Index: -1, Path: path, Publication: slug,
				Detail: fmt.Sprintf("has the genesis of %q: one publication under two slugs", other), Evidence: map[string]string{"genesis": list[slug].String()}})
		}
		first[list[slug]] = slug
	}
	return list, nil
}

// compareTrust holds what the source says of the log against the trust file.
func (a *audit) compareTrust(path string, t *keys.Trust) error {
	differs := func(detail, theirs, ours string) {
		a.report.add(Finding{Rule: RuleListing, Index: -1, Path: path, Detail: detail, Evidence: map[string]string{"listed": theirs, "pinned": ours}})
	}
	if theirs, ours := t.Policy().Log().String(), a.policy.Log().String(); theirs != ours {
		differs("names another log key than the trust file", theirs, ours)
		return nil
	}
	if theirs, ours := t.Policy(), a.o.Trust.Policy(); theirs.String() != ours.String() {
		differs("has another witness policy than the trust file", theirs.Fingerprint().String(), ours.Fingerprint().String())
	}
	theirs, err := t.TrustedRootJSON()
	if err != nil {
		return err
	}
	ours, err := a.o.Trust.TrustedRootJSON()
	if err != nil {
		return err
	}
	if !bytes.Equal(theirs, ours) {
		differs("has another address, or another beginning of the log, than the trust file", string(theirs), string(ours))
	}
	return nil
}

func (p *publication) add(rule Rule, index int64, path string, evidence map[string]string, format string, a ...any) {
	p.report.add(Finding{Rule: rule, Index: index, Path: path, Publication: p.slug, Detail: fmt.Sprintf(format, a...), Evidence: evidence})
}

// check is step 5 for one publication.
func (p *publication) check(ctx context.Context, listing bool) error {
	if err := p.readChain(ctx, true); err != nil {
		return err
	}
	if p.chain == nil && p.o.Copy && !listing && !p.broken {
		p.notChecked(fmt.Sprintf("publication %q: the folder does not hold it", p.slug))
		return nil
	}
	if p.chain == nil && !p.broken {
		p.add(RuleMissing, -1, p.o.Layout.Bundle(p.slug, 0), nil, "the genesis record is missing")
	}
	summary := Publication{Slug: p.slug, Trust: "listed", Head: -1}
	if !p.pinned.IsZero() {
		summary.Trust = "pinned"
	}
	if p.chain != nil {
		if err := p.checkHead(ctx); err != nil {
			return err
		}
		if err := p.checkEndorsements(ctx); err != nil {
			return err
		}
		if err := p.checkWithheld(ctx); err != nil {
			return err
		}
		if err := p.checkRoll(ctx); err != nil {
			return err
		}
		summary.Claims, summary.Sightings = p.claims, p.sightings
		summary.Batches, summary.Endorsers, summary.EndorsersSigned = len(p.roll.batches), int64(len(p.roll.tags)), p.roll.signed
		summary.Genesis, summary.Records = p.chain.Genesis(), len(p.records)
		if p.head != nil {
			summary.Head = p.head.Head().Index
		}
	}
	p.report.Publications = append(p.report.Publications, summary)
	return nil
}

// readChain reads records from the one after the newest on, until there is none.
func (p *publication) readChain(ctx context.Context, probing bool) error {
	for sequence := int64(len(p.records)); sequence < maxRecords && !p.broken; sequence++ {
		path := p.o.Layout.Bundle(p.slug, sequence)
		b, bad, err := p.reader.fetch(ctx, path)
		switch {
		case err != nil:
			return err
		case bad == nil:
			if err := p.next(ctx, path, b); err != nil {
				return err
			}
		case bad.missing:
			if probing {
				return p.findGap(ctx, sequence)
			}
			return nil
		default:
			p.broken = true
			p.add(RuleRecord, -1, path, nil, "%s", bad.why)
		}
	}
	return nil
}

// findGap looks for records after a missing one.
func (p *publication) findGap(ctx context.Context, missing int64) error {
	for s := missing + 1; s <= missing+probe; s++ {
		_, bad, err := p.reader.fetch(ctx, p.o.Layout.Bundle(p.slug, s))
		if err != nil {
			return err
		}
		if bad == nil {
			// Both may have been published since we asked for the first.
			_, bad, err := p.reader.fetch(ctx, p.o.Layout.Bundle(p.slug, missing))
			if err != nil {
				return err
			}
			if bad == nil {
				return p.readChain(ctx, true)
			}
			p.broken = true
			p.add(RuleGap, -1, p.o.Layout.Bundle(p.slug, missing), nil, "record %d is missing, record %d is served", missing, s)
			return nil
		}
	}
	return nil
}
