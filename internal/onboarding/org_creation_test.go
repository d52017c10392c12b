package onboarding_test

import (
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/rosterhq/roster/internal/directory"
	"github.com/rosterhq/roster/internal/onboarding"
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
		"Acme":                          `^acme-[0-9a-z]{4}$`,
		"A  --  B":                      `^a-b-[0-9a-z]{4}$`,
		"日本":                            `^org-[0-9a-z]{4}$`,
		"Zoë & Søn":                     `^zo-s-n-[0-9a-z]{4}$`,
		"_1_":                           `^1-[0-9a-z]{4}$`,
		"x-" + strings.Repeat("x", 198): `^x-x{38}-[0-9a-z]{4}$`,
	} {
		m := must(w.CreateOrg(t.Context(), w.As(w.Owner.Secret, w.Org.ID), name))(t)
		if !regexp.MustCompile(want).MatchString(string(m.Org.ID)) {
			t.Errorf("%.20q has the id %q, want %s", name, m.Org.ID, want)
		}
	}
}

func TestOrgCreationIsTheOperatorsChoice(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	john := w.Join("john", "admin")
	for _, c := range []struct {
		who           onboarding.OrgCreation
		owner, member directory.Code
	}{
		{onboarding.OrgCreationNobody, directory.Forbidden, directory.Forbidden},
		{onboarding.OrgCreationOwners, "", directory.Forbidden},
		{onboarding.OrgCreationAnybody, "", ""},
	} {
		w.allow(c.who)
		w.Wants(string(c.who)+", an owner", c.owner, second(w.CreateOrg(t.Context(), w.As(w.Owner.Secret, w.Org.ID), "X")))
		err := second(w.CreateOrg(t.Context(), w.By(john), "X"))
		w.Wants(string(c.who)+", an admin", c.member, err)
		if err != nil && !strings.Contains(err.Error(), "--allow-org-creation") {
			t.Errorf("%q does not name the setting", err)
		}
	}
	w.allow("") // the default; john owns one by now
	w.Wants("who has come to own one", "", second(w.CreateOrg(t.Context(), w.As(john.Secret, w.Org.ID), "X")))
}
