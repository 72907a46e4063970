package evidence

import (
	"context"
	"errors"
	"fmt"

	"github.com/sijil/sijil/internal/statement"
	"github.com/sijil/sijil/log"
)

// ErrNoReleaseKey: the trust file pins no release key. The caller asks the person to
// pin it.
var ErrNoReleaseKey = errors.New("the trust file pins no release key")

// Release is a release of which everything was verified: only OpenRelease makes one.
type Release struct {
	statement *statement.Release
	logged    *log.Logged
}

// Statement is what the operator signed.
func (r *Release) Statement() *statement.Release { return r.statement }

// Record is the release's record digest.
func (r *Release) Record() log.Digest { return r.logged.Digest() }

// Index is its place in the log.
func (r *Release) Index() int64 { return r.logged.Index() }

// Checkpoint is what its proof leads to.
func (r *Release) Checkpoint() *log.Checkpoint { return r.logged.Checkpoint() }

// OpenRelease reads the source's newest release and verifies it: the signature is by
// the pinned release key, the statement is for this log, the entry is included
// under a checkpoint that satisfies the witness policy, and the stock verifier agrees.
// That there is no newer one is not proved. Errors: ErrNoReleaseKey, *DamagedError, or
// the source's own.
func OpenRelease(ctx context.Context, src Source, o Options) (*Release, error) {
	if o.Trust == nil {
		return nil, log.ErrNoPolicy
	}
	key := o.Trust.ReleaseKey()
	if key == nil {
		return nil, ErrNoReleaseKey
	}
	path := o.Layout.Release()
	data, err := src.Fetch(ctx, path)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	r, err := verifyRelease(data, o)
	if err != nil {
		return nil, &DamagedError{Path: path, Err: err}
	}
	return r, nil
}

func verifyRelease(data []byte, o Options) (*Release, error) {
	key, policy := o.Trust.ReleaseKey(), o.Trust.Policy()
	b, err := log.ParseBundle(data)
	if err != nil {
		return nil, err
	}
	logged, err := b.Verify(key.ECDSA(), policy.Log().ID(), policy)
	if err != nil {
		return nil, err
	}
	s, err := statement.ParseRelease(logged.Payload())
	if err != nil {
		return nil, err
	}
	if s.Log != statement.NameOf(policy.Log()) {
		return nil, errors.New("the release is for another log")
	}
	if o.Stock != nil {
		if err := o.Stock.Verify(data, key.ECDSA(), s.Files()[0].SHA256); err != nil {
			return nil, err
		}
	}
	return &Release{statement: s, logged: logged}, nil
}
