package roles

import (
	"context"
	"slices"

	"github.com/rosterhq/roster/internal/directory"
	"github.com/rosterhq/roster/internal/ident"
	"github.com/rosterhq/roster/internal/limits"
	"github.com/rosterhq/roster/internal/text"
)

// NewGroup is what a group is to be. Nil Members or Roles leave them as they are.
type NewGroup struct {
	Name        string
	Description string
	Members     *[]directory.UserID
	Roles       *[]directory.RoleID
}

// ListGroups returns the groups of the principal's organization. Permission rbac|read.
func (k *Catalog) ListGroups(ctx context.Context, call directory.Call) ([]directory.Group, error) {
	return directory.Read(ctx, k.directory, call, directory.OpListGroups, func(tx directory.Tx) ([]directory.Group, error) {
		return tx.Groups(call.Principal.OrgID)
	})
}

// GetGroup returns one group. Permission rbac|read. Errors: [directory.NotFound].
func (k *Catalog) GetGroup(ctx context.Context, call directory.Call, id directory.GroupID) (directory.Group, error) {
	return directory.Read(ctx, k.directory, call, directory.OpGetGroup, func(tx directory.Tx) (directory.Group, error) {
		return tx.Group(call.Principal.OrgID, id)
	})
}

// CreateGroup creates a group. Permission rbac|create and, for a group with members or
// roles, users|update and rule 2 for its roles. Audit entry createGroup. Errors:
// [directory.Invalid] for a bad name, and for a member or role that the organization does
// not have; [directory.Conflict] for a name that is taken.
func (k *Catalog) CreateGroup(ctx context.Context, call directory.Call, in NewGroup) (directory.Group, error) {
	return directory.Write(ctx, k.directory, call, directory.OpCreateGroup, func(c *directory.Change) (directory.Group, error) {
		if err := c.OneMore(limits.Groups); err != nil {
			return directory.Group{}, err
		}
		g := directory.Group{ID: directory.GroupID(ident.New("grp", c.Now())), OrgID: c.Actor().OrgID, CreatedAt: c.Now()}
		if err := fillGroup(c, &g, in); err != nil {
			return directory.Group{}, err
		}
		if in.Members != nil {
			m, err := replaceMembers(c, g, *in.Members)
			if err != nil {
				return directory.Group{}, err
			}
			g.Members = m.joined
		}
		if err := mayRegroup(c, directory.Group{}, g, memberChange{joined: g.Members}); err != nil {
			return directory.Group{}, err
		}
		if err := c.Tx.CreateGroup(g, text.FoldKey(g.Name)); err != nil {
			return directory.Group{}, nameTaken(err, "group")
		}
		return g, c.Record(g.Target(), nil, directory.RecordGroup(g))
	})
}

// UpdateGroup changes a group. Permission rbac|update, and users|update if members or roles
// change. Rule 2 holds for roles that are added, and for all roles of the group if members
// are added. Audit entry updateGroup, if anything changes. Errors: as
// [Catalog.CreateGroup]; [directory.NotFound]; [directory.Conflict] for the members of a
// managed group; [directory.LimitExceeded] if more members come and go than one request may
// change.
func (k *Catalog) UpdateGroup(ctx context.Context, call directory.Call, id directory.GroupID, in NewGroup) (directory.Group, error) {
	return directory.Write(ctx, k.directory, call, directory.OpUpdateGroup, func(c *directory.Change) (directory.Group, error) {
		g, err := groupToChange(c, id)
		if err != nil {
			return directory.Group{}, err
		}
		before := g
		if err := fillGroup(c, &g, in); err != nil {
			return directory.Group{}, err
		}
		var m memberChange
		if in.Members != nil {
			if m, err = replaceMembers(c, g, *in.Members); err != nil {
				return directory.Group{}, err
			}
		}
		if err := mayRegroup(c, before, g, m); err != nil {
			return directory.Group{}, err
		}
		if !sameGroup(g, before) {
			if err := c.Tx.UpdateGroup(g, text.FoldKey(g.Name)); err != nil {
				return directory.Group{}, nameTaken(err, "group")
			}
		}
		if err := changeMembers(c, before, g, m); err != nil {
			return directory.Group{}, err
		}
		return c.Group(g.OrgID, g.ID)
	})
}

// DeleteGroup deletes a group. Its members lose what it gave. Permission rbac|delete. Audit
// entry deleteGroup. Errors: [directory.NotFound].
func (k *Catalog) DeleteGroup(ctx context.Context, call directory.Call, id directory.GroupID) error {
	return directory.Do(ctx, k.directory, call, directory.OpDeleteGroup, func(c *directory.Change) error {
		g, err := groupToChange(c, id)
		if err != nil {
			return err
		}
		if g.Members, err = c.MembersOf(g.OrgID, g.ID); err != nil {
			return err
		}
		if err := c.Tx.DeleteGroup(g.OrgID, g.ID); err != nil {
			return err
		}
		return c.Record(g.Target(), directory.RecordGroup(g), nil)
	})
}

// groupToChange finds a group, without its members, and applies the call's precondition to
// it.
func groupToChange(c *directory.Change, id directory.GroupID) (directory.Group, error) {
	g, err := c.GroupHead(c.Actor().OrgID, id)
	if err != nil {
		return directory.Group{}, err
	}
	return g, c.Check(g)
}

// fillGroup sets all but the members.
func fillGroup(c *directory.Change, g *directory.Group, in NewGroup) (err error) {
	if g.Name, err = directory.CleanName("name", in.Name); err != nil {
		return err
	}
	if g.Description, err = directory.CleanDescription(in.Description); err != nil {
		return err
	}
	if in.Roles == nil {
		return nil
	}
	had := len(g.Roles)
	g.Roles = sortedSet(*in.Roles)
	return directory.InField("roles", c.Within(limits.RolesPerGroup, had, len(g.Roles)))
}

// sameGroup reports whether two states of a group are the same, apart from its members.
func sameGroup(a, b directory.Group) bool {
	return a.Name == b.Name && a.Description == b.Description && slices.Equal(a.Roles, b.Roles)
}
