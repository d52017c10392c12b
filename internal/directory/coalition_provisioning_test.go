package directory_test

import (
	"fmt"
	"slices"

	"pgregory.net/rapid"

	"github.com/rosterhq/roster/internal/authz"
	"github.com/rosterhq/roster/internal/directory"
	"github.com/rosterhq/roster/internal/provisioning"
)

// defaultRole is what the owner has users get whom a directory adds. It is more than some
// coalitions hold.
func (c *coalition) defaultRole(rt *rapid.T) {
	c.directory = provisioning.New(c.w.Service, c.w.Onboarder, nil)
	role := pick(rt, []directory.RoleID{"user", "none", "admin", c.w.Role("Newcomers", pick(rt, prizes, "default prize")).ID}, "default role")
	settings := provisioning.Settings{DefaultRole: role, BreakerPercent: 100}
	must(c.directory.UpdateSettings(c.w.Context(), c.w.ByOwner(), settings))(c.w)
}

// provisionUser adds a puppet as a directory does.
func (c *coalition) provisionUser(t *rapid.T) {
	email := fmt.Sprintf("scim%d@example.org", c.tally.steps)
	if rapid.Bool().Draw(t, "there is") {
		email = pick(t, slices.Concat(c.outside, c.order), "account")
	}
	in := provisioning.Profile{UserName: email, Active: !rarely(t, 3, "inactive")}
	c.request(t, "provisionUser", in, func(call directory.Call) error {
		u, err := c.directory.CreateUser(c.w.Context(), call, in)
		if err != nil || call.DryRun != nil || c.emails[key(email)] != "" {
			return err
		}
		c.knows(email, c.w.WithToken(u.User).Secret)
		return nil
	})
}

// provisionChange changes a user as a directory does. A name that is somebody else's
// address must not make them somebody else.
func (c *coalition) provisionChange(t *rapid.T) {
	id, active := drawID[directory.UserID](t, c, "user"), !rarely(t, 4, "suspend")
	if len(c.ids["suspended"]) > 0 && rapid.Bool().Draw(t, "reactivate") {
		id, active = drawID[directory.UserID](t, c, "suspended"), true
	}
	renames := rapid.Bool().Draw(t, "rename")
	name := pick(t, append([]string{"olivia@example.com", fmt.Sprint("name", c.tally.steps)}, c.order...), "user name")
	c.request(t, "provisionChange", fmt.Sprint(id, active, renames, name), func(call directory.Call) error {
		return second(c.directory.ModifyUser(c.w.Context(), call, id, func(p provisioning.Person) (provisioning.Profile, error) {
			want := p.Profile
			want.Active, want.ExternalID = active, "x"
			if renames {
				want.UserName = name
			}
			want.Attributes = map[string]any{
				"roles":  []any{map[string]any{"value": "owner"}},
				"emails": []any{map[string]any{"value": name, "primary": true}},
			}
			return want, nil
		}))
	})
}

func (c *coalition) provisionRemoval(t *rapid.T) {
	if !rarely(t, 4, "rarely") {
		t.Skip("or nobody is left")
	}
	id := drawID[directory.UserID](t, c, "user")
	c.request(t, "provisionRemoval", id, func(call directory.Call) error {
		return c.directory.DeleteUser(c.w.Context(), call, id, nil)
	})
}

func (c *coalition) provisionGroup(t *rapid.T) {
	in := provisioning.GroupChange{Name: fmt.Sprint("Managed ", c.tally.steps), Add: c.drawUsers(t)}
	c.request(t, "provisionGroup", fmt.Sprint(in.Name, in.Add), func(call directory.Call) error {
		return second(c.directory.CreateGroup(c.w.Context(), call, in))
	})
}

// provisionMembers changes the members of a group, whose roles they then have.
func (c *coalition) provisionMembers(t *rapid.T) {
	id, ids, way := drawID[directory.GroupID](t, c, "group"), c.drawUsers(t), below(t, 3, "way")
	c.request(t, "provisionMembers", fmt.Sprint(id, ids, way), func(call directory.Call) error {
		return second(c.directory.ModifyGroup(c.w.Context(), call, id, way == 2, func(g provisioning.Group) (provisioning.GroupChange, error) {
			change := provisioning.GroupChange{Name: g.Name, ExternalID: g.ExternalID, Attributes: g.Attributes}
			switch way {
			case 0:
				change.Add = ids
			case 1:
				change.Remove = ids
			default:
				change.Replace = &ids
			}
			return change, nil
		}))
	})
}

func (c *coalition) provisionSettings(t *rapid.T) {
	in := provisioning.Settings{DefaultRole: "user", BreakerPercent: 100}
	if rarely(t, 2, "any role") {
		in.DefaultRole = c.drawRole(t)
	}
	c.request(t, "provisionSettings", in.DefaultRole, func(call directory.Call) error {
		return second(c.directory.UpdateSettings(c.w.Context(), call, in))
	})
}

// They prefer those who have the permissions of these moves too.
func init() {
	users := func(a authz.Action) authz.Pair { return authz.Pair{Resource: "users", Action: a} }
	rbac := func(a authz.Action) authz.Pair { return authz.Pair{Resource: "rbac", Action: a} }
	needs["provisionUser"], needs["provisionChange"], needs["provisionRemoval"] = users(authz.Create), users(authz.Update), users(authz.Delete)
	needs["provisionGroup"], needs["provisionMembers"] = rbac(authz.Create), rbac(authz.Update)
}
