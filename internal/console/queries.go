package console

import (
	"time"

	"github.com/rosterhq/roster/internal/authz"
	"github.com/rosterhq/roster/internal/directory"
	"github.com/rosterhq/roster/internal/ident"
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

// roles gives the roles to choose from. A person who may not read roles can choose built-in ones.
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

// activity has when users were last active, of those who ever were.
func (rq *request) activity(users []directory.User) (map[directory.UserID]time.Time, error) {
	ids := make([]directory.UserID, len(users))
	for i, u := range users {
		ids[i] = u.ID
	}
	return directory.Read(rq.Context(), rq.console.Service, rq.call, directory.OpListUsers, func(tx directory.Tx) (map[directory.UserID]time.Time, error) {
		return tx.Activity(rq.org, ids)
	})
}

// groupUse is a group without its members, and how many they are.
type groupUse struct {
	directory.Group
	Count int
}

// groupUses gives the groups with how many members they have.
func (rq *request) groupUses() ([]groupUse, error) {
	return directory.Read(rq.Context(), rq.console.Service, rq.call, directory.OpListGroups, func(tx directory.Tx) ([]groupUse, error) {
		heads, err := tx.GroupHeads(rq.org)
		if err != nil {
			return nil, err
		}
		uses := make([]groupUse, len(heads))
		for i, g := range heads {
			uses[i].Group = g
			if uses[i].Count, err = tx.CountMembers(rq.org, g.ID); err != nil {
				return nil, err
			}
		}
		return uses, nil
	})
}

// managedGroups gives up to some of the groups whose members a directory keeps. more is
// true if there are others.
func (rq *request) managedGroups(most int) (uses []groupUse, more bool, err error) {
	uses, err = directory.Read(rq.Context(), rq.console.Service, rq.call, directory.OpListGroups, func(tx directory.Tx) ([]groupUse, error) {
		heads, err := tx.GroupHeads(rq.org)
		if err != nil {
			return nil, err
		}
		var uses []groupUse
		for _, g := range heads {
			if !g.Managed {
				continue
			}
			if more = len(uses) == most; more {
				break
			}
			count, err := tx.CountMembers(rq.org, g.ID)
			if err != nil {
				return nil, err
			}
			uses = append(uses, groupUse{g, count})
		}
		return uses, nil
	})
	return uses, more, err
}

// groupUse gives a group with how many members it has.
func (rq *request) groupUse(id directory.GroupID) (groupUse, error) {
	return directory.Read(rq.Context(), rq.console.Service, rq.call, directory.OpGetGroup, func(tx directory.Tx) (use groupUse, err error) {
		if use.Group, err = tx.GroupHead(rq.org, id); err != nil {
			return use, err
		}
		use.Count, err = tx.CountMembers(rq.org, id)
		return use, err
	})
}

// daysShown is how many days the pictures of the overview cover.
const daysShown = 30

// entriesCounted bounds how many of the last entries a picture of the log is made of.
const entriesCounted = 3_000

// days are the last days in UTC, the oldest first: the time at which each begins.
func (rq *request) days() []time.Time {
	today := rq.now().Truncate(24 * time.Hour)
	days := make([]time.Time, daysShown)
	for i := range days {
		days[i] = today.AddDate(0, 0, i+1-daysShown)
	}
	return days
}

// usersByDay counts today's users who were there already at each day's end. Users' ids sort
// by time, so that a range of an index has each day's.
func (rq *request) usersByDay(days []time.Time) ([]int, error) {
	first := func(at time.Time) directory.UserID { return directory.UserID(ident.First("usr", at)) }
	return directory.Read(rq.Context(), rq.console.Service, rq.call, directory.OpListUsers, func(tx directory.Tx) ([]int, error) {
		total, err := tx.CountUsersBetween(rq.org, "", first(days[0]))
		if err != nil {
			return nil, err
		}
		counts := make([]int, len(days))
		for i, day := range days {
			joined, err := tx.CountUsersBetween(rq.org, first(day), first(day.AddDate(0, 0, 1)))
			if err != nil {
				return nil, err
			}
			total += joined
			counts[i] = total
		}
		return counts, nil
	})
}

// entriesByDay counts the entries that q selects, among the last ones. all is false if the
// days have more than it reads.
func (rq *request) entriesByDay(days []time.Time, q directory.EntryQuery) (counts []int, all bool, err error) {
	span, err := rq.console.Trail.LogSpan(rq.Context(), rq.call, &days[0], nil)
	if err != nil {
		return nil, false, err
	}
	counts, all = make([]int, len(days)), true
	if least := span.Before - entriesCounted; span.After < least {
		span.After, all = least, false
	}
	q.After, q.Before, q.NewestFirst, q.Limit = span.After, span.Before, true, 1000
	list, more, err := rq.console.Trail.ListEntries(rq.Context(), rq.call, q)
	for _, e := range list {
		if i := int(e.At.Sub(days[0]) / (24 * time.Hour)); i >= 0 && i < len(days) {
			counts[i]++
		}
	}
	return counts, all && !more, err
}
