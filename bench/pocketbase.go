package main

import (
	"database/sql"
	"fmt"
	"os/exec"
)

// pocketBase is a running PocketBase with the same users in a base collection.
type pocketBase struct {
	*process
	header map[string]string
}

const records = "/api/collections/members/records"

// startPocketBase makes a collection with name, unique email and role, puts n records
// into it and serves it, with a superuser's token.
func (l *lab) startPocketBase(n int) (p pocketBase, err error) {
	program, data := l.pocketbase, "--dir="+l.path("pb_data")
	if out, err := exec.Command(program, "superuser", "upsert", "root@example.com", "correct horse battery", data).CombinedOutput(); err != nil {
		return p, fmt.Errorf("pocketbase superuser: %w\n%s", err, out)
	}
	if p, err = l.servePocketBase(program, data); err != nil {
		return p, err
	}
	status, err := call("POST", "http://"+p.addr+"/api/collections", p.header, `{"name":"members","type":"base","fields":[
		{"name":"name","type":"text","required":true},{"name":"email","type":"email","required":true},{"name":"role","type":"text","required":true}],
		"indexes":["CREATE UNIQUE INDEX members_email ON members (email)"]}`, nil)
	if err != nil || status != 200 {
		return p, fmt.Errorf("make the collection: %d, %w", status, err)
	}
	if err := p.stop(); err != nil {
		return p, err
	}
	db, err := sql.Open("sqlite", l.path("pb_data/data.db"))
	if err != nil {
		return p, err
	}
	_, err = db.Exec(fmt.Sprintf(`WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < %d)
		INSERT INTO members (id, name, email, role) SELECT 'u' || i || 'z', 'User ' || i, 'user' || i || '@example.com', 'user' FROM n`, n-1))
	if err != nil {
		return p, fmt.Errorf("seed PocketBase: %w", err)
	}
	if err := db.Close(); err != nil {
		return p, err
	}
	return l.servePocketBase(program, data)
}

func (l *lab) servePocketBase(program, data string) (p pocketBase, err error) {
	if p.process, err = l.start(serverCore, "pocketbase", program, "serve", "--http=ADDR", data); err != nil {
		return p, err
	}
	var auth struct{ Token string }
	status, err := call("POST", "http://"+p.addr+"/api/collections/_superusers/auth-with-password",
		map[string]string{"Content-Type": "application/json"}, `{"identity":"root@example.com","password":"correct horse battery"}`, &auth)
	if err != nil || status != 200 {
		return p, fmt.Errorf("sign in to PocketBase: %d, %w", status, err)
	}
	p.header = map[string]string{"Authorization": auth.Token, "Content-Type": "application/json"}
	return p, nil
}
