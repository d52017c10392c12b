package directory_test

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"pgregory.net/rapid"

	"github.com/rosterhq/roster/internal/access"
	"github.com/rosterhq/roster/internal/authz"
	"github.com/rosterhq/roster/internal/directory"
	"github.com/rosterhq/roster/internal/roles"
)

// request draws who asks and how, and carries it out.
func (c *coalition) request(t *rapid.T, name string, in any, do func(directory.Call) error) {
	p := c.drawPrincipal(t, name)
	if p == nil {
		return
	}
	call := directory.Call{Principal: p, Fingerprint: []byte(fmt.Sprint(name, in))}
	switch below(t, 12, "mode") {
	case 11:
		call.DryRun = new(access.Diff)
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

func (c *coalition) drawNewRole(t *rapid.T, id directory.RoleID) roles.NewRole {
	in := roles.NewRole{Name: fmt.Sprint("Role ", c.tally.steps), Capabilities: c.drawSet(t)}
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

func (c *coalition) drawNewGroup(t *rapid.T) roles.NewGroup {
	in := roles.NewGroup{Name: fmt.Sprint("Group ", c.tally.steps)}
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

func describe(in roles.NewGroup) string {
	s := in.Name
	if in.Members != nil {
		s += fmt.Sprint(" members ", *in.Members)
	}
	if in.Roles != nil {
		s += fmt.Sprint(" roles ", *in.Roles)
	}
	return s
}

func (c *coalition) drawEnd(t *rapid.T) time.Time {
	if rarely(t, 4, "ends") {
		return c.w.Clock().Add(time.Duration(1+below(t, 50, "steps")) * time.Millisecond)
	}
	return time.Time{}
}
