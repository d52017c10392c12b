package directory_test

import (
	"fmt"
	"slices"

	"pgregory.net/rapid"

	"github.com/rosterhq/roster/internal/directory"
	"github.com/rosterhq/roster/internal/provisioning"
)

// startDirectory lets a directory act in the first organization. Its breaker never holds
// it, which the tests of the breaker are about.
func (h *harness) startDirectory() {
	h.directory = provisioning.New(h.w.Service, h.w.Onboarder, nil)
	must(h.directory.UpdateSettings(h.w.Context(), h.w.ByOwner(), provisioning.Settings{DefaultRole: "user", BreakerPercent: 100}))(h.w)
}

// provisioned has somebody ask for what a directory asks for, in the first organization.
func (h *harness) provisioned(t *rapid.T, build func(o *mOrg) step) {
	h.request(t, func(a *actor) step {
		if a.org == nil || a.org.id != h.w.Org.ID || h.m.org(a.org.id) == nil {
			t.Skip("another organization")
		}
		s := build(h.m.org(a.org.id))
		s.once = true
		return s
	})
}

// provisionChange changes what a directory keeps with a member, and their status.
func (h *harness) provisionChange(t *rapid.T) {
	h.provisioned(t, func(o *mOrg) step {
		id, external, active := h.drawUser(t, o), pick(t, []string{"", "x", "y"}, "external id"), !rarely(t, 3, "suspend")
		if u := o.user(id); u != nil && u.invited {
			t.Skip("invitations that a directory holds have rules of their own")
		}
		return step{
			name: "provisionChange", request: fmt.Sprint(id, external, active), need: "users|update",
			rules: func(_ *model, a *actor, v *verdict) {
				u := a.org.user(id)
				if v.add(u == nil, directory.NotFound); u == nil || u.suspended == !active {
					return
				}
				if !active {
					v.MayUnmake(a, u)
					return
				}
				v.MayReactivate(a, u)
			},
			mutate: func(m *model, a *actor, _ made) {
				u := a.org.user(id)
				u.profiled = u.profiled || u.external != external
				u.external = external
				if u.suspended != active {
					return
				}
				u.suspended = !active
				m.statusChanged(a.org, u)
			},
			do: func(call directory.Call) (made, any, error) {
				p, err := h.directory.ModifyUser(h.w.Context(), call, id, func(p provisioning.Person) (provisioning.Profile, error) {
					p.Profile.ExternalID, p.Profile.Active = external, active
					return p.Profile, nil
				})
				return made{}, p, err
			},
		}
	})
}

func (h *harness) provisionRemoval(t *rapid.T) {
	h.provisioned(t, func(o *mOrg) step {
		id := h.drawUser(t, o)
		return step{
			name: "provisionRemoval", request: string(id), need: "users|delete",
			rules:  func(_ *model, a *actor, v *verdict) { v.mayRemove(a, id) },
			mutate: func(m *model, a *actor, _ made) { m.remove(a.org, id) },
			do: func(call directory.Call) (made, any, error) {
				return made{}, struct{}{}, h.directory.DeleteUser(h.w.Context(), call, id, nil)
			},
		}
	})
}

// provisionMembers adds a member to a group or removes one. From then on the group is
// managed.
func (h *harness) provisionMembers(t *rapid.T) {
	h.provisioned(t, func(o *mOrg) step {
		id, u, add := h.drawGroup(t, o), h.drawUser(t, o), rapid.Bool().Draw(t, "add")
		return step{
			name: "provisionMembers", request: fmt.Sprint(id, u, add), need: "rbac|update",
			rules: func(_ *model, a *actor, v *verdict) {
				g := a.org.group(id)
				if v.add(g == nil, directory.NotFound); g == nil || slices.Contains(g.members, u) == add {
					return
				}
				v.add(add && a.org.user(u) == nil, directory.Invalid)
				v.mayChangeWhoGetsWhat(a)
				for _, role := range g.roles {
					if add {
						v.mayGive(a, role, nil)
					}
				}
			},
			mutate: func(_ *model, a *actor, _ made) {
				g := a.org.group(id)
				if slices.Contains(g.members, u) == add {
					return
				}
				g.managed = true
				g.members = slices.DeleteFunc(slices.Clone(g.members), func(m directory.UserID) bool { return m == u })
				if add {
					g.members = distinct(append(g.members, u))
				}
			},
			do: func(call directory.Call) (made, any, error) {
				return made{}, struct{}{}, second(h.directory.ModifyGroup(h.w.Context(), call, id, false, func(g provisioning.Group) (provisioning.GroupChange, error) {
					change := provisioning.GroupChange{Name: g.Name, ExternalID: g.ExternalID, Attributes: g.Attributes}
					if add {
						change.Add = []directory.UserID{u}
					} else {
						change.Remove = []directory.UserID{u}
					}
					return change, nil
				}))
			},
		}
	})
}

// readProfiles reads what a directory keeps with the users of an organization.
func (r *reality) readProfiles(tx directory.Tx, id directory.OrgID) error {
	for _, u := range r.users[id] {
		p, err := tx.Profiled(id, u.ID)
		if err != nil {
			return err
		}
		if p.Profile.Version > 0 {
			r.line("%s profile %s %q", id, u.ID, p.Profile.ExternalID)
		}
	}
	return nil
}

func (m *model) lineProfiles(r *reality) {
	for _, o := range m.orgs {
		for _, u := range o.users {
			if u.profiled {
				r.line("%s profile %s %q", o.id, u.id, u.external)
			}
		}
	}
}
