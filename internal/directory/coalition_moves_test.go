package directory_test

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"pgregory.net/rapid"

	"github.com/rosterhq/roster/internal/authz"
	"github.com/rosterhq/roster/internal/directory"
)

// moves are all that the members of a coalition do, each as often as it stands here.
func (c *coalition) moves() (all []func(*rapid.T)) {
	for _, move := range []struct {
		often int
		do    func(*rapid.T)
	}{
		{3, c.createUser},
		{5, c.updateUserRole},
		{2, c.updateUserStatus},
		{1, c.removeUser},
		{3, c.createRole},
		{6, c.updateRole},
		{1, c.deleteRole},
		{3, c.createGroup},
		{6, c.updateGroup},
		{1, c.deleteGroup},
		{4, c.createAPIToken},
		{3, c.regenerateAPIToken},
		{1, c.deleteAPIToken},
		{1, c.bindAPIToken},
		{1, c.personalToken},
		{3, c.answerInvitation},
		{4, c.resendInvitation},
		{1, c.self},
		{1, c.createOrg},
		{2, c.copyLink},
		{1, c.signIn},
		{3, c.signInByIssuer},
		{1, c.createIssuer},
		{1, c.addDomain},
		{3, c.provisionUser},
		{4, c.provisionChange},
		{1, c.provisionRemoval},
		{2, c.provisionGroup},
		{4, c.provisionMembers},
		{1, c.provisionSettings},
		{2, c.repeat},
	} {
		for range move.often {
			all = append(all, move.do)
		}
	}
	return all
}

// request draws who asks and how, and carries it out.
func (c *coalition) request(t *rapid.T, name string, in any, do func(directory.Call) error) {
	p := c.drawPrincipal(t, name)
	if p == nil {
		return
	}
	call := directory.Call{Principal: p, Fingerprint: []byte(fmt.Sprint(name, in))}
	switch below(t, 12, "mode") {
	case 11:
		call.DryRun = new(directory.AccessDiff)
	case 9, 10:
		call.IdempotencyKey = pick(t, []string{"a", "b", fmt.Sprint(c.tally.steps)}, "key")
	}
	c.again = func() error {
		err := do(call)
		c.tally.count(name, outcome(err))
		c.log = append(c.log, fmt.Sprintf("%s %v by %s in %s, dry %t: %v", name, in, p.TokenID, p.OrgID, call.DryRun != nil, err))
		return err
	}
	c.finish(t)
}

func (c *coalition) finish(t *rapid.T) {
	if err := c.again(); err != nil && directory.CodeOf(err) == "" {
		t.Fatalf("%v\nafter:\n%s", err, lines(c.log))
	}
}

// repeat sends the last request once more, as the principal that it had then.
func (c *coalition) repeat(t *rapid.T) {
	if c.again == nil {
		t.Skip("nothing to repeat")
	}
	c.finish(t)
}

// needs are the permissions of what they ask for most.
var needs = map[string]authz.Pair{
	"createUser": {Resource: "users", Action: authz.Create}, "updateUserRole": {Resource: "users", Action: authz.Update},
	"updateUserStatus": {Resource: "users", Action: authz.Update},
	"removeUser":       {Resource: "users", Action: authz.Delete}, "resendInvitation": {Resource: "users", Action: authz.Create},
	"createRole": {Resource: "rbac", Action: authz.Create}, "updateRole": {Resource: "rbac", Action: authz.Update},
	"deleteRole": {Resource: "rbac", Action: authz.Delete}, "deleteGroup": {Resource: "rbac", Action: authz.Delete},
	"createGroup": {Resource: "rbac", Action: authz.Create}, "updateGroup": {Resource: "rbac", Action: authz.Update},
	"createAPIToken": {Resource: "apiTokens", Action: authz.Create}, "regenerateAPIToken": {Resource: "apiTokens", Action: authz.Update},
	"createInvitationLink": {Resource: "users", Action: authz.Create},
	"deleteAPIToken":       {Resource: "apiTokens", Action: authz.Delete}, "updateAPITokenNetworks": {Resource: "apiTokens", Action: authz.Update},
}

// drawPrincipal prefers those who have the permission.
func (c *coalition) drawPrincipal(t *rapid.T, name string) (p *directory.Principal) {
	for range 5 {
		if p = c.drawAnyPrincipal(t); p == nil {
			continue
		}
		if need, ok := needs[name]; !ok || p.Capabilities.Allows(need) && p.OrgID == c.w.Org.ID {
			break
		}
	}
	return p
}

func (c *coalition) drawAnyPrincipal(t *rapid.T) *directory.Principal {
	if len(c.old) > 0 && rarely(t, 8, "old principal") {
		return pick(t, c.old, "which")
	}
	secret, org := c.emails[pick(t, c.order, "account")], c.w.Org.ID
	if len(c.secrets) > 0 && rapid.Bool().Draw(t, "another secret") {
		secret = pick(t, c.secrets, "secret")
		if strings.HasPrefix(secret, "xaat-") || rapid.Bool().Draw(t, "names none") {
			org = ""
		}
	} else if rarely(t, 6, "elsewhere") {
		org = c.evil
	}
	p, err := c.authenticate(secret, org)
	if err != nil {
		return nil
	}
	if len(c.old) > 6 {
		c.old = c.old[1:]
	}
	c.old = append(c.old, p)
	return p
}

func drawID[T ~string](t *rapid.T, c *coalition, kind string) T {
	if len(c.ids[kind]) == 0 {
		return "none"
	}
	return T(pick(t, c.ids[kind], kind))
}

func (c *coalition) drawRole(t *rapid.T) directory.RoleID {
	if rarely(t, 3, "built in") {
		return pick(t, builtinIDs, "built-in role")
	}
	id := drawID[directory.RoleID](t, c, "role")
	if !c.held.Covers(c.sets[id]) && !rarely(t, 4, "beyond them") {
		return "user"
	}
	return id
}

func (c *coalition) drawUsers(t *rapid.T) []directory.UserID {
	ids := make([]directory.UserID, below(t, 3, "how many"))
	for i := range ids {
		ids[i] = drawID[directory.UserID](t, c, "user")
	}
	return ids
}

// drawSet prefers what they hold: most of what else they ask for is refused.
func (c *coalition) drawSet(t *rapid.T) authz.Set {
	set := caps(c.w, drawPowers(t, powers)...)
	switch below(t, 4, "kind of set") {
	case 0:
		return set
	case 1, 2:
		return caps(c.w, pick(t, slices.Concat(prizes, powers), "one"))
	default:
		return set.Intersect(c.held)
	}
}

func (c *coalition) createUser(t *rapid.T) {
	email := fmt.Sprintf("puppet%d@example.org", c.tally.steps)
	if rapid.Bool().Draw(t, "there is") {
		email = pick(t, slices.Concat(c.outside, c.order), "account")
	}
	in := directory.NewUser{Name: "Puppet", Email: email, Role: c.drawRole(t)}
	c.request(t, "createUser", in, func(call directory.Call) error {
		u, err := c.w.CreateUser(c.w.Context(), call, in)
		if err != nil || call.DryRun != nil || c.emails[key(email)] != "" {
			return err
		}
		c.knows(email, c.w.WithToken(u).Secret)
		return nil
	})
}

func (c *coalition) updateUserRole(t *rapid.T) {
	id, role := drawID[directory.UserID](t, c, "user"), c.drawRole(t)
	c.request(t, "updateUserRole", fmt.Sprint(id, role), func(call directory.Call) error {
		return second(c.w.UpdateUserRole(c.w.Context(), call, id, role))
	})
}

// updateUserStatus mostly reactivates: suspended members are of no use to the others.
func (c *coalition) updateUserStatus(t *rapid.T) {
	id, status := drawID[directory.UserID](t, c, "user"), directory.Suspended
	if len(c.ids["suspended"]) > 0 && !rarely(t, 4, "suspend") {
		id, status = drawID[directory.UserID](t, c, "suspended"), directory.Active
	}
	c.request(t, "updateUserStatus", fmt.Sprint(id, status), func(call directory.Call) error {
		return second(c.w.UpdateUserStatus(c.w.Context(), call, id, status))
	})
}

func (c *coalition) removeUser(t *rapid.T) {
	if !rarely(t, 4, "rarely") {
		t.Skip("or nobody is left")
	}
	id := drawID[directory.UserID](t, c, "user")
	c.request(t, "removeUser", id, func(call directory.Call) error { return c.w.RemoveUser(c.w.Context(), call, id) })
}

func (c *coalition) drawNewRole(t *rapid.T, id directory.RoleID) directory.NewRole {
	in := directory.NewRole{Name: fmt.Sprint("Role ", c.tally.steps), Capabilities: c.drawSet(t)}
	switch below(t, 4, "change") {
	case 0, 3:
		in.Capabilities = c.sets[id].Union(in.Capabilities)
	case 1:
		in.Capabilities = c.sets[id].Minus(in.Capabilities)
	}
	if rarely(t, 3, "with members") {
		ids := c.drawUsers(t)
		in.Members = &ids
	}
	return in
}

func (c *coalition) createRole(t *rapid.T) {
	in := c.drawNewRole(t, "")
	c.request(t, "createRole", fmt.Sprint(in.Name, in.Capabilities.Names(), in.Members), func(call directory.Call) error {
		return second(c.w.CreateRole(c.w.Context(), call, in))
	})
}

func (c *coalition) updateRole(t *rapid.T) {
	id := drawID[directory.RoleID](t, c, "role")
	in := c.drawNewRole(t, id)
	c.request(t, "updateRole", fmt.Sprint(id, in.Capabilities.Names(), in.Members), func(call directory.Call) error {
		return second(c.w.UpdateRole(c.w.Context(), call, id, in))
	})
}

func (c *coalition) deleteRole(t *rapid.T) {
	id := drawID[directory.RoleID](t, c, "role")
	c.request(t, "deleteRole", id, func(call directory.Call) error { return c.w.DeleteRole(c.w.Context(), call, id) })
}

func (c *coalition) drawNewGroup(t *rapid.T) directory.NewGroup {
	in := directory.NewGroup{Name: fmt.Sprint("Group ", c.tally.steps)}
	if rapid.Bool().Draw(t, "with members") {
		ids := c.drawUsers(t)
		in.Members = &ids
	}
	if rapid.Bool().Draw(t, "with roles") {
		ids := make([]directory.RoleID, below(t, 3, "how many"))
		for i := range ids {
			ids[i] = c.drawRole(t)
		}
		in.Roles = &ids
	}
	return in
}

func describe(in directory.NewGroup) string {
	s := in.Name
	if in.Members != nil {
		s += fmt.Sprint(" members ", *in.Members)
	}
	if in.Roles != nil {
		s += fmt.Sprint(" roles ", *in.Roles)
	}
	return s
}

func (c *coalition) createGroup(t *rapid.T) {
	in := c.drawNewGroup(t)
	c.request(t, "createGroup", describe(in), func(call directory.Call) error {
		return second(c.w.CreateGroup(c.w.Context(), call, in))
	})
}

func (c *coalition) updateGroup(t *rapid.T) {
	id, in := drawID[directory.GroupID](t, c, "group"), c.drawNewGroup(t)
	c.request(t, "updateGroup", fmt.Sprint(id, " ", describe(in)), func(call directory.Call) error {
		return second(c.w.UpdateGroup(c.w.Context(), call, id, in))
	})
}

func (c *coalition) deleteGroup(t *rapid.T) {
	id := drawID[directory.GroupID](t, c, "group")
	c.request(t, "deleteGroup", id, func(call directory.Call) error { return c.w.DeleteGroup(c.w.Context(), call, id) })
}

func (c *coalition) drawEnd(t *rapid.T) time.Time {
	if rarely(t, 4, "ends") {
		return c.w.Clock().Add(time.Duration(1+below(t, 50, "steps")) * time.Millisecond)
	}
	return time.Time{}
}

func (c *coalition) createAPIToken(t *rapid.T) {
	in := directory.NewAPIToken{Name: "t", Capabilities: c.drawSet(t), ExpiresAt: c.drawEnd(t)}
	c.request(t, "createAPIToken", fmt.Sprint(in.Capabilities.Names(), in.ExpiresAt), func(call directory.Call) error {
		k, err := c.w.CreateAPIToken(c.w.Context(), call, in)
		c.hasToken(k)
		return err
	})
}

func (c *coalition) regenerateAPIToken(t *rapid.T) {
	id := drawID[directory.TokenID](t, c, "token")
	in := directory.Regeneration{ExistingExpiresAt: c.w.Clock().Add(time.Hour), NewExpiresAt: c.drawEnd(t)}
	if rapid.Bool().Draw(t, "new token") {
		in.NewToken = &directory.NewAPIToken{Name: "r", Capabilities: c.drawSet(t)}
	}
	c.request(t, "regenerateAPIToken", fmt.Sprint(id, in.NewToken), func(call directory.Call) error {
		k, err := c.w.RegenerateAPIToken(c.w.Context(), call, id, in)
		c.hasToken(k)
		return err
	})
}

func (c *coalition) deleteAPIToken(t *rapid.T) {
	id := drawID[directory.TokenID](t, c, "token")
	c.request(t, "deleteAPIToken", id, func(call directory.Call) error { return c.w.DeleteAPIToken(c.w.Context(), call, id) })
}

// bindAPIToken sets no networks: with some, nobody here could use the token.
func (c *coalition) bindAPIToken(t *rapid.T) {
	id := drawID[directory.TokenID](t, c, "token")
	c.request(t, "updateAPITokenNetworks", id, func(call directory.Call) error {
		return second(c.w.UpdateAPITokenNetworks(c.w.Context(), call, id, nil))
	})
}

func (c *coalition) personalToken(t *rapid.T) {
	c.request(t, "createPersonalToken", "", func(call directory.Call) error {
		k, err := c.w.CreatePersonalToken(c.w.Context(), call, directory.NewPersonalToken{Name: "p"})
		if k.Secret != "" {
			c.secrets = append(c.secrets, k.Secret)
		}
		return err
	})
}

func (c *coalition) answerInvitation(t *rapid.T) {
	if len(c.ids["invited"]) == 0 && !rarely(t, 8, "in vain") {
		t.Skip("nobody is invited")
	}
	if rarely(t, 3, "decline") {
		for _, email := range c.order {
			if p, err := c.authenticate(c.emails[email], ""); err == nil {
				err = c.w.DeclineInvitation(c.w.Context(), directory.Call{Principal: p}, c.w.Org.ID)
				c.tally.count("declineInvitation", outcome(err))
			}
		}
		return
	}
	for _, email := range c.order {
		p, err := c.authenticate(c.emails[email], "")
		if err != nil {
			continue
		}
		_, err = c.w.AcceptInvitation(c.w.Context(), directory.Call{Principal: p}, c.w.Org.ID)
		if directory.CodeOf(err) != directory.NotFound {
			c.tally.count("acceptInvitation", outcome(err))
			c.log = append(c.log, fmt.Sprintf("acceptInvitation by %s: %v", email, err))
		}
	}
}

func (c *coalition) resendInvitation(t *rapid.T) {
	if len(c.ids["invited"]) == 0 && !rarely(t, 8, "in vain") {
		t.Skip("nobody is invited")
	}
	id := drawID[directory.UserID](t, c, "invited")
	c.request(t, "resendInvitation", id, func(call directory.Call) error {
		return second(c.w.ResendInvitation(c.w.Context(), call, id))
	})
}

func (c *coalition) self(t *rapid.T) {
	name := fmt.Sprint("Name ", c.tally.steps)
	c.request(t, "updateSelf", name, func(call directory.Call) error {
		return second(c.w.UpdateSelf(c.w.Context(), call, directory.SelfUpdate{Name: &name}))
	})
}

func (c *coalition) createOrg(t *rapid.T) {
	if !rarely(t, 4, "rarely") {
		t.Skip("one more says little")
	}
	c.request(t, "createOrg", "", func(call directory.Call) error {
		return second(c.w.CreateOrg(c.w.Context(), call, "Org"))
	})
}

// honest is what the owner does meanwhile to members of the coalition. What they
// are given then they hold.
func (c *coalition) honest(t *rapid.T) {
	id, role := drawID[directory.UserID](t, c, "user"), directory.RoleID("none")
	if rapid.Bool().Draw(t, "weak") {
		role = c.drawRole(t)
	}
	if id == c.w.Owner.ID || role == "owner" {
		t.Skip("not that")
	}
	if set := c.sets[role]; c.now[string(id)].theirs && !c.held.Covers(set) {
		t.Skip("not more than they have")
	}
	if rarely(t, 3, "suspend") { // bystanders too, whom the coalition must not get back
		err := second(c.w.UpdateUserStatus(c.w.Context(), c.w.ByOwner(), id, directory.Suspended))
		c.log = append(c.log, fmt.Sprintf("the owner suspends %s: %v", id, err))
		return
	}
	if c.now[string(id)].theirs {
		_, err := c.w.UpdateUserRole(c.w.Context(), c.w.ByOwner(), id, role)
		c.log = append(c.log, fmt.Sprintf("the owner gives %s to %s: %v", role, id, err))
	}
}
