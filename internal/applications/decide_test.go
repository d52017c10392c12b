package applications_test

import (
	"testing"
	"time"

	"github.com/rosterhq/roster/internal/applications"
	"github.com/rosterhq/roster/internal/credentials"
	"github.com/rosterhq/roster/internal/directory"
	"github.com/rosterhq/roster/internal/directorytest"
	"github.com/rosterhq/roster/internal/members"
	"github.com/rosterhq/roster/internal/roles"
	"github.com/rosterhq/roster/internal/schedules"
	"github.com/rosterhq/roster/internal/text"
)

// asking is a deployment's application, on two nodes, and somebody to take something from.
type asking struct {
	t    *testing.T
	pair [2]*directorytest.World
	*directorytest.World

	jane   directorytest.Member
	role   directory.Role
	group  directory.Group
	token  credentials.IssuedAPIToken
	secret string // of the application
}

const approveOne = "app:billing:invoice:2026-1|approve"

func newAsking(t *testing.T) *asking {
	t.Helper()
	a := &asking{t: t, pair: nodes(t)}
	a.World = a.pair[0]
	apply(a.World, applications.How{}, "read", "approve")
	a.secret = directorytest.Must(a.IssueCredential(t.Context(), "", "billing"))(t).Secret
	a.role = a.Role("Clerk", approveOne)
	a.jane = a.Join("Jane", "none")
	a.token = a.Token(approveOne)
	return a
}

// decide asks one node whether a subject may approve an invoice. If the
// application or its credential is gone, the answer is "refused".
func (a *asking) decide(n *directorytest.World, q applications.Question) string {
	a.t.Helper()
	p, err := n.Authenticate(a.t.Context(), a.secret, "")
	if err != nil {
		return "refused"
	}
	app, err := n.Application(a.t.Context(), p)
	if err != nil {
		return "refused"
	}
	q.Org, q.Type, q.Action, q.Instance = a.Org.ID, "invoice", "approve", "2026-1"
	d := directorytest.Must(n.Decide(a.t.Context(), app, q))(a.t)
	if d.Allowed {
		return "yes"
	}
	return string(d.Reason)
}

// After every kind of change that takes access away, the next answer of the same node is no, and the
// other node's is soon; both had the yes in memory.
func TestDecideFollowsChanges(t *testing.T) {
	t.Parallel()
	byID := func(a *asking) applications.Question {
		return applications.Question{User: applications.UserRef{ID: a.jane.ID}}
	}
	byEmail := func(a *asking) applications.Question {
		return applications.Question{User: applications.UserRef{EmailKey: text.FoldKey(a.jane.Email)}}
	}
	byToken := func(a *asking) applications.Question { return applications.Question{Token: a.token.ID} }
	give := func(a *asking) {
		directorytest.Must(a.UpdateUserRole(t.Context(), a.ByOwner(), a.jane.ID, a.role.ID))(t)
	}
	join := func(a *asking) {
		a.group = a.Group("Clerks", []directory.UserID{a.jane.ID}, a.role.ID)
	}
	nothing := func(*asking) {}
	for name, c := range map[string]struct {
		who          func(*asking) applications.Question
		give, change func(*asking)
		want         applications.Reason
	}{
		"demoted": {byID, give, func(a *asking) {
			directorytest.Must(a.UpdateUserRole(t.Context(), a.ByOwner(), a.jane.ID, "user"))(t)
		}, applications.NotHeld},
		"suspended": {byEmail, give, func(a *asking) {
			directorytest.Must(a.UpdateUserStatus(t.Context(), a.ByOwner(), a.jane.ID, directory.Suspended))(t)
		}, applications.NotActive},
		"removed": {byEmail, give, func(a *asking) {
			a.Wants("remove", "", a.RemoveUser(t.Context(), a.ByOwner(), a.jane.ID))
		}, applications.NoSubject},
		"the role changed": {byID, give, func(a *asking) {
			directorytest.Must(a.UpdateRole(t.Context(), a.ByOwner(), a.role.ID, roles.NewRole{Name: "Clerk"}))(t)
		}, applications.NotHeld},
		"taken from a group": {byID, join, func(a *asking) {
			directorytest.Must(a.UpdateGroup(t.Context(), a.ByOwner(), a.group.ID, roles.NewGroup{Name: "Clerks", Members: &[]directory.UserID{}}))(t)
		}, applications.NotHeld},
		"the group lost the role": {byEmail, join, func(a *asking) {
			directorytest.Must(a.UpdateGroup(t.Context(), a.ByOwner(), a.group.ID, roles.NewGroup{Name: "Clerks", Roles: &[]directory.RoleID{}}))(t)
		}, applications.NotHeld},
		"the group is gone": {byID, join, func(a *asking) {
			a.Wants("delete", "", a.DeleteGroup(t.Context(), a.ByOwner(), a.group.ID))
		}, applications.NotHeld},
		"a role for a time": {byID, func(a *asking) {
			directorytest.Must(a.UpdateTemporaryRole(t.Context(), a.ByOwner(), a.jane.ID, schedules.NewTemporaryRole{Role: a.role.ID, Until: a.Clock().Add(time.Hour)}))(t)
		}, func(a *asking) { a.Pass(time.Hour) }, applications.NotHeld},
		"a temporary role taken": {byID, func(a *asking) {
			directorytest.Must(a.UpdateTemporaryRole(t.Context(), a.ByOwner(), a.jane.ID, schedules.NewTemporaryRole{Role: "admin", Until: a.Clock().Add(time.Hour)}))(t)
		}, func(a *asking) {
			a.Wants("delete", "", a.DeleteTemporaryRole(t.Context(), a.ByOwner(), a.jane.ID))
		}, applications.NotHeld},
		"another address": {byEmail, give, func(a *asking) {
			directorytest.Must(a.UpdateSelf(t.Context(), a.By(a.jane), members.SelfUpdate{Name: new("Jane Doe")}))(t)
			a.Wants("remove", "", a.RemoveUser(t.Context(), a.ByOwner(), a.jane.ID))
			directorytest.Must(a.CreateUser(t.Context(), a.ByOwner(), members.NewUser{Name: "Jane", Email: a.jane.Email, Role: "user"}))(t)
		}, applications.NotHeld},
		"the token is gone": {byToken, nothing, func(a *asking) {
			a.Wants("delete", "", a.DeleteAPIToken(t.Context(), a.ByOwner(), a.token.ID))
		}, applications.NoSubject},
		"the token expired": {byToken, func(a *asking) {
			a.token = directorytest.Must(a.CreateAPIToken(t.Context(), a.ByOwner(), credentials.NewAPIToken{
				Name: "short", Capabilities: directorytest.Caps(t, approveOne), ExpiresAt: a.Clock().Add(time.Minute),
			}))(t)
		}, func(a *asking) { a.Pass(time.Minute) }, applications.NoSubject},
		"the action is gone": {byToken, nothing, func(a *asking) { apply(a.World, applications.How{Force: true}, "read") }, applications.UnknownType},
		"it came back": {byToken, nothing, func(a *asking) {
			apply(a.World, applications.How{Force: true}, "read")
			apply(a.World, applications.How{}, "read", "approve")
		}, applications.NotHeld},
		"the owner, by an action": {func(a *asking) applications.Question {
			return applications.Question{User: applications.UserRef{ID: a.Owner.ID}}
		}, nothing, func(a *asking) { apply(a.World, applications.How{Force: true}, "read") }, applications.UnknownType},
		"the application is gone": {byID, give, func(a *asking) {
			directorytest.Must(a.Remove(t.Context(), "", "billing", applications.How{Force: true}))(t)
		}, "refused"},
		"the credential is gone": {byID, give, func(a *asking) {
			creds := directorytest.Must(a.List(t.Context(), ""))(t)[0].Credentials
			a.Wants("revoke", "", a.RevokeCredential(t.Context(), "", "billing", creds[0].ID))
		}, "refused"},
		"the organization is gone": {byID, give, func(a *asking) {
			a.Wants("delete", "", a.DeleteOrg(t.Context(), a.Org.ID))
		}, applications.NoSubject},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := newAsking(t)
			c.give(a)
			who := c.who(a)
			if got := a.decide(a.pair[0], who); got != "yes" {
				t.Fatalf("at first: %q", got)
			}
			a.becomes(a.pair[1], who, "yes") // the other node hears of it by polling
			c.change(a)
			if got := a.decide(a.pair[0], who); got != string(c.want) {
				t.Errorf("the same node: %q, want %q", got, c.want)
			}
			a.becomes(a.pair[1], who, string(c.want))
		})
	}
}

// becomes waits until a node gives an answer.
func (a *asking) becomes(n *directorytest.World, q applications.Question, want string) {
	a.t.Helper()
	for end := time.Now().Add(2 * time.Minute); a.decide(n, q) != want; time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			a.t.Fatalf("still %q, want %q", a.decide(n, q), want)
		}
	}
}

// An application gets no yes about subjects of an organization that it does not serve.
func TestDecideStaysInItsOrganization(t *testing.T) {
	t.Parallel()
	w := directorytest.New(t)
	rival := w.Tenant("Rival")
	own := billing("approve")[0]
	directorytest.Must(w.CreateApplication(t.Context(), w.ByOwner(), own))(t)
	directorytest.Must(w.CreateApplication(t.Context(), w.By(rival), own))(t)
	app := func(call directory.Call) directory.Application {
		return directorytest.Must(w.GetApplication(t.Context(), call, "billing"))(t)
	}
	ours, theirs := app(w.ByOwner()), app(w.By(rival))
	token := w.Token("app:billing:invoice:*|approve")
	principal := directorytest.Must(w.Authenticate(t.Context(), token.Secret, ""))(t)
	for name, c := range map[string]struct {
		app  directory.Application
		q    applications.Question
		want applications.Reason
	}{
		"ours":                            {ours, applications.Question{Token: token.ID}, ""},
		"ours, of the other organization": {ours, applications.Question{Org: rival.OrgID, User: applications.UserRef{ID: rival.ID}}, applications.NotServed},
		"ours, by a foreign user":         {ours, applications.Question{User: applications.UserRef{ID: rival.ID}}, applications.NoSubject},
		"theirs, by our token":            {theirs, applications.Question{Token: token.ID}, applications.NoSubject},
		"theirs, by our token's value":    {theirs, applications.Question{Principal: principal}, applications.NoSubject},
		"theirs, of us":                   {theirs, applications.Question{Org: w.Org.ID, Token: token.ID}, applications.NotServed},
		"theirs, by our owner's address":  {theirs, applications.Question{User: applications.UserRef{EmailKey: text.FoldKey(w.Owner.Email)}}, applications.NoSubject},
		"nobody":                          {ours, applications.Question{}, applications.NoSubject},
	} {
		c.q.Type, c.q.Action, c.q.Instance = "invoice", "approve", "1"
		if d := directorytest.Must(w.Decide(t.Context(), c.app, c.q))(t); d.Reason != c.want || d.Allowed != (c.want == "") {
			t.Errorf("%s: %t, %q, want %q", name, d.Allowed, d.Reason, c.want)
		}
	}
}
