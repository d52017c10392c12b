package schedules_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rosterhq/roster/internal/access"
	"github.com/rosterhq/roster/internal/authz"
	"github.com/rosterhq/roster/internal/credentials"
	"github.com/rosterhq/roster/internal/directory"
	"github.com/rosterhq/roster/internal/limits"
	"github.com/rosterhq/roster/internal/members"
	"github.com/rosterhq/roster/internal/roles"
	"github.com/rosterhq/roster/internal/schedules"
)

// lend gives a user of the first organization a role for an hour.
func (w *world) lend(call directory.Call, id directory.UserID, role directory.RoleID) (directory.TemporaryRole, error) {
	return w.UpdateTemporaryRole(w.Context(), call, id, schedules.NewTemporaryRole{Role: role, Until: w.Clock().Add(time.Hour)})
}

// may reports whether a member may do something now, on every node, with a token that is
// in their caches.
func (w *world) may(nodes []*world, m member, capability string) bool {
	w.Helper()
	first := nodes[0].By(m).Principal.Capabilities.Covers(caps(w, capability))
	for _, n := range nodes[1:] {
		if n.By(m).Principal.Capabilities.Covers(caps(w, capability)) != first {
			w.Errorf("the nodes disagree about %s", capability)
		}
	}
	return first
}

// The role ends at its time and not before, on every node, from the cache and in a request
// under way, while nothing cleans up.
func TestTemporaryRoleEndsByItself(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	jane := w.Join("Jane", "user")
	pair := w.nodes()
	nodes := pair[:]
	given := must(w.lend(w.ByOwner(), jane.ID, "admin"))(t)
	session := w.SignIn(jane.User)
	if !w.may(nodes, jane, "users|delete") || w.User(jane.ID).Role.ID != "user" {
		t.Error("the role is not given besides the base role")
	}
	underWay := w.By(jane)
	access := must(w.GetUserAccess(t.Context(), w.ByOwner(), jane.ID, time.Time{}, authz.Query{}))(t)
	if !strings.Contains(reasons(access), "users|delete by admin until "+given.Until.Format(time.RFC3339)) {
		t.Errorf("explained as %s", reasons(access))
	}
	w.Pass(time.Hour - 2*time.Microsecond)
	if !w.may(nodes, jane, "users|delete") || !w.InSession(session, w.Org.ID).Principal.Capabilities.Covers(caps(t, "users|delete")) {
		t.Error("it ended before its time")
	}
	between := w.Clock()
	w.Pass(2 * time.Microsecond)
	if w.may(nodes, jane, "users|delete") || w.InSession(session, w.Org.ID).Principal.Capabilities.Covers(caps(t, "users|delete")) {
		t.Error("it gives something after its time")
	}
	w.Refused("a request under way", directory.Forbidden, "", func() error { return w.RemoveUser(t.Context(), underWay, w.Owner.ID) })
	w.Wants("get", directory.NotFound, second(w.GetTemporaryRole(t.Context(), w.ByOwner(), jane.ID)))
	if list := must(w.ListTemporaryRoles(t.Context(), w.ByOwner()))(t); len(list) > 0 {
		t.Errorf("listed: %v", list)
	}
	since := w.LastEntry()
	w.carryOut()
	w.carryOut()
	if got, want := w.logged(since), []string{"endTemporaryRole by system"}; !slices.Equal(got, want) {
		t.Errorf("logged %q, want %q", got, want)
	}
	then := must(w.GetUserAccess(t.Context(), w.ByOwner(), jane.ID, between, authz.Query{}))(t)
	if !strings.Contains(reasons(then), "users|delete by admin until") {
		t.Errorf("as of before its end: %s", reasons(then))
	}
	w.Pass(time.Second)
	then = must(w.GetUserAccess(t.Context(), w.ByOwner(), jane.ID, given.Until, authz.Query{}))(t)
	if strings.Contains(reasons(then), "users|delete") {
		t.Errorf("as of its end: %s", reasons(then))
	}
	w.Wants("the log", "", w.CheckLog(t.Context(), w.Org.ID))
}

func reasons(a access.Access) string {
	var lines []string
	for _, c := range a.Capabilities {
		for _, p := range c.Paths {
			line := c.Pair.String() + " by " + string(p.Role.ID)
			if !p.Until.IsZero() {
				line += " until " + p.Until.Format(time.RFC3339)
			}
			lines = append(lines, line)
		}
	}
	return strings.Join(lines, "\n")
}

// A person who has a role for a time can't keep what it gives beyond that, by any means.
func TestTemporaryRoleCantBeKept(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	jane, john := w.Join("Jane", "user"), w.Join("John", "user")
	strong := w.Token("users|delete")
	given := must(w.lend(w.ByOwner(), jane.ID, "admin"))(t)
	by := w.By(jane)
	later := schedules.NewTemporaryRole{Role: "admin", Until: given.Until.Add(time.Minute)}
	newToken := func(expires time.Time, capability string) (credentials.IssuedAPIToken, error) {
		return w.CreateAPIToken(t.Context(), by, credentials.NewAPIToken{Name: "x", Capabilities: caps(t, capability), ExpiresAt: expires})
	}
	for what, try := range map[string]func() error{
		"give oneself the role for good": func() error { return second(w.UpdateUserRole(t.Context(), by, jane.ID, "admin")) },
		"give it an accomplice":          func() error { return second(w.UpdateUserRole(t.Context(), by, john.ID, "admin")) },
		"prolong it":                     func() error { return second(w.UpdateTemporaryRole(t.Context(), by, jane.ID, later)) },
		"lend it":                        func() error { return second(w.lend(by, john.ID, "admin")) },
		"invite an admin": func() error {
			return second(w.CreateUser(t.Context(), by, members.NewUser{Name: "X", Email: "x@example.com", Role: "admin"}))
		},
		"a role with it": func() error {
			return second(w.CreateRole(t.Context(), by, roles.NewRole{Name: "X", Capabilities: caps(t, "users|delete")}))
		},
		"a group with it": func() error {
			return second(w.CreateGroup(t.Context(), by, roles.NewGroup{Name: "X", Members: &[]directory.UserID{jane.ID}, Roles: &[]directory.RoleID{"admin"}}))
		},
	} {
		w.Refused(what, directory.Forbidden, "", try)
	}
	w.Refused("a token that outlives it", directory.Invalid, "expiresAt", func() error { return second(newToken(given.Until.Add(time.Second), "users|delete")) })
	w.Refused("another's token, anew", directory.Invalid, "expiresAt", func() error {
		return second(w.RegenerateAPIToken(t.Context(), by, strong.ID, credentials.Regeneration{NewExpiresAt: given.Until.Add(time.Second)}))
	})
	short, lasting := must(newToken(time.Time{}, "users|delete"))(t), must(newToken(time.Time{}, "users|read"))(t)
	if !short.ExpiresAt.Equal(given.Until) || !lasting.ExpiresAt.IsZero() {
		t.Errorf("the tokens end at %s and %s, want %s and never", short.ExpiresAt, lasting.ExpiresAt, given.Until)
	}
	w.Refused("a token gives it", directory.Forbidden, "", func() error {
		return second(w.CreateUser(t.Context(), w.As(short.Secret, ""), members.NewUser{Name: "X", Email: "x@example.com", Role: "admin"}))
	})
	must(w.UpdateSchedule(t.Context(), by, john.ID, directory.ScheduledRemoval, schedules.NewSchedule{At: given.Until.Add(time.Minute)}))(t)
	w.Pass(2 * time.Hour)
	w.carryOut()
	if got := w.pending(); len(got) != 1 || !strings.Contains(got[0], "missing permission users|delete") {
		t.Errorf("a schedule beyond its end: %q", got)
	}
	w.Dead("the short token", short.Secret)
}

func TestGivingTemporaryRolesIsGiving(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	weak := w.Join("Weak", w.Role("Managing", "users|read", "users|update").ID)
	admin, jane := w.Join("Admin", "admin"), w.Join("Jane", "none")
	invited := w.Invite(w.Tenant("Rival"), "user")
	w.Refused("one who is less", directory.Forbidden, "", func() error { return second(w.lend(w.By(weak), jane.ID, "admin")) })
	w.Refused("to oneself", directory.Forbidden, "", func() error { return second(w.lend(w.By(weak), weak.ID, "admin")) })
	w.Refused("without users|update", directory.Forbidden, "", func() error { return second(w.lend(w.By(jane), jane.ID, "user")) })
	for _, by := range []directory.Call{w.ByOwner(), w.By(admin)} {
		w.Refused("owner for a time", directory.Invalid, "role", func() error { return second(w.lend(by, jane.ID, "owner")) })
		w.Refused("a role that is not there", directory.Invalid, "role", func() error { return second(w.lend(by, jane.ID, "emperor")) })
		w.Refused("an invitation", directory.Conflict, "", func() error { return second(w.lend(by, invited.ID, "user")) })
		w.Refused("nobody", directory.NotFound, "", func() error { return second(w.lend(by, "usr_none", "user")) })
		for _, until := range []time.Time{{}, w.Clock(), w.Clock().Add(schedules.MaxAhead + time.Second)} {
			w.Refused("a wrong time", directory.Invalid, "until", func() error {
				return second(w.UpdateTemporaryRole(t.Context(), by, jane.ID, schedules.NewTemporaryRole{Role: "user", Until: until}))
			})
		}
	}
	given := must(w.lend(w.By(admin), jane.ID, "admin"))(t)
	// To end it earlier takes no right to give it, nor does to take it away.
	earlier := schedules.NewTemporaryRole{Role: "admin", Until: given.Until.Add(-time.Minute)}
	w.Refused("later by one who is less", directory.Forbidden, "", func() error {
		return second(w.UpdateTemporaryRole(t.Context(), w.By(weak), jane.ID, schedules.NewTemporaryRole{Role: "admin", Until: given.Until.Add(time.Minute)}))
	})
	must(w.UpdateTemporaryRole(t.Context(), w.By(weak), jane.ID, earlier))(t)
	w.Wants("take it away", "", w.DeleteTemporaryRole(t.Context(), w.By(weak), jane.ID))
	w.Wants("again", directory.NotFound, w.DeleteTemporaryRole(t.Context(), w.By(weak), jane.ID))
	if w.By(jane).Principal.Capabilities.Covers(caps(t, "users|read")) {
		t.Error("it is still given")
	}
	// Reactivating somebody gives their temporary role too.
	must(w.lend(w.By(admin), jane.ID, "admin"))(t)
	w.suspend(jane.User)
	w.Refused("reactivate", directory.Forbidden, "", func() error {
		return second(w.UpdateUserStatus(t.Context(), w.By(weak), jane.ID, directory.Active))
	})
	w.Pass(time.Hour)
	must(w.UpdateUserStatus(t.Context(), w.By(weak), jane.ID, directory.Active))(t)
}

// A role that somebody has for a time is in use, and leaves with its user.
func TestTemporaryRoleIsInUse(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	jane := w.Join("Jane", "user")
	role := w.Role("Auditing", "auditLog|read")
	must(w.lend(w.ByOwner(), jane.ID, role.ID))(t)
	w.Refused("delete the role", directory.Conflict, "", func() error { return w.DeleteRole(t.Context(), w.ByOwner(), role.ID) })
	editor := w.Join("Editor", w.Role("Editing", "rbac|read", "rbac|update", "auditLog|read").ID)
	w.Refused("change the role without users|update", directory.Forbidden, "", func() error {
		return second(w.UpdateRole(t.Context(), w.By(editor), role.ID, roles.NewRole{Name: "Auditing"}))
	})
	diff := new(access.Diff)
	dry := w.ByOwner()
	dry.DryRun = diff
	must(w.UpdateRole(t.Context(), dry, role.ID, roles.NewRole{Name: "Auditing"}))(t)
	if len(diff.Changes) != 1 || diff.Changes[0].Target.ID != string(jane.ID) || !diff.Changes[0].Lost.Covers(caps(t, "auditLog|read")) {
		t.Errorf("a dry run of changing the role: %+v", diff)
	}
	dry.DryRun = diff
	w.Wants("dry", "", w.DeleteTemporaryRole(t.Context(), dry, jane.ID))
	if len(diff.Changes) != 1 || !diff.Changes[0].Lost.Covers(caps(t, "auditLog|read")) {
		t.Errorf("a dry run of taking it away: %+v", diff)
	}
	w.Pass(time.Minute)
	had := w.Clock()
	w.Pass(time.Minute)
	since := w.LastEntry()
	w.Wants("remove", "", w.RemoveUser(t.Context(), w.ByOwner(), jane.ID))
	if got, want := w.logged(since), []string{"deleteTemporaryRole by account", "removeUserFromOrg by account"}; !slices.Equal(got, want) {
		t.Errorf("logged %q, want %q", got, want)
	}
	w.Wants("delete the role", "", w.DeleteRole(t.Context(), w.ByOwner(), role.ID))
	then := must(w.GetUserAccess(t.Context(), w.ByOwner(), jane.ID, had, authz.Query{}))(t)
	if !strings.Contains(reasons(then), "auditLog|read by "+string(role.ID)+" until") {
		t.Errorf("as of before: %s", reasons(then))
	}
	w.Wants("the log", "", w.CheckLog(t.Context(), w.Org.ID))
}

func TestTemporaryRolesAreLimited(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	jane, john := w.Join("Jane", "user"), w.Join("John", "user")
	l := limits.Default()
	l.TemporaryRoles = 1
	w.Configure(directory.WithLimits(l))
	must(w.lend(w.ByOwner(), jane.ID, "admin"))(t)
	w.Refused("another", directory.LimitExceeded, "", func() error { return second(w.lend(w.ByOwner(), john.ID, "admin")) })
	must(w.lend(w.ByOwner(), jane.ID, "read-only"))(t)
	w.Pass(time.Hour)
	w.carryOut()
	must(w.lend(w.ByOwner(), john.ID, "admin"))(t)
}
