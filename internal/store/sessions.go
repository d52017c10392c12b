package store

import (
	"time"

	"github.com/rosterhq/roster/internal/directory"
)

const selectSessions = `SELECT account_id, id, hash, only_org, method, issuer_id, created_at, last_used_at, fresh_at, expires_at, user_agent, remote_addr FROM sessions `

func scanSession(row scanner) (t directory.SessionRecord, err error) {
	var created, used, fresh, expires int64
	var hash []byte
	err = row.Scan(&t.AccountID, &t.ID, &hash, &t.OnlyOrg, &t.Method, &t.IssuerID, &created, &used, &fresh, &expires, &t.UserAgent, &t.RemoteAddr)
	copy(t.Hash[:], hash)
	t.CreatedAt, t.LastUsedAt, t.FreshAt, t.ExpiresAt = fromMicros(created), fromMicros(used), fromMicros(fresh), fromMicros(expires)
	return t, err
}

func (t *tx) Session(account directory.AccountID, id directory.TokenID) (directory.SessionRecord, error) {
	return one(t, "session", scanSession, selectSessions+`WHERE account_id = $1 AND id = $2`, account, id)
}

func (t *tx) SessionByHash(h directory.SecretHash) (directory.SessionRecord, error) {
	return one(t, "session", scanSession, selectSessions+`WHERE hash = $1`, h[:])
}

func (t *tx) Sessions(account directory.AccountID) ([]directory.SessionRecord, error) {
	return list(t, scanSession, selectSessions+`WHERE account_id = $1 ORDER BY last_used_at, id`, account)
}

func (t *tx) CreateSession(s directory.SessionRecord) error {
	return t.exec(`INSERT INTO sessions (account_id, id, hash, only_org, method, issuer_id, created_at, last_used_at, fresh_at, expires_at, user_agent, remote_addr)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)`,
		s.AccountID, s.ID, s.Hash[:], s.OnlyOrg, s.Method, s.IssuerID, micros(s.CreatedAt), micros(s.LastUsedAt), micros(s.FreshAt), micros(s.ExpiresAt), s.UserAgent, s.RemoteAddr)
}

func (t *tx) UseSession(account directory.AccountID, id directory.TokenID, at time.Time) error {
	return t.exec(`UPDATE sessions SET last_used_at = $1 WHERE account_id = $2 AND id = $3 AND last_used_at < $1`, micros(at), account, id)
}

func (t *tx) DeleteSession(account directory.AccountID, id directory.TokenID) error {
	return t.execOne("session", `DELETE FROM sessions WHERE account_id = $1 AND id = $2`, account, id)
}

func (t *tx) DropSessionsIn(account directory.AccountID, org directory.OrgID) error {
	return t.exec(`DELETE FROM sessions WHERE account_id = $1 AND only_org = $2`, account, org)
}

func (t *tx) DropSessions(by time.Time) error {
	return t.exec(`DELETE FROM sessions WHERE expires_at <= $1`, micros(by))
}

func (t *tx) EndSessionIn(org directory.OrgID, account directory.AccountID, session directory.TokenID, at time.Time) error {
	return t.exec(`INSERT INTO session_ends (org_id, account_id, session_id, ended_at) VALUES ($1, $2, $3, $4)
		ON CONFLICT (org_id, account_id, session_id) DO NOTHING`, org, account, session, micros(at))
}

func (t *tx) SessionsEndedIn(org directory.OrgID, account directory.AccountID) ([]directory.TokenID, error) {
	return list(t, scanValue[directory.TokenID], `SELECT session_id FROM session_ends WHERE org_id = $1 AND account_id = $2 ORDER BY session_id`, org, account)
}

func (t *tx) RevokeWhereEnded(account directory.AccountID, session, token directory.TokenID) error {
	return t.exec(`INSERT INTO token_uses (org_id, account_id, token_id, last_used_at, revoked_at)
		SELECT org_id, account_id, CAST($3 AS TEXT), 0, ended_at FROM session_ends WHERE account_id = $1 AND session_id = $2`,
		account, session, token)
}
