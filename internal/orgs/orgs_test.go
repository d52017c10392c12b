package orgs_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/rosterhq/roster/internal/directory"
	"github.com/rosterhq/roster/internal/roles"
)

func TestListAndGetOrgs(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	rival := w.Tenant("Rival")
	w.Invite(rival, "user")
	w.Pass(time.Second)
	second := must(w.CreateOrg(t.Context(), w.By(rival), "Second"))(t)
	ids := func(call directory.Call) (ids []directory.OrgID) {
		for _, m := range must(w.ListOrgs(t.Context(), call))(t) {
			ids = append(ids, m.Org.ID)
		}
		return ids
	}
	// In the order they were joined; an open invitation is none.
	if diff := cmp.Diff([]directory.OrgID{rival.OrgID, second.Org.ID}, ids(w.As(rival.Secret, ""))); diff != "" {
		t.Errorf("the account's (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]directory.OrgID{w.Org.ID}, ids(w.As(w.APIToken, ""))); diff != "" {
		t.Errorf("the API token's (-want +got):\n%s", diff)
	}
	// Any organization of the account may be asked for, whichever is named.
	for _, named := range []directory.OrgID{"", rival.OrgID, second.Org.ID} {
		if m := must(w.GetOrg(t.Context(), w.As(rival.Secret, named), second.Org.ID))(t); m.User.Role.ID != "owner" {
			t.Errorf("naming %q: %+v", named, m)
		}
	}
	_, unknown := w.GetOrg(t.Context(), w.ByOwner(), "unknown-0000")
	_, theirs := w.GetOrg(t.Context(), w.ByOwner(), rival.OrgID)
	_, invited := w.GetOrg(t.Context(), w.As(rival.Secret, ""), w.Org.ID)
	_, byToken := w.GetOrg(t.Context(), w.As(w.APIToken, ""), rival.OrgID)
	for what, err := range map[string]error{"unknown": unknown, "another's": theirs, "invited": invited, "by token": byToken} {
		w.Wants(what, directory.NotFound, err)
		if err.Error() != unknown.Error() {
			t.Errorf("%s: %q, want %q", what, err, unknown)
		}
	}
}

func TestUpdateOrg(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	rival := w.Tenant("Rival")
	everything := must(w.CreateRole(t.Context(), w.ByOwner(), roles.NewRole{Name: "Everything", Capabilities: w.ByOwner().Principal.Capabilities}))(t)
	almighty := w.Join("Almighty", everything.ID)
	grouped := w.Join("Grouped", "user")
	w.Group("G", []directory.UserID{grouped.ID}, "admin")
	update := func(m member, name string) func() error {
		return func() error { return second(w.UpdateOrg(t.Context(), w.By(m), w.Org.ID, name)) }
	}
	w.Pass(time.Second)
	m := must(w.UpdateOrg(t.Context(), w.ByOwner(), w.Org.ID, " New name "))(t)
	if m.Org.Name != "New name" || m.Org.ID != w.Org.ID || !m.Org.CreatedAt.Equal(w.Org.CreatedAt) || !m.Org.UpdatedAt.After(w.Org.UpdatedAt) {
		t.Errorf("updated to %+v", m.Org)
	}
	w.Wants("an admin", "", update(w.Join("Admin", "admin"), "Admin's")())
	// It goes by the base role, not by what one may do besides.
	w.Refused("a user", directory.Forbidden, "", update(w.Join("User", "user"), "X"))
	w.Refused("somebody with every capability", directory.Forbidden, "", update(almighty, "X"))
	w.Refused("somebody with admin's through a group", directory.Forbidden, "", update(grouped, "X"))
	w.Refused("a stranger", directory.NotFound, "", update(rival, "X"))
	w.Refused("an unknown one", directory.NotFound, "", func() error {
		return second(w.UpdateOrg(t.Context(), w.ByOwner(), "unknown-0000", "X"))
	})
	// An account in several may rename each that it owns, naming any or none.
	other := must(w.CreateOrg(t.Context(), w.ByOwner(), "Other"))(t)
	for _, named := range []directory.OrgID{"", w.Org.ID, other.Org.ID} {
		m := must(w.UpdateOrg(t.Context(), w.As(w.Owner.Secret, named), other.Org.ID, "Named "+string(named)))(t)
		if m.Org.ID != other.Org.ID {
			t.Errorf("naming %q: renamed %s", named, m.Org.ID)
		}
	}
}
