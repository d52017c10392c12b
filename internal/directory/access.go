package directory

import (
	"time"

	"github.com/rosterhq/roster/internal/authz"
)

// Source is one reason for which a user has capabilities: the base role, a role that the
// user has for a time, or one that a group gives.
type Source struct {
	Role  Role
	Group *Group    // nil for the user's own roles
	Until time.Time // of a temporary role; zero for the others
}

// Sources are all the reasons for what u may do at a time. An invited or suspended user
// has none.
func Sources(tx Snapshot, u User, now time.Time) ([]Source, error) {
	if u.Invited || u.Suspended {
		return nil, nil
	}
	base, err := LookupRole(tx, u.OrgID, u.Role.ID)
	if err != nil {
		return nil, err
	}
	all := []Source{{Role: base}}
	temporary, err := temporaryRole(tx, u, now)
	if err != nil {
		return nil, err
	}
	if temporary != nil {
		role, err := LookupRole(tx, u.OrgID, temporary.Role.ID)
		if err != nil {
			return nil, err
		}
		all = append(all, Source{Role: role, Until: temporary.Until})
	}
	read := make(map[RoleID]Role) // each role once, however many groups give it
	groups, err := tx.GroupsOf(u.OrgID, u.ID)
	if err != nil {
		return nil, err
	}
	for i := range groups {
		for _, id := range groups[i].Roles {
			role, known := read[id]
			if !known {
				if role, err = LookupRole(tx, u.OrgID, id); err != nil {
					return nil, err
				}
				read[id] = role
			}
			all = append(all, Source{Role: role, Group: &groups[i]})
		}
	}
	return all, nil
}

// rights are what a user may do at a time.
type rights struct {
	held authz.Set
	// giving bounds what they can give to others: what they hold without the temporary role.
	giving authz.Limit
	// lasting is what they hold without the temporary role, which ends at until. Without one,
	// until is zero.
	lasting authz.Set
	until   time.Time
}

// effective is what u may do at a time, the union of all sources, and what u can give.
func effective(tx Snapshot, u User, now time.Time) (r rights, err error) {
	all, err := Sources(tx, u, now)
	if err != nil {
		return r, err
	}
	var lasting []Source
	var sets []authz.Set
	for _, s := range all {
		if !s.Until.IsZero() {
			r.until = s.Until
			continue
		}
		lasting, sets = append(lasting, s), append(sets, s.Role.Capabilities)
	}
	r.lasting = authz.UnionOf(sets)
	r.held, r.giving = r.lasting, giving(lasting, r.lasting)
	for _, s := range all {
		if !s.Until.IsZero() {
			r.held = r.held.Union(s.Role.Capabilities)
		}
	}
	return r, nil
}

// Subject is whose access is explained: a user, or an API token.
type Subject struct {
	User  *User
	Token *APITokenRecord
}
