package identity

import (
	"slices"

	"github.com/rosterhq/roster/internal/directory"
	"github.com/rosterhq/roster/internal/quote"
	"github.com/rosterhq/roster/internal/roles"
)

// mayMap holds rule 2 for a mapping of groups: the actor must be able to put
// somebody into each of the groups. Errors: [directory.Invalid]; [directory.Forbidden].
func mayMap(c *directory.Change, rules []directory.GroupRule) error {
	for _, id := range groupsOf(rules) {
		g, err := c.GroupHead(c.Actor().OrgID, id)
		if directory.CodeOf(err) == directory.NotFound {
			return directory.InvalidField("groups", "%s is not a group of this organization", quote.Input(id))
		}
		if err != nil {
			return err
		}
		if g.Managed {
			return directory.InvalidField("groups", "%s is managed by a directory", quote.Input(id))
		}
		if err := directory.InField("groups", roles.MayAddTo(c, g)); err != nil {
			return err
		}
	}
	return nil
}

// groupsOf lists the groups of a mapping.
func groupsOf(rules []directory.GroupRule) []directory.GroupID {
	ids := make([]directory.GroupID, len(rules))
	for i, r := range rules {
		ids[i] = r.GroupID
	}
	slices.Sort(ids)
	return slices.Compact(ids)
}

// mapGroups puts a user who signs in by an issuer into the groups that the person's values
// are mapped to, and takes them out of the other groups of the mapping. If the owner who
// set the mapping could not put somebody into a group now, or the user is in too many
// groups, the user does not join. Taking a user out needs no permission. Audit entries updateGroupMembers, by the server.
func mapGroups(c *directory.Change, i directory.Issuer, u directory.User, values []string) error {
	if len(i.Groups) == 0 {
		return nil
	}
	giver, err := directory.GiverNow(c, i.OrgID, i.UpdatedBy, c.Now())
	if err != nil {
		return err
	}
	var wanted []directory.GroupID
	for _, r := range i.Groups {
		if slices.Contains(values, r.Value) {
			wanted = append(wanted, r.GroupID)
		}
	}
	has, err := c.GroupIDsOf(u.OrgID, u.ID)
	if err != nil {
		return err
	}
	for _, id := range groupsOf(i.Groups) {
		joins := slices.Contains(wanted, id)
		if joins == slices.Contains(has, id) {
			continue
		}
		if err := mapGroup(c, id, u, joins, giver); err != nil {
			return err
		}
	}
	return nil
}

// mapGroup puts a user into a group, or takes them out of it.
func mapGroup(c *directory.Change, id directory.GroupID, u directory.User, joins bool, giver *directory.Principal) error {
	g, err := c.GroupHead(u.OrgID, id)
	if err != nil || g.Managed {
		return directory.IgnoreNotFound(err)
	}
	server := c.By(directory.SystemPrincipal(u.OrgID), directory.OpUpdateGroupMembers)
	if !joins {
		return roles.PutMember(server, g, u.ID, false)
	}
	if giver == nil {
		return nil
	}
	if err = roles.MayAddTo(c.By(giver, directory.OpUpdateGroupMembers), g); err == nil {
		err = roles.PutMember(server, g, u.ID, true)
	}
	switch directory.CodeOf(err) {
	case directory.Forbidden, directory.LimitExceeded, directory.Invalid:
		return nil // the sign-in continues without the group
	}
	return err
}
