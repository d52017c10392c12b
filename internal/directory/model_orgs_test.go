package directory_test

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"pgregory.net/rapid"

	"github.com/rosterhq/roster/internal/credentials"
	"github.com/rosterhq/roster/internal/directory"
	"github.com/rosterhq/roster/internal/onboarding"
	"github.com/rosterhq/roster/internal/text"
)

const maxModelOrgs = 3

func (h *harness) createOrg(t *rapid.T) {
	if len(h.m.orgs) >= maxModelOrgs {
		t.Skip("enough of them")
	}
	h.request(t, func(*actor) step {
		return step{
			name: "createOrg", personal: true, whole: true, anyOrg: true,
			mutate: func(m *model, a *actor, out made) {
				m.orgs = append(m.orgs, &mOrg{id: out.org, users: []*mUser{
					{id: out.user, account: a.account, email: m.account(a.account).email, name: m.account(a.account).name, role: "owner"},
				}})
			},
			do: func(call directory.Call) (made, any, error) {
				o, err := h.w.CreateOrg(h.w.Context(), call, "Org")
				return made{org: o.Org.ID, user: o.User.ID}, o, err
			},
		}
	})
}

func (h *harness) updateOrg(t *rapid.T) {
	h.request(t, func(*actor) step {
		id, name := h.drawOrg(t), pick(t, []string{"New name", ""}, "name")
		return step{
			name: "updateOrg", request: fmt.Sprint(id, name), personal: true, anyOrg: true, in: id,
			rules: func(_ *model, a *actor, v *verdict) {
				v.add(a.user.role != "owner" && a.user.role != "admin", directory.Forbidden)
				v.add(name == "", directory.Invalid)
			},
			mutate: func(*model, *actor, made) {},
			do: func(call directory.Call) (made, any, error) {
				o, err := h.w.UpdateOrg(h.w.Context(), call, id, name)
				return made{}, o, err
			},
		}
	})
}

// operate is what nobody needs a token for: the operator's commands, and public
// operations. mutate changes the model where the answer was want.
func (h *harness) operate(t *rapid.T, what string, want verdict, do func() error, mutate func()) {
	h.log = append(h.log, what)
	err := do()
	h.tally.count(strings.Fields(what)[0], outcome(err))
	if code := outcome(err); (len(want) == 0) != (err == nil) || (err != nil && !slices.Contains(want, code)) {
		h.fail(t, "%s: %v, the rules say %q", what, err, want)
	}
	if err == nil {
		mutate()
	}
}

// giveToken is the operator's way back in; here it gives most people a token.
func (h *harness) giveToken(t *rapid.T) {
	email := drawEmail(t)
	account := h.m.accountByEmail(email)
	if account != nil && len(account.tokens) >= maxModelPersonalTokens {
		t.Skip("enough of them")
	}
	h.begin()
	var v verdict
	v.add(account == nil, directory.NotFound)
	var k credentials.IssuedPersonalToken
	h.operate(t, "giveToken to "+email, v, func() (err error) {
		k, err = h.w.CreatePersonalTokenFor(h.w.Context(), email, credentials.NewPersonalToken{Name: "operator"})
		return err
	}, func() {
		if !account.verified {
			account.verify()
		}
		account.tokens = append(account.tokens, &mToken{id: k.ID, secret: k.Secret})
	})
}

// deleteOrg spares the first organization: something must be left to act in.
func (h *harness) deleteOrg(t *rapid.T) {
	if !rarely(t, 8, "rarely") {
		t.Skip("organizations live longer than that")
	}
	h.begin()
	id := directory.OrgID("nowhere-0000")
	if len(h.m.orgs) > 1 {
		id = pick(t, h.m.orgs[1:], "organization").id
	}
	var v verdict
	v.add(h.m.org(id) == nil, directory.NotFound)
	h.operate(t, "deleteOrg "+string(id), v, func() error { return h.w.DeleteOrg(h.w.Context(), id) }, func() { h.m.dropOrg(id) })
}

func (h *harness) provision(t *rapid.T) {
	h.begin()
	addr := pick(t, []string{"192.0.2.1", "192.0.2.2"}, "address")
	recent := 0
	for _, o := range h.m.orgs {
		if o.provision != nil && o.provision.addr == addr && !expired(o.provision.expires, h.m.now) {
			recent++
		}
	}
	if len(h.m.orgs) >= maxModelOrgs && recent < onboarding.MaxProvisions {
		t.Skip("enough of them")
	}
	var v verdict
	v.add(recent >= onboarding.MaxProvisions, directory.RateLimited)
	var out onboarding.Provisioned
	h.operate(t, "provision from "+addr, v, func() (err error) {
		out, err = h.w.ProvisionOrg(h.w.Context(), directory.Call{RemoteAddr: addr}, "Org")
		return err
	}, func() {
		agent := h.m.newAccount("agent@"+string(out.Org.ID)+".invalid", "Provisioning agent")
		token := h.w.As(out.APIToken, "").Principal
		ends := h.m.now.Add(24 * time.Hour)
		h.m.orgs = append(h.m.orgs, &mOrg{
			id:        out.Org.ID,
			users:     []*mUser{{id: h.userByEmail(t, out.Org.ID, agent.email), account: agent.n, email: agent.email, name: agent.name, role: "owner"}},
			tokens:    []*mToken{{id: token.TokenID, secret: out.APIToken, caps: builtinFacts["owner"], giving: builtinFacts["owner"], expires: ends}},
			provision: &mProvision{claim: out.Claim, addr: addr, expires: ends},
		})
	})
}

func (h *harness) userByEmail(t *rapid.T, org directory.OrgID, email string) directory.UserID {
	var found directory.UserID
	err := h.w.DB.Read(h.w.Context(), func(tx directory.Tx) error {
		u, err := tx.UserByEmail(org, text.FoldKey(email))
		found = u.ID
		return err
	})
	if err != nil {
		h.fail(t, "%s in %s: %v", email, org, err)
	}
	return found
}

// claim makes somebody new, or somebody with a token, the owner of a
// provisioned organization.
func (h *harness) claim(t *rapid.T) {
	var o *mOrg
	in := onboarding.NewClaim{Claim: "xclm-none", Name: "Claimant", Email: drawEmail(t)}
	provisioned := without(h.m.orgs, func(o *mOrg) bool { return o.provision == nil })
	if open := without(provisioned, func(o *mOrg) bool { return o.provision.claimed }); len(open) > 0 {
		provisioned = open
	}
	if len(provisioned) > 0 {
		o = pick(t, provisioned, "provisioned")
		in.Claim = o.provision.claim
	} else if !rarely(t, 10, "in vain") {
		t.Skip("nothing to claim")
	}
	h.begin()
	var v verdict
	v.add(o == nil || o.provision.claimed || expired(o.provision.expires, h.m.now), directory.NotFound)
	var call directory.Call
	account := h.m.accountByEmail(in.Email)
	if a, p := h.drawActor(t); p != nil && a.personal {
		call.Principal = p
		claimant, code := h.m.resolve(p.TokenID, "") // wherever they act
		if v.add(code != "", code); claimant != nil {
			account = h.m.account(claimant.account)
			v.add(claimant.onlyOrg != "", directory.Forbidden)
			v.add(o != nil && account.email == "agent@"+string(o.id)+".invalid", directory.Forbidden)
			v.add(!account.verified, directory.Forbidden)
		}
	} else {
		v.add(account != nil, directory.Conflict)
	}
	var out onboarding.Claimed
	h.operate(t, fmt.Sprintf("claim %s for %s, with a token: %t", in.Claim, in.Email, call.Principal != nil), v, func() (err error) {
		out, err = h.w.ClaimOrg(h.w.Context(), call, in)
		return err
	}, func() {
		if call.Principal == nil {
			account = h.m.newAccount(in.Email, in.Name)
			p := h.w.As(out.PersonalToken, "").Principal
			account.tokens = []*mToken{{id: p.TokenID, secret: out.PersonalToken}}
		}
		o.claimedBy(h.m, account, out.Owner.ID)
	})
}

func (o *mOrg) claimedBy(m *model, account *mAccount, id directory.UserID) {
	if u := find(o.users, func(u *mUser) bool { return u.email == account.email }); u != nil && u.id != id {
		o.drop(u.id) // a newcomer takes the place of who was invited
	}
	u := o.user(id)
	if u == nil {
		u = &mUser{id: id, email: account.email}
		o.users = append(o.users, u)
	}
	u.name, u.role, u.invited, u.account = account.name, "owner", false, account.n
	o.provision.claimed = true
	for _, k := range o.tokens {
		if k.expires.Equal(o.provision.expires) {
			k.expires = time.Time{}
		}
	}
	agent := m.accountByEmail("agent@" + string(o.id) + ".invalid")
	for _, u := range o.users {
		if u.account == agent.n {
			o.drop(u.id)
		}
	}
	m.settle(agent.n)
}

// maintain is what the program does now and then by itself.
func (h *harness) maintain(t *rapid.T) {
	h.begin()
	h.operate(t, "maintain", nil, func() error {
		for _, do := range []func() error{
			func() error { return h.w.Sweep(h.w.Context()) },
			func() error { return h.w.StoreUsage(h.w.Context()) },
			func() error { return h.w.DropProvisions(h.w.Context()) },
			func() error { return h.w.DropInvitations(h.w.Context()) },
		} {
			if err := do(); err != nil {
				return err
			}
		}
		return nil
	}, func() {
		for _, o := range slices.Clone(h.m.orgs) {
			for _, u := range slices.Clone(o.users) {
				if u.invited && u.expires.Add(onboarding.InvitationGrace).Before(h.m.now) {
					o.drop(u.id)
				}
			}
			switch p := o.provision; {
			case p == nil || !expired(p.expires, h.m.now):
			case p.claimed:
				o.provision = nil
			default:
				h.m.dropOrg(o.id)
			}
		}
	})
}

func (h *harness) pass(t *rapid.T) {
	h.begin()
	d := pick(t, []time.Duration{time.Microsecond, time.Second, time.Hour, 10 * time.Hour, 25 * time.Hour, 100 * time.Hour, 800 * time.Hour}, "time")
	h.operate(t, "pass "+d.String(), nil, func() error { return nil }, func() {
		h.w.Pass(d)
		h.m.now = h.m.now.Add(d)
	})
}
