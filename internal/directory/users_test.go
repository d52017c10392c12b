package directory_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/rosterhq/roster/internal/directory"
)

func TestCreateUser(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	custom := w.role("Support", "users|read")
	for _, role := range []directory.Role{{ID: "owner", Name: "owner"}, {ID: "admin", Name: "admin"}, {ID: "user", Name: "user"}, {ID: "read-only", Name: "read-only"}, {ID: "none", Name: "none"}, custom} {
		email := "Jane." + string(role.ID) + "@Example.com"
		u := must(w.CreateUser(t.Context(), w.byOwner(), directory.NewUser{Name: " Jane Doe ", Email: email, Role: role.ID}))(t)
		want := directory.User{
			ID: u.ID, OrgID: w.org.ID, AccountID: u.AccountID, Email: email, Name: "Jane Doe", Role: role.Ref(),
			CreatedAt: w.clock.Now().UTC().Truncate(time.Microsecond),
		}
		if diff := cmp.Diff(want, u); diff != "" {
			t.Errorf("%s (-want +answered):\n%s", role.ID, diff)
		}
		if diff := cmp.Diff(want, w.user(u.ID)); diff != "" {
			t.Errorf("%s (-want +read later):\n%s", role.ID, diff)
		}
		if !strings.HasPrefix(string(u.ID), "usr_") || len(u.ID) != 30 {
			t.Errorf("id %q", u.ID)
		}
	}
}

func TestCreateUserRefuses(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	elsewhere := w.tenant("Rival")
	theirs := must(w.CreateRole(t.Context(), w.by(elsewhere), directory.NewRole{Name: "Theirs"}))(t)
	w.join("Jane", "user")
	for what, tt := range map[string]struct {
		in    directory.NewUser
		code  directory.Code
		field string
	}{
		"an unknown role":             {directory.NewUser{Name: "X", Email: "x@example.com", Role: "member"}, directory.Invalid, "role"},
		"no role":                     {directory.NewUser{Name: "X", Email: "x@example.com"}, directory.Invalid, "role"},
		"a role in other letter case": {directory.NewUser{Name: "X", Email: "x@example.com", Role: "Admin"}, directory.Invalid, "role"},
		"another organization's role": {directory.NewUser{Name: "X", Email: "x@example.com", Role: theirs.ID}, directory.Invalid, "role"},
		"a member":                    {directory.NewUser{Name: "X", Email: "JANE@example.com", Role: "user"}, directory.Conflict, "email"},
		"the owner":                   {directory.NewUser{Name: "X", Email: w.owner.Email, Role: "user"}, directory.Conflict, "email"},
	} {
		w.refused(what, tt.code, tt.field, func() error {
			_, err := w.CreateUser(t.Context(), w.byOwner(), tt.in)
			return err
		})
	}
	// An open invitation is a member too: it is not sent twice.
	w.invite(elsewhere, "user")
	w.refused("somebody invited", directory.Conflict, "email", func() error {
		_, err := w.CreateUser(t.Context(), w.byOwner(), directory.NewUser{Name: "X", Email: elsewhere.Email, Role: "user"})
		return err
	})
}

// Rule 2 for roles given to users: up to the built-in user, beyond it what the giver
// has or their token's maker had, and owners by owners alone.
func TestRolesThatMayBeGiven(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	accounting := w.role("Accounting", "billing|read")
	treasury := w.role("Treasury", "billing|read", "billing|update")
	clerk := w.role("Clerk", "users|create", "users|update", "apiTokens|create", "billing|read")
	tokenBy := func(m member) string {
		return must(w.CreateAPIToken(t.Context(), w.by(m), directory.NewAPIToken{Name: "t", Capabilities: caps(w, "users|create", "users|update")}))(t).Secret
	}
	givers := map[string]string{
		"owner":       w.owner.secret,
		"admin":       w.join("Admin", "admin").secret,
		"clerk":       w.join("Clerk", clerk.ID).secret,
		"token":       w.token("users|create", "users|update").Secret,
		"admin token": tokenBy(w.join("Admin2", "admin")),
		"clerk token": tokenBy(w.join("Clerk2", clerk.ID)),
		"all token":   w.apiToken,
	}
	may := map[string][]directory.RoleID{
		"owner":       {"owner", "admin", "read-only", accounting.ID, treasury.ID},
		"admin":       {"admin", "read-only"},
		"clerk":       {accounting.ID},
		"token":       {"admin", "read-only", accounting.ID, treasury.ID},
		"admin token": {"admin", "read-only"},
		"clerk token": {accounting.ID},
		"all token":   {"admin", "read-only", accounting.ID, treasury.ID},
	}
	withinUser := []directory.RoleID{"user", "none"}
	subject := w.join("Subject", "none")
	for giver, secret := range givers {
		for _, role := range slices.Concat(withinUser, []directory.RoleID{"owner", "admin", "read-only", accounting.ID, treasury.ID}) {
			want := directory.Forbidden
			if slices.Contains(withinUser, role) || slices.Contains(may[giver], role) {
				want = ""
			}
			w.pass(time.Millisecond)
			u, err := w.CreateUser(t.Context(), w.as(secret, ""), directory.NewUser{Name: "X", Email: "x@example.com", Role: role})
			w.wants(giver+" creates "+string(role), want, err)
			if err == nil {
				w.wants("remove", "", w.RemoveUser(t.Context(), w.byOwner(), u.ID))
			}
			_, err = w.UpdateUserRole(t.Context(), w.as(secret, ""), subject.ID, role)
			w.wants(giver+" makes "+string(role), want, err)
			must(w.UpdateUserRole(t.Context(), w.byOwner(), subject.ID, "none"))(t)
		}
	}
}

func TestGetUser(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	rival := w.tenant("Rival")
	jane := w.join("Jane", "user")
	if diff := cmp.Diff(jane.User, w.user(jane.ID)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	_, unknown := w.GetUser(t.Context(), w.byOwner(), "usr_0")
	_, theirs := w.GetUser(t.Context(), w.byOwner(), rival.ID)
	w.wants("unknown", directory.NotFound, unknown)
	w.wants("another organization's", directory.NotFound, theirs)
	if unknown.Error() != theirs.Error() {
		t.Errorf("the answers differ: %q, %q", unknown, theirs)
	}
	_, err := w.GetUser(t.Context(), w.as(w.token("users|create").Secret, ""), jane.ID)
	w.wants("without users|read", directory.Forbidden, err)
	if !strings.Contains(err.Error(), "users|read") {
		t.Errorf("%q does not name what is missing", err)
	}
}

func TestListUsers(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.tenant("Rival")
	admin := w.join("Ådne", "admin")
	jane := w.join("Jane", "user")
	other := w.join("Jan", "user")
	all := []directory.UserID{w.owner.ID, admin.ID, jane.ID, other.ID}
	slices.Sort(all)
	after := all[1]
	for what, tt := range map[string]struct {
		f    directory.UserFilter
		want []directory.UserID
		more bool
	}{
		"all":                     {directory.UserFilter{}, all, false},
		"limited":                 {directory.UserFilter{Limit: 3}, all[:3], true},
		"limited to their number": {directory.UserFilter{Limit: 4}, all, false},
		"the rest":                {directory.UserFilter{Limit: 3, After: after}, all[2:], false},
		"by role":                 {directory.UserFilter{Role: "admin"}, []directory.UserID{admin.ID}, false},
		"by a role nobody has":    {directory.UserFilter{Role: "none"}, []directory.UserID{}, false},
		"by email":                {directory.UserFilter{Email: "JANE@EXAMPLE.COM"}, []directory.UserID{jane.ID}, false},
		"by part of an email":     {directory.UserFilter{Email: "jane@"}, []directory.UserID{}, false},
		"by text in the name":     {directory.UserFilter{Text: "åD"}, []directory.UserID{admin.ID}, false},
		"by text in the email":    {directory.UserFilter{Text: "OLIVIA@"}, []directory.UserID{w.owner.ID}, false},
		"by text of several":      {directory.UserFilter{Text: "jan", Role: "user"}, sorted(jane.ID, other.ID), false},
		"by text, limited":        {directory.UserFilter{Text: "jan", Limit: 1}, sorted(jane.ID, other.ID)[:1], true},
		"by wildcard signs":       {directory.UserFilter{Text: "%"}, []directory.UserID{}, false},
	} {
		var got listed
		next, err := w.ListUsers(t.Context(), w.byOwner(), tt.f, &got)
		more := next != ""
		w.wants(what, "", err)
		if diff := cmp.Diff(tt.want, got.ids()); diff != "" || more != tt.more {
			t.Errorf("%s: more %t, want %t (-want +got):\n%s", what, more, tt.more, diff)
		}
	}
}

func sorted[T ~string](ids ...T) []T {
	slices.Sort(ids)
	return ids
}

// The list's version is new after every change that the list can show.
func TestListVersion(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	jane := w.join("Jane", "user")
	version := func() string {
		var got listed
		must(w.ListUsers(t.Context(), w.byOwner(), directory.UserFilter{}, &got))(t)
		return got.version
	}
	seen := map[string]string{version(): "at first"}
	name := "Janet"
	role := w.role("Custom")
	for what, change := range map[string]func() error{
		"rename": func() error { return second(w.UpdateSelf(t.Context(), w.by(jane), directory.SelfUpdate{Name: &name})) },
		"role":   func() error { return second(w.UpdateUserRole(t.Context(), w.byOwner(), jane.ID, role.ID)) },
		"role's name": func() error {
			return second(w.UpdateRole(t.Context(), w.byOwner(), role.ID, directory.NewRole{Name: "Renamed"}))
		},
		"newcomer": func() error {
			return second(w.CreateUser(t.Context(), w.byOwner(), directory.NewUser{Name: "X", Email: "x@example.com", Role: "user"}))
		},
	} {
		w.wants(what, "", change())
		v := version()
		if earlier, ok := seen[v]; ok {
			t.Errorf("%s: the version is the one of %s", what, earlier)
		}
		seen[v] = what
		if again := version(); again != v {
			t.Errorf("%s: version %q, then %q", what, v, again)
		}
	}
}

func second[T any](_ T, err error) error { return err }

var errSink = errors.New("the reader has gone")

type brokenSink struct{ listed }

func (*brokenSink) User(directory.User) error { return errSink }

func TestListUsersStopsWithItsReader(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	if _, err := w.ListUsers(t.Context(), w.byOwner(), directory.UserFilter{}, &brokenSink{}); !errors.Is(err, errSink) {
		t.Errorf("error %v, want the sink's", err)
	}
}

func TestRemoveUser(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	rival := w.tenant("Rival")
	jane := w.join("Jane", "user")
	group := w.group("G", []directory.UserID{jane.ID, w.owner.ID}, "admin")

	w.refused("unknown", directory.NotFound, "", func() error { return w.RemoveUser(t.Context(), w.byOwner(), "usr_0") })
	w.refused("another organization's", directory.NotFound, "", func() error { return w.RemoveUser(t.Context(), w.byOwner(), rival.ID) })
	weak := w.as(w.token("users|update", "users|create").Secret, "")
	w.refused("without users|delete", directory.Forbidden, "", func() error { return w.RemoveUser(t.Context(), weak, jane.ID) })
	call := w.by(jane)
	w.wants("remove", "", w.RemoveUser(t.Context(), w.byOwner(), jane.ID))
	w.refused("remove again", directory.NotFound, "", func() error { return w.RemoveUser(t.Context(), w.byOwner(), jane.ID) })
	if g := must(w.GetGroup(t.Context(), w.byOwner(), group.ID))(t); !slices.Equal(g.Members, []directory.UserID{w.owner.ID}) {
		t.Errorf("the group has %v still", g.Members)
	}
	_, err := w.Authenticate(t.Context(), jane.secret, "")
	w.wants("the next request", directory.Unauthenticated, err)
	w.refused("a request under way", directory.Unauthenticated, "", func() error {
		return second(w.CreatePersonalToken(t.Context(), call, directory.NewPersonalToken{Name: "back door"}))
	})
}

func TestRemoveOneself(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	admin := w.join("Admin", "admin")
	w.wants("remove", "", w.RemoveUser(t.Context(), w.by(admin), admin.ID))
	_, err := w.Authenticate(t.Context(), admin.secret, "")
	w.wants("afterwards", directory.Unauthenticated, err)
}

func TestUpdateUserRole(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	rival := w.tenant("Rival")
	jane := w.join("Jane", "user")
	custom := w.role("Custom", "users|read", "users|delete")
	u := must(w.UpdateUserRole(t.Context(), w.byOwner(), jane.ID, custom.ID))(t)
	want := jane.User
	want.Role = custom.Ref()
	if diff := cmp.Diff([]directory.User{want, want}, []directory.User{u, w.user(jane.ID)}); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if p := w.by(jane).Principal; !p.Capabilities.Equal(custom.Capabilities) || p.Role != custom.ID {
		t.Errorf("the next request acts as %s with %v", p.Role, p.Capabilities.Names())
	}
	set := func(id directory.UserID, role directory.RoleID) func() error {
		return func() error { return second(w.UpdateUserRole(t.Context(), w.byOwner(), id, role)) }
	}
	w.refused("unknown user", directory.NotFound, "", set("usr_0", "user"))
	w.refused("another organization's user", directory.NotFound, "", set(rival.ID, "user"))
	w.refused("unknown role", directory.Invalid, "role", set(jane.ID, "role_0"))
	before := w.tables()
	w.wants("the role they have", "", set(jane.ID, custom.ID)())
	w.unchanged("the role they have", before)
}
