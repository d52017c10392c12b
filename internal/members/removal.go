package members

import (
	"context"

	"github.com/rosterhq/roster/internal/directory"
)

// RemoveUser removes a user from the organization and from its groups. If it was the
// account's last membership, the account and its personal tokens are deleted.
//
// Permission users|delete; owners are removed by owners only. Audit entry
// removeUserFromOrg. Errors: [directory.NotFound]; [directory.Conflict] for the last owner.
func (r *Roll) RemoveUser(ctx context.Context, call directory.Call, id directory.UserID) error {
	_, err := r.RemoveUserAndRevoke(ctx, call, id, directory.Revocation{})
	return err
}

// RemoveUserAndRevoke is [Roll.RemoveUser], which revokes things that the user
// made in the same transaction. It returns what is left of those that the principal
// may read. Audit entries deleteAPIToken, deleteWebhook and revokeInvitation besides.
func (r *Roll) RemoveUserAndRevoke(ctx context.Context, call directory.Call, id directory.UserID, kinds directory.Revocation) (left Created, err error) {
	_, err = directory.Write(ctx, r.directory, call, directory.OpRemoveUser, func(c *directory.Change) (_ struct{}, err error) {
		if err := removeUser(c, id); err != nil {
			return struct{}{}, err
		}
		left, err = Revoke(c, id, kinds)
		return struct{}{}, err
	})
	return left, err
}

func removeUser(c *directory.Change, id directory.UserID) error {
	u, err := c.User(c.Actor().OrgID, id)
	if err != nil {
		return err
	}
	if err := c.Check(u); err != nil {
		return err
	}
	return Remove(c, u)
}

// Remove removes a user under the rules of [Roll.RemoveUser]. Audit entry by the
// operation of c.
func Remove(c *directory.Change, u directory.User) error {
	if err := MayUnmake(c, u); err != nil {
		return err
	}
	if err := TakeOut(c, u); err != nil {
		return err
	}
	return SettleAccount(c, u.AccountID)
}

// TakeOut deletes a user and records it, whatever the actor may do. The caller has locked
// the organization, and calls [SettleAccount] if the user was a member.
func TakeOut(c *directory.Change, u directory.User) error {
	groups, err := c.GroupIDsOf(u.OrgID, u.ID)
	if err != nil {
		return err
	}
	if err := dropTemporaryRoleOf(c, u); err != nil {
		return err
	}
	if err := c.DeleteUser(u.OrgID, u.ID); err != nil {
		return err
	}
	if err := endSignIns(c, u); err != nil {
		return err
	}
	return c.RecordIn(u.OrgID, u.Target(), directory.RemovedUser{User: u, Groups: groups}, nil)
}

// dropTemporaryRoleOf takes away the temporary role of a user who leaves, with an entry of
// its own, without which the past could not be read.
func dropTemporaryRoleOf(c *directory.Change, u directory.User) error {
	t, err := c.TemporaryRole(u.OrgID, u.ID)
	if err != nil {
		return directory.IgnoreNotFound(err)
	}
	return c.As(directory.OpDeleteTemporaryRole).DropTemporaryRole(t)
}

// endSignIns deletes the sessions that a user who is taken out had for that organization
// alone, and the links from issuers' persons to the user. They have no entries of their own:
// the user's entry invalidates the cached principals.
func endSignIns(c *directory.Change, u directory.User) error {
	if u.AccountID == "" {
		return nil // an invitation has no account
	}
	if err := c.DropSessionsIn(u.AccountID, u.OrgID); err != nil {
		return err
	}
	return c.DropIssuerLinks(u.OrgID, u.AccountID)
}

// SettleAccount deletes an account that has lost its last membership. Open invitations
// belong to the address and stay.
func SettleAccount(c *directory.Change, removed directory.AccountID) error {
	if removed == "" {
		return nil // an invitation has no account
	}
	if err := c.Lock(directory.LockAccount(removed)); err != nil {
		return err
	}
	left, err := c.AccountUsers(removed)
	if err != nil || len(left) > 0 {
		return err
	}
	return c.DeleteAccount(removed)
}
