package store

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/rosterhq/roster/internal/directory"
)

// selectUsers reads a role's name from its row. Built-in roles have no row; their name is
// their id.
const selectUsers = userColumns + ` FROM users u LEFT JOIN roles r ON r.org_id = u.org_id AND r.id = u.role_id `

const userColumns = `SELECT u.org_id, u.id, COALESCE(u.account_id, ''), u.email, u.name, u.role_id, COALESCE(r.name, u.role_id), u.invited_by, u.expires_at, u.created_at, u.suspended`

func scanUser(row scanner) (u directory.User, err error) {
	var created, expires, suspended int64
	var inviter string
	// The targets are plain strings and numbers, because database/sql scans named types by
	// reflection, which takes a tenth of a long list's time.
	err = row.Scan((*string)(&u.OrgID), (*string)(&u.ID), (*string)(&u.AccountID), &u.Email, &u.Name,
		(*string)(&u.Role.ID), &u.Role.Name, &inviter, &expires, &created, &suspended)
	if err != nil {
		return u, err
	}
	u.CreatedAt, u.Suspended = fromMicros(created), suspended != 0
	err = fillInvitation(&u, inviter, expires)
	return u, err
}

// fillInvitation sets the fields that only an invitation has, a user without an account.
func fillInvitation(u *directory.User, inviter string, expires int64) error {
	if u.AccountID != "" {
		return nil
	}
	u.Invited, u.ExpiresAt = true, fromMicros(expires)
	return json.Unmarshal([]byte(inviter), &u.InvitedBy)
}

// inviterText is the column invited_by of a user.
func inviterText(u directory.User) (string, error) {
	if !u.Invited {
		return "", nil
	}
	b, err := json.Marshal(u.InvitedBy)
	return string(b), err
}

// accountOf is the column account_id of a user: NULL while they are invited.
func accountOf(u directory.User) any {
	if u.Invited {
		return nil
	}
	return string(u.AccountID)
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
	return list(t, scanUser, selectUsers+`WHERE u.account_id = $1 AND u.suspended = 0 ORDER BY u.org_id LIMIT $2`, account, limit)
}

func (t *tx) CountUsers(org directory.OrgID, role directory.RoleID) (int, error) {
	return one(t, "count", scanValue[int],
		`SELECT count(*) FROM users WHERE org_id = $1 AND role_id = $2 AND account_id IS NOT NULL AND suspended = 0`, org, role)
}

func (t *tx) CountUsersWithRole(org directory.OrgID, role directory.RoleID) (int, error) {
	return t.count(`SELECT count(*) FROM users WHERE org_id = $1 AND role_id = $2`, org, role)
}

func (t *tx) CountUsersBetween(org directory.OrgID, from, to directory.UserID) (int, error) {
	if to == "" {
		return t.count(`SELECT count(*) FROM users WHERE org_id = $1 AND id >= $2`, org, from)
	}
	return t.count(`SELECT count(*) FROM users WHERE org_id = $1 AND id >= $2 AND id < $3`, org, from, to)
}

// inChunk bounds a statement's parameters, well below the engines' limits.
const inChunk = 500

// inList returns the list ($1,$2,…) that follows IN, and the parameters: those given and
// those of the list.
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

func (t *tx) InvitationsTo(key string, now time.Time, limit int) ([]directory.User, error) {
	return list(t, scanUser, selectUsers+`WHERE u.email_key = $1 AND u.account_id IS NULL AND u.expires_at > $2 ORDER BY u.id DESC LIMIT $3`,
		key, micros(now), limit)
}

func (t *tx) Invitations(org directory.OrgID, after directory.UserID, limit int) ([]directory.User, error) {
	return list(t, scanUser, selectUsers+`WHERE u.org_id = $1 AND u.id IN
		(SELECT id FROM users WHERE org_id = $1 AND account_id IS NULL AND id > $2 ORDER BY id LIMIT $3) ORDER BY u.id`, org, after, limit)
}

func (t *tx) ExpiredInvitations(before time.Time, limit int) ([]directory.User, error) {
	return list(t, scanUser, selectUsers+`WHERE u.account_id IS NULL AND u.expires_at < $1
		AND NOT EXISTS (SELECT 1 FROM profiles p WHERE p.org_id = u.org_id AND p.user_id = u.id) ORDER BY u.expires_at, u.id LIMIT $2`, micros(before), limit)
}

// CreateUser inserts without a check first, because most addresses are new.
func (t *tx) CreateUser(u directory.User, key string) error {
	inviter, err := inviterText(u)
	if err != nil {
		return err
	}
	added, err := t.insertCount(`INSERT INTO users (org_id, id, account_id, email, email_key, name, role_id, invited_by, expires_at, created_at, active_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $10) ON CONFLICT (org_id, email_key) DO NOTHING`,
		u.OrgID, u.ID, accountOf(u), u.Email, key, u.Name, u.Role.ID, inviter, micros(u.ExpiresAt), micros(u.CreatedAt))
	if err == nil && added == 0 {
		return directory.Errorf(directory.Conflict, "a user has this address")
	}
	return err
}

func (t *tx) UpdateUser(u directory.User) error {
	inviter, err := inviterText(u)
	if err != nil {
		return err
	}
	return t.execOne("user", `UPDATE users SET account_id = $1, name = $2, role_id = $3, invited_by = $4, expires_at = $5, suspended = $6 WHERE org_id = $7 AND id = $8`,
		accountOf(u), u.Name, u.Role.ID, inviter, micros(u.ExpiresAt), flag(u.Suspended), u.OrgID, u.ID)
}

func (t *tx) DeleteUser(org directory.OrgID, id directory.UserID) error {
	// Their groups change too.
	err := t.exec(`UPDATE user_groups SET version = version + 1 WHERE org_id = $1 AND id IN
		(SELECT group_id FROM group_members WHERE org_id = $1 AND user_id = $2)`, org, id)
	if err != nil {
		return err
	}
	if err := t.dropProfile(org, id); err != nil {
		return err
	}
	return t.execOne("user", `DELETE FROM users WHERE org_id = $1 AND id = $2`, org, id)
}

// flag is a bool as both engines store it.
func flag(b bool) int {
	if b {
		return 1
	}
	return 0
}
