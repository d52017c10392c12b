package directory_test

import (
	"fmt"
	"maps"
	"slices"

	"pgregory.net/rapid"

	"github.com/rosterhq/roster/internal/directory"
	"github.com/rosterhq/roster/internal/roles"
)

var roleNames = []string{"Support", "Billing", "Ops", "SUPPORT", "Owner", "Dev"}

func (h *harness) drawCustomRole(t *rapid.T, o *mOrg) directory.RoleID {
	if len(o.roles) > 0 && !rarely(t, 10, "not custom") {
		return pick(t, o.roles, "custom role").id
	}
	return h.drawRole(t, o)
}

// roleInput is a role to be, and what the rules say of it.
type roleInput struct {
	name    string
	caps    facts
	members *[]directory.UserID
}

func (h *harness) drawRoleInput(t *rapid.T, o *mOrg) roleInput {
	in := roleInput{name: pick(t, roleNames, "role name"), caps: drawFacts(t)}
	if rarely(t, 3, "with members") {
		ids := h.drawUsers(t, o)
		in.members = &ids
	}
	return in
}

func (in roleInput) String() string {
	if in.members == nil {
		return fmt.Sprint(in.name, in.caps.sorted())
	}
	return fmt.Sprint(in.name, in.caps.sorted(), *in.members)
}

func (in roleInput) newRole(h *harness) roles.NewRole {
	return roles.NewRole{Name: in.name, Capabilities: in.caps.set(h.w), Members: in.members}
}

// moves are the users whose base role changes when the listed ones have the
// role; those left out fall to none.
func (in roleInput) moves(o *mOrg, id directory.RoleID) (moved []*mUser) {
	if in.members == nil {
		return nil
	}
	for _, u := range o.users {
		if slices.Contains(*in.members, u.id) != (u.role == id) {
			moved = append(moved, u)
		}
	}
	return moved
}

func (in roleInput) rules(a *actor, v *verdict, id directory.RoleID) {
	_, reserved := builtinFacts[directory.RoleID(key(in.name))]
	taken := slices.ContainsFunc(a.org.roles, func(r *mRole) bool { return r.name == key(in.name) && r.id != id })
	v.add(reserved || taken, directory.Conflict)
	had := facts{}
	if r := a.org.role(id); r != nil {
		had = r.caps
	}
	v.mayAdd(a, had, in.caps)
	if !maps.Equal(had, in.caps) && a.org.inUse(id) {
		v.mayChangeWhoGetsWhat(a)
	}
	if in.members == nil {
		return
	}
	for _, id := range *in.members {
		v.add(a.org.user(id) == nil, directory.Invalid)
	}
	moved := in.moves(a.org, id)
	if len(moved) > 0 {
		v.mayChangeWhoGetsWhat(a)
	}
	for _, u := range moved {
		if u.role != id {
			old, _ := a.org.roleCaps(u.role)
			v.mayAdd(a, old, in.caps)
		}
	}
	v.MayUnmake(a, moved...)
}

func (in roleInput) mutate(a *actor, id directory.RoleID) {
	o := a.org
	moved := in.moves(o, id)
	for _, u := range moved {
		if u.role == id {
			u.role = "none"
		} else {
			u.role = id
		}
	}
	r := o.role(id)
	if r == nil {
		r = &mRole{id: id}
		o.roles = append(o.roles, r)
	}
	r.name, r.caps = key(in.name), in.caps
	for _, u := range moved {
		if u.invited {
			a.invites(u)
		}
	}
}

func (h *harness) createRole(t *rapid.T) {
	h.request(t, func(a *actor) step {
		in := h.drawRoleInput(t, h.home(t, a))
		return step{
			name: "createRole", request: in.String(), need: "rbac|create",
			rules:  func(_ *model, a *actor, v *verdict) { in.rules(a, v, "") },
			mutate: func(_ *model, a *actor, out made) { in.mutate(a, out.role) },
			do: func(call directory.Call) (made, any, error) {
				r, err := h.w.CreateRole(h.w.Context(), call, in.newRole(h))
				return made{role: r.ID}, r, err
			},
		}
	})
}

func (h *harness) updateRole(t *rapid.T) {
	h.request(t, func(a *actor) step {
		o := h.home(t, a)
		id, in := h.drawCustomRole(t, o), h.drawRoleInput(t, o)
		return step{
			name: "updateRole", request: fmt.Sprint(id, in), need: "rbac|update",
			rules: func(_ *model, a *actor, v *verdict) {
				if v.customRole(a, id) {
					in.rules(a, v, id)
				}
			},
			mutate: func(_ *model, a *actor, _ made) { in.mutate(a, id) },
			do: func(call directory.Call) (made, any, error) {
				r, err := h.w.UpdateRole(h.w.Context(), call, id, in.newRole(h))
				return made{}, r, err
			},
		}
	})
}

// inUse says whether users have a role or groups give it.
func (o *mOrg) inUse(id directory.RoleID) bool {
	return slices.ContainsFunc(o.users, func(u *mUser) bool { return u.role == id }) ||
		slices.ContainsFunc(o.groups, func(g *mGroup) bool { return slices.Contains(g.roles, id) })
}

// customRole says whether there is such a role to change.
func (v *verdict) customRole(a *actor, id directory.RoleID) bool {
	_, builtin := builtinFacts[id]
	v.add(builtin, directory.Conflict)
	v.add(!builtin && a.org.role(id) == nil, directory.NotFound)
	return a.org.role(id) != nil
}

func (h *harness) deleteRole(t *rapid.T) {
	h.request(t, func(a *actor) step {
		id := h.drawCustomRole(t, h.home(t, a))
		return step{
			name: "deleteRole", request: string(id), need: "rbac|delete",
			rules: func(_ *model, a *actor, v *verdict) {
				if !v.customRole(a, id) {
					return
				}
				v.add(a.org.inUse(id), directory.Conflict)
			},
			mutate: func(_ *model, a *actor, _ made) {
				a.org.roles = without(a.org.roles, func(r *mRole) bool { return r.id == id })
			},
			do: func(call directory.Call) (made, any, error) {
				return made{}, struct{}{}, h.w.DeleteRole(h.w.Context(), call, id)
			},
		}
	})
}

// groupInput is a group to be; nil lists stay as they are.
type groupInput struct {
	name    string
	members *[]directory.UserID
	roles   *[]directory.RoleID
}

func (h *harness) drawGroupInput(t *rapid.T, o *mOrg) groupInput {
	in := groupInput{name: pick(t, []string{"Red", "RED", "Blue", "Green"}, "group name")}
	if !rarely(t, 4, "without members") {
		ids := h.drawUsers(t, o)
		in.members = &ids
	}
	if !rarely(t, 4, "without roles") {
		ids := make([]directory.RoleID, below(t, 3, "how many roles"))
		for i := range ids {
			ids[i] = h.drawRole(t, o)
		}
		in.roles = &ids
	}
	return in
}

func (in groupInput) String() string {
	s := in.name
	if in.members != nil {
		s += fmt.Sprint(" members ", *in.members)
	}
	if in.roles != nil {
		s += fmt.Sprint(" roles ", *in.roles)
	}
	return s
}

func (in groupInput) newGroup() roles.NewGroup {
	return roles.NewGroup{Name: in.name, Members: in.members, Roles: in.roles}
}

func (in groupInput) apply(g mGroup) mGroup {
	g.name = key(in.name)
	if in.members != nil {
		g.members = distinct(*in.members)
	}
	if in.roles != nil {
		g.roles = distinct(*in.roles)
	}
	return g
}

func distinct[T ~string](ids []T) []T {
	ids = slices.Clone(ids)
	slices.Sort(ids)
	return slices.Compact(ids)
}

func (in groupInput) rules(a *actor, v *verdict, before mGroup) {
	taken := slices.ContainsFunc(a.org.groups, func(g *mGroup) bool { return g.name == key(in.name) && g.id != before.id })
	v.add(taken, directory.Conflict)
	after := in.apply(before)
	for _, id := range after.members {
		v.add(a.org.user(id) == nil, directory.Invalid)
	}
	if slices.Equal(before.members, after.members) && slices.Equal(before.roles, after.roles) {
		return
	}
	v.add(before.managed && !slices.Equal(before.members, after.members), directory.Conflict)
	v.mayChangeWhoGetsWhat(a)
	joined := slices.ContainsFunc(after.members, func(id directory.UserID) bool { return !slices.Contains(before.members, id) })
	for _, id := range after.roles {
		if joined || !slices.Contains(before.roles, id) {
			v.add(id == "owner", directory.Invalid)
			v.mayGive(a, id, nil)
		}
	}
}

func (h *harness) createGroup(t *rapid.T) {
	h.request(t, func(a *actor) step {
		in := h.drawGroupInput(t, h.home(t, a))
		return step{
			name: "createGroup", request: in.String(), need: "rbac|create",
			rules: func(_ *model, a *actor, v *verdict) { in.rules(a, v, mGroup{}) },
			mutate: func(_ *model, a *actor, out made) {
				g := in.apply(mGroup{id: out.group})
				a.org.groups = append(a.org.groups, &g)
			},
			do: func(call directory.Call) (made, any, error) {
				g, err := h.w.CreateGroup(h.w.Context(), call, in.newGroup())
				return made{group: g.ID}, g, err
			},
		}
	})
}

func (h *harness) drawGroup(t *rapid.T, o *mOrg) directory.GroupID {
	if len(o.groups) == 0 || rarely(t, 15, "no group") {
		return "grp_none"
	}
	return pick(t, o.groups, "group").id
}

func (h *harness) updateGroup(t *rapid.T) {
	h.request(t, func(a *actor) step {
		o := h.home(t, a)
		id, in := h.drawGroup(t, o), h.drawGroupInput(t, o)
		return step{
			name: "updateGroup", request: fmt.Sprint(id, in), need: "rbac|update",
			rules: func(_ *model, a *actor, v *verdict) {
				g := a.org.group(id)
				if v.add(g == nil, directory.NotFound); g != nil {
					in.rules(a, v, *g)
				}
			},
			mutate: func(_ *model, a *actor, _ made) { *a.org.group(id) = in.apply(*a.org.group(id)) },
			do: func(call directory.Call) (made, any, error) {
				g, err := h.w.UpdateGroup(h.w.Context(), call, id, in.newGroup())
				return made{}, g, err
			},
		}
	})
}

// moveMembers adds and removes members, by one of the three requests that do.
func (h *harness) moveMembers(t *rapid.T) {
	h.request(t, func(a *actor) step {
		o := h.home(t, a)
		id, u := h.drawGroup(t, o), h.drawUser(t, o)
		way := below(t, 3, "way")
		name := []string{"addGroupMember", "removeGroupMember", "updateGroupMembers"}[way]
		apply := func(g mGroup) mGroup {
			g.members = slices.DeleteFunc(slices.Clone(g.members), func(m directory.UserID) bool { return m == u })
			if way != 1 {
				g.members = distinct(append(g.members, u))
			}
			return g
		}
		return step{
			name: name, request: fmt.Sprint(id, u), need: "rbac|update",
			rules: func(_ *model, a *actor, v *verdict) {
				g := a.org.group(id)
				if v.add(g == nil, directory.NotFound); g == nil {
					return
				}
				there := a.org.user(u) != nil
				v.add(!there && way == 0, directory.NotFound)
				v.add(!there && way == 2, directory.Invalid)
				after := apply(*g)
				if !there || slices.Equal(g.members, after.members) {
					return
				}
				v.add(g.managed, directory.Conflict)
				v.mayChangeWhoGetsWhat(a)
				for _, role := range after.roles {
					if way != 1 {
						v.mayGive(a, role, nil)
					}
				}
			},
			mutate: func(_ *model, a *actor, _ made) { *a.org.group(id) = apply(*a.org.group(id)) },
			do: func(call directory.Call) (made, any, error) {
				var err error
				switch way {
				case 0:
					err = h.w.AddGroupMember(h.w.Context(), call, id, u)
				case 1:
					err = h.w.RemoveGroupMember(h.w.Context(), call, id, u)
				default:
					err = h.w.ChangeGroupMembers(h.w.Context(), call, id, []directory.UserID{u}, nil)
				}
				return made{}, struct{}{}, err
			},
		}
	})
}

func (h *harness) deleteGroup(t *rapid.T) {
	h.request(t, func(a *actor) step {
		id := h.drawGroup(t, h.home(t, a))
		return step{
			name: "deleteGroup", request: string(id), need: "rbac|delete",
			rules: func(_ *model, a *actor, v *verdict) { v.add(a.org.group(id) == nil, directory.NotFound) },
			mutate: func(_ *model, a *actor, _ made) {
				a.org.groups = without(a.org.groups, func(g *mGroup) bool { return g.id == id })
			},
			do: func(call directory.Call) (made, any, error) {
				return made{}, struct{}{}, h.w.DeleteGroup(h.w.Context(), call, id)
			},
		}
	})
}
