package main

import (
	"bytes"
	"database/sql"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os/exec"
	"strings"
)

// deployment is what `roster init` prints, with the database it made.
type deployment struct {
	OrgID, UserID, PersonalToken, APIToken string
	database                               string
}

// rateLimit is on and never reached.
const rateLimit = "1000000000"

// initRoster makes a database with an organization of n users.
func (l *lab) initRoster(database string, n int) (d deployment, err error) {
	cmd := exec.Command(l.roster, "init", "--database", database, "--org", "Acme", "--owner-name", "Olivia Owner",
		"--owner-email", "olivia@example.com", "--output", "json")
	cmd.Env = append(environment(), "ROSTER_KEY_FILE="+l.path("roster.key"))
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return d, fmt.Errorf("roster init: %w\n%s", err, stderr.Bytes())
	}
	if err := json.Unmarshal(out, &d); err != nil {
		return d, err
	}
	d.database = database
	driver, source := "sqlite", strings.TrimPrefix(database, "sqlite:")
	if strings.HasPrefix(database, "postgres") {
		driver, source = "pgx", database
	}
	db, err := sql.Open(driver, source)
	if err != nil {
		return d, err
	}
	defer db.Close() //nolint:errcheck // nothing is left to write
	// Accounts and users as the API makes them, but for their entries in the log.
	for _, statement := range []string{
		`INSERT INTO accounts (id, email, email_key, name, created_at) SELECT ` + accountID + `, ` + email + `, ` + email + `, 'User ' || i, 1 FROM n`,
		`INSERT INTO users (org_id, id, account_id, email, email_key, name, role_id, invited_by, expires_at, created_at)
			SELECT '` + d.OrgID + `', ` + userID + `, ` + accountID + `, ` + email + `, ` + email + `, 'User ' || i, 'user', '{}', 0, 1 FROM n`,
	} {
		numbers := fmt.Sprintf("WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < %d) ", n-1)
		if _, err := db.Exec(numbers + statement); err != nil {
			return d, fmt.Errorf("seed: %w", err)
		}
	}
	return d, nil
}

// What the seeded rows have, as SQL over their number i.
const (
	accountID = "'acc_' || i"
	userID    = "'usr_' || i"
	email     = "'user' || i || '@example.com'"
)

func (l *lab) startRoster(core string, d deployment, args ...string) (*process, error) {
	return l.start(core, "roster", l.roster, append([]string{
		"serve", "--database", d.database, "--listen", "ADDR", "--rate-limit", rateLimit, "--log-format", "json", "--metrics-listen", "127.0.0.1:0",
	}, args...)...)
}

// as is a header with a token.
func as(token string) map[string]string {
	return map[string]string{"Authorization": "Bearer " + token, "Content-Type": "application/json"}
}

// call sends one request and reads its answer into v, if there is one.
func call(method, url string, header map[string]string, body string, v any) (status int, err error) {
	rq, err := http.NewRequest(method, url, strings.NewReader(body))
	if err != nil {
		return 0, err
	}
	for name, value := range header {
		rq.Header.Set(name, value)
	}
	resp, err := client.Do(rq)
	if err != nil {
		return 0, err
	}
	defer resp.Body.Close() //nolint:errcheck // it is read whole
	if v == nil {
		_, err = io.Copy(io.Discard, resp.Body)
		return resp.StatusCode, err
	}
	b, err := io.ReadAll(resp.Body)
	if err == nil && resp.StatusCode < 300 {
		err = json.Unmarshal(b, v)
	}
	return resp.StatusCode, err
}

var client = &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 100, DisableCompression: true}}
