package main

import (
	"context"
	"database/sql"
	"os/exec"
)

// pocketBase is a running PocketBase with the same users in a base collection.
type pocketBase struct {
	*process
	header map[string]string
}

const records = "/api/collections/members/records"

// startPocketBase makes a collection with name, unique email and role, puts users' records
// into it and serves it, with a superuser's token.
func (l *lab) startPocketBase(ctx context.Context) (p pocketBase) {
	program, data := l.peer(ctx, "pocketbase", ".", "github.com/pocketbase/pocketbase/examples/base"), "--dir="+l.path("pb_data")
	output(exec.Command(program, "superuser", "upsert", "root@example.com", "correct horse battery", data))
	p = l.servePocketBase(program, data)
	check(request("POST", "http://"+p.addr+"/api/collections", p.header, `{"name":"members","type":"base","fields":[
		{"name":"name","type":"text","required":true},{"name":"email","type":"email","required":true},{"name":"role","type":"text","required":true}],
		"indexes":["CREATE UNIQUE INDEX members_email ON members (email)"]}`, nil))
	check(p.stop())
	db := must(sql.Open("sqlite", l.path("pb_data/data.db")))
	must(db.Exec(numbers(l.users) + `INSERT INTO members (id, name, email, role) SELECT 'u' || i || 'z', 'User ' || i, ` + email + `, 'user' FROM n`))
	check(db.Close())
	return l.servePocketBase(program, data)
}

func (l *lab) servePocketBase(program, data string) (p pocketBase) {
	p.process = l.start(serverCore, "pocketbase", program, "serve", "--http=ADDR", data)
	var auth struct{ Token string }
	check(request("POST", "http://"+p.addr+"/api/collections/_superusers/auth-with-password",
		map[string]string{"Content-Type": "application/json"}, `{"identity":"root@example.com","password":"correct horse battery"}`, &auth))
	p.header = map[string]string{"Authorization": auth.Token, "Content-Type": "application/json"}
	return p
}
