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
	where, args := whereUsers(q, org, betweenUsers, betweenColumns, most)
	packed, err := one(t, "page", scanValue[string], fmt.Sprintf(selectPage, where), args...)
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
	directory.Active:    "account_id IS NOT NULL AND suspended = 0",
	directory.Suspended: "suspended = 1",
	directory.Invited:   "account_id IS NULL",
}

// whereUsers makes the conditions of a page, after those on the organization, $1. The
// fourth of the arguments is the page's limit.
//
// The condition that lets the fewest users through finds their ids first, in an index that
// has them in order. SQLite would rather read all of the organization: without
// statistics, it takes organizations for small.
func whereUsers(q directory.UserQuery, args ...any) (string, []any) {
	arg := func(value any) string {
		args = append(args, value)
		return fmt.Sprintf("$%d", len(args))
	}
	after := arg(q.After)
	first, from, id := "", "users", "id"
	var rest strings.Builder
	narrow := func(condition string) { rest.WriteString(" AND " + condition) }
	if q.EmailKey != "" {
		narrow("email_key = " + arg(q.EmailKey))
	}
	if q.ExternalID != "" {
		narrow("id IN (SELECT p.user_id FROM profiles p WHERE p.org_id = $1 AND p.external_id <> '' AND p.external_id = " + arg(q.ExternalID) + ")")
	}
	if status := withStatus[q.Status]; q.Status == directory.Active {
		narrow(status)
	} else {
		first = status
	}
	switch {
	case q.Group == "":
	case first == "":
		first, from, id = "group_id = "+arg(q.Group), "group_members", "user_id"
	default:
		narrow("id IN (SELECT user_id FROM group_members WHERE org_id = $1 AND group_id = " + arg(q.Group) + ")")
	}
	switch {
	case q.Role == "":
	case first == "" && rest.Len() == 0:
		first = "role_id = " + arg(q.Role)
	default:
		narrow("role_id = " + arg(q.Role))
	}
	if first == "" {
		return " AND id > " + after + rest.String(), args
	}
	limit := ""
	if rest.Len() == 0 {
		limit = fmt.Sprintf(" ORDER BY %s LIMIT $4", id)
	}
	return fmt.Sprintf(" AND id IN (SELECT %s FROM %s WHERE org_id = $1 AND %s AND %s > %s%s)%s", id, from, first, id, after, limit, &rest), args
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
