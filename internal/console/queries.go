package console

import (
	"github.com/rosterhq/roster/internal/authz"
	"github.com/rosterhq/roster/internal/directory"
)

// The queries of this file read less than the service's lists do: a list of roles with
// all members would take too long for a page in a large organization.

// roleUse is a role without its members, and how many users have it and groups give it.
type roleUse struct {
	directory.Role
	Users  int // invited ones included
	Groups int
}

// BuiltIn reports whether the role is the same in every organization.
func (r roleUse) BuiltIn() bool { return isBuiltIn(r.ID) }

func isBuiltIn(id directory.RoleID) bool {
	_, ok := authz.Builtin(string(id))
	return ok
}

// builtinRoles are the roles that every organization has, strongest first.
func builtinRoles() (roles []roleUse) {
	for _, id := range authz.BuiltinRoles() {
		set, _ := authz.Builtin(id)
		roles = append(roles, roleUse{Role: directory.Role{ID: directory.RoleID(id), Name: id, Capabilities: set}})
	}
	return roles
}

// roles gives the roles to choose from. Who may not read roles can choose built-in ones.
func (rq *request) roles() ([]roleUse, error) {
	if !rq.may(directory.OpListRoles) {
		return builtinRoles(), nil
	}
	return directory.Read(rq.Context(), rq.console.Service, rq.call, directory.OpListRoles, func(tx directory.Tx) ([]roleUse, error) {
		roles := builtinRoles()
		custom, err := tx.Roles(rq.org)
		for _, r := range custom {
			roles = append(roles, roleUse{Role: r})
		}
		return roles, err
	})
}

// roleUses gives the roles, built-in ones first, with their uses.
func (rq *request) roleUses() ([]roleUse, error) {
	roles, err := rq.roles()
	if err != nil {
		return nil, err
	}
	return directory.Read(rq.Context(), rq.console.Service, rq.call, directory.OpListRoles, func(tx directory.Tx) (_ []roleUse, err error) {
		for i := range roles {
			if roles[i].Users, err = tx.CountUsersWithRole(rq.org, roles[i].ID); err != nil {
				return nil, err
			}
			if roles[i].Groups, err = tx.CountGroupsWithRole(rq.org, roles[i].ID); err != nil {
				return nil, err
			}
		}
		return roles, nil
	})
}

// userGroups gives the groups that a user is in, without their members.
func (rq *request) userGroups(id directory.UserID) ([]directory.Group, error) {
	return directory.Read(rq.Context(), rq.console.Service, rq.call, directory.OpListGroups, func(tx directory.Tx) ([]directory.Group, error) {
		return tx.GroupsOf(rq.org, id)
	})
}
