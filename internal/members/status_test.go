package members_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rosterhq/roster/internal/access"
	"github.com/rosterhq/roster/internal/authz"
	"github.com/rosterhq/roster/internal/credentials"
	"github.com/rosterhq/roster/internal/directory"
	"github.com/rosterhq/roster/internal/members"
)

// suspend suspends a user of the first organization, by its owner.
func (w *world) suspend(u directory.User) {
	w.Helper()
	must(w.UpdateUserStatus(w.Context(), w.ByOwner(), u.ID, directory.Suspended))(w)
}

func (w *world) reactivate(u directory.User) {
	w.Helper()
	must(w.UpdateUserStatus(w.Context(), w.ByOwner(), u.ID, directory.Active))(w)
}

// Rule 4: the next request of a suspended user is refused, also on another node and
// while a request is under way, and the membership comes back as it was.
func TestSuspendedUserIsRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	jane := w.Join("Jane", "none")
	w.Group("Admins", []directory.UserID{jane.ID}, "admin")
	token := must(w.CreateAPIToken(t.Context(), w.By(jane), credentials.NewAPIToken{Name: "hers", Capabilities: caps(t, "users|read")}))(t)
	session := w.SignIn(jane.User)
	call := w.By(jane) // cached, and held by a request
	w.InSession(session, w.Org.ID)

	w.suspend(jane.User)
	_, err := w.Authenticate(t.Context(), jane.Secret, w.Org.ID)
	w.Wants("the next request", directory.Forbidden, err)
	if !strings.Contains(err.Error(), "suspended") {
		t.Errorf("%v does not say why", err)
	}
	w.Refused("a request under way", directory.Forbidden, "", func() error {
		return second(w.CreateUser(t.Context(), call, members.NewUser{Name: "X", Email: "x@example.com", Role: "user"}))
	})
	unnamed := w.As(jane.Secret, "")
	w.Wants("without an organization", directory.Forbidden, second(w.GetSelf(t.Context(), unnamed)))
	w.Wants("a list", directory.Forbidden, second(w.ListUsers(t.Context(), unnamed, members.UserFilter{}, new(listed))))
	w.Ended("the session", session, w.Org.ID)
	w.As(token.Secret, "") // it is the organization's, not hers

	access := must(w.GetUserAccess(t.Context(), w.ByOwner(), jane.ID, time.Time{}, authz.Query{}))(t)
	if len(access.Capabilities) != 0 || !access.Subject.User.Suspended {
		t.Errorf("the access of a suspended member of a group is %+v", access)
	}
	other := w.nodes()[1]
	_, err = other.Authenticate(t.Context(), jane.Secret, w.Org.ID)
	w.Wants("on another node", directory.Forbidden, err)

	w.reactivate(jane.User)
	if p := w.By(jane).Principal; p.UserID != jane.ID || p.Capabilities.Empty() {
		t.Errorf("reactivated, the user acts as %+v", p)
	}
	w.Ended("the session from before", session, w.Org.ID)
	w.NoSecrets()
}

// A session of one organization alone ends there; one of an account that acts elsewhere
// too goes on elsewhere.
func TestSuspensionStaysInTheOrganization(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	rival := w.Tenant("Rival")
	there := w.Invite(rival, "user")
	must(w.AcceptInvitation(t.Context(), w.By(rival), w.Org.ID))(t)
	session := w.SignIn(rival.User)

	w.suspend(there)
	if p := w.As(rival.Secret, "").Principal; p.OrgID != rival.OrgID || p.Suspended {
		t.Errorf("without an organization it acts as %+v", p)
	}
	w.InSession(session, rival.OrgID)
	_, err := w.AuthenticateSession(t.Context(), session, w.Org.ID, "192.0.2.7")
	w.Wants("the session there", directory.Forbidden, err)
	for _, m := range must(w.ListOrgs(t.Context(), w.By(rival)))(t) {
		if m.Org.ID == w.Org.ID {
			t.Error("the organization where the user is suspended is listed")
		}
	}
	w.Wants("its settings", directory.NotFound, second(w.GetOrgSettings(t.Context(), w.By(rival), w.Org.ID)))
	w.Wants("changing it", directory.NotFound, second(w.UpdateOrg(t.Context(), w.By(rival), w.Org.ID, "Mine")))
}

// Nobody can keep a person from joining another organization by suspending them in one.
func TestSuspendedEverywhereMayJoinElsewhere(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	jane := w.Join("Jane", "user")
	rival := w.Tenant("Rival")
	w.suspend(jane.User)
	invited := must(w.CreateUser(t.Context(), w.By(rival), members.NewUser{Name: "Jane", Email: jane.Email, Role: "user"}))(t)

	call := w.As(jane.Secret, "")
	w.Wants("a new token", directory.Forbidden, second(w.CreatePersonalToken(t.Context(), call, credentials.NewPersonalToken{Name: "x"})))
	w.Wants("an organization of their own", directory.Forbidden, second(w.CreateOrg(t.Context(), call, "Mine")))
	if open := must(w.ListInvitations(t.Context(), call))(t); len(open) != 1 {
		t.Errorf("%d invitations", len(open))
	}
	must(w.AcceptInvitation(t.Context(), call, rival.OrgID))(t)
	if p := w.As(jane.Secret, "").Principal; p.UserID != invited.ID || p.Suspended {
		t.Errorf("having joined, it acts as %+v", p)
	}
	_, err := w.Authenticate(t.Context(), jane.Secret, w.Org.ID)
	w.Wants("where it is suspended", directory.Forbidden, err)
}

// Reactivating is giving: rule 2 for the base role and for every role of the groups.
func TestReactivationIsGiving(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	weak := w.Join("Weak", w.Role("Managing", "users|read", "users|update").ID)
	plain, strong, grouped, owner := w.Join("Plain", "user"), w.Join("Strong", "admin"), w.Join("Grouped", "user"), w.Join("Second", "owner")
	w.Group("Auditors", []directory.UserID{grouped.ID}, w.Role("Auditing", "auditLog|read").ID)
	admin := w.Join("Admin", "admin")
	for _, m := range []member{plain, strong, grouped} { // taking away needs no right to give
		must(w.UpdateUserStatus(t.Context(), w.By(weak), m.ID, directory.Suspended))(t)
	}
	w.Refused("suspend an owner", directory.Forbidden, "", func() error {
		return second(w.UpdateUserStatus(t.Context(), w.By(admin), owner.ID, directory.Suspended))
	})
	w.suspend(owner.User)
	for what, m := range map[string]member{"an admin": strong, "a member of a strong group": grouped, "an owner": owner} {
		w.Refused("reactivate "+what, directory.Forbidden, "", func() error {
			return second(w.UpdateUserStatus(t.Context(), w.By(weak), m.ID, directory.Active))
		})
	}
	w.Refused("an admin reactivates an owner", directory.Forbidden, "", func() error {
		return second(w.UpdateUserStatus(t.Context(), w.By(admin), owner.ID, directory.Active))
	})
	must(w.UpdateUserStatus(t.Context(), w.By(weak), plain.ID, directory.Active))(t)
	must(w.UpdateUserStatus(t.Context(), w.By(admin), strong.ID, directory.Active))(t)
	must(w.UpdateUserStatus(t.Context(), w.By(admin), grouped.ID, directory.Active))(t)
	w.reactivate(owner.User)
}

// A suspended user has API tokens that they made, and those made with these. None of
// them brings the user back.
func TestOwnAPITokenDoesNotReactivate(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	jane := w.Join("Jane", w.Role("Managing", "users|read", "users|update", "apiTokens|create").ID)
	first := must(w.CreateAPIToken(t.Context(), w.By(jane), credentials.NewAPIToken{Name: "1", Capabilities: caps(t, "users|update", "apiTokens|create")}))(t)
	next := must(w.CreateAPIToken(t.Context(), w.As(first.Secret, ""), credentials.NewAPIToken{Name: "2", Capabilities: caps(t, "users|update")}))(t)
	w.suspend(jane.User)
	for _, secret := range []string{first.Secret, next.Secret} {
		w.Refused("a token of hers", directory.Forbidden, "", func() error {
			return second(w.UpdateUserStatus(t.Context(), w.As(secret, ""), jane.ID, directory.Active))
		})
	}
	_, left, err := w.UpdateUserStatusAndRevoke(t.Context(), w.ByOwner(), jane.ID, directory.Suspended, directory.Revocation{Tokens: true})
	if w.Wants("revoke, suspended already", "", err); len(left.Tokens) != 0 {
		t.Errorf("%d tokens are left", len(left.Tokens))
	}
	w.Dead("her token", first.Secret)
}

// A suspended owner keeps no organization alive, and the last other one can't go.
func TestSuspendedOwnerIsNoOwner(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	other := w.Join("Second", "owner")
	w.suspend(other.User)
	for what, unmake := range unmaking {
		if strings.Contains(what, "of a role") {
			w.Role("There")
		}
		w.Wants("the last: "+what, directory.Conflict, unmake(w, w.ByOwner(), w.Owner.ID))
	}
	w.Wants("remove the suspended one", "", w.RemoveUser(t.Context(), w.ByOwner(), other.ID))
}

func TestUserStatusRefusals(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	invited := w.Invite(w.Tenant("Rival"), "user")
	jane := w.Join("Jane", "user")
	for _, status := range []directory.UserStatus{directory.Suspended, directory.Active} {
		w.Refused("an invitation", directory.Conflict, "", func() error {
			return second(w.UpdateUserStatus(t.Context(), w.ByOwner(), invited.ID, status))
		})
	}
	for _, status := range []directory.UserStatus{"", "gone", directory.Invited} {
		w.Refused("no such status", directory.Invalid, "status", func() error {
			return second(w.UpdateUserStatus(t.Context(), w.ByOwner(), jane.ID, status))
		})
	}
	w.Refused("nobody", directory.NotFound, "", func() error {
		return second(w.UpdateUserStatus(t.Context(), w.ByOwner(), "usr_none", directory.Suspended))
	})
	w.Refused("one's own, by a member", directory.Forbidden, "", func() error {
		return second(w.UpdateUserStatus(t.Context(), w.By(jane), jane.ID, directory.Suspended))
	})
	before := w.LastEntry()
	w.reactivate(jane.User)
	if n := len(w.Since(before)); n != 0 {
		t.Errorf("%d entries of no change", n)
	}
}

// A link for a suspended newcomer would sign its copier in as somebody whose access
// shows only after the reactivation.
func TestNoInvitationLinkForSuspended(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	u := must(w.CreateUser(t.Context(), w.ByOwner(), members.NewUser{Name: "New", Email: "new@example.com", Role: "admin"}))(t)
	weak := w.Join("Weak", w.Role("Inviting", "users|create", "users|update").ID)
	w.suspend(u)
	w.Refused("a copied link", directory.Conflict, "", func() error {
		return second(w.CreateInvitationLink(t.Context(), w.By(weak), u.ID))
	})
}

// Lists, the past and the log show who was suspended.
func TestSuspensionShows(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.Pass(time.Second) // so that the owner is listed first
	jane, joe := w.Join("Jane", "user"), w.Join("Joe", "user")
	invited := w.Invite(w.Tenant("Rival"), "user")
	before := w.Clock()
	w.Pass(time.Second)
	seen := w.LastEntry()
	w.suspend(jane.User)
	w.Pass(time.Second)
	then := w.Clock()
	w.Pass(time.Second)
	entries := w.Since(seen)
	if len(entries) != 1 || entries[0].Action != "updateUserStatus" || strings.Contains(string(entries[0].Before), "suspended") ||
		!strings.Contains(string(entries[0].After), `"suspended":true`) {
		t.Errorf("the log has %+v", entries)
	}
	w.reactivate(jane.User)
	w.suspend(joe.User)
	list := func(f members.UserFilter) []directory.UserID {
		out := new(listed)
		must(w.ListUsers(t.Context(), w.ByOwner(), f, out))(t)
		return out.IDs()
	}
	for what, tt := range map[string]struct {
		f    members.UserFilter
		want []directory.UserID
	}{
		"now":              {members.UserFilter{Status: directory.Suspended}, []directory.UserID{joe.ID}},
		"now, a page":      {members.UserFilter{Status: directory.Suspended, Limit: 1}, []directory.UserID{joe.ID}},
		"then":             {members.UserFilter{Status: directory.Suspended, At: then}, []directory.UserID{jane.ID}},
		"before":           {members.UserFilter{Status: directory.Suspended, At: before}, []directory.UserID{}},
		"invited":          {members.UserFilter{Status: directory.Invited}, []directory.UserID{invited.ID}},
		"active":           {members.UserFilter{Status: directory.Active}, []directory.UserID{w.Owner.ID, jane.ID}},
		"active, searched": {members.UserFilter{Status: directory.Active, Text: "j"}, []directory.UserID{jane.ID}},
	} {
		if got := list(tt.f); !slices.Equal(got, tt.want) {
			t.Errorf("%s: %v, want %v", what, got, tt.want)
		}
	}
	past := must(w.GetUserAccess(t.Context(), w.ByOwner(), jane.ID, then, authz.Query{}))(t)
	if len(past.Capabilities) != 0 || !past.Subject.User.Suspended {
		t.Errorf("then, her access was %+v", past)
	}
	if err := w.CheckLog(t.Context(), w.Org.ID); err != nil {
		t.Error(err)
	}
	diff := new(access.Diff)
	dry := w.ByOwner()
	dry.DryRun = diff
	w.Refused("a dry run", "", "", func() error {
		return second(w.UpdateUserStatus(t.Context(), dry, jane.ID, directory.Suspended))
	})
	if len(diff.Changes) != 1 || diff.Changes[0].Lost.Empty() || !diff.Changes[0].Gained.Empty() {
		t.Errorf("the dry run says %+v", diff)
	}
}
