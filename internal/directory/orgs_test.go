package directory_test

import (
	"regexp"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/rosterhq/roster/internal/directory"
)

func TestCreateOrg(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	jane := w.Join("Jane", "none") // it takes no permission, only an account
	m := must(w.CreateOrg(t.Context(), w.By(jane), " Canary Experiments! "))(t)
	if !regexp.MustCompile(`^canary-experiments-[0-9a-z]{4}$`).MatchString(string(m.Org.ID)) || m.Org.Name != "Canary Experiments!" {
		t.Errorf("organization %+v", m.Org)
	}
	now := w.Clock().UTC().Truncate(time.Microsecond)
	want := directory.User{
		ID: m.User.ID, OrgID: m.Org.ID, AccountID: jane.AccountID, Email: jane.Email, Name: jane.Name,
		Role: directory.RoleRef{ID: "owner", Name: "owner"}, CreatedAt: now,
	}
	if diff := cmp.Diff(want, m.User); diff != "" {
		t.Errorf("its owner (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(m, must(w.GetOrg(t.Context(), w.As(jane.Secret, m.Org.ID), m.Org.ID))(t)); diff != "" {
		t.Errorf("(-answered +read):\n%s", diff)
	}
	// From now on the account is in two, and must say which it means.
	p := w.As(jane.Secret, "").Principal
	if p.OrgID != "" || !p.Capabilities.Empty() {
		t.Errorf("without naming one, acts as %+v", p)
	}
	_, err := w.GetUser(t.Context(), directory.Call{Principal: p}, jane.ID)
	w.Wants("in which", directory.Invalid, err)
}

func TestOrgIDs(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for name, want := range map[string]string{
		"Acme":               `^acme-[0-9a-z]{4}$`,
		"A  --  B":           `^a-b-[0-9a-z]{4}$`,
		"日本":                 `^org-[0-9a-z]{4}$`,
		"Zoë & Søn":          `^zo-s-n-[0-9a-z]{4}$`,
		"_1_":                `^1-[0-9a-z]{4}$`,
		"x-" + longName(199): `^x-x{38}-[0-9a-z]{4}$`,
	} {
		m := must(w.CreateOrg(t.Context(), w.As(w.Owner.Secret, w.Org.ID), name))(t)
		if !regexp.MustCompile(want).MatchString(string(m.Org.ID)) {
			t.Errorf("%.20q has the id %q, want %s", name, m.Org.ID, want)
		}
	}
}

func longName(n int) string {
	b := make([]byte, n-1)
	for i := range b {
		b[i] = 'x'
	}
	return string(b)
}

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
	everything := must(w.CreateRole(t.Context(), w.ByOwner(), directory.NewRole{Name: "Everything", Capabilities: w.ByOwner().Principal.Capabilities}))(t)
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
