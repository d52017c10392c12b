package storetest

import (
	"time"

	"github.com/rosterhq/roster/internal/authz"
	"github.com/rosterhq/roster/internal/directory"
)

func newApp(org directory.OrgID, id directory.AppID) directory.Application {
	return directory.Application{
		ID: id, OrgID: org, Name: "App \"" + string(id) + "\"", CreatedAt: start, UpdatedAt: start.Add(time.Hour),
		Types: authz.AppTypes{"invoice": {Actions: []string{"read", "approve"}}, "report": {Actions: []string{"read"}, Instances: true}},
		Paths: []directory.PathRule{{Path: "/a/{b}", Methods: []string{"GET"}, Require: "report:{b}|read"}, {Path: "/*", Require: "invoice|read"}}, Subjects: directory.ByEmail,
	}
}

func newAppCredential(org directory.OrgID, app directory.AppID, name string) directory.AppCredential {
	return directory.AppCredential{
		ID: directory.TokenID("cred_" + name), OrgID: org, AppID: app, CreatedAt: start, Hash: hash(string(org) + string(app) + name),
		CreatedBy: directory.Actor{Kind: directory.ActorAccount, UserID: "usr_x"},
	}
}

func application(org directory.OrgID, id directory.AppID) func(directory.Tx) (directory.Application, error) {
	return func(tx directory.Tx) (directory.Application, error) { return tx.Application(org, id) }
}

func appCredential(c directory.AppCredential) func(directory.Tx) (directory.AppCredential, error) {
	return func(tx directory.Tx) (directory.AppCredential, error) {
		return tx.AppCredential(c.OrgID, c.AppID, c.ID)
	}
}

// appSet holds a capability in an application.
func appSet(app, action string) authz.Set {
	return authz.Set{Apps: authz.AppGrantsOf([]authz.AppGrant{{App: app, Type: "invoice", Action: action}})}
}

var applicationTests = []test{
	{"of an organization and of the deployment", func(s suite) {
		own, whole, theirs := newApp(acme, "wiki"), newApp("", "billing"), newApp(other, "wiki")
		s.write(func(tx directory.Tx) error {
			return all(putOrgs(tx, acme, other), tx.CreateApplication(own), tx.CreateApplication(whole), tx.CreateApplication(theirs))
		})
		s.equal("own", own, got(s, application(acme, "wiki")))
		s.equal("of the deployment", whole, got(s, application("", "billing")))
		missing(s, "of the deployment by an organization", application(acme, "billing"))
		s.equal("list", []directory.Application{own}, got(s, func(tx directory.Tx) ([]directory.Application, error) { return tx.Applications(acme) }))
		s.equal("count", 2, got(s, func(tx directory.Tx) (int, error) { return tx.CountApplicationsOf("wiki") }))
		s.equal("count without the deployment's", 0, got(s, func(tx directory.Tx) (int, error) { return tx.CountApplicationsOf("billing") }))
		s.fails("taken", directory.Conflict, func(tx directory.Tx) error { return tx.CreateApplication(own) })
		s.fails("update of none", directory.NotFound, func(tx directory.Tx) error { return tx.UpdateApplication(newApp(acme, "none")) })
		s.fails("delete of none", directory.NotFound, func(tx directory.Tx) error { return tx.DeleteApplication(acme, "none") })

		own.Name, own.Types, own.Paths, own.Subjects, own.UpdatedAt = "New", authz.AppTypes{}, nil, directory.ByUserName, start.Add(2*time.Hour)
		s.write(func(tx directory.Tx) error { return tx.UpdateApplication(own) })
		s.equal("updated", own, got(s, application(acme, "wiki")))
		s.equal("the other organization's", theirs, got(s, application(other, "wiki")))
		s.write(func(tx directory.Tx) error { return tx.DeleteOrg(acme) })
		missing(s, "with its organization", application(acme, "wiki"))
		s.equal("the other organization's stays", theirs, got(s, application(other, "wiki")))
	}},
	{"credentials", func(s suite) {
		a, b := newAppCredential(acme, "wiki", "a"), newAppCredential("", "wiki", "b")
		s.write(func(tx directory.Tx) error {
			return all(putOrgs(tx, acme), tx.CreateApplication(newApp(acme, "wiki")), tx.CreateApplication(newApp("", "wiki")),
				tx.CreateAppCredential(a), tx.CreateAppCredential(b))
		})
		s.equal("get", a, got(s, appCredential(a)))
		s.equal("by hash", b, got(s, func(tx directory.Tx) (directory.AppCredential, error) { return tx.AppCredentialByHash(b.Hash) }))
		s.equal("list", []directory.AppCredential{a}, got(s, func(tx directory.Tx) ([]directory.AppCredential, error) { return tx.AppCredentials(acme, "wiki") }))
		s.fails("of no application", "", func(tx directory.Tx) error { return tx.CreateAppCredential(newAppCredential(acme, "none", "c")) })
		s.write(func(tx directory.Tx) error {
			return all(tx.UseAppCredential(acme, "wiki", a.ID, start.Add(time.Hour)), tx.UseAppCredential(acme, "wiki", a.ID, start), tx.UseAppCredential(acme, "wiki", "cred_none", start))
		})
		a.LastUsedAt = start.Add(time.Hour)
		s.equal("used", a, got(s, appCredential(a)))
		a.CreatedBy.Name = "Renamed"
		s.write(func(tx directory.Tx) error { return tx.UpdateAppCredentialCreator(a) })
		s.equal("creator", a, got(s, appCredential(a)))
		s.equal("the other's creator", b, got(s, appCredential(b)))
		s.fails("creator of none", directory.NotFound, func(tx directory.Tx) error {
			return tx.UpdateAppCredentialCreator(newAppCredential(acme, "wiki", "none"))
		})
		s.fails("delete of none", directory.NotFound, func(tx directory.Tx) error { return tx.DeleteAppCredential(acme, "wiki", b.ID) })
		s.write(func(tx directory.Tx) error {
			return all(tx.DeleteAppCredential(acme, "wiki", a.ID), tx.DeleteApplication("", "wiki"))
		})
		missing(s, "deleted", appCredential(a))
		missing(s, "with its application", appCredential(b))
	}},
	{"who names an application", func(s suite) {
		holder, sameName, elsewhere := newRole(acme, "holder"), newRole(acme, "dataset"), newRole(other, "holder")
		holder.Capabilities, elsewhere.Capabilities = appSet("wiki", "read"), appSet("wiki", "read")
		sameName.Capabilities = authz.Set{Datasets: map[string]authz.Grants{"wiki": authz.Dataset.All()}}
		gives, holds := newAPIToken(acme, "gives"), newAPIToken(acme, "holds")
		gives.Capabilities, gives.Giving = authz.Set{}, authz.LimitOf(appSet("wiki", "read"))
		holds.Capabilities = appSet("wiki", "read")
		s.write(func(tx directory.Tx) error {
			return all(putOrgs(tx, acme, other), tx.CreateRole(holder, "a"), tx.CreateRole(sameName, "b"), tx.CreateRole(newRole(acme, "c"), "c"), tx.CreateRole(elsewhere, "a"),
				tx.CreateAPIToken(gives), tx.CreateAPIToken(holds), tx.CreateAPIToken(newAPIToken(acme, "other")))
		})
		roles := func(org directory.OrgID) func(directory.Tx) ([]directory.Role, error) {
			return func(tx directory.Tx) ([]directory.Role, error) { return tx.RolesOfApp(org, "wiki") }
		}
		s.equal("roles", []directory.Role{holder}, got(s, roles(acme)))
		s.equal("roles anywhere", []directory.Role{holder, elsewhere}, got(s, roles("")))
		tokens := func(org directory.OrgID) func(directory.Tx) ([]directory.APITokenRecord, error) {
			return func(tx directory.Tx) ([]directory.APITokenRecord, error) { return tx.APITokensOfApp(org, "wiki") }
		}
		s.equal("tokens", []directory.APITokenRecord{gives, holds}, got(s, tokens(acme)))
		s.equal("tokens anywhere", []directory.APITokenRecord{gives, holds}, got(s, tokens("")))

		holds.Capabilities, holds.Giving = authz.Set{}, authz.Limit{}
		s.write(func(tx directory.Tx) error { return tx.SetAPITokenCapabilities(holds) })
		s.equal("less", holds, got(s, func(tx directory.Tx) (directory.APITokenRecord, error) { return tx.APIToken(acme, holds.ID) }))
		s.equal("tokens then", []directory.APITokenRecord{gives}, got(s, tokens(acme)))
	}},
}
