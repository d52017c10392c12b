package applications

import (
	"strconv"

	"github.com/rosterhq/roster/internal/authz"
	"github.com/rosterhq/roster/internal/directory"
	"github.com/rosterhq/roster/internal/roles"
	"github.com/rosterhq/roster/internal/text"
)

// MaxTaken is how many roles and API tokens of an organization one call takes
// capabilities from. The operator's commands have no such limit.
const MaxTaken = 200

// losers are the roles and API tokens that hold, or may give, what an application does not
// define any more.
type losers struct {
	of     directory.Application
	roles  []loser[directory.Role]
	tokens []loser[directory.APITokenRecord]
}

// loser is what there is, and what is left of it.
type loser[T any] struct{ before, after T }

// losersOf finds the losers, in the application's organization or if it is the
// deployment's, in all. The application is locked, so that there will be no others, and so
// are the organizations, so that they stay as they are.
func losersOf(tx directory.Tx, app directory.Application, defined func(authz.AppGrant) bool) (l losers, err error) {
	l.of = app
	gone := func(g authz.AppGrant) bool { return g.App == string(app.ID) && !defined(g) }
	roles, err := tx.RolesOfApp(app.OrgID, app.ID)
	if err != nil {
		return l, err
	}
	for _, r := range roles {
		left := r
		left.Capabilities.Apps = r.Capabilities.Apps.Without(gone)
		if !left.Capabilities.Equal(r.Capabilities) {
			l.roles = append(l.roles, loser[directory.Role]{r, left})
		}
	}
	tokens, err := tx.APITokensOfApp(app.OrgID, app.ID)
	if err != nil {
		return l, err
	}
	for _, t := range tokens {
		left := t
		left.Capabilities.Apps, left.Giving = t.Capabilities.Apps.Without(gone), t.Giving.WithoutApps(gone)
		if !left.Capabilities.Equal(t.Capabilities) || !left.Giving.Equal(t.Giving) {
			l.tokens = append(l.tokens, loser[directory.APITokenRecord]{t, left})
		}
	}
	return l, nil
}

// take takes from all of them what they lose. Without force, losers are a
// [directory.Conflict].
func (l losers) take(c *directory.Change, force bool) error {
	if len(l.roles)+len(l.tokens) == 0 {
		return nil
	}
	if !force {
		return directory.Errorf(directory.Conflict, "%s and %s hold or may give what would be removed; "+
			"take it from them first, or use force", count(len(l.roles), "role"), count(len(l.tokens), "API token"))
	}
	if l.of.OrgID != "" && c.Actor().OrgID != "" {
		if err := l.mayTake(c); err != nil {
			return err
		}
	}
	for _, r := range l.roles {
		if err := c.UpdateRole(r.after, text.FoldKey(r.after.Name)); err != nil {
			return err
		}
		if err := c.As(directory.OpUpdateRole).RecordIn(r.after.OrgID, r.after.Target(), r.before, r.after); err != nil {
			return err
		}
	}
	for _, t := range l.tokens {
		if err := c.SetAPITokenCapabilities(t.after); err != nil {
			return err
		}
		if err := c.RecordIn(t.after.OrgID, t.after.Target(), t.before, t.after); err != nil {
			return err
		}
	}
	return nil
}

// mayTake checks what it takes to change who has what, and how much one call may change.
func (l losers) mayTake(c *directory.Change) error {
	if n := len(l.roles) + len(l.tokens); n > MaxTaken {
		return directory.Errorf(directory.LimitExceeded, "%d roles and API tokens would lose something, and one call takes from %d at most; "+
			"nothing was changed: take it from some of them first", n, MaxTaken)
	}
	for _, r := range l.roles {
		inUse, err := roles.InUse(c, r.before)
		if err != nil {
			return err
		}
		if inUse {
			if err := directory.OpUpdateUserRole.Authorize(c.Actor()); err != nil {
				return err
			}
			break
		}
	}
	if len(l.tokens) == 0 {
		return nil
	}
	return directory.OpRegenerateAPIToken.Authorize(c.Actor())
}

func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return strconv.Itoa(n) + " " + noun + "s"
}
