package directory

import (
	"context"
	"slices"
	"time"

	"github.com/rosterhq/roster/internal/authz"
	"github.com/rosterhq/roster/internal/ident"
	"github.com/rosterhq/roster/internal/limits"
	"github.com/rosterhq/roster/internal/quote"
	"github.com/rosterhq/roster/internal/text"
)

// RoleRef is a role as users show it.
type RoleRef struct {
	ID   RoleID `json:"id"`
	Name string `json:"name"`
}

// Role is a named set of capabilities. Built-in roles are the same everywhere;
// custom ones belong to an organization, where their names are unique without
// regard to letter case.
type Role struct {
	ID           RoleID    `json:"id"`
	OrgID        OrgID     `json:"orgId"`
	Name         string    `json:"name"`
	Description  string    `json:"description,omitempty"`
	Capabilities authz.Set `json:"capabilities"`
	CreatedAt    time.Time `json:"createdAt"`
	// Members are the users whose base role this is, in order of their ids. It
	// is filled where a role is answered, not stored with it.
	Members []UserID `json:"members,omitempty"`
}

// is reports whether r and other are the same role with the same contents, whoever
// has it.
func (r Role) is(other Role) bool {
	return r.ID == other.ID && r.Name == other.Name && r.Description == other.Description && r.Capabilities.Equal(other.Capabilities)
}

// Ref is the role as users show it.
func (r Role) Ref() RoleRef { return RoleRef{ID: r.ID, Name: r.Name} }

// Target is the role as the target of an entry.
func (r Role) Target() Target { return Target{Type: "role", ID: string(r.ID), Name: r.Name} }

func builtinRole(org OrgID, id RoleID) (Role, bool) {
	set, ok := authz.Builtin(string(id))
	return Role{ID: id, OrgID: org, Name: string(id), Capabilities: set}, ok
}

// LookupRole finds a built-in or custom role.
func LookupRole(tx Snapshot, org OrgID, id RoleID) (Role, error) {
	if r, ok := builtinRole(org, id); ok {
		return r, nil
	}
	return tx.Role(org, id)
}

// NewRole is what it takes to make or change a custom role. Nil Members leave
// everybody's base role alone; else those users, and no others, have this one.
type NewRole struct {
	Name         string
	Description  string
	Capabilities authz.Set
	KeepApps     bool // leaves the role's capabilities in applications as they are
	Members      *[]UserID
}

// ListRoles returns the built-in roles, strongest first, then the custom ones.
// Permission rbac|read.
func (s *Service) ListRoles(ctx context.Context, call Call) ([]Role, error) {
	return Read(ctx, s, call, OpListRoles, func(tx Tx) ([]Role, error) {
		org := call.Principal.OrgID
		custom, err := tx.Roles(org)
		if err != nil {
			return nil, err
		}
		var roles []Role
		for _, id := range authz.BuiltinRoles() {
			r, _ := builtinRole(org, RoleID(id))
			roles = append(roles, r)
		}
		roles = append(roles, custom...)
		members := make(map[RoleID][]UserID)
		for u, err := range tx.Users(org, UserQuery{}) {
			if err != nil {
				return nil, err
			}
			members[u.Role.ID] = append(members[u.Role.ID], u.ID)
		}
		for i := range roles {
			roles[i].Members = members[roles[i].ID]
		}
		return roles, nil
	})
}

// GetRole returns one role, built-in ones included. Permission rbac|read.
func (s *Service) GetRole(ctx context.Context, call Call, id RoleID) (Role, error) {
	return Read(ctx, s, call, OpGetRole, func(tx Tx) (Role, error) {
		return roleWithMembers(tx, call.Principal.OrgID, id)
	})
}

func roleWithMembers(tx Tx, org OrgID, id RoleID) (Role, error) {
	role, err := LookupRole(tx, org, id)
	if err != nil {
		return Role{}, err
	}
	for u, err := range tx.Users(org, UserQuery{Role: id}) {
		if err != nil {
			return Role{}, err
		}
		role.Members = append(role.Members, u.ID)
	}
	return role, nil
}

// CreateRole creates a custom role and assigns it to its members.
//
// Permission rbac|create, rule 2 for the capabilities, and users|update if it is
// given to members. Audit entries createRole and, per member, updateUserRole's shape.
// Errors: [Invalid] for a bad name or a stranger among the members; [Conflict]
// for a name that is taken.
func (s *Service) CreateRole(ctx context.Context, call Call, in NewRole) (Role, error) {
	return Write(ctx, s, call, OpCreateRole, func(c *Change) (Role, error) {
		if err := c.OneMore(limits.Roles); err != nil {
			return Role{}, err
		}
		role := Role{ID: RoleID(ident.New("role", c.now)), OrgID: c.actor.OrgID, CreatedAt: c.now}
		if err := c.fillRole(&role, in); err != nil {
			return Role{}, err
		}
		moves, err := c.movesTo(role, in.Members)
		if err != nil {
			return Role{}, err
		}
		if err := c.Tx.CreateRole(role, text.FoldKey(role.Name)); err != nil {
			return Role{}, nameTaken(err, "role")
		}
		if err := c.Record(role.Target(), nil, role); err != nil {
			return Role{}, err
		}
		if err := c.moveUsers(moves); err != nil {
			return Role{}, err
		}
		return roleWithMembers(c, role.OrgID, role.ID)
	})
}

// UpdateRole replaces a custom role's name, description and capabilities, and its
// members if given: those left out fall to none. Unchanged parts are not written.
//
// Permission rbac|update, rule 2 for capabilities that are added, and users|update
// if the capabilities of a role in use or its members change. Audit entry updateRole
// if the role itself changes, without its members; each member who gains or loses it has one.
// Errors: also [NotFound], [Conflict] for a built-in role, and [LimitExceeded] if more
// users gain and lose it than one request may change.
func (s *Service) UpdateRole(ctx context.Context, call Call, id RoleID, in NewRole) (Role, error) {
	return Write(ctx, s, call, OpUpdateRole, func(c *Change) (Role, error) {
		role, err := c.customRole(id)
		if err != nil {
			return Role{}, err
		}
		before := role
		if err := c.fillRole(&role, in); err != nil {
			return Role{}, err
		}
		moves, err := c.movesTo(role, in.Members)
		if err != nil {
			return Role{}, err
		}
		if !role.is(before) {
			if err := c.Tx.UpdateRole(role, text.FoldKey(role.Name)); err != nil {
				return Role{}, nameTaken(err, "role")
			}
			if err := c.Record(role.Target(), before, role); err != nil {
				return Role{}, err
			}
		}
		if err := c.moveUsers(moves); err != nil {
			return Role{}, err
		}
		return roleWithMembers(c, role.OrgID, role.ID)
	})
}

// DeleteRole deletes a custom role that nobody has. Permission rbac|delete.
// Audit entry deleteRole. Errors: [NotFound]; [Conflict] for a built-in role and
// for one that users or groups still have.
func (s *Service) DeleteRole(ctx context.Context, call Call, id RoleID) error {
	return Do(ctx, s, call, OpDeleteRole, func(c *Change) error {
		role, err := c.customRole(id)
		if err != nil {
			return err
		}
		users, groups, err := c.usesOf(role)
		if err != nil {
			return err
		}
		if users > 0 || groups > 0 {
			return Errorf(Conflict, "the role is in use: %d users have it and %d groups give it", users, groups)
		}
		if err := c.Tx.DeleteRole(role.OrgID, role.ID); err != nil {
			return err
		}
		return c.Record(role.Target(), role, nil)
	})
}

// usesOf counts the users who have a role, for a time or invited ones included, and the groups that
// give it.
func (c *Change) usesOf(role Role) (users, groups int, err error) {
	if users, err = c.CountUsersWithRole(role.OrgID, role.ID); err != nil {
		return 0, 0, err
	}
	temporary, err := c.CountTemporaryRoles(role.OrgID, role.ID)
	if err != nil {
		return 0, 0, err
	}
	groups, err = c.CountGroupsWithRole(role.OrgID, role.ID)
	return users + temporary, groups, err
}

// RoleInUse reports whether users have a role or groups give it.
func (c *Change) RoleInUse(role Role) (bool, error) {
	users, groups, err := c.usesOf(role)
	return users+groups > 0, err
}

// customRole finds a role that can be changed and asks the call's precondition about
// it. Only a precondition reads the members, which are part of what it compares.
func (c *Change) customRole(id RoleID) (Role, error) {
	if _, ok := builtinRole("", id); ok {
		return Role{}, Errorf(Conflict, "%q is a built-in role and can't be changed or deleted", id)
	}
	role, err := c.Role(c.actor.OrgID, id)
	if err != nil || c.call.Precondition == nil {
		return role, err
	}
	shown, err := roleWithMembers(c, role.OrgID, role.ID)
	if err != nil {
		return Role{}, err
	}
	return role, c.Check(shown)
}

func (c *Change) fillRole(role *Role, in NewRole) (err error) {
	if role.Name, err = CleanName("name", in.Name); err != nil {
		return err
	}
	if role.Description, err = CleanDescription(in.Description); err != nil {
		return err
	}
	if _, reserved := builtinRole("", RoleID(foldKeyOf(authz.BuiltinRoles(), role.Name))); reserved {
		return &Error{Code: Conflict, Field: "name", Message: "this is the name of a built-in role"}
	}
	if in.KeepApps {
		in.Capabilities.Apps = role.Capabilities.Apps
	}
	if err := c.checkRoleNames(role.Capabilities, in.Capabilities); err != nil {
		return err
	}
	before := *role
	role.Capabilities = in.Capabilities
	return c.mayRedefine(before, *role)
}

// foldKeyOf returns the one of names that equals name but for letter case, or "".
func foldKeyOf(names []string, name string) string {
	i := slices.IndexFunc(names, func(n string) bool { return text.FoldKey(n) == text.FoldKey(name) })
	if i < 0 {
		return ""
	}
	return names[i]
}

// movesTo returns the new base roles of the users whose role changes if the listed users, and no
// others, have the role. Those who join and those who fall to none count together
// against what one request may change.
func (c *Change) movesTo(role Role, members *[]UserID) (map[UserID]RoleID, error) {
	if members == nil {
		return nil, nil
	}
	few := func(n int) error { return InField("members", c.within(limits.RoleChangesPerRequest, 0, n)) }
	if err := InField("members", c.within(limits.MembersPerRequest, 0, len(*members))); err != nil {
		return nil, err
	}
	want := sortedSet(*members)
	if err := c.checkUsers("members", want); err != nil {
		return nil, err
	}
	n, err := c.CountUsersWithRole(role.OrgID, role.ID)
	if err != nil {
		return nil, err
	}
	if err := few(n - len(want)); err != nil { // so many lose it at least
		return nil, err
	}
	var have []UserID
	for u, err := range c.Users(role.OrgID, UserQuery{Role: role.ID}) {
		if err != nil {
			return nil, err
		}
		have = append(have, u.ID)
	}
	moves := make(map[UserID]RoleID)
	for _, id := range without(have, want) {
		moves[id] = authz.RoleNone
	}
	for _, id := range without(want, have) {
		moves[id] = role.ID
	}
	return moves, few(len(moves))
}

// moveUsers changes base roles, which takes users|update besides.
func (c *Change) moveUsers(moves map[UserID]RoleID) error {
	ids := make([]UserID, 0, len(moves))
	for id := range moves {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	for _, id := range ids {
		u, err := c.User(c.actor.OrgID, id)
		if err != nil {
			return err
		}
		if u.Role.ID == moves[id] {
			continue
		}
		if err := OpUpdateUserRole.Authorize(c.actor); err != nil {
			return err
		}
		if _, err := c.SetRole(u, "members", moves[id]); err != nil {
			return err
		}
	}
	return nil
}

// checkUsers checks that every id is a user of this organization.
func (c *Change) checkUsers(field string, ids []UserID) error {
	missing, err := c.HasUsers(c.actor.OrgID, ids)
	if err != nil {
		return err
	}
	if len(missing) > 0 {
		return InvalidField(field, "%s is not a user of this organization", quote.Input(missing[0]))
	}
	return nil
}

// nameTaken replaces the conflict of a unique key by an error that names the kind of object.
func nameTaken(err error, kind string) error {
	if CodeOf(err) == Conflict {
		return &Error{Code: Conflict, Field: "name", Message: "a " + kind + " of this name exists already", Err: err}
	}
	return err
}
