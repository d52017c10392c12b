package store

import (
	"slices"
	"time"

	"github.com/rosterhq/roster/internal/directory"
)

func scanAccount(row scanner) (a directory.Account, err error) {
	var created, verified, signedIn int64
	err = row.Scan(&a.ID, &a.Email, &a.Name, &created, &verified, &signedIn)
	a.CreatedAt, a.VerifiedAt, a.SignedInAt = fromMicros(created), fromMicros(verified), fromMicros(signedIn)
	return a, err
}

const selectAccounts = `SELECT id, email, name, created_at, verified_at, signed_in_at FROM accounts `

func (t *tx) AccountByEmail(key string) (directory.Account, error) {
	return one(t, "account", scanAccount, selectAccounts+`WHERE email_key = $1`, key)
}

func (t *tx) Account(id directory.AccountID) (directory.Account, error) {
	return one(t, "account", scanAccount, selectAccounts+`WHERE id = $1`, id)
}

func (t *tx) MarkAccount(id directory.AccountID, verified, signedIn time.Time) error {
	return t.execOne("account", `UPDATE accounts SET verified_at = $1, signed_in_at = $2 WHERE id = $3`, micros(verified), micros(signedIn), id)
}

// EnsureAccount inserts without a check first, because most addresses are new.
func (t *tx) EnsureAccount(a directory.Account, key string) (directory.Account, error) {
	wrote := t.wrote
	created, err := t.insertCount(`INSERT INTO accounts (id, email, email_key, name, created_at, verified_at, signed_in_at) VALUES ($1, $2, $3, $4, $5, $6, $7)
		ON CONFLICT (email_key) DO NOTHING`,
		a.ID, a.Email, key, a.Name, micros(a.CreatedAt), micros(a.VerifiedAt), micros(a.SignedInAt))
	if err != nil || created > 0 {
		return a, err
	}
	t.wrote = wrote
	found, err := t.AccountByEmail(key)
	if directory.CodeOf(err) == directory.NotFound {
		return a, errAccountGone
	}
	return found, err
}

// errAccountGone is returned if another transaction deleted the account after this one
// found it. A retry creates a new account.
var errAccountGone = &directory.Error{
	Code: directory.Conflict, Message: "the account of this email address is being deleted", Err: cause{"the account is gone", true},
}

func (t *tx) RenameAccount(id directory.AccountID, name string) error {
	return t.execOne("account", `UPDATE accounts SET name = $1 WHERE id = $2`, name, id)
}

func (t *tx) DeleteAccount(id directory.AccountID) error {
	return t.execOne("account", `DELETE FROM accounts WHERE id = $1`, id)
}

// DropAccounts deletes first and then lists the accounts that remain, so that an account
// that gets a membership in between is in neither list.
func (t *tx) DropAccounts(ids []directory.AccountID) (kept []directory.AccountID, err error) {
	for chunk := range slices.Chunk(ids, inChunk) {
		in, args := inList(chunk)
		err := t.exec(`DELETE FROM accounts WHERE id IN `+in+` AND NOT EXISTS (SELECT 1 FROM users WHERE account_id = accounts.id)`, args...)
		if err != nil {
			return nil, err
		}
		left, err := list(t, scanValue[directory.AccountID], `SELECT id FROM accounts WHERE id IN `+in+` ORDER BY id`, args...)
		if err != nil {
			return nil, err
		}
		kept = append(kept, left...)
	}
	return kept, nil
}
