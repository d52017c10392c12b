package onboarding_test

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/rosterhq/roster/internal/dbtest"
	"github.com/rosterhq/roster/internal/directory"
	"github.com/rosterhq/roster/internal/members"
	"github.com/rosterhq/roster/internal/onboarding"
)

// To delete an organization takes no lock for each of its users: PostgreSQL has room
// for some thousands.
func TestDeletedOrganizationsTakeFewLocks(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	rival := w.Tenant("Rival")
	for i := range 30 {
		must(w.CreateUser(t.Context(), w.By(rival), members.NewUser{Name: "X", Email: fmt.Sprintf("x%d@example.net", i), Role: "user"}))(t)
	}
	w.Invite(rival, "user")
	must(w.AcceptInvitation(t.Context(), w.By(rival), w.Org.ID))(t)
	locks := 0
	counting := onboarding.New(directory.NewService(lockCounter{w.DB, &locks}, dbtest.Keys(), w.Clock), onboarding.Options{})
	w.Wants("delete", "", counting.DeleteOrg(t.Context(), rival.OrgID))
	if locks > 3 { // the organization, and who is in another
		t.Errorf("%d locks", locks)
	}
	if _, ok := w.account("x7@example.net"); ok {
		t.Error("an account without memberships is there still")
	}
	w.As(rival.Secret, w.Org.ID)
}

// An organization that is deleted takes along the accounts it was the last of.
func TestDeletedOrganizationsEndAccounts(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	rival := w.Tenant("Rival")
	only := must(w.CreateUser(t.Context(), w.By(rival), members.NewUser{Name: "Only", Email: "only@example.net", Role: "user"}))(t)
	onlyToken := w.WithToken(only)
	w.Invite(rival, "user")
	must(w.AcceptInvitation(t.Context(), w.By(rival), w.Org.ID))(t)
	invited := w.Invite(onlyToken, "read-only") // open in the organization that stays
	before := w.Org
	w.Wants("delete", "", w.DeleteOrg(t.Context(), rival.OrgID))

	w.Dead("of the account that ended", onlyToken.Secret)
	if p := w.As(rival.Secret, "").Principal; p.OrgID != w.Org.ID {
		t.Errorf("the account with another membership acts as %+v", p)
	}
	if u := w.User(invited.ID); u != invited {
		t.Errorf("the open invitation is %+v, was %+v", u, invited)
	}
	if m := must(w.GetOrg(t.Context(), w.ByOwner(), w.Org.ID))(t); m.Org != before {
		t.Errorf("the other organization is %+v", m.Org)
	}
	w.Wants("delete again", directory.NotFound, w.DeleteOrg(t.Context(), rival.OrgID))
}

type lockCounter struct {
	directory.Store
	locks *int
}

func (s lockCounter) Write(ctx context.Context, fn func(directory.Tx) error) error {
	return s.Store.Write(ctx, func(tx directory.Tx) error { return fn(countedTx{tx, s.locks}) })
}

type countedTx struct {
	directory.Tx
	locks *int
}

func (t countedTx) Lock(l directory.Lock) error {
	*t.locks++
	return t.Tx.Lock(l)
}

// An export tells everything but secrets; after the deletion one entry is left.
func TestExportAndDelete(t *testing.T) {
	t.Parallel()
	s := newProvisioning(t)
	d, err := s.Initialize(t.Context(), onboarding.NewDeployment{OrgName: "Acme", OwnerName: "Olivia", OwnerEmail: "owner@example.com"})
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := s.ExportOrg(t.Context(), d.Org.ID, &out); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`"organization"`, `"user"`, `"apiToken"`, `"entry"`, "owner@example.com"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("the export lacks %s", want)
		}
	}
	for _, secret := range []string{d.APIToken, d.PersonalToken, `"hash":`, `"Hash":`} {
		if strings.Contains(out.String(), secret) {
			t.Errorf("the export holds %s", secret)
		}
	}
	if err := s.DeleteOrg(t.Context(), d.Org.ID); err != nil {
		t.Fatal(err)
	}
	for _, secret := range []string{d.APIToken, d.PersonalToken} {
		_, err := s.Authenticate(t.Context(), secret, "")
		wantCode(t, err, directory.Unauthenticated)
	}
	wantCode(t, s.DeleteOrg(t.Context(), d.Org.ID), directory.NotFound)
	var left []directory.Entry
	if err := s.db.Settled(t.Context()); err != nil {
		t.Fatal(err)
	}
	err = s.db.Read(t.Context(), func(tx directory.Tx) error {
		left, err = tx.Entries(0, 100)
		return err
	})
	if err != nil || len(left) != 1 || left[0].Action != "deleteOrg" || left[0].Target.ID != string(d.Org.ID) {
		t.Errorf("left are %+v, %v", left, err)
	}
}
