package store

import (
	"errors"

	"github.com/rosterhq/roster/internal/directory"
)

func scanOrg(row scanner) (o directory.Org, err error) {
	var created, updated int64
	err = row.Scan(&o.ID, &o.Name, &created, &updated)
	o.CreatedAt, o.UpdatedAt = fromMicros(created), fromMicros(updated)
	return o, err
}

func (t *tx) Org(id directory.OrgID) (directory.Org, error) {
	return one(t, "organization", scanOrg, `SELECT id, name, created_at, updated_at FROM orgs WHERE id = $1`, id)
}

func (t *tx) CountOrgs() (int, error) {
	return one(t, "count", scanValue[int], `SELECT count(*) FROM orgs`)
}

func (t *tx) Totals() (directory.Totals, error) {
	return one(t, "totals", func(row scanner) (n directory.Totals, err error) {
		err = row.Scan(&n.Orgs, &n.Users, &n.Invited, &n.Suspended, &n.APITokens, &n.PersonalTokens)
		return n, err
	}, `SELECT (SELECT count(*) FROM orgs), (SELECT count(*) FROM users), (SELECT count(*) FROM users WHERE account_id IS NULL),
		(SELECT count(*) FROM users WHERE suspended = 1 AND account_id IS NOT NULL), (SELECT count(*) FROM api_tokens), (SELECT count(*) FROM personal_tokens)`)
}

func (t *tx) CreateOrg(o directory.Org) error {
	return t.exec(`INSERT INTO orgs (id, name, created_at, updated_at) VALUES ($1, $2, $3, $4)`,
		o.ID, o.Name, micros(o.CreatedAt), micros(o.UpdatedAt))
}

func (t *tx) UpdateOrg(o directory.Org) error {
	return t.execOne("organization", `UPDATE orgs SET name = $1, updated_at = $2 WHERE id = $3`,
		o.Name, micros(o.UpdatedAt), o.ID)
}

func (t *tx) DeleteOrg(id directory.OrgID) error {
	err := errors.Join(
		t.exec(`DELETE FROM entries WHERE org_id = $1`, id),
		t.exec(`DELETE FROM audit_tiles WHERE org_id = $1`, id),
		t.exec(`DELETE FROM audit_checkpoints WHERE org_id = $1`, id),
		t.exec(`DELETE FROM applications WHERE org_id = $1`, id),
	)
	if err != nil {
		return err
	}
	return t.execOne("organization", `DELETE FROM orgs WHERE id = $1`, id)
}

func scanOrgSettings(row scanner) (s directory.OrgSettings, err error) {
	err = row.Scan(&s.MaxTokenSeconds, &s.SessionIdleSeconds, &s.SessionSeconds, &s.RequireIssuer, &s.IssuerTokenSeconds)
	return s, err
}

func (t *tx) OrgSettings(org directory.OrgID) (directory.OrgSettings, error) {
	s, err := one(t, "settings", scanOrgSettings,
		`SELECT max_token_seconds, session_idle_seconds, session_seconds, require_issuer, issuer_token_seconds FROM org_settings WHERE org_id = $1`, org)
	if directory.CodeOf(err) == directory.NotFound {
		return directory.OrgSettings{}, nil
	}
	return s, err
}

func (t *tx) SetOrgSettings(org directory.OrgID, s directory.OrgSettings) error {
	return t.exec(`INSERT INTO org_settings (org_id, max_token_seconds, session_idle_seconds, session_seconds, require_issuer, issuer_token_seconds)
			VALUES ($1, $2, $3, $4, $5, $6)
		ON CONFLICT (org_id) DO UPDATE SET max_token_seconds = excluded.max_token_seconds,
			session_idle_seconds = excluded.session_idle_seconds, session_seconds = excluded.session_seconds,
			require_issuer = excluded.require_issuer, issuer_token_seconds = excluded.issuer_token_seconds`,
		org, s.MaxTokenSeconds, s.SessionIdleSeconds, s.SessionSeconds, flag(s.RequireIssuer), s.IssuerTokenSeconds)
}
