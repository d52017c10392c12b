package storetest

import (
	"time"

	"github.com/rosterhq/roster/internal/directory"
)

var orgTests = []test{
	{"create, get, update", func(s suite) {
		if n := got(s, directory.Tx.CountOrgs); n != 0 {
			s.Fatalf("an empty store has %d organizations", n)
		}
		org := newOrg(acme)
		s.write(func(tx directory.Tx) error { return putOrgs(tx, acme, other) })
		s.equal("organization", org, got(s, func(tx directory.Tx) (directory.Org, error) { return tx.Org(acme) }))
		org.Name, org.UpdatedAt = "Another", start.Add(time.Hour)
		changed := org
		changed.CreatedAt = start.Add(time.Hour) // not for UpdateOrg to change
		s.write(func(tx directory.Tx) error { return tx.UpdateOrg(changed) })
		s.equal("after the update", org, got(s, func(tx directory.Tx) (directory.Org, error) { return tx.Org(acme) }))
		s.equal("the other one", newOrg(other), got(s, func(tx directory.Tx) (directory.Org, error) { return tx.Org(other) }))
		if n := got(s, directory.Tx.CountOrgs); n != 2 {
			s.Errorf("%d organizations, want 2", n)
		}
	}},
	{"settings", func(s suite) {
		settings := func(tx directory.Tx) (directory.OrgSettings, error) { return tx.OrgSettings(acme) }
		s.write(func(tx directory.Tx) error { return putOrgs(tx, acme, other) })
		s.equal("none", directory.OrgSettings{}, got(s, settings))
		for _, seconds := range []int64{3600, 7200, 0} {
			want := directory.OrgSettings{MaxTokenSeconds: seconds, SessionIdleSeconds: seconds / 2, SessionSeconds: seconds / 3, RequireIssuer: seconds > 0, IssuerTokenSeconds: seconds}
			s.write(func(tx directory.Tx) error {
				return all(tx.SetOrgSettings(acme, want), tx.SetOrgSettings(other, directory.OrgSettings{MaxTokenSeconds: 5}))
			})
			s.equal("set", want, got(s, settings))
		}
		s.write(func(tx directory.Tx) error { return tx.DeleteOrg(acme) })
		s.write(func(tx directory.Tx) error { return putOrgs(tx, acme) })
		s.equal("gone with the organization", directory.OrgSettings{}, got(s, settings))
	}},
	{"totals", func(s suite) {
		s.equal("of nothing", directory.Totals{}, got(s, directory.Tx.Totals))
		suspended := newUser(acme, "suspended")
		suspended.Suspended = true
		s.write(func(tx directory.Tx) error {
			return all(
				putOrgs(tx, acme, other), putUsers(tx, acme, "member", "suspended"), putUsers(tx, other, "member"), tx.UpdateUser(suspended),
				putUser(tx, newInvitation(acme, "invited", start.Add(time.Hour))),
				tx.CreateAPIToken(newAPIToken(acme, "one")), tx.CreatePersonalToken(newPersonalToken("acc_member", "two")),
			)
		})
		s.equal("of all organizations", directory.Totals{Orgs: 2, Users: 4, Invited: 1, Suspended: 1, APITokens: 1, PersonalTokens: 1}, got(s, directory.Tx.Totals))
	}},
	{"missing and taken", func(s suite) {
		s.write(func(tx directory.Tx) error { return putOrgs(tx, acme) })
		missing(s, "get", func(tx directory.Tx) (directory.Org, error) { return tx.Org("nobody") })
		s.fails("update", directory.NotFound, func(tx directory.Tx) error { return tx.UpdateOrg(newOrg("nobody")) })
		s.fails("delete", directory.NotFound, func(tx directory.Tx) error { return tx.DeleteOrg("nobody") })
		s.fails("create again", directory.Conflict, func(tx directory.Tx) error { return tx.CreateOrg(newOrg(acme)) })
	}},
	{"lock what is and what is not", func(s suite) {
		s.write(func(tx directory.Tx) error {
			return all(putOrgs(tx, acme), tx.Lock(directory.LockOrg(acme)), tx.Lock(directory.LockOrg(acme)), tx.Lock(directory.LockOrg("nobody")), tx.Lock(directory.LockDeployment))
		})
	}},
	{"delete takes everything along but accounts", func(s suite) {
		fill := func(tx directory.Tx, org directory.OrgID) error {
			name := string(org)
			g := newGroup(org, name)
			g.Members, g.Roles = []directory.UserID{newUser(org, name).ID}, []directory.RoleID{newRole(org, name).ID}
			return all(
				putOrgs(tx, org), putUsers(tx, org, name), tx.CreateRole(newRole(org, name), name), tx.CreateGroup(g, name),
				tx.CreateAPIToken(newAPIToken(org, name)), tx.CreateProvision(newProvision(org, "addr")),
				appendEntry(tx, directory.Entry{OrgID: org, Action: "fill", At: start}),
			)
		}
		s.write(func(tx directory.Tx) error { return all(fill(tx, acme), fill(tx, other)) })
		before := dump(s, other)
		s.write(func(tx directory.Tx) error { return tx.DeleteOrg(acme) })

		s.equal("what is left of the organization", contents{}, dump(s, acme))
		s.equal("the other one", before, dump(s, other))
		missing(s, "token by hash", func(tx directory.Tx) (directory.APITokenRecord, error) {
			return tx.APITokenByHash(newAPIToken(acme, string(acme)).Hash)
		})
		missing(s, "provision by hash", func(tx directory.Tx) (directory.Provision, error) {
			return tx.ProvisionByHash(newProvision(acme, "").Hash)
		})
		account := newUser(acme, string(acme)).AccountID
		s.equal("account", newAccount(account), got(s, func(tx directory.Tx) (directory.Account, error) {
			return tx.AccountByEmail(string(account))
		}))
		s.write(func(tx directory.Tx) error { return tx.DeleteAccount(account) })
	}},
}

var provisionTests = []test{
	{"create, find, claim, delete", func(s suite) {
		p := newProvision(acme, "192.0.2.1")
		s.write(func(tx directory.Tx) error { return all(putOrgs(tx, acme), tx.CreateProvision(p)) })
		byHash := func(tx directory.Tx) (directory.Provision, error) { return tx.ProvisionByHash(p.Hash) }
		s.equal("provision", p, got(s, byHash))
		p.Claimed = true
		s.write(func(tx directory.Tx) error { return tx.UpdateProvision(p) })
		s.equal("claimed", p, got(s, byHash))
		s.write(func(tx directory.Tx) error { return tx.DeleteProvision(acme) })
		missing(s, "deleted", byHash)
		s.equal("its organization", newOrg(acme), got(s, func(tx directory.Tx) (directory.Org, error) { return tx.Org(acme) }))
	}},
	{"missing and taken", func(s suite) {
		s.write(func(tx directory.Tx) error {
			return all(putOrgs(tx, acme, other), tx.CreateProvision(newProvision(acme, "")))
		})
		missing(s, "by hash", func(tx directory.Tx) (directory.Provision, error) { return tx.ProvisionByHash(hash("no")) })
		s.fails("update", directory.NotFound, func(tx directory.Tx) error { return tx.UpdateProvision(newProvision(other, "")) })
		s.fails("delete", directory.NotFound, func(tx directory.Tx) error { return tx.DeleteProvision(other) })
		s.fails("again", directory.Conflict, func(tx directory.Tx) error { return tx.CreateProvision(newProvision(acme, "")) })
		same := newProvision(other, "")
		same.Hash = newProvision(acme, "").Hash
		s.fails("same claim", directory.Conflict, func(tx directory.Tx) error { return tx.CreateProvision(same) })
		s.fails("without organization", "", func(tx directory.Tx) error { return tx.CreateProvision(newProvision("nobody", "")) })
	}},
	{"count by address and list what expired", func(s suite) {
		var orgs []directory.OrgID
		s.write(func(tx directory.Tx) error {
			// Made in another order than that of their ids.
			for i, id := range []directory.OrgID{"c", "a", "B"} {
				p := newProvision(id, "192.0.2.1")
				p.ExpiresAt = start.Add(time.Duration(i) * time.Hour)
				p.Claimed = id == "B" // counts like any other
				if err := all(putOrgs(tx, id), tx.CreateProvision(p)); err != nil {
					return err
				}
				orgs = append(orgs, id)
			}
			return all(putOrgs(tx, acme), tx.CreateProvision(newProvision(acme, "192.0.2.2")))
		})
		for _, tt := range []struct {
			now     time.Time
			count   int
			expired []directory.OrgID
		}{
			{start.Add(-time.Microsecond), 3, nil},
			{start, 2, []directory.OrgID{"c"}}, // the end itself is past it
			{start.Add(2*time.Hour - time.Microsecond), 1, []directory.OrgID{"a", "c"}},
			{start.Add(2 * time.Hour), 0, []directory.OrgID{"B", "a", "c"}},
		} {
			n := got(s, func(tx directory.Tx) (int, error) { return tx.CountProvisions("192.0.2.1", tt.now) })
			var expired []directory.OrgID
			for _, p := range got(s, func(tx directory.Tx) ([]directory.Provision, error) { return tx.ExpiredProvisions(tt.now) }) {
				expired = append(expired, p.OrgID)
			}
			s.equal("count at "+tt.now.String(), tt.count, n)
			s.equal("expired at "+tt.now.String(), tt.expired, expired)
		}
	}},
}
