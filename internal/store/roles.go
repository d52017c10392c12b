package store

import (
	"database/sql/driver"
	"encoding/json"

	"github.com/rosterhq/roster/internal/directory"
)

const selectRoles = `SELECT org_id, id, name, description, capabilities, created_at FROM roles `

func scanRole(row scanner) (r directory.Role, err error) {
	var created int64
	err = row.Scan(&r.OrgID, &r.ID, &r.Name, &r.Description, capabilitiesColumn{&r.Capabilities}, &created)
	r.CreatedAt = fromMicros(created)
	return r, err
}

func (t *tx) Role(org directory.OrgID, id directory.RoleID) (directory.Role, error) {
	return one(t, "role", scanRole, selectRoles+`WHERE org_id = $1 AND id = $2`, org, id)
}

func (t *tx) Roles(org directory.OrgID) ([]directory.Role, error) {
	return list(t, scanRole, selectRoles+`WHERE org_id = $1 ORDER BY id`, org)
}

func (t *tx) CreateRole(r directory.Role, key string) error {
	caps, err := capabilitiesJSON(r.Capabilities)
	if err != nil {
		return err
	}
	return t.exec(`INSERT INTO roles (org_id, id, name, name_key, description, names, capabilities, created_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
		r.OrgID, r.ID, r.Name, key, r.Description, r.Capabilities.CountNames(), caps, micros(r.CreatedAt))
}

func (t *tx) UpdateRole(r directory.Role, key string) error {
	caps, err := capabilitiesJSON(r.Capabilities)
	if err != nil {
		return err
	}
	return t.execOne("role", `UPDATE roles SET name = $1, name_key = $2, description = $3, names = $4, capabilities = $5 WHERE org_id = $6 AND id = $7`,
		r.Name, key, r.Description, r.Capabilities.CountNames(), caps, r.OrgID, r.ID)
}

func (t *tx) DeleteRole(org directory.OrgID, id directory.RoleID) error {
	return t.execOne("role", `DELETE FROM roles WHERE org_id = $1 AND id = $2`, org, id)
}

// jsonColumn stores a value as JSON text, and scans the text into the value it points to.
type jsonColumn struct{ of any }

func asJSON(of any) jsonColumn { return jsonColumn{of} }

// Value implements [driver.Valuer].
func (c jsonColumn) Value() (driver.Value, error) {
	b, err := json.Marshal(c.of)
	return string(b), err
}

// Scan implements [sql.Scanner].
func (c jsonColumn) Scan(src any) error {
	switch v := src.(type) {
	case string:
		return json.Unmarshal([]byte(v), c.of)
	case []byte:
		return json.Unmarshal(v, c.of)
	default:
		return nil // NULL leaves the zero value
	}
}
