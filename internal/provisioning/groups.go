package provisioning

import (
	"context"

	"github.com/rosterhq/roster/internal/directory"
	"github.com/rosterhq/roster/internal/ident"
	"github.com/rosterhq/roster/internal/limits"
	"github.com/rosterhq/roster/internal/roles"
	"github.com/rosterhq/roster/internal/text"
)

// MaxMembers is how many members a group, or the groups of a page, are given with. As
// JSON they are about 15 MiB.
const MaxMembers = 100_000

// ErrTooManyMembers answers a request for a group with more members than [MaxMembers].
var ErrTooManyMembers = directory.InvalidField("members", "has more than %d users; leave the attribute out, and find the groups of a user instead", MaxMembers)

// GetGroup gives one group. Permission rbac|read. Errors: [directory.NotFound];
// [ErrTooManyMembers].
func (p *Provisioner) GetGroup(ctx context.Context, call directory.Call, id directory.GroupID, withMembers bool) (Group, error) {
	return directory.Read(ctx, p.directory, call, directory.OpGetGroup, func(tx directory.Tx) (Group, error) {
		if withMembers {
			n, err := tx.CountMembers(call.Principal.OrgID, id)
			if err != nil {
				return Group{}, err
			}
			if n > p.maxMembers {
				return Group{}, ErrTooManyMembers
			}
		}
		return group(tx, call.Principal.OrgID, id, withMembers)
	})
}

func group(tx directory.Tx, org directory.OrgID, id directory.GroupID, withMembers bool) (Group, error) {
	found, err := tx.ProfiledGroup(org, id)
	if err != nil {
		return Group{}, err
	}
	g := groupOf(found)
	if withMembers {
		g.Members, err = tx.MembersOf(org, id)
	}
	return g, err
}

// ListGroups gives a page of the groups that meet a condition. With members, the page ends
// before the group that would make them more than [MaxMembers]. Permission rbac|read.
// Errors: [ErrTooManyMembers] for the first group of the page.
func (p *Provisioner) ListGroups(ctx context.Context, call directory.Call, q Query) (Page[Group], error) {
	return directory.Read(ctx, p.directory, call, directory.OpListGroups, func(tx directory.Tx) (page Page[Group], err error) {
		org := call.Principal.OrgID
		groups, next, err := tx.GroupProfiles(org, q.ProfileQuery)
		if err != nil {
			return page, err
		}
		if q.Related {
			fits, err := p.fitting(tx, groups)
			if err != nil {
				return page, err
			}
			if fits < len(groups) {
				q.Limit = fits
				if groups, next, err = tx.GroupProfiles(org, q.ProfileQuery); err != nil {
					return page, err
				}
			}
		}
		page = Page[Group]{Items: make([]Group, len(groups)), Next: next}
		for i, g := range groups {
			page.Items[i] = groupOf(g)
			if !q.Related {
				continue
			}
			if page.Items[i].Members, err = tx.MembersOf(org, g.ID); err != nil {
				return page, err
			}
		}
		if q.Total {
			page.Total, err = total(q, page, func() (int, error) { return tx.CountGroupProfiles(org, q.Where) })
		}
		return page, err
	})
}

// fitting is how many of the first groups have no more than [MaxMembers] together.
func (p *Provisioner) fitting(tx directory.Tx, groups []directory.ProfiledGroup) (int, error) {
	sum := 0
	for i, g := range groups {
		n, err := tx.CountMembers(g.OrgID, g.ID)
		if err != nil {
			return 0, err
		}
		if sum += n; sum > p.maxMembers {
			if i == 0 {
				return 0, ErrTooManyMembers
			}
			return i, nil
		}
	}
	return len(groups), nil
}

// CreateGroup makes a group that the directory manages: v2 changes its roles, but not its
// members. The answer has no members.
//
// Permission rbac|create, and users|update if it has members. Audit entry createGroup.
// Errors: [directory.Invalid]; [directory.Conflict] for a name, or the value of a
// unique attribute, that a group has;
// [directory.LimitExceeded].
func (p *Provisioner) CreateGroup(ctx context.Context, call directory.Call, in GroupChange) (Group, error) {
	return write(ctx, p, call, directory.OpCreateGroup, func(c change) (Group, error) {
		if err := c.OneMore(limits.Groups); err != nil {
			return Group{}, err
		}
		in, err := cleanGroup(in)
		if err != nil {
			return Group{}, err
		}
		members := in.Add
		if in.Replace != nil {
			members = *in.Replace
		}
		g := directory.Group{
			ID: directory.GroupID(ident.New("grp", c.Now())), OrgID: c.Actor().OrgID, Name: in.Name, Managed: true,
			CreatedAt: c.Now(), Members: sortedSet(members),
		}
		if err := roles.MayRegroup(c.Change, directory.Group{}, g, g.Members, nil); err != nil {
			return Group{}, err
		}
		if err := c.CreateGroup(g, text.FoldKey(g.Name)); err != nil {
			return Group{}, nameTaken(err)
		}
		profile := directory.GroupProfile{ExternalID: in.ExternalID, Attributes: in.Attributes, UpdatedAt: c.Now()}
		if err := c.PutGroupProfile(g.OrgID, g.ID, profile); err != nil {
			return Group{}, err
		}
		if err := c.keepUnique(directory.Holder{Group: g.ID}, profile.Attributes); err != nil {
			return Group{}, err
		}
		c.run.GroupsCreated++
		after := directory.RecordGroup(g)
		after.Profile = &profile
		if err := c.Record(g.Target(), nil, after); err != nil {
			return Group{}, err
		}
		return group(c, g.OrgID, g.ID, false)
	})
}

// ModifyGroup makes a group what fn returns for the current one, which has its members
// only if they are asked for. fn is called as by [Provisioner.ModifyUser]. If nothing
// changes, nothing is written. Its cost depends on the change, not on the members,
// unless they are asked for or replaced. From its first change on, the directory manages
// the group. The answer has no members.
//
// Permission rbac|update and, if members change, users|update, and for those who join
// rule 2 for all roles of the group. Audit entry updateGroup. Errors: as
// [Provisioner.CreateGroup]; [directory.NotFound]; [directory.Conflict] while the breaker
// holds the directory.
func (p *Provisioner) ModifyGroup(ctx context.Context, call directory.Call, id directory.GroupID, withMembers bool, fn func(Group) (GroupChange, error)) (Group, error) {
	return write(ctx, p, call, directory.OpUpdateGroup, func(c change) (Group, error) {
		org := c.Actor().OrgID
		before, err := group(c, org, id, withMembers)
		if err != nil {
			return Group{}, err
		}
		want, err := fn(before)
		if err != nil {
			return Group{}, err
		}
		if want, err = cleanGroup(want); err != nil {
			return Group{}, err
		}
		joined, left, err := c.memberChange(before.Group, want)
		if err != nil {
			return Group{}, err
		}
		if err := c.changeGroup(before, want, joined, left); err != nil {
			return Group{}, err
		}
		return group(c, org, id, false)
	})
}

// memberChange are the users who join a group and those who leave it.
func (c change) memberChange(g directory.Group, want GroupChange) (joined, left []directory.UserID, err error) {
	if want.Replace != nil {
		there, err := c.MembersOf(g.OrgID, g.ID)
		if err != nil {
			return nil, nil, err
		}
		ids := sortedSet(*want.Replace)
		return without(ids, there), without(there, ids), nil
	}
	add, remove := sortedSet(want.Add), sortedSet(want.Remove)
	add = without(add, remove)
	there, err := c.MembersAmong(g.OrgID, g.ID, sortedSet(append(add, remove...)))
	if err != nil {
		return nil, nil, err
	}
	return without(add, there), without(remove, without(remove, there)), nil
}

// changeGroup stores and records what changes.
func (c change) changeGroup(before Group, want GroupChange, joined, left []directory.UserID) error {
	g := before.Group
	g.Members, g.Name, g.Managed = nil, want.Name, true
	kept := before.ExternalID == want.ExternalID && same(before.Attributes, want.Attributes)
	renamed := g.Name != before.Name
	if kept && !renamed && len(joined)+len(left) == 0 {
		return nil
	}
	if err := roles.MayRegroup(c.Change, before.Group, g, joined, left); err != nil {
		return err
	}
	if before.Managed && len(left) > 0 {
		if err := c.lose(g.Target(), left); err != nil {
			return err
		}
	}
	if renamed || !kept || !before.Managed {
		if err := c.UpdateGroup(g, text.FoldKey(g.Name)); err != nil {
			return nameTaken(err)
		}
	}
	if len(joined)+len(left) > 0 {
		if err := c.ChangeMembers(g.OrgID, g.ID, joined, left); err != nil {
			return err
		}
	}
	is := directory.GroupProfile{ExternalID: want.ExternalID, Attributes: want.Attributes, UpdatedAt: c.Now()}
	if err := c.PutGroupProfile(g.OrgID, g.ID, is); err != nil {
		return err
	}
	if !kept {
		if err := c.keepUnique(directory.Holder{Group: g.ID}, is.Attributes); err != nil {
			return err
		}
	}
	c.run.GroupsUpdated++
	was, now := directory.RecordedGroup{Group: before.Group}, directory.RecordedGroup{Group: g, Added: joined, Removed: left}
	was.Group.Members = nil
	if !kept {
		was.Profile = &directory.GroupProfile{ExternalID: before.ExternalID, Attributes: before.Attributes}
		now.Profile = &is
	}
	return c.Record(g.Target(), was, now)
}

// DeleteGroup deletes a group, if check returns no error for it. Its members lose what it
// gave.
//
// Permission rbac|delete. Audit entry deleteGroup. Errors: [directory.NotFound];
// [directory.Conflict] while the breaker holds the directory.
func (p *Provisioner) DeleteGroup(ctx context.Context, call directory.Call, id directory.GroupID, check func(Group) error) error {
	_, err := write(ctx, p, call, directory.OpDeleteGroup, func(c change) (struct{}, error) {
		g, err := group(c, c.Actor().OrgID, id, true)
		if err != nil {
			return struct{}{}, err
		}
		if check != nil {
			if err := check(g); err != nil {
				return struct{}{}, err
			}
		}
		if g.Managed {
			if err := c.lose(g.Target(), g.Members); err != nil {
				return struct{}{}, err
			}
		}
		if err := c.DeleteGroup(g.OrgID, g.ID); err != nil {
			return struct{}{}, err
		}
		c.run.GroupsRemoved++
		before := directory.RecordGroup(g.Group)
		before.Profile = &directory.GroupProfile{ExternalID: g.ExternalID, Attributes: g.Attributes}
		return struct{}{}, c.Record(g.Target(), before, nil)
	})
	return err
}

func cleanGroup(in GroupChange) (GroupChange, error) {
	var err error
	if in.Name, err = directory.CleanName("displayName", in.Name); err != nil {
		return in, err
	}
	if err := checkExternalID(in.ExternalID); err != nil {
		return in, err
	}
	in.Attributes, err = cleanAttributes(in.Attributes)
	return in, err
}

func nameTaken(err error) error {
	if directory.CodeOf(err) == directory.Conflict {
		return &directory.Error{Code: directory.Conflict, Field: "displayName", Message: "a group of this name exists already", Err: err}
	}
	return err
}
