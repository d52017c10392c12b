package directorytest

import (
	"strings"
	"testing"

	"github.com/rosterhq/roster/internal/authz"
	"github.com/rosterhq/roster/internal/credentials"
	"github.com/rosterhq/roster/internal/directory"
	"github.com/rosterhq/roster/internal/members"
	"github.com/rosterhq/roster/internal/onboarding"
	"github.com/rosterhq/roster/internal/roles"
)

// As starts a call with a token; org is the organization that the request names.
func (w *World) As(secret string, org directory.OrgID) directory.Call {
	w.Helper()
	return directory.Call{Principal: Must(w.Authenticate(w.Context(), secret, org))(w)}
}

// By starts a call by a member.
func (w *World) By(m Member) directory.Call {
	w.Helper()
	return w.As(m.Secret, m.OrgID)
}

// ByOwner starts a call by the owner of the first organization.
func (w *World) ByOwner() directory.Call {
	w.Helper()
	return w.By(w.Owner)
}

// Join makes a user of the first organization with a personal token.
func (w *World) Join(name string, role directory.RoleID) Member {
	w.Helper()
	return w.WithToken(Must(w.CreateUser(w.Context(), w.ByOwner(), members.NewUser{
		Name: name, Email: strings.ToLower(name) + "@example.com", Role: role,
	}))(w))
}

// WithToken adds a token to a user's account, which verifies its address.
func (w *World) WithToken(u directory.User) Member {
	w.Helper()
	return Member{u, Must(w.CreatePersonalTokenFor(w.Context(), u.Email, credentials.NewPersonalToken{Name: "test"}))(w).Secret}
}

// Tenant makes another organization with an owner who is not in the first one.
func (w *World) Tenant(name string) Member {
	w.Helper()
	out := Must(w.ProvisionOrg(w.Context(), directory.Call{RemoteAddr: name}, name))(w)
	claimed := Must(w.ClaimOrg(w.Context(), directory.Call{}, onboarding.NewClaim{
		Claim: out.Claim, Name: name, Email: strings.ToLower(name) + "@example.net",
	}))(w)
	return w.WithToken(claimed.Owner)
}

// Invite adds the account of m to the first organization and returns its user there.
func (w *World) Invite(m Member, role directory.RoleID) directory.User {
	w.Helper()
	return Must(w.CreateUser(w.Context(), w.ByOwner(), members.NewUser{Name: "Invited " + m.Name, Email: m.Email, Role: role}))(w)
}

// Role makes a custom role in the first organization.
func (w *World) Role(name string, capabilities ...string) directory.Role {
	w.Helper()
	return Must(w.CreateRole(w.Context(), w.ByOwner(), roles.NewRole{Name: name, Capabilities: Caps(w, capabilities...)}))(w)
}

// Group makes a group in the first organization.
func (w *World) Group(name string, members []directory.UserID, gives ...directory.RoleID) directory.Group {
	w.Helper()
	return Must(w.CreateGroup(w.Context(), w.ByOwner(), roles.NewGroup{Name: name, Members: &members, Roles: &gives}))(w)
}

// Token makes an API token in the first organization.
func (w *World) Token(capabilities ...string) credentials.IssuedAPIToken {
	w.Helper()
	return Must(w.CreateAPIToken(w.Context(), w.ByOwner(), credentials.NewAPIToken{
		Name: "token", Capabilities: Caps(w, capabilities...),
	}))(w)
}

// User reads a user of the first organization as they are now.
func (w *World) User(id directory.UserID) directory.User {
	w.Helper()
	return Must(w.GetUser(w.Context(), w.ByOwner(), id))(w)
}

// LinkFor makes a link that signs in a user.
func (w *World) LinkFor(u directory.User) string {
	w.Helper()
	return Must(w.CreateSignInLinkFor(w.Context(), u.Email))(w).Secret
}

// SignIn signs a user in and returns the session's value.
func (w *World) SignIn(u directory.User) string {
	w.Helper()
	call := directory.Call{RemoteAddr: "192.0.2.7", UserAgent: "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"}
	return Must(w.UseSignInLink(w.Context(), call, w.LinkFor(u), "", ""))(w).Secret
}

// InSession starts a call by a session, in an organization.
func (w *World) InSession(secret string, org directory.OrgID) directory.Call {
	w.Helper()
	return directory.Call{Principal: Must(w.AuthenticateSession(w.Context(), secret, org, "192.0.2.7"))(w)}
}

// Caps reads capabilities as people write them: "users|create",
// "dataset:logs:query|read", "view:*:share|read", "app:billing:report:2026-*|read".
func Caps(t testing.TB, names ...string) authz.Set {
	t.Helper()
	var s authz.Set
	for _, name := range names {
		one, err := parseCap(name)
		if err != nil {
			t.Fatal(err)
		}
		s = s.Union(one)
	}
	return s
}

// parseCap reads one of the capabilities of [Caps].
func parseCap(name string) (authz.Set, error) {
	if name == "app:*" {
		return authz.Set{Apps: authz.AllApps()}, nil
	}
	if strings.HasPrefix(name, "app:") {
		g, err := authz.ParseAppGrant(name)
		return authz.Set{Apps: authz.AppGrantsOf([]authz.AppGrant{g})}, err
	}
	scope, on, pair := "", "", name
	if parts := strings.SplitN(name, ":", 3); len(parts) == 3 {
		scope, on, pair = parts[0], parts[1], parts[2]
	}
	resource, action, _ := strings.Cut(pair, "|")
	wire := map[string][]string{resource: {action}}
	switch scope {
	case "":
		return authz.Wire{Org: wire}.Parse()
	case "dataset":
		return authz.Wire{Datasets: map[string]map[string][]string{on: wire}}.Parse()
	default:
		return authz.Wire{Views: map[string]map[string][]string{on: wire}}.Parse()
	}
}
