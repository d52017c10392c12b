package authz_test

import (
	"strings"
	"testing"

	"github.com/rosterhq/roster/internal/authz"
)

// The published vocabularies, written out by hand from the v2 description: a
// slip in the package's own tables must not be copied here.
var (
	publishedOrg = `
		annotations:      create read update delete
		apiTokens:        create read update delete
		auditLog:         read
		billing:          read update
		dashboards:       create read update delete
		datasets:         create read update delete
		endpoints:        create read update delete
		flows:            create read update delete
		integrations:     create read update delete
		monitors:         create read update delete
		notifiers:        create read update delete
		rbac:             create read update delete
		sharedAccessKeys: read update
		users:            create read update delete
		views:            create read update delete`
	publishedDataset = `
		data:           delete
		ingest:         create
		query:          read
		share:          create read delete
		starredQueries: create read update delete
		trim:           update
		vacuum:         update
		virtualFields:  create read update delete`
	publishedView = `
		query: read
		share: create read delete`
)

// builtinTables lists the capabilities of the built-in roles a second time, by hand.
var builtinTables = []struct {
	role, org, dataset, view string // dataset and view on "*"
	apps                     bool   // all of every application
}{
	{authz.RoleOwner, publishedOrg, publishedDataset, publishedView, true},
	{authz.RoleAdmin, strings.Replace(publishedOrg, "billing:          read update", "", 1), publishedDataset, publishedView, true},
	{
		authz.RoleUser, `
		annotations:  create read update delete
		dashboards:   create read update delete
		datasets:     read
		endpoints:    read
		flows:        create read update delete
		integrations: read
		monitors:     create read update delete
		notifiers:    create read update delete
		users:        read
		views:        create read update delete`, `
		ingest:         create
		query:          read
		share:          create read delete
		starredQueries: create read update delete
		virtualFields:  create read update delete`,
		publishedView, false,
	},
	{
		authz.RoleReadOnly, `
		annotations:  read
		apiTokens:    read
		dashboards:   read
		datasets:     read
		endpoints:    read
		flows:        read
		integrations: read
		monitors:     read
		notifiers:    read
		rbac:         read
		users:        read
		views:        read`, `
		query:          read
		share:          read
		starredQueries: read
		virtualFields:  read`, `
		query: read
		share: read`, false,
	},
	{authz.RoleNone, "", "", "", false},
}

// table reads "resource: action action" lines.
func table(text string) map[string][]string {
	wire := make(map[string][]string)
	for line := range strings.Lines(text) {
		if resource, actions, ok := strings.Cut(strings.TrimSpace(line), ":"); ok {
			wire[resource] = strings.Fields(actions)
		}
	}
	return wire
}

// set parses the three tables; the test fails if the package does not know a word in them.
func set(t testing.TB, org, dataset, view string) authz.Set {
	t.Helper()
	wire := authz.Wire{Org: table(org)}
	if dataset != "" {
		wire.Datasets = map[string]map[string][]string{authz.Wildcard: table(dataset)}
	}
	if view != "" {
		wire.Views = map[string]map[string][]string{authz.Wildcard: table(view)}
	}
	s, err := wire.Parse()
	if err != nil {
		t.Fatalf("parse the table: %v", err)
	}
	return s
}

func org(t testing.TB, names ...string) authz.Set {
	t.Helper()
	var s authz.Set
	for _, name := range names {
		p, err := authz.Org.ParsePair(name)
		if err != nil {
			t.Fatal(err)
		}
		g, _ := authz.Org.Grant(p)
		s.Org |= g
	}
	return s
}
