package members_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/rosterhq/roster/internal/credentials"
	"github.com/rosterhq/roster/internal/directory"
	"github.com/rosterhq/roster/internal/members"
	"github.com/rosterhq/roster/internal/roles"
)

func TestCreateUser(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	custom := w.Role("Support", "users|read")
	for _, role := range []directory.Role{{ID: "owner", Name: "owner"}, {ID: "admin", Name: "admin"}, {ID: "user", Name: "user"}, {ID: "read-only", Name: "read-only"}, {ID: "none", Name: "none"}, custom} {
		email := "Jane." + string(role.ID) + "@Example.com"
		u := must(w.CreateUser(t.Context(), w.ByOwner(), members.NewUser{Name: " Jane Doe ", Email: email, Role: role.ID}))(t)
		want := directory.User{
			ID: u.ID, OrgID: w.Org.ID, AccountID: u.AccountID, Email: email, Name: "Jane Doe", Role: role.Ref(),
			CreatedAt: w.Clock().UTC().Truncate(time.Microsecond),
		}
		if diff := cmp.Diff(want, u); diff != "" {
			t.Errorf("%s (-want +answered):\n%s", role.ID, diff)
		}
		if diff := cmp.Diff(want, w.User(u.ID)); diff != "" {
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
	elsewhere := w.Tenant("Rival")
	theirs := must(w.CreateRole(t.Context(), w.By(elsewhere), roles.NewRole{Name: "Theirs"}))(t)
	w.Join("Jane", "user")
	for what, tt := range map[string]struct {
		in    members.NewUser
		code  directory.Code
		field string
	}{
		"an unknown role":             {members.NewUser{Name: "X", Email: "x@example.com", Role: "member"}, directory.Invalid, "role"},
		"no role":                     {members.NewUser{Name: "X", Email: "x@example.com"}, directory.Invalid, "role"},
		"a role in other letter case": {members.NewUser{Name: "X", Email: "x@example.com", Role: "Admin"}, directory.Invalid, "role"},
		"another organization's role": {members.NewUser{Name: "X", Email: "x@example.com", Role: theirs.ID}, directory.Invalid, "role"},
		"a member":                    {members.NewUser{Name: "X", Email: "JANE@example.com", Role: "user"}, directory.Conflict, "email"},
		"the owner":                   {members.NewUser{Name: "X", Email: w.Owner.Email, Role: "user"}, directory.Conflict, "email"},
	} {
		w.Refused(what, tt.code, tt.field, func() error {
			_, err := w.CreateUser(t.Context(), w.ByOwner(), tt.in)
			return err
		})
	}
	// An open invitation is a member too: it is not sent twice.
	w.Invite(elsewhere, "user")
	w.Refused("somebody invited", directory.Conflict, "email", func() error {
		_, err := w.CreateUser(t.Context(), w.ByOwner(), members.NewUser{Name: "X", Email: elsewhere.Email, Role: "user"})
		return err
	})
}

// Rule 2 for roles given to users: up to the built-in user, beyond it what the giver
// has or their token's maker had, and owners by owners alone.
func TestRolesThatMayBeGiven(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	accounting := w.Role("Accounting", "billing|read")
	treasury := w.Role("Treasury", "billing|read", "billing|update")
	clerk := w.Role("Clerk", "users|create", "users|update", "apiTokens|create", "billing|read")
	tokenBy := func(m member) string {
		return must(w.CreateAPIToken(t.Context(), w.By(m), credentials.NewAPIToken{Name: "t", Capabilities: caps(w, "users|create", "users|update")}))(t).Secret
	}
	givers := map[string]string{
		"owner":       w.Owner.Secret,
		"admin":       w.Join("Admin", "admin").Secret,
		"clerk":       w.Join("Clerk", clerk.ID).Secret,
		"token":       w.Token("users|create", "users|update").Secret,
		"admin token": tokenBy(w.Join("Admin2", "admin")),
		"clerk token": tokenBy(w.Join("Clerk2", clerk.ID)),
		"all token":   w.APIToken,
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
	subject := w.Join("Subject", "none")
	for giver, secret := range givers {
		for _, role := range slices.Concat(withinUser, []directory.RoleID{"owner", "admin", "read-only", accounting.ID, treasury.ID}) {
			want := directory.Forbidden
			if slices.Contains(withinUser, role) || slices.Contains(may[giver], role) {
				want = ""
			}
			w.Pass(time.Millisecond)
			u, err := w.CreateUser(t.Context(), w.As(secret, ""), members.NewUser{Name: "X", Email: "x@example.com", Role: role})
			w.Wants(giver+" creates "+string(role), want, err)
			if err == nil {
				w.Wants("remove", "", w.RemoveUser(t.Context(), w.ByOwner(), u.ID))
			}
			_, err = w.UpdateUserRole(t.Context(), w.As(secret, ""), subject.ID, role)
			w.Wants(giver+" makes "+string(role), want, err)
			must(w.UpdateUserRole(t.Context(), w.ByOwner(), subject.ID, "none"))(t)
		}
	}
}

func TestGetUser(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	rival := w.Tenant("Rival")
	jane := w.Join("Jane", "user")
	if diff := cmp.Diff(jane.User, w.User(jane.ID)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	_, unknown := w.GetUser(t.Context(), w.ByOwner(), "usr_0")
	_, theirs := w.GetUser(t.Context(), w.ByOwner(), rival.ID)
	w.Wants("unknown", directory.NotFound, unknown)
	w.Wants("another organization's", directory.NotFound, theirs)
	if unknown.Error() != theirs.Error() {
		t.Errorf("the answers differ: %q, %q", unknown, theirs)
	}
	_, err := w.GetUser(t.Context(), w.As(w.Token("users|create").Secret, ""), jane.ID)
	w.Wants("without users|read", directory.Forbidden, err)
	if !strings.Contains(err.Error(), "users|read") {
		t.Errorf("%q does not name what is missing", err)
	}
}

func TestListUsers(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.Tenant("Rival")
	admin := w.Join("Ådne", "admin")
	jane := w.Join("Jane", "user")
	other := w.Join("Jan", "user")
	all := []directory.UserID{w.Owner.ID, admin.ID, jane.ID, other.ID}
	slices.Sort(all)
	after := all[1]
	for what, tt := range map[string]struct {
		f    members.UserFilter
		want []directory.UserID
		more bool
	}{
		"all":                     {members.UserFilter{}, all, false},
		"limited":                 {members.UserFilter{Limit: 3}, all[:3], true},
		"limited to their number": {members.UserFilter{Limit: 4}, all, false},
		"the rest":                {members.UserFilter{Limit: 3, After: after}, all[2:], false},
		"by role":                 {members.UserFilter{Role: "admin"}, []directory.UserID{admin.ID}, false},
		"by a role nobody has":    {members.UserFilter{Role: "none"}, []directory.UserID{}, false},
		"by email":                {members.UserFilter{Email: "JANE@EXAMPLE.COM"}, []directory.UserID{jane.ID}, false},
		"by part of an email":     {members.UserFilter{Email: "jane@"}, []directory.UserID{}, false},
		"by text in the name":     {members.UserFilter{Text: "åD"}, []directory.UserID{admin.ID}, false},
		"by text in the email":    {members.UserFilter{Text: "OLIVIA@"}, []directory.UserID{w.Owner.ID}, false},
		"by text of several":      {members.UserFilter{Text: "jan", Role: "user"}, sorted(jane.ID, other.ID), false},
		"by text, limited":        {members.UserFilter{Text: "jan", Limit: 1}, sorted(jane.ID, other.ID)[:1], true},
		"by wildcard signs":       {members.UserFilter{Text: "%"}, []directory.UserID{}, false},
	} {
		var got listed
		next, err := w.ListUsers(t.Context(), w.ByOwner(), tt.f, &got)
		more := next != ""
		w.Wants(what, "", err)
		if diff := cmp.Diff(tt.want, got.IDs()); diff != "" || more != tt.more {
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
	jane := w.Join("Jane", "user")
	version := func() string {
		var got listed
		must(w.ListUsers(t.Context(), w.ByOwner(), members.UserFilter{}, &got))(t)
		return got.Version
	}
	seen := map[string]string{version(): "at first"}
	name := "Janet"
	role := w.Role("Custom")
	for what, change := range map[string]func() error{
		"rename": func() error { return second(w.UpdateSelf(t.Context(), w.By(jane), members.SelfUpdate{Name: &name})) },
		"role":   func() error { return second(w.UpdateUserRole(t.Context(), w.ByOwner(), jane.ID, role.ID)) },
		"role's name": func() error {
			return second(w.UpdateRole(t.Context(), w.ByOwner(), role.ID, roles.NewRole{Name: "Renamed"}))
		},
		"newcomer": func() error {
			return second(w.CreateUser(t.Context(), w.ByOwner(), members.NewUser{Name: "X", Email: "x@example.com", Role: "user"}))
		},
	} {
		w.Wants(what, "", change())
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
	if _, err := w.ListUsers(t.Context(), w.ByOwner(), members.UserFilter{}, &brokenSink{}); !errors.Is(err, errSink) {
		t.Errorf("error %v, want the sink's", err)
	}
}

func TestRemoveUser(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	rival := w.Tenant("Rival")
	jane := w.Join("Jane", "user")
	group := w.Group("G", []directory.UserID{jane.ID, w.Owner.ID}, "admin")

	w.Refused("unknown", directory.NotFound, "", func() error { return w.RemoveUser(t.Context(), w.ByOwner(), "usr_0") })
	w.Refused("another organization's", directory.NotFound, "", func() error { return w.RemoveUser(t.Context(), w.ByOwner(), rival.ID) })
	weak := w.As(w.Token("users|update", "users|create").Secret, "")
	w.Refused("without users|delete", directory.Forbidden, "", func() error { return w.RemoveUser(t.Context(), weak, jane.ID) })
	call := w.By(jane)
	w.Wants("remove", "", w.RemoveUser(t.Context(), w.ByOwner(), jane.ID))
	w.Refused("remove again", directory.NotFound, "", func() error { return w.RemoveUser(t.Context(), w.ByOwner(), jane.ID) })
	if g := must(w.GetGroup(t.Context(), w.ByOwner(), group.ID))(t); !slices.Equal(g.Members, []directory.UserID{w.Owner.ID}) {
		t.Errorf("the group has %v still", g.Members)
	}
	_, err := w.Authenticate(t.Context(), jane.Secret, "")
	w.Wants("the next request", directory.Unauthenticated, err)
	w.Refused("a request under way", directory.Unauthenticated, "", func() error {
		return second(w.CreatePersonalToken(t.Context(), call, credentials.NewPersonalToken{Name: "back door"}))
	})
}

func TestRemoveOneself(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	admin := w.Join("Admin", "admin")
	w.Wants("remove", "", w.RemoveUser(t.Context(), w.By(admin), admin.ID))
	_, err := w.Authenticate(t.Context(), admin.Secret, "")
	w.Wants("afterwards", directory.Unauthenticated, err)
}

func TestUpdateUserRole(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	rival := w.Tenant("Rival")
	jane := w.Join("Jane", "user")
	custom := w.Role("Custom", "users|read", "users|delete")
	u := must(w.UpdateUserRole(t.Context(), w.ByOwner(), jane.ID, custom.ID))(t)
	want := jane.User
	want.Role = custom.Ref()
	if diff := cmp.Diff([]directory.User{want, want}, []directory.User{u, w.User(jane.ID)}); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if p := w.By(jane).Principal; !p.Capabilities.Equal(custom.Capabilities) || p.Role != custom.ID {
		t.Errorf("the next request acts as %s with %v", p.Role, p.Capabilities.Names())
	}
	set := func(id directory.UserID, role directory.RoleID) func() error {
		return func() error { return second(w.UpdateUserRole(t.Context(), w.ByOwner(), id, role)) }
	}
	w.Refused("unknown user", directory.NotFound, "", set("usr_0", "user"))
	w.Refused("another organization's user", directory.NotFound, "", set(rival.ID, "user"))
	w.Refused("unknown role", directory.Invalid, "role", set(jane.ID, "role_0"))
	before := w.Tables()
	w.Wants("the role they have", "", set(jane.ID, custom.ID)())
	w.Unchanged("the role they have", before)
}
