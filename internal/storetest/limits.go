package storetest

import (
	"github.com/rosterhq/roster/internal/authz"
	"github.com/rosterhq/roster/internal/directory"
	"github.com/rosterhq/roster/internal/limits"
)

func countOf(org directory.OrgID, what limits.Name) func(directory.Tx) (int, error) {
	return func(tx directory.Tx) (int, error) { return tx.CountOf(org, what) }
}

var limitTests = []test{
	{"counts are an organization's own", func(s suite) {
		prepareGroups(s) // three users and two roles, and one of each elsewhere
		s.equal("users", 3, got(s, countOf(acme, limits.Users)))
		s.equal("users elsewhere", 1, got(s, countOf(other, limits.Users)))
		s.equal("roles", 2, got(s, countOf(acme, limits.Roles)))
		s.equal("groups", 0, got(s, countOf(acme, limits.Groups)))
		s.equal("API tokens", 0, got(s, countOf(acme, limits.APITokens)))
		s.equal("webhooks", 0, got(s, countOf(acme, limits.Webhooks)))
		s.equal("issuers", 0, got(s, countOf(acme, limits.Issuers)))
		s.equal("of nobody", 0, got(s, countOf("nobody", limits.NamesInRoles)))
	}},
	{"names are counted as roles change", func(s suite) {
		r, q := newRole(acme, "r"), newRole(acme, "q")
		r.Capabilities = authz.Set{Datasets: map[string]authz.Grants{"a": 1, "b": 1}, Views: map[string]authz.Grants{"a": 1}}
		q.Capabilities = authz.Set{Datasets: map[string]authz.Grants{"a": 1}}
		s.write(func(tx directory.Tx) error {
			return all(putOrgs(tx, acme), tx.CreateRole(r, "r"), tx.CreateRole(q, "q"))
		})
		s.equal("together", 4, got(s, countOf(acme, limits.NamesInRoles)))
		r.Capabilities = authz.Set{Views: map[string]authz.Grants{authz.Wildcard: 1}}
		s.write(func(tx directory.Tx) error { return tx.UpdateRole(r, "r") })
		s.equal("after a change", 2, got(s, countOf(acme, limits.NamesInRoles)))
		s.write(func(tx directory.Tx) error { return tx.DeleteRole(acme, q.ID) })
		s.equal("after a deletion", 1, got(s, countOf(acme, limits.NamesInRoles)))
	}},
	{"the highest count is that of whoever has the most", func(s suite) {
		prepareGroups(s)
		for what, want := range map[limits.Name]int{
			limits.Users: 3, limits.Roles: 2, limits.Groups: 0, limits.Invitations: 0, limits.APITokens: 0,
			limits.Issuers: 0, limits.Webhooks: 0, limits.PersonalTokens: 0, limits.Sessions: 0, limits.Passkeys: 0,
		} {
			s.equal(string(what), want, got(s, func(tx directory.Tx) (int, error) { return tx.HighestCount(what) }))
		}
	}},
	{"a user in many groups is found", func(s suite) {
		prepareGroups(s)
		for i, id := range []string{"1", "2"} {
			g := newGroup(acme, id)
			g.Members = []directory.UserID{"usr_a", "usr_b"}[i:] // a in one, b in both
			s.write(func(tx directory.Tx) error { return tx.CreateGroup(g, id) })
		}
		inGroups := func(org directory.OrgID, n int) directory.UserID {
			return got(s, func(tx directory.Tx) (directory.UserID, error) {
				return tx.UserInGroups(org, []directory.UserID{"usr_Z", "usr_a", "usr_b"}, n)
			})
		}
		s.equal("in one", directory.UserID("usr_a"), inGroups(acme, 1))
		s.equal("in two", directory.UserID("usr_b"), inGroups(acme, 2))
		s.equal("in three", directory.UserID(""), inGroups(acme, 3))
		s.equal("elsewhere", directory.UserID(""), inGroups(other, 1))
	}},
}
