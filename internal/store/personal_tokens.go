package store

import "github.com/rosterhq/roster/internal/directory"

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
