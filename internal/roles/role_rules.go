package roles

import (
	"slices"

	"github.com/rosterhq/roster/internal/authz"
	"github.com/rosterhq/roster/internal/directory"
	"github.com/rosterhq/roster/internal/limits"
	"github.com/rosterhq/roster/internal/text"
)

// fillRole sets all but the members.
func fillRole(c *directory.Change, role *directory.Role, in NewRole) (err error) {
	if role.Name, err = directory.CleanName("name", in.Name); err != nil {
		return err
	}
	if role.Description, err = directory.CleanDescription(in.Description); err != nil {
		return err
	}
	if isBuiltinName(role.Name) {
		return &directory.Error{Code: directory.Conflict, Field: "name", Message: "this is the name of a built-in role"}
	}
	if in.KeepApps {
		in.Capabilities.Apps = role.Capabilities.Apps
	}
	if err := checkNames(c, role.Capabilities, in.Capabilities); err != nil {
		return err
	}
	before := *role
	role.Capabilities = in.Capabilities
	return mayRedefine(c, before, *role)
}

// isBuiltinName reports whether a name is that of a built-in role, in any letter case.
func isBuiltinName(name string) bool {
	return slices.ContainsFunc(authz.BuiltinRoles(), func(builtin string) bool { return text.FoldKey(builtin) == text.FoldKey(name) })
}

// checkNames is [directory.Change.CheckSet] for a role, whose names also count against
// [limits.NamesInRoles].
func checkNames(c *directory.Change, before, after authz.Set) error {
	if err := c.CheckSet(before, after); err != nil {
		return err
	}
	if c.Limit(limits.NamesInRoles) == 0 || after.CountNames() <= before.CountNames() {
		return nil
	}
	n, err := c.CountOf(c.Actor().OrgID, limits.NamesInRoles)
	if err != nil {
		return err
	}
	return c.Within(limits.NamesInRoles, n, n+after.CountNames()-before.CountNames())
}

// mayRedefine holds rule 2 for a role whose capabilities change. Added capabilities count
// as given, whether or not anyone has the role yet. If the role is in use, any change takes
// users|update too.
func mayRedefine(c *directory.Change, before, after directory.Role) error {
	if before.Capabilities.Equal(after.Capabilities) {
		return nil
	}
	if err := c.MayGive(after.Name, after.Capabilities, before.Capabilities); err != nil {
		return err
	}
	inUse, err := InUse(c, after)
	if err != nil || !inUse {
		return err
	}
	return directory.OpUpdateUserRole.Authorize(c.Actor())
}

// InUse reports whether users have a role or groups give it.
func InUse(c *directory.Change, role directory.Role) (bool, error) {
	users, groups, err := usesOf(c, role)
	return users+groups > 0, err
}

// usesOf counts the users who have a role, including invited ones and those who have it for
// a time, and the groups that give it.
func usesOf(c *directory.Change, role directory.Role) (users, groups int, err error) {
	if users, err = c.CountUsersWithRole(role.OrgID, role.ID); err != nil {
		return 0, 0, err
	}
	temporary, err := c.CountTemporaryRoles(role.OrgID, role.ID)
	if err != nil {
		return 0, 0, err
	}
	groups, err = c.CountGroupsWithRole(role.OrgID, role.ID)
	return users + temporary, groups, err
}

// sameRole reports whether two states of a role are the same, apart from its members.
func sameRole(a, b directory.Role) bool {
	return a.Name == b.Name && a.Description == b.Description && a.Capabilities.Equal(b.Capabilities)
}

// nameTaken replaces the conflict of a unique key by an error that names the kind of object.
func nameTaken(err error, kind string) error {
	if directory.CodeOf(err) == directory.Conflict {
		return &directory.Error{Code: directory.Conflict, Field: "name", Message: "a " + kind + " of this name exists already", Err: err}
	}
	return err
}
