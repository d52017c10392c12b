package members

import (
	"strconv"
	"strings"

	"github.com/rosterhq/roster/internal/directory"
	"github.com/rosterhq/roster/internal/text"
)

// betweenCursorParts is in no id.
const betweenCursorParts = "@"

// afterInactive is c as [UserFilter.After] has it.
func afterInactive(c directory.ActivityCursor) directory.UserID {
	return c.ID + directory.UserID(betweenCursorParts+strconv.FormatInt(c.At, 10))
}

func parseActivityCursor(after directory.UserID) (c directory.ActivityCursor, err error) {
	if after == "" {
		return directory.ActivityCursor{At: -1}, nil
	}
	id, at, _ := strings.Cut(string(after), betweenCursorParts)
	if c.At, err = strconv.ParseInt(at, 10, 64); err != nil {
		return c, directory.InvalidField("cursor", "is not a cursor of this list; start again without it")
	}
	c.ID = directory.UserID(id)
	return c, nil
}

// takeInactive reads a batch of the users who have not been active since a time. l filters
// them itself and counts how many it has examined.
func (l *userList) takeInactive(tx directory.Tx, size int) error {
	after, err := parseActivityCursor(l.f.After)
	if err != nil {
		return err
	}
	limit := size
	if l.f.Limit > 0 {
		if limit = l.searched() + 1; l.unfiltered() { // one more tells whether the list continues
			limit = l.f.Limit + 1
		}
	}
	users, err := tx.InactiveUsers(l.call.Principal.OrgID, l.f.InactiveSince, after, limit)
	if err != nil {
		return err
	}
	return l.take(func(yield func(examined, error) bool) {
		for _, u := range users {
			if !yield(examined{u.User, afterInactive(directory.ActivityCursor{At: u.Since, ID: u.ID})}, nil) {
				return
			}
		}
	}, size)
}

// unfiltered reports whether l lists all users that storage gives it.
func (l *userList) unfiltered() bool {
	return l.text == "" && (l.stored() || (l.f.Role == "" && l.f.Status == "" && l.f.Email == ""))
}

// stored reports whether storage applies role, status and address.
func (l *userList) stored() bool { return l.f.At.IsZero() && l.f.InactiveSince.IsZero() }

// hasAll reports whether a user has what the filter asks for that storage can apply to
// current users in the order of their ids alone.
func (f UserFilter) hasAll(u directory.User) bool {
	return (f.Role == "" || u.Role.ID == f.Role) && (f.Status == "" || u.Status() == f.Status) &&
		(f.Email == "" || text.FoldKey(u.Email) == text.FoldKey(f.Email))
}
