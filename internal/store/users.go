package store

import (
	"fmt"
	"slices"
	"strings"

	"github.com/rosterhq/roster/internal/directory"
)

// selectUsers takes a role's name from its row; built-in roles have none, and
// are named by their id.
const selectUsers = `SELECT u.org_id, u.id, u.account_id, u.email, u.name, u.role_id, COALESCE(r.name, u.role_id), u.invited, u.created_at
	FROM users u LEFT JOIN roles r ON r.org_id = u.org_id AND r.id = u.role_id `

func scanUser(row scanner) (u directory.User, err error) {
	var created, invited int64
	// As plain strings and numbers: database/sql reaches named types by
	// reflection, which takes a tenth of a long list's time.
	err = row.Scan((*string)(&u.OrgID), (*string)(&u.ID), (*string)(&u.AccountID), &u.Email, &u.Name,
		(*string)(&u.Role.ID), &u.Role.Name, &invited, &created)
	u.Invited, u.CreatedAt = invited != 0, fromMicros(created)
	return u, err
}

func (t *tx) User(org directory.OrgID, id directory.UserID) (directory.User, error) {
	return one(t, "user", scanUser, selectUsers+`WHERE u.org_id = $1 AND u.id = $2`, org, id)
}

func (t *tx) UserByEmail(org directory.OrgID, key string) (directory.User, error) {
	return one(t, "user", scanUser, selectUsers+`WHERE u.org_id = $1 AND u.email_key = $2`, org, key)
}

func (t *tx) AccountUsers(id directory.AccountID) ([]directory.User, error) {
	return list(t, scanUser, selectUsers+`WHERE u.account_id = $1 ORDER BY u.id`, id)
}

func (t *tx) AccountUser(org directory.OrgID, account directory.AccountID) (directory.User, error) {
	return one(t, "user", scanUser, selectUsers+`WHERE u.account_id = $1 AND u.org_id = $2`, account, org)
}

func (t *tx) ActiveUsers(account directory.AccountID, limit int) ([]directory.User, error) {
	return list(t, scanUser, selectUsers+`WHERE u.account_id = $1 AND u.invited = 0 ORDER BY u.org_id LIMIT $2`, account, limit)
}

func (t *tx) CountUsers(org directory.OrgID, role directory.RoleID) (int, error) {
	return one(t, "count", scanValue[int],
		`SELECT count(*) FROM users WHERE org_id = $1 AND role_id = $2 AND invited = 0`, org, role)
}

// inChunk keeps statements well below the engines' limits on parameters.
const inChunk = 500

// inList is ($1,$2,…) for what comes after IN, and the parameters: those before it and its own.
func inList[T any](values []T, before ...any) (in string, args []any) {
	marks, args := make([]string, len(values)), slices.Clone(before)
	for i, v := range values {
		args = append(args, v)
		marks[i] = fmt.Sprintf("$%d", len(args))
	}
	return "(" + strings.Join(marks, ",") + ")", args
}

func (t *tx) HasUsers(org directory.OrgID, ids []directory.UserID) (missing []directory.UserID, err error) {
	have := make(map[directory.UserID]bool, len(ids))
	for chunk := range slices.Chunk(ids, inChunk) {
		in, args := inList(chunk, org)
		found, err := list(t, scanValue[directory.UserID], `SELECT id FROM users WHERE org_id = $1 AND id IN `+in, args...)
		if err != nil {
			return nil, err
		}
		for _, id := range found {
			have[id] = true
		}
	}
	for _, id := range ids {
		if !have[id] {
			missing = append(missing, id)
		}
	}
	return missing, nil
}

func (t *tx) CreateUser(u directory.User, key string) error {
	return t.exec(`INSERT INTO users (org_id, id, account_id, email, email_key, name, role_id, invited, created_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
		u.OrgID, u.ID, u.AccountID, u.Email, key, u.Name, u.Role.ID, flag(u.Invited), micros(u.CreatedAt))
}

func (t *tx) UpdateUser(u directory.User) error {
	return t.execOne("user", `UPDATE users SET account_id = $1, name = $2, role_id = $3, invited = $4 WHERE org_id = $5 AND id = $6`,
		u.AccountID, u.Name, u.Role.ID, flag(u.Invited), u.OrgID, u.ID)
}

func (t *tx) DeleteUser(org directory.OrgID, id directory.UserID) error {
	return t.execOne("user", `DELETE FROM users WHERE org_id = $1 AND id = $2`, org, id)
}

// flag is a bool as both engines store it.
func flag(b bool) int {
	if b {
		return 1
	}
	return 0
}
