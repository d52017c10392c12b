package directory_test

import (
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/rosterhq/roster/internal/applications"
	"github.com/rosterhq/roster/internal/authz"
	"github.com/rosterhq/roster/internal/directory"
)

// model is the domain once more, as small as it goes: no storage, no
// transactions, and written from the rules rather than from the code. Things are
// kept in the order they were made, so that what is drawn from them is the same
// each time, although ids are random.
type model struct {
	now      time.Time
	orgs     []*mOrg
	accounts []*mAccount
	replays  map[string]mReplay // by token id and key
	serial   int
}

type mOrg struct {
	id     directory.OrgID
	users  []*mUser
	roles  []*mRole
	groups []*mGroup
	tokens []*mToken

	issuers []*mIssuer
	links   []*mLink
	domain  *mDomain // of everybody's addresses; nil if it was not added

	requires bool          // its issuer
	tokenFor time.Duration // after a sign-in by it

	provision *mProvision
}

type mProvision struct {
	claim   string
	addr    string
	expires time.Time
	claimed bool
}

// mAccount has a number of its own: an account's id is learned only from users.
type mAccount struct {
	n        int
	email    string // as a key
	name     string
	tokens   []*mToken
	sessions []*mToken
	verified bool
}

type mUser struct {
	id        directory.UserID
	account   int    // 0 while invited
	email     string // as a key
	name      string
	role      directory.RoleID
	suspended bool
	invited   bool
	inviter   *actor    // while invited
	expires   time.Time // while invited
	profiled  bool      // a directory has changed what it keeps with the user
	external  string    // id that the directory has for them
}

func (u *mUser) status() directory.UserStatus {
	switch {
	case u.invited:
		return directory.Invited
	case u.suspended:
		return directory.Suspended
	default:
		return directory.Active
	}
}

type mRole struct {
	id   directory.RoleID
	name string // as a key
	caps facts
}

type mGroup struct {
	id      directory.GroupID
	name    string // as a key
	members []directory.UserID
	roles   []directory.RoleID
	managed bool // a directory changes the members
}

// mToken is a token of either kind, or a session; caps and giving are of API tokens.
type mToken struct {
	id      directory.TokenID
	secret  string
	caps    facts
	giving  facts
	maker   directory.UserID // API tokens only
	expires time.Time
	session *mSession // nil: a token
}

type mReplay struct {
	request string
	answer  string
	secret  bool
	expires time.Time
}

// key takes letter case out of the ASCII names that the model draws.
func key(s string) string { return strings.ToLower(s) }

func (m *model) clone() *model {
	c := &model{now: m.now, serial: m.serial, replays: m.replays}
	for _, o := range m.orgs {
		org := &mOrg{id: o.id, requires: o.requires, tokenFor: o.tokenFor}
		org.users, org.roles, org.groups, org.tokens = copies(o.users), copies(o.roles), copies(o.groups), copies(o.tokens)
		if o.provision != nil {
			p := *o.provision
			org.provision = &p
		}
		org.issuers, org.links = copies(o.issuers), copies(o.links)
		if o.domain != nil {
			d := *o.domain
			org.domain = &d
		}
		c.orgs = append(c.orgs, org)
	}
	for _, a := range m.accounts {
		account := *a
		account.tokens, account.sessions = copies(a.tokens), copies(a.sessions)
		c.accounts = append(c.accounts, &account)
	}
	return c
}

// copies copies what is pointed at; lists inside are replaced, never changed.
func copies[T any](list []*T) []*T {
	c := make([]*T, len(list))
	for i, v := range list {
		one := *v
		c[i] = &one
	}
	return c
}

func find[T any](list []*T, is func(*T) bool) *T {
	if i := slices.IndexFunc(list, is); i >= 0 {
		return list[i]
	}
	return nil
}

func without[T any](list []*T, is func(*T) bool) []*T {
	return slices.DeleteFunc(slices.Clone(list), is)
}

func (m *model) org(id directory.OrgID) *mOrg {
	return find(m.orgs, func(o *mOrg) bool { return o.id == id })
}

func (m *model) account(n int) *mAccount {
	return find(m.accounts, func(a *mAccount) bool { return a.n == n })
}

func (m *model) accountByEmail(email string) *mAccount {
	return find(m.accounts, func(a *mAccount) bool { return a.email == key(email) })
}

func (m *model) newAccount(email, name string) *mAccount {
	m.serial++
	a := &mAccount{n: m.serial, email: key(email), name: name}
	m.accounts = append(m.accounts, a)
	return a
}

func (o *mOrg) user(id directory.UserID) *mUser {
	return find(o.users, func(u *mUser) bool { return u.id == id })
}

func (o *mOrg) role(id directory.RoleID) *mRole {
	return find(o.roles, func(r *mRole) bool { return r.id == id })
}

func (o *mOrg) group(id directory.GroupID) *mGroup {
	return find(o.groups, func(g *mGroup) bool { return g.id == id })
}

func (o *mOrg) token(id directory.TokenID) *mToken {
	return find(o.tokens, func(k *mToken) bool { return k.id == id })
}

// roleCaps are what a role holds; ok is false for one that does not exist.
func (o *mOrg) roleCaps(id directory.RoleID) (f facts, ok bool) {
	if f, ok = builtinFacts[id]; ok {
		return f, true
	}
	if r := o.role(id); r != nil {
		return r.caps, true
	}
	return nil, false
}

// membership is an account in an organization.
type membership struct {
	org  *mOrg
	user *mUser
}

// memberships are an account's, oldest first.
func (m *model) memberships(account int) (all []membership) {
	for _, o := range m.orgs {
		for _, u := range o.users {
			if u.account == account && !u.invited {
				all = append(all, membership{o, u})
			}
		}
	}
	slices.SortFunc(all, func(a, b membership) int { return strings.Compare(string(a.user.id), string(b.user.id)) })
	return all
}

// active are those memberships of an account that are not suspended.
func (m *model) active(account int) []membership {
	return slices.DeleteFunc(m.memberships(account), func(ms membership) bool { return ms.user.suspended })
}

// invitations are an address's that are open or expired, oldest first.
func (m *model) invitations(email string) (all []membership) {
	for _, o := range m.orgs {
		for _, u := range o.users {
			if u.invited && u.email == email {
				all = append(all, membership{o, u})
			}
		}
	}
	slices.SortFunc(all, func(a, b membership) int { return strings.Compare(string(a.user.id), string(b.user.id)) })
	return all
}

func (o *mOrg) activeOwners() (n int) {
	for _, u := range o.users {
		if u.role == "owner" && !u.invited && !u.suspended {
			n++
		}
	}
	return n
}

// path is a reason for what a user may do: the base role, or a group's role.
type path struct {
	group directory.GroupID
	role  directory.RoleID
}

// paths are all the reasons for what a user may do.
func (o *mOrg) paths(u *mUser) []path {
	if u.invited || u.suspended {
		return nil
	}
	all := []path{{role: u.role}}
	for _, g := range o.groups {
		if slices.Contains(g.members, u.id) {
			for _, role := range g.roles {
				all = append(all, path{g.id, role})
			}
		}
	}
	return all
}

// effective is what a user may do.
func (o *mOrg) effective(u *mUser) facts {
	f := make(facts)
	for _, p := range o.paths(u) {
		granted, _ := o.roleCaps(p.role)
		f = f.and(granted)
	}
	return f
}

// access explains what a user may do: each capability with all that grants it.
// Where any role names a dataset or view, what is granted on all of them is
// granted on that one too.
func (o *mOrg) access(u *mUser) map[string][]path {
	have := o.effective(u)
	explained := maps.Clone(have)
	for fact := range have {
		scope, rest, named := strings.Cut(fact, ":")
		if !named {
			continue
		}
		name, _, _ := strings.Cut(rest, ":")
		for other := range have {
			if pair, all := strings.CutPrefix(other, scope+":*:"); all {
				explained[scope+":"+name+":"+pair] = true
			}
		}
	}
	o.explainApps(u, explained)
	paths := make(map[string][]path)
	for fact := range explained {
		for _, p := range o.paths(u) {
			if granted, _ := o.roleCaps(p.role); granted.has(fact) {
				paths[fact] = append(paths[fact], p)
			}
		}
	}
	return paths
}

// explainApps leaves those capabilities in applications that one of u's roles has by
// itself, and spells out what all of every application are.
func (o *mOrg) explainApps(u *mUser, explained facts) {
	maps.DeleteFunc(explained, func(fact string, _ bool) bool { return strings.HasPrefix(fact, "app:") })
	for _, p := range o.paths(u) {
		granted, _ := o.roleCaps(p.role)
		for _, fact := range granted.pure() {
			if strings.HasPrefix(fact, "app:") && fact != "app:*" {
				explained[fact] = true
			}
		}
		if granted["app:*"] {
			maps.Copy(explained, appsDefined)
		}
	}
}

// appsDefined are all capabilities in the applications that there are.
var appsDefined = facts{
	"app:billing:invoice|approve": true, "app:billing:invoice|read": true, "app:billing:report:*|read": true,
}

// definesBilling applies the application of the deployment that [atoms] and prizes name.
func definesBilling(w *world) {
	w.Helper()
	_, err := w.Apply(w.Context(), []applications.NewApplication{{ID: "billing", Name: "Billing", Types: authz.AppTypes{
		"invoice": {Actions: []string{"read", "approve"}},
		"report":  {Actions: []string{"read"}, Instances: true},
	}}}, applications.How{})
	w.Wants("apply billing", "", err)
}
