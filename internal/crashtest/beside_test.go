package crashtest

import (
	"database/sql"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"
)

// heard is how long a process may take to hear of another one's change.
const heard = time.Second

// soon asks until the answer has a status, which it must have within a second.
// On a machine that is busy with other tests the answers themselves take time,
// so the last one is allowed to be late.
func soon(t *testing.T, base string, status int, a ask) {
	t.Helper()
	begun := time.Now()
	for {
		late := time.Since(begun) > heard
		got, body, err := a.do(t.Context(), http.DefaultClient, base)
		switch {
		case err != nil:
			t.Fatalf("%s %s: %v", a.method, a.path, err)
		case got == status:
			return
		case late:
			t.Fatalf("%s %s: got %d %s, want %d within %v", a.method, a.path, got, body, status, heard)
		}
		time.Sleep(10 * time.Millisecond)
	}
}

// TestAdminBesideServer makes a token for somebody who has none left, while the
// server runs and is at work.
func TestAdminBesideServer(t *testing.T) {
	t.Parallel()
	d := initialize(t)
	s := d.serve(t)
	busy := load(t.Context(), s.URL, d.APIToken, 4)
	must(t, s.URL, http.StatusOK, ask{method: "GET", path: "/v2/user", token: d.PersonalToken}, nil)
	token := d.personalToken(t, "OWNER@example.com")
	soon(t, s.URL, http.StatusOK, ask{method: "GET", path: "/v2/user", token: token})
	_, stderr, code := roster(t, "admin", "create-personal-token", "--database", d.database(), "--user", "nobody@example.com")
	if code == 0 || !strings.Contains(stderr, "nobody@example.com") {
		t.Errorf("a token for nobody: exit code %d, %s", code, stderr)
	}
	s.kill()
	busy.wait()
	if busy.count() == 0 {
		t.Error("the server did nothing meanwhile")
	}
}

// TestTwoServersShareADatabase runs two servers on one database. A change made through one applies at
// the other within a second, despite its cache. The other server keeps running after the
// first ends.
func TestTwoServersShareADatabase(t *testing.T) {
	t.Parallel()
	d := initialize(t)
	one, two := d.serve(t), d.serve(t)
	var u user
	must(t, one.URL, http.StatusOK, ask{
		method: "POST", path: "/v2/users", token: d.APIToken, body: createBody("Jane Doe", "jane@example.com", "user"),
	}, &u)
	var made struct{ ID, Token string }
	must(t, one.URL, http.StatusOK, ask{
		method: "POST", path: "/v2/tokens", token: d.PersonalToken, body: `{"name":"t","orgCapabilities":{"users":["read"]}}`,
	}, &made)
	get := ask{method: "GET", path: "/v2/users/" + u.ID, token: made.Token}
	for range 3 {
		must(t, two.URL, http.StatusOK, get, &u)
	}
	must(t, one.URL, http.StatusNoContent, ask{method: "DELETE", path: "/v2/tokens/" + made.ID, token: d.PersonalToken}, nil)
	soon(t, two.URL, http.StatusUnauthorized, get)
	get.token = d.APIToken
	must(t, two.URL, http.StatusOK, get, &u)
	must(t, one.URL, http.StatusNoContent, ask{method: "DELETE", path: "/v2/users/" + u.ID, token: d.APIToken}, nil)
	soon(t, two.URL, http.StatusNotFound, get)

	one.kill()
	must(t, two.URL, http.StatusOK, ask{
		method: "POST", path: "/v2/users", token: d.APIToken, body: createBody("Jane Doe", "jane@example.com", "user"),
	}, nil)
	two.terminate()
	if code := two.exitCode(); code != 0 {
		t.Errorf("the second server exits with %d:\n%s", code, two.logged())
	}
	checkIntegrity(t, d.path)
}

// TestInitTwice initializes a database once and refuses to do so again, with and
// without a server on it.
func TestInitTwice(t *testing.T) {
	t.Parallel()
	d := initialize(t)
	before := told(contents(t, d.path))
	again := func() {
		t.Helper()
		stdout, stderr, code := roster(t, d.initArgs()...)
		if code == 0 || stdout != "" || !strings.Contains(stderr, "initialized already") {
			t.Errorf("a second init: exit code %d, %q, %q", code, stdout, stderr)
		}
		if after := told(contents(t, d.path)); after != before {
			t.Errorf("a second init changes the database from\n%s\nto\n%s", before, after)
		}
	}
	again()
	s := d.serve(t)
	again()
	must(t, s.URL, http.StatusOK, ask{method: "GET", path: "/v2/user", token: d.PersonalToken}, nil)
}

// told is what a database's contents are but for what a server does by itself: it
// seals the log and follows it.
func told(contents string) string {
	var kept strings.Builder
	own := false
	for line := range strings.Lines(contents) {
		if name, ok := strings.CutPrefix(line, "== "); ok {
			own = slices.Contains([]string{"audit_checkpoints", "audit_tiles", "cursors"}, strings.TrimSpace(name))
		}
		if !own {
			kept.WriteString(line)
		}
	}
	return kept.String()
}

// TestNewerDatabase refuses a database whose schema a newer program has changed,
// says so, and leaves it as it is.
func TestNewerDatabase(t *testing.T) {
	t.Parallel()
	d := initialize(t)
	db := openRaw(t, d.path)
	_, err := db.ExecContext(t.Context(), `INSERT INTO goose_db_version (version_id, is_applied) VALUES (9999, 1);
		UPDATE schema_compatibility SET oldest_program = 9999`)
	if err != nil {
		t.Fatal(err)
	}
	db.Close()
	before := contents(t, d.path)
	for _, args := range [][]string{
		{"serve", "--database", d.database(), "--listen", "127.0.0.1:0", "--metrics-listen", "off"},
		{"admin", "create-personal-token", "--database", d.database(), "--user", "owner@example.com"},
		d.initArgs(),
	} {
		stdout, stderr, code := roster(t, args...)
		if code == 0 || stdout != "" || !strings.Contains(stderr, "9999") || !strings.Contains(stderr, "use a newer program") {
			t.Errorf("roster %s: exit code %d, %q, %q", args[0], code, stdout, stderr)
		}
	}
	if after := contents(t, d.path); after != before {
		t.Errorf("the database changed from\n%s\nto\n%s", before, after)
	}
}

// contents writes down every row of every table but one: how far followers of
// the log have come, a server moves on by itself.
func contents(t *testing.T, path string) string {
	t.Helper()
	db := openRaw(t, path)
	defer db.Close()
	var all strings.Builder
	for _, table := range column(t, db, "SELECT name FROM sqlite_schema WHERE type = 'table' AND name <> 'cursors' ORDER BY name") {
		fmt.Fprintf(&all, "== %s\n", table)
		columns := column(t, db, fmt.Sprintf("SELECT 'quote(' || name || ')' FROM pragma_table_info('%s')", table))
		row := strings.Join(columns, " || ' ' || ")
		for _, line := range column(t, db, fmt.Sprintf("SELECT %s FROM %s ORDER BY 1", row, table)) {
			fmt.Fprintln(&all, line)
		}
	}
	return all.String()
}

func column(t *testing.T, db *sql.DB, query string) (values []string) {
	t.Helper()
	rows, err := db.QueryContext(t.Context(), query)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var v string
		if err := rows.Scan(&v); err != nil {
			t.Fatal(err)
		}
		values = append(values, v)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return values
}
