package store

import "github.com/rosterhq/roster/internal/directory"

const selectGroups = `SELECT org_id, id, name, description, managed, created_at FROM user_groups `

func scanGroup(row scanner) (g directory.Group, err error) {
	var created int64
	err = row.Scan(&g.OrgID, &g.ID, &g.Name, &g.Description, &g.Managed, &created)
	g.CreatedAt = fromMicros(created)
	return g, err
}

func (t *tx) Group(org directory.OrgID, id directory.GroupID) (directory.Group, error) {
	g, err := one(t, "group", scanGroup, selectGroups+`WHERE org_id = $1 AND id = $2`, org, id)
	if err != nil {
		return g, err
	}
	return t.withParts(g)
}

func (t *tx) Groups(org directory.OrgID) ([]directory.Group, error) {
	return t.groups(selectGroups+`WHERE org_id = $1 ORDER BY id`, org)
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
	for i := range groups {
		for len(given) > 0 && given[0].group == groups[i].ID {
			groups[i].Roles = append(groups[i].Roles, given[0].role)
			given = given[1:]
		}
	}
	return groups, nil
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

func (t *tx) groups(query string, args ...any) ([]directory.Group, error) {
	groups, err := list(t, scanGroup, query, args...)
	if err != nil {
		return nil, err
	}
	for i := range groups {
		if groups[i], err = t.withParts(groups[i]); err != nil {
			return nil, err
		}
	}
	return groups, nil
}

// withParts reads the members and roles of a group.
func (t *tx) withParts(g directory.Group) (directory.Group, error) {
	var err error
	g.Members, err = list(t, scanValue[directory.UserID],
		`SELECT user_id FROM group_members WHERE org_id = $1 AND group_id = $2 ORDER BY user_id`, g.OrgID, g.ID)
	if err != nil {
		return g, err
	}
	g.Roles, err = list(t, scanValue[directory.RoleID],
		`SELECT role_id FROM group_roles WHERE org_id = $1 AND group_id = $2 ORDER BY role_id`, g.OrgID, g.ID)
	return g, err
}

func (t *tx) CreateGroup(g directory.Group, key string) error {
	err := t.exec(`INSERT INTO user_groups (org_id, id, name, name_key, description, managed, created_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7)`,
		g.OrgID, g.ID, g.Name, key, g.Description, flag(g.Managed), micros(g.CreatedAt))
	if err != nil {
		return err
	}
	return t.addParts(g)
}

func (t *tx) UpdateGroup(g directory.Group, key string) error {
	err := t.execOne("group", `UPDATE user_groups SET name = $1, name_key = $2, description = $3, managed = $4 WHERE org_id = $5 AND id = $6`,
		g.Name, key, g.Description, flag(g.Managed), g.OrgID, g.ID)
	if err != nil {
		return err
	}
	was, err := t.withParts(directory.Group{OrgID: g.OrgID, ID: g.ID})
	if err != nil {
		return err
	}
	for _, id := range missingFrom(g.Members, was.Members) {
		if err := t.exec(`DELETE FROM group_members WHERE org_id = $1 AND group_id = $2 AND user_id = $3`, g.OrgID, g.ID, id); err != nil {
			return err
		}
	}
	for _, id := range missingFrom(g.Roles, was.Roles) {
		if err := t.exec(`DELETE FROM group_roles WHERE org_id = $1 AND group_id = $2 AND role_id = $3`, g.OrgID, g.ID, id); err != nil {
			return err
		}
	}
	g.Members, g.Roles = missingFrom(was.Members, g.Members), missingFrom(was.Roles, g.Roles)
	return t.addParts(g)
}

// missingFrom lists what have lacks of want. It costs what they are together.
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

// addParts adds members and roles to a group.
func (t *tx) addParts(g directory.Group) error {
	for _, id := range g.Members {
		err := t.exec(`INSERT INTO group_members (org_id, group_id, user_id) VALUES ($1, $2, $3)`, g.OrgID, g.ID, id)
		if err != nil {
			return err
		}
	}
	for _, id := range g.Roles {
		err := t.exec(`INSERT INTO group_roles (org_id, group_id, role_id) VALUES ($1, $2, $3)`, g.OrgID, g.ID, id)
		if err != nil {
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
