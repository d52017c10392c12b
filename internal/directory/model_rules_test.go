package directory_test

import (
	"slices"
	"time"

	"github.com/rosterhq/roster/internal/directory"
)

// actor is who a request acts as, in the model.
type actor struct {
	personal bool
	token    directory.TokenID
	account  int
	org      *mOrg  // nil for an account in several that named none
	user     *mUser // personal tokens only
	caps     facts
	giving   facts

	suspended bool // in all of the account's organizations

	onlyOrg directory.OrgID // of a session
	stale   bool            // a session whose sign-in is too long ago
	awaits  bool            // a sign-in by the issuer, to act anywhere
}

func (a *actor) isOwner() bool { return a.personal && a.user != nil && a.user.role == "owner" }

// Maker is the user who counts as the maker of the actor's tokens.
func (a *actor) Maker() directory.UserID {
	if a.personal {
		return a.user.id
	}
	return a.org.token(a.token).maker
}

func expired(at, now time.Time) bool { return !at.IsZero() && !now.Before(at) }

// resolve is rule 3 and 4 for a token: who it acts as in the organization named,
// or the code that refuses it.
func (m *model) resolve(id directory.TokenID, named directory.OrgID) (*actor, directory.Code) {
	for _, o := range m.orgs {
		if k := o.token(id); k != nil {
			switch {
			case expired(k.expires, m.now):
				return nil, directory.Unauthenticated
			case named != "" && named != o.id:
				return nil, directory.Forbidden
			}
			return &actor{token: id, org: o, caps: k.caps, giving: k.giving}, ""
		}
	}
	for _, a := range m.accounts {
		k := find(slices.Concat(a.tokens, a.sessions), func(k *mToken) bool { return k.id == id })
		if k == nil {
			continue
		}
		if k.session != nil {
			return m.resolveSession(a, k, named)
		}
		if expired(k.expires, m.now) {
			return nil, directory.Unauthenticated
		}
		return m.resolveAccount(a, k, named)
	}
	return nil, directory.Unauthenticated
}

func (m *model) resolveAccount(a *mAccount, k *mToken, named directory.OrgID) (*actor, directory.Code) {
	active := m.active(a.n)
	p := &actor{personal: true, token: k.id, account: a.n, caps: facts{}, suspended: len(active) == 0}
	for _, ms := range active {
		if ms.org.id == named || (named == "" && len(active) == 1) {
			if m.awaitsIssuer(k, ms) {
				p.awaits = true
				break
			}
			p.org, p.user, p.caps = ms.org, ms.user, ms.org.effective(ms.user)
			p.giving = p.caps
			return p, ""
		}
	}
	if named != "" {
		return nil, directory.Forbidden
	}
	return p, ""
}

// verdict collects the codes of all rules that a request breaks; where it breaks
// several, any of them is a right answer.
type verdict []directory.Code

func (v *verdict) add(when bool, code directory.Code) {
	if when && !slices.Contains(*v, code) {
		*v = append(*v, code)
	}
}

// mayGive is rule 2 for a role that somebody gets who has some capabilities
// already, and "owners are made by owners".
func (v *verdict) mayGive(a *actor, role directory.RoleID, had facts) {
	granted, ok := a.org.roleCaps(role)
	v.add(!ok, directory.Invalid)
	v.add(role == "owner" && !a.isOwner(), directory.Forbidden)
	v.add(role == "owner" && a.stale, directory.Reauthenticate)
	v.mayAdd(a, had, granted)
}

// mayAdd is rule 2: what is added stays within user, or within what the giver can
// give. Taking away needs no such right.
func (v *verdict) mayAdd(a *actor, had, granted facts) {
	added := make(facts)
	for fact := range granted {
		if !had.has(fact) {
			added[fact] = true
		}
	}
	v.add(!builtinFacts["user"].covers(added) && !a.giving.covers(added), directory.Forbidden)
}

// mayChangeWhoGetsWhat is what changes of groups, and of roles that somebody has,
// take besides their own permission.
func (v *verdict) mayChangeWhoGetsWhat(a *actor) {
	v.add(!a.caps.has("users|update"), directory.Forbidden)
}

// MayUnmake is rule 1, and "owners are unmade by owners", for users who lose
// their base role or their membership in one change.
func (v *verdict) MayUnmake(a *actor, users ...*mUser) {
	active := 0
	for _, u := range users {
		if u.role != "owner" {
			continue
		}
		v.add(!a.isOwner(), directory.Forbidden)
		v.add(a.stale, directory.Reauthenticate)
		if !u.invited && !u.suspended {
			active++
		}
	}
	v.add(active > 0 && active >= a.org.activeOwners(), directory.Conflict)
}

// settle is rule 9, once an account has lost a membership.
func (m *model) settle(account int) {
	if len(m.memberships(account)) == 0 {
		m.accounts = without(m.accounts, func(a *mAccount) bool { return a.n == account })
	}
}

// invites makes a the inviter of a user whose role they changed, if they can give all of it.
func (a *actor) invites(u *mUser) {
	var v verdict
	if v.mayGive(a, u.role, nil); len(v) == 0 {
		u.inviter = a
	}
}

// mayStillGive says whether the inviter of a user could give their role now.
func (m *model) mayStillGive(o *mOrg, u *mUser) bool {
	a := u.inviter
	now := &actor{personal: a.personal, org: o}
	if a.personal {
		now.user = o.user(a.user.id)
		if now.user == nil || now.user.invited || now.user.suspended {
			return false
		}
		now.caps = o.effective(now.user)
		now.giving = now.caps
	} else {
		k := o.token(a.token)
		if k == nil || expired(k.expires, m.now) {
			return false
		}
		now.caps, now.giving = k.caps, k.giving
	}
	var v verdict
	v.mayGive(now, u.role, nil)
	return len(v) == 0 && (now.caps.has("users|create") || now.caps.has("users|update"))
}

// drop takes a user out of the organization and its groups.
func (o *mOrg) drop(id directory.UserID) {
	if u := o.user(id); u != nil {
		o.links = without(o.links, func(l *mLink) bool { return l.account == u.account })
	}
	o.users = without(o.users, func(u *mUser) bool { return u.id == id })
	for _, g := range o.groups {
		g.members = slices.DeleteFunc(slices.Clone(g.members), func(m directory.UserID) bool { return m == id })
	}
}

// dropOrg deletes an organization with everything in it.
func (m *model) dropOrg(id directory.OrgID) {
	gone := m.org(id)
	m.orgs = without(m.orgs, func(o *mOrg) bool { return o == gone })
	// In the order of their ids, which is the order of the list of users.
	slices.SortFunc(gone.users, func(a, b *mUser) int { return cmpIDs(a.id, b.id) })
	for _, u := range gone.users {
		if !u.invited {
			m.endSessionsIn(u.account, gone)
			m.settle(u.account)
		}
	}
}

func cmpIDs[T ~string](a, b T) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}
