package directory_test

import (
	"fmt"
	"slices"
	"time"

	"pgregory.net/rapid"

	"github.com/rosterhq/roster/internal/directory"
	"github.com/rosterhq/roster/internal/identity"
)

const (
	modelDomain      = "example.com" // of everybody's address
	maxModelSessions = 4             // of an account, before no more are made
)

// mSession is what a session has beyond a token.
type mSession struct {
	onlyOrg directory.OrgID
	issuer  directory.IssuerID
	ends    time.Time
	fresh   time.Time // zero: the person did not prove themself to Roster
	used    time.Time
}

// over reports whether the session has ended by time.
func (s *mSession) over(now time.Time) bool {
	return expired(s.ends, now) || now.Sub(s.used) >= directory.SessionIdle
}

type mIssuer struct {
	id                 directory.IssuerID
	enabled, provision bool
}

// mLink says who a subject of an issuer is.
type mLink struct {
	issuer  directory.IssuerID
	subject string
	account int
	at      time.Time // of the last sign-in
}

type mDomain struct {
	value    string // of its record
	verified bool
}

func (o *mOrg) holdsDomain() bool { return o.domain != nil && o.domain.verified }

func (o *mOrg) issuer(id directory.IssuerID) *mIssuer {
	return find(o.issuers, func(i *mIssuer) bool { return i.id == id })
}

// verify is the first verification of an address: what was there before goes.
func (a *mAccount) verify() {
	if !a.verified {
		a.verified, a.tokens, a.sessions = true, nil, nil
	}
}

// endSessionsIn ends the sessions that an account has for one organization alone.
func (m *model) endSessionsIn(account int, o *mOrg) {
	if a := m.account(account); a != nil {
		a.sessions = without(a.sessions, func(k *mToken) bool { return k.session.onlyOrg == o.id })
	}
}

// alive reports whether a session may still be used.
func (m *model) alive(s *mSession) bool {
	if s.issuer == "" {
		return !s.over(m.now)
	}
	o := m.org(s.onlyOrg)
	return !s.over(m.now) && o != nil && o.issuer(s.issuer) != nil
}

// endSessions forgets sessions that have ended by time or with their issuer.
func (m *model) endSessions() {
	for _, a := range m.accounts {
		a.sessions = without(a.sessions, func(k *mToken) bool { return !m.alive(k.session) })
	}
}

// resolveSession is who a session acts as: one of an issuer acts in the issuer's
// organization alone, and only while the issuer is enabled.
func (m *model) resolveSession(a *mAccount, k *mToken, named directory.OrgID) (*actor, directory.Code) {
	s := k.session
	if s.over(m.now) {
		return nil, directory.Unauthenticated
	}
	if s.onlyOrg != "" {
		if named != "" && named != s.onlyOrg {
			return nil, directory.Forbidden
		}
		named = s.onlyOrg
		if !m.alive(s) || !m.org(s.onlyOrg).issuer(s.issuer).enabled || !m.org(s.onlyOrg).holdsDomain() {
			return nil, directory.Unauthenticated
		}
	}
	p, code := m.resolveAccount(a, k, named)
	if p != nil {
		p.onlyOrg, p.stale = s.onlyOrg, m.now.Sub(s.fresh) >= directory.FreshFor
	}
	return p, code
}

// authenticate asks the service for the principal of a token or session.
func (h *harness) authenticate(k *mToken, named directory.OrgID) (*directory.Principal, error) {
	if k.session == nil {
		return h.w.Authenticate(h.w.Context(), k.secret, named)
	}
	p, err := h.w.AuthenticateSession(h.w.Context(), k.secret, named, "192.0.2.7")
	if err == nil {
		k.session.used = h.m.now
	}
	return p, err
}

// start adds a session to an account, in whose place the browser's other one ends.
func (a *mAccount) start(issued identity.IssuedSession, replaced string, now time.Time) {
	a.sessions = without(a.sessions, func(k *mToken) bool { return k.secret == replaced })
	s := &mSession{onlyOrg: issued.OnlyOrg, issuer: issued.IssuerID, ends: now.Add(directory.SessionLifetime), used: now}
	if s.issuer == "" {
		s.fresh = now
	}
	a.sessions = append(a.sessions, &mToken{id: issued.ID, secret: issued.Secret, session: s})
}

// drawReplaced draws a session that a browser may have already, of anybody.
func (h *harness) drawReplaced(t *rapid.T) string {
	secrets := []string{"", ""}
	for _, a := range h.m.accounts {
		for _, k := range a.sessions {
			secrets = append(secrets, k.secret)
		}
	}
	return pick(t, secrets, "replaced")
}

// signIn signs somebody in by the operator's link.
func (h *harness) signIn(t *rapid.T) {
	email := drawEmail(t)
	if !rarely(t, 6, "anybody") {
		email = pick(t, h.m.accounts, "account").email
	}
	account := h.m.accountByEmail(email)
	if account != nil && len(account.sessions) >= maxModelSessions {
		t.Skip("enough of them")
	}
	replaced := h.drawReplaced(t)
	h.begin()
	var v verdict
	v.add(account == nil, directory.NotFound)
	var issued identity.IssuedSession
	h.operate(t, "signIn of "+email, v, func() error {
		l, err := h.w.CreateSignInLinkFor(h.w.Context(), email)
		if err == nil {
			issued, err = h.w.UseSignInLink(h.w.Context(), directory.Call{RemoteAddr: "192.0.2.7"}, l.Secret, "", replaced)
		}
		return err
	}, func() {
		account.verify()
		account.start(issued, replaced, h.m.now)
	})
}

// signInByIssuer has an issuer say that somebody is there, whom it may not know.
func (h *harness) signInByIssuer(t *rapid.T) {
	var o *mOrg
	var i *mIssuer
	for _, org := range h.m.orgs {
		if len(org.issuers) > 0 && (o == nil || rapid.Bool().Draw(t, "that organization")) {
			o, i = org, pick(t, org.issuers, "issuer")
		}
	}
	if o == nil {
		t.Skip("no issuers")
	}
	p := person("sub", drawEmail(t))
	p.Subject += key(p.Email)
	if rarely(t, 6, "changed hands") {
		p.Subject = "sub" + key(drawEmail(t))
	}
	if a := h.m.accountByEmail(p.Email); a != nil && len(a.sessions) >= maxModelSessions {
		t.Skip("enough of them")
	}
	in := identity.IssuerSignIn{OrgID: o.id, IssuerID: i.id, Person: p, Replaces: h.drawReplaced(t)}
	if rarely(t, 8, "elsewhere") { // an attacker's own issuer, in another organization
		in.OrgID = h.drawOrg(t)
	}
	h.begin()
	in.Ceremony = h.w.Ceremony()
	v := h.m.maySignIn(o, i, in)
	var issued identity.IssuedSession
	h.operate(t, fmt.Sprintf("signInByIssuer %s of %s in %s as %s", p.Subject, i.id, in.OrgID, p.Email), v, func() (err error) {
		issued, err = h.w.SignInByIssuer(h.w.Context(), directory.Call{RemoteAddr: "192.0.2.7"}, in)
		return err
	}, func() { h.signedIn(t, o, i, in, issued) })
}

func (o *mOrg) link(issuer directory.IssuerID, subject string) *mLink {
	return find(o.links, func(l *mLink) bool { return l.issuer == issuer && l.subject == subject })
}

func (o *mOrg) userByEmail(email string) *mUser {
	return find(o.users, func(u *mUser) bool { return u.email == key(email) })
}

// maySignIn is which answers of a sign-in by an issuer are right.
func (m *model) maySignIn(o *mOrg, i *mIssuer, in identity.IssuerSignIn) (v verdict) {
	if in.OrgID != o.id || !i.enabled {
		return verdict{directory.NotFound}
	}
	v.add(!o.holdsDomain(), directory.Forbidden)
	if l := o.link(i.id, in.Person.Subject); l != nil {
		u := find(o.users, func(u *mUser) bool { return u.account == l.account && !u.invited })
		v.add(u.suspended, directory.Forbidden)
		return v
	}
	u := o.userByEmail(in.Person.Email)
	if u != nil && u.invited && expired(u.expires, m.now) {
		u = nil
	}
	if u == nil {
		v.add(!i.provision, directory.Forbidden)
		return v
	}
	v.add(u.suspended, directory.Forbidden)
	v.add(u.invited && !m.mayStillGive(o, u), directory.Conflict)
	v.add(!u.invited && slices.ContainsFunc(o.links, func(l *mLink) bool { return l.issuer == i.id && l.account == u.account }), directory.Conflict)
	return v
}

// signedIn is what a sign-in by an issuer leads to.
func (h *harness) signedIn(t *rapid.T, o *mOrg, i *mIssuer, in identity.IssuerSignIn, issued identity.IssuedSession) {
	if l := o.link(i.id, in.Person.Subject); l != nil {
		l.at = h.m.now
		h.m.account(l.account).start(issued, in.Replaces, h.m.now)
		return
	}
	account := h.m.accountByEmail(in.Person.Email)
	if account == nil {
		account = h.m.newAccount(in.Person.Email, in.Person.Name)
	}
	u := o.userByEmail(in.Person.Email)
	if u != nil && u.invited && expired(u.expires, h.m.now) {
		o.drop(u.id)
		u = nil
	}
	if u == nil {
		u = &mUser{id: h.userByEmail(t, o.id, account.email), account: account.n, email: account.email, name: account.name, role: "user"}
		o.users = append(o.users, u)
	}
	if u.invited {
		u.invited, u.account, u.name = false, account.n, account.name
	}
	o.links = append(o.links, &mLink{i.id, in.Person.Subject, account.n, h.m.now})
	account.verify()
	account.start(issued, in.Replaces, h.m.now)
}

func (h *harness) deleteSession(t *rapid.T) {
	h.request(t, func(a *actor) step {
		var ids []directory.TokenID
		for _, account := range h.m.accounts {
			for _, k := range account.sessions {
				if account.n == a.account || rarely(t, 10, "another's") {
					ids = append(ids, k.id)
				}
			}
		}
		if len(ids) == 0 {
			ids = append(ids, "ses_none")
		}
		id := pick(t, ids, "session")
		return step{
			name: "deleteSession", request: string(id), personal: true, anyOrg: true, suspended: true, once: true,
			rules: func(m *model, a *actor, v *verdict) {
				k := find(m.account(a.account).sessions, func(k *mToken) bool { return k.id == id })
				v.add(k == nil || (a.onlyOrg != "" && a.onlyOrg != k.session.onlyOrg), directory.NotFound)
			},
			mutate: func(m *model, a *actor, _ made) {
				account := m.account(a.account)
				account.sessions = without(account.sessions, func(k *mToken) bool { return k.id == id })
			},
			do: func(call directory.Call) (made, any, error) {
				return made{}, struct{}{}, h.w.DeleteSession(h.w.Context(), call, id)
			},
		}
	})
}

func (h *harness) deleteSessions(t *rapid.T) {
	h.request(t, func(*actor) step {
		return step{
			name: "deleteSessions", personal: true, anyOrg: true, suspended: true,
			mutate: func(m *model, a *actor, _ made) {
				account := m.account(a.account)
				account.sessions = without(account.sessions, func(k *mToken) bool {
					return k.id != a.token && (a.onlyOrg == "" || a.onlyOrg == k.session.onlyOrg)
				})
			},
			do: func(call directory.Call) (made, any, error) {
				n, err := h.w.DeleteSessions(h.w.Context(), call)
				return made{}, n, err
			},
		}
	})
}

// readSignIn reads how people sign in to an organization.
func (r *reality) readSignIn(tx directory.Tx, id directory.OrgID) error {
	domains, err := tx.Domains(id)
	if err != nil {
		return err
	}
	for _, d := range domains {
		r.line("%s domain %s verified %t", id, d.RecordValue(), d.Verified())
	}
	issuers, err := tx.Issuers(id)
	if err != nil {
		return err
	}
	for _, i := range issuers {
		r.line("%s issuer %s enabled %t provisions %t", id, i.ID, i.Enabled, i.Provision)
		for _, u := range r.users[id] {
			links, err := tx.IssuerLinks(id, i.ID, u.AccountID)
			if err != nil {
				return err
			}
			for _, l := range links {
				r.line("%s issuer %s has %s as %s", id, i.ID, key(u.Email), l.Subject)
			}
		}
	}
	return nil
}

// readSessions reads the sessions of an account that may still be used.
func (r *reality) readSessions(tx directory.Tx, a directory.Account, now time.Time) error {
	all, err := tx.Sessions(a.ID)
	if err != nil {
		return err
	}
	for _, s := range all {
		if expired(s.ExpiresAt, now) || now.Sub(s.LastUsedAt) >= directory.SessionIdle {
			continue
		}
		if s.IssuerID != "" {
			if _, err := tx.Issuer(s.OnlyOrg, s.IssuerID); directory.CodeOf(err) == directory.NotFound {
				continue
			}
		}
		r.line("account %s session %s in %q by %q", key(a.Email), s.ID, s.OnlyOrg, s.IssuerID)
	}
	return nil
}

// lineSignIn writes the model's ways to sign in like [reality.readSignIn].
func (m *model) lineSignIn(r *reality) {
	for _, o := range m.orgs {
		if o.domain != nil {
			r.line("%s domain %s verified %t", o.id, o.domain.value, o.domain.verified)
		}
		for _, i := range o.issuers {
			r.line("%s issuer %s enabled %t provisions %t", o.id, i.id, i.enabled, i.provision)
		}
		for _, l := range o.links {
			r.line("%s issuer %s has %s as %s", o.id, l.issuer, m.account(l.account).email, l.subject)
		}
	}
}

func (m *model) lineSessions(r *reality, a *mAccount) {
	for _, k := range a.sessions {
		if m.alive(k.session) {
			r.line("account %s session %s in %q by %q", a.email, k.id, k.session.onlyOrg, k.session.issuer)
		}
	}
}
