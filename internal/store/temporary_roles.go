package store

import (
	"time"

	"github.com/rosterhq/roster/internal/directory"
)

const selectTemporaryRoles = `SELECT t.org_id, t.user_id, COALESCE(u.account_id, ''), t.role_id, COALESCE(r.name, t.role_id), t.until FROM temporary_roles t
	JOIN users u ON u.org_id = t.org_id AND u.id = t.user_id LEFT JOIN roles r ON r.org_id = t.org_id AND r.id = t.role_id `

func scanTemporaryRole(row scanner) (t directory.TemporaryRole, err error) {
	var until int64
	err = row.Scan(&t.OrgID, &t.UserID, &t.AccountID, &t.Role.ID, &t.Role.Name, &until)
	t.Until = fromMicros(until)
	return t, err
}

func (t *tx) TemporaryRole(org directory.OrgID, user directory.UserID) (directory.TemporaryRole, error) {
	return one(t, "temporary role", scanTemporaryRole, selectTemporaryRoles+`WHERE t.org_id = $1 AND t.user_id = $2`, org, user)
}

func (t *tx) TemporaryRoles(org directory.OrgID) ([]directory.TemporaryRole, error) {
	return list(t, scanTemporaryRole, selectTemporaryRoles+`WHERE t.org_id = $1 ORDER BY t.until, t.user_id`, org)
}

func (t *tx) CountTemporaryRoles(org directory.OrgID, role directory.RoleID) (int, error) {
	return t.count(`SELECT count(*) FROM temporary_roles WHERE org_id = $1 AND role_id = $2`, org, role)
}

func (t *tx) PutTemporaryRole(r directory.TemporaryRole) error {
	return t.exec(`INSERT INTO temporary_roles (org_id, user_id, role_id, until) VALUES ($1, $2, $3, $4)
		ON CONFLICT (org_id, user_id) DO UPDATE SET role_id = excluded.role_id, until = excluded.until`,
		r.OrgID, r.UserID, r.Role.ID, micros(r.Until))
}

func (t *tx) DeleteTemporaryRole(org directory.OrgID, user directory.UserID) error {
	return t.execOne("temporary role", `DELETE FROM temporary_roles WHERE org_id = $1 AND user_id = $2`, org, user)
}

func (t *tx) OrgsWithEndedRoles(now time.Time, limit int) ([]directory.OrgID, error) {
	return list(t, scanValue[directory.OrgID], `SELECT org_id FROM temporary_roles WHERE until <= $1 GROUP BY org_id ORDER BY min(until), org_id LIMIT $2`,
		micros(now), limit)
}

func (t *tx) EndedRoles(org directory.OrgID, now time.Time, limit int) ([]directory.TemporaryRole, error) {
	return list(t, scanTemporaryRole, selectTemporaryRoles+`WHERE t.org_id = $1 AND t.until <= $2 ORDER BY t.until, t.user_id LIMIT $3`, org, micros(now), limit)
}
