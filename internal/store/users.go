package store

import (
	"errors"
	"fmt"
	"iter"
	"strconv"
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

// selectPacked is selectUsers with its columns in one: each column of a row costs
// SQLite's driver a call and three locks, which is most of what a long list takes.
const selectPacked = `SELECT u.org_id || $2 || u.id || $2 || u.account_id || $2 || u.email || $2 || u.name || $2 ||
	u.role_id || $2 || COALESCE(r.name, u.role_id) || $2 || u.invited || $2 || u.created_at
	FROM users u LEFT JOIN roles r ON r.org_id = u.org_id AND r.id = u.role_id `

// between stands between the columns: ASCII's unit separator. Nothing that is
// stored of a user or a role's name has control characters.
const between = "\x1f"

func scanPacked(row scanner) (u directory.User, err error) {
	var packed string
	if err := row.Scan(&packed); err != nil {
		return u, err
	}
	var columns [9]string
	rest, more := packed, true
	for i := range columns {
		if !more {
			return u, errPacked
		}
		columns[i], rest, more = strings.Cut(rest, between)
	}
	created, err := strconv.ParseInt(columns[8], 10, 64)
	if err != nil || more {
		return u, errPacked
	}
	return directory.User{
		OrgID: directory.OrgID(columns[0]), ID: directory.UserID(columns[1]), AccountID: directory.AccountID(columns[2]),
		Email: columns[3], Name: columns[4], Role: directory.RoleRef{ID: directory.RoleID(columns[5]), Name: columns[6]},
		Invited: columns[7] != "0", CreatedAt: fromMicros(created),
	}, nil
}

var errPacked = errors.New("a user or a role's name holds a control character")

func (t *tx) User(org directory.OrgID, id directory.UserID) (directory.User, error) {
	return one(t, "user", scanUser, selectUsers+`WHERE u.org_id = $1 AND u.id = $2`, org, id)
}

func (t *tx) UserByEmail(org directory.OrgID, key string) (directory.User, error) {
	return one(t, "user", scanUser, selectUsers+`WHERE u.org_id = $1 AND u.email_key = $2`, org, key)
}

func (t *tx) AccountUsers(id directory.AccountID) ([]directory.User, error) {
	return list(t, scanUser, selectUsers+`WHERE u.account_id = $1 ORDER BY u.id`, id)
}

func (t *tx) Users(org directory.OrgID, q directory.UserQuery) iter.Seq2[directory.User, error] {
	where, args := `WHERE u.org_id = $1`, []any{org, between}
	narrow := func(condition string, arg any) {
		args = append(args, arg)
		where += fmt.Sprintf(" AND "+condition, len(args))
	}
	if q.After != "" {
		narrow("u.id > $%d", q.After)
	}
	if q.EmailKey != "" {
		narrow("u.email_key = $%d", q.EmailKey)
	}
	if q.Role != "" {
		narrow("u.role_id = $%d", q.Role)
	}
	where += ` ORDER BY u.id`
	if q.Limit > 0 {
		args = append(args, q.Limit)
		where += fmt.Sprintf(" LIMIT $%d", len(args))
	}
	return each(t, scanPacked, selectPacked+where, args...)
}

func (t *tx) CountUsers(org directory.OrgID, role directory.RoleID) (int, error) {
	return one(t, "count", scanValue[int],
		`SELECT count(*) FROM users WHERE org_id = $1 AND role_id = $2 AND invited = 0`, org, role)
}

// missingChunk keeps statements well below the engines' limits on parameters.
const missingChunk = 500

func (t *tx) HasUsers(org directory.OrgID, ids []directory.UserID) (missing []directory.UserID, err error) {
	have := make(map[directory.UserID]bool, len(ids))
	for rest := ids; len(rest) > 0; {
		chunk := rest[:min(len(rest), missingChunk)]
		rest = rest[len(chunk):]
		args, marks := []any{org}, make([]string, len(chunk))
		for i, id := range chunk {
			args, marks[i] = append(args, id), fmt.Sprintf("$%d", i+2)
		}
		found, err := list(t, scanValue[directory.UserID],
			`SELECT id FROM users WHERE org_id = $1 AND id IN (`+strings.Join(marks, ",")+`)`, args...)
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
