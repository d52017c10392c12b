package directory

import (
	"slices"
	"strings"

	"github.com/rosterhq/roster/internal/authz"
	"github.com/rosterhq/roster/internal/quote"
)

// giving is what a user with these reasons for what they may do can give: what
// they hold. Built-in roles stay names in it.
func giving(all []Source, held authz.Set) authz.Limit {
	var strongest RoleID
	for _, s := range all {
		if s.Role.ID == authz.RoleOwner || (s.Role.ID == authz.RoleAdmin && strongest != authz.RoleOwner) {
			strongest = s.Role.ID
		}
	}
	return authz.LimitOf(held, string(strongest))
}

// mayGive holds rule 2: what somebody gets by a change and did not have must stay
// within the built-in role user, or within what the actor can give. Errors: [Forbidden].
func (c *Change) mayGive(role string, gets, had authz.Set) error {
	added := gets
	if !had.Empty() {
		added = gets.Minus(had)
	}
	if c.actor.Giving.MayGive(added) {
		return nil
	}
	return Errorf(Forbidden, "you can't give the role %s: it holds capabilities that neither you can give nor the built-in role user has; "+
		"an API token gives at most what its maker could when it was made", quote.Input(role))
}

// NoRole is the error for a role that the organization does not have. It blames a field.
func NoRole(field string, id RoleID) error {
	return InvalidField(field, "%s is not a role of this organization; built-in roles are %s", quote.Input(id), strings.Join(authz.BuiltinRoles(), ", "))
}

// RoleToGive finds a role that the actor wants to give to somebody who has the
// capabilities had already. A role that does not exist is [Invalid] and blames field.
func (c *Change) RoleToGive(field string, id RoleID, had authz.Set) (Role, error) {
	if id == "" {
		return Role{}, InvalidField(field, "is required")
	}
	role, err := LookupRole(c, c.actor.OrgID, id)
	if CodeOf(err) == NotFound {
		return Role{}, NoRole(field, id)
	}
	if err != nil {
		return Role{}, err
	}
	if role.ID == authz.RoleOwner && !c.actor.IsOwner() {
		return Role{}, Errorf(Forbidden, "only an owner, with a personal token, can make an owner")
	}
	if role.ID == authz.RoleOwner {
		if err := c.NeedFresh(); err != nil {
			return Role{}, err
		}
	}
	return role, c.mayGive(role.Name, role.Capabilities, had)
}

// mayRegroup holds rule 2 for a group that changes from before to after. Those who
// come get all of its roles, those who stay the roles that are new. To change who
// gets what takes users|update; what is taken away needs nothing else.
func (c *Change) mayRegroup(before, after Group, m memberChange) error {
	if m.empty() && slices.Equal(before.Roles, after.Roles) {
		return nil
	}
	if err := OpUpdateUserRole.Authorize(c.actor); err != nil {
		return err
	}
	given := without(after.Roles, before.Roles)
	if len(m.joined) > 0 {
		given = after.Roles
	}
	for _, id := range given {
		// Or owners could be made behind rule 1's back.
		if id == authz.RoleOwner {
			return InvalidField("roles", "owner can't be given through a group; make the user an owner instead")
		}
		if _, err := c.RoleToGive("roles", id, authz.Set{}); err != nil {
			return err
		}
	}
	return nil
}

// without are those of ids that others, which are sorted, don't have.
func without[T ~string](ids, others []T) []T {
	return slices.DeleteFunc(slices.Clone(ids), func(id T) bool {
		_, found := slices.BinarySearch(others, id)
		return found
	})
}

// MayAddTo checks that the actor may put somebody into a group. Errors: [Forbidden], and
// [Invalid] for a group that no one can be put into by its roles.
func (c *Change) MayAddTo(g Group) error {
	return c.mayRegroup(g, g, memberChange{joined: []UserID{""}})
}

// mayRedefine holds rule 2 for a role whose capabilities change. Added capabilities
// count as given, whether or not anyone has the role yet. If users have the role or
// groups give it, any change takes users|update too.
func (c *Change) mayRedefine(before, after Role) error {
	if before.Capabilities.Equal(after.Capabilities) {
		return nil
	}
	if err := c.mayGive(after.Name, after.Capabilities, before.Capabilities); err != nil {
		return err
	}
	users, groups, err := c.usesOf(after)
	if err != nil || users+groups == 0 {
		return err
	}
	return OpUpdateUserRole.Authorize(c.actor)
}

// MayImpersonate checks that the actor may create something that acts as a user, such as a
// link: the actor must be able to give all that the user holds. Errors: [Forbidden].
func (c *Change) MayImpersonate(u User) error {
	if u.IsOwner() && !c.actor.IsOwner() {
		return Errorf(Forbidden, "only an owner, with a personal token, can copy an owner's link")
	}
	r, err := effective(c, u, c.now)
	if err != nil {
		return err
	}
	return c.mayGive(u.Role.Name, r.held, authz.Set{})
}
