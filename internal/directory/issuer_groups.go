package directory

import (
	"slices"

	"github.com/rosterhq/roster/internal/quote"
)

// mayMap holds rule 2 for a mapping of groups: whoever sets it must be able to put
// somebody into each of the groups. Errors: [Invalid]; [Forbidden].
func (c *Change) mayMap(rules []GroupRule) error {
	for _, id := range groupsOf(rules) {
		g, err := c.GroupHead(c.actor.OrgID, id)
		if CodeOf(err) == NotFound {
			return InvalidField("groups", "%s is not a group of this organization", quote.Input(id))
		}
		if err != nil {
			return err
		}
		if g.Managed {
			return InvalidField("groups", "%s is managed by a directory", quote.Input(id))
		}
		if err := inField("groups", c.mayRegroup(g, g, someoneJoins)); err != nil {
			return err
		}
	}
	return nil
}

// someoneJoins is a change of members that only its kind matters of.
var someoneJoins = memberChange{joined: []UserID{""}}

// groupsOf lists the groups of a mapping.
func groupsOf(rules []GroupRule) []GroupID {
	ids := make([]GroupID, len(rules))
	for i, r := range rules {
		ids[i] = r.GroupID
	}
	return sortedSet(ids)
}

// mapGroups puts a user who signs in by an issuer into the groups that the person's values
// are mapped to, and takes them out of the mapped groups that they are not mapped to.
// Other groups are left alone. The owner who set the mapping gives what it gives: where
// that owner could not do so now, or the user is in too many groups, nobody joins. Taking
// away needs no right. Audit entries updateGroupMembers, by the server.
func (c *Change) mapGroups(i Issuer, u User, values []string) error {
	if len(i.Groups) == 0 {
		return nil
	}
	giver, err := giverNow(c, i.OrgID, i.UpdatedBy, c.now)
	if err != nil {
		return err
	}
	var wanted []GroupID
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
		if err := c.mapGroup(id, u, joins, giver); err != nil {
			return err
		}
	}
	return nil
}

// mapGroup puts a user into a group, or takes them out of it.
func (c *Change) mapGroup(id GroupID, u User, joins bool, giver *Principal) error {
	g, err := c.GroupHead(u.OrgID, id)
	if err != nil || g.Managed {
		return ignoreNotFound(err)
	}
	server := c.as(OpUpdateGroupMembers)
	server.actor = systemPrincipal(u.OrgID)
	m := memberChange{left: []UserID{u.ID}}
	if joins {
		m = memberChange{joined: []UserID{u.ID}}
		if giver == nil {
			return nil
		}
		asGiver := *c
		asGiver.actor = giver
		err := asGiver.mayRegroup(g, g, m)
		if err == nil {
			err = server.joinOneMore("groups", m.joined)
		}
		switch CodeOf(err) {
		case Forbidden, LimitExceeded, Invalid:
			return nil // the sign-in goes on without the group
		}
		if err != nil {
			return err
		}
	}
	return server.changeMembers(g, g, m)
}
