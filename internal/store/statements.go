package store

import (
	"context"
	"database/sql"
	"errors"
	"strings"
	"sync"
)

// keepOut begins statements that are not kept, because their number has no bound.
const keepOut = "/* varies */ "

// maxStatements bounds how many statements are kept prepared. The constant statements are
// far fewer. Those that vary, for example in the length of a list of ids, may not be kept.
const maxStatements = 256

// statements prepares each statement once for SQLite and keeps it: parsing SQL would
// take longer than running most of it.
type statements struct {
	prepare func(ctx context.Context, query string) (*sql.Stmt, error)
	mu      sync.RWMutex
	kept    map[string]*sql.Stmt
}

func newStatements(prepare func(context.Context, string) (*sql.Stmt, error)) *statements {
	return &statements{prepare: prepare, kept: make(map[string]*sql.Stmt)}
}

// find returns a prepared statement, or nil.
func (s *statements) find(query string) *sql.Stmt {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.kept[query]
}

// get returns a prepared statement, or nil for one that is not kept, which is to run
// unprepared.
func (s *statements) get(ctx context.Context, query string) (*sql.Stmt, error) {
	s.mu.RLock()
	stmt := s.kept[query]
	full := len(s.kept) >= maxStatements || strings.HasPrefix(query, keepOut)
	s.mu.RUnlock()
	if stmt != nil || full {
		return stmt, nil
	}
	stmt, err := s.prepare(ctx, query)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if other := s.kept[query]; other != nil {
		_ = stmt.Close() // a concurrent call prepared it first
		return other, nil
	}
	s.kept[query] = stmt
	return stmt, nil
}

// close closes all statements. SQLite does not close a connection with open statements,
// and then leaves its log unmerged.
func (s *statements) close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	var all error
	for _, stmt := range s.kept {
		all = errors.Join(all, stmt.Close())
	}
	clear(s.kept)
	return all
}

// readSession runs prepared statements inside a read transaction. Statements
// that are not prepared yet run unprepared, and are prepared after the transaction
// ends. Preparing takes a connection, and readers that held one while they waited for
// another could deadlock.
type readSession struct {
	takesTurns
	tx      *sql.Tx
	stmts   *statements
	unknown []string
}

func (s *readSession) exec(ctx context.Context, query string, args ...any) (sql.Result, error) {
	return s.tx.ExecContext(ctx, query, args...)
}

func (s *readSession) query(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	stmt := s.stmts.find(query)
	if stmt == nil {
		if !strings.HasPrefix(query, keepOut) {
			s.unknown = append(s.unknown, query)
		}
		return s.tx.QueryContext(ctx, query, args...)
	}
	return s.tx.StmtContext(ctx, stmt).QueryContext(ctx, args...) // ends with the transaction
}

// end ends the transaction.
func (s *readSession) end(ctx context.Context) {
	_ = s.tx.Rollback() // it only read
	for _, query := range s.unknown {
		_, _ = s.stmts.get(ctx, query) // if it fails, the statement runs unprepared again
	}
}

// writeSession runs prepared statements on the writer's own connection. Those that are not
// kept run unprepared: a statement must not be closed while its rows are read.
type writeSession struct {
	takesTurns
	conn  *sql.Conn
	stmts *statements
}

func (s writeSession) exec(ctx context.Context, query string, args ...any) (sql.Result, error) {
	stmt, err := s.stmts.get(ctx, query)
	if err != nil {
		return nil, err
	}
	if stmt == nil {
		return s.conn.ExecContext(ctx, query, args...)
	}
	return stmt.ExecContext(ctx, args...)
}

func (s writeSession) query(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	stmt, err := s.stmts.get(ctx, query)
	if err != nil {
		return nil, err
	}
	if stmt == nil {
		return s.conn.QueryContext(ctx, query, args...)
	}
	return stmt.QueryContext(ctx, args...)
}
