package main

import (
	"context"

	"github.com/sijil/sijil/internal/metrics"
	"github.com/sijil/sijil/internal/publish"
	"github.com/sijil/sijil/internal/tracing"
	"github.com/sijil/sijil/log"
)

// traced puts steps around what a use case asks of log, tree and store. Without a tracer
// there is nothing around them.
func traced(t *tracing.Tracer, c publish.Config) publish.Config {
	if t == nil {
		return c
	}
	c.Log, c.Tree, c.Store = tracedLog{c.Log, t}, tracedTree{c.Tree, t}, tracedStore{c.Store, t}
	return c
}

// requests is what begins the span of each request.
func requests(t *tracing.Tracer) metrics.Begin {
	if t == nil {
		return nil
	}
	return t.Request
}

type tracedLog struct {
	publish.Log
	t *tracing.Tracer
}

func (l tracedLog) Append(ctx context.Context, entry []byte) (index uint64, duplicate bool, err error) {
	ctx, end := l.t.Step(ctx, "append")
	defer func() { end(err) }()
	return l.Log.Append(ctx, entry)
}

type tracedTree struct {
	publish.Tree
	t *tracing.Tracer
}

// Cover waits for tiles and checkpoint, which many requests share.
func (l tracedTree) Cover(ctx context.Context, index uint64) (_ publish.Checkpoint, err error) {
	ctx, end := l.t.Step(ctx, "tiles")
	defer func() { end(err) }()
	return l.Tree.Cover(ctx, index)
}

type tracedStore struct {
	publish.Store
	t *tracing.Tracer
}

func (s tracedStore) Reserve(ctx context.Context, r publish.Reservation) (err error) {
	ctx, end := s.t.Step(ctx, "reserve")
	defer func() { end(err) }()
	return s.Store.Reserve(ctx, r)
}

func (s tracedStore) Settle(ctx context.Context, r publish.Settlement) (err error) {
	ctx, end := s.t.Step(ctx, "settle")
	defer func() { end(err) }()
	return s.Store.Settle(ctx, r)
}

func (s tracedStore) ReserveAside(ctx context.Context, a publish.Aside) (err error) {
	ctx, end := s.t.Step(ctx, "reserve")
	defer func() { end(err) }()
	return s.Store.ReserveAside(ctx, a)
}

func (s tracedStore) SettleAside(ctx context.Context, record, key log.Digest, index int64) (err error) {
	ctx, end := s.t.Step(ctx, "settle")
	defer func() { end(err) }()
	return s.Store.SettleAside(ctx, record, key, index)
}
