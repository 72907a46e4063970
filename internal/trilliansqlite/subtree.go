package trilliansqlite

import (
	"bytes"
	"database/sql"
	"encoding/base64"
	"errors"
	"fmt"

	"github.com/google/trillian/storage/storagepb"
	"google.golang.org/protobuf/proto"
)

// subtreeDepth is the depth of every subtree that Trillian's cache makes.
const subtreeDepth = 8

const (
	readSubtreeSQL  = `SELECT nodes FROM subtree WHERE tree_id = ? AND prefix = ?`
	writeSubtreeSQL = `INSERT INTO subtree (tree_id, prefix, nodes) VALUES (?, ?, ?)
		ON CONFLICT (tree_id, prefix) DO UPDATE SET nodes = excluded.nodes`
)

// warmSubtrees are the subtrees that the last transaction of the sequencer
// used: the right edge of the tree, which the next one needs again. Decoding
// them takes longer than all the rest of a small batch.
//
// They are the writer's and guarded by its turn. A transaction changes them in
// place, so every rollback throws them away: what is warm is committed.
type warmSubtrees struct {
	treeID   int64
	byPrefix map[string]*storagepb.SubtreeProto
}

// of gives the subtrees of a tree.
func (w warmSubtrees) of(treeID int64) map[string]*storagepb.SubtreeProto {
	if w.treeID != treeID {
		return nil
	}
	return w.byPrefix
}

// loadSubtrees gives the subtrees that exist among those asked for; the cache
// decides whether a missing one is a fault.
func (s *snapshot) loadSubtrees(prefixes [][]byte) ([]*storagepb.SubtreeProto, error) {
	if s.end == nil {
		return nil, errEnded
	}
	var subtrees []*storagepb.SubtreeProto
	for _, prefix := range prefixes {
		st, err := s.loadSubtree(prefix)
		if err != nil {
			return nil, fmt.Errorf("read subtree %x: %w", prefix, err)
		}
		if st != nil {
			subtrees = append(subtrees, st)
		}
	}
	return subtrees, nil
}

// loadSubtree gives one subtree, or nil if there is none.
func (s *snapshot) loadSubtree(prefix []byte) (*storagepb.SubtreeProto, error) {
	if st := s.warm[string(prefix)]; st != nil {
		s.used[string(prefix)] = st
		return st, nil
	}
	var nodes []byte
	err := s.conn.row(readSubtreeSQL, s.treeID, blob(prefix)).Scan(&nodes)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	st, err := parseSubtree(prefix, nodes)
	if err == nil && s.used != nil {
		s.used[string(prefix)] = st
	}
	return st, err
}

// parseSubtree decodes a stored subtree and refuses what Trillian's cache
// would only log: it uses a subtree that it could not rebuild.
func parseSubtree(prefix, nodes []byte) (*storagepb.SubtreeProto, error) {
	st := new(storagepb.SubtreeProto)
	if err := proto.Unmarshal(nodes, st); err != nil {
		return nil, err
	}
	full := len(st.Leaves) == 1<<subtreeDepth
	switch {
	case !bytes.Equal(st.Prefix, prefix):
		return nil, fmt.Errorf("stored with prefix %x", st.Prefix)
	case st.Depth != subtreeDepth:
		return nil, fmt.Errorf("depth %d, want %d", st.Depth, subtreeDepth)
	case len(st.Leaves) == 0 || len(st.Leaves) > 1<<subtreeDepth:
		return nil, fmt.Errorf("%d leaves", len(st.Leaves))
	case full && st.InternalNodeCount != 1<<subtreeDepth-2:
		return nil, fmt.Errorf("full, and %d internal nodes were stored", st.InternalNodeCount)
	case !full && len(st.InternalNodes) != int(st.InternalNodeCount):
		return nil, fmt.Errorf("%d internal nodes, %d were stored", len(st.InternalNodes), st.InternalNodeCount)
	}
	for i := range len(st.Leaves) {
		if st.Leaves[leafSuffix(i)] == nil {
			return nil, fmt.Errorf("%d leaves, and none at %d", len(st.Leaves), i)
		}
	}
	for _, m := range []map[string][]byte{st.Leaves, st.InternalNodes} {
		for suffix, hash := range m {
			if len(hash) != hashSize {
				return nil, fmt.Errorf("node %q: hash of %d bytes", suffix, len(hash))
			}
		}
	}
	if st.Prefix == nil {
		st.Prefix = []byte{} // the cache tells nil and empty apart
	}
	return st, nil
}

// leafSuffix is the key of a subtree's leaf: the length of its path in bits,
// and the path.
func leafSuffix(i int) string {
	return base64.StdEncoding.EncodeToString([]byte{subtreeDepth, byte(i)})
}

// writeSubtrees stores what SetMerkleNodes changed.
func (t *logTX) writeSubtrees() error {
	updated, err := t.subtrees.UpdatedTiles()
	if err != nil {
		return err
	}
	for _, st := range updated {
		nodes, err := proto.Marshal(st)
		if err != nil {
			return fmt.Errorf("write subtree %x: %w", st.Prefix, err)
		}
		if err := t.conn.execN(1, writeSubtreeSQL, t.treeID, blob(st.Prefix), nodes); err != nil {
			return fmt.Errorf("write subtree %x: %w", st.Prefix, err)
		}
		t.used[string(st.Prefix)] = st
	}
	return nil
}
