package directory_test

import (
	"fmt"
	"slices"

	"pgregory.net/rapid"

	"github.com/rosterhq/roster/internal/directory"
)

func (h *harness) drawIssuer(t *rapid.T, o *mOrg) directory.IssuerID {
	if len(o.issuers) == 0 || rarely(t, 15, "no issuer") {
		return "iss_none"
	}
	return pick(t, o.issuers, "issuer").id
}

// onlyOwners is the rule for issuers and domains.
func onlyOwners(a *actor, v *verdict) { v.add(!a.isOwner(), directory.Forbidden) }

func (h *harness) createIssuer(t *rapid.T) {
	h.request(t, func(*actor) step {
		in := newIssuer()
		in.Enabled, in.Provision = !rarely(t, 4, "disabled"), rapid.Bool().Draw(t, "provision")
		return step{
			name: "createIssuer", request: fmt.Sprint(in.Enabled, in.Provision), personal: true, fresh: true,
			rules: func(_ *model, a *actor, v *verdict) {
				onlyOwners(a, v)
				v.add(len(a.org.issuers) > 0, directory.Conflict)
			},
			mutate: func(_ *model, a *actor, out made) {
				a.org.issuers = append(a.org.issuers, &mIssuer{out.issuer, in.Enabled, in.Provision})
			},
			do: func(call directory.Call) (made, any, error) {
				i, err := h.w.CreateIssuer(h.w.Context(), call, in)
				return made{issuer: i.ID}, i, err
			},
		}
	})
}

func (h *harness) updateIssuer(t *rapid.T) {
	h.request(t, func(a *actor) step {
		id, in := h.drawIssuer(t, h.home(t, a)), newIssuer()
		in.Enabled, in.Provision = !rarely(t, 3, "disable"), rapid.Bool().Draw(t, "provision")
		return step{
			name: "updateIssuer", request: fmt.Sprint(id, in.Enabled, in.Provision), personal: true, fresh: true,
			rules: func(_ *model, a *actor, v *verdict) {
				onlyOwners(a, v)
				v.add(a.org.issuer(id) == nil, directory.NotFound)
				v.add(!in.Enabled && a.org.needs(id), directory.Conflict)
			},
			mutate: func(_ *model, a *actor, _ made) {
				i := a.org.issuer(id)
				i.enabled, i.provision = in.Enabled, in.Provision
			},
			do: func(call directory.Call) (made, any, error) {
				i, err := h.w.UpdateIssuer(h.w.Context(), call, id, in)
				return made{}, i, err
			},
		}
	})
}

func (h *harness) deleteIssuer(t *rapid.T) {
	h.request(t, func(a *actor) step {
		id := h.drawIssuer(t, h.home(t, a))
		return step{
			name: "deleteIssuer", request: string(id), personal: true, fresh: true,
			rules: func(_ *model, a *actor, v *verdict) {
				onlyOwners(a, v)
				v.add(a.org.issuer(id) == nil, directory.NotFound)
				v.add(a.org.needs(id), directory.Conflict)
			},
			mutate: func(_ *model, a *actor, _ made) {
				a.org.issuers = without(a.org.issuers, func(i *mIssuer) bool { return i.id == id })
				a.org.links = without(a.org.links, func(l *mLink) bool { return l.issuer == id })
			},
			do: func(call directory.Call) (made, any, error) {
				return made{}, struct{}{}, h.w.DeleteIssuer(h.w.Context(), call, id)
			},
		}
	})
}

func (h *harness) addDomain(t *rapid.T) {
	h.request(t, func(*actor) step {
		return step{
			name: "addDomain", personal: true, fresh: true,
			rules: func(_ *model, a *actor, v *verdict) {
				onlyOwners(a, v)
				v.add(a.org.domain != nil, directory.Conflict)
			},
			mutate: func(_ *model, a *actor, out made) { a.org.domain = &mDomain{value: out.value} },
			do: func(call directory.Call) (made, any, error) {
				d, err := h.w.AddDomain(h.w.Context(), call, modelDomain)
				return made{value: d.RecordValue()}, d, err
			},
		}
	})
}

// verifyDomain publishes the records of some organizations, and has one of these look.
func (h *harness) verifyDomain(t *rapid.T) {
	var records []string
	for _, o := range h.m.orgs {
		if o.domain != nil && !rarely(t, 3, "record is gone") {
			records = append(records, o.domain.value)
		}
	}
	if records == nil && !rarely(t, 5, "in vain") {
		t.Skip("no domain to verify")
	}
	h.dns[directory.DomainRecordPrefix+modelDomain] = records
	h.request(t, func(*actor) step {
		return step{
			name: "verifyDomain", request: fmt.Sprint(records), personal: true, once: true,
			rules: func(m *model, a *actor, v *verdict) {
				onlyOwners(a, v)
				v.add(a.stale, directory.Reauthenticate)
				if a.org.domain == nil {
					v.add(true, directory.NotFound)
					return
				}
				v.add(!slices.Contains(records, a.org.domain.value), directory.Conflict)
				for _, o := range m.orgs {
					v.add(o != a.org && o.holdsDomain() && slices.Contains(records, o.domain.value), directory.Conflict)
				}
			},
			mutate: func(m *model, a *actor, _ made) {
				for _, o := range m.orgs {
					if o.domain != nil {
						o.domain.verified = o == a.org
					}
				}
			},
			do: func(call directory.Call) (made, any, error) {
				fresh, err := h.again(call.Principal) // the look-up is a read, by the principal as it comes
				if err != nil {
					return made{}, nil, err
				}
				call.Principal = fresh
				d, err := h.w.VerifyDomain(h.w.Context(), call, modelDomain)
				return made{}, d, err
			},
		}
	})
}

// again authenticates a principal once more.
func (h *harness) again(p *directory.Principal) (*directory.Principal, error) {
	for _, a := range h.m.accounts {
		for _, k := range slices.Concat(a.tokens, a.sessions) {
			if k.id == p.TokenID {
				return h.authenticate(k, p.OrgID)
			}
		}
	}
	for _, o := range h.m.orgs {
		if k := o.token(p.TokenID); k != nil {
			return h.authenticate(k, p.OrgID)
		}
	}
	return h.authenticate(&mToken{secret: "xapt-none"}, "")
}

func (h *harness) deleteDomain(t *rapid.T) {
	h.request(t, func(*actor) step {
		return step{
			name: "deleteDomain", personal: true, fresh: true,
			rules: func(_ *model, a *actor, v *verdict) {
				onlyOwners(a, v)
				v.add(a.org.domain == nil, directory.NotFound)
			},
			mutate: func(_ *model, a *actor, _ made) { a.org.domain = nil },
			do: func(call directory.Call) (made, any, error) {
				return made{}, struct{}{}, h.w.DeleteDomain(h.w.Context(), call, modelDomain)
			},
		}
	})
}
