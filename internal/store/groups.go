package store

import (
	"slices"

	"github.com/rosterhq/roster/internal/directory"
)

const selectGroups = `SELECT org_id, id, name, description, managed, created_at, version FROM user_groups `

func scanGroup(row scanner) (g directory.Group, err error) {
	var created int64
	err = row.Scan(&g.OrgID, &g.ID, &g.Name, &g.Description, &g.Managed, &created, &g.Version)
	g.CreatedAt = fromMicros(created)
	return g, err
}

func (t *tx) Group(org directory.OrgID, id directory.GroupID) (directory.Group, error) {
	g, err := t.GroupHead(org, id)
	if err != nil {
		return g, err
	}
	g.Members, err = t.MembersOf(org, id)
	return g, err
}

func (t *tx) GroupHead(org directory.OrgID, id directory.GroupID) (directory.Group, error) {
	g, err := one(t, "group", scanGroup, selectGroups+`WHERE org_id = $1 AND id = $2`, org, id)
	if err != nil {
		return g, err
	}
	g.Roles, err = list(t, scanValue[directory.RoleID],
		`SELECT role_id FROM group_roles WHERE org_id = $1 AND group_id = $2 ORDER BY role_id`, org, id)
	return g, err
}

// Groups reads all members in one statement.
func (t *tx) Groups(org directory.OrgID) ([]directory.Group, error) {
	groups, err := t.GroupHeads(org)
	if err != nil || len(groups) == 0 {
		return nil, err
	}
	there, err := list(t, scanGroupMember, `SELECT group_id, user_id FROM group_members WHERE org_id = $1 ORDER BY group_id, user_id`, org)
	if err != nil {
		return nil, err
	}
	for i := range groups {
		for len(there) > 0 && there[0].group == groups[i].ID {
			groups[i].Members = append(groups[i].Members, there[0].user)
			there = there[1:]
		}
	}
	return groups, nil
}

// GroupHeads reads all roles in one statement.
func (t *tx) GroupHeads(org directory.OrgID) ([]directory.Group, error) {
	groups, err := list(t, scanGroup, selectGroups+`WHERE org_id = $1 ORDER BY id`, org)
	if err != nil || len(groups) == 0 {
		return nil, err
	}
	given, err := list(t, scanGroupRole, `SELECT group_id, role_id FROM group_roles WHERE org_id = $1 ORDER BY group_id, role_id`, org)
	if err != nil {
		return nil, err
	}
	handOut(groups, given)
	return groups, nil
}

func (t *tx) GroupsOf(org directory.OrgID, user directory.UserID) ([]directory.Group, error) {
	groups, err := list(t, scanGroup, selectGroups+`WHERE org_id = $1 AND id IN
		(SELECT group_id FROM group_members WHERE org_id = $1 AND user_id = $2) ORDER BY id`, org, user)
	if err != nil || len(groups) == 0 {
		return nil, err
	}
	// All roles in one statement: every write of a member reads them.
	given, err := list(t, scanGroupRole, `SELECT group_id, role_id FROM group_roles WHERE org_id = $1 AND group_id IN
		(SELECT group_id FROM group_members WHERE org_id = $1 AND user_id = $2) ORDER BY group_id, role_id`, org, user)
	if err != nil {
		return nil, err
	}
	handOut(groups, given)
	return groups, nil
}

// handOut adds roles to the groups that give them. Both lists are ordered by group id.
func handOut(groups []directory.Group, given []groupRole) {
	for i := range groups {
		for len(given) > 0 && given[0].group == groups[i].ID {
			groups[i].Roles = append(groups[i].Roles, given[0].role)
			given = given[1:]
		}
	}
}

// groupMember is a user in a group.
type groupMember struct {
	group directory.GroupID
	user  directory.UserID
}

func scanGroupMember(row scanner) (m groupMember, err error) {
	err = row.Scan((*string)(&m.group), (*string)(&m.user))
	return m, err
}

// groupRole is a role that a group gives.
type groupRole struct {
	group directory.GroupID
	role  directory.RoleID
}

func scanGroupRole(row scanner) (g groupRole, err error) {
	err = row.Scan(&g.group, &g.role)
	return g, err
}

func (t *tx) GroupIDsOf(org directory.OrgID, user directory.UserID) ([]directory.GroupID, error) {
	return list(t, scanValue[directory.GroupID],
		`SELECT group_id FROM group_members WHERE org_id = $1 AND user_id = $2 ORDER BY group_id`, org, user)
}

func (t *tx) MembersOf(org directory.OrgID, id directory.GroupID) ([]directory.UserID, error) {
	return list(t, scanValue[directory.UserID],
		`SELECT user_id FROM group_members WHERE org_id = $1 AND group_id = $2 ORDER BY user_id`, org, id)
}

func (t *tx) MembersAmong(org directory.OrgID, id directory.GroupID, users []directory.UserID) (there []directory.UserID, err error) {
	for chunk := range slices.Chunk(users, inChunk) {
		in, args := inList(chunk, org, id)
		found, err := list(t, scanValue[directory.UserID],
			`SELECT user_id FROM group_members WHERE org_id = $1 AND group_id = $2 AND user_id IN `+in+` ORDER BY user_id`, args...)
		if err != nil {
			return nil, err
		}
		there = append(there, found...)
	}
	return there, nil
}

func (t *tx) CountMembers(org directory.OrgID, id directory.GroupID) (int, error) {
	return t.count(`SELECT count(*) FROM group_members WHERE org_id = $1 AND group_id = $2`, org, id)
}

func (t *tx) CreateGroup(g directory.Group, key string) error {
	err := t.exec(`INSERT INTO user_groups (org_id, id, name, name_key, description, managed, created_at, version)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
		g.OrgID, g.ID, g.Name, key, g.Description, flag(g.Managed), micros(g.CreatedAt), g.Version)
	if err != nil {
		return err
	}
	if err := t.addMembers(g.OrgID, g.ID, g.Members); err != nil {
		return err
	}
	return t.addGroupRoles(g.OrgID, g.ID, g.Roles)
}

func (t *tx) UpdateGroup(g directory.Group, key string) error {
	err := t.execOne("group", `UPDATE user_groups SET name = $1, name_key = $2, description = $3, managed = $4, version = version + 1 WHERE org_id = $5 AND id = $6`,
		g.Name, key, g.Description, flag(g.Managed), g.OrgID, g.ID)
	if err != nil {
		return err
	}
	was, err := t.GroupHead(g.OrgID, g.ID)
	if err != nil {
		return err
	}
	for _, id := range missingFrom(g.Roles, was.Roles) {
		if err := t.exec(`DELETE FROM group_roles WHERE org_id = $1 AND group_id = $2 AND role_id = $3`, g.OrgID, g.ID, id); err != nil {
			return err
		}
	}
	return t.addGroupRoles(g.OrgID, g.ID, missingFrom(was.Roles, g.Roles))
}

func (t *tx) ChangeMembers(org directory.OrgID, id directory.GroupID, joined, left []directory.UserID) error {
	err := t.execOne("group", `UPDATE user_groups SET version = version + 1 WHERE org_id = $1 AND id = $2`, org, id)
	if err != nil {
		return err
	}
	for _, user := range left {
		if err := t.exec(`DELETE FROM group_members WHERE org_id = $1 AND group_id = $2 AND user_id = $3`, org, id, user); err != nil {
			return err
		}
	}
	return t.addMembers(org, id, joined)
}

// missingFrom returns the elements of want that have lacks, in linear time.
func missingFrom[T comparable](have, want []T) (missing []T) {
	there := make(map[T]bool, len(have))
	for _, v := range have {
		there[v] = true
	}
	for _, v := range want {
		if !there[v] {
			missing = append(missing, v)
		}
	}
	return missing
}

func (t *tx) addMembers(org directory.OrgID, id directory.GroupID, users []directory.UserID) error {
	for _, user := range users {
		if err := t.exec(`INSERT INTO group_members (org_id, group_id, user_id) VALUES ($1, $2, $3)`, org, id, user); err != nil {
			return err
		}
	}
	return nil
}

func (t *tx) addGroupRoles(org directory.OrgID, id directory.GroupID, roles []directory.RoleID) error {
	for _, role := range roles {
		if err := t.exec(`INSERT INTO group_roles (org_id, group_id, role_id) VALUES ($1, $2, $3)`, org, id, role); err != nil {
			return err
		}
	}
	return nil
}

func (t *tx) DeleteGroup(org directory.OrgID, id directory.GroupID) error {
	return t.execOne("group", `DELETE FROM user_groups WHERE org_id = $1 AND id = $2`, org, id)
}

func (t *tx) CountGroupsWithRole(org directory.OrgID, role directory.RoleID) (int, error) {
	return one(t, "count", scanValue[int],
		`SELECT count(*) FROM group_roles WHERE org_id = $1 AND role_id = $2`, org, role)
}

// reached is a condition on users u. It selects those whose base role is $2, those in a
// group that gives role $2, and those in group $3.
const reached = `u.org_id = $1 AND (u.role_id = $2 OR u.id IN (SELECT user_id FROM temporary_roles WHERE org_id = $1 AND role_id = $2) OR u.id IN (
	SELECT m.user_id FROM group_members m WHERE m.org_id = $1 AND (m.group_id = $3
		OR m.group_id IN (SELECT group_id FROM group_roles WHERE org_id = $1 AND role_id = $2)))) `

func (t *tx) Reached(org directory.OrgID, role directory.RoleID, group directory.GroupID, limit int) ([]directory.UserID, error) {
	return list(t, scanValue[directory.UserID], `SELECT u.id FROM users u WHERE `+reached+`ORDER BY u.id LIMIT $4`, org, role, group, limit)
}

func (t *tx) CountReached(org directory.OrgID, role directory.RoleID, group directory.GroupID) (int, error) {
	return t.count(`SELECT count(*) FROM users u WHERE `+reached, org, role, group)
}

func (t *tx) ReachedAmong(org directory.OrgID, role directory.RoleID, group directory.GroupID, users []directory.UserID) (n int, err error) {
	for chunk := range slices.Chunk(users, inChunk) {
		in, args := inList(chunk, org, role, group)
		found, err := t.count(`SELECT count(*) FROM users u WHERE `+reached+`AND u.id IN `+in, args...)
		if err != nil {
			return 0, err
		}
		n += found
	}
	return n, nil
}
