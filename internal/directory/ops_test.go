package directory_test

import (
	"slices"
	"testing"
	"time"

	"github.com/rosterhq/roster/internal/access"
	"github.com/rosterhq/roster/internal/applications"
	"github.com/rosterhq/roster/internal/authz"
	"github.com/rosterhq/roster/internal/credentials"
	"github.com/rosterhq/roster/internal/directory"
	"github.com/rosterhq/roster/internal/directorytest"
	"github.com/rosterhq/roster/internal/identity"
	"github.com/rosterhq/roster/internal/members"
	"github.com/rosterhq/roster/internal/roles"
	"github.com/rosterhq/roster/internal/schedules"
	"github.com/rosterhq/roster/internal/webhooks"
)

// scene has one of everything, for the table of all operations that change something.
type scene struct {
	*world
	jane   member // a plain user
	rival  member // owner of another organization, invited to the first
	role   directory.Role
	group  directory.Group
	token  credentials.IssuedAPIToken
	spare  credentials.IssuedPersonalToken // another one of the owner's
	hook   webhooks.IssuedWebhook          // with one entry on its way
	nobody member                          // in the first organization, may do nothing
	gone   directory.User                  // was in it
	fresh  directory.User                  // has not signed in
	laptop directory.TokenID               // session of the owner's
	key    directory.Passkey               // of the owner's
	wiki   directory.Application           // of the first organization
	cred   applications.IssuedCredential   // of the application
}

func newScene(t testing.TB) *scene {
	t.Helper()
	s := &scene{world: newWorld(t)}
	s.jane, s.nobody = s.Join("Jane", "user"), s.Join("Nobody", "none")
	s.rival = s.Tenant("Rival")
	s.Invite(s.rival, "admin")
	s.role = s.world.Role("Role", "users|read")
	s.group = s.world.Group("Group", []directory.UserID{s.jane.ID}, "read-only")
	s.token = s.world.Token("users|read")
	s.spare = must(s.CreatePersonalToken(t.Context(), s.ByOwner(), credentials.NewPersonalToken{Name: "spare"}))(t)
	gone := s.Join("Gone", "user")
	s.gone = gone.User
	s.Wants("remove", "", s.RemoveUser(t.Context(), s.ByOwner(), gone.ID))
	s.hook = must(s.CreateWebhook(t.Context(), s.ByOwner(), newHook("hook")))(t)
	s.fresh = must(s.CreateUser(t.Context(), s.ByOwner(), members.NewUser{Name: "Fresh", Email: "fresh@example.com", Role: "user"}))(t)
	must(s.UpdateTemporaryRole(t.Context(), s.ByOwner(), s.fresh.ID, schedules.NewTemporaryRole{Role: "read-only", Until: s.Clock().Add(time.Hour)}))(t)
	laptop := s.InSession(s.SignIn(s.Owner.User), s.Org.ID)
	s.laptop = laptop.Principal.TokenID
	s.key = must(s.CreatePasskey(t.Context(), laptop, identity.NewPasskey{Name: "Laptop", CredentialID: []byte("id"), Credential: []byte("{}")}))(t)
	must(s.inAnHour(s.ByOwner(), directory.ScheduledSuspension))(t)
	s.wiki = must(s.CreateApplication(t.Context(), s.ByOwner(), newApp("wiki")))(t)
	s.cred = must(s.CreateCredential(t.Context(), s.ByOwner(), s.wiki.ID))(t)
	s.Settle()
	if err := s.queue().Fill(t.Context()); err != nil {
		t.Fatal(err)
	}
	s.Pass(time.Second) // nothing is made in the same moment as the scene
	return s
}

// inAnHour schedules an act on Jane.
func (s *scene) inAnHour(call directory.Call, act directory.ScheduledAct) (directory.Schedule, error) {
	return s.UpdateSchedule(s.Context(), call, s.jane.ID, act, schedules.NewSchedule{At: s.Clock().Add(time.Hour)})
}

func newApp(id directory.AppID) applications.NewApplication {
	return applications.NewApplication{ID: id, Name: "App", Types: authz.AppTypes{"page": {Actions: []string{"read", "write"}, Instances: true}}}
}

func newHook(name string) webhooks.NewWebhook {
	return webhooks.NewWebhook{Name: name, URL: "https://example.com/" + name}
}

// operation is one way to change something, with what the audit log must say of it.
type operation struct {
	name   string // in the log
	what   string // where an operation has several lines
	target string
	before bool // there is something before the change
	after  bool // and after it
	secret bool // the answer holds a token's value
	asks   bool // it asks for a precondition
	by     func(s *scene) member
	do     func(s *scene, call directory.Call) (any, error)
}

func (op operation) String() string {
	if op.what != "" {
		return op.name + ", " + op.what
	}
	return op.name
}

// call starts the operation as whoever can do it.
func (op operation) call(s *scene) directory.Call {
	s.Helper()
	m := s.Owner
	if op.by != nil {
		m = op.by(s)
	}
	call := s.By(m)
	call.TraceID, call.RemoteAddr, call.UserAgent = "trace-1", "192.0.2.7", "test/1"
	return call
}

func byRival(s *scene) member { return s.rival }

func byJane(s *scene) member { return s.jane }

// deleted is the answer of an operation that answers nothing.
func deleted(err error) (any, error) { return nil, err }

var operations = []operation{
	{name: "createUser", target: "user", after: true, do: func(s *scene, call directory.Call) (any, error) {
		return s.CreateUser(s.Context(), call, members.NewUser{Name: "New", Email: "new@example.com", Role: s.role.ID})
	}},
	{name: "createUser", what: "of an account there is", target: "user", after: true, do: func(s *scene, call directory.Call) (any, error) {
		other := s.Tenant("Other")
		return s.CreateUser(s.Context(), call, members.NewUser{Name: "New", Email: other.Email, Role: "user"})
	}},
	{name: "removeUserFromOrg", target: "user", before: true, asks: true, do: func(s *scene, call directory.Call) (any, error) {
		return deleted(s.RemoveUser(s.Context(), call, s.jane.ID))
	}},
	{name: "updateUserRole", target: "user", before: true, after: true, asks: true, do: func(s *scene, call directory.Call) (any, error) {
		return s.UpdateUserRole(s.Context(), call, s.jane.ID, "admin")
	}},
	{name: "updateTemporaryRole", target: "temporaryRole", before: true, after: true, asks: true, do: func(s *scene, call directory.Call) (any, error) {
		return s.UpdateTemporaryRole(s.Context(), call, s.fresh.ID, schedules.NewTemporaryRole{Role: "admin", Until: s.Clock().Add(time.Hour)})
	}},
	{name: "deleteTemporaryRole", target: "temporaryRole", before: true, asks: true, do: func(s *scene, call directory.Call) (any, error) {
		return deleted(s.DeleteTemporaryRole(s.Context(), call, s.fresh.ID))
	}},
	{name: "updateUserSchedule", target: "schedule", after: true, asks: true, do: func(s *scene, call directory.Call) (any, error) {
		return s.inAnHour(call, directory.ScheduledRemoval)
	}},
	{name: "deleteUserSchedule", target: "schedule", before: true, asks: true, do: func(s *scene, call directory.Call) (any, error) {
		return deleted(s.DeleteSchedule(s.Context(), call, s.jane.ID, directory.ScheduledSuspension))
	}},
	{name: "updateCurrentUser", target: "user", before: true, after: true, asks: true, by: byJane, do: func(s *scene, call directory.Call) (any, error) {
		name := "Janet"
		return s.UpdateSelf(s.Context(), call, members.SelfUpdate{Name: &name})
	}},
	{name: "updateCurrentUser", what: "by id", target: "user", before: true, after: true, asks: true, by: byJane, do: func(s *scene, call directory.Call) (any, error) {
		name := "Janet"
		return s.UpdateUser(s.Context(), call, s.jane.ID, members.SelfUpdate{Name: &name})
	}},
	{name: "createPersonalToken", target: "personalToken", after: true, secret: true, by: byJane, do: func(s *scene, call directory.Call) (any, error) {
		return s.CreatePersonalToken(s.Context(), call, credentials.NewPersonalToken{Name: "new"})
	}},
	{name: "deletePersonalToken", target: "personalToken", before: true, asks: true, do: func(s *scene, call directory.Call) (any, error) {
		return deleted(s.DeletePersonalToken(s.Context(), call, s.spare.ID))
	}},
	{name: "revokeUserToken", target: "personalToken", before: true, asks: true, do: func(s *scene, call directory.Call) (any, error) {
		return deleted(s.RevokeMemberToken(s.Context(), call, s.Owner.ID, s.spare.ID))
	}},
	{name: "endUserSession", target: "session", before: true, asks: true, do: func(s *scene, call directory.Call) (any, error) {
		return deleted(s.EndMemberSession(s.Context(), call, s.Owner.ID, s.laptop))
	}},
	{name: "deleteSession", target: "session", before: true, asks: true, do: func(s *scene, call directory.Call) (any, error) {
		return deleted(s.DeleteSession(s.Context(), call, s.laptop))
	}},
	{name: "deleteSessions", target: "session", before: true, do: func(s *scene, call directory.Call) (any, error) {
		return s.DeleteSessions(s.Context(), call)
	}},
	{name: "updatePasskey", target: "passkey", before: true, after: true, asks: true, do: func(s *scene, call directory.Call) (any, error) {
		return s.RenamePasskey(s.Context(), call, s.key.ID, "Phone")
	}},
	{name: "deletePasskey", target: "passkey", before: true, asks: true, do: func(s *scene, call directory.Call) (any, error) {
		return deleted(s.DeletePasskey(s.Context(), call, s.key.ID))
	}},
	{name: "createInvitationLink", target: "signInLink", after: true, secret: true, do: func(s *scene, call directory.Call) (any, error) {
		return s.CreateInvitationLink(s.Context(), call, s.fresh.ID)
	}},
	{name: "updateSignInRules", target: "orgSettings", after: true, asks: true, do: func(s *scene, call directory.Call) (any, error) {
		return s.UpdateSignInRules(s.Context(), call, s.Org.ID, directory.SignInRules{TokenSeconds: 3600})
	}},
	{name: "updateSessionLimits", target: "orgSettings", after: true, asks: true, do: func(s *scene, call directory.Call) (any, error) {
		return s.UpdateSessionLimits(s.Context(), call, s.Org.ID, directory.SessionLimits{IdleSeconds: 600})
	}},
	{name: "acceptInvitation", target: "user", before: true, after: true, by: byRival, do: func(s *scene, call directory.Call) (any, error) {
		return s.AcceptInvitation(s.Context(), call, s.Org.ID)
	}},
	{name: "declineInvitation", target: "user", before: true, by: byRival, do: func(s *scene, call directory.Call) (any, error) {
		return deleted(s.DeclineInvitation(s.Context(), call, s.Org.ID))
	}},
	{name: "createAPIToken", target: "apiToken", after: true, secret: true, do: func(s *scene, call directory.Call) (any, error) {
		return s.CreateAPIToken(s.Context(), call, credentials.NewAPIToken{Name: "new", Capabilities: caps(s, "users|read")})
	}},
	{name: "deleteAPIToken", target: "apiToken", before: true, asks: true, do: func(s *scene, call directory.Call) (any, error) {
		return deleted(s.DeleteAPIToken(s.Context(), call, s.token.ID))
	}},
	{name: "regenerateAPIToken", target: "apiToken", before: true, after: true, secret: true, asks: true, do: func(s *scene, call directory.Call) (any, error) {
		return s.RegenerateAPIToken(s.Context(), call, s.token.ID, credentials.Regeneration{})
	}},
	{name: "updateAPITokenNetworks", target: "apiToken", before: true, after: true, asks: true, do: func(s *scene, call directory.Call) (any, error) {
		return s.UpdateAPITokenNetworks(s.Context(), call, s.token.ID, directorytest.Networks(s, "192.0.2.0/24"))
	}},
	{name: "updatePersonalTokenNetworks", target: "personalToken", before: true, after: true, asks: true, do: func(s *scene, call directory.Call) (any, error) {
		return s.UpdatePersonalTokenNetworks(s.Context(), call, s.spare.ID, directorytest.Networks(s, "192.0.2.0/24"))
	}},
	{name: "updateOrgSettings", target: "orgSettings", after: true, asks: true, do: func(s *scene, call directory.Call) (any, error) {
		return s.UpdateOrgSettings(s.Context(), call, s.Org.ID, directory.OrgSettings{MaxTokenSeconds: 7200})
	}},
	{name: "createRole", target: "role", after: true, do: func(s *scene, call directory.Call) (any, error) {
		return s.CreateRole(s.Context(), call, roles.NewRole{Name: "New", Capabilities: caps(s, "users|read"), Members: userIDs(s.jane.ID)})
	}},
	{name: "updateRole", target: "role", before: true, after: true, asks: true, do: func(s *scene, call directory.Call) (any, error) {
		return s.UpdateRole(s.Context(), call, s.role.ID, roles.NewRole{Name: "Changed", Members: userIDs(s.jane.ID)})
	}},
	{name: "deleteRole", target: "role", before: true, asks: true, do: func(s *scene, call directory.Call) (any, error) {
		return deleted(s.DeleteRole(s.Context(), call, s.role.ID))
	}},
	{name: "createGroup", target: "group", after: true, do: func(s *scene, call directory.Call) (any, error) {
		return s.CreateGroup(s.Context(), call, roles.NewGroup{Name: "New", Members: userIDs(s.jane.ID), Roles: roleIDs("admin")})
	}},
	{name: "updateGroup", target: "group", before: true, after: true, asks: true, do: func(s *scene, call directory.Call) (any, error) {
		return s.UpdateGroup(s.Context(), call, s.group.ID, roles.NewGroup{Name: "Changed", Members: userIDs(), Roles: roleIDs("user")})
	}},
	{name: "deleteGroup", target: "group", before: true, asks: true, do: func(s *scene, call directory.Call) (any, error) {
		return deleted(s.DeleteGroup(s.Context(), call, s.group.ID))
	}},
	{name: "addGroupMember", target: "group", before: true, after: true, asks: true, do: func(s *scene, call directory.Call) (any, error) {
		return deleted(s.AddGroupMember(s.Context(), call, s.group.ID, s.Owner.ID))
	}},
	{name: "removeGroupMember", target: "group", before: true, after: true, asks: true, do: func(s *scene, call directory.Call) (any, error) {
		return deleted(s.RemoveGroupMember(s.Context(), call, s.group.ID, s.jane.ID))
	}},
	{name: "updateGroupMembers", target: "group", before: true, after: true, asks: true, do: func(s *scene, call directory.Call) (any, error) {
		return deleted(s.ChangeGroupMembers(s.Context(), call, s.group.ID, []directory.UserID{s.Owner.ID}, []directory.UserID{s.jane.ID}))
	}},
	{name: "createOrg", target: "organization", after: true, do: func(s *scene, call directory.Call) (any, error) {
		return s.CreateOrg(s.Context(), call, "New")
	}},
	{name: "createWebhook", target: "webhook", after: true, secret: true, do: func(s *scene, call directory.Call) (any, error) {
		return s.CreateWebhook(s.Context(), call, newHook("new"))
	}},
	{name: "updateWebhook", target: "webhook", before: true, after: true, asks: true, do: func(s *scene, call directory.Call) (any, error) {
		return s.UpdateWebhook(s.Context(), call, s.hook.ID, newHook("changed"))
	}},
	{name: "deleteWebhook", target: "webhook", before: true, asks: true, do: func(s *scene, call directory.Call) (any, error) {
		return deleted(s.DeleteWebhook(s.Context(), call, s.hook.ID))
	}},
	{name: "rotateWebhookSecret", target: "webhook", before: true, after: true, secret: true, asks: true, do: func(s *scene, call directory.Call) (any, error) {
		return s.RotateWebhookSecret(s.Context(), call, s.hook.ID, time.Time{})
	}},
	{name: "testWebhook", target: "webhook", asks: true, do: func(s *scene, call directory.Call) (any, error) {
		return deleted(s.TestWebhook(s.Context(), call, s.hook.ID))
	}},
	{name: "replayWebhook", target: "webhook", after: true, asks: true, do: func(s *scene, call directory.Call) (any, error) {
		return s.ReplayWebhook(s.Context(), call, s.hook.ID, webhooks.ReplayScope{FromSequence: 1})
	}},
	{name: "replayWebhookDelivery", target: "webhook", after: true, asks: true, do: func(s *scene, call directory.Call) (any, error) {
		list, _, err := s.ListDeliveries(s.Context(), s.ByOwner(), s.hook.ID, directory.DeliveryQuery{Limit: 1})
		if err != nil || len(list) != 1 {
			s.Fatalf("%d deliveries, %v", len(list), err)
		}
		return s.ReplayDelivery(s.Context(), call, s.hook.ID, webhooks.MessageID(s.Org.ID, list[0].Sequence))
	}},
	{name: "createApplication", target: "application", after: true, do: func(s *scene, call directory.Call) (any, error) {
		return s.CreateApplication(s.Context(), call, newApp("new"))
	}},
	{name: "updateApplication", target: "application", before: true, after: true, asks: true, do: func(s *scene, call directory.Call) (any, error) {
		return s.UpdateApplication(s.Context(), call, s.wiki.ID, applications.NewApplication{Name: "Changed"}, true)
	}},
	{name: "deleteApplication", target: "application", before: true, asks: true, do: func(s *scene, call directory.Call) (any, error) {
		return deleted(s.DeleteApplication(s.Context(), call, s.wiki.ID, false))
	}},
	{name: "createApplicationCredential", target: "appCredential", after: true, secret: true, do: func(s *scene, call directory.Call) (any, error) {
		return s.CreateCredential(s.Context(), call, s.wiki.ID)
	}},
	{name: "deleteApplicationCredential", target: "appCredential", before: true, do: func(s *scene, call directory.Call) (any, error) {
		return deleted(s.DeleteCredential(s.Context(), call, s.wiki.ID, s.cred.ID))
	}},
	{name: "updateOrg", target: "organization", before: true, after: true, asks: true, do: func(s *scene, call directory.Call) (any, error) {
		return s.UpdateOrg(s.Context(), call, s.Org.ID, "Changed")
	}},
	{name: "updateAuditRetention", target: "auditLog", before: true, after: true, asks: true, do: func(s *scene, call directory.Call) (any, error) {
		return s.SetRetention(s.Context(), call, directory.Retention{Days: 30})
	}},
	{name: "erasePersonalData", target: "user", do: func(s *scene, call directory.Call) (any, error) {
		return s.EraseUser(s.Context(), call, s.gone.ID)
	}},
}

// forEachOperation runs a test on a scene of its own for every operation. The scenes are
// copies of one, which take a fraction of the time.
func forEachOperation(t *testing.T, test func(t *testing.T, s *scene, op operation)) {
	t.Helper()
	first := newScene(t)
	if err := first.DB.Close(); err != nil {
		t.Fatal(err)
	}
	for _, op := range operations {
		t.Run(op.String(), func(t *testing.T) {
			t.Parallel()
			s := *first
			s.world = &world{first.Copy(t, anybody()...)}
			test(t, &s, op)
		})
	}
}

// The table must not miss an operation: each that an API route can lead to and
// that changes something is in it.
func TestTableOfOperationsIsWhole(t *testing.T) {
	t.Parallel()
	have := make(map[string]bool)
	for _, op := range operations {
		have[op.name] = true
	}
	for _, op := range []directory.Operation{
		directory.OpCreateUser, directory.OpRemoveUser, directory.OpUpdateUserRole, directory.OpUpdateSchedule, directory.OpDeleteSchedule, directory.OpUpdateTemporaryRole, directory.OpDeleteTemporaryRole, directory.OpUpdateSelf,
		directory.OpCreatePersonalToken, directory.OpDeletePersonalToken, directory.OpRevokeMemberToken, directory.OpAcceptInvitation, directory.OpDeclineInvitation,
		directory.OpCreateAPIToken, directory.OpDeleteAPIToken, directory.OpRegenerateAPIToken,
		directory.OpUpdateAPITokenNetworks, directory.OpUpdatePersonalTokenNetworks, directory.OpUpdateOrgSettings,
		directory.OpCreateRole, directory.OpUpdateRole, directory.OpDeleteRole,
		directory.OpCreateGroup, directory.OpUpdateGroup, directory.OpDeleteGroup,
		directory.OpAddGroupMember, directory.OpRemoveGroupMember, directory.OpUpdateGroupMembers, directory.OpCreateOrg, directory.OpUpdateOrg,
		directory.OpUpdateRetention, directory.OpEraseUser,
		directory.OpCreateWebhook, directory.OpUpdateWebhook, directory.OpDeleteWebhook, directory.OpRotateSecret, directory.OpTestWebhook,
		directory.OpReplayWebhook, directory.OpReplayDelivery,
		directory.OpDeleteSession, directory.OpDeleteSessions, directory.OpEndMemberSession, directory.OpUpdatePasskey, directory.OpDeletePasskey,
		directory.OpCreateApplication, directory.OpUpdateApplication, directory.OpDeleteApplication, directory.OpCreateAppCredential, directory.OpDeleteAppCredential,
		directory.OpCreateInvitationLink, directory.OpUpdateSessionLimits, directory.OpUpdateSignInRules,
	} {
		if !have[op.Name] {
			t.Errorf("%s is missing", op.Name)
		}
		delete(have, op.Name)
	}
	if len(have) > 0 {
		t.Errorf("no operations: %v", have)
	}
}

// A principal without permissions changes nothing, in a dry run or not, with a key or without.
func TestOperationsNeedTheirPermission(t *testing.T) {
	t.Parallel()
	forEachOperation(t, func(t *testing.T, s *scene, op operation) {
		own := []string{
			"createOrg", "deletePersonalToken", "updatePersonalTokenNetworks", "deleteSession", "deleteSessions", "updatePasskey", "deletePasskey",
		}
		if op.by != nil || slices.Contains(own, op.name) || op.what != "" {
			t.Skip("anybody may do this to themselves")
		}
		call := s.By(s.nobody)
		s.Refused("nobody", directory.Forbidden, "", func() error { return second(op.do(s, call)) })
		call.IdempotencyKey, call.Fingerprint = "k", []byte("f")
		s.Refused("with a key", directory.Forbidden, "", func() error { return second(op.do(s, call)) })
		call.DryRun = new(access.Diff)
		s.Refused("dry", directory.Forbidden, "", func() error { return second(op.do(s, call)) })
	})
}
