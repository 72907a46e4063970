package audit

import (
	"context"
	"errors"
	"math"

	"github.com/sijil/sijil/internal/chain"
	"github.com/sijil/sijil/internal/statement"
	"github.com/sijil/sijil/log"
)

// next checks the chain's next record: its first bundle, and those of the other
// signatures that the policy in force asks for.
func (p *publication) next(ctx context.Context, path string, data []byte) error {
	refuse := func(rule Rule, path string, err error) {
		p.broken = true
		p.add(rule, -1, path, nil, "%v", err)
	}
	bundles := make([]*log.Bundle, 1)
	paths := []string{path}
	var err error
	if bundles[0], err = log.ParseBundle(data); err != nil {
		refuse(RuleRecord, path, err)
		return nil
	}
	want := 1
	if p.chain != nil {
		want = p.chain.Wants(bundles[0])
	}
	for n := 2; n <= want; n++ {
		path := p.o.Layout.Cosigned(p.slug, int64(len(p.records)), n)
		data, bad, err := p.reader.fetch(ctx, path)
		if err != nil {
			return err
		}
		if bad != nil {
			refuse(bad.rule(RuleRecord), path, errors.New(bad.why))
			return nil
		}
		b, err := log.ParseBundle(data)
		if err != nil {
			refuse(RuleRecord, path, err)
			return nil
		}
		bundles, paths = append(bundles, b), append(paths, path)
	}
	var r *chain.Record
	if p.chain == nil {
		var c *chain.Chain
		if c, r, err = chain.Start(bundles[0]); err == nil {
			p.begin(path, c)
		}
	} else if r, path, err = p.follow(paths, bundles); err == nil {
		p.chain.Advance(r)
	}
	if err != nil {
		refuse(chainRule(err), path, err)
		return nil
	}
	return p.accept(ctx, r, paths, bundles)
}

// follow verifies that the bundles are the chain's next record. An error is about the
// bundle at path.
func (p *publication) follow(paths []string, bundles []*log.Bundle) (r *chain.Record, path string, err error) {
	next, err := p.chain.Propose(bundles[0])
	if err != nil {
		return nil, paths[0], err
	}
	for i, b := range bundles[1:] {
		if err := next.Cosign(b); err != nil {
			return nil, paths[i+1], err
		}
	}
	r, err = next.Record()
	return r, paths[0], err
}

// accept notes a record that the chain took.
func (p *publication) accept(ctx context.Context, r *chain.Record, paths []string, bundles []*log.Bundle) error {
	index := int64(-1)
	for i, signed := range r.Signatures() {
		at, err := p.place(ctx, paths[i], bundles[i], signed, index)
		if err != nil {
			return err
		}
		index = at
	}
	h := r.Statement.Header()
	p.at[r.Digest()] = len(p.records)
	p.records = append(p.records, record{digest: r.Digest(), previous: h.Previous, sequence: h.Sequence, index: index, threshold: p.chain.Threshold()})
	p.moveWindows(index)
	switch s := r.Statement.(type) {
	case *statement.Version:
		return p.checkVersion(ctx, index, s)
	case *statement.Redaction:
		for _, d := range s.Payloads {
			p.taken[d] = true
		}
	}
	return nil
}

func chainRule(err error) Rule {
	var foreign *chain.ForeignError
	var conflict *chain.ConflictError
	switch {
	case errors.Is(err, chain.ErrUnauthorised), errors.Is(err, chain.ErrSignedAlready), errors.Is(err, chain.ErrOtherStatement):
		return RuleRecordKey
	case errors.As(err, &foreign), errors.As(err, &conflict):
		return RuleChain
	}
	return RuleRecord
}

// begin holds a genesis record against what was pinned and listed.
func (p *publication) begin(path string, c *chain.Chain) {
	p.chain = c
	c.SetJudge(chain.JudgeBy(p.policy, p.policy.Quorum(), func(record log.Digest) (int64, bool) {
		if at := p.find(record); at >= 0 {
			return p.records[at].index, true
		}
		return 0, false
	}))
	if c.Slug() != p.slug || c.Log() != statement.NameOf(p.policy.Log()) {
		p.add(RuleSlug, -1, path, nil, "the genesis record is for %q in the log %s", c.Slug(), c.Log().Origin)
	}
	for _, want := range []struct {
		digest log.Digest
		by     string
	}{{p.pinned, "the trust file pins"}, {p.listed, "the source lists"}} {
		if !want.digest.IsZero() && want.digest != c.Genesis() {
			p.add(RuleGenesis, -1, path, map[string]string{"served": c.Genesis().String(), "want": want.digest.String()},
				"the genesis record is %s, %s %s", c.Genesis(), want.by, want.digest)
		}
	}
}

// place checks where a signature of a record stands in the log, which is after the
// record that it follows, and after index before of the signature that it follows
// (-1 for none). It returns its index.
func (p *publication) place(ctx context.Context, path string, b *log.Bundle, r chain.Signature, before int64) (int64, error) {
	index := int64(-1)
	if e := b.Entry(); e != nil {
		index = e.LogIndex
	}
	logged, err := b.Verify(r.Key.ECDSA(), p.policy.Log().ID(), p.policy)
	if err != nil {
		p.add(RuleProof, index, path, nil, "%v", err)
	} else if err := p.compareTrees(ctx, p.checkpoint, logged.Checkpoint(), true); err != nil {
		return 0, err
	} else {
		p.trees = append(p.trees[:0:0], largest(p.trees, logged.Checkpoint()))
	}
	if index < 0 {
		return index, nil
	}
	if n := len(p.records); n > 0 && index <= p.records[n-1].index {
		p.add(RuleOrder, index, path, nil, "it stands at index %d, the record that it follows at %d", index, p.records[n-1].index)
	}
	if index <= before {
		p.add(RuleOrder, index, path, nil, "it stands at index %d, the signature that it follows at %d", index, before)
	}
	if p.tree == nil || index >= p.checkpoint.Size() {
		return index, nil // the tree that was read does not hold it; its proof does
	}
	entry, ok, err := p.entry(ctx, index)
	if err != nil {
		return 0, err
	}
	switch {
	case ok && string(entry) != string(r.Leaf()):
		p.add(RuleIndex, index, path, map[string]string{"record": r.Digest().String()}, "the log holds another entry at index %d", index)
	case ok:
		p.accounted[index] = true
	}
	return index, nil
}

// largest returns the newest of the checkpoints.
func largest(list []*log.Checkpoint, c *log.Checkpoint) *log.Checkpoint {
	for _, o := range list {
		if o.Size() > c.Size() {
			c = o
		}
	}
	return c
}

// moveWindows notes which keys the policy in force has after the newest record.
func (p *publication) moveWindows(index int64) {
	now := map[log.Digest]bool{}
	for _, k := range p.chain.Keys() {
		now[k.Digest()] = true
		if p.windows[k.Digest()] == nil {
			p.windows[k.Digest()] = &window{from: index, to: math.MaxInt64}
		}
	}
	for d, w := range p.windows {
		if !now[d] && w.to == math.MaxInt64 {
			w.to = index
		}
	}
}
