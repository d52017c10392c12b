package store

import (
	"encoding/json"
	"fmt"

	"github.com/rosterhq/roster/internal/directory"
)

// profileColumns name a user without a stored profile by the address, or by the id if a
// directory gave the address as a user name to somebody else.
const (
	profiledColumns = `, COALESCE(p.user_name, CASE WHEN EXISTS (SELECT 1 FROM profiles o WHERE o.org_id = u.org_id AND o.user_name_key = u.email_key) THEN u.id ELSE u.email END),
	COALESCE(p.external_id, ''), COALESCE(p.attributes, ''), COALESCE(p.version, 0), COALESCE(p.updated_at, u.created_at)`
	profiledUsers = ` FROM users u LEFT JOIN roles r ON r.org_id = u.org_id AND r.id = u.role_id
		LEFT JOIN profiles p ON p.org_id = u.org_id AND p.user_id = u.id WHERE u.org_id = $1 AND `
	profiledGroups = ` FROM user_groups u LEFT JOIN group_profiles p ON p.org_id = u.org_id AND p.group_id = u.id WHERE u.org_id = $1 AND `
	groupColumns   = `u.org_id, u.id, u.name, u.description, u.managed, u.created_at, u.version, COALESCE(p.external_id, ''), COALESCE(p.attributes, ''), COALESCE(p.updated_at, u.created_at)`
)

func scanProfiled(row scanner) (s sorted[directory.Profiled], err error) {
	u, p := &s.row.User, &s.row.Profile
	var created, expires, suspended, updated int64
	var inviter, attributes string
	err = row.Scan((*string)(&u.OrgID), (*string)(&u.ID), (*string)(&u.AccountID), &u.Email, &u.Name,
		(*string)(&u.Role.ID), &u.Role.Name, &inviter, &expires, &created, &suspended,
		&p.UserName, &p.ExternalID, &attributes, &p.Version, &updated, &s.value)
	if err != nil {
		return s, err
	}
	u.CreatedAt, u.Suspended, p.UpdatedAt = fromMicros(created), suspended != 0, fromMicros(updated)
	if err := fillInvitation(u, inviter, expires); err != nil {
		return s, err
	}
	if p.Version == 0 {
		p.Attributes = directory.AttributesOf(*u)
		return s, nil
	}
	p.Attributes, err = directory.DecodeAttributes([]byte(attributes))
	return s, err
}

func scanProfiledGroup(row scanner) (s sorted[directory.ProfiledGroup], err error) {
	g, p := &s.row.Group, &s.row.Profile
	var created, updated int64
	var attributes string
	err = row.Scan(&g.OrgID, &g.ID, &g.Name, &g.Description, &g.Managed, &created, &g.Version, &p.ExternalID, &attributes, &updated, &s.value)
	if err != nil {
		return s, err
	}
	g.CreatedAt, p.UpdatedAt = fromMicros(created), fromMicros(updated)
	p.Attributes, err = directory.DecodeAttributes([]byte(attributes))
	return s, err
}

func (t *tx) Profiled(org directory.OrgID, id directory.UserID) (directory.Profiled, error) {
	s, err := one(t, "user", scanProfiled, userColumns+profiledColumns+`, NULL`+profiledUsers+`u.id = $2`, org, id)
	return s.row, err
}

func (t *tx) UserNamed(org directory.OrgID, key string) (directory.UserID, error) {
	return one(t, "user", scanValue[directory.UserID], `SELECT u.id FROM users u WHERE u.org_id = $1 AND `+fmt.Sprintf(usersByName(equals), "$2"), org, key)
}

func (t *tx) Profiles(org directory.OrgID, q directory.ProfileQuery) ([]directory.Profiled, *directory.ProfileCursor, error) {
	return page(t, userResource(t.db.json()), scanProfiled, userColumns+profiledColumns, profiledUsers, org, q,
		func(u directory.Profiled) string { return string(u.ID) })
}

func (t *tx) CountProfiles(org directory.OrgID, where directory.Condition) (int, error) {
	return countWhere(t, userResource(t.db.json()), profiledUsers, org, where)
}

func (t *tx) ProfiledGroup(org directory.OrgID, id directory.GroupID) (directory.ProfiledGroup, error) {
	s, err := one(t, "group", scanProfiledGroup, `SELECT `+groupColumns+`, NULL`+profiledGroups+`u.id = $2`, org, id)
	if err != nil {
		return s.row, err
	}
	s.row.Roles, err = list(t, scanValue[directory.RoleID],
		`SELECT role_id FROM group_roles WHERE org_id = $1 AND group_id = $2 ORDER BY role_id`, org, id)
	return s.row, err
}

func (t *tx) GroupProfiles(org directory.OrgID, q directory.ProfileQuery) ([]directory.ProfiledGroup, *directory.ProfileCursor, error) {
	return page(t, groupResource(t.db.json()), scanProfiledGroup, `SELECT `+groupColumns, profiledGroups, org, q,
		func(g directory.ProfiledGroup) string { return string(g.ID) })
}

func (t *tx) CountGroupProfiles(org directory.OrgID, where directory.Condition) (int, error) {
	return countWhere(t, groupResource(t.db.json()), profiledGroups, org, where)
}

func (t *tx) PutProfile(org directory.OrgID, id directory.UserID, p directory.Profile) error {
	was, err := t.Profiled(org, id)
	if err != nil {
		return err
	}
	var hadGrams []string
	if was.Profile.Version > 0 {
		hadGrams = was.Profile.Keys().Grams
	} else if err := t.exec(`UPDATE users SET profiled = 1 WHERE org_id = $1 AND id = $2`, org, id); err != nil {
		return err
	}
	keys := p.Keys()
	if err := t.changeGrams(org, id, missingFrom(hadGrams, keys.Grams), missingFrom(keys.Grams, hadGrams)); err != nil {
		return err
	}
	attributes, folded, err := attributeTexts(p.Attributes, keys.Attributes)
	if err != nil {
		return err
	}
	err = t.exec(`INSERT INTO profiles (org_id, user_id, user_name, user_name_key, external_id, attributes, folded, version, updated_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT (org_id, user_id) DO UPDATE SET user_name = excluded.user_name,
		user_name_key = excluded.user_name_key, external_id = excluded.external_id, attributes = excluded.attributes,
		folded = excluded.folded, version = excluded.version, updated_at = excluded.updated_at`,
		org, id, p.UserName, keys.UserName, p.ExternalID, attributes, folded, p.Version, micros(p.UpdatedAt))
	if err != nil {
		return err
	}
	had, err := list(t, scanValue[string], `SELECT email_key FROM profile_emails WHERE org_id = $1 AND user_id = $2 ORDER BY email_key`, org, id)
	if err != nil {
		return err
	}
	for _, key := range missingFrom(keys.Emails, had) {
		if err := t.exec(`DELETE FROM profile_emails WHERE org_id = $1 AND user_id = $2 AND email_key = $3`, org, id, key); err != nil {
			return err
		}
	}
	for _, key := range missingFrom(had, keys.Emails) {
		if err := t.exec(`INSERT INTO profile_emails (org_id, user_id, email_key) VALUES ($1, $2, $3)`, org, id, key); err != nil {
			return err
		}
	}
	return nil
}

// attributeTexts are the columns attributes and folded.
func attributeTexts(attributes, folded map[string]any) (string, string, error) {
	if len(attributes) == 0 {
		return "{}", "{}", nil
	}
	a, err := json.Marshal(attributes)
	if err != nil {
		return "", "", err
	}
	f, err := json.Marshal(folded)
	return string(a), string(f), err
}

func (t *tx) PutGroupProfile(org directory.OrgID, id directory.GroupID, p directory.GroupProfile) error {
	attributes, folded, err := attributeTexts(p.Attributes, p.Keys().Attributes)
	if err != nil {
		return err
	}
	return t.exec(`INSERT INTO group_profiles (org_id, group_id, external_id, attributes, folded, updated_at)
		VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (org_id, group_id) DO UPDATE SET external_id = excluded.external_id,
		attributes = excluded.attributes, folded = excluded.folded, updated_at = excluded.updated_at`,
		org, id, p.ExternalID, attributes, folded, micros(p.UpdatedAt))
}

func (t *tx) GroupNamesOf(org directory.OrgID, ids []directory.UserID) (map[directory.UserID][]directory.GroupName, error) {
	type row struct {
		user  directory.UserID
		group directory.GroupName
	}
	scan := func(s scanner) (r row, err error) {
		err = s.Scan((*string)(&r.user), (*string)(&r.group.ID), &r.group.Name)
		return r, err
	}
	names := make(map[directory.UserID][]directory.GroupName)
	for len(ids) > 0 {
		chunk := ids[:min(len(ids), inChunk)]
		ids = ids[len(chunk):]
		in, args := inList(chunk, org)
		rows, err := list(t, scan, `SELECT m.user_id, g.id, g.name FROM group_members m JOIN user_groups g ON g.org_id = m.org_id AND g.id = m.group_id
			WHERE m.org_id = $1 AND m.user_id IN `+in+` ORDER BY m.user_id, g.id`, args...)
		if err != nil {
			return nil, err
		}
		for _, r := range rows {
			names[r.user] = append(names[r.user], r.group)
		}
	}
	return names, nil
}
