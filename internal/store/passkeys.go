package store

import (
	"time"

	"github.com/rosterhq/roster/internal/directory"
)

const selectPasskeys = `SELECT account_id, id, credential_id, name, credential, created_at, last_used_at FROM passkeys `

func scanPasskey(row scanner) (p directory.Passkey, err error) {
	var created, used int64
	var credential string
	err = row.Scan(&p.AccountID, &p.ID, &p.CredentialID, &p.Name, &credential, &created, &used)
	p.Credential, p.CreatedAt, p.LastUsedAt = []byte(credential), fromMicros(created), fromMicros(used)
	return p, err
}

func (t *tx) Passkey(account directory.AccountID, id directory.PasskeyID) (directory.Passkey, error) {
	return one(t, "passkey", scanPasskey, selectPasskeys+`WHERE account_id = $1 AND id = $2`, account, id)
}

func (t *tx) PasskeyByCredential(credential []byte) (directory.Passkey, error) {
	return one(t, "passkey", scanPasskey, selectPasskeys+`WHERE credential_id = $1`, credential)
}

func (t *tx) Passkeys(account directory.AccountID) ([]directory.Passkey, error) {
	return list(t, scanPasskey, selectPasskeys+`WHERE account_id = $1 ORDER BY id`, account)
}

func (t *tx) CreatePasskey(p directory.Passkey) error {
	return t.exec(`INSERT INTO passkeys (account_id, id, credential_id, name, credential, created_at, last_used_at) VALUES ($1, $2, $3, $4, $5, $6, $7)`,
		p.AccountID, p.ID, p.CredentialID, p.Name, string(p.Credential), micros(p.CreatedAt), micros(p.LastUsedAt))
}

func (t *tx) RenamePasskey(account directory.AccountID, id directory.PasskeyID, name string) error {
	return t.execOne("passkey", `UPDATE passkeys SET name = $1 WHERE account_id = $2 AND id = $3`, name, account, id)
}

func (t *tx) UsePasskey(account directory.AccountID, id directory.PasskeyID, credential []byte, at time.Time) error {
	return t.execOne("passkey", `UPDATE passkeys SET credential = $1, last_used_at = $2 WHERE account_id = $3 AND id = $4`,
		string(credential), micros(at), account, id)
}

func (t *tx) DeletePasskey(account directory.AccountID, id directory.PasskeyID) error {
	return t.execOne("passkey", `DELETE FROM passkeys WHERE account_id = $1 AND id = $2`, account, id)
}
