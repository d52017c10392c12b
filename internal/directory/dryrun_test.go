package directory_test

import (
	"context"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/rosterhq/roster/internal/applications"
	"github.com/rosterhq/roster/internal/authz"
	"github.com/rosterhq/roster/internal/dbtest"
	"github.com/rosterhq/roster/internal/directory"
)

var drawn = regexp.MustCompile(`(usr|acc|role|grp|tok|pat|whk|lnk|cred)_[0-9a-z]{26}|new-[0-9a-z]{4}`)

// A dry run answers what the real run answers, but for what is drawn at random,
// and writes nothing at all.
func TestDryRunWritesNothing(t *testing.T) {
	t.Parallel()
	forEachOperation(t, func(t *testing.T, s *scene, op operation) {
		if op.what == "of an account there is" {
			t.Skip("it makes the account on the way")
		}
		call := op.call(s)
		before := s.Tables()
		dry := call
		dry.DryRun = new(directory.AccessDiff)
		dry.IdempotencyKey, dry.Fingerprint = "k", []byte("f")
		tried, err := op.do(s, dry)
		s.Wants("dry", "", err)
		s.Unchanged("dry", before)
		if secret := secretOf(tried); secret != "" {
			t.Errorf("the value of a token that does not exist: %q", secret)
		}
		wet := call
		wet.IdempotencyKey, wet.Fingerprint = "k", []byte("f") // the dry run has not used it up
		done, err := op.do(s, wet)
		s.Wants("real", "", err)
		shape := func(v any) string {
			return drawn.ReplaceAllString(string(must(json.Marshal(v))(t)), "$1")
		}
		if shape(tried) != shape(done) {
			t.Errorf("dry  %s\nreal %s", shape(tried), shape(done))
		}
	})
}

// diffOf tries a change and says who would gain and lose what.
func (s *scene) diffOf(do func(call directory.Call) error) []string {
	s.Helper()
	call := s.ByOwner()
	call.DryRun = new(directory.AccessDiff)
	s.Wants("dry run", "", do(call))
	if call.DryRun.Omitted > 0 {
		s.Errorf("%d changes are left out", call.DryRun.Omitted)
	}
	var lines []string
	for _, c := range call.DryRun.Changes {
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
	s := newScene(t)
	low := s.world.Role("Low", "users|read")
	high := s.world.Role("High", "users|read", "users|delete", "dataset:logs:query|read")
	ann, bob := s.Join("Ann", low.ID), s.Join("Bob", low.ID)
	team := s.world.Group("Team", []directory.UserID{ann.ID}, low.ID)
	apps := applications.New(s.Service)
	press := applications.NewApplication{ID: "press", Name: "Press", Types: directory.Vocabulary{"page": {Actions: []string{"read", "write", "edit"}}}}
	must(apps.CreateApplication(t.Context(), s.ByOwner(), press))(t)
	writers, editors := s.world.Role("Writers", "app:press:page|read", "app:press:page|write"), s.world.Role("Editors", "app:press:page|edit")
	mia, eve := s.Join("Mia", writers.ID), s.Join("Eve", editors.ID)
	s.world.Group("Press", []directory.UserID{eve.ID, mia.ID}, writers.ID) // who is reached twice is counted once
	for what, tt := range map[string]struct {
		do   func(call directory.Call) error
		want []string
	}{
		"a new user": {func(call directory.Call) error {
			return second(s.CreateUser(t.Context(), call, directory.NewUser{Name: "New", Email: "n@example.com", Role: low.ID}))
		}, []string{"user New +users|read"}},
		"a new user who has an account, which is not told": {func(call directory.Call) error {
			return second(s.CreateUser(t.Context(), call, directory.NewUser{Name: "New", Email: s.Tenant("T").Email, Role: low.ID}))
		}, []string{"user New +users|read"}},
		"another role": {func(call directory.Call) error {
			return second(s.UpdateUserRole(t.Context(), call, ann.ID, high.ID))
		}, []string{"user Ann +users|delete +dataset:logs:query|read"}},
		"no role, but the group": {func(call directory.Call) error {
			return second(s.UpdateUserRole(t.Context(), call, ann.ID, "none"))
		}, nil},
		"no role": {func(call directory.Call) error {
			return second(s.UpdateUserRole(t.Context(), call, bob.ID, "none"))
		}, []string{"user Bob -users|read"}},
		"removal": {func(call directory.Call) error {
			return s.RemoveUser(t.Context(), call, ann.ID)
		}, []string{"user Ann -users|read"}},
		"a role that many have": {func(call directory.Call) error {
			return second(s.UpdateRole(t.Context(), call, low.ID, directory.NewRole{Name: "Low", Capabilities: caps(t, "users|update")}))
		}, []string{"user Ann +users|update -users|read", "user Bob +users|update -users|read"}},
		"a role's members": {func(call directory.Call) error {
			return second(s.UpdateRole(t.Context(), call, high.ID, directory.NewRole{Name: "High", Capabilities: high.Capabilities, Members: members(bob.ID)}))
		}, []string{"user Bob +users|delete +dataset:logs:query|read"}},
		"an application that roles hold less of": {func(call directory.Call) error {
			less := applications.NewApplication{Name: "Press", Types: directory.Vocabulary{"page": {Actions: []string{"read"}}}}
			return second(apps.UpdateApplication(t.Context(), call, "press", less, true))
		}, []string{"user Eve -app:press:page|edit -app:press:page|write", "user Mia -app:press:page|write"}},
		"a name only": {func(call directory.Call) error {
			return second(s.UpdateRole(t.Context(), call, low.ID, directory.NewRole{Name: "Lower", Capabilities: low.Capabilities}))
		}, nil},
		"a group's roles": {func(call directory.Call) error {
			return second(s.UpdateGroup(t.Context(), call, team.ID, directory.NewGroup{Name: "Team", Roles: roleIDs(high.ID)}))
		}, []string{"user Ann +users|delete +dataset:logs:query|read"}},
		"a group's members": {func(call directory.Call) error {
			return second(s.UpdateGroup(t.Context(), call, team.ID, directory.NewGroup{Name: "Team", Members: members(bob.ID), Roles: roleIDs(high.ID)}))
		}, []string{"user Bob +users|delete +dataset:logs:query|read"}},
		"a new token": {func(call directory.Call) error {
			return second(s.CreateAPIToken(t.Context(), call, directory.NewAPIToken{Name: "t", Capabilities: caps(t, "users|read")}))
		}, []string{"apiToken t +users|read"}},
		"a token less": {func(call directory.Call) error {
			return s.DeleteAPIToken(t.Context(), call, s.token.ID)
		}, []string{"apiToken token -users|read"}},
	} {
		if got := s.diffOf(tt.do); !slices.Equal(got, tt.want) {
			t.Errorf("%s: %q, want %q", what, got, tt.want)
		}
	}
}

// A dry run tells of the actor's organization, and elsewhere of the actor's own
// user, whatever else the change leads to.
func TestDryRunTellsNothingOfOtherOrganizations(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	jane, rival := s.Join("Janet", "user"), s.Tenant("Elsewhere")
	invited := func(m member) directory.User {
		return must(s.CreateUser(t.Context(), s.By(rival), directory.NewUser{Name: "Theirs", Email: m.Email, Role: "user"}))(t)
	}
	heir := invited(jane)
	call := s.ByOwner()
	call.DryRun = new(directory.AccessDiff)
	s.Wants("remove", "", s.RemoveUser(t.Context(), call, jane.ID))
	if got := call.DryRun.Changes; len(got) != 1 || got[0].Target.ID != string(jane.ID) || call.DryRun.Omitted != 0 {
		t.Errorf("removing %s, who is invited as %s: %+v", jane.ID, heir.ID, call.DryRun)
	}

	call = s.By(jane)
	call.DryRun = new(directory.AccessDiff)
	must(s.AcceptInvitation(t.Context(), call, rival.OrgID))(t)
	if got := call.DryRun.Changes; len(got) != 1 || got[0].Target.ID != string(heir.ID) || got[0].Gained.Empty() {
		t.Errorf("accepting oneself: %+v", call.DryRun)
	}
	call.DryRun = new(directory.AccessDiff)
	made := must(s.CreateOrg(t.Context(), call, "Mine"))(t)
	if got := call.DryRun.Changes; len(got) != 1 || got[0].Target.ID != string(made.User.ID) || got[0].Gained.Empty() {
		t.Errorf("making an organization: %+v", call.DryRun)
	}
}

// A dry run does not reveal the access of others to callers who may not read it. It shows
// whose access would change, and everything about the callers themselves.
func TestDryRunTellsNoMoreThanMayBeRead(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	victim := s.Join("Victim", "admin")
	for what, tt := range map[string]struct {
		with  []string
		try   func(call directory.Call) error
		shown bool
	}{
		"a user, without rbac|read": {[]string{"users|delete", "users|read", "apiTokens|read"}, func(call directory.Call) error {
			return s.RemoveUser(t.Context(), call, victim.ID)
		}, false},
		"a user": {[]string{"users|delete", "rbac|read"}, func(call directory.Call) error {
			return s.RemoveUser(t.Context(), call, victim.ID)
		}, true},
		"a token, without apiTokens|read": {[]string{"apiTokens|delete", "rbac|read"}, func(call directory.Call) error {
			return s.DeleteAPIToken(t.Context(), call, s.token.ID)
		}, false},
		"a token": {[]string{"apiTokens|delete", "apiTokens|read"}, func(call directory.Call) error {
			return s.DeleteAPIToken(t.Context(), call, s.token.ID)
		}, true},
		"the token itself": {[]string{"apiTokens|delete"}, func(call directory.Call) error {
			return s.DeleteAPIToken(t.Context(), call, call.Principal.TokenID)
		}, true},
	} {
		call := s.As(s.world.Token(tt.with...).Secret, "")
		call.DryRun = new(directory.AccessDiff)
		s.Wants(what, "", tt.try(call))
		if got := call.DryRun.Changes; len(got) != 1 || got[0].Target.Name == "" || !got[0].Lost.Empty() != tt.shown {
			t.Errorf("%s: %+v", what, got)
		}
	}
	self := s.Join("Herself", s.world.Role("Leaver", "users|delete").ID)
	call := s.By(self)
	call.DryRun = new(directory.AccessDiff)
	s.Wants("leave", "", s.RemoveUser(t.Context(), call, self.ID))
	if got := call.DryRun.Changes; len(got) != 1 || got[0].Lost.Empty() {
		t.Errorf("oneself: %+v", got)
	}
}

// A change of many names a hundred and counts the rest.
func TestDryRunOfMany(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	role := s.world.Role("Crowd")
	for i := range directory.MaxDiff + 5 {
		must(s.CreateUser(t.Context(), s.ByOwner(), directory.NewUser{Name: "X", Email: fmt.Sprintf("x%d@example.com", i), Role: role.ID}))(t)
	}
	call := s.ByOwner()
	call.DryRun = new(directory.AccessDiff)
	must(s.UpdateRole(t.Context(), call, role.ID, directory.NewRole{Name: "Crowd", Capabilities: caps(t, "users|read")}))(t)
	if n := len(call.DryRun.Changes); n != directory.MaxDiff || call.DryRun.Omitted != 5 {
		t.Errorf("%d changes and %d omitted", n, call.DryRun.Omitted)
	}
}

// The change then does exactly what the diff says.
func TestDryRunDiffIsTrue(t *testing.T) {
	t.Parallel()
	forEachOperation(t, func(t *testing.T, s *scene, op operation) {
		if op.what == "of an account there is" || op.name == "createOrg" || op.name == "acceptInvitation" {
			t.Skip("it is about users who are drawn anew, or of another organization")
		}
		have := func() map[string][]string {
			all := make(map[string][]string)
			var users listed
			must(s.ListUsers(t.Context(), s.ByOwner(), directory.UserFilter{}, &users))(t)
			for _, u := range users.users {
				var names []string
				for _, c := range must(s.GetUserAccess(t.Context(), s.ByOwner(), u.ID, time.Time{}, authz.Query{}))(t).Capabilities {
					if c.Scope != authz.ScopeApp || u.Role.ID != authz.RoleOwner { // owners hold whatever applications define
						names = append(names, c.Key.String())
					}
				}
				all[string(u.ID)] = names
			}
			return all
		}
		call := op.call(s)
		before := have()
		dry := call
		dry.DryRun = new(directory.AccessDiff)
		s.Wants("dry", "", second(op.do(s, dry)))
		s.Wants("real", "", second(op.do(s, call)))
		after := have()
		told := make(map[string]bool)
		for _, c := range dry.DryRun.Changes {
			told[c.Target.ID] = true
		}
		for id := range before {
			if changed := !cmp.Equal(before[id], after[id]); changed != told[id] {
				t.Errorf("%s: access changed: %t, told so: %t", id, changed, told[id])
			}
		}
	})
}

// trialStore records which writes are marked as trials.
type trialStore struct {
	directory.Store
	trials []bool
}

func (s *trialStore) Write(ctx context.Context, fn func(directory.Tx) error) error {
	s.trials = append(s.trials, directory.IsTrial(ctx))
	return s.Store.Write(ctx, fn)
}

func TestDryRunsAreMarkedAsTrials(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	db := &trialStore{Store: w.DB}
	service := directory.NewService(db, dbtest.Keys(), w.Clock)
	dry := w.ByOwner()
	dry.DryRun = new(directory.AccessDiff)
	for _, call := range []directory.Call{dry, w.ByOwner()} {
		must(service.CreateGroup(t.Context(), call, directory.NewGroup{Name: "Readers"}))(t)
	}
	if want := []bool{true, false}; !slices.Equal(db.trials, want) {
		t.Errorf("the dry and the real write are marked %v, want %v", db.trials, want)
	}
}
