package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
)

// decider is a running program that decides who may do what, by the model that Roster
// has: all users are clerks, who may read all invoices.
type decider struct {
	*process
	name          string
	check, checks load   // one question, and one for each invoice
	yes           string // in the answer
}

var asJSON = map[string]string{"Content-Type": "application/json"}

// startOpenFGA starts OpenFGA with its caches on, and with a tuple for each invoice and each
// user who is asked about: with more users, it takes longer until a check is cached.
func (l *lab) startOpenFGA(ctx context.Context) decider {
	program := l.peer(ctx, "openfga", "peers/openfga", "github.com/openfga/openfga/cmd/openfga")
	database := []string{"--datastore-engine=sqlite", "--datastore-uri=file:" + l.path("openfga.db")}
	output(exec.CommandContext(ctx, program, append([]string{"migrate"}, database...)...))
	p := l.start(serverCore, "openfga", program, append([]string{
		"run", "--http-addr=ADDR", "--grpc-addr=OTHER", "--playground-enabled=false", "--metrics-addr=127.0.0.1:0", "--log-level=error",
		"--check-cache-limit=1000000", "--check-query-cache-enabled", "--check-query-cache-ttl=1h", "--check-iterator-cache-enabled", "--check-iterator-cache-ttl=1h",
		"--max-checks-per-batch-check=100",
	}, database...)...)
	var store struct{ ID string }
	check(request("POST", "http://"+p.addr+"/stores", asJSON, `{"name":"bench"}`, &store))
	path := "/stores/" + store.ID
	var model struct {
		ID string `json:"authorization_model_id"`
	}
	check(request("POST", "http://"+p.addr+path+"/authorization-models", asJSON, `{"schema_version":"1.1","type_definitions":[{"type":"user"},
		{"type":"role","relations":{"holder":{"this":{}}},"metadata":{"relations":{"holder":{"directly_related_user_types":[{"type":"user"}]}}}},
		{"type":"invoice","relations":{"read":{"this":{}}},"metadata":{"relations":{"read":{"directly_related_user_types":[{"type":"role","relation":"holder"}]}}}}]}`, &model))
	write := func(tuples string) {
		check(request("POST", "http://"+p.addr+path+"/write", asJSON, `{"writes":{"tuple_keys":[`+tuples+`]}}`, nil))
	}
	write(each(`{"user":"role:clerk#holder","relation":"read","object":"invoice:2026-{n}"}`))
	const perWrite = 100 // the most that it takes
	for i := 0; i < manyAsked; i += perWrite {
		var tuples []string
		for n := i; n < i+perWrite; n++ {
			tuples = append(tuples, fmt.Sprintf(`{"user":"user:%d","relation":"holder","object":"role:clerk"}`, firstUser+n))
		}
		write(strings.Join(tuples, ","))
	}
	of := `{"authorization_model_id":"` + model.ID + `",` // or else it looks for the newest each time
	return decider{
		p, "OpenFGA",
		question(path+"/check", of+`"tuple_key":{"user":"user:%d","relation":"read","object":"invoice:2026-1"}}`, asJSON, manyAsked),
		question(path+"/batch-check", of+`"checks":[`+each(`{"correlation_id":"{n}","tuple_key":{"user":"user:%d","relation":"read","object":"invoice:2026-{n}"}}`)+`]}`, asJSON, fewAsked),
		`"allowed":true`,
	}
}

// startCerbos starts Cerbos with a policy for invoices. It keeps no users: a question says
// which roles its subject has.
func (l *lab) startCerbos(ctx context.Context) decider {
	dir := l.path("policies")
	check(os.Mkdir(dir, 0o700))
	check(os.WriteFile(dir+"/invoice.yaml", []byte(`apiVersion: api.cerbos.dev/v1
resourcePolicy:
  version: default
  resource: invoice
  rules:
    - {actions: [read], effect: EFFECT_ALLOW, roles: [clerk]}
`), 0o600))
	p := l.start(serverCore, "cerbos", l.peer(ctx, "cerbos", "peers/cerbos", "github.com/cerbos/cerbos/cmd/cerbos"), "server", "--log-level=error",
		"--set=server.httpListenAddr=ADDR", "--set=server.grpcListenAddr=OTHER", "--set=server.requestLimits.maxResourcesPerRequest=100",
		"--set=storage.driver=disk", "--set=storage.disk.directory="+dir, "--set=telemetry.disabled=true")
	const path, begin, item, end = "/api/check/resources", `{"principal":{"id":"user%d","roles":["clerk"]},"resources":[`, `{"actions":["read"],"resource":{"kind":"invoice","id":"2026-{n}"}}`, `]}`
	return decider{
		p, "Cerbos",
		question(path, begin+strings.ReplaceAll(item, "{n}", "1")+end, asJSON, manyAsked), question(path, begin+each(item)+end, asJSON, fewAsked),
		"EFFECT_ALLOW",
	}
}
