package trillianlog

import (
	"context"
	"errors"
	"fmt"
	"time"

	tlog "github.com/google/trillian/log"
)

// Reader reads a log without ever changing it: what is queued stays queued.
type Reader struct{ log *Log }

// OpenReader is Open for reading alone. There is nothing to close.
func OpenReader(ctx context.Context, o Options) (*Reader, error) {
	if o.Log == nil || o.Admin == nil {
		return nil, errors.New("trillianlog: open: no storage")
	}
	tlog.InitMetrics(nil) // works once in a process, however often it is called
	tree, err := findTree(ctx, o.Admin, o.TreeID)
	if err != nil {
		return nil, fmt.Errorf("trillianlog: open: %w", err)
	}
	return &Reader{assemble(o, tree, newSteadyClock(time.Now, time.Now()))}, nil
}

// Root is Log.Root.
func (r *Reader) Root(ctx context.Context) (size uint64, hash []byte, err error) {
	return r.log.Root(ctx)
}

// Leaves is Log.Leaves.
func (r *Reader) Leaves(ctx context.Context, start, count uint64) ([][]byte, error) {
	return r.log.Leaves(ctx, start, count)
}
