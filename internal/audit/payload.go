package audit

import (
	"context"
	"fmt"

	"github.com/sijil/sijil/internal/statement"
	"github.com/sijil/sijil/log"
)

// maxPayloads bounds how many payloads outside the chains are asked for.
const maxPayloads = 10_000

// maxWaits bounds how often an audit waits for a record to be listed.
const maxWaits = 3

// payloads is step 6: every entry under a publisher key is a record of a chain,
// or its payload is served and says what it is.
func (a *audit) payloads(ctx context.Context, all []*publication) error {
	owners := map[log.Digest][]*publication{} // by key
	wanted := map[uint64]bool{}
	for _, p := range all {
		for key := range p.windows {
			owners[key] = append(owners[key], p)
			wanted[short(key[:])] = true
		}
	}
	others := map[log.Digest]bool{} // keys that are nobody's chain's
	for key := range a.observers {
		others[key] = true
	}
	for _, p := range all {
		for key := range p.enrolled {
			others[key] = true
		}
	}
	for key := range others {
		wanted[short(key[:])] = true
		if _, ok := owners[key]; !ok {
			owners[key] = nil
		}
	}
	found, err := a.outside(ctx, wanted, owners)
	if err != nil {
		return err
	}
	signatures := map[log.Digest][]outsider{} // by what they are over
	for _, f := range found {
		signatures[f.entry.Digest] = append(signatures[f.entry.Digest], f)
	}
	for _, f := range found {
		if others[log.Sum(f.entry.Key)] && owners[log.Sum(f.entry.Key)] == nil {
			if err := a.observed(ctx, f.index, f.entry, all); err != nil {
				return err
			}
			continue
		}
		if err := a.payload(ctx, f.index, f.entry, signatures[f.entry.Digest], owners[log.Sum(f.entry.Key)], all); err != nil {
			return err
		}
	}
	return nil
}

// outsider is an entry under a publisher key that no chain accounts for.
type outsider struct {
	index int64
	entry log.Entry
}

// outside finds them, by log index.
func (a *audit) outside(ctx context.Context, wanted map[uint64]bool, owners map[log.Digest][]*publication) (out []outsider, err error) {
	for i, key := range a.index.key {
		if key == 0 || !wanted[key] || a.accounted[int64(i)] {
			continue
		}
		if len(out) >= maxPayloads {
			a.notChecked(fmt.Sprintf("the payloads of entries from %d on: publisher keys signed more than %d entries outside the chains", i, maxPayloads))
			return out, nil
		}
		raw, ok, err := a.entry(ctx, int64(i))
		if err != nil {
			return nil, err
		}
		if !ok {
			continue
		}
		e, err := log.ParseEntry(raw)
		if _, ok := owners[log.Sum(e.Key)]; err != nil || !ok {
			continue
		}
		out = append(out, outsider{int64(i), e})
	}
	return out, nil
}

// payload says what an entry under a publisher key is that is no record of a
// chain; signatures are all of publisher keys over the same.
func (a *audit) payload(ctx context.Context, index int64, e log.Entry, signatures []outsider, owners, all []*publication) error {
	for _, p := range all {
		if at := p.find(e.Digest); at >= 0 {
			if first := p.records[at].index; first >= 0 && first < int64(len(a.index.leaf)) && a.index.leaf[first] == a.index.leaf[index] {
				return nil // the very same entry: said already, as a duplicate
			}
			p.add(RuleReplay, index, bundlePath(index, a.checkpoint.Size()), map[string]string{"record": e.Digest.String(), "first_index": fmt.Sprint(p.records[at].index)},
				"record %d, which stands at index %d, stands here again under another signature", p.records[at].sequence, p.records[at].index)
			return nil
		}
	}
	if settled, err := a.settles(ctx, index, owners); settled || err != nil {
		return err
	}
	why := "nothing is served under the digest of what was signed"
	for _, p := range owners {
		path := a.o.Layout.Record(p.slug, e.Digest)
		data, bad, err := a.reader.fetch(ctx, path)
		if err != nil {
			return err
		}
		if bad != nil {
			continue
		}
		b, err := log.ParseBundle(data)
		if err == nil && b.Envelope.Digest() == e.Digest {
			a.classify(index, path, b.Envelope.Payload, e, signatures, owners)
			return nil
		}
		why = "what is served under the digest is something else"
	}
	if redacted(all, e.Digest) {
		return nil
	}
	p := owners[0]
	p.add(RuleWithheld, index, a.o.Layout.Record(p.slug, e.Digest), map[string]string{"record": e.Digest.String(), "key": log.Sum(e.Key).String()}, "%s", why)
	return nil
}

// settles reads the chains on: an entry's record may have been listed since they
// were read, or may be in a moment.
func (a *audit) settles(ctx context.Context, index int64, owners []*publication) (bool, error) {
	for {
		for _, p := range owners {
			err := p.readChain(ctx, false)
			if err == nil && !a.accounted[index] {
				err = p.readRoll(ctx)
			}
			if err != nil || a.accounted[index] {
				return true, err
			}
		}
		if a.o.Wait == nil || a.waits == maxWaits {
			return false, nil
		}
		a.waits++
		if err := a.o.Wait(ctx); err != nil {
			return false, err
		}
	}
}

// classify names what a payload is that is outside the chain.
func (a *audit) classify(index int64, path string, payload []byte, e log.Entry, signatures []outsider, owners []*publication) {
	p := owners[0]
	facts := map[string]string{"record": e.Digest.String(), "key": log.Sum(e.Key).String()}
	s, err := statement.Parse(payload)
	if err != nil {
		p.add(RuleUnlisted, index, path, facts, "a publisher key signed what is no statement: %v", err)
		return
	}
	h := s.Header()
	if h.Log != statement.NameOf(a.policy.Log()) {
		p.add(RuleForeign, index, path, facts, "it is for the log %s", h.Log.Origin)
		return
	}
	if g, ok := s.(*statement.Publication); ok {
		for _, o := range owners {
			if o.slug == g.Slug {
				facts["genesis"] = o.chain.Genesis().String()
				o.add(RuleSecondGenesis, index, path, facts, "it begins a second publication under the slug %q; the one that is served began at index %d", g.Slug, o.records[0].index)
				return
			}
		}
		p.add(RuleUnlisted, index, path, facts, "it begins the publication %q, which the source does not list", g.Slug)
		return
	}
	for _, o := range owners {
		if o.chain.Genesis() == h.Publication {
			o.outsideOf(index, path, h, e, signatures, facts)
			return
		}
	}
	p.add(RuleForeign, index, path, facts, "it is for the publication %s, of which the key is no publisher key", h.Publication)
}

// outsideOf names what a statement of this publication is that is not in its
// chain. One with fewer signatures than the policy asks for is a proposal, and no
// finding: it was served.
func (p *publication) outsideOf(index int64, path string, h statement.Header, e log.Entry, signatures []outsider, facts map[string]string) {
	if w := p.windows[log.Sum(e.Key)]; w != nil && (index < w.from || index >= w.to) {
		p.add(RuleOutsideWindow, index, path, facts, "the policy lists the key from index %d on, and this stands at %d", w.from, index)
		return
	}
	at, stands := p.find(h.Previous), index // where it stands as a record
	if at >= 0 {
		if stands = p.complete(signatures, p.records[at].threshold); stands < 0 {
			return
		}
	}
	for _, r := range p.records[1:] {
		if r.previous != h.Previous {
			continue
		}
		facts["chain_record"], facts["chain_index"], facts["previous"] = r.digest.String(), fmt.Sprint(r.index), h.Previous.String()
		if r.index > stands {
			p.add(RuleFork, index, path, facts, "it follows %s, as record %d of the chain that is served does; but it stands first, at index %d, so the chain should go this way and not over index %d",
				h.Previous, r.sequence, stands, r.index)
			return
		}
		p.add(RuleFork, index, path, facts, "it follows %s, as record %d of the chain does, which stands first, at index %d", h.Previous, r.sequence, r.index)
		return
	}
	if at >= 0 {
		p.add(RuleUnlisted, index, path, facts, "it follows record %d, the newest that is served, and is not listed after it", p.records[at].sequence)
		return
	}
	p.add(RuleUnlisted, index, path, facts, "it follows %s, which is no record of the chain", h.Previous)
}

// complete returns the log index of the signature by which a statement has as many as
// threshold, of different keys that the policy listed then; -1 if it never has.
func (p *publication) complete(signatures []outsider, threshold int) int64 {
	signers := map[log.Digest]bool{}
	for _, s := range signatures {
		key := log.Sum(s.entry.Key)
		if w := p.windows[key]; w == nil || s.index < w.from || s.index >= w.to {
			continue
		}
		if signers[key] = true; len(signers) == threshold {
			return s.index
		}
	}
	return -1
}
