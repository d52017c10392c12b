package roles

import (
	"context"

	"github.com/rosterhq/roster/internal/authz"
	"github.com/rosterhq/roster/internal/directory"
	"github.com/rosterhq/roster/internal/ident"
	"github.com/rosterhq/roster/internal/limits"
	"github.com/rosterhq/roster/internal/text"
)

// NewRole is what a custom role is to be. Nil Members leave everybody's base role as it is;
// otherwise those users, and no others, have the role.
type NewRole struct {
	Name         string
	Description  string
	Capabilities authz.Set
	KeepApps     bool // leaves the role's capabilities in applications as they are
	Members      *[]directory.UserID
}

// ListRoles returns the built-in roles, strongest first, then the custom ones.
// Permission rbac|read.
func (k *Catalog) ListRoles(ctx context.Context, call directory.Call) ([]directory.Role, error) {
	return directory.Read(ctx, k.directory, call, directory.OpListRoles, func(tx directory.Tx) ([]directory.Role, error) {
		org := call.Principal.OrgID
		custom, err := tx.Roles(org)
		if err != nil {
			return nil, err
		}
		var roles []directory.Role
		for _, id := range authz.BuiltinRoles() {
			r, err := directory.LookupRole(tx, org, directory.RoleID(id))
			if err != nil {
				return nil, err
			}
			roles = append(roles, r)
		}
		roles = append(roles, custom...)
		members := make(map[directory.RoleID][]directory.UserID)
		for u, err := range tx.Users(org, directory.UserQuery{}) {
			if err != nil {
				return nil, err
			}
			members[u.Role.ID] = append(members[u.Role.ID], u.ID)
		}
		for i := range roles {
			roles[i].Members = members[roles[i].ID]
		}
		return roles, nil
	})
}

// GetRole returns one role, which may be a built-in one. Permission rbac|read. Errors:
// [directory.NotFound].
func (k *Catalog) GetRole(ctx context.Context, call directory.Call, id directory.RoleID) (directory.Role, error) {
	return directory.Read(ctx, k.directory, call, directory.OpGetRole, func(tx directory.Tx) (directory.Role, error) {
		return withMembers(tx, call.Principal.OrgID, id)
	})
}

func withMembers(tx directory.Tx, org directory.OrgID, id directory.RoleID) (directory.Role, error) {
	role, err := directory.LookupRole(tx, org, id)
	if err != nil {
		return directory.Role{}, err
	}
	for u, err := range tx.Users(org, directory.UserQuery{Role: id}) {
		if err != nil {
			return directory.Role{}, err
		}
		role.Members = append(role.Members, u.ID)
	}
	return role, nil
}

// CreateRole creates a custom role and assigns it to its members.
//
// Permission rbac|create, rule 2 for the capabilities, and users|update if it is given to
// members. Audit entries createRole and, for each member, updateUserRole. Errors:
// [directory.Invalid] for a bad name, and for a member who is not a user of the
// organization; [directory.Conflict] for a name that is taken.
func (k *Catalog) CreateRole(ctx context.Context, call directory.Call, in NewRole) (directory.Role, error) {
	return directory.Write(ctx, k.directory, call, directory.OpCreateRole, func(c *directory.Change) (directory.Role, error) {
		if err := c.OneMore(limits.Roles); err != nil {
			return directory.Role{}, err
		}
		role := directory.Role{ID: directory.RoleID(ident.New("role", c.Now())), OrgID: c.Actor().OrgID, CreatedAt: c.Now()}
		if err := fillRole(c, &role, in); err != nil {
			return directory.Role{}, err
		}
		moves, err := movesTo(c, role, in.Members)
		if err != nil {
			return directory.Role{}, err
		}
		if err := c.Tx.CreateRole(role, text.FoldKey(role.Name)); err != nil {
			return directory.Role{}, nameTaken(err, "role")
		}
		if err := c.Record(role.Target(), nil, role); err != nil {
			return directory.Role{}, err
		}
		if err := moveUsers(c, moves); err != nil {
			return directory.Role{}, err
		}
		return withMembers(c, role.OrgID, role.ID)
	})
}

// UpdateRole replaces a custom role's name, description and capabilities, and its members
// if they are given: users who are left out get the role none. Parts that do not change are
// not written.
//
// Permission rbac|update, rule 2 for capabilities that are added, and users|update if the
// capabilities of a role in use or its members change. Audit entry updateRole, without the
// members, if the role itself changes; updateUserRole for each member who gains or loses
// it. Errors: as [Catalog.CreateRole]; [directory.NotFound]; [directory.Conflict] for a
// built-in role; [directory.LimitExceeded] if more users gain and lose it than one request
// may change.
func (k *Catalog) UpdateRole(ctx context.Context, call directory.Call, id directory.RoleID, in NewRole) (directory.Role, error) {
	return directory.Write(ctx, k.directory, call, directory.OpUpdateRole, func(c *directory.Change) (directory.Role, error) {
		role, err := customRole(c, id)
		if err != nil {
			return directory.Role{}, err
		}
		before := role
		if err := fillRole(c, &role, in); err != nil {
			return directory.Role{}, err
		}
		moves, err := movesTo(c, role, in.Members)
		if err != nil {
			return directory.Role{}, err
		}
		if !sameRole(role, before) {
			if err := c.Tx.UpdateRole(role, text.FoldKey(role.Name)); err != nil {
				return directory.Role{}, nameTaken(err, "role")
			}
			if err := c.Record(role.Target(), before, role); err != nil {
				return directory.Role{}, err
			}
		}
		if err := moveUsers(c, moves); err != nil {
			return directory.Role{}, err
		}
		return withMembers(c, role.OrgID, role.ID)
	})
}

// DeleteRole deletes a custom role that is not in use. Permission rbac|delete. Audit entry
// deleteRole. Errors: [directory.NotFound]; [directory.Conflict] for a built-in role and
// for one that users have or groups give.
func (k *Catalog) DeleteRole(ctx context.Context, call directory.Call, id directory.RoleID) error {
	return directory.Do(ctx, k.directory, call, directory.OpDeleteRole, func(c *directory.Change) error {
		role, err := customRole(c, id)
		if err != nil {
			return err
		}
		users, groups, err := usesOf(c, role)
		if err != nil {
			return err
		}
		if users > 0 || groups > 0 {
			return directory.Errorf(directory.Conflict, "the role is in use: %d users have it and %d groups give it", users, groups)
		}
		if err := c.Tx.DeleteRole(role.OrgID, role.ID); err != nil {
			return err
		}
		return c.Record(role.Target(), role, nil)
	})
}

// customRole finds a role that can be changed and applies the call's precondition to it.
// It reads the members only for a precondition, which compares them too.
func customRole(c *directory.Change, id directory.RoleID) (directory.Role, error) {
	if _, ok := authz.Builtin(string(id)); ok {
		return directory.Role{}, directory.Errorf(directory.Conflict, "%q is a built-in role and can't be changed or deleted", id)
	}
	role, err := c.Role(c.Actor().OrgID, id)
	if err != nil || !c.Conditional() {
		return role, err
	}
	shown, err := withMembers(c, role.OrgID, role.ID)
	if err != nil {
		return directory.Role{}, err
	}
	return role, c.Check(shown)
}
