package publish

import (
	"context"
	"errors"
	"fmt"

	"github.com/sijil/sijil/internal/statement"
	"github.com/sijil/sijil/log"
)

// ReleaseStore keeps the newest release. Both methods are durable when they return,
// and safe for concurrent use.
type ReleaseStore interface {
	// Release returns the newest release's bundle, without a log entry, and its log
	// index; ErrUnknown before the first.
	Release(ctx context.Context) (bundle []byte, index int64, err error)
	PutRelease(ctx context.Context, bundle []byte, index int64) error
}

// ErrReleaseKey: a release that is not signed by the key the operator has set. The
// caller answers 403.
var ErrReleaseKey = errors.New("releases are signed by the operator's release key")

// Release takes an operator's release through the log. The same release again has
// its first index.
func (s *Service) Release(ctx context.Context, data []byte) (*Receipt, error) {
	b, err := parseSubmitted(data)
	if err != nil {
		return nil, err
	}
	signed, err := s.checkRelease(b)
	if err != nil {
		return nil, err
	}
	if s.Frozen != nil {
		return nil, &FrozenError{Successor: s.Frozen.Freeze().Successor}
	}
	if err := s.Tree.Room(); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, settleTimeout)
	defer cancel()
	// If we die from here on, the entry may be in the log and the release before
	// this one is still shown: the operator sends it again.
	index, duplicate, err := s.Log.Append(ctx, signed.Leaf())
	if err != nil {
		return nil, fmt.Errorf("append to the log: %w", err)
	}
	c, err := s.Tree.Cover(ctx, index)
	if err != nil {
		return nil, fmt.Errorf("checkpoint: %w", err)
	}
	if err := s.putRelease(ctx, data, int64(index)); err != nil {
		return nil, err
	}
	out := &Receipt{Record: signed.Digest(), Index: int64(index), Created: !duplicate, Have: 1, Want: 1}
	out.Bundle, err = s.complete(b, signed, int64(index), c)
	return out, err
}

// putRelease keeps the release unless a newer one is kept: an old one that is sent
// again must not come back.
func (s *Service) putRelease(ctx context.Context, data []byte, index int64) error {
	s.releasing.Lock()
	defer s.releasing.Unlock()
	_, newest, err := s.Store.Release(ctx)
	if err != nil && !errors.Is(err, ErrUnknown) {
		return err
	}
	if err == nil && newest >= index {
		return nil
	}
	return s.Store.PutRelease(ctx, data, index)
}

// checkRelease verifies a release: its key, its signature, its statement, its log.
func (s *Service) checkRelease(b *log.Bundle) (*log.Signed, error) {
	key := s.Trust.ReleaseKey()
	if key == nil {
		return nil, fmt.Errorf("%w, and none is set here", ErrReleaseKey)
	}
	if b.VerificationMaterial.PublicKey.Hint != key.Hint() {
		return nil, ErrReleaseKey
	}
	signed, err := b.VerifySignature(key.ECDSA())
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrReleaseKey, err)
	}
	r, err := statement.ParseRelease(b.Envelope.Payload)
	if err != nil {
		return nil, &InvalidError{err}
	}
	if r.Log != s.name {
		return nil, &InvalidError{fmt.Errorf("the release is for the log %s %s", r.Log.Origin, r.Log.KeyID)}
	}
	return signed, nil
}

// NewestRelease returns the bundle of the newest release that readers are shown.
func (s *Service) NewestRelease(ctx context.Context) ([]byte, error) {
	data, index, err := s.Store.Release(ctx)
	if err != nil {
		return nil, err
	}
	b, err := log.ParseBundle(data)
	if err != nil {
		return nil, err
	}
	signed, err := s.checkRelease(b)
	if err != nil {
		return nil, err
	}
	c := s.Public()
	if index >= c.Size {
		return nil, fmt.Errorf("release %w: the witnesses have not seen it yet", ErrUnknown)
	}
	return s.complete(b, signed, index, c)
}
