package directory_test

import (
	"testing"

	"github.com/rosterhq/roster/internal/directory"
	"github.com/rosterhq/roster/internal/roles"
)

// precondition checks objects of every type with one function.
type precondition func(current any) error

func (f precondition) User(u directory.User) error                         { return f(u) }
func (f precondition) Domain(d directory.Domain) error                     { return f(d) }
func (f precondition) UserState(u directory.UserState) error               { return f(u) }
func (f precondition) TemporaryRole(t directory.TemporaryRole) error       { return f(t) }
func (f precondition) Schedule(s directory.Schedule) error                 { return f(s) }
func (f precondition) Role(r directory.Role) error                         { return f(r) }
func (f precondition) Group(g directory.Group) error                       { return f(g) }
func (f precondition) APIToken(t directory.APITokenRecord) error           { return f(t) }
func (f precondition) PersonalToken(t directory.PersonalTokenRecord) error { return f(t) }
func (f precondition) TokenNetworks(n directory.TokenNetworks) error       { return f(n) }
func (f precondition) Webhook(w directory.Webhook) error                   { return f(w) }
func (f precondition) Org(m directory.Membership) error                    { return f(m) }
func (f precondition) OrgSettings(s directory.OrgSettings) error           { return f(s) }
func (f precondition) Retention(r directory.Retention) error               { return f(r) }
func (f precondition) Session(t directory.SessionRecord) error             { return f(t) }
func (f precondition) Passkey(k directory.Passkey) error                   { return f(k) }
func (f precondition) SessionLimits(l directory.SessionLimits) error       { return f(l) }
func (f precondition) SignInRules(r directory.SignInRules) error           { return f(r) }
func (f precondition) Issuer(i directory.Issuer) error                     { return f(i) }
func (f precondition) Profile(u directory.Profiled) error                  { return f(u) }
func (f precondition) Application(a directory.Application) error           { return f(a) }

func (f precondition) ProvisioningSettings(s directory.ProvisioningSettings) error {
	return f(s)
}

// The precondition sees the current state inside the transaction. If it refuses, nothing
// changes.
func TestPreconditions(t *testing.T) {
	t.Parallel()
	forEachOperation(t, func(t *testing.T, s *scene, op operation) {
		call := op.call(s)
		refusal := directory.Errorf(directory.PreconditionFailed, "it has changed")
		var shown []any
		call.Precondition = precondition(func(current any) error {
			shown = append(shown, current)
			return refusal
		})
		if !op.asks {
			s.Wants("an operation that asks nothing", "", second(op.do(s, call)))
			if len(shown) > 0 {
				t.Errorf("asked about %v", shown)
			}
			return
		}
		s.Refused("refused by the precondition", directory.PreconditionFailed, "", func() error { return second(op.do(s, call)) })
		if len(shown) != 1 {
			t.Fatalf("asked about %v", shown)
		}
		want := current(s, op, shown[0])
		if got := idOf(shown[0]); got != want {
			t.Errorf("asked about %v, want %v", got, want)
		}
		call.Precondition = precondition(func(any) error { return nil })
		s.Wants("allowed by the precondition", "", second(op.do(s, call)))
	})
}

// current is what the operation is about, read in the ordinary way.
func current(s *scene, op operation, shown any) any {
	s.Helper()
	switch shown.(type) {
	case directory.User:
		return s.User(s.jane.ID)
	case directory.TemporaryRole:
		return must(s.GetTemporaryRole(s.Context(), s.ByOwner(), s.fresh.ID))(s)
	case directory.Schedule:
		if op.name == "updateUserSchedule" {
			return directory.Schedule{} // there is none yet
		}
		return must(s.GetSchedule(s.Context(), s.ByOwner(), s.jane.ID, directory.ScheduledSuspension))(s)
	case directory.Role:
		return must(s.GetRole(s.Context(), s.ByOwner(), s.role.ID))(s).ID
	case directory.Group:
		return must(s.GetGroup(s.Context(), s.ByOwner(), s.group.ID))(s).ID
	case directory.APITokenRecord:
		return s.token.ID
	case directory.PersonalTokenRecord:
		return s.spare.ID
	case directory.TokenNetworks:
		if op.target == "apiToken" {
			return s.token.ID
		}
		return s.spare.ID
	case directory.OrgSettings:
		return must(s.GetOrgSettings(s.Context(), s.ByOwner(), s.Org.ID))(s)
	case directory.Retention:
		return must(s.GetRetention(s.Context(), s.ByOwner()))(s)
	case directory.Webhook:
		return s.hook.ID
	case directory.SessionRecord:
		return s.laptop
	case directory.Passkey:
		return s.key.ID
	case directory.SignInRules:
		return must(s.GetSignInRules(s.Context(), s.ByOwner(), s.Org.ID))(s)
	case directory.SessionLimits:
		return must(s.GetSessionLimits(s.Context(), s.ByOwner(), s.Org.ID))(s)
	case directory.Application:
		return s.wiki.ID
	case directory.Membership:
		return must(s.GetOrg(s.Context(), s.ByOwner(), s.Org.ID))(s)
	}
	s.Fatalf("%s asks about a %T", op, shown)
	return nil
}

// idOf is the shown value itself where it can be compared, else its id.
func idOf(shown any) any {
	switch v := shown.(type) {
	case directory.Role:
		return v.ID
	case directory.Group:
		return v.ID
	case directory.APITokenRecord:
		return v.ID
	case directory.PersonalTokenRecord:
		return v.ID
	case directory.Webhook:
		return v.ID
	case directory.SessionRecord:
		return v.ID
	case directory.Passkey:
		return v.ID
	case directory.TokenNetworks:
		return v.ID
	case directory.Application:
		return v.ID
	}
	return shown
}

// A role's members are part of what is shown: a change of them is a change of it.
func TestPreconditionSeesRoleMembers(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	must(s.UpdateUserRole(t.Context(), s.ByOwner(), s.jane.ID, s.role.ID))(t)
	call := s.ByOwner()
	call.Precondition = precondition(func(current any) error {
		if r, ok := current.(directory.Role); !ok || len(r.Members) != 1 || r.Members[0] != s.jane.ID {
			t.Errorf("shown %v", current)
		}
		return nil
	})
	must(s.UpdateRole(t.Context(), call, s.role.ID, roles.NewRole{Name: "Role"}))(t)
}
