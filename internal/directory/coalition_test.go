package directory_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/rosterhq/roster/internal/authz"
	"github.com/rosterhq/roster/internal/credentials"
	"github.com/rosterhq/roster/internal/directory"
	"github.com/rosterhq/roster/internal/members"
	"github.com/rosterhq/roster/internal/provisioning"
)

// Some colluding principals do whatever the service offers: with their accounts and
// sessions, the tokens that these make, users whom they add, links that they copy, groups
// and roles that they edit, and an organization of their own, whose issuer vouches for
// everybody's address. After each step nobody has gained a capability
// that none of them has ever held, nor can a token of theirs give one. They count
// as holding what each of them could do at any time, the giving limits of tokens
// that others gave them, and the built-in user if one of them could add or change users.
func TestCoalitionGainsNothing(t *testing.T) {
	want := stepsWanted()
	checkSteps(t, want)
	all := tally{answers: make(map[string]map[directory.Code]int)}
	for all.steps < want && !t.Failed() {
		rapid.Check(t, func(rt *rapid.T) { newCoalition(t, rt, &all).run(rt) })
	}
	t.Logf("%d steps\n%s", all.steps, all.String())
	if all.steps < want {
		t.Errorf("%d steps, want at least %d", all.steps, want)
	}
	for name, answers := range all.answers {
		if want >= 10_000 && answers[""] == 0 {
			t.Errorf("%s never succeeded: the steps say little of it", name)
		}
	}
}

// coalition is the colluding principals, and what any of them has held so far.
type coalition struct {
	w     *world
	tally *tally
	log   []string

	emails  map[string]string          // of their accounts, each with a personal token
	order   []string                   // of emails, so that what is drawn is the same each time
	tokens  map[directory.TokenID]bool // API tokens whose values they have
	secrets []string                   // of these, and of personal tokens and sessions
	old     []*directory.Principal     // from earlier requests
	again   func() error               // the last request, to be repeated
	evil    directory.OrgID            // their own organization
	issuer  directory.Issuer           // of evil, whose domain is everybody's

	directory *provisioning.Provisioner
	outside   []string            // emails of theirs whose accounts are elsewhere at first
	held      authz.Set           // at any time, by any of them
	managers  bool                // one of them could create or update users
	now       map[string]standing // by user or token id, in the organization attacked
	ids       map[string][]string // what there is to name in requests
	sets      map[directory.RoleID]authz.Set
}

// standing is what a user or API token of the attacked organization may do.
type standing struct {
	can    authz.Set
	gives  authz.Set // API tokens only
	theirs bool
}

// powers are what the members of a coalition are made of: whatever opens an
// operation that gives something, and a few things to be had beside it.
var powers = []string{
	"users|create", "users|update", "rbac|create", "rbac|update", "apiTokens|create", "apiTokens|update",
	"users|read", "users|delete", "rbac|read", "rbac|delete", "apiTokens|delete",
}

var prizes = []string{
	"auditLog|read", "billing|read", "sharedAccessKeys|read", "dataset:logs:trim|update", "dataset:*:vacuum|update",
	"dataset:logs:query|read", "dashboards|create", "view:v:share|read", "view:*:query|read",
	"app:billing:invoice|approve", "app:billing:report:*|read", "app:billing:report:2026-*|read", "app:billing:report:2026-01|read",
	"app:wiki:page:*|write",
}

func drawPowers(t *rapid.T, powers []string) (list []string) {
	for _, p := range powers {
		if !rarely(t, 4, p) {
			list = append(list, p)
		}
	}
	for _, p := range prizes {
		if rarely(t, 4, p) {
			list = append(list, p)
		}
	}
	return list
}

func newCoalition(t *testing.T, rt *rapid.T, all *tally) *coalition {
	w := newWorld(&lasting{TB: t, each: rt})
	definesBilling(w)
	must(w.CreateApplication(w.Context(), w.ByOwner(), newApp("wiki")))(w)
	c := &coalition{w: w, tally: all, emails: make(map[string]string), tokens: make(map[directory.TokenID]bool)}
	powers := powers
	if rarely(rt, 3, "not even users") {
		powers = powers[2:] // what the built-in user has is beyond them then
	}
	c.defaultRole(rt)
	bystander, manager := w.Join("Bystander", "user"), w.Join("Manager", w.Role("Managing", drawPowers(rt, powers)...).ID)
	w.Group("Admins", []directory.UserID{bystander.ID}, "admin")
	w.Group("Empty", nil, w.Role("Strong", "users|read", "auditLog|read", "billing|read", "dataset:*:trim|update").ID)
	w.Token("users|create", "users|update") // it could give everything
	must(w.CreateAPIToken(w.Context(), w.ByOwner(), credentials.NewAPIToken{
		Name: "expired", Capabilities: caps(w, "users|update"), ExpiresAt: w.Clock().Add(time.Second),
	}))(w)
	w.Pass(time.Minute)
	for name, role := range map[string]directory.RoleID{"Strong Newcomer": "admin", "Plain Newcomer": "user"} {
		must(w.CreateUser(w.Context(), w.ByOwner(), members.NewUser{Name: name, Email: strings.ReplaceAll(key(name), " ", ".") + "@example.com", Role: role}))(w)
	}

	for i := range 2 + below(rt, 2, "members") {
		role := w.Role(fmt.Sprint("Member ", i), drawPowers(rt, powers)...)
		m := w.Join(fmt.Sprint("m", i), role.ID)
		if i == 0 {
			w.Group("Theirs", []directory.UserID{m.ID}, w.Role("Side", pick(rt, prizes, "side"), pick(rt, powers, "power")).ID)
		}
		c.knows(m.Email, m.Secret)
	}
	for _, name := range []string{"Evil", "Worse", "Worst"} {
		owner := w.Tenant(name)
		c.evil = owner.OrgID
		c.knows(owner.Email, owner.Secret)
		c.outside = append(c.outside, owner.Email)
		if name == "Evil" {
			w.VerifiesDomain(c.evil, "example.com")
			in := newIssuer()
			in.Provision = true
			c.issuer = must(w.CreateIssuer(w.Context(), w.By(owner), in))(w)
		}
	}
	c.read(rt)
	c.holdAll()
	// A token that somebody else has made for them: all it can give counts as held.
	by := w.By(manager).Principal
	if by.Capabilities.Allows(authz.Pair{Resource: "apiTokens", Action: authz.Create}) {
		k := must(w.CreateAPIToken(w.Context(), directory.Call{Principal: by}, credentials.NewAPIToken{
			Name: "given", Capabilities: by.Capabilities.Intersect(caps(w, drawPowers(rt, powers)...)),
		}))(w)
		c.hasToken(k)
		c.held = c.held.Union(by.Capabilities)
	}
	c.read(rt)
	c.holdAll()
	return c
}

func (c *coalition) knows(email, secret string) {
	if _, ok := c.emails[key(email)]; !ok {
		c.order = append(c.order, key(email))
	}
	c.emails[key(email)] = secret
}

func (c *coalition) hasToken(k credentials.IssuedAPIToken) {
	if k.Secret != "" {
		c.tokens[k.ID] = true
		c.secrets = append(c.secrets, k.Secret)
	}
}

func (c *coalition) run(rt *rapid.T) {
	moves := c.moves()
	rt.Repeat(map[string]func(*rapid.T){
		"collude": func(t *rapid.T) {
			c.w.Pass(time.Millisecond)
			c.tally.steps++
			before := c.now
			pick(t, moves, "what")(t)
			c.read(t)
			c.check(t, before)
			c.holdAll()
		},
		"honest": func(t *rapid.T) {
			if !rarely(t, 8, "rarely") {
				t.Skip("mostly they are on their own")
			}
			c.honest(t)
			c.read(t)
			c.holdAll()
		},
	})
}

// check holds the promise of design.md, rule 2, for everybody in the organization.
func (c *coalition) check(t *rapid.T, before map[string]standing) {
	c.checkSecrets(t)
	bound := c.held
	if c.managers {
		user, _ := authz.Builtin("user")
		bound = bound.Union(user)
	}
	for id, is := range c.now {
		gained := is.can.Minus(before[id].can)
		if is.theirs {
			gained = is.can
		}
		if !bound.Covers(gained) {
			t.Fatalf("%s has %v, which none of them held\nafter:\n%s", id, gained.Minus(bound).Names(), lines(c.log))
		}
		if more := is.gives.Minus(before[id].gives); !bound.Covers(more) {
			t.Fatalf("%s can give %v, which none of them held\nafter:\n%s", id, more.Minus(bound).Names(), lines(c.log))
		}
	}
}

// checkSecrets holds that whatever they have acts as nobody else in the organization.
func (c *coalition) checkSecrets(t *rapid.T) {
	for _, secret := range c.secrets {
		p, err := c.authenticate(secret, c.w.Org.ID)
		if err == nil && p.UserID != "" && !c.now[string(p.UserID)].theirs {
			t.Fatalf("a token or session of theirs acts as %s (%s)\nafter:\n%s", p.UserID, p.Name, lines(c.log))
		}
	}
}

// authenticate resolves a token or a session.
func (c *coalition) authenticate(secret string, org directory.OrgID) (*directory.Principal, error) {
	if strings.HasPrefix(secret, "xsess-") {
		return c.w.AuthenticateSession(c.w.Context(), secret, org, "192.0.2.7")
	}
	return c.w.Authenticate(c.w.Context(), secret, org)
}

// holdAll adds what they hold now to what they held.
func (c *coalition) holdAll() {
	create, update := authz.Pair{Resource: "users", Action: authz.Create}, authz.Pair{Resource: "users", Action: authz.Update}
	for _, is := range c.now {
		if is.theirs {
			c.held = c.held.Union(is.can)
			c.managers = c.managers || is.can.Allows(create) || is.can.Allows(update)
		}
	}
}

func lines(log []string) (s string) {
	for _, l := range log {
		s += l + "\n"
	}
	return s
}

// read finds out what everybody may do, past the service.
func (c *coalition) read(t *rapid.T) {
	c.now, c.ids, c.sets = make(map[string]standing), make(map[string][]string), make(map[directory.RoleID]authz.Set)
	err := c.w.DB.Read(c.w.Context(), func(tx directory.Tx) error {
		org := c.w.Org.ID
		roles, err := tx.Roles(org)
		if err != nil {
			return err
		}
		for _, r := range roles {
			c.sets[r.ID] = r.Capabilities
			c.ids["role"] = append(c.ids["role"], string(r.ID))
		}
		for _, id := range authz.BuiltinRoles() {
			c.sets[directory.RoleID(id)], _ = authz.Builtin(id)
		}
		for u, err := range tx.Users(org, directory.UserQuery{}) {
			if err != nil {
				return err
			}
			_, theirs := c.emails[key(u.Email)]
			is := standing{theirs: theirs}
			if u.Status() == directory.Active {
				is.can = c.sets[u.Role.ID]
			} else {
				c.ids[string(u.Status())] = append(c.ids[string(u.Status())], string(u.ID))
			}
			c.now[string(u.ID)] = is
			if strings.Contains(u.Email, "newcomer") {
				c.ids["newcomer"] = append(c.ids["newcomer"], string(u.ID))
			}
			c.ids["user"] = append(c.ids["user"], string(u.ID))
		}
		groups, err := tx.Groups(org)
		if err != nil {
			return err
		}
		for _, g := range groups {
			c.ids["group"] = append(c.ids["group"], string(g.ID))
			for _, m := range g.Members {
				if slices.Contains(slices.Concat(c.ids["invited"], c.ids["suspended"]), string(m)) {
					continue
				}
				is := c.now[string(m)]
				for _, r := range g.Roles {
					is.can = is.can.Union(c.sets[r])
				}
				c.now[string(m)] = is
			}
		}
		tokens, err := tx.APITokens(org)
		for _, k := range tokens {
			c.ids["token"] = append(c.ids["token"], string(k.ID))
			c.now[string(k.ID)] = standing{can: k.Capabilities, gives: k.Giving.Set(), theirs: c.tokens[k.ID]}
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}
