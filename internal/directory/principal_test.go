package directory_test

import (
	"strings"
	"testing"
	"time"

	"github.com/rosterhq/roster/internal/authz"
	"github.com/rosterhq/roster/internal/directory"
	"github.com/rosterhq/roster/internal/members"
	"github.com/rosterhq/roster/internal/roles"
)

func TestAuthenticateRefuses(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	rival := w.Tenant("Rival")
	value := strings.TrimPrefix(w.APIToken, "xaat-")
	for what, secret := range map[string]string{
		"nothing":              "",
		"a prefix alone":       "xaat-",
		"an unknown value":     "xaat-00000000-0000-4000-8000-000000000000",
		"an unknown personal":  "xapt-00000000-0000-4000-8000-000000000000",
		"another kind's":       "xapt-" + value,
		"no prefix":            value,
		"another prefix":       "xclm-" + value,
		"prefix in upper case": "XAAT-" + value,
		"value in upper case":  "xaat-" + strings.ToUpper(value),
		"a space after it":     w.APIToken + " ",
		"a part of it":         w.APIToken[:len(w.APIToken)-1],
		"bearer and all":       "Bearer " + w.APIToken,
		"something long":       "xaat-" + strings.Repeat("0", 1<<16),
		"invalid UTF-8":        "xaat-\xff\x00",
		"an id":                string(w.As(w.APIToken, "").Principal.TokenID),
	} {
		for _, org := range []directory.OrgID{"", w.Org.ID, rival.OrgID, "unknown-0000"} {
			_, err := w.Authenticate(t.Context(), secret, org)
			w.Wants(what, directory.Unauthenticated, err)
		}
	}
}

// The organization that a request names must be the token's, or one of the
// account's; whether another one exists is not told.
func TestAuthenticateInAnOrganization(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	rival := w.Tenant("Rival")
	jane := w.Join("Jane", "user")
	second := must(w.CreateOrg(t.Context(), w.By(jane), "Second"))(t)
	for what, tt := range map[string]struct {
		secret  string
		org     directory.OrgID
		refused bool
		in      directory.OrgID
		user    directory.UserID
		role    directory.RoleID
	}{
		"API token, none named":       {w.APIToken, "", false, w.Org.ID, "", ""},
		"API token, its own named":    {w.APIToken, w.Org.ID, false, w.Org.ID, "", ""},
		"API token, another named":    {w.APIToken, rival.OrgID, true, "", "", ""},
		"API token, an unknown named": {w.APIToken, "unknown-0000", true, "", "", ""},
		"one membership, none named":  {w.Owner.Secret, "", false, w.Org.ID, w.Owner.ID, "owner"},
		"one membership, named":       {w.Owner.Secret, w.Org.ID, false, w.Org.ID, w.Owner.ID, "owner"},
		"one membership, another":     {w.Owner.Secret, rival.OrgID, true, "", "", ""},
		"one membership, an unknown":  {w.Owner.Secret, "unknown-0000", true, "", "", ""},
		"several, none named":         {jane.Secret, "", false, "", "", ""},
		"several, the first":          {jane.Secret, w.Org.ID, false, w.Org.ID, jane.ID, "user"},
		"several, the second":         {jane.Secret, second.Org.ID, false, second.Org.ID, second.User.ID, "owner"},
		"several, another":            {jane.Secret, rival.OrgID, true, "", "", ""},
	} {
		p, err := w.Authenticate(t.Context(), tt.secret, tt.org)
		if tt.refused {
			w.Wants(what, directory.Forbidden, err)
			continue
		}
		w.Wants(what, "", err)
		if p.OrgID != tt.in || p.UserID != tt.user || p.Role != tt.role {
			t.Errorf("%s: acts as %+v", what, p)
		}
	}
	_, theirs := w.Authenticate(t.Context(), w.APIToken, rival.OrgID)
	_, unknown := w.Authenticate(t.Context(), w.APIToken, "unknown-0000")
	if theirs.Error() != unknown.Error() {
		t.Errorf("answers differ: %q, %q", theirs, unknown)
	}
}

// An organization that was named must stay the one that is meant: a request
// under way does not move to another when the membership goes.
func TestARequestStaysInItsOrganization(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	jane := w.Join("Jane", "admin")
	must(w.CreateOrg(t.Context(), w.By(jane), "Second"))(t)
	call := w.As(jane.Secret, w.Org.ID)
	w.Wants("remove", "", w.RemoveUser(t.Context(), w.ByOwner(), jane.ID))
	w.Refused("create", directory.Forbidden, "", func() error {
		return second(w.CreateUser(t.Context(), call, members.NewUser{Name: "X", Email: "x@example.com", Role: "user"}))
	})
}

// Each operation needs what its table entry says, and says what is missing.
func TestAuthorize(t *testing.T) {
	t.Parallel()
	create := directory.OpCreateUser
	with := func(kind directory.PrincipalKind, org directory.OrgID, capabilities ...string) *directory.Principal {
		return &directory.Principal{Kind: kind, OrgID: org, Capabilities: caps(t, capabilities...)}
	}
	for what, tt := range map[string]struct {
		op   directory.Operation
		p    *directory.Principal
		code directory.Code
		says string
	}{
		"has it":                         {create, with(directory.APIToken, "o", "users|create"), "", ""},
		"has another":                    {create, with(directory.APIToken, "o", "users|read", "apiTokens|create"), directory.Forbidden, "users|create"},
		"has everything":                 {create, &directory.Principal{Kind: directory.PersonalToken, OrgID: "o", Capabilities: authz.Everything()}, "", ""},
		"no organization":                {create, with(directory.PersonalToken, "", "users|create"), directory.Invalid, "X-Axiom-Org-Id"},
		"own account, API token":         {directory.OpUpdateSelf, with(directory.APIToken, "o"), directory.Forbidden, "personal token"},
		"own account, no organization":   {directory.OpUpdateSelf, with(directory.PersonalToken, ""), "", ""},
		"own access":                     {directory.OpGetSelfAccess, with(directory.APIToken, "o"), "", ""},
		"own access, no organization":    {directory.OpGetSelfAccess, with(directory.PersonalToken, ""), directory.Invalid, "X-Axiom-Org-Id"},
		"public":                         {directory.OpProvisionOrg, nil, "", ""},
		"the operator's, whoever":        {directory.OpDeleteOrg, &directory.Principal{Kind: directory.PersonalToken, OrgID: "o", Role: "owner", Capabilities: authz.Everything()}, directory.Forbidden, "operator"},
		"read does not do for rbac":      {directory.OpListRoles, with(directory.APIToken, "o", "users|read"), directory.Forbidden, "rbac|read"},
		"datasets don't do for anything": {create, with(directory.APIToken, "o", "dataset:*:ingest|create"), directory.Forbidden, "users|create"},
	} {
		err := tt.op.Authorize(tt.p)
		if outcome(err) != tt.code {
			t.Errorf("%s: %v, want %q", what, err, tt.code)
		}
		if err != nil && !strings.Contains(err.Error(), tt.says) {
			t.Errorf("%s: %q does not say %q", what, err, tt.says)
		}
	}
}

// Tokens answer from memory; each change must be seen by the next request, both
// what was taken away and what was given.
func TestTheNextRequestSeesEveryChange(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	jane := s.jane
	acts := func(what string, names ...string) {
		t.Helper()
		base, _ := authz.Builtin(authz.RoleNone)
		want := base.Union(caps(t, names...))
		for range 2 { // read, then remembered
			if p := s.As(jane.Secret, s.Org.ID).Principal; !p.Capabilities.Equal(want) {
				t.Errorf("%s: acts with %v, want %v", what, p.Capabilities.Names(), want.Names())
			}
		}
	}
	must(s.UpdateGroup(t.Context(), s.ByOwner(), s.group.ID, roles.NewGroup{Name: "G", Members: userIDs()}))(t)
	must(s.UpdateUserRole(t.Context(), s.ByOwner(), jane.ID, s.role.ID))(t)
	acts("a custom role", "users|read")
	must(s.UpdateRole(t.Context(), s.ByOwner(), s.role.ID, roles.NewRole{Name: "Role", Capabilities: caps(t, "users|update")}))(t)
	acts("the role was edited", "users|update")
	must(s.UpdateGroup(t.Context(), s.ByOwner(), s.group.ID, roles.NewGroup{Name: "G", Members: userIDs(jane.ID), Roles: roleIDs(s.role.ID)}))(t)
	must(s.UpdateUserRole(t.Context(), s.ByOwner(), jane.ID, "none"))(t)
	acts("through the group", "users|update")
	must(s.UpdateRole(t.Context(), s.ByOwner(), s.role.ID, roles.NewRole{Name: "Role", Capabilities: caps(t, "flows|read")}))(t)
	acts("the group's role was edited", "flows|read")
	s.Wants("delete the group", "", s.DeleteGroup(t.Context(), s.ByOwner(), s.group.ID))
	acts("the group was deleted")
	must(s.UpdateRole(t.Context(), s.ByOwner(), s.role.ID, roles.NewRole{Name: "Role", Capabilities: caps(t, "flows|read"), Members: userIDs(jane.ID)}))(t)
	acts("a member of the role", "flows|read")
	made := must(s.CreateOrg(t.Context(), s.By(jane), "Second"))(t)
	if p := s.As(jane.Secret, "").Principal; p.OrgID != "" {
		t.Errorf("in two organizations, acts in %s", p.OrgID)
	}
	s.Wants("delete the organization", "", s.DeleteOrg(t.Context(), made.Org.ID))
	if p := s.As(jane.Secret, "").Principal; p.OrgID != s.Org.ID {
		t.Errorf("in one organization again, acts in %q", p.OrgID)
	}
	s.Pass(time.Hour)
	acts("time passed", "flows|read")
}
