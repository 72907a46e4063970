package audit

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/sijil/sijil/internal/endorsement"
	"github.com/sijil/sijil/internal/evidence"
	"github.com/sijil/sijil/internal/signatory"
	"github.com/sijil/sijil/internal/statement"
	"github.com/sijil/sijil/log"
)

// addOnce adds a finding about a line, which is said again where the document is read
// again.
func (p *publication) addOnce(line string, rule Rule, index int64, path string, format string, a ...any) {
	key := log.Sum([]byte(string(rule) + "\n" + line))
	if !p.once[key] {
		p.add(rule, index, path, nil, format, a...)
	}
	p.once[key] = true
}

// ErrNoMail: the vault does not hold the mail. The audit says that it was not checked.
var ErrNoMail = errors.New("the mail is not there")

// checkMail verifies the raw mail of an observation, where it can be had.
func (p *publication) checkMail(ctx context.Context, path string, a *evidence.Aside) error {
	o, ok := a.Sighting.(*statement.Observation)
	if !ok || o.Seen == nil || o.Seen.Means != statement.MeansMail || p.o.Mail == nil {
		return nil
	}
	err := p.o.Mail(ctx, o)
	switch {
	case errors.Is(err, ErrNoMail):
		p.notChecked(fmt.Sprintf("publication %q: the mail behind the entry at index %d: it is not there", p.slug, a.Index))
	case ctx.Err() != nil:
		return ctx.Err()
	case err != nil:
		p.add(RuleAside, a.Index, path, map[string]string{"record": a.Digest().String(), "mail": o.Seen.Document.String()}, "the mail behind it does not verify: %v", err)
	}
	return nil
}

// count notes what kind of statement it is: what a signatory signed was verified, what
// the service saw is its word.
func (p *publication) count(a *evidence.Aside) {
	if p.counted[a.Index] {
		return
	}
	p.counted[a.Index] = true
	if a.Claim != nil {
		p.claims++
	} else {
		p.sightings++
	}
}

// passkeys verifies assertions, or takes the observer's word where this audit was
// given no way to.
func (a *audit) passkeys() endorsement.PasskeyVerifier {
	if a.o.Passkeys != nil {
		return a.o.Passkeys
	}
	return func(*statement.Passkey) error { return nil }
}

// openObserver reads, once for all publications, the log's word for the observer keys.
func (a *audit) openObserver(ctx context.Context) error {
	if a.observers != nil {
		return nil
	}
	a.observers = map[log.Digest]bool{}
	path := a.o.Layout.Observer()
	b, bad, err := a.reader.fetch(ctx, path)
	if err != nil {
		return err
	}
	if bad != nil {
		if !bad.missing {
			a.report.add(Finding{Rule: RuleObserver, Index: -1, Path: path, Detail: bad.why})
		}
		return nil
	}
	o, err := log.OpenObserver(b, a.policy)
	if err != nil {
		a.report.add(Finding{Rule: RuleObserver, Index: -1, Path: path, Detail: err.Error()})
		return nil
	}
	for _, spki := range o.Keys() {
		a.observers[log.Sum(spki)] = true
	}
	return nil
}

// placeAside holds a record against the log, and notes whose key signed it.
func (p *publication) placeAside(ctx context.Context, path string, a *evidence.Aside) error {
	p.said[a.Digest()] = true
	p.about[a.Index] = aboutEntry{a.Digest(), a.Entry(), path}
	if e, ok := a.Sighting.(*statement.Enrolment); ok {
		key := log.Sum(e.Key)
		if first, ok := p.enrolled[key]; !ok || a.Index < first {
			p.enrolled[key] = a.Index
		}
		p.enrolments = append(p.enrolments, a.Logged)
	}
	if p.tree == nil || a.Index >= p.checkpoint.Size() {
		return nil
	}
	entry, ok, err := p.entry(ctx, a.Index)
	if err != nil {
		return err
	}
	switch {
	case ok && string(entry) != string(a.Leaf()):
		p.addOnce(a.Digest().String(), RuleIndex, a.Index, path, "the log holds another entry at index %d", a.Index)
	case ok:
		p.accounted[a.Index] = true
	}
	return nil
}

// checkWithheld: what a redaction withholds is not served, and nothing else is missing. A
// service withholds a name at once, and the witnesses may see the redaction a moment later.
func (p *publication) checkWithheld(ctx context.Context) error {
	asked := map[int]*signatory.List{} // lists read again, by version
	for _, n := range p.names {
		if n.hidden {
			if err := p.awaitRedaction(ctx, n.entry); err != nil {
				return err
			}
		}
		_, redacted := p.chain.Withheld(n.entry)
		path := p.o.Layout.Signatories(p.slug, n.version.Version)
		facts := map[string]string{"entry": n.entry}
		switch {
		case n.hidden && !redacted:
			p.add(RuleUnredacted, n.index, path, facts, "entry %d of version %d is withheld, and no redaction says so", n.position+1, n.version.Version)
		case !n.hidden && redacted:
			// It may have been withheld since its list was read.
			list, ok := asked[n.version.Version]
			if !ok {
				var err error
				if list, err = p.readList(ctx, n.index, n.version); err != nil {
					return err
				}
				asked[n.version.Version] = list
			}
			if list != nil && !list.Entries()[n.position].Withheld {
				p.add(RuleServed, n.index, path, facts, "entry %d of version %d is served, and a redaction withholds it", n.position+1, n.version.Version)
			}
		}
	}
	return p.checkTaken(ctx)
}

// awaitRedaction reads the chain on, a few times, where it does not say that an entry is
// withheld.
func (p *publication) awaitRedaction(ctx context.Context, entry string) error {
	for {
		if _, ok := p.chain.Withheld(entry); ok || p.o.Wait == nil || p.waits == maxWaits {
			return nil
		}
		p.waits++
		if err := p.o.Wait(ctx); err != nil {
			return err
		}
		if err := p.readChain(ctx, false); err != nil {
			return err
		}
	}
}

// checkTaken: nothing is served that is about a withheld entry, or that a redaction
// names; and no redaction names what is about another entry.
func (p *publication) checkTaken(ctx context.Context) error {
	wrong := func() []int64 {
		var out []int64
		for index, a := range p.about {
			if _, gone := p.chain.Withheld(a.entry); gone || p.taken[a.record] {
				out = append(out, index)
			}
		}
		slices.Sort(out)
		return out
	}
	if len(wrong()) == 0 {
		return nil
	}
	// They may have gone since they were read.
	clear(p.about)
	if err := p.checkEndorsements(ctx); err != nil {
		return err
	}
	for _, index := range wrong() {
		a := p.about[index]
		facts := map[string]string{"record": a.record.String(), "entry": a.entry}
		if _, gone := p.chain.Withheld(a.entry); gone {
			p.add(RuleServed, index, a.path, facts, "it is about an entry that a redaction withholds")
		} else {
			p.add(RuleServed, index, a.path, facts, "a redaction names it, and withholds another entry than the one that it is about")
		}
	}
	return nil
}

// name is a list entry, and whether its name is served.
type name struct {
	entry    string
	position int
	version  *statement.Version
	index    int64 // of the version's record
	hidden   bool
}

// aboutEntry is a record that belongs to no chain.
type aboutEntry struct {
	record log.Digest
	entry  string
	path   string // of the part that has it
}

// repeated reports whether one of the publications lists a record over the same: then its
// payload is served, and says nothing more under another signature. A signatory can sign
// twice, and from one signature anybody makes a second.
func repeated(all []*publication, record log.Digest) bool {
	for _, p := range all {
		if p.said[record] {
			return true
		}
	}
	return false
}

// redacted reports whether a redaction of one of the publications took the payload
// away.
func redacted(all []*publication, record log.Digest) bool {
	for _, p := range all {
		if p.taken[record] {
			return true
		}
	}
	return false
}

// observed names an entry under an observer or an enrolled key whose payload nobody
// serves.
func (a *audit) observed(ctx context.Context, index int64, e log.Entry, all []*publication) error {
	// It may have been listed since the lists were read, or may be in a moment.
	for tried := false; ; tried = true {
		if a.accounted[index] || redacted(all, e.Digest) || repeated(all, e.Digest) {
			return nil
		}
		if tried {
			if a.o.Wait == nil || a.waits == maxWaits {
				break
			}
			a.waits++
			if err := a.o.Wait(ctx); err != nil {
				return err
			}
		}
		for _, p := range all {
			if p.chain == nil {
				continue
			}
			if err := p.readChain(ctx, false); err != nil {
				return err
			}
			if err := p.checkEndorsements(ctx); err != nil {
				return err
			}
		}
	}
	key := log.Sum(e.Key)
	rule, who := RuleWithheld, "an enrolled key"
	switch {
	case a.observers[key]:
		who = "the observer key"
	case !slices.ContainsFunc(all, func(p *publication) bool {
		first, ok := p.enrolled[key]
		return ok && first < index
	}):
		rule, who = RuleUnattached, "a key that was enrolled later"
	}
	a.report.add(Finding{Rule: rule, Index: index, Path: bundlePath(index, a.checkpoint.Size()), Detail: fmt.Sprintf("%s signed it, no publication lists it, and no redaction names it", who),
		Evidence: map[string]string{"record": e.Digest.String(), "key": key.String()}})
	return nil
}
