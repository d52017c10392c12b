package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net"
	"net/url"
	"runtime"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
)

// connectPostgres makes a pool of connections. name identifies the database in errors.
func connectPostgres(url string) (db *sql.DB, name string, err error) {
	config, conns, err := postgresConfig(url)
	if err != nil {
		return nil, "", err
	}
	db = stdlib.OpenDB(*config)
	db.SetMaxOpenConns(conns)
	db.SetMaxIdleConns(conns)
	db.SetConnMaxIdleTime(5 * time.Minute)
	return db, nameOf(config), nil
}

// nameOf returns a name of the database for errors, without secrets.
func nameOf(config *pgx.ConnConfig) string {
	return fmt.Sprintf("database postgres://%s/%s", net.JoinHostPort(config.Host, strconv.Itoa(int(config.Port))), config.Database)
}

// postgresConfig reads a URL as libpq does
// (postgresql.org/docs/current/libpq-connect.html), with one more parameter,
// pool_max_conns. It returns the number of connections too.
func postgresConfig(raw string) (*pgx.ConnConfig, int, error) {
	config, err := pgx.ParseConfig(raw)
	if err != nil {
		return nil, 0, fmt.Errorf("database postgres://…: %s; want a URL as in postgres://USER:PASSWORD@HOST:5432/DATABASE?sslmode=verify-full", reasonIn(raw, err))
	}
	conns := max(8, 4*runtime.GOMAXPROCS(0))
	if given, ok := config.RuntimeParams[poolParam]; ok {
		delete(config.RuntimeParams, poolParam)
		if conns, err = strconv.Atoi(given); err != nil || conns < minConns {
			return nil, 0, fmt.Errorf("%s: %s: %q is invalid; use a number of at least %d", nameOf(config), poolParam, given, minConns)
		}
	}
	if config.ConnectTimeout == 0 {
		config.ConnectTimeout = connectTimeout
	}
	if config.ValidateConnect == nil {
		// A standby can't write, and may lag behind.
		config.ValidateConnect = pgconn.ValidateConnectTargetSessionAttrsPrimary
	}
	if config.RuntimeParams["application_name"] == "" {
		config.RuntimeParams["application_name"] = "roster"
	}
	config.DialFunc = dialWithTimeout(config.ConnectTimeout)
	return config, conns, nil
}

// reasonIn extracts the reason from the driver's error about a URL. The error begins with
// the URL, and may quote its secrets. If they can't be identified, the reason is left out.
func reasonIn(raw string, err error) string {
	unsaid := "it is malformed"
	text := err.Error()
	i := strings.LastIndex(text, quoteEnd)
	u, urlErr := url.Parse(raw)
	if i < 0 || urlErr != nil || u.Host == "" || strings.Contains(u.Path+u.Fragment, "@") {
		return unsaid
	}
	password, _ := u.User.Password()
	reason := text[i+len(quoteEnd):]
	for _, secret := range append(u.Query()["password"], append(u.Query()["sslpassword"], password)...) {
		if secret != "" && strings.Contains(reason, secret) {
			return unsaid
		}
	}
	return reason
}

const (
	// quoteEnd is the text that the driver writes after a URL.
	quoteEnd = "`: "

	poolParam = "pool_max_conns"
	// minConns is one connection for the feed, one for a leader and one for a request.
	minConns = 3
	// reserved is how many connections requests leave to the feed and the leaders, which
	// hold one each. minSlots overrides it in a small pool, so that two tenants can always
	// run at once.
	reserved = 4
	minSlots = 2
)

// checkPostgres rejects servers that can't give Roster's guarantees.
func checkPostgres(ctx context.Context, db *sql.DB) error {
	var version int
	var encoding, commit string
	err := db.QueryRowContext(ctx, `SELECT current_setting('server_version_num')::int,
		current_setting('server_encoding'), current_setting('synchronous_commit')`).Scan(&version, &encoding, &commit)
	switch {
	case err != nil:
		// The operator needs the driver's message, which has no password.
		return fmt.Errorf("can't be reached: %w", causeOf(err))
	case version < oldestPostgres:
		return fmt.Errorf("the server is PostgreSQL %d; Roster needs %d or later", version/10000, oldestPostgres/10000)
	case encoding != "UTF8":
		return fmt.Errorf("the database's encoding is %s; Roster needs UTF8", encoding)
	case commit == "off":
		return errors.New("synchronous_commit is off, so an acknowledged write could be lost; turn it on, at least for this database or role")
	}
	return nil
}

// migratePostgres migrates the schema, one node at a time. It holds the lock in a
// transaction, so that it works through a pooler too.
func migratePostgres(ctx context.Context, db *sql.DB) error {
	locked, err := db.BeginTx(ctx, nil)
	if err != nil {
		return storageError(err)
	}
	defer func() { _ = locked.Rollback() }()
	if _, err := locked.ExecContext(ctx, lockSQL, "migrations"); err != nil {
		return storageError(err)
	}
	return postgresSchema(db).up(ctx)
}

func postgresSchema(db *sql.DB) schema {
	return schema{db: db, dialect: goose.DialectPostgres, folder: "postgres"}
}
