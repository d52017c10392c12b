package store

import "github.com/rosterhq/roster/internal/directory"

func scanAccount(row scanner) (a directory.Account, err error) {
	var created int64
	err = row.Scan(&a.ID, &a.Email, &a.Name, &created)
	a.CreatedAt = fromMicros(created)
	return a, err
}

func (t *tx) AccountByEmail(key string) (directory.Account, error) {
	return one(t, "account", scanAccount,
		`SELECT id, email, name, created_at FROM accounts WHERE email_key = $1`, key)
}

func (t *tx) CreateAccount(a directory.Account, key string) error {
	return t.exec(`INSERT INTO accounts (id, email, email_key, name, created_at) VALUES ($1, $2, $3, $4, $5)`,
		a.ID, a.Email, key, a.Name, micros(a.CreatedAt))
}

func (t *tx) RenameAccount(id directory.AccountID, name string) error {
	return t.execOne("account", `UPDATE accounts SET name = $1 WHERE id = $2`, name, id)
}

func (t *tx) DeleteAccount(id directory.AccountID) error {
	return t.execOne("account", `DELETE FROM accounts WHERE id = $1`, id)
}

func (t *tx) ReplaceAccount(old directory.AccountID, heir directory.Account) error {
	if err := t.exec(`DELETE FROM personal_tokens WHERE account_id = $1`, old); err != nil {
		return err
	}
	return t.execOne("account", `UPDATE accounts SET id = $1, email = $2, name = $3, created_at = $4 WHERE id = $5`,
		heir.ID, heir.Email, heir.Name, micros(heir.CreatedAt), old)
}
