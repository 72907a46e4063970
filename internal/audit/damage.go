package audit

import (
	"bytes"
	"context"
	"strings"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/sijil/sijil/log/tile"
)

// damage keeps what it takes to say exactly which tile is wrong when one above
// level 0 is: the root of each group as its entries give it, 32 bytes for 256
// entries. Where they fold to a hash that is proved, the entries are right, and
// every tile in between can be computed and compared.
type damage struct {
	first    int64       // the group of roots[0]
	roots    []tlog.Hash // by group; zero if not known
	disputed []dispute
	fixed    map[tlog.Tile][]byte // right, and served wrongly
	last     []byte               // the hashes of the partial group at the end
}

// dispute is a tile of level 0 and a bundle that differ, below a damaged tile.
type dispute struct {
	tile   tlog.Tile
	bad    *fault
	hashes []byte
}

// span is a range of groups whose entries were proved by folding.
type span struct{ from, to int64 }

// maxFixed bounds the tiles that are kept for one another's sake: 8 MiB.
const maxFixed = 1024

func (d *damage) note(g *group) {
	d.roots = append(d.roots, g.root)
	if g.tile.W < tile.Width {
		d.last = g.fixed
		return
	}
	switch {
	case g.disputed != nil && len(d.disputed) < maxFixed:
		d.disputed = append(d.disputed, dispute{g.tile, g.disputed, g.fixed})
	case g.known && g.fixed != nil && len(d.fixed) < maxFixed:
		d.fixed[g.tile] = g.fixed
	}
}

// resolve names the tiles that are wrong, as exactly as the entries allow, once
// all groups were read.
func (a *audit) resolve(ctx context.Context) error {
	var proved []span
	for _, f := range a.tree.failed {
		s, ok := a.damage.prove(f)
		if !ok {
			a.blame(f)
			continue
		}
		proved = append(proved, s)
		if err := a.compare(ctx, f, s); err != nil {
			return err
		}
	}
	for _, d := range a.damage.disputed {
		a.settleDispute(d, proved)
	}
	for t, b := range a.damage.fixed {
		a.reader.fixed[t] = b
	}
	return nil
}

// prove folds the groups below a failure.
func (d *damage) prove(f failure) (span, bool) {
	s := span{d.first, d.first + int64(len(d.roots))}
	if !f.edge {
		width := int64(1) << (f.tile.L * tile.Height)
		s = span{f.tile.N * width, (f.tile.N + 1) * width}
	} else if d.first > 0 {
		return s, false
	}
	if s.from < d.first || s.to > d.first+int64(len(d.roots)) {
		return s, false
	}
	root, ok := fold(d.roots[s.from-d.first : s.to-d.first])
	return s, ok && root == f.want
}

// blame names the tiles of a failure that the entries cannot settle.
func (a *audit) blame(f failure) {
	for t, bad := range f.bad {
		a.report.add(Finding{Rule: bad.rule(RuleTile), Index: -1, Path: tile.Path(t), Detail: bad.why})
	}
	if f.edge && len(f.bad) == 0 {
		var paths []string
		for _, t := range a.tree.edges() {
			paths = append(paths, tile.Path(t))
		}
		a.report.add(Finding{Rule: RuleTile, Index: -1, Path: strings.Join(paths, ","),
			Detail: "at least one of these tiles of the right edge is wrong: together they do not give the checkpoint's root, and the entries do not tell which"})
	}
	a.report.NotChecked = append(a.report.NotChecked, "that what lies below damaged or missing tiles is the tree that was signed")
}

// compare computes every tile above level 0 in a span that was proved, and
// compares it with what is served.
func (a *audit) compare(ctx context.Context, f failure, s span) error {
	var tiles []tlog.Tile
	for l := 1; ; l++ {
		width := int64(1) << (l * tile.Height) // groups below a full tile
		top, ok := tile.At(l, s.from/width, a.tree.size)
		if !ok || !f.edge && l > f.tile.L {
			break
		}
		for n := top.N; n*width < s.to; n++ {
			if t, ok := tile.At(l, n, a.tree.size); ok {
				tiles = append(tiles, t)
			}
		}
	}
	if t, ok := tile.At(0, int64(a.tree.size/tile.Width), a.tree.size); ok && f.edge && t.W < tile.Width {
		tiles = append(tiles, t)
	}
	for _, t := range tiles {
		right := a.damage.compute(t)
		served, bad, err := a.reader.tile(ctx, t)
		if err != nil {
			return err
		}
		if bad == nil && bytes.Equal(served, right) || right == nil {
			continue
		}
		a.report.add(Finding{Rule: ruleOf(bad, RuleTile), Index: -1, Path: tile.Path(t), Detail: whyOf(bad, "is not the tile that the tree has here") + "; the entries below it are right"})
		if len(a.damage.fixed) < maxFixed {
			a.damage.fixed[t] = right
		}
	}
	return nil
}

// compute returns a tile from the groups below it.
func (d *damage) compute(t tlog.Tile) []byte {
	if t.L == 0 {
		return d.last
	}
	width := int64(1) << ((t.L - 1) * tile.Height)
	var out []byte
	for i := range int64(t.W) {
		from := (t.N*tile.Width+i)*width - d.first
		if from < 0 || from+width > int64(len(d.roots)) {
			return nil
		}
		h, ok := fold(d.roots[from : from+width])
		if !ok {
			return nil
		}
		out = append(out, h[:]...)
	}
	return out
}

func (a *audit) settleDispute(d dispute, proved []span) {
	for _, s := range proved {
		if d.tile.N < s.from || d.tile.N >= s.to {
			continue
		}
		a.report.add(Finding{Rule: d.bad.rule(RuleTile), Index: -1, Path: tile.Path(d.tile), Detail: d.bad.why + "; its entry bundle is right"})
		if len(a.damage.fixed) < maxFixed {
			a.damage.fixed[d.tile] = d.hashes
		}
		return
	}
	if d.bad.missing {
		a.report.add(Finding{Rule: RuleMissing, Index: -1, Path: tile.Path(d.tile), Detail: d.bad.why})
		return
	}
	bundle := d.tile
	bundle.L = tile.EntriesLevel
	a.report.add(Finding{Rule: RuleTile, Index: -1, Path: tile.Path(d.tile), Detail: "does not name the entries of " + tile.Path(bundle) + "; which of the two is wrong cannot be told"})
}
