package history

import (
	"cmp"
	"iter"
	"slices"

	"github.com/rosterhq/roster/internal/directory"
	"github.com/rosterhq/roster/internal/text"
)

// Users yields the users as they were. It keeps at most a batch of them in memory.
func (p past) Users(org directory.OrgID, q directory.UserQuery) iter.Seq2[directory.User, error] {
	return func(yield func(directory.User, error) bool) {
		names, err := p.roleNames(org)
		if err != nil {
			yield(directory.User{}, err)
			return
		}
		n := 0
		for after := max(q.After, "usr_"); after != lastUser; {
			var batch []directory.User
			if batch, after, err = p.userBatch(org, after); err != nil {
				yield(directory.User{}, err)
				return
			}
			for _, u := range batch {
				if !matches(q, u) {
					continue
				}
				u.Role.Name = cmp.Or(names[u.Role.ID], string(u.Role.ID)) // built-in ones are named by their ids
				if n++; !yield(u, nil) || n == q.Limit {
					return
				}
			}
		}
	}
}

func matches(q directory.UserQuery, u directory.User) bool {
	return (q.Role == "" || u.Role.ID == q.Role) && (q.Status == "" || u.Status() == q.Status) && (q.EmailKey == "" || text.FoldKey(u.Email) == q.EmailKey)
}

// lastUser sorts after the ids of all users.
const lastUser directory.UserID = "usr_~"

// userBatch returns the users as they were with ids from after to end.
func (p past) userBatch(org directory.OrgID, after directory.UserID) (batch []directory.User, end directory.UserID, err error) {
	var there []directory.User
	for u, err := range p.tx.Users(org, directory.UserQuery{After: after, Limit: p.batch}) {
		if err != nil {
			return nil, "", err
		}
		there = append(there, u)
	}
	end = lastUser
	if len(there) == p.batch {
		end = there[len(there)-1].ID
	}
	changed := make(map[directory.UserID]bool)
	for e, err := range p.tx.NextEntries(org, directory.NextQuery{Type: "user", Since: p.since, After: string(after), Until: string(end), Limit: p.batch}) {
		if err != nil {
			return nil, "", err
		}
		was, err := stateBefore[directory.User](e)
		if err != nil {
			return nil, "", err
		}
		id := directory.UserID(e.Target.ID)
		if was != nil {
			batch = append(batch, *was)
		}
		if changed[id] = true; len(changed) == p.batch {
			end = id // there may be more behind it
		}
	}
	for _, u := range there {
		if u.ID <= end && !changed[u.ID] {
			batch = append(batch, u)
		}
	}
	slices.SortFunc(batch, func(a, b directory.User) int { return cmp.Compare(a.ID, b.ID) })
	return batch, end, nil
}

// roleNames returns the names that custom roles had.
func (p past) roleNames(org directory.OrgID) (map[directory.RoleID]string, error) {
	roles, err := p.tx.Roles(org)
	if err != nil {
		return nil, err
	}
	names := make(map[directory.RoleID]string)
	for _, r := range roles {
		names[r.ID] = r.Name
	}
	for e, err := range p.tx.NextEntries(org, directory.NextQuery{Type: "role", Since: p.since, After: "role_", Until: "role_~"}) {
		if err != nil {
			return nil, err
		}
		was, err := stateBefore[directory.Role](e)
		if err != nil {
			return nil, err
		}
		if was != nil {
			names[was.ID] = was.Name
		}
	}
	return names, nil
}
