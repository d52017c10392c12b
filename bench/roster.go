package main

import (
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
func (l *lab) initRoster(database string, n int) (d deployment) {
	cmd := exec.Command(l.roster, "init", "--database", database, "--org", "Acme", "--owner-name", "Olivia Owner",
		"--owner-email", "olivia@example.com", "--output", "json")
	cmd.Env = append(environment(), "ROSTER_KEY_FILE="+l.path("roster.key"))
	check(json.Unmarshal(output(cmd), &d))
	d.database = database
	driver, source := "sqlite", strings.TrimPrefix(database, "sqlite:")
	if strings.HasPrefix(database, "postgres") {
		driver, source = "pgx", database
	}
	db := must(sql.Open(driver, source))
	defer db.Close() //nolint:errcheck // nothing is left to write
	// Accounts and users as the API makes them, but for their entries in the log.
	for _, statement := range []string{
		`INSERT INTO accounts (id, email, email_key, name, created_at) SELECT ` + accountID + `, ` + email + `, ` + emailKey + `, 'User ' || i, 1 FROM n`,
		`INSERT INTO users (org_id, id, account_id, email, email_key, name, role_id, invited_by, expires_at, created_at)
			SELECT '` + d.OrgID + `', ` + userID + `, ` + accountID + `, ` + email + `, ` + emailKey + `, 'User ' || i, 'user', '{}', 0, 1 FROM n`,
	} {
		numbers := fmt.Sprintf("WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < %d) ", n-1)
		must(db.Exec(numbers + statement))
	}
	return d
}

// Values of the seeded rows, as SQL over their number i.
const (
	accountID = "'acc_' || i"
	userID    = "'usr_' || i"
	email     = "'user' || i || '@example.com'"
	emailKey  = "'USER' || i || '@EXAMPLE.COM'" // text.FoldKey of the address
)

func (l *lab) startRoster(core string, d deployment, args ...string) *process {
	return l.start(core, "roster", l.roster, append([]string{
		"serve", "--database", d.database, "--listen", "ADDR", "--rate-limit", rateLimit, "--log-format", "json", "--access-log", "0", "--metrics-listen", "127.0.0.1:0",
	}, args...)...)
}

// as is a header with a token.
func as(token string) map[string]string {
	return map[string]string{"Authorization": "Bearer " + token, "Content-Type": "application/json"}
}

// send sends one request. The caller reads the answer and closes it.
func send(method, url string, header map[string]string, body string) (*http.Response, error) {
	rq, err := http.NewRequest(method, url, strings.NewReader(body))
	if err != nil {
		return nil, err
	}
	for name, value := range header {
		rq.Header.Set(name, value)
	}
	return client.Do(rq)
}

// call sends one request and reads the answer of a success into v, if that is not nil.
func call(method, url string, header map[string]string, body string, v any) (status int, err error) {
	resp, err := send(method, url, header, body)
	if err != nil {
		return 0, err
	}
	defer resp.Body.Close() //nolint:errcheck // it is read whole
	b, err := io.ReadAll(resp.Body)
	if err == nil && v != nil && resp.StatusCode < 300 {
		err = json.Unmarshal(b, v)
	}
	return resp.StatusCode, err
}

// request is [call] for an answer of status 200.
func request(method, url string, header map[string]string, body string, v any) error {
	status, err := call(method, url, header, body, v)
	if err == nil && status != http.StatusOK {
		err = fmt.Errorf("%s %s: status %d", method, url, status)
	}
	return err
}

// changeRole gives one of the seeded users another role.
func changeRole(p *process, d deployment, user int, role string) error {
	return request("PUT", fmt.Sprintf("http://%s/v2/users/usr_%d/role", p.addr, user), as(d.APIToken), `{"role":"`+role+`"}`, nil)
}

var client = &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 100, DisableCompression: true}}
