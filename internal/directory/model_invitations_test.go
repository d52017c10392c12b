package directory_test

import (
	"pgregory.net/rapid"

	"github.com/rosterhq/roster/internal/directory"
)

// drawInvited prefers users who are invited.
func (h *harness) drawInvited(t *rapid.T, o *mOrg) directory.UserID {
	open := without(o.users, func(u *mUser) bool { return !u.invited })
	if len(open) > 0 && !rarely(t, 5, "a member") {
		return pick(t, open, "invited").id
	}
	return h.drawUser(t, o)
}

func (h *harness) resendInvitation(t *rapid.T) {
	h.request(t, func(a *actor) step {
		id := h.drawInvited(t, h.home(t, a))
		return step{
			name: "resendInvitation", request: string(id), need: "users|create",
			rules: func(_ *model, a *actor, v *verdict) {
				u := a.org.user(id)
				if u == nil || !u.invited {
					v.add(true, directory.NotFound)
					return
				}
				v.mayGive(a, u.role, nil)
			},
			mutate: func(m *model, a *actor, _ made) {
				u := a.org.user(id)
				u.inviter, u.expires = a, m.now.Add(directory.InvitationTTL)
			},
			do: func(call directory.Call) (made, any, error) {
				i, err := h.w.ResendInvitation(h.w.Context(), call, id)
				return made{}, i, err
			},
		}
	})
}

func (h *harness) revokeInvitation(t *rapid.T) {
	h.request(t, func(a *actor) step {
		id := h.drawInvited(t, h.home(t, a))
		return step{
			name: "revokeInvitation", request: string(id), need: "users|create",
			rules: func(_ *model, a *actor, v *verdict) {
				u := a.org.user(id)
				v.add(u == nil || !u.invited, directory.NotFound)
			},
			mutate: func(_ *model, a *actor, _ made) { a.org.drop(id) },
			do: func(call directory.Call) (made, any, error) {
				return made{}, struct{}{}, h.w.RevokeInvitation(h.w.Context(), call, id)
			},
		}
	})
}
