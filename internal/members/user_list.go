package members

import (
	"context"
	"iter"
	"strings"
	"time"

	"github.com/rosterhq/roster/internal/directory"
	"github.com/rosterhq/roster/internal/text"
)

// UserFilter narrows [Roll.ListUsers]; zero values narrow nothing.
type UserFilter struct {
	Email  string // exact, in any letter case
	Role   directory.RoleID
	Status directory.UserStatus
	Group  directory.GroupID // only its members, as they are now
	// ExternalID is exact. It can't be combined with At.
	ExternalID string
	Text       string           // part of the name or the email, in any letter case
	After      directory.UserID // only users with greater ids, or where the list continues
	Limit      int              // 0: no limit
	At         time.Time        // users as they were at that time; zero: as they are now
	// InactiveSince lists only users who were neither added nor active since, those who have
	// been inactive for longest first. It can't be combined with At, Group and ExternalID.
	// After is then what [Roll.ListUsers] returned.
	InactiveSince time.Time
}

// UserSink receives a list of users while it is read. Its methods must return quickly,
// except Flush, because a transaction is open.
type UserSink interface {
	// Begin is called before any user, with the version of the list. If the list differs,
	// its version differs. Begin is called again with another version if the list turns
	// out to have changed before any user was read. A list of inactive users has no version:
	// it changes without changes of the organization.
	Begin(version string) error
	// Changed is called if the list changes after it was flushed. The list then has no
	// version as a whole.
	Changed()
	User(directory.User) error
	// Flush is called between the batches of a long list, with no transaction open.
	Flush() error
}

// listSizes bound what is read for a list at a time.
type listSizes struct {
	// firstBatch is small, so that the answer begins soon. laterBatches are large, so
	// that beginning a transaction costs little in comparison.
	firstBatch, laterBatches int
	searched                 int // how many users a page examines
}

// defaultListSizes are replaced by tests.
var defaultListSizes = listSizes{firstBatch: 500, laterBatches: 2000, searched: 2000}

// maxSearchedPast is how many users of the past a page examines. They take more than ten
// times as long, because each is assembled from entries of the log.
const maxSearchedPast = 100

// ListUsers passes the users of the principal's organization to sink, in the order of
// their ids, and stops at sink's first error. If Limit cut the list, next is the id
// after which it continues, or of inactive users another text; otherwise it is "".
//
// With a Limit, all users are from one snapshot. A page examines a bounded number of
// users, so it can have fewer users than Limit, or none, and still a next one.
// Without a Limit, the list is read in batches, so that a slow sink blocks nobody. A
// user who exists throughout is listed exactly once, because ids don't change. Before
// each further batch, the caller's permission is checked again.
//
// Permission users|read, and auditLog|read for a past time. Errors: as those of
// [directory.Service.AsOf], [directory.Invalid] for a role that the organization does not
// have, unless of a past time, and for filters that can't be combined, and
// [directory.Unauthenticated] or [directory.Forbidden] between batches.
func (r *Roll) ListUsers(ctx context.Context, call directory.Call, f UserFilter, sink UserSink) (next directory.UserID, err error) {
	if err := directory.OpListUsers.Authorize(call.Principal); err != nil {
		return "", err
	}
	if !f.InactiveSince.IsZero() && (!f.At.IsZero() || f.ExternalID != "" || f.Group != "") {
		return "", directory.InvalidField("inactiveSince", "can't be combined with at or externalId")
	}
	known, ok := r.versions.Get(call.Principal.OrgID)
	if ok = ok && f.At.IsZero() && f.InactiveSince.IsZero(); ok {
		if err := sink.Begin(known); err != nil {
			return "", err
		}
	}
	l := userList{Roll: r, call: call, f: f, text: text.FoldKey(f.Text), sink: sink, epoch: r.versions.Epoch()}
	if ok {
		l.version = known
	}
	for size := r.sizes.firstBatch; ; size = r.sizes.laterBatches {
		_, err := directory.Read(ctx, r.directory, l.call, directory.OpListUsers, func(tx directory.Tx) (struct{}, error) {
			return struct{}{}, l.read(tx, size)
		})
		if err != nil || l.all {
			return l.next, err
		}
		if err := sink.Flush(); err != nil {
			return "", err
		}
	}
}

// userList is the state of one call of [Roll.ListUsers].
type userList struct {
	*Roll
	call directory.Call
	f    UserFilter
	text string // the text to search for, folded
	sink UserSink

	epoch   uint64           // before anything was read
	version string           // when the list began
	begun   bool             // a batch has been read
	changed bool             // the list has changed since it began
	all     bool             // nothing is left to read
	next    directory.UserID // the id after which the list continues, if Limit cut it
}

// searched is how many users a page of l examines.
func (l *userList) searched() int {
	if !l.f.At.IsZero() {
		return min(l.sizes.searched, maxSearchedPast)
	}
	return l.sizes.searched
}

// examined is a user, and where a list continues after them.
type examined struct {
	directory.User
	next directory.UserID
}

// read reads a batch.
func (l *userList) read(tx directory.Tx, size int) (err error) {
	if l.begun {
		if err := l.renew(tx); err != nil {
			return err
		}
	}
	then, err := l.directory.AsOf(tx, l.call, l.f.At)
	if err != nil {
		return err
	}
	if err := l.checkRole(tx); err != nil {
		return err
	}
	if err := l.compare(tx); err != nil {
		return err
	}
	l.begun = true
	if !l.f.InactiveSince.IsZero() {
		return l.takeInactive(tx, size)
	}
	return l.take(func(yield func(examined, error) bool) {
		for u, err := range then.Users(l.call.Principal.OrgID, l.query(size)) {
			if !yield(examined{u, u.ID}, err) {
				return
			}
		}
	}, size)
}

// checkRole rejects a role that the organization does not have. One of the past may be
// gone by now.
func (l *userList) checkRole(tx directory.Tx) error {
	if l.begun || l.f.Role == "" || !l.f.At.IsZero() {
		return nil
	}
	_, err := directory.LookupRole(tx, l.call.Principal.OrgID, l.f.Role)
	if directory.CodeOf(err) == directory.NotFound {
		return directory.NoRole("role", l.f.Role)
	}
	return err
}

// renew checks that the principal may still read the list.
func (l *userList) renew(tx directory.Tx) (err error) {
	if l.call.Principal, err = l.directory.Reload(tx, l.call.Principal); err != nil {
		return err
	}
	return directory.OpListUsers.Authorize(l.call.Principal)
}

// compare passes the list's version to the sink if the sink does not have it.
func (l *userList) compare(tx directory.Tx) error {
	if !l.f.InactiveSince.IsZero() {
		if l.begun {
			return nil
		}
		return l.sink.Begin("")
	}
	org := l.call.Principal.OrgID
	version, err := tx.OrgVersion(org)
	if err != nil {
		return err
	}
	if l.begun {
		if version != l.version && !l.changed {
			l.changed = true
			l.sink.Changed()
		}
		return nil
	}
	l.versions.Put(l.epoch, org, version, directory.OriginLog(org))
	if version == l.version {
		return nil
	}
	l.version = version
	return l.sink.Begin(version)
}

// query is the part of the filter that storage can apply. Users of the past are put
// together one by one, so l filters them itself and counts how many it has examined.
func (l *userList) query(size int) directory.UserQuery {
	q := directory.UserQuery{After: l.f.After, Limit: size}
	if l.f.At.IsZero() {
		q.Role, q.Status, q.ExternalID, q.Group = l.f.Role, l.f.Status, l.f.ExternalID, l.f.Group
		if l.f.Email != "" {
			q.EmailKey = text.FoldKey(l.f.Email)
		}
	}
	if l.f.Limit > 0 {
		q.Limit = l.searched() + 1           // one more tells whether the list continues
		if l.text == "" && l.f.At.IsZero() { // otherwise l filters too
			q.Limit = l.f.Limit + 1
		}
	}
	return q
}

// take passes the users that match to the sink, up to the limit. The next batch begins
// after the last user that was examined.
func (l *userList) take(users iter.Seq2[examined, error], size int) error {
	read, taken := 0, 0
	for u, err := range users {
		if err != nil {
			return err
		}
		has := l.has(u.User)
		if l.f.Limit > 0 && (read == l.searched() || (has && taken == l.f.Limit)) {
			l.next = l.f.After
			break
		}
		if has {
			taken++
			if err := l.sink.User(u.User); err != nil {
				return err
			}
		}
		read++
		l.f.After = u.next
	}
	l.all = l.f.Limit > 0 || read < size
	return nil
}

// has reports whether the filter includes a user. It searches text here and not in SQL,
// so that engines can't differ in how they fold letter case.
func (l *userList) has(u directory.User) bool {
	if !l.stored() && !l.f.hasAll(u) {
		return false
	}
	return l.text == "" || strings.Contains(text.FoldKey(u.Name), l.text) || strings.Contains(text.FoldKey(u.Email), l.text)
}
