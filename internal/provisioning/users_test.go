package provisioning_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rosterhq/roster/internal/directory"
	"github.com/rosterhq/roster/internal/directorytest"
	"github.com/rosterhq/roster/internal/onboarding"
	"github.com/rosterhq/roster/internal/provisioning"
	"github.com/rosterhq/roster/internal/text"
)

func TestCreatedUserIsAMemberWithAProfile(t *testing.T) {
	w := newWorld(t)
	before := w.last()
	jane := w.create("jane")
	if jane.Email != "jane@example.com" || jane.Name != "The jane" || jane.Role.ID != "user" || jane.Invited || jane.Suspended {
		t.Errorf("created %+v", jane.User)
	}
	if jane.Version != 2 || jane.Profile.ExternalID != "ext-jane" || !jane.Profile.Active {
		t.Errorf("with profile %+v, version %d", jane.Profile, jane.Version)
	}
	v2 := directorytest.Must(w.Roll.GetUser(t.Context(), w.ByOwner(), jane.ID))(t)
	if v2 != jane.User {
		t.Errorf("v2 has %+v", v2)
	}
	if got := w.actions(before); !slices.Equal(got, []string{"createUser"}) {
		t.Errorf("entries %v", got)
	}
	entries := w.Since(before)
	if after := string(entries[0].After); !strings.Contains(after, `"externalId":"ext-jane"`) || !strings.Contains(after, `"displayName":"The jane"`) {
		t.Errorf("the entry has %s", after)
	}
	w.checkLog()
}

func TestUserNamesAndAddressesAreUnique(t *testing.T) {
	w := newWorld(t)
	w.create("jane")
	try := func(what, field string, change func(*provisioning.Profile)) {
		t.Helper()
		p := profile("other")
		change(&p)
		_, err := w.Provisioner.CreateUser(t.Context(), w.call(), p)
		e, _ := errors.AsType[*directory.Error](err)
		if e == nil || e.Code != directory.Conflict || e.Field != field {
			t.Errorf("%s: %v", what, err)
		}
	}
	try("the user name in other letters", "userName", func(p *provisioning.Profile) { p.UserName = "JANE@example.com" })
	try("the address", "emails", func(p *provisioning.Profile) {
		p.Attributes["emails"] = []any{map[string]any{"value": "Jane@Example.com", "primary": true}}
	})
	try("the address of the owner, whom no directory has made", "userName", func(p *provisioning.Profile) { p.UserName = "OLIVIA@example.com" })
	other := w.create("other")
	_, err := w.modify(other.ID, func(p *provisioning.Profile) { p.UserName = "jAne@example.com" })
	w.Wants("a change to a taken user name", directory.Conflict, err)
	if _, err := w.modify(other.ID, func(p *provisioning.Profile) { p.UserName = "OTHER@example.com" }); err != nil {
		t.Errorf("a change of its own letter case: %v", err)
	}
}

func TestAddressIsThePrimaryEmailOrTheUserName(t *testing.T) {
	w := newWorld(t)
	emails := func(of ...map[string]any) []any {
		list := make([]any, len(of))
		for i := range of {
			list[i] = of[i]
		}
		return list
	}
	for _, test := range []struct {
		name, userName string
		emails         []any
		want           string // "": refused
	}{
		{"primary", "a", emails(map[string]any{"value": "x@example.com"}, map[string]any{"value": "a@example.com", "primary": true}), "a@example.com"},
		{"user name", "b@example.com", emails(map[string]any{"value": "c@example.com"}), "b@example.com"},
		{"neither", "c", emails(map[string]any{"value": "c@example.com"}), ""},
		{"nothing", "d", nil, ""},
		{"primary that is no address", "e@example.com", emails(map[string]any{"value": "e", "primary": true}), ""},
	} {
		p := provisioning.Profile{UserName: test.userName, Active: true, Attributes: map[string]any{"emails": test.emails}}
		u, err := w.Provisioner.CreateUser(t.Context(), w.call(), p)
		if test.want == "" {
			e, _ := errors.AsType[*directory.Error](err)
			if e == nil || e.Code != directory.Invalid || e.Field != "emails" {
				t.Errorf("%s: %v", test.name, err)
			}
			continue
		}
		if err != nil || u.Email != test.want {
			t.Errorf("%s: address %q, %v", test.name, u.Email, err)
		}
	}
}

func TestUnchangedUserIsNotWritten(t *testing.T) {
	w := newWorld(t)
	jane := w.create("jane")
	before := w.last()
	same := directorytest.Must(w.modify(jane.ID, func(p *provisioning.Profile) { *p = profile("jane") }))(t)
	if same.Version != jane.Version || !same.UpdatedAt.Equal(jane.UpdatedAt) {
		t.Errorf("version %d became %d", jane.Version, same.Version)
	}
	if got := w.actions(before); len(got) != 0 {
		t.Errorf("entries %v", got)
	}
}

func TestDirectoryChangesOnlyTheProfile(t *testing.T) {
	w := newWorld(t)
	jane := w.create("jane")
	before := w.last()
	w.Pass(time.Minute)
	changed := directorytest.Must(w.modify(jane.ID, func(p *provisioning.Profile) {
		p.Attributes = map[string]any{"displayName": "New", "emails": []any{map[string]any{"value": "new@example.com", "primary": true}}}
	}))(t)
	if changed.Email != jane.Email || changed.Name != jane.Name {
		t.Errorf("the account became %q, %q", changed.Email, changed.Name)
	}
	if changed.Version == jane.Version || !changed.UpdatedAt.After(jane.UpdatedAt) {
		t.Errorf("version %d at %v", changed.Version, changed.UpdatedAt)
	}
	if got := w.actions(before); !slices.Equal(got, []string{"updateUserProfile"}) {
		t.Errorf("entries %v", got)
	}
	found := directorytest.Must(w.Provisioner.ListUsers(t.Context(), w.call(), provisioning.Query{ProfileQuery: directory.ProfileQuery{
		Where: directory.Some{Path: directory.Path{"emails"}, Where: directory.Compare{Path: directory.Path{"value"}, Op: directory.Equal, Value: text.FoldKey("new@example.com")}},
	}, Total: true}))(t)
	if found.Total != 1 || len(found.Items) != 1 || found.Items[0].ID != jane.ID {
		t.Errorf("found %+v", found)
	}
	w.checkLog()
}

func TestActiveSuspendsAndReactivates(t *testing.T) {
	w := newWorld(t)
	jane := w.create("jane")
	before := w.last()
	w.Wants("suspend", "", w.suspend(jane.ID))
	p := w.person(jane.ID)
	if !p.Suspended || p.Profile.Active || p.Version == jane.Version {
		t.Errorf("suspended: %+v", p)
	}
	if _, err := w.modify(jane.ID, func(p *provisioning.Profile) { p.Active = true }); err != nil {
		t.Fatal(err)
	}
	if p = w.person(jane.ID); p.Suspended || !p.Profile.Active || p.Version != jane.Version {
		t.Errorf("active again: %+v", p)
	}
	if got := w.actions(before); !slices.Equal(got, []string{"updateUserStatus", "updateUserStatus"}) {
		t.Errorf("entries %v", got)
	}
	if _, err := w.UpdateUserStatus(t.Context(), w.ByOwner(), jane.ID, directory.Suspended); err != nil {
		t.Fatal(err)
	}
	if w.person(jane.ID).Profile.Active {
		t.Error("a suspension through v2 does not show")
	}
	w.Wants("remove through v2", "", w.RemoveUser(t.Context(), w.ByOwner(), jane.ID))
	_, err := w.Provisioner.GetUser(t.Context(), w.call(), jane.ID)
	w.Wants("removed through v2", directory.NotFound, err)
	w.checkLog()
}

func TestUserIsCreatedInactive(t *testing.T) {
	w := newWorld(t)
	p := profile("jane")
	p.Active = false
	jane := directorytest.Must(w.Provisioner.CreateUser(t.Context(), w.call(), p))(t)
	if !jane.Suspended || jane.Profile.Active {
		t.Errorf("created %+v", jane)
	}
	w.checkLog()
}

func TestDirectoryCannotTakeOwnersAway(t *testing.T) {
	w := newWorld(t)
	w.Wants("suspend the last owner", directory.Conflict, w.suspend(w.Owner.ID))
	w.Wants("remove the last owner", directory.Conflict, w.Provisioner.DeleteUser(t.Context(), w.call(), w.Owner.ID, nil))
	w.Join("Second", "owner")
	w.Wants("suspend an owner", directory.Forbidden, w.suspend(w.Owner.ID))
	w.Wants("remove an owner", directory.Forbidden, w.Provisioner.DeleteUser(t.Context(), w.call(), w.Owner.ID, nil))
	if _, err := w.modify(w.Owner.ID, func(p *provisioning.Profile) { p.ExternalID = "owner" }); err != nil {
		t.Errorf("take over an owner: %v", err)
	}
}

func TestExistingUsersAreTakenOver(t *testing.T) {
	w := newWorld(t)
	jane := w.Join("Jane", "admin")
	found := directorytest.Must(w.Provisioner.ListUsers(t.Context(), w.call(), provisioning.Query{ProfileQuery: directory.ProfileQuery{
		Where: directory.Compare{Path: directory.Path{"userName"}, Op: directory.Equal, Value: text.FoldKey(jane.Email)},
	}}))(t)
	if len(found.Items) != 1 || found.Items[0].ID != jane.ID || found.Items[0].Profile.UserName != jane.Email || found.Items[0].Version != 0 {
		t.Fatalf("found %+v", found)
	}
	taken := directorytest.Must(w.modify(jane.ID, func(p *provisioning.Profile) { p.UserName, p.ExternalID = "jd", "1" }))(t)
	if taken.Role.ID != "admin" || taken.Email != jane.Email || taken.Profile.UserName != "jd" || taken.Version == 0 {
		t.Errorf("taken over: %+v", taken)
	}
	w.checkLog()
}

// An address with an account is invited, and stays the same resource whatever becomes of
// the invitation.
func TestInvitationStaysAResource(t *testing.T) {
	w := newWorld(t)
	rival := w.rival()
	p := profile("x")
	p.UserName, p.Attributes["emails"] = "rival", []any{map[string]any{"value": rival.Email, "primary": true}}
	invited := directorytest.Must(w.Provisioner.CreateUser(t.Context(), w.call(), p))(t)
	if !invited.Invited || !invited.Profile.Active {
		t.Fatalf("invited %+v", invited)
	}
	w.Wants("decline", "", w.DeclineInvitation(t.Context(), w.By(rival), w.Org.ID))
	if declined := w.person(invited.ID); !declined.Invited || !declined.Profile.Active {
		t.Errorf("declined: %+v", declined)
	}
	if open := directorytest.Must(w.ListInvitations(t.Context(), w.By(rival)))(t); len(open) != 0 {
		t.Errorf("still open: %v", open)
	}
	_, err := w.AcceptInvitation(t.Context(), w.By(rival), w.Org.ID)
	w.Wants("accept what was declined", directory.Conflict, err)
	w.Pass(onboarding.InvitationGrace + 24*time.Hour)
	w.Wants("drop expired ones", "", w.DropInvitations(t.Context()))
	w.person(invited.ID)

	w.Wants("suspend", "", w.suspend(invited.ID))
	before := w.last()
	if _, err := w.modify(invited.ID, func(p *provisioning.Profile) { p.Active = true }); err != nil {
		t.Fatal(err)
	}
	if got := w.actions(before); !slices.Equal(got, []string{"updateUserStatus", "resendInvitation"}) {
		t.Errorf("reactivated: entries %v", got)
	}
	joined := directorytest.Must(w.AcceptInvitation(t.Context(), w.By(rival), w.Org.ID))(t)
	if joined.ID != invited.ID || w.person(invited.ID).Profile.UserName != "rival" {
		t.Errorf("joined as %+v", joined)
	}
	w.checkLog()
}

func TestSuspendedInvitationMakesASuspendedMember(t *testing.T) {
	w := newWorld(t)
	rival := w.rival()
	p := profile("x")
	p.UserName, p.Active, p.Attributes["emails"] = "rival", false, []any{map[string]any{"value": rival.Email, "primary": true}}
	invited := directorytest.Must(w.Provisioner.CreateUser(t.Context(), w.call(), p))(t)
	directorytest.Must(w.AcceptInvitation(t.Context(), w.By(rival), w.Org.ID))(t)
	if u := w.person(invited.ID); u.Invited || !u.Suspended {
		t.Errorf("joined as %+v", u.User)
	}
	w.checkLog()
}

func TestDefaultRoleIsTheSettings(t *testing.T) {
	w := newWorld(t)
	set := func(role directory.RoleID) error {
		_, err := w.UpdateSettings(t.Context(), w.ByOwner(), provisioning.Settings{DefaultRole: role, BreakerPercent: 20})
		return err
	}
	w.Wants("owner", directory.Invalid, set("owner"))
	w.Wants("unknown", directory.Invalid, set("nobody"))
	w.Wants("read-only", "", set("read-only"))
	if jane := w.create("jane"); jane.Role.ID != "read-only" {
		t.Errorf("created %+v", jane.User)
	}
	before := w.last()
	w.Wants("again", "", set("read-only"))
	if got := w.actions(before); len(got) != 0 {
		t.Errorf("entries %v", got)
	}
	_, err := w.UpdateSettings(t.Context(), w.By(w.Join("Una", "user")), provisioning.Settings{DefaultRole: "none", BreakerPercent: 20})
	w.Wants("by a user", directory.Forbidden, err)
	_, err = w.UpdateSettings(t.Context(), w.By(w.Join("Adam", "admin")), provisioning.Settings{DefaultRole: "read-only", BreakerPercent: 99})
	w.Wants("the breaker's share by an admin", directory.Forbidden, err)
}
