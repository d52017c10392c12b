package storetest

import (
	"github.com/rosterhq/roster/internal/authz"
	"github.com/rosterhq/roster/internal/directory"
)

func role(org directory.OrgID, id directory.RoleID) func(directory.Tx) (directory.Role, error) {
	return func(tx directory.Tx) (directory.Role, error) { return tx.Role(org, id) }
}

var roleTests = []test{
	{"create, get, list, update, delete", func(s suite) {
		a, b := newRole(acme, "a"), newRole(acme, "B")
		b.Capabilities, b.Description = authz.Set{}, ""
		s.write(func(tx directory.Tx) error {
			return all(putOrgs(tx, acme), tx.CreateRole(a, "a"), tx.CreateRole(b, "b"))
		})
		s.equal("role", a, got(s, role(acme, a.ID)))
		s.equal("role without anything", b, got(s, role(acme, b.ID)))
		s.equal("list", []directory.Role{b, a}, got(s, func(tx directory.Tx) ([]directory.Role, error) { return tx.Roles(acme) }))

		a.Name, a.Description, a.Capabilities = "New", "d", authz.Everything()
		changed := a
		changed.CreatedAt = start // not for UpdateRole to change
		s.write(func(tx directory.Tx) error { return tx.UpdateRole(changed, "new") })
		s.equal("updated", a, got(s, role(acme, a.ID)))
		s.write(func(tx directory.Tx) error { return tx.DeleteRole(acme, a.ID) })
		missing(s, "deleted", role(acme, a.ID))
		s.equal("the other one", b, got(s, role(acme, b.ID)))
	}},
	{"missing and taken", func(s suite) {
		s.write(func(tx directory.Tx) error {
			return all(putOrgs(tx, acme, other), tx.CreateRole(newRole(acme, "a"), "a"), tx.CreateRole(newRole(acme, "b"), "b"))
		})
		missing(s, "get", role(acme, "role_x"))
		missing(s, "a built-in one", role(acme, authz.RoleAdmin))
		s.fails("update", directory.NotFound, func(tx directory.Tx) error { return tx.UpdateRole(newRole(acme, "x"), "x") })
		s.fails("delete", directory.NotFound, func(tx directory.Tx) error { return tx.DeleteRole(acme, "role_x") })
		s.fails("same id", directory.Conflict, func(tx directory.Tx) error { return tx.CreateRole(newRole(acme, "a"), "c") })
		s.fails("same name", directory.Conflict, func(tx directory.Tx) error { return tx.CreateRole(newRole(acme, "c"), "a") })
		s.fails("renamed to one there is", directory.Conflict, func(tx directory.Tx) error { return tx.UpdateRole(newRole(acme, "b"), "a") })
		s.fails("unknown organization", "", func(tx directory.Tx) error { return tx.CreateRole(newRole("nobody", "a"), "a") })
		s.write(func(tx directory.Tx) error {
			return all(
				tx.CreateRole(newRole(acme, "c"), "A"), // another key
				tx.CreateRole(newRole(other, "a"), "a"),
				tx.UpdateRole(newRole(acme, "a"), "a"), // its own name
			)
		})
		s.equal("elsewhere", newRole(other, "a"), got(s, role(other, "role_a")))
	}},
}
