package audit

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/sijil/sijil/log"
	"github.com/sijil/sijil/log/tile"
)

// index keeps of each entry the first eight bytes of its leaf hash and of its
// key's fingerprint; 0 where there is none.
type index struct{ leaf, key []uint64 }

// duplicates finds entries that stand in the log twice.
func (a *audit) duplicates(ctx context.Context) error {
	sorted := slices.Clone(a.index.leaf)
	slices.Sort(sorted)
	twice := map[uint64][]int64{}
	for i := 1; i < len(sorted) && len(twice) < maxFindings; i++ {
		if sorted[i] == sorted[i-1] && sorted[i] != 0 {
			twice[sorted[i]] = nil
		}
	}
	if len(twice) == 0 {
		return nil
	}
	sorted = nil
	listed := 0
	for i, s := range a.index.leaf {
		if at, ok := twice[s]; ok && listed < 2*maxFindings {
			twice[s] = append(at, int64(i))
			listed++
		}
	}
	for _, s := range slices.Sorted(maps.Keys(twice)) {
		if err := a.confirm(ctx, twice[s]); err != nil {
			return err
		}
	}
	return nil
}

// confirm reads the whole leaf hashes of entries that seem to be the same.
func (a *audit) confirm(ctx context.Context, at []int64) error {
	first := map[tlog.Hash]int64{}
	for _, i := range at {
		entry, ok, err := a.entry(ctx, i)
		if err != nil {
			return err
		}
		if !ok {
			continue // damaged, and said so
		}
		h := log.LeafHash(entry)
		if f, ok := first[h]; ok {
			a.report.add(Finding{Rule: RuleDuplicate, Index: i, Path: bundlePath(i, a.checkpoint.Size()),
				Detail:   fmt.Sprintf("entry %d is entry %d again", i, f),
				Evidence: map[string]string{"first_index": fmt.Sprint(f), "leaf_hash": h.String()}})
			continue
		}
		first[h] = i
	}
	return nil
}

// entry reads one entry again, authenticated; false if it cannot be had.
func (a *audit) entry(ctx context.Context, i int64) ([]byte, bool, error) {
	n := i / tile.Width
	if a.again == nil || a.again.n != n {
		entries, err := a.readGroup(ctx, n)
		if err != nil && !damaged(err) {
			return nil, false, err
		}
		a.again = &again{n, entries}
	}
	at := int(i % tile.Width)
	if at >= len(a.again.entries) || a.again.entries[at] == nil {
		return nil, false, nil
	}
	return a.again.entries[at], true, nil
}

// again is the group that was read again last.
type again struct {
	n       int64
	entries [][]byte // nil for one that is not the tree's
}

func (a *audit) readGroup(ctx context.Context, n int64) ([][]byte, error) {
	leaves, ok := tile.At(0, n, uint64(a.checkpoint.Size()))
	if !ok {
		return nil, nil
	}
	if a.verify == nil {
		v, err := a.reader.verifier(ctx, tlog.Tree{N: a.checkpoint.Size(), Hash: a.checkpoint.Root()})
		if err != nil {
			return nil, err
		}
		a.verify = v
	}
	data, err := a.verify.Tiles([]tlog.Tile{leaves})
	if err != nil {
		return nil, err
	}
	bundle := leaves
	bundle.L = tile.EntriesLevel
	raw, bad, err := a.reader.tile(ctx, bundle)
	if err != nil {
		return nil, err
	}
	entries, _ := cut(raw, leaves.W, bad)
	for i, e := range entries {
		if h := log.LeafHash(e); string(h[:]) != string(data[0][i*tlog.HashSize:][:tlog.HashSize]) {
			entries[i] = nil
		}
	}
	return entries, nil
}

// bundlePath is where an entry is served.
func bundlePath(i, size int64) string {
	t, _ := tile.At(tile.EntriesLevel, i/tile.Width, uint64(size))
	return tile.Path(t)
}
