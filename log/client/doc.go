// Package client reads a log over HTTP or from a folder, and passes on nothing
// that it has not verified.
//
// The caller brings a Tree, the size and root of a checkpoint that it has
// verified against its own policy; the package never decides whom to trust. Each
// tile it uses is authenticated against that root
// (golang.org/x/mod/sumdb/tlog.TileHashReader), and each entry against its tile,
// before anything is returned or yielded. So a log, a cache or a disk can make a
// call fail, but not make it lie.
//
//	f, err := client.NewHTTP("https://log.example", nil)
//	b, err := f.Fetch(ctx, "checkpoint")   // then verify it
//	t := client.Tree{Size: cp.Size, Root: cp.Root}
//	err = client.Entries(ctx, f, t, 0, t.Size, func(i uint64, entry []byte) error { … })
//
// Three kinds of failure are kept apart, since they mean different things:
//
//   - ErrUnreachable, fs.ErrNotExist and the like: nothing is known
//   - *tile.WrongError, *EntryError: what was read is not what the tree holds;
//     damage, an alteration on the way, or a log that does not serve its own tree
//   - ErrInconsistent: two trees that were both signed contradict each other,
//     proof that the log misbehaved
package client

import (
	"context"
	"errors"
	"fmt"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/sijil/sijil/log/tile"
)

// Fetcher reads the files of a log.
type Fetcher interface {
	// Fetch returns the whole file at a path relative to the log's root,
	// without a leading slash: "checkpoint", "tile/0/000". What is not there
	// is fs.ErrNotExist; what could not be asked for is ErrUnreachable. Safe
	// for concurrent use. The bytes are not verified.
	Fetch(ctx context.Context, path string) ([]byte, error)
}

// Tree is a tree that the caller trusts, from a verified checkpoint.
type Tree struct {
	Size uint64
	Root tlog.Hash
}

func (t Tree) tlog() tlog.Tree {
	return tlog.Tree{N: int64(t.Size), Hash: t.Root}
}

// ErrInconsistent is an *InconsistentError. The caller keeps it as evidence,
// together with both checkpoints.
var ErrInconsistent = errors.New("the log shows two histories")

// InconsistentError is the proof that two signed trees contradict each other:
// New does not begin with Old. Whoever has both checkpoints can check it.
type InconsistentError struct {
	Old, New Tree
	// Have is the root that New's first Old.Size entries give, and Proof is the
	// consistency proof (RFC 6962, section 2.1.2) from Have to New.Root. If the
	// sizes are the same, Have is New.Root and Proof is empty.
	Have  tlog.Hash
	Proof tlog.TreeProof
}

func (e *InconsistentError) Error() string {
	return fmt.Sprintf("%v: the tree of size %d and root %v begins with a tree of size %d and root %v, but one with root %v was signed: keep both checkpoints, they prove that the log misbehaved",
		ErrInconsistent, e.New.Size, e.New.Root, e.Old.Size, e.Have, e.Old.Root)
}

func (e *InconsistentError) Is(target error) bool { return target == ErrInconsistent }

// Inclusion returns the hash of an entry's leaf in the tree and the proof of its
// inclusion (RFC 6962, section 2.1.1), which was checked.
func Inclusion(ctx context.Context, f Fetcher, t Tree, index uint64) (tlog.Hash, tlog.RecordProof, error) {
	if index >= t.Size {
		return tlog.Hash{}, nil, fmt.Errorf("index %d is not in a tree of size %d", index, t.Size)
	}
	v, err := verifier(ctx, f, t)
	if err != nil {
		return tlog.Hash{}, nil, err
	}
	leaf, err := v.ReadHashes([]int64{tlog.StoredHashIndex(0, int64(index))})
	if err != nil {
		return tlog.Hash{}, nil, fmt.Errorf("inclusion of index %d: %w", index, err)
	}
	p, err := tlog.ProveRecord(int64(t.Size), int64(index), v)
	if err != nil {
		return tlog.Hash{}, nil, fmt.Errorf("inclusion of index %d: %w", index, err)
	}
	if err := tlog.CheckRecord(p, int64(t.Size), t.Root, int64(index), leaf[0]); err != nil {
		return tlog.Hash{}, nil, fmt.Errorf("inclusion of index %d: %w", index, err)
	}
	return leaf[0], p, nil
}

// Consistency checks that the tree new begins with the tree old. It returns nil
// when that is proved, ErrInconsistent when the opposite is, and another error
// when neither is known.
func Consistency(ctx context.Context, f Fetcher, old, new Tree) error {
	for _, t := range []Tree{old, new} {
		// A signed size 0 has one root; this finds another one.
		if _, err := verifier(ctx, f, t); err != nil {
			return err
		}
	}
	switch {
	case old.Size > new.Size:
		return fmt.Errorf("consistency: the old tree has size %d, the new one %d: exchange them", old.Size, new.Size)
	case old.Size == new.Size && old.Root != new.Root:
		return &InconsistentError{Old: old, New: new, Have: new.Root}
	case old.Size == new.Size || old.Size == 0:
		return nil
	}
	v, err := verifier(ctx, f, new)
	if err != nil {
		return err
	}
	p, err := tlog.ProveTree(int64(new.Size), int64(old.Size), v)
	if err != nil {
		return fmt.Errorf("consistency of size %d with size %d: %w", old.Size, new.Size, err)
	}
	if tlog.CheckTree(p, int64(new.Size), new.Root, int64(old.Size), old.Root) == nil {
		return nil
	}
	// Before the accusation: the proof must hold for what the new tree has.
	have, err := tlog.TreeHash(int64(old.Size), v)
	if err == nil {
		err = tlog.CheckTree(p, int64(new.Size), new.Root, int64(old.Size), have)
	}
	if err != nil {
		return fmt.Errorf("consistency of size %d with size %d: %w", old.Size, new.Size, err)
	}
	return &InconsistentError{Old: old, New: new, Have: have, Proof: p}
}

func verifier(ctx context.Context, f Fetcher, t Tree) (*tile.Verifier, error) {
	if t.Size > tile.MaxSize {
		return nil, fmt.Errorf("tree of size %d, at most %d", t.Size, int64(tile.MaxSize))
	}
	return tile.NewVerifier(t.tlog(), func(tiles []tlog.Tile) ([][]byte, error) {
		return fetchTiles(ctx, f, tiles)
	})
}
