// Package store keeps the directory in SQL. The statements are portable and
// written once; sqlite*.go and postgres*.go hold what belongs to one engine alone.
package store

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
	"time"

	"go.opentelemetry.io/otel/trace"

	"github.com/rosterhq/roster/internal/directory"
)

// Options say how to open a database.
type Options struct {
	// MustExist refuses to make a new, empty database where there is none.
	MustExist bool
	// Tracer, if there is one, is told of transactions and statements.
	Tracer trace.Tracer
}

// Store is a [directory.Store] on an SQL database.
type Store struct {
	engine
	news   *news
	tracer trace.Tracer // nil: nothing is traced
}

var _ directory.Store = (*Store)(nil)

// engine is what a kind of database does in its own way. Its methods are those
// of [directory.Store].
type engine interface {
	Read(ctx context.Context, fn func(directory.Tx) error) error
	Write(ctx context.Context, fn func(directory.Tx) error) error
	InTouch() bool
	Lead(ctx context.Context, name string, fn func(context.Context) error) error
	Ping(ctx context.Context) error
	Close() error

	// Settled waits until [directory.Tx.Entries] gives every entry that was
	// committed before the call.
	Settled(ctx context.Context) error
	// pool is the connections that requests take, and heard how long ago the
	// database was heard of.
	pool() *sql.DB
	heard() time.Duration
	// bulk is Write without its limits, for what takes its time.
	bulk(ctx context.Context, fn func(directory.Tx) error) error
	// lastPosition is the last number that an entry was given, also if it is gone;
	// the next is given the one after it.
	lastPosition(*tx) (int64, error)
	setLastPosition(t *tx, n int64) error
}

// Open connects to the database that url names, "sqlite:PATH" or
// "postgres://USER:PASSWORD@HOST/DATABASE", and brings its schema up to date.
// Errors name the database, never a password.
func Open(ctx context.Context, url string, o Options) (*Store, error) {
	n := new(news)
	e, err := openEngine(ctx, url, o, n)
	if err != nil {
		return nil, err
	}
	return &Store{engine: e, news: n, tracer: o.Tracer}, nil
}

func openEngine(ctx context.Context, url string, o Options, n *news) (engine, error) {
	switch kind, rest, _ := strings.Cut(url, ":"); kind {
	case "sqlite":
		return openSQLite(ctx, rest, o, n)
	case "postgres", "postgresql":
		return openPostgres(ctx, url, o, n)
	default:
		return nil, errKind(kind)
	}
}

// errKind quotes no more than a word: what is no URL may hold a password.
func errKind(kind string) error {
	if strings.ContainsFunc(kind, func(r rune) bool { return r == '=' || r == '@' || r == ' ' }) {
		kind = "…"
	}
	return fmt.Errorf("database %q: want sqlite:PATH, as in sqlite:roster.db, or postgres://USER:PASSWORD@HOST/DATABASE", kind)
}

// Observe implements [directory.Store].
func (s *Store) Observe(o directory.Observer) { s.news.observer.Store(&o) }

// Changed implements [directory.Store].
func (s *Store) Changed() <-chan struct{} { return s.news.changed.wait() }
