package directory

import (
	"context"
	"slices"
	"time"

	"github.com/rosterhq/roster/internal/ident"
	"github.com/rosterhq/roster/internal/limits"
	"github.com/rosterhq/roster/internal/text"
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
	Version     int64     `json:"-"` // goes up with every change, of its members too
}

// RecordedGroup is the state of a group in entries. An entry about a change has only the
// members who are added and removed, so that its size does not depend on the group's.
// Entries about a group that is created or deleted have all members, without which its
// past could not be read.
type RecordedGroup struct {
	Group
	Members []UserID `json:"members,omitempty"` // of a group that is made or deleted
	Added   []UserID `json:"addedMembers,omitempty"`
	Removed []UserID `json:"removedMembers,omitempty"`
	// Profile is what a directory keeps with the group, if that changes.
	Profile *GroupProfile `json:"profile,omitempty"`
}

// RecordGroup is the state of a group that is created or deleted, with all members.
func RecordGroup(g Group) RecordedGroup { return RecordedGroup{Group: g, Members: g.Members} }

// is reports whether g and other have the same contents, whoever is in them.
func (g Group) is(other Group) bool {
	return g.Name == other.Name && g.Description == other.Description && slices.Equal(g.Roles, other.Roles)
}

// Target is the group as the target of an entry.
func (g Group) Target() Target { return Target{Type: "group", ID: string(g.ID), Name: g.Name} }

// NewGroup is what it takes to make or change a group. Nil Members or Roles
// leave them as they are.
type NewGroup struct {
	Name        string
	Description string
	Members     *[]UserID
	Roles       *[]RoleID
}

// ListGroups returns the groups of the principal's organization. Permission rbac|read.
func (s *Service) ListGroups(ctx context.Context, call Call) ([]Group, error) {
	return Read(ctx, s, call, OpListGroups, func(tx Tx) ([]Group, error) {
		return tx.Groups(call.Principal.OrgID)
	})
}

// GetGroup returns one group. Permission rbac|read.
func (s *Service) GetGroup(ctx context.Context, call Call, id GroupID) (Group, error) {
	return Read(ctx, s, call, OpGetGroup, func(tx Tx) (Group, error) {
		return tx.Group(call.Principal.OrgID, id)
	})
}

// CreateGroup creates a group. Permission rbac|create, and for one with members or
// roles, users|update and rule 2 for its roles.
// Audit entry createGroup. Errors: [Invalid] for a bad name or a stranger among
// members or roles; [Conflict] for a name that is taken.
func (s *Service) CreateGroup(ctx context.Context, call Call, in NewGroup) (Group, error) {
	return Write(ctx, s, call, OpCreateGroup, func(c *Change) (Group, error) {
		if err := c.OneMore(limits.Groups); err != nil {
			return Group{}, err
		}
		g := Group{ID: GroupID(ident.New("grp", c.now)), OrgID: c.actor.OrgID, CreatedAt: c.now}
		if err := c.fillGroup(&g, in); err != nil {
			return Group{}, err
		}
		if in.Members != nil {
			m, err := c.replaceMembers(g, *in.Members)
			if err != nil {
				return Group{}, err
			}
			g.Members = m.joined
		}
		if err := c.mayRegroup(Group{}, g, memberChange{joined: g.Members}); err != nil {
			return Group{}, err
		}
		if err := c.Tx.CreateGroup(g, text.FoldKey(g.Name)); err != nil {
			return Group{}, nameTaken(err, "group")
		}
		return g, c.Record(g.Target(), nil, RecordGroup(g))
	})
}

// UpdateGroup changes a group. Permission rbac|update, and users|update if members
// or roles change. Rule 2 holds for roles that are added, and for all of them if
// members are. Audit entry updateGroup, if anything changes. Errors: as
// [Service.CreateGroup]; [NotFound]; [Conflict] for the members of a managed group;
// [LimitExceeded] if more members come and go than one request may change.
func (s *Service) UpdateGroup(ctx context.Context, call Call, id GroupID, in NewGroup) (Group, error) {
	return Write(ctx, s, call, OpUpdateGroup, func(c *Change) (Group, error) {
		g, err := c.groupToChange(id)
		if err != nil {
			return Group{}, err
		}
		before := g
		if err := c.fillGroup(&g, in); err != nil {
			return Group{}, err
		}
		var m memberChange
		if in.Members != nil {
			if m, err = c.replaceMembers(g, *in.Members); err != nil {
				return Group{}, err
			}
		}
		if err := c.mayRegroup(before, g, m); err != nil {
			return Group{}, err
		}
		if !g.is(before) {
			if err := c.Tx.UpdateGroup(g, text.FoldKey(g.Name)); err != nil {
				return Group{}, nameTaken(err, "group")
			}
		}
		if err := c.changeMembers(before, g, m); err != nil {
			return Group{}, err
		}
		return c.Group(g.OrgID, g.ID)
	})
}

// DeleteGroup deletes a group; its members lose what it gave. Permission
// rbac|delete. Audit entry deleteGroup. Errors: [NotFound].
func (s *Service) DeleteGroup(ctx context.Context, call Call, id GroupID) error {
	return Do(ctx, s, call, OpDeleteGroup, func(c *Change) error {
		g, err := c.groupToChange(id)
		if err != nil {
			return err
		}
		if g.Members, err = c.MembersOf(g.OrgID, g.ID); err != nil {
			return err
		}
		if err := c.Tx.DeleteGroup(g.OrgID, g.ID); err != nil {
			return err
		}
		return c.Record(g.Target(), RecordGroup(g), nil)
	})
}

// groupToChange finds a group, without its members, and asks the call's precondition
// about it.
func (c *Change) groupToChange(id GroupID) (Group, error) {
	g, err := c.GroupHead(c.actor.OrgID, id)
	if err != nil {
		return Group{}, err
	}
	return g, c.Check(g)
}

// fillGroup sets all but the members.
func (c *Change) fillGroup(g *Group, in NewGroup) (err error) {
	if g.Name, err = CleanName("name", in.Name); err != nil {
		return err
	}
	if g.Description, err = CleanDescription(in.Description); err != nil {
		return err
	}
	if in.Roles == nil {
		return nil
	}
	had := len(g.Roles)
	g.Roles = sortedSet(*in.Roles)
	return InField("roles", c.within(limits.RolesPerGroup, had, len(g.Roles)))
}

func sortedSet[T ~string](ids []T) []T {
	set := slices.Clone(ids)
	slices.Sort(set)
	return slices.Compact(set)
}
