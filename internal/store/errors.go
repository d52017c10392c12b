package store

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5/pgconn"
	"modernc.org/sqlite"

	"github.com/rosterhq/roster/internal/directory"
)

// meaning classifies a driver's error for the caller.
type meaning int

const (
	other   meaning = iota
	taken           // a unique key exists already
	busy            // a lock was not available in time
	overrun         // aborted because of another transaction; retry
	gone            // the connection or its server failed
	notText         // the text can't be stored, so no row has it
	damaged         // the file is not a database, or is corrupt
)

func classify(err error) meaning {
	if e, ok := errors.AsType[*sqlite.Error](err); ok {
		return classifySQLite(e)
	}
	if e, ok := errors.AsType[*pgconn.PgError](err); ok {
		return classifyPostgres(e)
	}
	if unreachable(err) {
		return gone
	}
	return other
}

var errBusy = &directory.Error{Code: directory.Unavailable, Message: "the database is busy; try again"}

// storageError converts a driver's error to one that callers can act on. A taken unique
// key becomes a conflict, and a canceled call stays itself. Other errors are wrapped
// without their type, once: an error that was converted already is returned as it is.
// The operation is added by the directory.
func storageError(err error) error {
	if err == nil {
		return nil
	}
	if _, ok := errors.AsType[*directory.Error](err); ok {
		return err
	}
	if _, ok := errors.AsType[cause](err); ok {
		return err
	}
	switch classify(err) {
	case taken:
		return telling(directory.Conflict, "exists already", err)
	case notText:
		return telling(directory.NotFound, "not found", err)
	case busy, overrun:
		return telling(directory.Unavailable, errBusy.Message, err)
	case gone:
		return telling(directory.Unavailable, "the database can't be reached; try again", err)
	}
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	return fmt.Errorf("storage: %w", causeOf(err))
}

func telling(code directory.Code, message string, err error) error {
	return &directory.Error{Code: code, Message: message, Err: causeOf(err)}
}

// cause is a driver's error without its type, so that no driver type leaves the package.
type cause struct {
	message string
	again   bool // the transaction may be retried
}

func causeOf(err error) cause { return cause{err.Error(), classify(err) == overrun || contested(err)} }

func (c cause) Error() string { return c.message }

// mayRunAgain reports whether err was due to a concurrent transaction, so that a retry
// may succeed.
func mayRunAgain(err error) bool {
	c, ok := errors.AsType[cause](err)
	return ok && c.again
}
