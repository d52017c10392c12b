package store

import (
	"time"

	"github.com/rosterhq/roster/internal/directory"
)

const selectPersonalTokens = `SELECT account_id, id, hash, name, description, expires_at, networks, created_at FROM personal_tokens `

func scanPersonalToken(row scanner) (t directory.PersonalTokenRecord, err error) {
	var expires, created int64
	var hash []byte
	err = row.Scan(&t.AccountID, &t.ID, &hash, &t.Name, &t.Description, &expires, networksColumn{&t.Networks}, &created)
	copy(t.Hash[:], hash)
	t.ExpiresAt, t.CreatedAt = fromMicros(expires), fromMicros(created)
	return t, err
}

func (t *tx) PersonalToken(account directory.AccountID, id directory.TokenID) (directory.PersonalTokenRecord, error) {
	return one(t, "token", scanPersonalToken, selectPersonalTokens+`WHERE account_id = $1 AND id = $2`, account, id)
}

func (t *tx) PersonalTokenByHash(h directory.SecretHash) (directory.PersonalTokenRecord, error) {
	return one(t, "token", scanPersonalToken, selectPersonalTokens+`WHERE hash = $1`, h[:])
}

func (t *tx) PersonalTokens(account directory.AccountID) ([]directory.PersonalTokenRecord, error) {
	return list(t, scanPersonalToken, selectPersonalTokens+`WHERE account_id = $1 ORDER BY id`, account)
}

func (t *tx) ExpiringPersonalTokens(q directory.ExpiringQuery) ([]directory.PersonalTokenRecord, error) {
	return list(t, scanPersonalToken, selectPersonalTokens+`WHERE expires_at > $1 AND expires_at <= $2 AND notices < $3 AND expires_at - created_at > $4
		ORDER BY expires_at, id LIMIT $5`, micros(q.After), micros(q.UpTo), q.Notices, q.Within.Microseconds(), q.Limit)
}

func (t *tx) NotePersonalExpiryNotice(account directory.AccountID, id directory.TokenID, notice int) (bool, error) {
	err := t.execOne("token", `UPDATE personal_tokens SET notices = $1 WHERE account_id = $2 AND id = $3 AND notices < $1`, notice, account, id)
	if directory.CodeOf(err) == directory.NotFound {
		return false, nil
	}
	return err == nil, err
}

func (t *tx) CreatePersonalToken(r directory.PersonalTokenRecord) error {
	return t.exec(`INSERT INTO personal_tokens (account_id, id, hash, name, description, expires_at, networks, created_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
		r.AccountID, r.ID, r.Hash[:], r.Name, r.Description, micros(r.ExpiresAt), networksText(r.Networks), micros(r.CreatedAt))
}

func (t *tx) SetPersonalTokenNetworks(account directory.AccountID, id directory.TokenID, n directory.Networks) error {
	return t.execOne("token", `UPDATE personal_tokens SET networks = $1 WHERE account_id = $2 AND id = $3`, networksText(n), account, id)
}

func (t *tx) DeletePersonalToken(account directory.AccountID, id directory.TokenID) error {
	return t.execOne("token", `DELETE FROM personal_tokens WHERE account_id = $1 AND id = $2`, account, id)
}

// UsePersonalToken selects the token and the organization, because they may be gone by
// the time that a use is stored.
func (t *tx) UsePersonalToken(org directory.OrgID, account directory.AccountID, id directory.TokenID, at time.Time) error {
	return t.exec(`INSERT INTO token_uses (org_id, account_id, token_id, last_used_at, revoked_at)
			SELECT o.id, p.account_id, p.id, CAST($4 AS BIGINT), 0 FROM orgs o, personal_tokens p
			WHERE o.id = $1 AND p.account_id = $2 AND p.id = $3
		ON CONFLICT (org_id, account_id, token_id) DO UPDATE SET last_used_at = excluded.last_used_at
		WHERE token_uses.last_used_at < excluded.last_used_at`, org, account, id, micros(at))
}

func (t *tx) TokenUses(org directory.OrgID, account directory.AccountID) (map[directory.TokenID]directory.TokenUse, error) {
	type row struct {
		id            directory.TokenID
		used, revoked int64
	}
	rows, err := list(t, func(s scanner) (r row, err error) {
		err = s.Scan(&r.id, &r.used, &r.revoked)
		return r, err
	}, `SELECT token_id, last_used_at, revoked_at FROM token_uses WHERE org_id = $1 AND account_id = $2`, org, account)
	uses := make(map[directory.TokenID]directory.TokenUse, len(rows))
	for _, r := range rows {
		uses[r.id] = directory.TokenUse{LastUsedAt: fromMicros(r.used), Revoked: r.revoked > 0}
	}
	return uses, err
}

func (t *tx) RevokeToken(org directory.OrgID, account directory.AccountID, id directory.TokenID, at time.Time) error {
	return t.exec(`INSERT INTO token_uses (org_id, account_id, token_id, last_used_at, revoked_at) VALUES ($1, $2, $3, 0, $4)
		ON CONFLICT (org_id, account_id, token_id) DO UPDATE SET revoked_at = excluded.revoked_at`, org, account, id, micros(at))
}

func (t *tx) TokenRevoked(org directory.OrgID, account directory.AccountID, id directory.TokenID) (bool, error) {
	n, err := t.count(`SELECT count(*) FROM token_uses WHERE org_id = $1 AND account_id = $2 AND token_id = $3 AND revoked_at > 0`, org, account, id)
	return n > 0, err
}

func (t *tx) CopyRevocations(account directory.AccountID, from, to directory.TokenID) error {
	return t.exec(`INSERT INTO token_uses (org_id, account_id, token_id, last_used_at, revoked_at)
		SELECT org_id, account_id, CAST($3 AS TEXT), 0, revoked_at FROM token_uses WHERE account_id = $1 AND token_id = $2 AND revoked_at > 0`,
		account, from, to)
}
