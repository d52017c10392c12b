package directory_test

import (
	"testing"

	"github.com/rosterhq/roster/internal/authz"
	"github.com/rosterhq/roster/internal/credentials"
	"github.com/rosterhq/roster/internal/directory"
	"github.com/rosterhq/roster/internal/members"
	"github.com/rosterhq/roster/internal/roles"
)

// raising is a manager who may change users, roles, groups and tokens, has a
// few capabilities of their own, and is in a group.
type raising struct {
	*world
	me    member
	base  directory.Role // the base role of me
	side  directory.Role // from the group
	more  directory.Role // holds one capability that me lacks
	less  directory.Role // holds nothing new
	mine  directory.Group
	other directory.Group // gives more; me is not in it
}

func newRaising(t *testing.T) *raising {
	r := &raising{world: newWorld(t)}
	r.base = r.Role("Base", "users|read", "users|create", "users|update", "users|delete",
		"rbac|create", "rbac|update", "rbac|delete", "apiTokens|create", "apiTokens|update")
	r.side = r.Role("Side", "rbac|read", "dataset:logs:query|read")
	r.more = r.Role("More", "users|read", "auditLog|read")
	r.less = r.Role("Less", "users|read")
	r.me = r.Join("Me", r.base.ID)
	r.mine = r.Group("Mine", []directory.UserID{r.me.ID}, r.side.ID)
	r.other = r.Group("Other", nil, r.more.ID)
	return r
}

// raises are all the paths by which somebody could try to give themselves what
// they lack.
var raises = map[string]func(r *raising, call directory.Call) error{
	"base role: admin": func(r *raising, call directory.Call) error {
		return second(r.UpdateUserRole(r.Context(), call, r.me.ID, "admin"))
	},
	"base role: read-only, which reads more datasets": func(r *raising, call directory.Call) error {
		return second(r.UpdateUserRole(r.Context(), call, r.me.ID, "read-only"))
	},
	"base role: a custom one": func(r *raising, call directory.Call) error {
		return second(r.UpdateUserRole(r.Context(), call, r.me.ID, r.more.ID))
	},
	"edit of the own base role": func(r *raising, call directory.Call) error {
		return r.edit(call, r.base, caps(r, "auditLog|read"))
	},
	"edit of the own base role, another dataset": func(r *raising, call directory.Call) error {
		return r.edit(call, r.base, caps(r, "dataset:metrics:trim|update"))
	},
	"edit of the own base role, all datasets": func(r *raising, call directory.Call) error {
		return r.edit(call, r.base, caps(r, "dataset:*:trim|update"))
	},
	"edit of a role that the own group gives": func(r *raising, call directory.Call) error {
		return r.edit(call, r.side, caps(r, "sharedAccessKeys|read"))
	},
	"member of a new role": func(r *raising, call directory.Call) error {
		return second(r.CreateRole(r.Context(), call, roles.NewRole{
			Name: "New", Capabilities: r.more.Capabilities, Members: userIDs(r.me.ID),
		}))
	},
	"member of a role there is": func(r *raising, call directory.Call) error {
		return second(r.UpdateRole(r.Context(), call, r.more.ID, roles.NewRole{
			Name: "More", Capabilities: r.more.Capabilities, Members: userIDs(r.me.ID),
		}))
	},
	"member of a role that grows in the same change": func(r *raising, call directory.Call) error {
		return second(r.UpdateRole(r.Context(), call, r.less.ID, roles.NewRole{
			Name: "Less", Capabilities: r.more.Capabilities, Members: userIDs(r.me.ID),
		}))
	},
	"member of a new group": func(r *raising, call directory.Call) error {
		return second(r.CreateGroup(r.Context(), call, roles.NewGroup{
			Name: "New", Members: userIDs(r.me.ID), Roles: roleIDs(r.more.ID),
		}))
	},
	"member of a group there is": func(r *raising, call directory.Call) error {
		return second(r.UpdateGroup(r.Context(), call, r.other.ID, roles.NewGroup{Name: "Other", Members: userIDs(r.me.ID)}))
	},
	"a role for the own group": func(r *raising, call directory.Call) error {
		return second(r.UpdateGroup(r.Context(), call, r.mine.ID, roles.NewGroup{Name: "Mine", Roles: roleIDs(r.side.ID, r.more.ID)}))
	},
	"admin for the own group": func(r *raising, call directory.Call) error {
		return second(r.UpdateGroup(r.Context(), call, r.mine.ID, roles.NewGroup{Name: "Mine", Roles: roleIDs("admin")}))
	},
	"an admin who is somebody else": func(r *raising, call directory.Call) error {
		return second(r.CreateUser(r.Context(), call, members.NewUser{Name: "X", Email: "x@example.com", Role: "admin"}))
	},
	"a stronger role for somebody else": func(r *raising, call directory.Call) error {
		return r.edit(call, r.more, caps(r, "sharedAccessKeys|read"))
	},
	"an API token": func(r *raising, call directory.Call) error {
		return second(r.CreateAPIToken(r.Context(), call, credentials.NewAPIToken{Name: "t", Capabilities: r.more.Capabilities}))
	},
	"an API token for all datasets": func(r *raising, call directory.Call) error {
		return second(r.CreateAPIToken(r.Context(), call, credentials.NewAPIToken{Name: "t", Capabilities: caps(r, "dataset:*:query|read")}))
	},
}

func (r *raising) edit(call directory.Call, role directory.Role, add authz.Set) error {
	return second(r.UpdateRole(r.Context(), call, role.ID, roles.NewRole{
		Name: role.Name, Capabilities: role.Capabilities.Union(add),
	}))
}

func TestNobodyRaisesThemselves(t *testing.T) {
	t.Parallel()
	r := newRaising(t)
	for path, raise := range raises {
		r.Refused(path, directory.Forbidden, "", func() error { return raise(r, r.By(r.me)) })
	}
	// The owner may do each of these to somebody else.
	for path, raise := range raises {
		r := newRaising(t)
		r.Wants("the owner: "+path, "", raise(r, r.ByOwner()))
	}
}

// A change that gives an account nothing new, or takes something from it, does not raise it.
func TestNoRaise(t *testing.T) {
	t.Parallel()
	for what, change := range map[string]func(r *raising, call directory.Call) error{
		"a weaker base role": func(r *raising, call directory.Call) error {
			return second(r.UpdateUserRole(r.Context(), call, r.me.ID, r.less.ID))
		},
		"none": func(r *raising, call directory.Call) error {
			return second(r.UpdateUserRole(r.Context(), call, r.me.ID, "none"))
		},
		"what the group gives, by the base role too": func(r *raising, call directory.Call) error {
			return r.edit(call, r.base, r.side.Capabilities)
		},
		"a group that gives nothing new": func(r *raising, call directory.Call) error {
			return second(r.CreateGroup(r.Context(), call, roles.NewGroup{
				Name: "New", Members: userIDs(r.me.ID), Roles: roleIDs(r.less.ID),
			}))
		},
		"out of the group": func(r *raising, call directory.Call) error {
			return second(r.UpdateGroup(r.Context(), call, r.mine.ID, roles.NewGroup{Name: "Mine", Members: userIDs()}))
		},
		"oneself": func(r *raising, call directory.Call) error {
			return r.RemoveUser(r.Context(), call, r.me.ID)
		},
		"what the built-in user has": func(r *raising, call directory.Call) error {
			return r.edit(call, r.base, caps(r, "dashboards|create", "dataset:*:query|read"))
		},
		"a stronger role for others": func(r *raising, call directory.Call) error {
			return r.edit(call, r.more, caps(r, "auditLog|read", "flows|delete"))
		},
		"an API token within": func(r *raising, call directory.Call) error {
			return second(r.CreateAPIToken(r.Context(), call, credentials.NewAPIToken{
				Name: "t", Capabilities: r.base.Capabilities.Union(r.side.Capabilities),
			}))
		},
	} {
		r := newRaising(t)
		r.Wants(what, "", change(r, r.By(r.me)))
	}
}

// One change may give and take at once: what counts is what they have in the end.
func TestRaiseIsJudgedAtTheEnd(t *testing.T) {
	t.Parallel()
	r := newRaising(t)
	swap := r.Role("Swap", "auditLog|read") // less in number, and something new
	r.Refused("an exchange", directory.Forbidden, "", func() error {
		return second(r.UpdateUserRole(r.Context(), r.By(r.me), r.me.ID, swap.ID))
	})
	// The base role loses what the group's role gains: nothing new together.
	moved := caps(r, "users|delete")
	r.Wants("to the group", "", r.edit(r.By(r.me), r.side, moved))
	r.Wants("from the base role", "", second(r.UpdateRole(r.Context(), r.By(r.me), r.base.ID, roles.NewRole{
		Name: "Base", Capabilities: r.base.Capabilities.Minus(moved),
	})))
	if p := r.By(r.me).Principal; !p.Capabilities.Equal(r.base.Capabilities.Union(r.side.Capabilities)) {
		r.Errorf("in the end %v", p.Capabilities.Names())
	}
}
