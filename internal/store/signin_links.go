package store

import (
	"time"

	"github.com/rosterhq/roster/internal/directory"
)

func scanSignInLink(row scanner) (l directory.SignInLink, err error) {
	var created, expires, used int64
	var hash, browser []byte
	err = row.Scan(&l.AccountID, &l.ID, &hash, &l.Method, &l.FirstOnly, &browser, &created, &expires, &used)
	copy(l.Hash[:], hash)
	copy(l.Browser[:], browser)
	l.CreatedAt, l.ExpiresAt, l.UsedAt = fromMicros(created), fromMicros(expires), fromMicros(used)
	return l, err
}

func (t *tx) SignInLinkByHash(h directory.SecretHash) (directory.SignInLink, error) {
	return one(t, "sign-in link", scanSignInLink,
		`SELECT account_id, id, hash, method, first_only, browser, created_at, expires_at, used_at FROM sign_in_links WHERE hash = $1`, h[:])
}

func (t *tx) CreateSignInLink(l directory.SignInLink) error {
	var browser []byte // empty: any
	if l.Browser != (directory.SecretHash{}) {
		browser = l.Browser[:]
	}
	return t.exec(`INSERT INTO sign_in_links (account_id, id, hash, method, first_only, browser, created_at, expires_at, used_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
		l.AccountID, l.ID, l.Hash[:], l.Method, flag(l.FirstOnly), browser, micros(l.CreatedAt), micros(l.ExpiresAt), micros(l.UsedAt))
}

func (t *tx) UseSignInLink(h directory.SecretHash, at time.Time) error {
	return t.execOne("sign-in link", `UPDATE sign_in_links SET used_at = $1 WHERE hash = $2 AND used_at = 0`, micros(at), h[:])
}

func (t *tx) CountSignInLinks(account directory.AccountID, method directory.SignInMethod, after time.Time) (int, error) {
	return t.count(`SELECT count(*) FROM sign_in_links WHERE account_id = $1 AND method = $2 AND created_at > $3`, account, method, micros(after))
}

func (t *tx) DropSignInLinks(by time.Time) error {
	return t.exec(`DELETE FROM sign_in_links WHERE expires_at <= $1`, micros(by))
}
