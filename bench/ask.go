package main

import (
	"context"
	"crypto/sha256"
	"fmt"
	"maps"
	"strings"
	"time"
)

// application is a Roster whose users are all clerks, who may read invoices, with an
// application that asks about them.
type application struct {
	*process
	credential map[string]string // the application's
	token      map[string]string // an API token's, for v2
}

// Each question is about one of the users and one invoice, or about a user and many.
const (
	manyInvoices = 100
	evaluation   = `{"subject":{"type":"user","id":"usr_00000000000000000%d"},"action":{"name":"read"},"resource":{"type":"invoice","id":"2026-1"}}`
)

// So many users are asked about by one question at a time, and by many. They all fit into
// every program's cache.
const (
	manyAsked = 10_000
	fewAsked  = 100
)

func question(path, body string, header map[string]string, n int) load {
	return load{path: path, body: body, header: header, n: n, conns: 16}
}

// each repeats a text for every invoice, with {n} for its number.
func each(text string) string {
	var all []string
	for i := range manyInvoices {
		all = append(all, strings.ReplaceAll(text, "{n}", fmt.Sprint(i)))
	}
	return strings.Join(all, ",")
}

// measureAsking compares the protocols for applications with a get, with the least that
// could answer, and with programs that decide who may do what by the same model.
func measureAsking(ctx context.Context, l *lab, s *section) {
	app := l.startApplication()
	peers := []decider{l.startOpenFGA(ctx), l.startCerbos(ctx)}
	ask := question("/access/v1/evaluation", evaluation, app.credential, manyAsked)
	batch := question("/access/v1/evaluations", `{"subject":{"type":"user","id":"usr_00000000000000000%d"},"action":{"name":"read"},"evaluations":[`+
		each(`{"resource":{"type":"invoice","id":"2026-{n}"}}`)+`]}`, app.credential, fewAsked)
	introspect := load{path: "/oauth2/introspect", body: "token=" + tokenValue, header: maps.Clone(app.credential), n: manyTokens, conns: 16}
	introspect.header["Content-Type"] = "application/x-www-form-urlencoded"
	get := load{path: userPath, header: app.token, n: manyAsked, conns: 16}
	search := load{path: "/access/v1/search/subject", body: `{"subject":{"type":"user"},"action":{"name":"read"},"resource":{"type":"invoice","id":"2026-1"},"page":{"limit":100}}`, header: app.credential, n: 1, conns: 1}
	mustAnswer(app.process, search, `"count":100`)
	drive := func(name string, p *process, w load, yes string) side {
		mustAnswer(p, w, yes)
		progress("  %s: everything once", name)
		warm(p, w)
		return l.driven(name, p, w)
	}
	const yes = `{"decision":true}`
	works := []work{
		{title: "evaluate, 16 connections", sides: []side{
			drive(sideRoster, app.process, ask, yes),
			drive(sideBare, l.startBare(app.process, "POST "+ask.path, ask), ask, yes),
		}},
		{title: fmt.Sprintf("evaluate %d at once, 16 connections", manyInvoices), sides: []side{
			drive(sideRoster, app.process, batch, yes),
			drive("bare, which decodes", l.startBare(app.process, "POST "+batch.path, batch), batch, yes),
		}},
		{title: "introspect a token, 16 connections", sides: []side{
			drive(sideRoster, app.process, introspect, `"scope":"invoice:*|read"`),
			drive("Roster, get a user", app.process, get, `"id"`),
		}},
		{title: fmt.Sprintf("find 100 of %d users who may, 1 connection", l.users), sides: []side{l.driven(sideRoster, app.process, search)}},
	}
	for _, p := range peers {
		works[0].sides = append(works[0].sides, drive(p.name, p.process, p.check, p.yes))
		works[1].sides = append(works[1].sides, drive(p.name, p.process, p.checks, p.yes))
	}
	l.takeTurns(ctx, works)
	one, many, introspected, found := works[0], works[1], works[2], works[3]
	s.least("evaluate, of the bare handler", 0.7, one.times(1))
	for i, p := range peers {
		s.least("evaluate, of "+p.name, 3, one.times(2+i))
	}
	s.most("evaluate 100, CPU time beyond that of decoding", 300*time.Microsecond, many.median(0).cpu-many.median(1).cpu)
	s.least("introspect, of a get", 0.8, introspected.times(1))
	s.most("find users who may, p99", 10*time.Millisecond, found.median(0).p99)
	s.table(works)
	s.printf("\nAt the end, Roster had used at most %.0f MiB of memory", app.memory("VmHWM"))
	for _, p := range peers {
		s.printf(", %s %.0f MiB", p.name, p.memory("VmHWM"))
	}
	s.printf(".\n")
}

// There are many API tokens, whose values end with their numbers.
const (
	manyTokens = 1000
	tokenValue = "xaat-00000000-0000-4000-8000-000%d"
)

// startApplication makes an application, gives its capability to all users and to many API
// tokens, and starts Roster again.
func (l *lab) startApplication() (app application) {
	d := l.initRoster("sqlite:"+l.path("ask.db"), l.users)
	p := l.startRoster(serverCore, d)
	owner := as(d.PersonalToken)
	owner["X-Axiom-Org-Id"] = d.OrgID
	var credential struct{ Credential string }
	var role, token struct{ ID string }
	const capability = `"appCapabilities":{"billing":{"invoice":{"*":["read"]}}}`
	for _, made := range []struct {
		path, body string
		answer     any
	}{
		{"/v2/apps", `{"id":"billing","name":"Billing","types":{"invoice":{"actions":["read","approve"],"instances":true}}}`, nil},
		{"/v2/apps/billing/credentials", "", &credential},
		{"/v2/rbac/roles", `{"name":"Clerk",` + capability + `}`, &role},
		{"/v2/tokens", `{"name":"Service",` + capability + `}`, &token},
	} {
		check(request("POST", "http://"+p.addr+made.path, owner, made.body, made.answer))
	}
	check(p.stop())
	db := d.open()
	must(db.Exec("UPDATE users SET role_id = $1 WHERE id <> $2", role.ID, d.UserID))
	tx := must(db.Begin())
	for i := range manyTokens {
		hash := sha256.Sum256(fmt.Appendf(nil, tokenValue, firstUser+i)) // directory.HashSecret
		must(tx.Exec(`INSERT INTO api_tokens (org_id, id, hash, name, description, capabilities, giving, expires_at, networks, created_at, created_by, lifetime, replaces, maker_id)
			SELECT org_id, 'tok_00000000000000000' || $1, $2, name, description, capabilities, giving, expires_at, networks, created_at, created_by, lifetime, replaces, maker_id
			FROM api_tokens WHERE id = $3`, fmt.Sprint(firstUser+i), hash[:], token.ID))
	}
	check(tx.Commit())
	check(db.Close())
	return application{l.startRoster(serverCore, d), as(credential.Credential), as(d.APIToken)}
}

// measureSCIM compares the lookup by which identity providers find a user with a get.
func measureSCIM(ctx context.Context, l *lab, s *section) {
	d := l.initRoster("sqlite:"+l.path("scim.db"), l.users)
	db := d.open()
	for _, statement := range []string{
		`INSERT INTO profiles (org_id, user_id, user_name, user_name_key, external_id, attributes, folded, version, updated_at)
			SELECT '` + d.OrgID + `', ` + userID + `, ` + email + `, ` + emailKey + `, 'ext-' || i, ` + attributes(email, "Ann", "Diaz") + `, ` + attributes(emailKey, "ANN", "DIAZ") + `, 1, 1 FROM n`,
		`INSERT INTO profile_emails (org_id, user_id, email_key) SELECT '` + d.OrgID + `', ` + userID + `, ` + emailKey + ` FROM n`,
	} {
		must(db.Exec(numbers(l.users) + statement))
	}
	must(db.Exec("UPDATE users SET profiled = 1 WHERE id <> $1", d.UserID))
	check(db.Close())
	p := l.startRoster(serverCore, d)
	get := load{path: userPath, header: as(d.APIToken), n: manyAsked, conns: 16}
	works := []work{{title: "find a user by userName, 16 connections"}}
	for _, side := range []struct{ name, path, text string }{
		{"Roster, SCIM", "/scim/v2/Users?filter=userName%20eq%20%22user%d@example.com%22", `"totalResults":1`},
		{"Roster, get a user", userPath, `"id"`},
	} {
		get.path = side.path
		mustAnswer(p, get, side.text)
		warm(p, get)
		works[0].sides = append(works[0].sides, l.driven(side.name, p, get))
	}
	l.takeTurns(ctx, works)
	s.least("find by userName, of a get", 0.6, works[0].times(1))
	s.table(works)
}

// attributes are those of a profile, as SQL.
func attributes(email, given, family string) string {
	return `'{"name":{"givenName":"` + given + `","familyName":"` + family + `"},"title":"Engineer","emails":[{"value":"' || ` + email + ` || '","type":"work","primary":true}]}'`
}
