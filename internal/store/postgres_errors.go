package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"io"
	"net"
	"strings"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
)

// classifyPostgres maps PostgreSQL's error codes
// (postgresql.org/docs/current/errcodes-appendix.html).
func classifyPostgres(e *pgconn.PgError) meaning {
	switch e.Code {
	case "23505": // unique_violation
		return taken
	case "40001", "40P01": // serialization_failure, deadlock_detected
		return overrun
	case "22021", "22P05": // text that the database's encoding lacks: NUL, or not UTF-8
		return notText
	case "55P03", "57014": // lock_not_available, query_canceled: a timeout of the server
		return busy
	case "25006": // read_only_sql_transaction: the server is no longer the primary
		return gone
	}
	switch e.Code[:2] {
	case "08", // connection exceptions
		"53", // insufficient resources: too many connections, disk full
		"57": // operator intervention: shutting down, starting up
		return gone
	}
	return other
}

// contested reports whether err may be due to a concurrent transaction of another
// organization, which holds a different lock: it added an account that was missing here,
// or deleted a row that was found here. A retry reads the new state.
func contested(err error) bool {
	e, ok := errors.AsType[*pgconn.PgError](err)
	if !ok {
		return false
	}
	return e.Code == "23503" || (e.Code == "23505" && (e.TableName == "accounts" || e.TableName == "orgs"))
}

// unreachable reports whether err concerns the connection and not the statement.
func unreachable(err error) bool {
	if errors.Is(err, driver.ErrBadConn) || errors.Is(err, sql.ErrConnDone) ||
		errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, net.ErrClosed) {
		return true
	}
	if _, ok := errors.AsType[*pgconn.ConnectError](err); ok {
		return !errors.Is(err, context.Canceled)
	}
	if strings.Contains(err.Error(), "conn closed") { // pgx has no type for it
		return true
	}
	_, ok := errors.AsType[*net.OpError](err)
	return ok
}

// dialWithTimeout makes connections that detect a vanished peer: after the timeout if
// data was sent, and otherwise by keep-alives.
func dialWithTimeout(timeout time.Duration) pgconn.DialFunc {
	d := net.Dialer{
		KeepAliveConfig: net.KeepAliveConfig{Enable: true, Idle: timeout, Interval: time.Second, Count: 3},
		Control: func(_, _ string, raw syscall.RawConn) error {
			return raw.Control(func(fd uintptr) { setUserTimeout(fd, timeout) })
		},
	}
	return d.DialContext
}
