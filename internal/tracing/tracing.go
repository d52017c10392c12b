// Package tracing sends OpenTelemetry traces of requests and of the statements
// they run, for who sets an endpoint. Without one nothing is traced, and nothing
// on a request's way knows of it.
package tracing

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"time"

	"go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
)

// Tracing is the way of traces out of the program; nil sends none.
type Tracing struct {
	provider *sdktrace.TracerProvider
	log      *slog.Logger
}

// Start reads OpenTelemetry's own variables of the environment
// (opentelemetry.io/docs/specs/otel/protocol/exporter): without
// OTEL_EXPORTER_OTLP_ENDPOINT or OTEL_EXPORTER_OTLP_TRACES_ENDPOINT, or with
// OTEL_SDK_DISABLED=true, it gives nil. Traces go out by OTLP over HTTP.
//
// Spans that can't be sent are logged and dropped; requests never wait for a collector.
func Start(ctx context.Context, version string, log *slog.Logger) (*Tracing, error) {
	if os.Getenv("OTEL_SDK_DISABLED") == "true" ||
		(os.Getenv("OTEL_EXPORTER_OTLP_ENDPOINT") == "" && os.Getenv("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT") == "") {
		return nil, nil // not to trace is a way to run
	}
	otel.SetErrorHandler(otel.ErrorHandlerFunc(func(err error) { log.Warn("traces were lost", "error", err) }))
	exporter, err := otlptracehttp.New(ctx)
	if err != nil {
		return nil, fmt.Errorf("trace: %w", err)
	}
	// OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES have the last word.
	about, err := resource.New(ctx, resource.WithAttributes(
		attribute.String("service.name", "roster"), attribute.String("service.version", version),
	), resource.WithFromEnv(), resource.WithHost())
	if err != nil {
		return nil, fmt.Errorf("trace: %w", err)
	}
	return &Tracing{log: log, provider: sdktrace.NewTracerProvider(sdktrace.WithBatcher(exporter), sdktrace.WithResource(about))}, nil
}

// Tracer is for spans inside a request; nil where nothing is traced.
func (t *Tracing) Tracer() trace.Tracer {
	if t == nil {
		return nil
	}
	return t.provider.Tracer("github.com/rosterhq/roster")
}

// Handler traces each request to h, under its route's name, as a part of the
// client's trace if it sends one (W3C Trace Context). Spans
// omit queries, bodies and headers, which may be personal or secret.
func (t *Tracing) Handler(h http.Handler) http.Handler {
	if t == nil {
		return h
	}
	named := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h.ServeHTTP(w, r)
		span := trace.SpanFromContext(r.Context())
		span.SetAttributes(attribute.String("roster.trace_id", w.Header().Get("X-Axiom-Trace-Id")))
		if r.Pattern != "" { // known only now
			span.SetName(r.Pattern)
			span.SetAttributes(attribute.String("http.route", r.Pattern))
		}
	})
	return otelhttp.NewHandler(named, "request",
		otelhttp.WithTracerProvider(t.provider), otelhttp.WithPropagators(propagation.TraceContext{}))
}

// patience is how long the last traces may take to be sent.
const patience = 2 * time.Second

// Stop sends what has not been sent yet.
func (t *Tracing) Stop() {
	if t == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := t.provider.Shutdown(ctx); err != nil {
		t.log.Warn("traces were lost", "error", err)
	}
}
