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

// get returns a prepared statement. The caller must call done when it no longer uses it.
func (s *statements) get(ctx context.Context, query string) (stmt *sql.Stmt, done func(), err error) {
	s.mu.RLock()
	stmt = s.kept[query]
	full := len(s.kept) >= maxStatements || strings.HasPrefix(query, keepOut)
	s.mu.RUnlock()
	if stmt != nil {
		return stmt, keep, nil
	}
	if stmt, err = s.prepare(ctx, query); err != nil {
		return nil, keep, err
	}
	if full {
		return stmt, func() { _ = stmt.Close() }, nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if other := s.kept[query]; other != nil {
		_ = stmt.Close() // a concurrent call prepared it first
		return other, keep, nil
	}
	s.kept[query] = stmt
	return stmt, keep, nil
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

// keep leaves a statement prepared.
func keep() {}

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
		if _, done, err := s.stmts.get(ctx, query); err == nil { // done closes what is not kept
			done()
		}
	}
}

// writeSession runs prepared statements on the writer's own connection.
type writeSession struct {
	takesTurns
	stmts *statements
}

func (s writeSession) exec(ctx context.Context, query string, args ...any) (sql.Result, error) {
	stmt, done, err := s.stmts.get(ctx, query) // done closes what is not kept
	if err != nil {
		return nil, err
	}
	defer done()
	return stmt.ExecContext(ctx, args...)
}

func (s writeSession) query(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	stmt, done, err := s.stmts.get(ctx, query) // done closes what is not kept
	if err != nil {
		return nil, err
	}
	defer done()
	return stmt.QueryContext(ctx, args...) // the caller closes the rows
}
