package access_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/rosterhq/roster/internal/access"
	"github.com/rosterhq/roster/internal/applications"
	"github.com/rosterhq/roster/internal/authz"
	"github.com/rosterhq/roster/internal/credentials"
	"github.com/rosterhq/roster/internal/directory"
	"github.com/rosterhq/roster/internal/members"
	"github.com/rosterhq/roster/internal/roles"
)

// diffOf tries a change and says who would gain and lose what.
func (w *world) diffOf(do func(call directory.Call) error) []string {
	w.Helper()
	call := w.ByOwner()
	diff := new(access.Diff)
	call.DryRun = diff
	w.Wants("dry run", "", do(call))
	if diff.Omitted > 0 {
		w.Errorf("%d changes are left out", diff.Omitted)
	}
	var lines []string
	for _, c := range diff.Changes {
		line := c.Target.Type + " " + c.Target.Name
		if gained := c.Gained.Names(); len(gained) > 0 {
			line += " +" + strings.Join(gained, " +")
		}
		if lost := c.Lost.Names(); len(lost) > 0 {
			line += " -" + strings.Join(lost, " -")
		}
		lines = append(lines, line)
	}
	slices.Sort(lines)
	return lines
}

func TestDryRunTellsWhoGainsAndLoses(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	low := w.Role("Low", "users|read")
	high := w.Role("High", "users|read", "users|delete", "dataset:logs:query|read")
	ann, bob := w.Join("Ann", low.ID), w.Join("Bob", low.ID)
	token := w.Token("users|read")
	team := w.Group("Team", []directory.UserID{ann.ID}, low.ID)
	press := applications.NewApplication{ID: "press", Name: "Press", Types: authz.AppTypes{"page": {Actions: []string{"read", "write", "edit"}}}}
	must(w.CreateApplication(t.Context(), w.ByOwner(), press))(t)
	writers, editors := w.Role("Writers", "app:press:page|read", "app:press:page|write"), w.Role("Editors", "app:press:page|edit")
	mia, eve := w.Join("Mia", writers.ID), w.Join("Eve", editors.ID)
	w.Group("Press", []directory.UserID{eve.ID, mia.ID}, writers.ID) // who is reached twice is counted once
	for what, tt := range map[string]struct {
		do   func(call directory.Call) error
		want []string
	}{
		"a new user": {func(call directory.Call) error {
			return second(w.CreateUser(t.Context(), call, members.NewUser{Name: "New", Email: "n@example.com", Role: low.ID}))
		}, []string{"user New +users|read"}},
		"a new user who has an account, which is not told": {func(call directory.Call) error {
			return second(w.CreateUser(t.Context(), call, members.NewUser{Name: "New", Email: w.Tenant("T").Email, Role: low.ID}))
		}, []string{"user New +users|read"}},
		"another role": {func(call directory.Call) error {
			return second(w.UpdateUserRole(t.Context(), call, ann.ID, high.ID))
		}, []string{"user Ann +users|delete +dataset:logs:query|read"}},
		"no role, but the group": {func(call directory.Call) error {
			return second(w.UpdateUserRole(t.Context(), call, ann.ID, "none"))
		}, nil},
		"no role": {func(call directory.Call) error {
			return second(w.UpdateUserRole(t.Context(), call, bob.ID, "none"))
		}, []string{"user Bob -users|read"}},
		"removal": {func(call directory.Call) error {
			return w.RemoveUser(t.Context(), call, ann.ID)
		}, []string{"user Ann -users|read"}},
		"a role that many have": {func(call directory.Call) error {
			return second(w.UpdateRole(t.Context(), call, low.ID, roles.NewRole{Name: "Low", Capabilities: caps(t, "users|update")}))
		}, []string{"user Ann +users|update -users|read", "user Bob +users|update -users|read"}},
		"a role's members": {func(call directory.Call) error {
			return second(w.UpdateRole(t.Context(), call, high.ID, roles.NewRole{Name: "High", Capabilities: high.Capabilities, Members: ids(bob.ID)}))
		}, []string{"user Bob +users|delete +dataset:logs:query|read"}},
		"an application that roles hold less of": {func(call directory.Call) error {
			less := applications.NewApplication{Name: "Press", Types: authz.AppTypes{"page": {Actions: []string{"read"}}}}
			return second(w.UpdateApplication(t.Context(), call, "press", less, true))
		}, []string{"user Eve -app:press:page|edit -app:press:page|write", "user Mia -app:press:page|write"}},
		"a name only": {func(call directory.Call) error {
			return second(w.UpdateRole(t.Context(), call, low.ID, roles.NewRole{Name: "Lower", Capabilities: low.Capabilities}))
		}, nil},
		"a group's roles": {func(call directory.Call) error {
			return second(w.UpdateGroup(t.Context(), call, team.ID, roles.NewGroup{Name: "Team", Roles: ids(high.ID)}))
		}, []string{"user Ann +users|delete +dataset:logs:query|read"}},
		"a group's members": {func(call directory.Call) error {
			return second(w.UpdateGroup(t.Context(), call, team.ID, roles.NewGroup{Name: "Team", Members: ids(bob.ID), Roles: ids(high.ID)}))
		}, []string{"user Bob +users|delete +dataset:logs:query|read"}},
		"a new token": {func(call directory.Call) error {
			return second(w.CreateAPIToken(t.Context(), call, credentials.NewAPIToken{Name: "t", Capabilities: caps(t, "users|read")}))
		}, []string{"apiToken t +users|read"}},
		"a token less": {func(call directory.Call) error {
			return w.DeleteAPIToken(t.Context(), call, token.ID)
		}, []string{"apiToken token -users|read"}},
	} {
		if got := w.diffOf(tt.do); !slices.Equal(got, tt.want) {
			t.Errorf("%s: %q, want %q", what, got, tt.want)
		}
	}
}

// A dry run tells of the actor's organization, and elsewhere of the actor's own
// user, whatever else the change leads to.
func TestDryRunTellsNothingOfOtherOrganizations(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	jane, rival := w.Join("Janet", "user"), w.Tenant("Elsewhere")
	invited := func(m member) directory.User {
		return must(w.CreateUser(t.Context(), w.By(rival), members.NewUser{Name: "Theirs", Email: m.Email, Role: "user"}))(t)
	}
	heir := invited(jane)
	call, diff := w.ByOwner(), new(access.Diff)
	call.DryRun = diff
	w.Wants("remove", "", w.RemoveUser(t.Context(), call, jane.ID))
	if got := diff.Changes; len(got) != 1 || got[0].Target.ID != string(jane.ID) || diff.Omitted != 0 {
		t.Errorf("removing %s, who is invited as %s: %+v", jane.ID, heir.ID, diff)
	}

	call = w.By(jane)
	call.DryRun = diff
	must(w.AcceptInvitation(t.Context(), call, rival.OrgID))(t)
	if got := diff.Changes; len(got) != 1 || got[0].Target.ID != string(heir.ID) || got[0].Gained.Empty() {
		t.Errorf("accepting oneself: %+v", diff)
	}
	call.DryRun = diff
	made := must(w.CreateOrg(t.Context(), call, "Mine"))(t)
	if got := diff.Changes; len(got) != 1 || got[0].Target.ID != string(made.User.ID) || got[0].Gained.Empty() {
		t.Errorf("making an organization: %+v", diff)
	}
}

// A dry run does not reveal the access of others to callers who may not read it. It shows
// whose access would change, and everything about the callers themselves.
func TestDryRunTellsNoMoreThanMayBeRead(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	victim, token := w.Join("Victim", "admin"), w.Token("users|read")
	for what, tt := range map[string]struct {
		with  []string
		try   func(call directory.Call) error
		shown bool
	}{
		"a user, without rbac|read": {[]string{"users|delete", "users|read", "apiTokens|read"}, func(call directory.Call) error {
			return w.RemoveUser(t.Context(), call, victim.ID)
		}, false},
		"a user": {[]string{"users|delete", "rbac|read"}, func(call directory.Call) error {
			return w.RemoveUser(t.Context(), call, victim.ID)
		}, true},
		"a token, without apiTokens|read": {[]string{"apiTokens|delete", "rbac|read"}, func(call directory.Call) error {
			return w.DeleteAPIToken(t.Context(), call, token.ID)
		}, false},
		"a token": {[]string{"apiTokens|delete", "apiTokens|read"}, func(call directory.Call) error {
			return w.DeleteAPIToken(t.Context(), call, token.ID)
		}, true},
		"the token itself": {[]string{"apiTokens|delete"}, func(call directory.Call) error {
			return w.DeleteAPIToken(t.Context(), call, call.Principal.TokenID)
		}, true},
	} {
		call, diff := w.As(w.Token(tt.with...).Secret, ""), new(access.Diff)
		call.DryRun = diff
		w.Wants(what, "", tt.try(call))
		if got := diff.Changes; len(got) != 1 || got[0].Target.Name == "" || !got[0].Lost.Empty() != tt.shown {
			t.Errorf("%s: %+v", what, got)
		}
	}
	self := w.Join("Herself", w.Role("Leaver", "users|delete").ID)
	call, diff := w.By(self), new(access.Diff)
	call.DryRun = diff
	w.Wants("leave", "", w.RemoveUser(t.Context(), call, self.ID))
	if got := diff.Changes; len(got) != 1 || got[0].Lost.Empty() {
		t.Errorf("oneself: %+v", got)
	}
}

// A change of many names a hundred and counts the rest.
func TestDryRunOfMany(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	role := w.Role("Crowd")
	for i := range access.MaxDiff + 5 {
		must(w.CreateUser(t.Context(), w.ByOwner(), members.NewUser{Name: "X", Email: fmt.Sprintf("x%d@example.com", i), Role: role.ID}))(t)
	}
	call, diff := w.ByOwner(), new(access.Diff)
	call.DryRun = diff
	must(w.UpdateRole(t.Context(), call, role.ID, roles.NewRole{Name: "Crowd", Capabilities: caps(t, "users|read")}))(t)
	if n := len(diff.Changes); n != access.MaxDiff || diff.Omitted != 5 {
		t.Errorf("%d changes and %d omitted", n, diff.Omitted)
	}
}
