package directory

import (
	"github.com/rosterhq/roster/internal/authz"
	"github.com/rosterhq/roster/internal/limits"
)

// WithLimits replaces [limits.Default].
func WithLimits(l limits.Limits) Option { return func(s *Service) { s.limits = l } }

// Limits returns the limits of tenants.
func (s *Service) Limits() limits.Limits { return s.limits }

// LimitRefusals returns how often each limit has refused something in this process.
func (s *Service) LimitRefusals() map[limits.Name]int64 { return s.exceeded.Counts() }

// Within refuses, with [LimitExceeded], a change after which there would be more of
// something than before and than its limit allows. The caller holds the lock that
// keeps the count true until the transaction ends.
func (c *Change) Within(name limits.Name, before, after int) error {
	message := c.limits.Check(name, before, after)
	if message == "" {
		return nil
	}
	return &Error{Code: LimitExceeded, Err: exceeded(name), Message: message}
}

// Limit is how many there may be of something; 0 for any number.
func (c *Change) Limit(name limits.Name) int { return c.limits.Of(name) }

// exceeded is the cause of an [Error] with [LimitExceeded]: the limit.
type exceeded limits.Name

func (e exceeded) Error() string { return "limit " + string(e) }

// InField blames a member of the input for an error with a code.
func InField(field string, err error) error {
	if e, ok := err.(*Error); ok { //nolint:errorlint // Within gives it unwrapped
		blamed := *e
		blamed.Field = field
		return &blamed
	}
	return err
}

// OneMore refuses another of what the actor's organization has, which is locked.
// Errors: [LimitExceeded].
func (c *Change) OneMore(name limits.Name) error { return c.oneMoreIn(c.actor.OrgID, name) }

// oneMoreIn is OneMore for any organization, which is locked.
func (c *Change) oneMoreIn(org OrgID, name limits.Name) error {
	if c.limits.Of(name) == 0 {
		return nil
	}
	n, err := c.CountOf(org, name)
	if err != nil {
		return err
	}
	return c.Within(name, n, n+1)
}

// OneMoreOfAccount is OneMore for what an account has, which is locked.
func (c *Change) OneMoreOfAccount(account AccountID, name limits.Name) error {
	if c.limits.Of(name) == 0 {
		return nil
	}
	n, err := c.CountOfAccount(account, name)
	if err != nil {
		return err
	}
	return c.Within(name, n, n+1)
}

// CheckSet checks that a set of capabilities names few datasets and views, by proper names,
// and in applications only what these define. before is the set in whose place it comes.
func (c *Change) CheckSet(before, after authz.Set) error {
	if err := c.Within(limits.NamesPerSet, before.CountNames(), after.CountNames()); err != nil {
		return err
	}
	if err := checkScopes(after); err != nil {
		return err
	}
	return c.checkApps(before.Apps, after.Apps)
}

// RoomForUser refuses another user or invitation. It asks for both before the account is
// looked up, so that the answer does not show whether there is one.
func (c *Change) RoomForUser(org OrgID) error {
	n, err := c.countUsers(org)
	if err != nil {
		return err
	}
	if err := c.Within(limits.Users, n.users, n.users+1); err != nil {
		return err
	}
	return c.Within(limits.Invitations, n.invitations, n.invitations+1)
}

// userCounts is how many users and open invitations an organization has, as far as they
// are limited.
type userCounts struct {
	org                OrgID // "" once they are not true any more
	users, invitations int
}

// countUsers counts once in a change, because an import adds many users in one, and to
// count takes time that grows with their number. The caller holds the organization's lock.
func (c *Change) countUsers(org OrgID) (n *userCounts, err error) {
	if c.counted != nil && c.counted.org == org {
		return c.counted, nil
	}
	n = &userCounts{org: org}
	if c.limits.Users > 0 {
		if n.users, err = c.CountOf(org, limits.Users); err != nil {
			return nil, err
		}
	}
	if c.limits.Invitations > 0 {
		if n.invitations, err = c.CountOf(org, limits.Invitations); err != nil {
			return nil, err
		}
	}
	c.counted = n
	return n, nil
}

// RecountUsers has users counted again for the next [Change.RoomForUser]: some have gone.
func (c *Change) RecountUsers() {
	if c.counted != nil {
		c.counted.org = ""
	}
}

// UserAdded adds a user who was stored to what [Change.RoomForUser] has counted.
func (c *Change) UserAdded(u User) {
	n := c.counted
	if n == nil || n.org != u.OrgID {
		return
	}
	n.users++
	if u.Invited {
		n.invitations++
	}
}
