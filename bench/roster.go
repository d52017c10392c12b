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
	db := d.open()
	defer db.Close() //nolint:errcheck // nothing is left to write
	// Accounts and users as the API makes them, but for their entries in the log.
	for _, statement := range []string{
		`INSERT INTO accounts (id, email, email_key, name, created_at) SELECT ` + accountID + `, ` + email + `, ` + emailKey + `, 'User ' || i, 1 FROM n`,
		`INSERT INTO users (org_id, id, account_id, email, email_key, name, role_id, invited_by, expires_at, created_at)
			SELECT '` + d.OrgID + `', ` + userID + `, ` + accountID + `, ` + email + `, ` + emailKey + `, 'User ' || i, 'user', '{}', 0, 1 FROM n`,
	} {
		must(db.Exec(numbers(n) + statement))
	}
	return d
}

// open opens the database, which no server may use meanwhile.
func (d deployment) open() *sql.DB {
	if source, ok := strings.CutPrefix(d.database, "sqlite:"); ok {
		return must(sql.Open("sqlite", source))
	}
	return must(sql.Open("pgx", d.database))
}

// firstUser is the number of the first of the users. All numbers have nine digits.
const firstUser = 100_000_000

// numbers begins a statement with a table of the numbers of n users.
func numbers(n int) string {
	return fmt.Sprintf("WITH RECURSIVE n (i) AS (SELECT %d UNION ALL SELECT i + 1 FROM n WHERE i < %d) ", firstUser, firstUser+n-1)
}

// Values of the seeded rows, as SQL over their number i.
const (
	accountID = "'acc_00000000000000000' || i"
	userID    = "'usr_00000000000000000' || i"
	email     = "'user' || i || '@example.com'"
	emailKey  = "'USER' || i || '@EXAMPLE.COM'" // text.FoldKey of the address
)

// userPath is a user's path, with %d for the number.
const userPath = "/v2/users/usr_00000000000000000%d"

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

// answered reads the answer of a request, which must be a success.
func answered(resp *http.Response, err error) ([]byte, error) {
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close() //nolint:errcheck // it is read whole
	b, err := io.ReadAll(resp.Body)
	if err == nil && resp.StatusCode >= 300 {
		err = statusError{resp.StatusCode, resp.Request, b}
	}
	return b, err
}

// statusError is an answer that is no success.
type statusError struct {
	status  int
	request *http.Request
	body    []byte
}

func (e statusError) Error() string {
	return fmt.Sprintf("%s %s: status %d: %.300s", e.request.Method, e.request.URL, e.status, e.body)
}

// request sends one request, and reads the answer into v, if that is not nil.
func request(method, url string, header map[string]string, body string, v any) error {
	b, err := answered(send(method, url, header, body))
	if err == nil && v != nil {
		err = json.Unmarshal(b, v)
	}
	return err
}

// changeRole gives one of the seeded users another role.
func changeRole(p *process, d deployment, user int, role string) error {
	return request("PUT", fmt.Sprintf("http://"+p.addr+userPath+"/role", firstUser+user), as(d.APIToken), `{"role":"`+role+`"}`, nil)
}

var client = &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 100, DisableCompression: true}}
