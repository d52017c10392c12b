package applications

import (
	"context"
	"slices"

	"github.com/rosterhq/roster/internal/authz"
	"github.com/rosterhq/roster/internal/directory"
)

// Holders finds the active users of an organization who hold a capability, in the order of
// their ids, after a user. next is where the list continues; "": there are no more. A page
// may have fewer users than limit, or none, and still a next one.
func (a *Apps) Holders(ctx context.Context, call directory.Call, org directory.OrgID, want authz.AppGrant, after directory.UserID, limit int) (ids []directory.UserID, next directory.UserID, err error) {
	_, err = directory.Read(ctx, a.directory, call, directory.OpSearchAccess, func(tx directory.Tx) (struct{}, error) {
		queries, err := granting(tx, org, want)
		if err != nil {
			return struct{}{}, err
		}
		m := merge{limit: limit}
		for _, q := range queries {
			q.After, q.Limit = after, limit
			if err := m.add(tx, org, q); err != nil {
				return struct{}{}, err
			}
		}
		ids, next = m.page()
		return struct{}{}, nil
	})
	return ids, next, err
}

// granting returns queries for the users to whom roles and groups give a capability.
func granting(tx directory.Tx, org directory.OrgID, want authz.AppGrant) (queries []directory.UserQuery, err error) {
	roles, err := tx.Roles(org)
	if err != nil {
		return nil, err
	}
	for _, id := range authz.BuiltinRoles() {
		role, err := directory.LookupRole(tx, org, directory.RoleID(id))
		if err != nil {
			return nil, err
		}
		roles = append(roles, role)
	}
	gives := make(map[directory.RoleID]bool)
	for _, role := range roles {
		if role.Capabilities.Apps.Allows(want) {
			gives[role.ID] = true
			queries = append(queries, directory.UserQuery{Role: role.ID})
		}
	}
	groups, err := tx.GroupHeads(org)
	if err != nil {
		return nil, err
	}
	for _, group := range groups {
		if slices.ContainsFunc(group.Roles, func(id directory.RoleID) bool { return gives[id] }) {
			queries = append(queries, directory.UserQuery{Group: group.ID})
		}
	}
	return queries, nil
}

// merge makes one page of the results of several queries.
type merge struct {
	limit int
	ids   []directory.UserID
	// upTo is the id up to which all results are there; "": any.
	upTo directory.UserID
}

func (m *merge) add(tx directory.Tx, org directory.OrgID, q directory.UserQuery) error {
	n := 0
	var last directory.UserID
	for u, err := range tx.Users(org, q) {
		if err != nil {
			return err
		}
		if u.Status() == directory.Active {
			m.ids = append(m.ids, u.ID)
		}
		n, last = n+1, u.ID
	}
	if n == q.Limit && (m.upTo == "" || last < m.upTo) {
		m.upTo = last
	}
	return nil
}

// page returns the ids that are certain to have none between them, and where the next page
// begins.
func (m *merge) page() (ids []directory.UserID, next directory.UserID) {
	slices.Sort(m.ids)
	ids, next = slices.Compact(m.ids), m.upTo
	if next != "" {
		end, _ := slices.BinarySearch(ids, next)
		if end < len(ids) && ids[end] == next {
			end++
		}
		ids = ids[:end]
	}
	if len(ids) > m.limit {
		ids = ids[:m.limit]
		next = ids[m.limit-1]
	}
	return ids, next
}
