package tracing

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
)

// TestSpans: a request and its steps hang together, and hold what is named here and
// nothing else.
func TestSpans(t *testing.T) {
	kept := tracetest.NewInMemoryExporter()
	tr := newTracer(trace.NewTracerProvider(trace.WithSyncer(kept)))
	ctx, end := tr.Request(t.Context(), "publish", "POST")
	_, first := tr.Step(ctx, "append")
	first(nil)
	_, second := tr.Step(ctx, "tiles")
	second(errors.New("somebody's words"))
	end(503)
	_, end = tr.Request(t.Context(), "page", "SOMEBODYS-WORDS")
	end(200)
	if _, alone := tr.Step(t.Context(), "append"); alone == nil {
		t.Error("no func for a step without a request")
	} else {
		alone(nil)
	}
	var got []string
	roots := map[string]bool{}
	for _, s := range kept.GetSpans() {
		line := s.Name + " " + s.Status.Code.String() + s.Status.Description
		for _, a := range s.Attributes {
			line += " " + string(a.Key) + "=" + a.Value.String()
		}
		if len(s.Events)+len(s.Links) > 0 {
			t.Errorf("%s has events or links", s.Name)
		}
		if !s.Parent.IsValid() {
			roots[s.SpanContext.TraceID().String()] = true
		}
		got = append(got, line)
	}
	want := []string{
		"append Unset", "tiles Error", "publish Error http.request.method=POST http.response.status_code=503",
		"page Unset http.request.method=_OTHER http.response.status_code=200",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if len(roots) != 2 {
		t.Errorf("%d roots", len(roots))
	}
}

// TestOff: without the variables, and where they say so, there is no tracer, and one
// that is not there does nothing.
func TestOff(t *testing.T) {
	for name, env := range map[string]map[string]string{
		"nothing":  {},
		"disabled": {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:1", "OTEL_SDK_DISABLED": "true"},
		"none":     {"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://127.0.0.1:1", "OTEL_TRACES_EXPORTER": "none"},
	} {
		t.Run(name, func(t *testing.T) {
			for k, v := range env {
				t.Setenv(k, v)
			}
			tr, err := Open(t.Context(), "v0", slog.New(slog.DiscardHandler))
			if err != nil || tr != nil {
				t.Fatalf("%v, %v", tr, err)
			}
			ctx, end := tr.Request(t.Context(), "page", "GET")
			_, step := tr.Step(ctx, "append")
			step(nil)
			end(200)
			if err := tr.Close(t.Context()); err != nil || ctx != t.Context() {
				t.Error(err)
			}
		})
	}
}

func TestNotBuiltIn(t *testing.T) {
	t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:1")
	t.Setenv("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc")
	if _, err := Open(t.Context(), "v0", slog.New(slog.DiscardHandler)); err == nil || !strings.Contains(err.Error(), "http/protobuf") {
		t.Errorf("grpc: %v", err)
	}
	t.Setenv("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf")
	t.Setenv("OTEL_TRACES_EXPORTER", "zipkin")
	if _, err := Open(t.Context(), "v0", slog.New(slog.DiscardHandler)); err == nil || !strings.Contains(err.Error(), "zipkin") {
		t.Errorf("zipkin: %v", err)
	}
}

// TestExport: what is sent names the service as the environment has it, and neither the
// machine nor the process.
func TestExport(t *testing.T) {
	var mu sync.Mutex
	var sent []byte
	collector := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		mu.Lock()
		defer mu.Unlock()
		sent = append(sent, b...)
		w.WriteHeader(http.StatusOK)
	}))
	defer collector.Close()
	t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", collector.URL)
	t.Setenv("OTEL_RESOURCE_ATTRIBUTES", "service.name=the-register")
	var log bytes.Buffer
	tr, err := Open(t.Context(), "v7", slog.New(slog.NewTextHandler(&log, nil)))
	if err != nil {
		t.Fatal(err)
	}
	_, end := tr.Request(context.Background(), "verify", "POST")
	end(200)
	if err := tr.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"the-register", "v7", "verify"} {
		if !bytes.Contains(sent, []byte(want)) {
			t.Errorf("%q is not in what was sent", want)
		}
	}
	for _, never := range []string{"host.name", "process.", "os.type", "sijild"} {
		if bytes.Contains(sent, []byte(never)) {
			t.Errorf("%q is in what was sent", never)
		}
	}
	c := &complaints{logger: slog.New(slog.NewTextHandler(&log, nil))}
	c.Handle(errors.New("first"))
	c.Handle(errors.New("second"))
	if s := log.String(); !strings.Contains(s, "first") || strings.Contains(s, "second") {
		t.Errorf("logged: %s", s)
	}
}
