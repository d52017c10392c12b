package store

import (
	"cmp"
	"errors"
	"fmt"
	"iter"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/rosterhq/roster/internal/directory"
)

// A list of users is read in pages, and each page is one row of one column. SQLite's
// driver makes calls and takes locks for each row and each column, which would be most of
// the cost of a long list.
const (
	pageOfUsers = 500

	// selectPage is completed with the conditions of a page.
	selectPage = `SELECT COALESCE(string_agg(packed, $2), '') FROM (
		SELECT concat_ws($3, id, COALESCE(account_id, ''), email, name, role_id, invited_by, expires_at, created_at, suspended) AS packed
		FROM users WHERE org_id = $1%s ORDER BY id LIMIT $4) AS page`

	// ASCII's separators divide the users and their columns. No stored value of a user has
	// control characters.
	betweenUsers   = "\x1e"
	betweenColumns = "\x1f"
)

var errPacked = errors.New("a user holds a control character")

func (t *tx) Users(org directory.OrgID, q directory.UserQuery) iter.Seq2[directory.User, error] {
	return func(yield func(directory.User, error) bool) {
		roles := roleNames{tx: t, org: org}
		var page []directory.User
		for left := cmp.Or(q.Limit, math.MaxInt); left > 0; {
			most := min(pageOfUsers, left)
			var err error
			if page, err = t.pageOfUsers(page[:0], org, q, most, &roles); err != nil {
				yield(directory.User{}, err)
				return
			}
			left -= len(page)
			if !t.hand(page, yield) || len(page) < most {
				return
			}
			q.After = page[len(page)-1].ID
		}
	}
}

// hand yields a page. No rows are open meanwhile, but statements are refused as they
// are in every other loop over a sequence.
func (t *tx) hand(page []directory.User, yield func(directory.User, error) bool) bool {
	t.reading = true
	defer func() { t.reading = false }()
	for _, u := range page {
		if !yield(u, nil) {
			return false
		}
	}
	return true
}

// pageOfUsers reads a page into the given one, whose memory it reuses.
func (t *tx) pageOfUsers(page []directory.User, org directory.OrgID, q directory.UserQuery, most int, roles *roleNames) ([]directory.User, error) {
	args := []any{org, betweenUsers, betweenColumns, most}
	var where strings.Builder
	narrow := func(condition string, arg any) {
		args = append(args, arg)
		fmt.Fprintf(&where, " AND %s $%d", condition, len(args))
	}
	if q.After != "" {
		narrow("id >", q.After)
	}
	if q.EmailKey != "" {
		narrow("email_key =", q.EmailKey)
	}
	if q.Role != "" {
		narrow("role_id =", q.Role)
	}
	if q.ExternalID != "" {
		narrow("id IN (SELECT p.user_id FROM profiles p WHERE p.org_id = $1 AND p.external_id <> '' AND p.external_id =", q.ExternalID)
		where.WriteString(")")
	}
	where.WriteString(withStatus[q.Status])
	packed, err := one(t, "page", scanValue[string], fmt.Sprintf(selectPage, &where), args...)
	if err != nil || packed == "" {
		return nil, err
	}
	page = slices.Grow(page, strings.Count(packed, betweenUsers)+1)
	for row := range strings.SplitSeq(packed, betweenUsers) {
		u, err := unpackUser(row)
		if err != nil {
			return nil, t.note(err)
		}
		u.OrgID = org
		if u.Role.Name, err = roles.name(u.Role.ID); err != nil {
			return nil, err
		}
		page = append(page, u)
	}
	// The engines aggregate rows in the order in which they read them, but don't guarantee
	// it.
	slices.SortFunc(page, func(a, b directory.User) int { return cmp.Compare(a.ID, b.ID) })
	return page, nil
}

// withStatus are the conditions on users of a status.
var withStatus = map[directory.UserStatus]string{
	directory.Active:    " AND account_id IS NOT NULL AND suspended = 0",
	directory.Suspended: " AND suspended = 1",
	directory.Invited:   " AND account_id IS NULL",
}

func unpackUser(row string) (u directory.User, err error) {
	var columns [9]string
	rest, more := row, true
	for i := range columns {
		if !more {
			return u, errPacked
		}
		columns[i], rest, more = strings.Cut(rest, betweenColumns)
	}
	expires, err := strconv.ParseInt(columns[6], 10, 64)
	if err != nil || more {
		return u, errPacked
	}
	created, err := strconv.ParseInt(columns[7], 10, 64)
	if err != nil {
		return u, errPacked
	}
	u = directory.User{
		ID: directory.UserID(columns[0]), AccountID: directory.AccountID(columns[1]),
		Email: columns[2], Name: columns[3], Role: directory.RoleRef{ID: directory.RoleID(columns[4])},
		CreatedAt: fromMicros(created), Suspended: columns[8] == "1",
	}
	err = fillInvitation(&u, columns[5], expires)
	return u, err
}

// roleNames returns the names of an organization's roles. Built-in roles have no row;
// their name is their id.
type roleNames struct {
	tx    *tx
	org   directory.OrgID
	names map[directory.RoleID]string // of custom roles, read at first use
	last  directory.RoleRef           // most users have the role of the one before
}

func (r *roleNames) name(id directory.RoleID) (string, error) {
	if r.last.ID == id {
		return r.last.Name, nil
	}
	if r.names == nil {
		r.names = make(map[directory.RoleID]string)
		for role, err := range each(r.tx, scanRoleRef, `SELECT id, name FROM roles WHERE org_id = $1`, r.org) {
			if err != nil {
				return "", err
			}
			r.names[role.ID] = role.Name
		}
	}
	name, custom := r.names[id]
	if !custom {
		name = string(id)
	}
	r.last = directory.RoleRef{ID: id, Name: name}
	return name, nil
}

func scanRoleRef(row scanner) (r directory.RoleRef, err error) {
	err = row.Scan((*string)(&r.ID), &r.Name)
	return r, err
}
