package trillianlog

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math"

	"github.com/google/trillian"
	"github.com/google/trillian/types"
	"github.com/transparency-dev/merkle/rfc6962"
	"google.golang.org/grpc/codes"
)

// logServer is what we need of Trillian's log server. Its own type has it in
// process, and a gRPC client has it behind a thin adapter.
type logServer interface {
	QueueLeaf(context.Context, *trillian.QueueLeafRequest) (*trillian.QueueLeafResponse, error)
	GetLatestSignedLogRoot(context.Context, *trillian.GetLatestSignedLogRootRequest) (*trillian.GetLatestSignedLogRootResponse, error)
	GetLeavesByRange(context.Context, *trillian.GetLeavesByRangeRequest) (*trillian.GetLeavesByRangeResponse, error)
}

// entries reads one tree through a log server, wherever that runs.
type entries struct {
	server logServer
	treeID int64
}

// root gives the latest root.
func (e entries) root(ctx context.Context) (*types.LogRootV1, error) {
	resp, err := e.server.GetLatestSignedLogRoot(ctx, &trillian.GetLatestSignedLogRootRequest{LogId: e.treeID})
	if err != nil {
		return nil, fmt.Errorf("read root: %w", err)
	}
	root := new(types.LogRootV1)
	if err := root.UnmarshalBinary(resp.GetSignedLogRoot().GetLogRoot()); err != nil {
		return nil, fmt.Errorf("read root: %w", err)
	}
	if len(root.RootHash) != rfc6962.DefaultHasher.Size() {
		return nil, fmt.Errorf("read root: hash of %d bytes", len(root.RootHash))
	}
	return root, nil
}

// queue makes the entry durable in Trillian's queue. That it was there already
// hides in an answer without error.
func (e entries) queue(ctx context.Context, entry []byte) (duplicate bool, err error) {
	resp, err := e.server.QueueLeaf(ctx, &trillian.QueueLeafRequest{
		LogId: e.treeID,
		Leaf:  &trillian.LogLeaf{LeafValue: entry},
	})
	if err != nil {
		return false, err
	}
	if resp.GetQueuedLeaf() == nil {
		return false, errors.New("trillian gave no answer for the leaf")
	}
	switch st := resp.QueuedLeaf.GetStatus(); codes.Code(st.GetCode()) {
	case codes.OK:
		return false, nil
	case codes.AlreadyExists:
		return true, nil
	default:
		return false, fmt.Errorf("trillian refused the leaf: %s: %s", codes.Code(st.GetCode()), st.GetMessage())
	}
}

// values gives the entries [start, start+count), all of them or an error. The
// server may answer with fewer at a time. An entry that does not have the hash
// under which it was integrated was damaged on its way, and is an error.
func (e entries) values(ctx context.Context, start, count uint64) ([][]byte, error) {
	if count > math.MaxInt64 || start > math.MaxInt64-count {
		return nil, fmt.Errorf("read entries: range %d+%d overflows", start, count)
	}
	var values [][]byte
	for next, end := start, start+count; next < end; {
		resp, err := e.server.GetLeavesByRange(ctx, &trillian.GetLeavesByRangeRequest{
			LogId: e.treeID, StartIndex: int64(next), Count: int64(end - next),
		})
		if err != nil {
			return nil, fmt.Errorf("read entries from %d: %w", next, err)
		}
		if n := uint64(len(resp.GetLeaves())); n == 0 || n > end-next {
			return nil, fmt.Errorf("read entries from %d: got %d, want up to %d", next, n, end-next)
		}
		for _, leaf := range resp.Leaves {
			if leaf.LeafIndex != int64(next) {
				return nil, fmt.Errorf("read entry %d: got entry %d", next, leaf.LeafIndex)
			}
			if !bytes.Equal(rfc6962.DefaultHasher.HashLeaf(leaf.LeafValue), leaf.MerkleLeafHash) {
				return nil, fmt.Errorf("read entry %d: its bytes do not have its leaf hash", next)
			}
			values = append(values, leaf.LeafValue)
			next++
		}
	}
	return values, nil
}
