package directory_test

import (
	"fmt"
	"slices"
	"strings"

	"pgregory.net/rapid"

	"github.com/rosterhq/roster/internal/directory"
	"github.com/rosterhq/roster/internal/members"
)

// People are few, so that they meet in several organizations.
var people = []string{"ann", "bob", "cat", "dan", "eve", "fay", "gus", "hal"}

func drawEmail(t *rapid.T) string {
	email := pick(t, people, "who") + "@example.com"
	if rapid.Bool().Draw(t, "upper case") {
		email = strings.ToUpper(email)
	}
	return email
}

// home is the organization that things are drawn from.
func (h *harness) home(t *rapid.T, a *actor) *mOrg {
	if a.org != nil && !rarely(t, 15, "elsewhere") {
		if o := h.m.org(a.org.id); o != nil {
			return o
		}
	}
	return pick(t, h.m.orgs, "organization")
}

func (h *harness) drawOrg(t *rapid.T) directory.OrgID {
	if rarely(t, 10, "no organization") {
		return "nowhere-0000"
	}
	return pick(t, h.m.orgs, "organization").id
}

func (h *harness) drawUser(t *rapid.T, o *mOrg) directory.UserID {
	if len(o.users) == 0 || rarely(t, 15, "no user") {
		return "usr_none"
	}
	return pick(t, o.users, "user").id
}

func (h *harness) drawUsers(t *rapid.T, o *mOrg) []directory.UserID {
	n := below(t, 4, "how many users")
	ids := make([]directory.UserID, n)
	for i := range ids {
		ids[i] = h.drawUser(t, o)
	}
	return ids
}

func (h *harness) drawRole(t *rapid.T, o *mOrg) directory.RoleID {
	switch n := below(t, 15, "kind of role"); {
	case n == 14:
		return "role_none"
	case n < 7 && len(o.roles) > 0:
		return pick(t, o.roles, "custom role").id
	}
	return pick(t, builtinIDs, "built-in role")
}

func (h *harness) createUser(t *rapid.T) {
	h.request(t, func(a *actor) step {
		in := members.NewUser{
			Name: strings.ToUpper(pick(t, people, "name")), Email: drawEmail(t), Role: h.drawRole(t, h.home(t, a)),
		}
		return step{
			name: "createUser", request: fmt.Sprint(in), need: "users|create",
			rules: func(m *model, a *actor, v *verdict) {
				v.mayGive(a, in.Role, nil)
				v.add(slices.ContainsFunc(a.org.users, func(u *mUser) bool {
					return u.email == key(in.Email) && (!u.invited || !expired(u.expires, m.now))
				}), directory.Conflict)
			},
			mutate: func(m *model, a *actor, out made) {
				if old := find(a.org.users, func(u *mUser) bool { return u.email == key(in.Email) }); old != nil {
					a.org.drop(old.id) // it has expired
				}
				u := &mUser{id: out.user, email: key(in.Email), name: in.Name, role: in.Role}
				switch account := m.accountByEmail(in.Email); {
				case account == nil:
					u.account = m.newAccount(in.Email, in.Name).n
				case account.verified && a.org.holdsDomain():
					u.account, u.name = account.n, account.name // a member at once
				default:
					u.invited, u.inviter, u.expires = true, a, m.now.Add(directory.InvitationTTL)
				}
				a.org.users = append(a.org.users, u)
			},
			do: func(call directory.Call) (made, any, error) {
				u, err := h.w.CreateUser(h.w.Context(), call, in)
				return made{user: u.ID}, u, err
			},
		}
	})
}

func (h *harness) removeUser(t *rapid.T) {
	h.request(t, func(a *actor) step {
		id := h.drawUser(t, h.home(t, a))
		return step{
			name: "removeUserFromOrg", request: string(id), need: "users|delete",
			rules: func(_ *model, a *actor, v *verdict) {
				v.mayRemove(a, id)
			},
			mutate: func(m *model, a *actor, _ made) {
				m.remove(a.org, id)
			},
			do: func(call directory.Call) (made, any, error) {
				return made{}, struct{}{}, h.w.RemoveUser(h.w.Context(), call, id)
			},
		}
	})
}

func (v *verdict) mayRemove(a *actor, id directory.UserID) {
	u := a.org.user(id)
	if v.add(u == nil, directory.NotFound); u != nil {
		v.MayUnmake(a, u)
	}
}

// remove takes a user out of an organization.
func (m *model) remove(o *mOrg, id directory.UserID) {
	u := o.user(id)
	o.drop(id)
	if !u.invited {
		m.endSessionsIn(u.account, o)
		m.settle(u.account)
	}
}

// MayReactivate is rule 2 for all that a suspended user has.
func (v *verdict) MayReactivate(a *actor, u *mUser) {
	v.add(!a.personal && a.Maker() == u.id, directory.Forbidden)
	active := *u
	active.suspended = false
	for _, p := range a.org.paths(&active) {
		v.mayGive(a, p.role, nil)
	}
}

// statusChanged ends the sessions of somebody who was suspended.
func (m *model) statusChanged(o *mOrg, u *mUser) {
	if !u.suspended {
		return
	}
	m.endSessionsIn(u.account, o)
	if len(m.active(u.account)) == 0 {
		m.account(u.account).sessions = nil
	}
}

func (h *harness) updateUserRole(t *rapid.T) {
	h.request(t, func(a *actor) step {
		o := h.home(t, a)
		id, role := h.drawUser(t, o), h.drawRole(t, o)
		return step{
			name: "updateUserRole", request: fmt.Sprint(id, role), need: "users|update",
			rules: func(_ *model, a *actor, v *verdict) {
				u := a.org.user(id)
				v.add(u == nil, directory.NotFound)
				var had facts
				if u != nil {
					had, _ = a.org.roleCaps(u.role)
				}
				v.mayGive(a, role, had)
				if u != nil && u.role != role {
					v.MayUnmake(a, u)
				}
			},
			mutate: func(_ *model, a *actor, _ made) {
				if u := a.org.user(id); u.role != role {
					u.role = role
					if u.invited {
						a.invites(u)
					}
				}
			},
			do: func(call directory.Call) (made, any, error) {
				u, err := h.w.UpdateUserRole(h.w.Context(), call, id, role)
				return made{}, u, err
			},
		}
	})
}

func (h *harness) updateUserStatus(t *rapid.T) {
	h.request(t, func(a *actor) step {
		id := h.drawUser(t, h.home(t, a))
		status := pick(t, []directory.UserStatus{directory.Suspended, directory.Active, directory.Active}, "status")
		return step{
			name: "updateUserStatus", request: fmt.Sprint(id, status), need: "users|update",
			rules: func(_ *model, a *actor, v *verdict) {
				u := a.org.user(id)
				if v.add(u == nil, directory.NotFound); u == nil {
					return
				}
				v.add(u.invited, directory.Conflict)
				if u.suspended == (status == directory.Suspended) && !u.invited {
					return
				}
				if status == directory.Suspended {
					v.MayUnmake(a, u)
					return
				}
				v.MayReactivate(a, u)
			},
			mutate: func(m *model, a *actor, _ made) {
				u, was := a.org.user(id), a.org.user(id).status()
				u.suspended = status == directory.Suspended
				if was != status {
					m.statusChanged(a.org, u)
				}
			},
			do: func(call directory.Call) (made, any, error) {
				u, err := h.w.UpdateUserStatus(h.w.Context(), call, id, status)
				return made{}, u, err
			},
		}
	})
}

// rename gives the account's name to all its users who are active.
func (m *model) rename(account int, name string) {
	m.account(account).name = name
	for _, ms := range m.memberships(account) {
		ms.user.name = name
	}
}

func (h *harness) updateSelf(t *rapid.T) {
	h.request(t, func(*actor) step {
		name := pick(t, []string{"One", "Two", "Three", " "}, "new name")
		return step{
			name: "updateCurrentUser", request: "self " + name, personal: true, whole: true, anyOrg: true,
			rules:  func(_ *model, _ *actor, v *verdict) { v.add(name == " ", directory.Invalid) },
			mutate: func(m *model, a *actor, _ made) { m.rename(a.account, name) },
			do: func(call directory.Call) (made, any, error) {
				u, err := h.w.UpdateSelf(h.w.Context(), call, members.SelfUpdate{Name: &name})
				return made{}, u, err
			},
		}
	})
}

func (h *harness) updateUser(t *rapid.T) {
	h.request(t, func(a *actor) step {
		id := h.drawUser(t, h.home(t, a))
		if a.user != nil && rapid.Bool().Draw(t, "oneself") {
			id = a.user.id
		}
		name := pick(t, []string{"Four", "Five"}, "new name")
		return step{
			name: "updateCurrentUser", request: fmt.Sprint(id, name), personal: true, whole: true, anyOrg: true,
			rules: func(m *model, a *actor, v *verdict) {
				own := slices.ContainsFunc(m.memberships(a.account), func(ms membership) bool {
					return ms.user.id == id && !ms.user.suspended && (a.org == nil || a.org == ms.org)
				})
				v.add(!own, directory.Forbidden)
			},
			mutate: func(m *model, a *actor, _ made) { m.rename(a.account, name) },
			do: func(call directory.Call) (made, any, error) {
				u, err := h.w.UpdateUser(h.w.Context(), call, id, members.SelfUpdate{Name: &name})
				return made{}, u, err
			},
		}
	})
}

// invitation is the invitation of the account's address to an organization.
func (m *model) invitation(account int, org directory.OrgID) *mUser {
	for _, ms := range m.invitations(m.account(account).email) {
		if ms.org.id == org {
			return ms.user
		}
	}
	return nil
}

// drawInvitation prefers organizations where the actor is invited.
func (h *harness) drawInvitation(t *rapid.T, a *actor) directory.OrgID {
	var open []directory.OrgID
	if account := h.m.account(a.account); account != nil {
		for _, ms := range h.m.invitations(account.email) {
			open = append(open, ms.org.id)
		}
	}
	if len(open) > 0 && !rarely(t, 5, "not invited") {
		return pick(t, open, "invited to")
	}
	return h.drawOrg(t)
}

func (h *harness) answerInvitation(t *rapid.T) {
	for _, account := range h.m.accounts {
		if len(h.m.invitations(account.email)) > 0 {
			for _, k := range account.tokens {
				h.prefer = append(h.prefer, candidate{k, ""})
			}
		}
	}
	if len(h.prefer) == 0 && !rarely(t, 5, "in vain") {
		t.Skip("nobody is invited")
	}
	h.request(t, func(a *actor) step {
		org, accept := h.drawInvitation(t, a), rapid.Bool().Draw(t, "accept")
		s := step{
			name: "acceptInvitation", request: string(org), personal: true, whole: true, anyOrg: true, suspended: true,
			rules: func(m *model, a *actor, v *verdict) {
				v.add(!m.account(a.account).verified, directory.Forbidden)
				u := m.invitation(a.account, org)
				if u == nil {
					v.add(true, directory.NotFound)
					return
				}
				v.add(accept && (expired(u.expires, m.now) || !m.mayStillGive(m.org(org), u)), directory.Conflict)
			},
			mutate: func(m *model, a *actor, _ made) {
				u := m.invitation(a.account, org)
				u.invited, u.account, u.name = false, a.account, m.account(a.account).name
			},
			do: func(call directory.Call) (made, any, error) {
				u, err := h.w.AcceptInvitation(h.w.Context(), call, org)
				return made{}, u, err
			},
		}
		if !accept {
			s.name = "declineInvitation"
			s.mutate = func(m *model, a *actor, _ made) { m.org(org).drop(m.invitation(a.account, org).id) }
			s.do = func(call directory.Call) (made, any, error) {
				return made{}, struct{}{}, h.w.DeclineInvitation(h.w.Context(), call, org)
			}
		}
		return s
	})
}
