package directory

import (
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

// MayGive holds rule 2: what somebody gets by a change and did not have must stay
// within the built-in role user, or within what the actor can give. Errors: [Forbidden].
func (c *Change) MayGive(role string, gets, had authz.Set) error {
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
	return role, c.MayGive(role.Name, role.Capabilities, had)
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
	return c.MayGive(u.Role.Name, r.held, authz.Set{})
}
