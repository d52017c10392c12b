package store

import (
	"time"

	"github.com/rosterhq/roster/internal/directory"
)

const selectApplications = `SELECT org_id, id, name, types, paths, subjects, created_at, updated_at FROM applications `

func scanApplication(row scanner) (a directory.Application, err error) {
	var created, updated int64
	err = row.Scan(&a.OrgID, &a.ID, &a.Name, asJSON(&a.Types), asJSON(&a.Paths), &a.Subjects, &created, &updated)
	a.CreatedAt, a.UpdatedAt = fromMicros(created), fromMicros(updated)
	return a, err
}

func (t *tx) Application(org directory.OrgID, id directory.AppID) (directory.Application, error) {
	return one(t, "application", scanApplication, selectApplications+`WHERE org_id = $1 AND id = $2`, org, id)
}

func (t *tx) Applications(org directory.OrgID) ([]directory.Application, error) {
	return list(t, scanApplication, selectApplications+`WHERE org_id = $1 ORDER BY id`, org)
}

func (t *tx) CreateApplication(a directory.Application) error {
	return t.exec(`INSERT INTO applications (org_id, id, name, types, paths, subjects, created_at, updated_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
		a.OrgID, a.ID, a.Name, asJSON(a.Types), asJSON(a.Paths), a.Subjects, micros(a.CreatedAt), micros(a.UpdatedAt))
}

func (t *tx) UpdateApplication(a directory.Application) error {
	return t.execOne("application", `UPDATE applications SET name = $1, types = $2, paths = $3, subjects = $4, updated_at = $5 WHERE org_id = $6 AND id = $7`,
		a.Name, asJSON(a.Types), asJSON(a.Paths), a.Subjects, micros(a.UpdatedAt), a.OrgID, a.ID)
}

func (t *tx) DeleteApplication(org directory.OrgID, id directory.AppID) error {
	return t.execOne("application", `DELETE FROM applications WHERE org_id = $1 AND id = $2`, org, id)
}

func (t *tx) CountApplicationsOf(id directory.AppID) (int, error) {
	return t.count(`SELECT count(*) FROM applications WHERE id = $1 AND org_id <> ''`, id)
}

const selectAppCredentials = `SELECT org_id, app_id, id, hash, created_at, created_by, last_used_at FROM app_credentials `

func scanAppCredential(row scanner) (c directory.AppCredential, err error) {
	var hash []byte
	var created, used int64
	err = row.Scan(&c.OrgID, &c.AppID, &c.ID, &hash, &created, asJSON(&c.CreatedBy), &used)
	copy(c.Hash[:], hash)
	c.CreatedAt, c.LastUsedAt = fromMicros(created), fromMicros(used)
	return c, err
}

func (t *tx) AppCredential(org directory.OrgID, app directory.AppID, id directory.TokenID) (directory.AppCredential, error) {
	return one(t, "credential", scanAppCredential, selectAppCredentials+`WHERE org_id = $1 AND app_id = $2 AND id = $3`, org, app, id)
}

func (t *tx) AppCredentials(org directory.OrgID, app directory.AppID) ([]directory.AppCredential, error) {
	return list(t, scanAppCredential, selectAppCredentials+`WHERE org_id = $1 AND app_id = $2 ORDER BY id`, org, app)
}

func (t *tx) AppCredentialByHash(h directory.SecretHash) (directory.AppCredential, error) {
	return one(t, "credential", scanAppCredential, selectAppCredentials+`WHERE hash = $1`, h[:])
}

func (t *tx) CreateAppCredential(c directory.AppCredential) error {
	return t.exec(`INSERT INTO app_credentials (org_id, app_id, id, hash, created_at, created_by) VALUES ($1, $2, $3, $4, $5, $6)`,
		c.OrgID, c.AppID, c.ID, c.Hash[:], micros(c.CreatedAt), asJSON(c.CreatedBy))
}

func (t *tx) UpdateAppCredentialCreator(c directory.AppCredential) error {
	return t.execOne("credential", `UPDATE app_credentials SET created_by = $1 WHERE org_id = $2 AND app_id = $3 AND id = $4`, asJSON(c.CreatedBy), c.OrgID, c.AppID, c.ID)
}

func (t *tx) DeleteAppCredential(org directory.OrgID, app directory.AppID, id directory.TokenID) error {
	return t.execOne("credential", `DELETE FROM app_credentials WHERE org_id = $1 AND app_id = $2 AND id = $3`, org, app, id)
}

func (t *tx) UseAppCredential(org directory.OrgID, app directory.AppID, id directory.TokenID, at time.Time) error {
	return t.exec(`UPDATE app_credentials SET last_used_at = $1 WHERE org_id = $2 AND app_id = $3 AND id = $4 AND last_used_at < $1`,
		micros(at), org, app, id)
}

// naming is a pattern of the JSON of sets that name an application. Names of datasets and
// views may match it too.
func naming(id directory.AppID) string { return `%"` + string(id) + `":%` }

func (t *tx) RolesOfApp(org directory.OrgID, id directory.AppID) (named []directory.Role, err error) {
	query, args := selectRoles+`WHERE capabilities LIKE $1 ORDER BY org_id, id`, []any{naming(id)}
	if org != "" {
		query, args = selectRoles+`WHERE org_id = $1 AND capabilities LIKE $2 ORDER BY id`, []any{org, naming(id)}
	}
	for r, err := range each(t, scanRole, query, args...) {
		if err != nil {
			return nil, err
		}
		if !r.Capabilities.Apps.Of(string(id)).Empty() {
			named = append(named, r)
		}
	}
	return named, nil
}

func (t *tx) APITokensOfApp(org directory.OrgID, id directory.AppID) (named []directory.APITokenRecord, err error) {
	query, args := selectAPITokens+`WHERE capabilities LIKE $1 OR giving LIKE $1 ORDER BY org_id, id`, []any{naming(id)}
	if org != "" {
		query, args = selectAPITokens+`WHERE org_id = $1 AND (capabilities LIKE $2 OR giving LIKE $2) ORDER BY id`, []any{org, naming(id)}
	}
	for r, err := range each(t, scanAPIToken, query, args...) {
		if err != nil {
			return nil, err
		}
		if !r.Capabilities.Apps.Of(string(id)).Empty() || !r.Giving.Apps().Of(string(id)).Empty() {
			named = append(named, r)
		}
	}
	return named, nil
}

func (t *tx) SetAPITokenCapabilities(r directory.APITokenRecord) error {
	caps, err := capabilitiesJSON(r.Capabilities)
	if err != nil {
		return err
	}
	return t.execOne("token", `UPDATE api_tokens SET capabilities = $1, giving = $2 WHERE org_id = $3 AND id = $4`, caps, asJSON(r.Giving), r.OrgID, r.ID)
}
