// Package tracing sends OpenTelemetry traces to the operator's collector: how long
// requests and their steps took. It is off unless the environment asks for it, by the
// variables that OpenTelemetry defines; the protocol is OTLP over HTTP.
//
//	OTEL_EXPORTER_OTLP_ENDPOINT or …_TRACES_ENDPOINT   where to; without either it is off
//	OTEL_TRACES_EXPORTER=none, OTEL_SDK_DISABLED=true  off all the same
//	OTEL_TRACES_SAMPLER, …_ARG                         how many requests
//	OTEL_SERVICE_NAME, OTEL_RESOURCE_ATTRIBUTES        what the service is called (default: sijild)
//	OTEL_BSP_…, OTEL_EXPORTER_OTLP_HEADERS, …          as the SDK has them
//
// A trace says of a request its class, method and status, and how long each step took.
// It never holds an address, path, query, header, body, text, name, slug or digest, nor
// the words of an error. What a client says of a trace (traceparent) is not read: it
// would tie what the client does elsewhere to what it does here.
package tracing

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"sync"
	"time"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/sdk/resource"
	"go.opentelemetry.io/otel/sdk/trace"
	api "go.opentelemetry.io/otel/trace"
)

// Tracer makes spans. A nil Tracer makes none.
type Tracer struct {
	provider *trace.TracerProvider
	tracer   api.Tracer
}

// closeTimeout bounds how long the last spans may take to be sent.
const closeTimeout = 5 * time.Second

// Open returns nil where the environment does not ask for traces. What goes wrong when
// they are sent is logged, at most once a minute, and disturbs nothing else.
func Open(ctx context.Context, version string, logger *slog.Logger) (*Tracer, error) {
	if !asked() {
		return nil, nil
	}
	if p := first("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL"); p != "" && p != "http/protobuf" {
		return nil, fmt.Errorf("traces: the protocol %q is not built in: set OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf", p)
	}
	if e := os.Getenv("OTEL_TRACES_EXPORTER"); e != "" && e != "otlp" {
		return nil, fmt.Errorf("traces: the exporter %q is not built in: set OTEL_TRACES_EXPORTER to otlp or none", e)
	}
	exporter, err := otlptracehttp.New(ctx)
	if err != nil {
		return nil, fmt.Errorf("traces: %w", err)
	}
	// Not the detectors of host and process: they name the machine and its arguments.
	// What the environment says comes last, and wins.
	what, err := resource.New(ctx, resource.WithTelemetrySDK(), resource.WithAttributes(attribute.String("service.name", "sijild"), attribute.String("service.version", version)), resource.WithFromEnv())
	if err != nil {
		return nil, fmt.Errorf("traces: %w", err)
	}
	otel.SetErrorHandler(&complaints{logger: logger})
	return newTracer(trace.NewTracerProvider(trace.WithBatcher(exporter), trace.WithResource(what))), nil
}

func newTracer(p *trace.TracerProvider) *Tracer {
	return &Tracer{provider: p, tracer: p.Tracer("github.com/sijil/sijil")}
}

func asked() bool {
	if os.Getenv("OTEL_SDK_DISABLED") == "true" || os.Getenv("OTEL_TRACES_EXPORTER") == "none" {
		return false
	}
	return first("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT") != ""
}

func first(names ...string) string {
	for _, n := range names {
		if v := os.Getenv(n); v != "" {
			return v
		}
	}
	return ""
}

// Close sends what is left.
func (t *Tracer) Close(ctx context.Context) error {
	if t == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), closeTimeout)
	defer cancel()
	if err := t.provider.Shutdown(ctx); err != nil {
		return fmt.Errorf("traces: the last ones were not sent: %w", err)
	}
	return nil
}

// Step begins a step of the request in ctx; the func ends it, with its error or nil.
// name is a constant. Without a request in ctx there is no step.
func (t *Tracer) Step(ctx context.Context, name string) (context.Context, func(error)) {
	if t == nil || !api.SpanContextFromContext(ctx).IsValid() {
		return ctx, func(error) {}
	}
	ctx, span := t.tracer.Start(ctx, name)
	return ctx, func(err error) {
		if err != nil {
			span.SetStatus(codes.Error, "") // its words may hold somebody's
		}
		span.End()
	}
}

// Request begins the span of a request, named by its class; the func ends it, with the
// answer's status.
func (t *Tracer) Request(ctx context.Context, class, method string) (context.Context, func(status int)) {
	if t == nil {
		return ctx, func(int) {}
	}
	ctx, span := t.tracer.Start(ctx, class, api.WithNewRoot(), api.WithSpanKind(api.SpanKindServer), api.WithAttributes(attribute.String("http.request.method", ordinary(method))))
	return ctx, func(status int) {
		span.SetAttributes(attribute.Int("http.response.status_code", status))
		if status >= http.StatusInternalServerError {
			span.SetStatus(codes.Error, "")
		}
		span.End()
	}
}

// ordinary is the method where it is an ordinary one: others are a client's words.
func ordinary(method string) string {
	switch method {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodOptions:
		return method
	}
	return "_OTHER"
}

// complaints logs what the SDK could not do.
type complaints struct {
	logger *slog.Logger

	mu   sync.Mutex // guards last
	last time.Time
}

// Handle implements otel.ErrorHandler.
func (c *complaints) Handle(err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if time.Since(c.last) < time.Minute {
		return
	}
	c.last = time.Now()
	c.logger.Warn("traces are not sent", "error", err)
}
