package audit

import (
	"context"

	"github.com/sijil/sijil/log"
)

// checkHead verifies the head, which is read after the records so that it may
// only be newer than they are.
func (p *publication) checkHead(ctx context.Context) error {
	path := p.o.Layout.Head(p.slug)
	b, bad, err := p.reader.fetch(ctx, path)
	if err != nil {
		return err
	}
	if bad != nil {
		p.add(bad.rule(RuleHead), -1, path, nil, "%s", bad.why)
		return nil
	}
	h, err := log.OpenHead(b, p.policy)
	if err != nil {
		p.add(RuleHead, -1, path, nil, "%v", err)
		return nil
	}
	head := h.Head()
	if head.Genesis != p.chain.Genesis() {
		p.add(RuleHead, -1, path, map[string]string{"head": head.Genesis.String(), "chain": p.chain.Genesis().String()}, "is for the publication %s", head.Genesis)
		return nil
	}
	p.head, p.heads[head.Genesis] = h, h
	p.compareHead(h)
	if err := p.checkHeadTree(ctx, path, head); err != nil {
		return err
	}
	return p.checkHeadRecord(ctx, path, head)
}

// compareHead holds the head against the one this machine saw last.
func (p *publication) compareHead(h *log.VerifiedHead) {
	note, ok := p.o.Memory.Heads[h.Head().Genesis]
	if !ok {
		return
	}
	seen, err := log.OpenHead(note, p.policy)
	if err != nil {
		p.report.Notices = append(p.report.Notices, "a remembered head does not verify and was left out: "+err.Error())
		return
	}
	if seen.Head().Conflicts(h.Head()) {
		p.misbehaved("head", seen.Note(), h.Note(), "it signed two heads of publication %q that cannot both be true", p.slug)
	}
}

// checkHeadTree looks for a checkpoint that covers the head's tree: a log may
// have grown since the first one was read.
func (p *publication) checkHeadTree(ctx context.Context, path string, head log.Head) error {
	if head.TreeSize <= largest(p.trees, p.checkpoint).Size() {
		return nil
	}
	c, bad, err := p.fetchCheckpoint(ctx)
	if err != nil {
		return err
	}
	if bad == nil {
		if err := p.compareTrees(ctx, p.checkpoint, c, true); err != nil {
			return err
		}
		p.trees = append(p.trees, c)
	}
	if bad != nil || c.Size() < head.TreeSize {
		p.add(RuleHead, head.Index, path, nil, "speaks of a tree of %d entries, which no checkpoint covers", head.TreeSize)
	}
	return nil
}

// checkHeadRecord finds the head's record in the chain.
func (p *publication) checkHeadRecord(ctx context.Context, path string, head log.Head) error {
	at := p.find(head.Record)
	if at < 0 && !p.broken {
		if err := p.readChain(ctx, false); err != nil { // published meanwhile
			return err
		}
		at = p.find(head.Record)
	}
	switch {
	case at < 0 && p.broken:
		p.add(RuleHead, head.Index, path, map[string]string{"record": head.Record.String()}, "names the record %s, which is not among those that can be read", head.Record)
		return nil
	case at < 0:
		p.add(RuleHead, head.Index, path, map[string]string{"record": head.Record.String()}, "names the record %s, which is not in the chain that is served", head.Record)
		return nil
	case p.records[at].index != head.Index:
		p.add(RuleHead, head.Index, path, map[string]string{"record": head.Record.String()}, "says log index %d, the record is at %d", head.Index, p.records[at].index)
		return nil
	}
	for _, r := range p.records[at+1:] {
		size := max(head.TreeSize, p.checkpoint.Size())
		if r.index < 0 || r.index >= size {
			continue
		}
		p.add(RuleHeadBehind, r.index, path, map[string]string{"head": head.Record.String(), "record": r.digest.String()},
			"names record %d at index %d as the newest in a tree of %d entries; record %d is at index %d",
			p.records[at].sequence, head.Index, head.TreeSize, r.sequence, r.index)
		return nil
	}
	return nil
}

// find returns the place of a record in the chain, or -1.
func (p *publication) find(record log.Digest) int {
	if i, ok := p.at[record]; ok {
		return i
	}
	return -1
}
