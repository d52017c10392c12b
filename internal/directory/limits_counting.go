package directory

import (
	"errors"
	"slices"
	"sync/atomic"

	"github.com/rosterhq/roster/internal/authz"
)

// OneMore refuses another of what the actor's organization has, which is locked.
// Errors: [LimitExceeded].
func (c *Change) OneMore(name Limit) error { return c.oneMoreIn(c.actor.OrgID, name) }

// oneMoreIn is OneMore for any organization, which is locked.
func (c *Change) oneMoreIn(org OrgID, name Limit) error {
	if c.limits.Of(name) == 0 {
		return nil
	}
	n, err := c.CountOf(org, name)
	if err != nil {
		return err
	}
	return c.within(name, n, n+1)
}

// oneMoreOfAccount is OneMore for what an account has, which is locked.
func (c *Change) oneMoreOfAccount(account AccountID, name Limit) error {
	if c.limits.Of(name) == 0 {
		return nil
	}
	n, err := c.CountOfAccount(account, name)
	if err != nil {
		return err
	}
	return c.within(name, n, n+1)
}

// joinOneMore refuses to put users into another group beyond [Limits.GroupsPerUser].
// None of them is in that group yet.
func (c *Change) joinOneMore(field string, ids []UserID) error {
	most := c.limits.GroupsPerUser
	if most == 0 || len(ids) == 0 {
		return nil
	}
	full, err := c.UserInGroups(c.actor.OrgID, ids, most)
	if err != nil || full == "" {
		return err
	}
	groups, err := c.GroupIDsOf(c.actor.OrgID, full)
	if err != nil {
		return err
	}
	err = inField(field, c.within(LimitGroupsPerUser, len(groups), len(groups)+1))
	if e, ok := errors.AsType[*Error](err); ok {
		e.Message = string(full) + ": " + e.Message
	}
	return err
}

// checkSet wants a set of capabilities to name few datasets and views, by proper names.
// before is the set in whose place it comes.
func (c *Change) checkSet(before, after authz.Set) error {
	if err := c.within(LimitNamesPerSet, before.CountNames(), after.CountNames()); err != nil {
		return err
	}
	return checkScopes(after)
}

// checkRoleNames is checkSet for a role, which counts against [Limits.Names] besides.
func (c *Change) checkRoleNames(before, after authz.Set) error {
	if err := c.checkSet(before, after); err != nil {
		return err
	}
	if c.limits.Names == 0 || after.CountNames() <= before.CountNames() {
		return nil
	}
	n, err := c.CountOf(c.actor.OrgID, LimitNames)
	if err != nil {
		return err
	}
	return c.within(LimitNames, n, n+after.CountNames()-before.CountNames())
}

// exceededCounts counts what was refused by each limit since the process began, in the
// order of limitKinds.
type exceededCounts [32]atomic.Int64

func (counts *exceededCounts) count(err error) {
	name, ok := errors.AsType[exceeded](err)
	if !ok {
		return
	}
	i := slices.IndexFunc(limitKinds, func(k limitKind) bool { return k.name == Limit(name) })
	counts[i].Add(1)
}

// LimitRefusals gives how often each limit has refused something in this process.
func (s *Service) LimitRefusals() map[Limit]int64 {
	all := make(map[Limit]int64, len(limitKinds))
	for i, k := range limitKinds {
		all[k.name] = s.exceeded[i].Load()
	}
	return all
}

// roomForUser refuses another user or invitation. It asks for both before the account is
// looked up, so that the answer does not show whether there is one.
func (c *Change) roomForUser(org OrgID) error {
	if err := c.oneMoreIn(org, LimitUsers); err != nil {
		return err
	}
	return c.oneMoreIn(org, LimitInvitations)
}
