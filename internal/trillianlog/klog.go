package trillianlog

import (
	"context"
	"log/slog"

	"k8s.io/klog/v2"
)

// RouteKlog sends what Trillian logs to h, and nothing to standard error.
// Trillian logs through klog, whose settings belong to the process: the program
// calls RouteKlog once, before it opens a log. Libraries and tests do not.
//
// Trillian reports every batch as information. That is debugging to us, so
// its errors arrive as warnings and all the rest at debug level. With
// slog.DiscardHandler it is silent; what matters also comes back as an error.
func RouteKlog(h slog.Handler) { klog.SetSlogLogger(slog.New(lowered{h})) }

// lowered is a handler that takes records at a lower level.
type lowered struct{ slog.Handler }

func lower(l slog.Level) slog.Level {
	if l >= slog.LevelError {
		return slog.LevelWarn
	}
	return slog.LevelDebug
}

func (h lowered) Enabled(ctx context.Context, l slog.Level) bool {
	return h.Handler.Enabled(ctx, lower(l))
}

func (h lowered) Handle(ctx context.Context, r slog.Record) error {
	r.Level = lower(r.Level)
	return h.Handler.Handle(ctx, r)
}

func (h lowered) WithAttrs(attrs []slog.Attr) slog.Handler {
	return lowered{h.Handler.WithAttrs(attrs)}
}

func (h lowered) WithGroup(name string) slog.Handler { return lowered{h.Handler.WithGroup(name)} }
