package history_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rosterhq/roster/internal/authz"
	"github.com/rosterhq/roster/internal/directory"
	"github.com/rosterhq/roster/internal/directorytest"
	"github.com/rosterhq/roster/internal/members"
	"github.com/rosterhq/roster/internal/roles"
)

// accessAt writes what a user could do at a time.
func (w *world) accessAt(id directory.UserID, at time.Time) string {
	w.Helper()
	return directorytest.TellAccess(must(w.GetUserAccess(w.Context(), w.ByOwner(), id, at, authz.Query{}))(w))
}

// usersAt lists who was in the first organization at a time.
func (w *world) usersAt(at time.Time) []directory.User {
	w.Helper()
	var l directorytest.Listed
	must(w.ListUsers(w.Context(), w.ByOwner(), members.UserFilter{At: at}, &l))(w)
	return l.Users
}

// Past access can be read after everything that it came from is gone: the
// user, the role, and the group, in whichever order they went.
func TestAsOfWhatIsGone(t *testing.T) {
	t.Parallel()
	for name, after := range map[string]func(w *world, u directory.UserID, g directory.Group){
		"the user went first": func(w *world, u directory.UserID, g directory.Group) {
			w.Wants("remove", "", w.RemoveUser(t.Context(), w.ByOwner(), u))
			w.Pass(time.Second)
			w.Wants("delete", "", w.DeleteGroup(t.Context(), w.ByOwner(), g.ID))
		},
		"the group went first": func(w *world, u directory.UserID, g directory.Group) {
			w.Wants("delete", "", w.DeleteGroup(t.Context(), w.ByOwner(), g.ID))
			w.Pass(time.Second)
			w.Wants("remove", "", w.RemoveUser(t.Context(), w.ByOwner(), u))
		},
		"the group stays": func(w *world, u directory.UserID, _ directory.Group) {
			w.Wants("remove", "", w.RemoveUser(t.Context(), w.ByOwner(), u))
		},
		"the group changed between": func(w *world, u directory.UserID, g directory.Group) {
			must(w.UpdateGroup(t.Context(), w.ByOwner(), g.ID, roles.NewGroup{Name: "Renamed"}))(w)
			w.Wants("remove", "", w.RemoveUser(t.Context(), w.ByOwner(), u))
			must(w.UpdateGroup(t.Context(), w.ByOwner(), g.ID, roles.NewGroup{Name: "Again"}))(w)
		},
		"all at once": func(w *world, u directory.UserID, g directory.Group) {
			w.Wants("remove", "", w.RemoveUser(t.Context(), w.ByOwner(), u))
			w.Wants("delete", "", w.DeleteGroup(t.Context(), w.ByOwner(), g.ID))
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			role := w.Role("Deployer", "dataset:logs:query|read")
			jane, joe := w.Join("Jane", role.ID), w.Join("Joe", "user")
			g := w.Group("On call", []directory.UserID{jane.ID, joe.ID}, "read-only")
			w.Pass(time.Hour)
			at, want, users := w.now(), w.accessAt(jane.ID, time.Time{}), w.usersAt(time.Time{})
			w.Pass(time.Hour)
			must(w.UpdateUserRole(t.Context(), w.ByOwner(), jane.ID, "none"))(t)
			w.Pass(time.Hour)
			w.Wants("delete the role", "", w.DeleteRole(t.Context(), w.ByOwner(), role.ID))
			after(w, jane.ID, g)
			w.Pass(time.Hour)
			if got := w.accessAt(jane.ID, at); got != want || !strings.Contains(want, "On call") {
				t.Errorf("was told as\n%s\nis told as\n%s", want, got)
			}
			if got := w.usersAt(at); !slices.Equal(got, users) {
				t.Errorf("were %+v, are told as %+v", users, got)
			}
			_, err := w.GetUserAccess(t.Context(), w.ByOwner(), jane.ID, w.now(), authz.Query{})
			w.Wants("now", directory.NotFound, err)
			w.Wants("the log", "", w.CheckLog(t.Context(), w.Org.ID))
		})
	}
}

// A time is answered to the microsecond, up to now, and by who may read the log.
func TestAsOfTimes(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	began := w.now()
	w.Pass(time.Hour)
	jane := w.Join("Jane", "user")
	made := w.now()
	w.Pass(time.Hour)
	for _, c := range []struct {
		what  string
		at    time.Time
		users int
		code  directory.Code
	}{
		{"before the organization", began.Add(-time.Microsecond), 0, directory.NotFound},
		{"in year one", time.Date(1, 1, 1, 0, 0, 0, 1000, time.UTC), 0, directory.NotFound},
		{"as it began", began, 1, directory.NotFound},
		{"before she was made", made.Add(-time.Microsecond), 1, directory.NotFound},
		{"as she was made", made, 2, ""},
		{"now", w.now(), 2, ""},
	} {
		if got := w.usersAt(c.at); len(got) != c.users {
			t.Errorf("%s there were %+v", c.what, got)
		}
		_, err := w.GetUserAccess(t.Context(), w.ByOwner(), jane.ID, c.at, authz.Query{})
		w.Wants(c.what, c.code, err)
	}
	var l directorytest.Listed
	ask := func(call directory.Call, at time.Time) (users, access error) {
		_, users = w.ListUsers(t.Context(), call, members.UserFilter{At: at}, &l)
		_, access = w.GetUserAccess(t.Context(), call, jane.ID, at, authz.Query{})
		return users, access
	}
	users, access := ask(w.ByOwner(), w.now().Add(time.Second))
	w.Wants("users to come", directory.Invalid, users)
	w.Wants("access to come", directory.Invalid, access)
	for _, c := range []struct {
		caps          string
		users, access directory.Code
	}{
		{"auditLog|read", directory.Forbidden, directory.Forbidden},
		{"users|read", directory.Forbidden, directory.Forbidden},
		{"rbac|read", directory.Forbidden, directory.Forbidden},
		{"users|read auditLog|read", "", directory.Forbidden},
		{"rbac|read auditLog|read", directory.Forbidden, ""},
	} {
		users, access := ask(w.As(w.Token(strings.Fields(c.caps)...).Secret, ""), made)
		w.Wants(c.caps+": users", c.users, users)
		w.Wants(c.caps+": access", c.access, access)
	}
	// Another organization's ids, and ids of other things, are nobody's.
	rival := w.Tenant("Rival")
	g := w.Group("Group", nil)
	w.Pass(time.Second)
	made = w.now()
	w.Pass(time.Second)
	must(w.UpdateGroup(t.Context(), w.ByOwner(), g.ID, roles.NewGroup{Name: "Other"}))(t)
	for _, id := range []string{string(rival.ID), string(g.ID), "", "usr_~", "\xff"} {
		_, err := w.GetUserAccess(t.Context(), w.ByOwner(), directory.UserID(id), made, authz.Query{})
		w.Wants(fmt.Sprintf("%q", id), directory.NotFound, err)
	}
}

// Times that retention has left are answered in full; others are refused, and
// told from when on there is an answer.
func TestAsOfAfterRetention(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	role := w.Role("Role", "users|read")
	jane := w.Join("Jane", role.ID)
	w.Group("Group", []directory.UserID{jane.ID}, "read-only")
	w.SealedHistory(3)
	w.Pass(40 * 24 * time.Hour)
	w.Join("Joe", "user")
	w.Pass(time.Hour)
	at, want, users := w.now(), w.accessAt(jane.ID, time.Time{}), w.usersAt(time.Time{})
	w.Pass(time.Hour)
	w.Wants("remove", "", w.RemoveUser(t.Context(), w.ByOwner(), jane.ID))
	must(w.SetRetention(t.Context(), w.ByOwner(), directory.Retention{Days: 30}))(t)
	w.Seal()
	w.Pass(time.Hour)
	w.Wants("prune", "", w.Sealer().Prune(t.Context()))
	if got := w.accessAt(jane.ID, at); got != want {
		t.Errorf("was told as\n%s\nis told as\n%s", want, got)
	}
	if got := w.usersAt(at); !slices.Equal(got, users) {
		t.Errorf("were %+v, are told as %+v", users, got)
	}
	_, err := w.GetUserAccess(t.Context(), w.ByOwner(), jane.ID, at.Add(-30*24*time.Hour), authz.Query{})
	w.Wants("what is not kept", directory.Invalid, err)
	if err == nil || !strings.Contains(err.Error(), "is kept from 2026-") {
		t.Errorf("%v does not say from when on", err)
	}
	w.Wants("the log", "", w.CheckLog(t.Context(), w.Org.ID))
	// Erased members are empty; their past access stays.
	must(w.EraseUser(t.Context(), w.ByOwner(), jane.ID))(t)
	if got := w.accessAt(jane.ID, at); got != want {
		t.Errorf("was told as\n%s\nis told as\n%s", want, got)
	}
	for _, u := range w.usersAt(at) {
		if (u.Name == "" && u.Email == "") != (u.ID == jane.ID) {
			t.Errorf("%+v", u)
		}
	}
	w.Wants("the log, erased", "", w.CheckLog(t.Context(), w.Org.ID))
}

// The entry of a first sign-in by an issuer has the id of its user, who was there before.
func TestPastBeforeTheFirstSignInByAnIssuer(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	i := w.Issuer(nil)
	jane := w.Join("Jane", "user")
	then := w.Clock()
	w.Pass(time.Minute)
	must(w.SignInBy(i, directorytest.Person("sub-1", jane.Email)))(t)
	w.Pass(time.Minute)
	past := new(directorytest.Listed)
	must(w.ListUsers(t.Context(), w.ByOwner(), members.UserFilter{At: then}, past))(t)
	if !slices.Contains(past.IDs(), jane.ID) {
		t.Errorf("the users then were %v, without %s", past.IDs(), jane.ID)
	}
}
