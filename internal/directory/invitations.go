package directory

import "context"

// ListInvitations gives the account's invitations that are still open. Needs a
// personal token.
func (s *Service) ListInvitations(ctx context.Context, call Call) ([]Membership, error) {
	return read(ctx, s, call, OpListInvitations, func(tx Tx) ([]Membership, error) {
		users, err := tx.AccountUsers(call.Principal.AccountID)
		if err != nil {
			return nil, err
		}
		var open []Membership
		for _, u := range users {
			if !u.Invited {
				continue
			}
			org, err := tx.Org(u.OrgID)
			if err != nil {
				return nil, err
			}
			open = append(open, Membership{Org: org, User: u})
		}
		return open, nil
	})
}

// AcceptInvitation makes the account a member of the organisation that invited
// it. Needs a personal token. Audit entry acceptInvitation there. Errors:
// [NotFound] if there is no open invitation; [LimitExceeded].
func (s *Service) AcceptInvitation(ctx context.Context, call Call, org OrgID) (User, error) {
	return write(ctx, s, call, OpAcceptInvitation, func(c *change) (User, error) {
		invited, err := c.invitation(org)
		if err != nil {
			return User{}, err
		}
		if err := c.oneMoreOfAccount(c.actor.AccountID, LimitOrganizations); err != nil {
			return User{}, err
		}
		me, err := self(c, c.actor)
		if err != nil {
			return User{}, err
		}
		joined := invited
		joined.Invited, joined.Name = false, me.Name
		if err := c.Tx.UpdateUser(joined); err != nil {
			return User{}, err
		}
		return joined, c.recordIn(org, joined.target(), invited, joined)
	})
}

// DeclineInvitation removes the invited user from the organisation that invited
// them. Needs a personal token. Audit entry declineInvitation there. Errors:
// [NotFound] if there is no open invitation.
func (s *Service) DeclineInvitation(ctx context.Context, call Call, org OrgID) error {
	_, err := write(ctx, s, call, OpDeclineInvitation, func(c *change) (struct{}, error) {
		invited, err := c.invitation(org)
		if err != nil {
			return struct{}{}, err
		}
		return struct{}{}, c.takeOut(invited)
	})
	return err
}

func (c *change) invitation(org OrgID) (User, error) {
	if err := c.lockOrg(org); err != nil {
		return User{}, err
	}
	users, err := c.AccountUsers(c.actor.AccountID)
	if err != nil {
		return User{}, err
	}
	for _, u := range users {
		if u.OrgID == org && u.Invited {
			return u, nil
		}
	}
	return User{}, notFound("invitation")
}
