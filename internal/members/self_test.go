package members_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/rosterhq/roster/internal/directory"
	"github.com/rosterhq/roster/internal/members"
)

func TestGetSelf(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	jane := w.Join("Jane", "none")
	if u := must(w.GetSelf(t.Context(), w.By(jane)))(t); u != jane.User {
		t.Errorf("%+v, want %+v", u, jane.User)
	}
	w.Pass(time.Second)
	second := must(w.CreateOrg(t.Context(), w.By(jane), "Second"))(t)
	for named, want := range map[directory.OrgID]directory.UserID{"": jane.ID, w.Org.ID: jane.ID, second.Org.ID: second.User.ID} {
		if u := must(w.GetSelf(t.Context(), w.As(jane.Secret, named)))(t); u.ID != want {
			t.Errorf("naming %q: %s, want %s", named, u.ID, want)
		}
	}
}

func ptr[T any](v T) *T { return &v }

// Only the name changes; what else comes along must be as it was read.
func TestUpdateSelf(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	jane := w.Join("Jane", "user")
	w.Group("G", []directory.UserID{jane.ID}, "read-only")
	role := directory.RoleRef{ID: "user", Name: "user"}
	for what, tt := range map[string]struct {
		in    members.SelfUpdate
		field string // "" where it is accepted
	}{
		"name alone":               {members.SelfUpdate{Name: ptr("New")}, ""},
		"read and written back":    {members.SelfUpdate{Name: ptr("New"), ID: ptr(jane.ID), Email: ptr(jane.Email), Role: &role}, ""},
		"the same name":            {members.SelfUpdate{Name: ptr("Jane")}, ""},
		"no name":                  {members.SelfUpdate{}, "name"},
		"no name, but the rest":    {members.SelfUpdate{ID: ptr(jane.ID), Email: ptr(jane.Email), Role: &role}, "name"},
		"another id":               {members.SelfUpdate{Name: ptr("New"), ID: &w.Owner.ID}, "id"},
		"another email":            {members.SelfUpdate{Name: ptr("New"), Email: ptr("new@example.com")}, "email"},
		"email in another case":    {members.SelfUpdate{Name: ptr("New"), Email: ptr("JANE@example.com")}, "email"},
		"another role":             {members.SelfUpdate{Name: ptr("New"), Role: &directory.RoleRef{ID: "admin", Name: "admin"}}, "role"},
		"another role's name":      {members.SelfUpdate{Name: ptr("New"), Role: &directory.RoleRef{ID: "user", Name: "Admin"}}, "role"},
		"an empty role":            {members.SelfUpdate{Name: ptr("New"), Role: &directory.RoleRef{}}, "role"},
		"a bad name":               {members.SelfUpdate{Name: ptr(" ")}, "name"},
		"a bad name, all the rest": {members.SelfUpdate{Name: ptr("a\nb"), ID: ptr(jane.ID), Email: ptr(jane.Email), Role: &role}, "name"},
	} {
		for how, update := range map[string]func() (directory.User, error){
			"self":  func() (directory.User, error) { return w.UpdateSelf(t.Context(), w.By(jane), tt.in) },
			"by id": func() (directory.User, error) { return w.UpdateUser(t.Context(), w.By(jane), jane.ID, tt.in) },
		} {
			must(w.UpdateSelf(t.Context(), w.By(jane), members.SelfUpdate{Name: ptr("Jane")}))(t)
			if tt.field != "" {
				w.Refused(how+", "+what, directory.Invalid, tt.field, func() error { return second(update()) })
				continue
			}
			u := must(update())(t)
			want := jane.User
			want.Name = *tt.in.Name
			if diff := cmp.Diff([]directory.User{want, want}, []directory.User{u, w.User(jane.ID)}); diff != "" {
				t.Errorf("%s, %s (-want +got):\n%s", how, what, diff)
			}
		}
	}
}

// Another's user can't be changed, and whether there is such a user is not told.
func TestUpdateUserOfAnother(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	rival := w.Tenant("Rival")
	jane := w.Join("Jane", "admin")
	second2 := must(w.CreateOrg(t.Context(), w.By(jane), "Second"))(t)
	update := func(named directory.OrgID, id directory.UserID) error {
		return second(w.UpdateUser(t.Context(), w.As(jane.Secret, named), id, members.SelfUpdate{Name: ptr("X")}))
	}
	var messages []string
	for what, id := range map[string]directory.UserID{"the owner": w.Owner.ID, "of another organization": rival.ID, "nobody": "usr_0", "empty": ""} {
		w.Refused(what, directory.Forbidden, "", func() error {
			err := update(w.Org.ID, id)
			messages = append(messages, err.Error())
			return err
		})
	}
	for _, m := range messages {
		if m != messages[0] {
			t.Errorf("answers differ: %q, %q", m, messages[0])
		}
	}
	// The account's user in the named organization, or in any if none is named.
	w.Wants("named", "", update(second2.Org.ID, second2.User.ID))
	w.Wants("none named", "", update("", second2.User.ID))
	w.Refused("another one named", directory.Forbidden, "", func() error { return update(w.Org.ID, second2.User.ID) })
}

// The name is the account's: it changes in all organizations, but not where the
// account is only invited.
func TestRenamingReachesAllOrganizations(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	rival, third := w.Tenant("Rival"), w.Tenant("Third")
	here := w.Invite(rival, "user")
	must(w.AcceptInvitation(t.Context(), w.By(rival), w.Org.ID))(t)
	there := must(w.CreateUser(t.Context(), w.By(third), members.NewUser{Name: "As invited", Email: rival.Email, Role: "user"}))(t)
	must(w.UpdateSelf(t.Context(), w.As(rival.Secret, ""), members.SelfUpdate{Name: ptr("New Name")}))(t)
	if u := w.User(here.ID); u.Name != "New Name" {
		t.Errorf("where they joined: %q", u.Name)
	}
	if u := must(w.GetUser(t.Context(), w.By(rival), rival.ID))(t); u.Name != "New Name" {
		t.Errorf("at home: %q", u.Name)
	}
	if u := must(w.GetUser(t.Context(), w.By(third), there.ID))(t); u.Name != "As invited" {
		t.Errorf("where they are invited: %q", u.Name)
	}
	if p := w.By(rival).Principal; p.Name != "New Name" {
		t.Errorf("the next request acts as %q", p.Name)
	}
	u := must(w.AcceptInvitation(t.Context(), w.As(rival.Secret, ""), third.OrgID))(t)
	if u.Name != "New Name" {
		t.Errorf("joined as %q", u.Name)
	}
}
