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
	// MustExist makes Open fail if there is no database, instead of creating one.
	MustExist bool
	// Tracer, if not nil, records a span for each transaction and statement.
	Tracer trace.Tracer
	// Patience is the least that limits on the time of reads and writes are, for tests, which
	// may run on a busy machine.
	Patience time.Duration
}

// Store is a [directory.Store] on an SQL database.
type Store struct {
	engine
	notifier *notifier
	tracer   trace.Tracer // nil: nothing is traced
}

var _ directory.Store = (*Store)(nil)

// engine implements what differs between databases. The exported methods are those of
// [directory.Store].
type engine interface {
	Read(ctx context.Context, fn func(directory.Tx) error) error
	Write(ctx context.Context, fn func(directory.Tx) error) error
	InTouch() bool
	Behind() time.Duration
	CatchUp(ctx context.Context) error
	Lead(ctx context.Context, name string, fn func(context.Context) error) error
	Ping(ctx context.Context) error
	Close() error

	// Settled waits until [directory.Tx.Entries] returns every entry that was committed
	// before the call.
	Settled(ctx context.Context) error
	// pool returns the connections that requests use.
	pool() *sql.DB
	// bulk is Write without its time limits, for a copy.
	bulk(ctx context.Context, fn func(directory.Tx) error) error
	// lastPosition returns the last position that was assigned, even if its entry was
	// deleted. The next entry gets the one after it.
	lastPosition(*tx) (int64, error)
	setLastPosition(t *tx, n int64) error
}

// Open connects to the database that url names, "sqlite:PATH" or
// "postgres://USER:PASSWORD@HOST/DATABASE", and brings its schema up to date.
// Errors name the database, never a password.
func Open(ctx context.Context, url string, o Options) (*Store, error) {
	n := new(notifier)
	e, err := openEngine(ctx, url, o, n)
	if err != nil {
		return nil, err
	}
	return &Store{engine: e, notifier: n, tracer: o.Tracer}, nil
}

func openEngine(ctx context.Context, url string, o Options, n *notifier) (engine, error) {
	switch kind, rest, _ := strings.Cut(url, ":"); kind {
	case "sqlite":
		return openSQLite(ctx, rest, o, n)
	case "postgres", "postgresql":
		return openPostgres(ctx, url, o, n)
	default:
		return nil, errKind(kind)
	}
}

// errKind quotes one word at most, because text that is not a URL may hold a password.
func errKind(kind string) error {
	if strings.ContainsFunc(kind, func(r rune) bool { return r == '=' || r == '@' || r == ' ' }) {
		kind = "…"
	}
	return fmt.Errorf("database %q: want sqlite:PATH, as in sqlite:roster.db, or postgres://USER:PASSWORD@HOST/DATABASE", kind)
}

// Observe implements [directory.Store].
func (s *Store) Observe(o directory.Observer) { s.notifier.observer.Store(&o) }

// Changed implements [directory.Store].
func (s *Store) Changed() <-chan struct{} { return s.notifier.changed.wait() }
