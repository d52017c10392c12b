package roles

import (
	"maps"
	"slices"

	"github.com/rosterhq/roster/internal/authz"
	"github.com/rosterhq/roster/internal/directory"
	"github.com/rosterhq/roster/internal/limits"
	"github.com/rosterhq/roster/internal/members"
	"github.com/rosterhq/roster/internal/quote"
)

// movesTo returns the new base roles of the users whose role changes if the listed users, and no
// others, have the role. Users who gain it and those who lose it count together against what
// one request may change.
func movesTo(c *directory.Change, role directory.Role, members *[]directory.UserID) (map[directory.UserID]directory.RoleID, error) {
	if members == nil {
		return nil, nil
	}
	few := func(n int) error { return directory.InField("members", c.Within(limits.RoleChangesPerRequest, 0, n)) }
	if err := directory.InField("members", c.Within(limits.MembersPerRequest, 0, len(*members))); err != nil {
		return nil, err
	}
	want := sortedSet(*members)
	if err := checkUsers(c, "members", want); err != nil {
		return nil, err
	}
	n, err := c.CountUsersWithRole(role.OrgID, role.ID)
	if err != nil {
		return nil, err
	}
	if err := few(n - len(want)); err != nil { // so many lose it at least
		return nil, err
	}
	var have []directory.UserID
	for u, err := range c.Users(role.OrgID, directory.UserQuery{Role: role.ID}) {
		if err != nil {
			return nil, err
		}
		have = append(have, u.ID)
	}
	moves := make(map[directory.UserID]directory.RoleID)
	for _, id := range without(have, want) {
		moves[id] = authz.RoleNone
	}
	for _, id := range without(want, have) {
		moves[id] = role.ID
	}
	return moves, few(len(moves))
}

// moveUsers changes base roles, which also takes users|update.
func moveUsers(c *directory.Change, moves map[directory.UserID]directory.RoleID) error {
	for _, id := range slices.Sorted(maps.Keys(moves)) {
		u, err := c.User(c.Actor().OrgID, id)
		if err != nil {
			return err
		}
		if u.Role.ID == moves[id] {
			continue
		}
		if err := directory.OpUpdateUserRole.Authorize(c.Actor()); err != nil {
			return err
		}
		if _, err := members.SetRole(c, u, "members", moves[id]); err != nil {
			return err
		}
	}
	return nil
}

// checkUsers checks that every id is that of a user of the actor's organization.
func checkUsers(c *directory.Change, field string, ids []directory.UserID) error {
	missing, err := c.HasUsers(c.Actor().OrgID, ids)
	if err != nil {
		return err
	}
	if len(missing) > 0 {
		return directory.InvalidField(field, "%s is not a user of this organization", quote.Input(missing[0]))
	}
	return nil
}
