package main

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"

	"github.com/transparency-dev/merkle/compact"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/sijil/sijil/internal/trillianlog"
	"github.com/sijil/sijil/keys"
	"github.com/sijil/sijil/log"
)

// entryTree is the tree of the entries in Trillian's database, computed from their bytes,
// and what was found when others were held against it.
type entryTree struct {
	size   uint64
	hashes hashList
	found  []string
}

// readEntries computes the tree, and compares its root with Trillian's. An error says that
// the entries cannot be read.
func readEntries(ctx context.Context, r *trillianlog.Reader) (*entryTree, error) {
	size, root, err := r.Root(ctx)
	if err != nil {
		return nil, err
	}
	t := &entryTree{size: size}
	for start := uint64(0); start < size; {
		leaves, err := r.Leaves(ctx, start, min(1024, size-start))
		if err != nil {
			return nil, fmt.Errorf("the entries in Trillian: %w", err)
		}
		for i, leaf := range leaves {
			stored, err := tlog.StoredHashes(int64(start)+int64(i), leaf, &t.hashes)
			if err != nil {
				return nil, err
			}
			t.hashes = append(t.hashes, stored...)
		}
		start += uint64(len(leaves))
	}
	t.compare("Trillian's root", int64(size), tlog.Hash(root), true)
	return t, nil
}

// compare holds a tree that something names, if it does, against the entries'.
func (t *entryTree) compare(what string, n int64, want tlog.Hash, named bool) {
	if !named {
		return
	}
	if n < 0 || uint64(n) > t.size {
		t.found = append(t.found, fmt.Sprintf("%s covers %d entries, Trillian's database holds %d: it is an older copy", what, n, t.size))
		return
	}
	have, err := tlog.TreeHash(n, &t.hashes)
	if err != nil {
		t.found = append(t.found, fmt.Sprintf("%s: %v", what, err))
	} else if have != want {
		t.found = append(t.found, fmt.Sprintf("%s has the root %s over %d entries; Trillian's entries give %s", what, want, n, have))
	}
}

// compareNodes holds every hash that Trillian keeps of its tree against the entries. Of a
// wrong one Trillian would make a root that is never signed.
func (t *entryTree) compareNodes(ctx context.Context, r *trillianlog.Reader) error {
	const some = 1024
	for level := 0; t.size>>level > 0; level++ {
		for start := uint64(0); start < t.size>>level; start += some {
			var ids []compact.NodeID
			for i := start; i < min(start+some, t.size>>level); i++ {
				ids = append(ids, compact.NewNodeID(uint(level), i))
			}
			nodes, err := r.Nodes(ctx, ids)
			if err := ctx.Err(); err != nil {
				return err
			}
			if err != nil {
				t.found = append(t.found, fmt.Sprintf("Trillian's tree, level %d: %v", level, err))
				continue
			}
			for i, id := range ids {
				want := t.hashes[tlog.StoredHashIndex(level, int64(id.Index))]
				if !bytes.Equal(nodes[i], want[:]) {
					t.found = append(t.found, fmt.Sprintf("Trillian's tree, level %d: node %d is not what the entries give", level, id.Index))
					break // the others below it are wrong with it, or will be found next
				}
			}
		}
	}
	return nil
}

// firstBundles verifies the bundles that publishers were given when their records were
// acknowledged, and are given again when they ask again.
func (s *service) firstBundles(ctx context.Context, t *entryTree, trust *keys.Trust) error {
	policy := trust.Policy().LogOnly()
	return s.rows.FirstBundles(ctx, func(record, key log.Digest, index int64, submitted, complete []byte) {
		c, err := firstBundle(record, key, index, submitted, complete, policy)
		if err != nil {
			t.found = append(t.found, fmt.Sprintf("the bundle that was given for record %s: %v", record, err))
			return
		}
		t.compare(fmt.Sprintf("the checkpoint in the bundle that was given for record %s", record), c.Size(), c.Root(), true)
	})
}

func firstBundle(record, key log.Digest, index int64, submitted, complete []byte, policy *keys.Policy) (*log.Checkpoint, error) {
	b, err := log.ParseBundle(complete)
	if err != nil {
		return nil, err
	}
	if b.Entry() == nil {
		return nil, errors.New("holds no log entry")
	}
	// Some of it, such as the key's hint, nothing verifies: but it is there twice.
	as, err := log.ParseBundle(submitted)
	if err != nil {
		return nil, fmt.Errorf("as it was submitted: %w", err)
	}
	as.VerificationMaterial.LogEntries = b.VerificationMaterial.LogEntries
	if again, err := as.Marshal(); err != nil || !bytes.Equal(again, complete) {
		return nil, errors.Join(errors.New("is not the one that was submitted, with its log entry"), err)
	}
	e, err := log.ParseEntry(b.Entry().CanonicalizedBody)
	if err != nil {
		return nil, err
	}
	signer, err := keys.ParsePublicKey(e.Key)
	if err != nil {
		return nil, err
	}
	if signer.Digest() != key || b.Envelope.Digest() != record || b.Entry().LogIndex != index {
		return nil, errors.New("is another record's, another key's, or of another index")
	}
	if err := strictNote(b.Entry().InclusionProof.Checkpoint.Envelope); err != nil {
		return nil, err
	}
	l, err := b.Verify(signer.ECDSA(), policy.Log().ID(), policy)
	if err != nil {
		return nil, err
	}
	return l.Checkpoint(), nil
}

// strictNote refuses signature lines that say the same in other bytes than were written:
// base64 has bits to spare at its end.
func strictNote(note string) error {
	_, lines, _ := strings.Cut(note, "\n\n")
	for line := range strings.Lines(lines) {
		_, text, _ := strings.Cut(strings.TrimPrefix(strings.TrimSuffix(line, "\n"), "\u2014 "), " ")
		if _, err := base64.StdEncoding.Strict().DecodeString(text); err != nil {
			return fmt.Errorf("a signature of the checkpoint: %w", err)
		}
	}
	return nil
}

// hashList is stored hashes in memory: 64 bytes an entry.
type hashList []tlog.Hash

// ReadHashes implements tlog.HashReader.
func (h *hashList) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	out := make([]tlog.Hash, len(indexes))
	for i, x := range indexes {
		out[i] = (*h)[x]
	}
	return out, nil
}
