// Command drivers compares the SQLite drivers there are on Roster's own schema and
// statements: docs/adr/0003. Run it in its own folder, pinned to one core:
//
//	CGO_ENABLED=1 GOMAXPROCS=1 taskset -c 1 go run -ldflags "-X github.com/mattn/go-sqlite3.driverName=sqlite3_cgo" .
package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	_ "github.com/mattn/go-sqlite3"
	_ "github.com/ncruces/go-sqlite3/driver"
	_ "modernc.org/sqlite"
)

type driver struct {
	name, sql string
	dsn       func(path string) string
}

// pragmas makes the data source's name as internal/store makes its own; form is
// how the driver takes one.
func pragmas(path, form string) string {
	var q []string
	for _, p := range []string{"busy_timeout(10000)", "journal_mode(WAL)", "synchronous(FULL)", "foreign_keys(1)", "temp_store(MEMORY)"} {
		q = append(q, fmt.Sprintf(form, p))
	}
	return "file:" + path + "?" + strings.Join(q, "&")
}

var drivers = []driver{
	{"modernc.org/sqlite", "sqlite", func(p string) string { return pragmas(p, "_pragma=%s") }},
	{"ncruces/go-sqlite3", "sqlite3", func(p string) string { return pragmas(p, "_pragma=%s") }},
	{"mattn/go-sqlite3 (cgo)", "sqlite3_cgo", func(p string) string {
		return "file:" + p + "?_busy_timeout=10000&_journal_mode=WAL&_synchronous=FULL&_foreign_keys=1"
	}},
}

const (
	users  = 100_000
	rounds = 5
)

func main() {
	if err := run(context.Background()); err != nil {
		fmt.Fprintln(os.Stderr, "drivers:", err)
		os.Exit(1)
	}
}

// run prints a table: for each work and driver the best of the rounds, which the
// drivers take in turns, and how it compares with the first driver's.
func run(ctx context.Context) error {
	dir, err := os.MkdirTemp(".", "drivers-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir) //nolint:errcheck // what is left is in the folder it was run in
	var labs []*lab
	for i, d := range drivers {
		l, err := open(ctx, d, filepath.Join(dir, fmt.Sprint(i)+".db"))
		if err != nil {
			return fmt.Errorf("%s: %w", d.name, err)
		}
		labs = append(labs, l)
	}
	fmt.Printf("| work |")
	for _, d := range drivers {
		fmt.Printf(" %s |", d.name)
	}
	fmt.Println("\n| --- | ---: | ---: | ---: |")
	for _, w := range works {
		best := make([]float64, len(labs)) // of what is done in a second
		for range rounds {
			for i, l := range labs {
				v, err := w.run(ctx, l)
				if err != nil {
					return fmt.Errorf("%s, %s: %w", l.name, w.name, err)
				}
				best[i] = max(best[i], v)
			}
		}
		fmt.Printf("| %s |", w.name)
		for _, v := range best {
			fmt.Printf(" %.0f (%.2f) |", v, v/best[0])
		}
		fmt.Println()
	}
	return nil
}

type lab struct {
	driver
	db   *sql.DB
	stmt map[string]*sql.Stmt
	next int
}

func open(ctx context.Context, d driver, path string) (*lab, error) {
	db, err := sql.Open(d.sql, d.dsn(path))
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(1)
	l := &lab{driver: d, db: db, stmt: make(map[string]*sql.Stmt)}
	schema, err := os.ReadFile("../../store/migrations/sqlite/0001_schema.sql")
	if err != nil {
		return nil, err
	}
	if _, err := db.ExecContext(ctx, string(schema)); err != nil {
		return nil, err
	}
	for name, query := range statements {
		if l.stmt[name], err = db.PrepareContext(ctx, query); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
	}
	if _, err := db.ExecContext(ctx, "INSERT INTO orgs VALUES ('acme', 'Acme', 0, 0)"); err != nil {
		return nil, err
	}
	for l.next < users {
		if err := l.group(ctx, 10_000); err != nil {
			return nil, err
		}
	}
	return l, nil
}

const selectUser = `SELECT u.org_id, u.id, u.account_id, u.email, u.name, u.role_id, COALESCE(r.name, u.role_id), u.invited, u.created_at
	FROM users u LEFT JOIN roles r ON r.org_id = u.org_id AND r.id = u.role_id `

// statements are those of a get, of a list, and of a create. Parameters stand in
// the order of their numbers, which all drivers bind alike.
var statements = map[string]string{
	"begin": "BEGIN IMMEDIATE", "commit": "COMMIT",
	"get":        selectUser + `WHERE u.org_id = $1 AND u.id = $2`,
	"list":       selectUser + `WHERE u.org_id = $1 ORDER BY u.id`,
	"token":      `SELECT org_id, id, hash, name, description, capabilities, expires_at, created_at, created_by FROM api_tokens WHERE org_id = $1 AND id = $2`,
	"account":    `SELECT id, email, name, created_at FROM accounts WHERE email_key = $1`,
	"newAccount": `INSERT INTO accounts (id, email, email_key, name, created_at) VALUES ($1, $2, $3, $4, $5)`,
	"newUser": `INSERT INTO users (org_id, id, account_id, email, email_key, name, role_id, invited, created_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
	"entry": `INSERT INTO entries (org_id, number, at, actor, actor_id, outcome, reason, action, target_type, target_id, target_name, before, after, trace_id, remote_addr, user_agent)
		VALUES ($1, $2, $2, $3, '', '', '', $4, $5, $6, $7, $8, $9, $10, $11, $12)`,
}

var works = []struct {
	name string
	run  func(context.Context, *lab) (float64, error)
}{
	{"gets of a user a second", func(ctx context.Context, l *lab) (float64, error) {
		return perSecond(20_000, func(n int) error { return l.read(ctx, "get", "acme", id("usr", n*7919%users)) })
	}},
	{"rows of a list of 100,000 users a second", func(ctx context.Context, l *lab) (float64, error) {
		begun := time.Now()
		err := l.read(ctx, "list", "acme")
		return float64(l.next) / time.Since(begun).Seconds(), err
	}},
	{"durable creates a second, one at a time", func(ctx context.Context, l *lab) (float64, error) {
		return perSecond(300, func(int) error { return l.group(ctx, 1) })
	}},
	{"durable creates a second, in groups of 64", func(ctx context.Context, l *lab) (float64, error) {
		v, err := perSecond(30, func(int) error { return l.group(ctx, 64) })
		return 64 * v, err
	}},
}

func perSecond(n int, fn func(int) error) (float64, error) {
	begun := time.Now()
	for i := range n {
		if err := fn(i); err != nil {
			return 0, err
		}
	}
	return float64(n) / time.Since(begun).Seconds(), nil
}

// read scans all rows into what Roster scans them into.
func (l *lab) read(ctx context.Context, name string, args ...any) error {
	rows, err := l.stmt[name].QueryContext(ctx, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	columns, err := rows.Columns()
	if err != nil {
		return err
	}
	texts, numbers := make([]string, len(columns)), make([]int64, len(columns))
	into := make([]any, len(columns))
	for i, c := range columns {
		if into[i] = &texts[i]; slices.Contains([]string{"invited", "created_at"}, c) {
			into[i] = &numbers[i]
		}
	}
	for rows.Next() {
		if err := rows.Scan(into...); err != nil {
			return err
		}
	}
	return rows.Err()
}

func (l *lab) do(ctx context.Context, name string, args ...any) error {
	_, err := l.stmt[name].ExecContext(ctx, args...)
	return err
}

func id(kind string, n int) string { return fmt.Sprintf("%s_06h0benchm%016d", kind, n) }

// group commits creates as Roster's writer does.
func (l *lab) group(ctx context.Context, n int) error {
	if err := l.do(ctx, "begin"); err != nil {
		return err
	}
	for range n {
		if err := l.create(ctx, l.next); err != nil {
			return err
		}
		l.next++
	}
	return l.do(ctx, "commit")
}

func (l *lab) create(ctx context.Context, n int) error {
	email := fmt.Sprintf("jane.doe.%07d@example.com", n)
	key, name := strings.ToUpper(email), fmt.Sprintf("Jane Doe %07d", n)
	after := fmt.Sprintf(`{"id":%q,"orgId":"acme","accountId":%q,"email":%q,"name":%q,"role":{"id":"user","name":"user"}}`,
		id("usr", n), id("acc", n), email, name)
	return errors.Join(
		l.read(ctx, "token", "acme", "tok_none"),
		l.read(ctx, "account", key),
		l.do(ctx, "newAccount", id("acc", n), email, key, name, 1),
		l.do(ctx, "newUser", "acme", id("usr", n), id("acc", n), email, key, name, "user", 0, 1),
		l.do(ctx, "entry", "acme", 1, `{"kind":"apiToken","tokenId":"tok_06h0benchm0000000000000001"}`, "createUser", "user", id("usr", n), name,
			nil, after, "0af7651916cd43dd8448eb211c80319c", "127.0.0.1", "bench"),
	)
}
