package directory_test

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"pgregory.net/rapid"

	"github.com/rosterhq/roster/internal/directory"
)

// awaitsIssuer is the rule for people with addresses of a verified domain, owners excepted:
// where their organization requires its issuer, they act by its sessions, and by tokens for
// some time after a sign-in.
func (m *model) awaitsIssuer(k *mToken, ms membership) bool {
	o := ms.org
	if !o.requires || !o.holdsDomain() || ms.user.role == "owner" || (k.session != nil && k.session.issuer != "") {
		return false
	}
	return k.session != nil || !slices.ContainsFunc(o.links, func(l *mLink) bool {
		return l.account == ms.user.account && o.issuer(l.issuer).enabled && m.now.Sub(l.at) < o.tokenFor
	})
}

// awaitsIssuerIn is awaitsIssuer for a token or session that names an organization.
func (m *model) awaitsIssuerIn(id directory.TokenID, org directory.OrgID) bool {
	for _, a := range m.accounts {
		k := find(slices.Concat(a.tokens, a.sessions), func(k *mToken) bool { return k.id == id })
		if k == nil {
			continue
		}
		for _, ms := range m.active(a.n) {
			if ms.org.id == org && (k.session == nil || k.session.onlyOrg == "") {
				return m.awaitsIssuer(k, ms)
			}
		}
	}
	return false
}

// needs reports whether an organization requires a sign-in by an issuer that may not go.
func (o *mOrg) needs(id directory.IssuerID) bool {
	i := o.issuer(id)
	return o.requires && i != nil && i.enabled
}

func (h *harness) updateSignInRules(t *rapid.T) {
	h.request(t, func(a *actor) step {
		id, in := h.drawOrg(t), directory.SignInRules{RequireIssuer: !rarely(t, 3, "stop")}
		if a.org != nil && !rarely(t, 5, "any") {
			id = a.org.id
		}
		if rapid.Bool().Draw(t, "shorter") {
			in.TokenSeconds = 20 * 60 * 60
		}
		return step{
			name: "updateSignInRules", request: fmt.Sprint(id, in), personal: true, fresh: true, anyOrg: true, in: id,
			rules: func(m *model, a *actor, v *verdict) {
				onlyOwners(a, v)
				works := slices.ContainsFunc(a.org.links, func(l *mLink) bool { return a.org.issuer(l.issuer).enabled })
				v.add(in.RequireIssuer && !a.org.requires && !works, directory.Conflict)
			},
			mutate: func(_ *model, a *actor, _ made) {
				a.org.requires = in.RequireIssuer
				a.org.tokenFor = cmp.Or(time.Duration(in.TokenSeconds)*time.Second, directory.IssuerTokenLifetime)
			},
			do: func(call directory.Call) (made, any, error) {
				r, err := h.w.UpdateSignInRules(h.w.Context(), call, id, in)
				return made{}, r, err
			},
		}
	})
}
