package trillianlog

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/google/trillian"
	"github.com/transparency-dev/merkle/rfc6962"
	"google.golang.org/grpc"
	"google.golang.org/grpc/backoff"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/durationpb"
)

const (
	// callTimeout bounds one call of the log server, which may be gone without
	// saying so.
	callTimeout   = 15 * time.Second
	createTimeout = 2 * time.Minute
	// maxAnswer is the most that the log server may answer, in bytes: 1,024 entries
	// of MaxEntryBytes, and what goes with them.
	maxAnswer = 80 << 20
)

// reconnect is how soon a server that has gone is looked for again.
var reconnect = backoff.Config{BaseDelay: 100 * time.Millisecond, Multiplier: 1.6, Jitter: 0.2, MaxDelay: 5 * time.Second}

// RemoteOptions say which log to use, in other processes.
type RemoteOptions struct {
	// Address is HOST:PORT of a trillian_log_server. Required.
	Address string
	// Credentials are those of its TLS. Optional; default none, for a network that
	// is yours: only digests travel, and a root that is not that of the entries is
	// refused, but whoever is in between can stop the log.
	Credentials credentials.TransportCredentials
	// TreeID is what CreateRemote returned.
	TreeID int64
	// Queued is called when an entry has been queued, so that whoever looks for
	// integrated ones looks soon. Optional.
	Queued func(context.Context)
}

// Remote is a log kept by a trillian_log_server and a trillian_log_signer elsewhere.
// It is safe for concurrent use.
//
// Nothing here learns of the signer's commits. Whoever reads the tree as it grows says
// so by Integrated; Append waits for that.
type Remote struct {
	entries entries
	client  trillian.TrillianLogClient
	conn    *grpc.ClientConn
	queued  func(context.Context)
	waiters *waiters

	end    sync.Once
	closed chan struct{}
}

func dial(o RemoteOptions) (*grpc.ClientConn, error) {
	if o.Address == "" {
		return nil, errors.New("no address")
	}
	if o.Credentials == nil {
		o.Credentials = insecure.NewCredentials()
	}
	return grpc.NewClient(o.Address, grpc.WithTransportCredentials(o.Credentials), grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(maxAnswer)),
		grpc.WithConnectParams(grpc.ConnectParams{Backoff: reconnect, MinConnectTimeout: 5 * time.Second}))
}

// CreateRemote makes a tree (LOG, RFC 6962 with SHA-256) with an empty root, and
// returns its ID. Only the making of a new log calls it. If we die in it, a tree is
// left that nobody uses.
func CreateRemote(ctx context.Context, o RemoteOptions) (treeID int64, err error) {
	conn, err := dial(o)
	if err != nil {
		return 0, fmt.Errorf("trillianlog: %w", err)
	}
	defer func() { err = errors.Join(err, conn.Close()) }()
	ctx, cancel := context.WithTimeout(ctx, createTimeout) // the server may be starting
	defer cancel()
	tree, err := trillian.NewTrillianAdminClient(conn).CreateTree(ctx, &trillian.CreateTreeRequest{Tree: &trillian.Tree{
		TreeState: trillian.TreeState_ACTIVE, TreeType: trillian.TreeType_LOG, MaxRootDuration: durationpb.New(0), // no new root without a new entry
	}}, grpc.WaitForReady(true))
	if err != nil {
		return 0, fmt.Errorf("trillianlog: create tree: %w", err)
	}
	if _, err := trillian.NewTrillianLogClient(conn).InitLog(ctx, &trillian.InitLogRequest{LogId: tree.TreeId}); err != nil {
		return 0, fmt.Errorf("trillianlog: initialise tree: %w", err)
	}
	return tree.TreeId, nil
}

// OpenRemote connects, and returns when the log server has told the tree's root.
func OpenRemote(ctx context.Context, o RemoteOptions) (*Remote, error) {
	conn, err := dial(o)
	if err != nil {
		return nil, fmt.Errorf("trillianlog: open: %w", err)
	}
	r := &Remote{client: trillian.NewTrillianLogClient(conn), conn: conn, queued: o.Queued, waiters: newWaiters(), closed: make(chan struct{})}
	r.entries = entries{server: calls{r.client}, treeID: o.TreeID}
	if r.queued == nil {
		r.queued = func(context.Context) {}
	}
	if _, _, err := r.Root(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("trillianlog: open %s: %w", o.Address, err), conn.Close())
	}
	return r, nil
}

// calls is the gRPC client as a logServer, each call with its time.
type calls struct{ trillian.TrillianLogClient }

func (c calls) QueueLeaf(ctx context.Context, in *trillian.QueueLeafRequest) (*trillian.QueueLeafResponse, error) {
	return bounded(ctx, in, c.TrillianLogClient.QueueLeaf)
}

func (c calls) GetLatestSignedLogRoot(ctx context.Context, in *trillian.GetLatestSignedLogRootRequest) (*trillian.GetLatestSignedLogRootResponse, error) {
	return bounded(ctx, in, c.TrillianLogClient.GetLatestSignedLogRoot)
}

func (c calls) GetLeavesByRange(ctx context.Context, in *trillian.GetLeavesByRangeRequest) (*trillian.GetLeavesByRangeResponse, error) {
	return bounded(ctx, in, c.TrillianLogClient.GetLeavesByRange)
}

func bounded[In, Out any](ctx context.Context, in In, call func(context.Context, In, ...grpc.CallOption) (Out, error)) (Out, error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	return call(ctx, in)
}

// Append is Log.Append: it returns once Integrated has told the entry's place.
func (r *Remote) Append(ctx context.Context, entry []byte) (index uint64, duplicate bool, err error) {
	if n := len(entry); n == 0 || n > MaxEntryBytes {
		return 0, false, fmt.Errorf("trillianlog: append: entry of %d bytes, want 1 to %d", n, MaxEntryBytes)
	}
	w := r.waiters.join(leafHash(rfc6962.DefaultHasher.HashLeaf(entry)))
	defer r.waiters.leave(w)
	if duplicate, err = r.entries.queue(ctx, entry); err != nil {
		return 0, false, fmt.Errorf("trillianlog: append: %w", err)
	}
	if duplicate {
		index, found, err := r.lookUp(ctx, w.hash)
		if err != nil {
			return 0, false, fmt.Errorf("trillianlog: append: look up a duplicate: %w", err)
		}
		if found {
			return index, true, nil
		}
		// Queued and not integrated yet. We joined before we looked, so Integrated
		// will reach us.
	}
	r.queued(ctx)
	select {
	case <-w.done:
		return w.index, duplicate, nil
	case <-ctx.Done():
		return 0, false, fmt.Errorf("trillianlog: append: entry is queued, not yet integrated: %w", ctx.Err())
	case <-r.closed:
		return 0, false, ErrClosed
	}
}

// lookUp gives the index of an integrated entry.
func (r *Remote) lookUp(ctx context.Context, hash leafHash) (index uint64, found bool, err error) {
	root, err := r.entries.root(ctx)
	if err != nil || root.TreeSize == 0 {
		return 0, false, err
	}
	resp, err := bounded(ctx, &trillian.GetInclusionProofByHashRequest{LogId: r.entries.treeID, LeafHash: hash[:], TreeSize: int64(root.TreeSize)}, r.client.GetInclusionProofByHash)
	if status.Code(err) == codes.NotFound {
		return 0, false, nil
	}
	if err != nil {
		return 0, false, err
	}
	if len(resp.GetProof()) == 0 || resp.Proof[0].LeafIndex < 0 {
		return 0, false, errors.New("trillian proved no place for the entry")
	}
	return uint64(resp.Proof[0].LeafIndex), true, nil
}

// Integrated says that the tree holds entries with these leaf hashes, the first of
// them at the index first.
func (r *Remote) Integrated(first uint64, hashes [][32]byte) {
	placed := make([]placement, len(hashes))
	for i, h := range hashes {
		placed[i] = placement{leafHash(h), first + uint64(i)}
	}
	r.waiters.resolve(placed)
}

// Root is Log.Root.
func (r *Remote) Root(ctx context.Context) (size uint64, hash []byte, err error) {
	root, err := r.entries.root(ctx)
	if err != nil {
		return 0, nil, fmt.Errorf("trillianlog: %w", err)
	}
	return root.TreeSize, root.RootHash, nil
}

// Leaves is Log.Leaves.
func (r *Remote) Leaves(ctx context.Context, start, count uint64) ([][]byte, error) {
	values, err := r.entries.values(ctx, start, count)
	if err != nil {
		return nil, fmt.Errorf("trillianlog: %w", err)
	}
	return values, nil
}

// Close ends every Append that waits. Closing again is nil.
func (r *Remote) Close() (err error) {
	r.end.Do(func() {
		close(r.closed)
		err = r.conn.Close()
	})
	return err
}
