package store

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5/pgconn"
	"modernc.org/sqlite"

	"github.com/rosterhq/roster/internal/directory"
)

// meaning is what a driver's error means to whoever called.
type meaning int

const (
	other   meaning = iota
	taken           // a unique key is there already
	busy            // others are in the way, for longer than is worth waiting
	overrun         // by another transaction: to be run anew
	gone            // the connection, or what is at its end
	notText         // what was asked for can't be stored, so nothing has it
	damaged         // what is there is no database, or not a whole one
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

// storageError makes of a driver's error one that callers can act on: a taken
// unique key is a conflict, a cancelled call is itself, all else is wrapped
// without its type.
func storageError(err error) error {
	if err == nil {
		return nil
	}
	if _, ok := errors.AsType[*directory.Error](err); ok {
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

// cause is a driver's error without its type, which ends here.
type cause struct {
	message string
	again   bool // the transaction may be run anew
}

func causeOf(err error) cause { return cause{err.Error(), classify(err) == overrun || contested(err)} }

func (c cause) Error() string { return c.message }

// mayRunAgain says whether err ended a transaction that would have gone well
// without another's.
func mayRunAgain(err error) bool {
	c, ok := errors.AsType[cause](err)
	return ok && c.again
}
