package audit

import (
	"context"
	"crypto/ecdsa"
	"encoding/binary"
	"fmt"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/sijil/sijil/log"
	"github.com/sijil/sijil/log/tile"
)

// group is the entries under one tile of level 0, on their way through a
// worker.
type group struct {
	tile  tlog.Tile // of level 0
	want  tlog.Hash // what the tree has above the tile, if known; of a full tile
	known bool      // want, or for the edge the tile itself, is proved
	edge  []byte    // the partial tile, as served
	done  chan struct{}

	err      error
	absent   bool   // neither tile nor bundle is there
	proved   bool   // every entry is the tree's
	disputed *fault // of the tile: it and the bundle differ, and nothing proved says which is right
	fixed    []byte
	root     tlog.Hash // of the tile's hashes as the bundle gives them; zero if not known
	leaf     [tile.Width]uint64
	key      [tile.Width]uint64
	issues   []Finding
}

func (g *group) first() int64 { return g.tile.N * tile.Width }

func (g *group) bundle() tlog.Tile {
	t := g.tile
	t.L = tile.EntriesLevel
	return t
}

func (g *group) issue(rule Rule, index int64, path string, format string, a ...any) {
	g.issues = append(g.issues, Finding{Rule: rule, Index: index, Path: path, Detail: clip(fmt.Sprintf(format, a...))})
}

// worker checks groups.
type worker struct {
	r              *reader
	scan           log.Scanner
	skipSignatures bool
}

// check reads tile and bundle, finds out which of them is right, and checks the
// entries.
func (w *worker) check(ctx context.Context, g *group) {
	data, dataBad, err := g.edge, (*fault)(nil), error(nil)
	if g.tile.W == tile.Width {
		data, dataBad, err = w.r.tile(ctx, g.tile)
	} else if data == nil {
		dataBad = &fault{missing: true, why: "is missing"}
	}
	if err != nil {
		g.err = err
		return
	}
	raw, rawBad, err := w.r.tile(ctx, g.bundle())
	if err != nil {
		g.err = err
		return
	}
	entries, rawBad := cut(raw, g.tile.W, rawBad)
	hashes := make([]byte, 0, g.tile.W*tlog.HashSize)
	for _, e := range entries {
		h := log.LeafHash(e)
		hashes = append(hashes, h[:]...)
	}
	g.absent = dataBad != nil && dataBad.missing && rawBad != nil && rawBad.missing
	trusted := w.settle(g, data, dataBad, hashes, rawBad)
	w.entries(g, entries, hashes, trusted)
}

// cut splits a bundle into entries, as far as it can be split.
func cut(raw []byte, width int, bad *fault) ([][]byte, *fault) {
	if bad != nil {
		return nil, bad
	}
	entries := make([][]byte, 0, width)
	for len(entries) < width {
		if len(raw) < 2 || len(raw)-2 < int(binary.BigEndian.Uint16(raw)) {
			return entries, &fault{why: fmt.Sprintf("ends inside entry %d of %d", len(entries), width)}
		}
		n := 2 + int(binary.BigEndian.Uint16(raw))
		entries, raw = append(entries, raw[2:n:n]), raw[n:]
	}
	if len(raw) > 0 {
		return entries, &fault{why: fmt.Sprintf("holds %d bytes after its last entry", len(raw))}
	}
	return entries, nil
}

// settle finds out whether the tile or the bundle is what the tree has, and
// returns the hashes that the entries are held against: nil for none.
func (w *worker) settle(g *group, data []byte, dataBad *fault, hashes []byte, rawBad *fault) []byte {
	full := g.tile.W == tile.Width
	whole := len(hashes) == g.tile.W*tlog.HashSize
	if whole {
		g.root = groupRoot(g.tile, hashes)
	}
	path := tile.Path(g.tile)
	switch {
	case !g.known:
		return w.unproved(g, data, dataBad, hashes, rawBad)
	case dataBad == nil && (!full || tileRoot(g.tile, data) == g.want):
		if rawBad != nil {
			g.issue(rawBad.rule(RuleBundle), -1, tile.Path(g.bundle()), "%s", rawBad.why)
		}
		g.proved = whole && rawBad == nil && string(hashes) == string(data)
		return data
	case whole && g.root == g.want:
		why := "is not the tile that the tree has here; its entry bundle is right"
		if dataBad != nil {
			why = dataBad.why + "; its entry bundle is right"
		}
		g.issue(ruleOf(dataBad, RuleTile), -1, path, "%s", why)
		g.fixed = hashes
		if rawBad != nil {
			g.issue(RuleBundle, -1, tile.Path(g.bundle()), "%s", rawBad.why)
		}
		g.proved = rawBad == nil
		return hashes
	}
	g.issue(ruleOf(dataBad, RuleTile), -1, path, "%s", whyOf(dataBad, "is not the tile that the tree has here"))
	g.issue(ruleOf(rawBad, RuleBundle), -1, tile.Path(g.bundle()), "%s", whyOf(rawBad, "does not hold the entries that the tree has here"))
	return nil
}

// unproved handles a group of which the tree says nothing, since a tile above is
// damaged. What the bundle gives may prove it yet: see damage.
func (w *worker) unproved(g *group, data []byte, dataBad *fault, hashes []byte, rawBad *fault) []byte {
	if rawBad != nil {
		g.issue(rawBad.rule(RuleBundle), -1, tile.Path(g.bundle()), "%s", rawBad.why)
		g.root = tlog.Hash{}
		return nil
	}
	g.fixed = hashes
	if dataBad == nil && string(data) != string(hashes) {
		dataBad = &fault{why: "is not the tile that the tree has here"}
	}
	g.disputed = dataBad
	return hashes
}

func ruleOf(f *fault, otherwise Rule) Rule {
	if f != nil {
		return f.rule(otherwise)
	}
	return otherwise
}

func whyOf(f *fault, otherwise string) string {
	if f != nil {
		return f.why
	}
	return otherwise
}

// groupRoot is the root over the hashes of a tile, full or partial.
func groupRoot(t tlog.Tile, hashes []byte) tlog.Hash {
	if t.W == tile.Width {
		return tileRoot(t, hashes)
	}
	nodes := make([]tlog.Hash, t.W)
	for i := range nodes {
		nodes[i] = tlog.Hash(hashes[i*tlog.HashSize:][:tlog.HashSize])
	}
	root, _ := fold(nodes)
	return root
}

// entries checks each entry that is the tree's.
func (w *worker) entries(g *group, entries [][]byte, hashes, trusted []byte) {
	if trusted == nil {
		return
	}
	path, wrong, count := tile.Path(g.bundle()), int64(-1), 0
	for i, e := range entries {
		index := g.first() + int64(i)
		h := hashes[i*tlog.HashSize:][:tlog.HashSize]
		if string(h) != string(trusted[i*tlog.HashSize:][:tlog.HashSize]) {
			if count++; wrong < 0 {
				wrong = index
			}
			continue
		}
		g.leaf[i] = short(h)
		entry, key, err := w.scan.Scan(e)
		if err != nil {
			g.issue(RuleEntry, index, path, "%v", err)
			continue
		}
		g.key[i] = short(key.Fingerprint[:])
		if !w.skipSignatures && !ecdsa.VerifyASN1(key.Key, entry.Digest[:], entry.Signature) {
			g.issue(RuleSignature, index, path, "the signature of key %s over %s does not verify", key.Fingerprint, entry.Digest)
		}
	}
	if count > 0 {
		g.issue(RuleBundle, wrong, path, "entry %d of the bundle is not the one that the tree holds (%d of %d entries differ)", wrong-g.first(), count, g.tile.W)
	}
}

// short is the beginning of a digest, by which it is looked for. 0 stands for
// none: a digest that begins with eight zeros does not turn up.
func short(digest []byte) uint64 { return binary.BigEndian.Uint64(digest) }
