package monitor

import (
	"context"
	"errors"
	"maps"
	"slices"

	"github.com/sijil/sijil/internal/audit"
	"github.com/sijil/sijil/internal/evidence"
	"github.com/sijil/sijil/internal/match"
	"github.com/sijil/sijil/keys"
	"github.com/sijil/sijil/log"
)

// tries is how often a publication is read that does not verify: it may have grown
// meanwhile.
const tries = 3

// pins are those of the trust file, which come first, and those of the state.
func (l *look) pins() (*keys.Trust, error) {
	pins := map[string]log.Digest{}
	for slug, p := range l.now.Publications {
		if _, ok := l.s.Trust.Genesis(slug); !ok {
			pins[slug] = p.Genesis
		}
	}
	return l.s.Trust.PinAll(pins)
}

// publications is steps 3 and 4.
func (l *look) publications(ctx context.Context) error {
	if err := l.list(ctx); err != nil || l.failed != nil {
		return err
	}
	trust, err := l.pins()
	if err != nil {
		return err
	}
	for _, slug := range slices.Sorted(maps.Keys(l.now.Publications)) {
		p, err := l.open(ctx, trust, slug)
		if err != nil || l.failed != nil || l.proved {
			return err
		}
		if p == nil {
			continue
		}
		if err := l.compare(ctx, p, l.now.Publications[slug]); err != nil || l.failed != nil {
			return err
		}
	}
	return nil
}

// list pins what the service lists and was not seen before. What it lists is no more
// than where to look; what is wrong with the list, the audit says.
func (l *look) list(ctx context.Context) error {
	b, err := l.fetch(ctx, evidence.Layout{}.Trust())
	if err != nil || l.failed != nil {
		return err
	}
	found := l.s.Trust.Publications()
	if given, err := keys.ParseTrust(b); err == nil && given.Policy().Log().ID() == l.key {
		for slug, genesis := range given.Publications() {
			if _, ok := found[slug]; !ok && keys.CheckSlug(slug) == nil {
				found[slug] = genesis
			}
		}
	}
	for slug, genesis := range found {
		_, pinned := l.s.Trust.Genesis(slug)
		if old, ok := l.now.Publications[slug]; !ok || pinned && old.Genesis != genesis {
			l.now.Publications[slug] = newSeen(genesis, !l.now.Begun && !l.c.FromStart)
		}
	}
	return nil
}

// open verifies a publication; nil if that cannot be done.
func (l *look) open(ctx context.Context, trust *keys.Trust, slug string) (*evidence.Publication, error) {
	var damaged *evidence.DamagedError
	var bad *evidence.Misbehaviour
	for try := 1; ; try++ {
		memory := l.now.memory()
		p, err := evidence.Open(ctx, l.src, evidence.Options{Trust: trust, Slug: slug, Memory: memory, Consistent: l.s.Consistent, Passkeys: l.s.Passkeys})
		switch {
		case err == nil:
			l.now.remember(p.Remember(memory))
			l.size = max(l.size, p.Checkpoint().Size())
			return p, nil
		case errors.As(err, &bad):
			return nil, l.misbehaved(bad)
		case errors.As(err, &damaged) && try < tries:
			if l.c.Sleep(ctx, settle) != nil {
				l.failed = ctx.Err()
				return nil, nil
			}
			l.src.forget()
			continue
		case errors.As(err, &damaged):
			l.wrong = append(l.wrong, audit.Finding{Rule: ruleUnverified, Index: -1, Path: damaged.Path, Publication: slug, Detail: damaged.Err.Error()})
			return nil, nil
		case l.s.Wrong != nil && l.s.Wrong(err):
			l.wrong = append(l.wrong, audit.Finding{Rule: ruleUnverified, Index: -1, Publication: slug, Detail: err.Error()})
			return nil, nil
		}
		l.failed = err
		return nil, nil
	}
}

// compare reports what is new in a publication.
func (l *look) compare(ctx context.Context, p *evidence.Publication, s *Seen) error {
	d := &difference{look: l, p: p, s: s, trust: match.TrustPinned, quiet: s.Quiet}
	if _, ok := l.s.Trust.Genesis(p.Slug()); !ok {
		d.trust = "listed"
	}
	records := p.Records()
	if len(records) < s.Records {
		return nil // an older view than the last one; the log's own promises are held elsewhere
	}
	if s.Records > 0 && records[s.Records-1].Digest() != s.Last {
		l.wrong = append(l.wrong, audit.Finding{Rule: ruleUnverified, Index: -1, Publication: p.Slug(), Path: evidence.Layout{}.Bundle(p.Slug(), int64(s.Records-1)),
			Detail: "is another record than the one that this monitor saw there"})
		return nil
	}
	for _, step := range []func() error{d.records, d.names, d.asides, func() error { return d.rolls(ctx) }, func() error { return d.proposals(ctx) }} {
		if err := step(); err != nil {
			return err
		}
	}
	s.Records, s.Last, s.Quiet = len(records), records[len(records)-1].Digest(), false
	return nil
}
