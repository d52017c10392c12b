package store

import (
	"context"
	"database/sql"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"

	"github.com/rosterhq/roster/internal/directory"
)

// Read implements [directory.Store].
func (s *Store) Read(ctx context.Context, fn func(directory.Tx) error) error {
	if s.tracer == nil {
		return s.engine.Read(ctx, fn)
	}
	return s.traced(ctx, "read", s.engine.Read, fn)
}

// Write implements [directory.Store].
func (s *Store) Write(ctx context.Context, fn func(directory.Tx) error) error {
	if s.tracer == nil {
		return s.engine.Write(ctx, fn)
	}
	return s.traced(ctx, "write", s.engine.Write, fn)
}

type transact func(ctx context.Context, fn func(directory.Tx) error) error

// traced runs a transaction under a span, and each statement under a child span. Spans
// have the text of statements, without their values.
func (s *Store) traced(ctx context.Context, name string, run transact, fn func(directory.Tx) error) error {
	ctx, span := s.tracer.Start(ctx, "database "+name)
	defer span.End()
	return ended(span, run(ctx, func(view directory.Tx) error {
		t := view.(*tx) // the store's own
		t.db = tracedSession{t.db, s.tracer, ctx}
		return fn(t)
	}))
}

// ended ends a span. It records errors, except those that are a normal response.
func ended(span trace.Span, err error) error {
	if code := directory.CodeOf(err); err != nil && (code == "" || code == directory.Unavailable) {
		span.SetStatus(codes.Error, string(code))
	}
	return err
}

type tracedSession struct {
	session
	tracer trace.Tracer
	parent context.Context // the caller's; a writer's statements have the writer's context
}

func (s tracedSession) statement(query string) trace.Span {
	_, span := s.tracer.Start(s.parent, "statement", trace.WithSpanKind(trace.SpanKindClient),
		trace.WithAttributes(attribute.String("db.query.text", query)))
	return span
}

func (s tracedSession) exec(ctx context.Context, query string, args ...any) (sql.Result, error) {
	span := s.statement(query)
	defer span.End()
	res, err := s.session.exec(ctx, query, args...)
	return res, ended(span, err)
}

func (s tracedSession) query(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	span := s.statement(query)
	defer span.End()
	rows, err := s.session.query(ctx, query, args...) // the caller closes the rows
	return rows, ended(span, err)
}

func (s tracedSession) lock(ctx context.Context, l directory.Lock) error {
	span := s.statement("lock")
	defer span.End()
	return ended(span, s.session.lock(ctx, l))
}
