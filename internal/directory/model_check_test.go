package directory_test

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/rosterhq/roster/internal/authz"
	"github.com/rosterhq/roster/internal/directory"
	"github.com/rosterhq/roster/internal/text"
)

// reality is what the store holds, in the words of the model.
type reality struct {
	orgs     int
	lines    []string
	users    map[directory.OrgID][]directory.User
	accounts []directory.Account
	faults   []string // invariants that don't hold
}

func (r *reality) line(format string, args ...any) {
	r.lines = append(r.lines, fmt.Sprintf(format, args...))
}

func (r *reality) holds(ok bool, format string, args ...any) {
	if !ok {
		r.faults = append(r.faults, fmt.Sprintf(format, args...))
	}
}

// check holds the store against the model, the store against the invariants of
// design.md by itself, and what requests would be told against both.
func (h *harness) check(t *rapid.T) {
	r := &reality{users: make(map[directory.OrgID][]directory.User)}
	err := h.w.DB.Read(h.w.Context(), func(tx directory.Tx) (err error) {
		if r.orgs, err = tx.CountOrgs(); err != nil {
			return err
		}
		for _, o := range h.m.orgs {
			if err := r.readOrg(tx, o.id); err != nil {
				return err
			}
		}
		return r.readAccounts(tx, h.m.now)
	})
	if err != nil {
		h.fail(t, "read: %v", err)
	}
	if len(r.faults) > 0 {
		h.fail(t, "broken: %s", strings.Join(r.faults, "\n"))
	}
	if r.orgs != len(h.m.orgs) {
		h.fail(t, "%d organizations, the model has %d", r.orgs, len(h.m.orgs))
	}
	slices.Sort(r.lines)
	if want := h.m.lines(); !slices.Equal(want, r.lines) {
		h.fail(t, "the store differs (-model +store):\n%s", cmp.Diff(want, r.lines))
	}
	h.bindAccounts(t, r)
	h.checkAccess(t)
	h.checkTokens(t)
	h.checkCache(t, r)
	h.remember(t)
}

// readOrg reads one organization and holds the invariants that it alone can break.
func (r *reality) readOrg(tx directory.Tx, id directory.OrgID) error {
	if _, err := tx.Org(id); err != nil {
		return fmt.Errorf("%s: %w", id, err)
	}
	roles, err := tx.Roles(id)
	if err != nil {
		return err
	}
	known, names := make(map[directory.RoleID]bool), make(map[string]bool)
	for _, b := range authz.BuiltinRoles() {
		known[directory.RoleID(b)], names[b] = true, true
	}
	for _, role := range roles {
		r.line("%s role %s %s %v", id, role.ID, key(role.Name), factsOf(role.Capabilities).sorted())
		r.holds(!names[key(role.Name)], "%s: two roles %s", id, role.Name)
		known[role.ID], names[key(role.Name)] = true, true
	}
	owners, emails, accounts, there := 0, make(map[string]bool), make(map[directory.AccountID]bool), make(map[directory.UserID]bool)
	for u, err := range tx.Users(id, directory.UserQuery{}) {
		if err != nil {
			return err
		}
		r.users[id] = append(r.users[id], u)
		r.line("%s user %s %s %q %s %s", id, u.ID, key(u.Email), u.Name, u.Role.ID, u.Status())
		r.holds(known[u.Role.ID], "%s: %s has the role %s, which does not exist", id, u.ID, u.Role.ID)
		r.holds(!emails[key(u.Email)] && (u.Invited || !accounts[u.AccountID]), "%s: %s is there twice", id, u.Email)
		emails[key(u.Email)], accounts[u.AccountID], there[u.ID] = true, true, true
		if u.Role.ID == "owner" && u.Status() == directory.Active {
			owners++
		}
	}
	r.holds(owners > 0, "%s has no owner", id)
	if err := r.readProfiles(tx, id); err != nil {
		return err
	}
	groups, err := tx.Groups(id)
	if err != nil {
		return err
	}
	for _, g := range groups {
		r.line("%s group %s %s %v %v managed %t", id, g.ID, key(g.Name), g.Members, g.Roles, g.Managed)
		for _, m := range g.Members {
			r.holds(there[m], "%s: %s is in group %s and not in the organization", id, m, g.ID)
		}
		for _, role := range g.Roles {
			r.holds(known[role] && role != "owner", "%s: group %s gives %s", id, g.ID, role)
		}
	}
	if err := r.readSignIn(tx, id); err != nil {
		return err
	}
	tokens, err := tx.APITokens(id)
	for _, k := range tokens {
		r.line("%s token %s %v gives %v ends %s", id, k.ID, factsOf(k.Capabilities).sorted(), factsOf(k.Giving.Set()).pure(), k.ExpiresAt)
	}
	return err
}

// readAccounts reads the accounts of all the people there are.
func (r *reality) readAccounts(tx directory.Tx, now time.Time) error {
	for _, name := range append([]string{"olivia"}, people...) {
		a, err := tx.AccountByEmail(text.FoldKey(name + "@example.com"))
		if directory.CodeOf(err) == directory.NotFound {
			continue
		}
		if err != nil {
			return err
		}
		users, err := tx.AccountUsers(a.ID)
		if err != nil {
			return err
		}
		r.holds(len(users) > 0 && !slices.ContainsFunc(users, func(u directory.User) bool { return u.Invited }), "the account of %s is in no organization", a.Email)
		r.accounts = append(r.accounts, a)
		tokens, err := tx.PersonalTokens(a.ID)
		if err != nil {
			return err
		}
		r.line("account %s %q", key(a.Email), a.Name)
		for _, k := range tokens {
			r.line("account %s token %s ends %s", key(a.Email), k.ID, k.ExpiresAt)
		}
		if err := r.readSessions(tx, a, now); err != nil {
			return err
		}
	}
	return nil
}

// lines is the model written like [reality].
func (m *model) lines() []string {
	r := new(reality)
	for _, o := range m.orgs {
		for _, role := range o.roles {
			r.line("%s role %s %s %v", o.id, role.id, role.name, role.caps.sorted())
		}
		for _, u := range o.users {
			r.line("%s user %s %s %q %s %s", o.id, u.id, u.email, u.name, u.role, u.status())
		}
		for _, g := range o.groups {
			r.line("%s group %s %s %v %v managed %t", o.id, g.id, g.name, g.members, g.roles, g.managed)
		}
		for _, k := range o.tokens {
			r.line("%s token %s %v gives %v ends %s", o.id, k.id, k.caps.sorted(), k.giving.pure(), k.expires)
		}
	}
	m.lineSignIn(r)
	m.lineProfiles(r)
	for _, a := range m.accounts {
		if strings.HasPrefix(a.email, "agent@") {
			continue
		}
		r.line("account %s %q", a.email, a.name)
		for _, k := range a.tokens {
			r.line("account %s token %s ends %s", a.email, k.id, k.expires)
		}
		m.lineSessions(r, a)
	}
	slices.Sort(r.lines)
	return r.lines
}

// bindAccounts holds that each of the model's accounts is one account, the same
// all its life, and never one that was another's before.
func (h *harness) bindAccounts(t *rapid.T, r *reality) {
	for _, o := range h.m.orgs {
		for _, u := range r.users[o.id] {
			n := o.user(u.ID).account
			if n == 0 && u.Invited && u.AccountID == "" {
				continue // an invitation belongs to an address
			}
			if have, ok := h.accounts[n]; ok && have != u.AccountID {
				h.fail(t, "%s is of account %s, and was of %s", u.ID, u.AccountID, have)
			}
			h.accounts[n] = u.AccountID
		}
	}
	of := make(map[directory.AccountID]int)
	for n, id := range h.accounts {
		if earlier, ok := of[id]; ok && earlier != n {
			h.fail(t, "account %s came back to life", id)
		}
		of[id] = n
	}
	for _, a := range r.accounts {
		if h.accounts[h.m.accountByEmail(a.Email).n] != a.ID {
			h.fail(t, "the account of %s is %s, its users have another", a.Email, a.ID)
		}
	}
}

// checkAccess compares what every user of one organization may do, and why.
func (h *harness) checkAccess(t *rapid.T) {
	o := h.m.org(h.focus)
	if o == nil {
		o = h.m.orgs[len(h.log)%len(h.m.orgs)]
	}
	call := directory.Call{Principal: &directory.Principal{Kind: directory.APIToken, OrgID: o.id, Capabilities: authz.Everything()}}
	for _, u := range o.users {
		a, err := h.w.GetUserAccess(h.w.Context(), call, u.id, time.Time{}, authz.Query{})
		if err != nil {
			h.fail(t, "access of %s: %v", u.id, err)
		}
		got := make(map[string][]path)
		for _, c := range a.Capabilities {
			fact := c.Key.String()
			for _, s := range c.Paths {
				p := path{role: s.Role.ID}
				if s.Group != nil {
					p.group = s.Group.ID
				}
				got[fact] = append(got[fact], p)
			}
		}
		if diff := cmp.Diff(byText(o.access(u)), byText(got)); diff != "" {
			h.fail(t, "access of %s in %s (-model +service):\n%s", u.id, o.id, diff)
		}
	}
}

func byText(access map[string][]path) map[string]string {
	text := make(map[string]string, len(access))
	for fact, paths := range access {
		slices.SortFunc(paths, func(a, b path) int {
			return strings.Compare(string(a.group)+" "+string(a.role), string(b.group)+" "+string(b.role))
		})
		text[fact] = fmt.Sprint(paths)
	}
	return text
}

// checkTokens checks what the next request with every token would act as: what is
// cached of earlier requests must not be stale.
func (h *harness) checkTokens(t *rapid.T) {
	check := func(k *mToken, named directory.OrgID) {
		a, want := h.m.resolve(k.id, named)
		p, err := h.authenticate(k, named)
		if outcome(err) != want {
			h.fail(t, "the next request with %s in %q: %v, the rules say %q", k.id, named, err, want)
		}
		if want != "" {
			return
		}
		role := directory.RoleID("")
		if a.user != nil {
			role = a.user.role
		}
		if string(p.OrgID) != orgID(a) || p.Role != role || p.TokenID != k.id || !p.Capabilities.Equal(a.caps.set(h.w)) {
			h.fail(t, "the next request with %s acts as %+v, want %s with %v", k.id, p, role, a.caps.sorted())
		}
	}
	h.m.endSessions()
	alive := make(map[directory.TokenID]bool)
	for _, o := range h.m.orgs {
		for _, k := range o.tokens {
			alive[k.id] = true
			check(k, "")
		}
	}
	for _, account := range h.m.accounts {
		for _, k := range slices.Concat(account.tokens, account.sessions) {
			alive[k.id] = true
			check(k, "")
			for _, ms := range append(h.m.memberships(account.n), h.m.invitations(account.email)...) {
				check(k, ms.org.id)
			}
		}
	}
	for _, k := range h.known {
		if !alive[k.id] && !slices.ContainsFunc(h.dead, func(d *mToken) bool { return d.id == k.id }) {
			h.dead = append(h.dead, k)
		}
	}
	h.dead = h.dead[max(0, len(h.dead)-6):]
	for _, k := range h.dead {
		check(k, "")
	}
	h.known = h.known[:0]
	for _, o := range h.m.orgs {
		h.known = append(h.known, o.tokens...)
	}
	for _, account := range h.m.accounts {
		h.known = append(h.known, slices.Concat(account.tokens, account.sessions)...)
	}
}
