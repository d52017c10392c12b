package directory_test

import (
	"fmt"
	"slices"
	"time"

	"pgregory.net/rapid"

	"github.com/rosterhq/roster/internal/credentials"
	"github.com/rosterhq/roster/internal/directory"
)

// Beyond so many tokens no more are made; a few say as much as many.
const (
	maxModelAPITokens      = 8 // of an organization
	maxModelPersonalTokens = 4 // of an account
)

// drawEnd draws when a token ends; some have ended before they begin.
func (h *harness) drawEnd(t *rapid.T) time.Time {
	switch below(t, 10, "end") {
	case 9:
		return h.m.now.Add(-time.Hour)
	case 8:
		return h.m.now
	case 7:
		return h.m.now.Add(time.Hour)
	case 5, 6:
		return h.m.now.Add(20 * time.Hour)
	}
	return time.Time{}
}

// endOf is when a token ends that is asked to end at a time, and is made with one
// that ends at latest. ok is false if it may not.
func endOf(asked, latest time.Time) (end time.Time, ok bool) {
	switch {
	case latest.IsZero():
		return asked, true
	case asked.IsZero():
		return latest, true
	default:
		return asked, !asked.After(latest)
	}
}

func (m *model) makerEnds(a *actor) time.Time {
	for _, o := range m.orgs {
		if k := o.token(a.token); k != nil {
			return k.expires
		}
	}
	for _, account := range m.accounts {
		if k := find(account.tokens, func(k *mToken) bool { return k.id == a.token }); k != nil {
			return k.expires
		}
	}
	return time.Time{}
}

func ended(at, now time.Time) bool { return !at.IsZero() && !at.After(now) }

func (h *harness) drawAPIToken(t *rapid.T, o *mOrg) directory.TokenID {
	if len(o.tokens) == 0 || rarely(t, 15, "no token") {
		return "tok_none"
	}
	return pick(t, o.tokens, "API token").id
}

func (h *harness) createAPIToken(t *rapid.T) {
	if slices.ContainsFunc(h.m.orgs, func(o *mOrg) bool { return len(o.tokens) > maxModelAPITokens }) {
		t.Skip("enough of them")
	}
	h.request(t, func(*actor) step {
		granted, ends := drawFacts(t), h.drawEnd(t)
		return step{
			name: "createAPIToken", request: fmt.Sprint(granted.sorted(), ends), need: "apiTokens|create", fresh: true, secret: true,
			rules: func(m *model, a *actor, v *verdict) {
				v.add(!a.caps.covers(granted), directory.Forbidden)
				v.add(ended(ends, m.now), directory.Invalid)
				_, ok := endOf(ends, m.makerEnds(a))
				v.add(!ok, directory.Invalid)
			},
			mutate: func(m *model, a *actor, out made) {
				end, _ := endOf(ends, m.makerEnds(a))
				a.org.tokens = append(a.org.tokens, &mToken{id: out.token, secret: out.secret, caps: granted, giving: a.giving, expires: end, maker: a.Maker()})
			},
			do: func(call directory.Call) (made, any, error) {
				k, err := h.w.CreateAPIToken(h.w.Context(), call, credentials.NewAPIToken{Name: "t", Capabilities: granted.set(h.w), ExpiresAt: ends})
				return made{token: k.ID, secret: k.Secret}, k, err
			},
		}
	})
}

func (h *harness) deleteAPIToken(t *rapid.T) {
	h.request(t, func(a *actor) step {
		id := h.drawAPIToken(t, h.home(t, a))
		return step{
			name: "deleteAPIToken", request: string(id), need: "apiTokens|delete",
			rules: func(_ *model, a *actor, v *verdict) { v.add(a.org.token(id) == nil, directory.NotFound) },
			mutate: func(_ *model, a *actor, _ made) {
				a.org.tokens = without(a.org.tokens, func(k *mToken) bool { return k.id == id })
			},
			do: func(call directory.Call) (made, any, error) {
				return made{}, struct{}{}, h.w.DeleteAPIToken(h.w.Context(), call, id)
			},
		}
	})
}

func (h *harness) regenerateAPIToken(t *rapid.T) {
	if slices.ContainsFunc(h.m.orgs, func(o *mOrg) bool { return len(o.tokens) > maxModelAPITokens }) {
		t.Skip("enough of them")
	}
	h.request(t, func(a *actor) step {
		id := h.drawAPIToken(t, h.home(t, a))
		grace := h.m.now.Add(pick(t, []time.Duration{-time.Hour, 0, time.Hour, 30 * time.Hour}, "grace"))
		in := credentials.Regeneration{ExistingExpiresAt: grace, NewExpiresAt: h.drawEnd(t)}
		var granted facts // nil: those of the old one
		if rapid.Bool().Draw(t, "new token") {
			granted = drawFacts(t)
			in.NewToken = &credentials.NewAPIToken{Name: "new", Capabilities: granted.set(h.w)}
		}
		return step{
			name: "regenerateAPIToken", request: fmt.Sprint(id, grace, in.NewExpiresAt, granted.sorted()), need: "apiTokens|update", fresh: true, secret: true,
			rules: func(m *model, a *actor, v *verdict) {
				old := a.org.token(id)
				v.add(old == nil, directory.NotFound)
				v.add(old != nil && !a.caps.covers(old.caps), directory.Forbidden)
				v.add(!a.caps.covers(granted), directory.Forbidden)
				v.add(ended(in.NewExpiresAt, m.now), directory.Invalid)
				_, ok := endOf(in.NewExpiresAt, m.makerEnds(a))
				v.add(!ok, directory.Invalid)
			},
			mutate: func(m *model, a *actor, out made) {
				old := a.org.token(id)
				end, _ := endOf(in.NewExpiresAt, m.makerEnds(a))
				next := &mToken{id: out.token, secret: out.secret, caps: granted, giving: a.giving.meet(old.giving), expires: end, maker: a.Maker()}
				if granted == nil {
					next.caps = old.caps
				}
				// At once at the earliest, and never later than it would have.
				ends := grace
				if ends.Before(m.now) {
					ends = m.now
				}
				if old.expires.IsZero() || ends.Before(old.expires) {
					old.expires = ends
				}
				a.org.tokens = append(a.org.tokens, next)
			},
			do: func(call directory.Call) (made, any, error) {
				k, err := h.w.RegenerateAPIToken(h.w.Context(), call, id, in)
				return made{token: k.ID, secret: k.Secret}, k, err
			},
		}
	})
}

func (h *harness) createPersonalToken(t *rapid.T) {
	if slices.ContainsFunc(h.m.accounts, func(a *mAccount) bool { return len(a.tokens) >= maxModelPersonalTokens }) {
		t.Skip("enough of them")
	}
	h.request(t, func(*actor) step {
		ends := h.drawEnd(t)
		return step{
			name: "createPersonalToken", request: fmt.Sprint(ends), personal: true, whole: true, fresh: true, anyOrg: true, secret: true,
			rules: func(m *model, a *actor, v *verdict) {
				v.add(ended(ends, m.now), directory.Invalid)
				_, ok := endOf(ends, m.makerEnds(a))
				v.add(!ok, directory.Invalid)
			},
			mutate: func(m *model, a *actor, out made) {
				end, _ := endOf(ends, m.makerEnds(a))
				account := m.account(a.account)
				account.tokens = append(account.tokens, &mToken{id: out.token, secret: out.secret, expires: end})
			},
			do: func(call directory.Call) (made, any, error) {
				k, err := h.w.CreatePersonalToken(h.w.Context(), call, credentials.NewPersonalToken{Name: "p", ExpiresAt: ends})
				return made{token: k.ID, secret: k.Secret}, k, err
			},
		}
	})
}

func (h *harness) deletePersonalToken(t *rapid.T) {
	h.request(t, func(a *actor) step {
		var ids []directory.TokenID
		for _, account := range h.m.accounts {
			if account.n == a.account || rarely(t, 10, "another's") {
				for _, k := range account.tokens {
					ids = append(ids, k.id)
				}
			}
		}
		id := pick(t, append(ids, "pat_none"), "personal token")
		return step{
			name: "deletePersonalToken", request: string(id), personal: true, whole: true, anyOrg: true,
			rules: func(m *model, a *actor, v *verdict) {
				own := slices.ContainsFunc(m.account(a.account).tokens, func(k *mToken) bool { return k.id == id })
				v.add(!own, directory.NotFound)
			},
			mutate: func(m *model, a *actor, _ made) {
				account := m.account(a.account)
				account.tokens = without(account.tokens, func(k *mToken) bool { return k.id == id })
			},
			do: func(call directory.Call) (made, any, error) {
				return made{}, struct{}{}, h.w.DeletePersonalToken(h.w.Context(), call, id)
			},
		}
	})
}
