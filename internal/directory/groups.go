package directory

import (
	"context"
	"slices"
	"time"
)

// Group is members × roles: its roles add to what its members may do anyway.
type Group struct {
	ID          GroupID   `json:"id"`
	OrgID       OrgID     `json:"orgId"`
	Name        string    `json:"name"`
	Description string    `json:"description,omitempty"`
	Managed     bool      `json:"managed,omitempty"` // a directory (SCIM) owns the members
	Members     []UserID  `json:"members"`           // in byte order
	Roles       []RoleID  `json:"roles"`             // in byte order
	CreatedAt   time.Time `json:"createdAt"`
}

// is reports whether g and other have the same contents.
func (g Group) is(other Group) bool {
	return g.Name == other.Name && g.Description == other.Description &&
		slices.Equal(g.Members, other.Members) && slices.Equal(g.Roles, other.Roles)
}

func (g Group) target() Target { return Target{Type: "group", ID: string(g.ID), Name: g.Name} }

// NewGroup is what it takes to make or change a group. Nil Members or Roles
// leave them as they are.
type NewGroup struct {
	Name        string
	Description string
	Members     *[]UserID
	Roles       *[]RoleID
}

// ListGroups gives the groups of the principal's organisation. Permission rbac|read.
func (s *Service) ListGroups(ctx context.Context, call Call) ([]Group, error) {
	return read(ctx, s, call, OpListGroups, func(tx Tx) ([]Group, error) {
		return tx.Groups(call.Principal.OrgID)
	})
}

// GetGroup gives one group. Permission rbac|read.
func (s *Service) GetGroup(ctx context.Context, call Call, id GroupID) (Group, error) {
	return read(ctx, s, call, OpGetGroup, func(tx Tx) (Group, error) {
		return tx.Group(call.Principal.OrgID, id)
	})
}

// CreateGroup makes a group. Permission rbac|create, and for one with members or
// roles, users|update and rule 2 for its roles.
// Audit entry createGroup. Errors: [Invalid] for a bad name or a stranger among
// members or roles; [Conflict] for a name that is taken.
func (s *Service) CreateGroup(ctx context.Context, call Call, in NewGroup) (Group, error) {
	return write(ctx, s, call, OpCreateGroup, func(c *change) (Group, error) {
		if err := c.oneMore(LimitGroups); err != nil {
			return Group{}, err
		}
		g := Group{ID: GroupID(newID("grp", c.now)), OrgID: c.actor.OrgID, CreatedAt: c.now}
		if err := c.fillGroup(&g, in); err != nil {
			return Group{}, err
		}
		if err := c.Tx.CreateGroup(g, foldKey(g.Name)); err != nil {
			return Group{}, nameTaken(err, "group")
		}
		return g, c.record(g.target(), nil, g)
	})
}

// UpdateGroup changes a group. Permission rbac|update, and users|update if members
// or roles change. Rule 2 holds for roles that are added, and for all of them if
// members are. Audit entry updateGroup, if anything changes. Errors: as
// [Service.CreateGroup]; [NotFound]; [Conflict] for the members of a managed group.
func (s *Service) UpdateGroup(ctx context.Context, call Call, id GroupID, in NewGroup) (Group, error) {
	return write(ctx, s, call, OpUpdateGroup, func(c *change) (Group, error) {
		g, err := c.Group(c.actor.OrgID, id)
		if err != nil {
			return Group{}, err
		}
		if err := c.check(g); err != nil {
			return Group{}, err
		}
		before := g
		if err := c.fillGroup(&g, in); err != nil {
			return Group{}, err
		}
		if g.Managed && !slices.Equal(g.Members, before.Members) {
			return Group{}, &Error{
				Code: Conflict, Field: "members",
				Message: "the group is managed by a directory; change its members there",
			}
		}
		if g.is(before) {
			return g, nil
		}
		if err := c.Tx.UpdateGroup(g, foldKey(g.Name)); err != nil {
			return Group{}, nameTaken(err, "group")
		}
		return g, c.record(g.target(), before, g)
	})
}

// DeleteGroup deletes a group; its members lose what it gave. Permission
// rbac|delete. Audit entry deleteGroup. Errors: [NotFound].
func (s *Service) DeleteGroup(ctx context.Context, call Call, id GroupID) error {
	_, err := write(ctx, s, call, OpDeleteGroup, func(c *change) (struct{}, error) {
		g, err := c.Group(c.actor.OrgID, id)
		if err != nil {
			return struct{}{}, err
		}
		if err := c.check(g); err != nil {
			return struct{}{}, err
		}
		if err := c.Tx.DeleteGroup(g.OrgID, g.ID); err != nil {
			return struct{}{}, err
		}
		return struct{}{}, c.record(g.target(), g, nil)
	})
	return err
}

func (c *change) fillGroup(g *Group, in NewGroup) (err error) {
	before := *g
	if g.Name, err = cleanName("name", in.Name); err != nil {
		return err
	}
	if g.Description, err = cleanDescription(in.Description); err != nil {
		return err
	}
	if in.Members != nil {
		if err := inField("members", c.within(LimitMembersPerRequest, 0, len(*in.Members))); err != nil {
			return err
		}
		g.Members = sortedSet(*in.Members)
		if err := c.checkUsers("members", g.Members); err != nil {
			return err
		}
		if err := c.joinOneMore("members", added(before.Members, g.Members)); err != nil {
			return err
		}
	}
	if in.Roles != nil {
		g.Roles = sortedSet(*in.Roles)
		if err := inField("roles", c.within(LimitRolesPerGroup, len(before.Roles), len(g.Roles))); err != nil {
			return err
		}
	}
	return c.mayRegroup(before, *g)
}

func sortedSet[T ~string](ids []T) []T {
	set := slices.Clone(ids)
	slices.Sort(set)
	return slices.Compact(set)
}
