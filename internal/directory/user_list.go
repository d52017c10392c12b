package directory

import (
	"context"
	"iter"
	"strings"
	"time"

	"github.com/rosterhq/roster/internal/text"
)

// UserFilter narrows [Service.ListUsers]; zero values narrow nothing.
type UserFilter struct {
	Email string // exact, without regard to letter case
	Role  RoleID
	Text  string    // part of the name or the email, without regard to letter case
	After UserID    // only users with greater ids
	Limit int       // 0: no limit
	At    time.Time // as it was then; zero: as it is
}

// UserSink takes a list of users as it is read.
type UserSink interface {
	// Begin is called before any user, with the version of the list: it differs from
	// every version that the list had with other users in it. It is called again,
	// with another version, if the list turns out to have changed meanwhile.
	Begin(version string) error
	// Changed is called if the list turns out to have changed after it was flushed:
	// what was handed over and will be is of no version, then.
	Changed()
	User(User) error
	// Flush is called between the pieces that a long list is read in. It may take its
	// time, for nothing of the store is held; the others may not.
	Flush() error
}

// How many users are read at once: the first of them soon, and then so many that
// to begin a transaction is little of what they take. Tests make it few.
var firstPiece, laterPieces = 500, 2000

// maxSearched is how many users a page examines. Tests make it few.
var maxSearched = 2000

// maxSearchedPast is how many users of the past a page examines. They take more than ten
// times as long, because each is assembled from entries of the log.
const maxSearchedPast = 100

// searched is how many users a page of l examines.
func (l *userList) searched() int {
	if !l.f.At.IsZero() {
		return min(maxSearched, maxSearchedPast)
	}
	return maxSearched
}

// ListUsers hands the users of the principal's organization to sink in order of
// their ids, reading as it goes, and stops at sink's first error. next is the id
// after which the list goes on if Limit cut it, "" if not.
//
// With a Limit all are of one snapshot. A page is looked for among so many users
// that it holds no reader for long: it may have fewer users than Limit, or none, and
// still a next one. Without one the list is read in pieces, so that a sink that
// takes its time keeps no connection from others. A user who exists throughout is
// listed exactly once, because ids don't change. A caller who may not read the list
// any more gets no further piece.
//
// Permission users|read, and auditLog|read for a time that is past. Errors: as
// those of asOf; once the list has begun, also [Unauthenticated] and [Forbidden].
func (s *Service) ListUsers(ctx context.Context, call Call, f UserFilter, sink UserSink) (next UserID, err error) {
	if err := OpListUsers.Authorize(call.Principal); err != nil {
		return "", err
	}
	known, ok := s.cache.versions.get(call.Principal.OrgID)
	if ok = ok && f.At.IsZero() && s.store.InTouch(); ok {
		if err := sink.Begin(known); err != nil {
			return "", err
		}
	}
	ctx = ForTenant(ctx, call.tenant(OpListUsers))
	l := userList{s: s, call: call, f: f, text: text.FoldKey(f.Text), sink: sink, epoch: s.cache.epoch.Load()}
	if ok {
		l.version = known
	}
	for piece := firstPiece; ; piece = laterPieces {
		err := s.store.Read(ctx, func(tx Tx) error { return l.read(tx, piece) })
		if err != nil || l.all {
			return l.next, err
		}
		if err := sink.Flush(); err != nil {
			return "", err
		}
	}
}

// userList is a list of users on its way to a sink.
type userList struct {
	s    *Service
	call Call
	f    UserFilter
	text string // to look for, folded
	sink UserSink

	epoch   uint64 // before anything was read
	version string // that it began with
	begun   bool   // a piece has been read
	changed bool   // since then
	all     bool   // nothing is left to be read
	next    UserID // after which it goes on, if Limit cut it
}

// read reads a piece.
func (l *userList) read(tx Tx, size int) (err error) {
	if l.begun {
		if err := l.renew(tx); err != nil {
			return err
		}
	}
	then, err := l.s.asOf(tx, l.call, l.f.At)
	if err != nil {
		return err
	}
	if err := l.compare(tx); err != nil {
		return err
	}
	l.begun = true
	return l.take(then.Users(l.call.Principal.OrgID, l.query(size)), size)
}

// renew wants the principal to be who may read on still.
func (l *userList) renew(tx Tx) (err error) {
	if l.call.Principal, err = l.s.reload(tx, l.call.Principal); err != nil {
		return err
	}
	return OpListUsers.Authorize(l.call.Principal)
}

// compare tells the sink of the list's version.
func (l *userList) compare(tx Tx) error {
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
	l.s.cache.putVersion(l.epoch, org, version)
	if version == l.version {
		return nil
	}
	l.version = version
	return l.sink.Begin(version)
}

// query is as much of the filter as storage can look up. The past is put together
// user by user, so that its users are looked at here, where they are counted.
func (l *userList) query(size int) UserQuery {
	q := UserQuery{After: l.f.After, Limit: size}
	if l.f.At.IsZero() {
		q.Role = l.f.Role
		if l.f.Email != "" {
			q.EmailKey = text.FoldKey(l.f.Email)
		}
	}
	if l.f.Limit > 0 {
		q.Limit = l.searched() + 1 // to know whether there are more
		if l.text == "" && l.f.At.IsZero() {
			q.Limit = l.f.Limit + 1
		}
	}
	return q
}

// take hands over the users that match, up to the limit; the next piece begins
// behind the last that was looked at.
func (l *userList) take(users iter.Seq2[User, error], size int) error {
	read, taken := 0, 0
	for u, err := range users {
		if err != nil {
			return err
		}
		has := l.has(u)
		if l.f.Limit > 0 && (read == l.searched() || (has && taken == l.f.Limit)) {
			l.next = l.f.After
			break
		}
		if has {
			taken++
			if err := l.sink.User(u); err != nil {
				return err
			}
		}
		read++
		l.f.After = u.ID
	}
	l.all = l.f.Limit > 0 || read < size
	return nil
}

// has says whether the filter lets a user through. The text is looked for here and
// not in SQL so that engines can't differ on what letter case is.
func (l *userList) has(u User) bool {
	if !l.f.At.IsZero() && ((l.f.Role != "" && u.Role.ID != l.f.Role) || (l.f.Email != "" && text.FoldKey(u.Email) != text.FoldKey(l.f.Email))) {
		return false
	}
	return l.text == "" || strings.Contains(text.FoldKey(u.Name), l.text) || strings.Contains(text.FoldKey(u.Email), l.text)
}
