package directory_test

import (
	"fmt"
	"slices"
	"time"

	"pgregory.net/rapid"

	"github.com/rosterhq/roster/internal/authz"
	"github.com/rosterhq/roster/internal/credentials"
	"github.com/rosterhq/roster/internal/directory"
	"github.com/rosterhq/roster/internal/members"
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
		{2, c.createIssuer},
		{2, c.addDomain},
		{3, c.provisionUser},
		{4, c.provisionChange},
		{2, c.provisionRemoval},
		{2, c.provisionGroup},
		{4, c.provisionMembers},
		{3, c.provisionSettings},
		{2, c.createApplication},
		{3, c.updateApplication},
		{1, c.deleteApplication},
		{2, c.repeat},
	} {
		for range move.often {
			all = append(all, move.do)
		}
	}
	return all
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
	"createApplication":    {Resource: "rbac", Action: authz.Create}, "updateApplication": {Resource: "rbac", Action: authz.Update},
	"deleteApplication": {Resource: "rbac", Action: authz.Delete},
	"deleteAPIToken":    {Resource: "apiTokens", Action: authz.Delete}, "updateAPITokenNetworks": {Resource: "apiTokens", Action: authz.Update},
}

func (c *coalition) createUser(t *rapid.T) {
	email := fmt.Sprintf("puppet%d@example.org", c.tally.steps)
	if rapid.Bool().Draw(t, "there is") {
		email = pick(t, slices.Concat(c.outside, c.order), "account")
	}
	in := members.NewUser{Name: "Puppet", Email: email, Role: c.drawRole(t)}
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

func (c *coalition) createAPIToken(t *rapid.T) {
	in := credentials.NewAPIToken{Name: "t", Capabilities: c.drawSet(t), ExpiresAt: c.drawEnd(t)}
	c.request(t, "createAPIToken", fmt.Sprint(in.Capabilities.Names(), in.ExpiresAt), func(call directory.Call) error {
		k, err := c.w.CreateAPIToken(c.w.Context(), call, in)
		c.hasToken(k)
		return err
	})
}

func (c *coalition) regenerateAPIToken(t *rapid.T) {
	id := drawID[directory.TokenID](t, c, "token")
	in := credentials.Regeneration{ExistingExpiresAt: c.w.Clock().Add(time.Hour), NewExpiresAt: c.drawEnd(t)}
	if rapid.Bool().Draw(t, "new token") {
		in.NewToken = &credentials.NewAPIToken{Name: "r", Capabilities: c.drawSet(t)}
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
		k, err := c.w.CreatePersonalToken(c.w.Context(), call, credentials.NewPersonalToken{Name: "p"})
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
		return second(c.w.UpdateSelf(c.w.Context(), call, members.SelfUpdate{Name: &name}))
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

// honest is what the owner does meanwhile to members of the coalition. They may hold
// whatever they are given then.
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
