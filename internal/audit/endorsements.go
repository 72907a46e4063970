package audit

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	"github.com/sijil/sijil/internal/endorsement"
	"github.com/sijil/sijil/internal/evidence"
	"github.com/sijil/sijil/internal/statement"
	"github.com/sijil/sijil/log"
)

// checkEndorsements reads what signatories said and what the service saw of them. That
// nothing is left out is step 6: every entry under an observer key, or an enrolled one,
// is accounted for.
func (p *publication) checkEndorsements(ctx context.Context) error {
	if err := p.openObserver(ctx); err != nil {
		return err
	}
	path := p.o.Layout.Endorsements(p.slug)
	doc, bad, err := p.reader.fetch(ctx, path)
	if err != nil {
		return err
	}
	if bad != nil {
		if !bad.missing {
			p.add(RuleAside, -1, path, nil, "%s", bad.why)
		}
		return nil // as good as an empty one
	}
	last := int64(-1)
	for n := 1; len(doc) > 0; n++ {
		line, rest, ok := bytes.Cut(doc, []byte("\n"))
		if doc = rest; !ok {
			p.add(RuleAside, -1, path, nil, "line %d has no end", n)
			return nil
		}
		a, tree, err := evidence.OpenAside(line, p.chain, p.observers, p.policy, p.passkeys())
		if err != nil {
			p.add(RuleAside, -1, path, nil, "line %d: %v", n, err)
			continue
		}
		if err := p.compareTrees(ctx, p.checkpoint, tree, true); err != nil {
			return err
		}
		if a.Index <= last {
			p.add(RuleAside, a.Index, path, nil, "line %d: stands in the log before the line that it follows", n)
		}
		last = a.Index
		p.count(a)
		if err := p.checkMail(ctx, path, a); err != nil {
			return err
		}
		if err := p.placeAside(ctx, path, a); err != nil {
			return err
		}
	}
	return nil
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
	if e, ok := a.Sighting.(*statement.Enrolment); ok {
		p.enrolled[log.Sum(e.Key)] = true
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
		p.add(RuleIndex, a.Index, path, map[string]string{"record": a.Digest().String()}, "the log holds another entry at index %d", a.Index)
	case ok:
		p.accounted[a.Index] = true
	}
	return nil
}

// checkWithheld: only what a redaction withholds may be missing. A service withholds a
// name at once, and the witnesses may see the redaction a moment later.
func (p *publication) checkWithheld(ctx context.Context) error {
	for _, h := range p.hidden {
		for {
			if _, ok := p.chain.Withheld(h.entry); ok {
				break
			}
			if p.o.Wait == nil || p.waits == maxWaits {
				p.add(RuleUnredacted, h.index, p.o.Layout.Signatories(p.slug, h.version), map[string]string{"entry": h.entry}, "entry %d of version %d is withheld, and no redaction says so", h.position+1, h.version)
				break
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
	return nil
}

// hidden is a list entry whose name is not served.
type hidden struct {
	entry             string
	position, version int
	index             int64 // of the version's record
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
		if a.accounted[index] || redacted(all, e.Digest) {
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
	who := "an enrolled key"
	if a.observers[log.Sum(e.Key)] {
		who = "the observer key"
	}
	a.report.add(Finding{Rule: RuleWithheld, Index: index, Path: bundlePath(index, a.checkpoint.Size()), Detail: fmt.Sprintf("%s signed it, no publication lists it, and no redaction names it", who),
		Evidence: map[string]string{"record": e.Digest.String(), "key": log.Sum(e.Key).String()}})
	return nil
}
