package directory_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rosterhq/roster/internal/authz"
	"github.com/rosterhq/roster/internal/directory"
)

// suspend suspends a user of the first organization, by its owner.
func (w *world) suspend(u directory.User) {
	w.Helper()
	must(w.UpdateUserStatus(w.Context(), w.byOwner(), u.ID, directory.Suspended))(w)
}

func (w *world) reactivate(u directory.User) {
	w.Helper()
	must(w.UpdateUserStatus(w.Context(), w.byOwner(), u.ID, directory.Active))(w)
}

// Rule 4: the next request of a suspended user is refused, also on another node and
// while a request is under way, and the membership comes back as it was.
func TestSuspendedUserIsRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	jane := w.join("Jane", "none")
	w.group("Admins", []directory.UserID{jane.ID}, "admin")
	token := must(w.CreateAPIToken(t.Context(), w.by(jane), directory.NewAPIToken{Name: "hers", Capabilities: caps(t, "users|read")}))(t)
	session := w.signIn(jane.User)
	call := w.by(jane) // cached, and held by a request
	w.inSession(session, w.org.ID)

	w.suspend(jane.User)
	_, err := w.Authenticate(t.Context(), jane.secret, w.org.ID)
	w.wants("the next request", directory.Forbidden, err)
	if !strings.Contains(err.Error(), "suspended") {
		t.Errorf("%v does not say why", err)
	}
	w.refused("a request under way", directory.Forbidden, "", func() error {
		return second(w.CreateUser(t.Context(), call, directory.NewUser{Name: "X", Email: "x@example.com", Role: "user"}))
	})
	unnamed := w.as(jane.secret, "")
	w.wants("without an organization", directory.Forbidden, second(w.GetSelf(t.Context(), unnamed)))
	w.wants("a list", directory.Forbidden, second(w.ListUsers(t.Context(), unnamed, directory.UserFilter{}, new(listed))))
	w.endedIn("the session", session, w.org.ID)
	w.as(token.Secret, "") // it is the organization's, not hers

	access := must(w.GetUserAccess(t.Context(), w.byOwner(), jane.ID, time.Time{}, authz.Query{}))(t)
	if len(access.Capabilities) != 0 || !access.Subject.User.Suspended {
		t.Errorf("the access of a suspended member of a group is %+v", access)
	}
	other := w.nodes()[1]
	_, err = other.Authenticate(t.Context(), jane.secret, w.org.ID)
	w.wants("on another node", directory.Forbidden, err)

	w.reactivate(jane.User)
	if p := w.by(jane).Principal; p.UserID != jane.ID || p.Capabilities.Empty() {
		t.Errorf("reactivated, the user acts as %+v", p)
	}
	w.endedIn("the session from before", session, w.org.ID)
	noSecrets(t, w, nil)
}

// A session of one organization alone ends there; one of an account that acts elsewhere
// too goes on elsewhere.
func TestSuspensionStaysInTheOrganization(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	rival := w.tenant("Rival")
	there := w.invite(rival, "user")
	must(w.AcceptInvitation(t.Context(), w.by(rival), w.org.ID))(t)
	session := w.signIn(rival.User)

	w.suspend(there)
	if p := w.as(rival.secret, "").Principal; p.OrgID != rival.OrgID || p.Suspended {
		t.Errorf("without an organization it acts as %+v", p)
	}
	w.inSession(session, rival.OrgID)
	_, err := w.AuthenticateSession(t.Context(), session, w.org.ID, "192.0.2.7")
	w.wants("the session there", directory.Forbidden, err)
	for _, m := range must(w.ListOrgs(t.Context(), w.by(rival)))(t) {
		if m.Org.ID == w.org.ID {
			t.Error("the organization where the user is suspended is listed")
		}
	}
	w.wants("its settings", directory.NotFound, second(w.GetOrgSettings(t.Context(), w.by(rival), w.org.ID)))
	w.wants("changing it", directory.NotFound, second(w.UpdateOrg(t.Context(), w.by(rival), w.org.ID, "Mine")))
}

// Nobody can keep a person from joining another organization by suspending them in one.
func TestSuspendedEverywhereMayJoinElsewhere(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	jane := w.join("Jane", "user")
	rival := w.tenant("Rival")
	w.suspend(jane.User)
	invited := must(w.CreateUser(t.Context(), w.by(rival), directory.NewUser{Name: "Jane", Email: jane.Email, Role: "user"}))(t)

	call := w.as(jane.secret, "")
	w.wants("a new token", directory.Forbidden, second(w.CreatePersonalToken(t.Context(), call, directory.NewPersonalToken{Name: "x"})))
	w.wants("an organization of their own", directory.Forbidden, second(w.CreateOrg(t.Context(), call, "Mine")))
	if open := must(w.ListInvitations(t.Context(), call))(t); len(open) != 1 {
		t.Errorf("%d invitations", len(open))
	}
	must(w.AcceptInvitation(t.Context(), call, rival.OrgID))(t)
	if p := w.as(jane.secret, "").Principal; p.UserID != invited.ID || p.Suspended {
		t.Errorf("having joined, it acts as %+v", p)
	}
	_, err := w.Authenticate(t.Context(), jane.secret, w.org.ID)
	w.wants("where it is suspended", directory.Forbidden, err)
}

// Reactivating is giving: rule 2 for the base role and for every role of the groups.
func TestReactivationIsGiving(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	weak := w.join("Weak", w.role("Managing", "users|read", "users|update").ID)
	plain, strong, grouped, owner := w.join("Plain", "user"), w.join("Strong", "admin"), w.join("Grouped", "user"), w.join("Second", "owner")
	w.group("Auditors", []directory.UserID{grouped.ID}, w.role("Auditing", "auditLog|read").ID)
	admin := w.join("Admin", "admin")
	for _, m := range []member{plain, strong, grouped} { // taking away needs no right to give
		must(w.UpdateUserStatus(t.Context(), w.by(weak), m.ID, directory.Suspended))(t)
	}
	w.refused("suspend an owner", directory.Forbidden, "", func() error {
		return second(w.UpdateUserStatus(t.Context(), w.by(admin), owner.ID, directory.Suspended))
	})
	w.suspend(owner.User)
	for what, m := range map[string]member{"an admin": strong, "a member of a strong group": grouped, "an owner": owner} {
		w.refused("reactivate "+what, directory.Forbidden, "", func() error {
			return second(w.UpdateUserStatus(t.Context(), w.by(weak), m.ID, directory.Active))
		})
	}
	w.refused("an admin reactivates an owner", directory.Forbidden, "", func() error {
		return second(w.UpdateUserStatus(t.Context(), w.by(admin), owner.ID, directory.Active))
	})
	must(w.UpdateUserStatus(t.Context(), w.by(weak), plain.ID, directory.Active))(t)
	must(w.UpdateUserStatus(t.Context(), w.by(admin), strong.ID, directory.Active))(t)
	must(w.UpdateUserStatus(t.Context(), w.by(admin), grouped.ID, directory.Active))(t)
	w.reactivate(owner.User)
}

// A suspended user has API tokens that they made, and those made with these. None of
// them brings the user back.
func TestOwnAPITokenDoesNotReactivate(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	jane := w.join("Jane", w.role("Managing", "users|read", "users|update", "apiTokens|create").ID)
	first := must(w.CreateAPIToken(t.Context(), w.by(jane), directory.NewAPIToken{Name: "1", Capabilities: caps(t, "users|update", "apiTokens|create")}))(t)
	next := must(w.CreateAPIToken(t.Context(), w.as(first.Secret, ""), directory.NewAPIToken{Name: "2", Capabilities: caps(t, "users|update")}))(t)
	w.suspend(jane.User)
	for _, secret := range []string{first.Secret, next.Secret} {
		w.refused("a token of hers", directory.Forbidden, "", func() error {
			return second(w.UpdateUserStatus(t.Context(), w.as(secret, ""), jane.ID, directory.Active))
		})
	}
	_, left, err := w.UpdateUserStatusAndRevoke(t.Context(), w.byOwner(), jane.ID, directory.Suspended, directory.Revocation{Tokens: true})
	if w.wants("revoke, suspended already", "", err); len(left.Tokens) != 0 {
		t.Errorf("%d tokens are left", len(left.Tokens))
	}
	w.dead("her token", first.Secret)
}

// A suspended owner keeps no organization alive, and the last other one can't go.
func TestSuspendedOwnerIsNoOwner(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	other := w.join("Second", "owner")
	w.suspend(other.User)
	for what, unmake := range unmaking {
		if strings.Contains(what, "of a role") {
			w.role("There")
		}
		w.wants("the last: "+what, directory.Conflict, unmake(w, w.byOwner(), w.owner.ID))
	}
	w.wants("remove the suspended one", "", w.RemoveUser(t.Context(), w.byOwner(), other.ID))
}

func TestUserStatusRefusals(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	invited := w.invite(w.tenant("Rival"), "user")
	jane := w.join("Jane", "user")
	for _, status := range []directory.UserStatus{directory.Suspended, directory.Active} {
		w.refused("an invitation", directory.Conflict, "", func() error {
			return second(w.UpdateUserStatus(t.Context(), w.byOwner(), invited.ID, status))
		})
	}
	for _, status := range []directory.UserStatus{"", "gone", directory.Invited} {
		w.refused("no such status", directory.Invalid, "status", func() error {
			return second(w.UpdateUserStatus(t.Context(), w.byOwner(), jane.ID, status))
		})
	}
	w.refused("nobody", directory.NotFound, "", func() error {
		return second(w.UpdateUserStatus(t.Context(), w.byOwner(), "usr_none", directory.Suspended))
	})
	w.refused("one's own, by a member", directory.Forbidden, "", func() error {
		return second(w.UpdateUserStatus(t.Context(), w.by(jane), jane.ID, directory.Suspended))
	})
	before := w.lastEntry()
	w.reactivate(jane.User)
	if n := len(w.since(before)); n != 0 {
		t.Errorf("%d entries of no change", n)
	}
}

// A link for a suspended newcomer would sign its copier in as somebody whose access
// shows only after the reactivation.
func TestNoInvitationLinkForSuspended(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	u := must(w.CreateUser(t.Context(), w.byOwner(), directory.NewUser{Name: "New", Email: "new@example.com", Role: "admin"}))(t)
	weak := w.join("Weak", w.role("Inviting", "users|create", "users|update").ID)
	w.suspend(u)
	w.refused("a copied link", directory.Conflict, "", func() error {
		return second(w.CreateInvitationLink(t.Context(), w.by(weak), u.ID))
	})
}

// Lists, the past and the log show who was suspended.
func TestSuspensionShows(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.pass(time.Second) // so that the owner is listed first
	jane, joe := w.join("Jane", "user"), w.join("Joe", "user")
	invited := w.invite(w.tenant("Rival"), "user")
	before := w.clock.Now()
	w.pass(time.Second)
	seen := w.lastEntry()
	w.suspend(jane.User)
	w.pass(time.Second)
	then := w.clock.Now()
	w.pass(time.Second)
	entries := w.since(seen)
	if len(entries) != 1 || entries[0].Action != "updateUserStatus" || strings.Contains(string(entries[0].Before), "suspended") ||
		!strings.Contains(string(entries[0].After), `"suspended":true`) {
		t.Errorf("the log has %+v", entries)
	}
	w.reactivate(jane.User)
	w.suspend(joe.User)
	list := func(f directory.UserFilter) []directory.UserID {
		out := new(listed)
		must(w.ListUsers(t.Context(), w.byOwner(), f, out))(t)
		return out.ids()
	}
	for what, tt := range map[string]struct {
		f    directory.UserFilter
		want []directory.UserID
	}{
		"now":              {directory.UserFilter{Status: directory.Suspended}, []directory.UserID{joe.ID}},
		"now, a page":      {directory.UserFilter{Status: directory.Suspended, Limit: 1}, []directory.UserID{joe.ID}},
		"then":             {directory.UserFilter{Status: directory.Suspended, At: then}, []directory.UserID{jane.ID}},
		"before":           {directory.UserFilter{Status: directory.Suspended, At: before}, []directory.UserID{}},
		"invited":          {directory.UserFilter{Status: directory.Invited}, []directory.UserID{invited.ID}},
		"active":           {directory.UserFilter{Status: directory.Active}, []directory.UserID{w.owner.ID, jane.ID}},
		"active, searched": {directory.UserFilter{Status: directory.Active, Text: "j"}, []directory.UserID{jane.ID}},
	} {
		if got := list(tt.f); !slices.Equal(got, tt.want) {
			t.Errorf("%s: %v, want %v", what, got, tt.want)
		}
	}
	past := must(w.GetUserAccess(t.Context(), w.byOwner(), jane.ID, then, authz.Query{}))(t)
	if len(past.Capabilities) != 0 || !past.Subject.User.Suspended {
		t.Errorf("then, her access was %+v", past)
	}
	if err := w.CheckLog(t.Context(), w.org.ID); err != nil {
		t.Error(err)
	}
	diff := new(directory.AccessDiff)
	dry := w.byOwner()
	dry.DryRun = diff
	w.refused("a dry run", "", "", func() error {
		return second(w.UpdateUserStatus(t.Context(), dry, jane.ID, directory.Suspended))
	})
	if len(diff.Changes) != 1 || diff.Changes[0].Lost.Empty() || !diff.Changes[0].Gained.Empty() {
		t.Errorf("the dry run says %+v", diff)
	}
}
