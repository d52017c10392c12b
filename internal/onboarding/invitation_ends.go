package onboarding

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/rosterhq/roster/internal/directory"
	"github.com/rosterhq/roster/internal/members"
)

// InvitationGrace is how long an expired invitation can still be resent before it is dropped.
const InvitationGrace = 30 * 24 * time.Hour

// invitationBatch is how many expired invitations are read at a time.
const invitationBatch = 100

// DropInvitations drops the invitations that expired longer than [InvitationGrace] ago. Audit
// entry expireInvitation, by the server itself. An invitation that can't be dropped ends the
// call; the next one tries again.
func (o *Onboarder) DropInvitations(ctx context.Context) error {
	for {
		var expired []directory.User
		before := o.directory.Now().Add(-InvitationGrace)
		err := directory.ReadAsOperator(ctx, o.directory, func(tx directory.Tx) (err error) {
			expired, err = tx.ExpiredInvitations(before, invitationBatch)
			return err
		})
		for _, u := range expired {
			dropErr := directory.DoAsOperator(ctx, o.directory, directory.OpExpireInvitation, func(c *directory.Change) error {
				return dropInvitationAt(c, u.OrgID, u.ID, before)
			})
			if dropErr != nil {
				err = errors.Join(err, fmt.Errorf("drop the expired invitation %s: %w", u.ID, dropErr))
			}
		}
		if err != nil || len(expired) < invitationBatch {
			return err
		}
	}
}

// dropInvitationAt drops an invitation that expired before a time, unless it was answered,
// resent or revoked meanwhile.
func dropInvitationAt(c *directory.Change, org directory.OrgID, id directory.UserID, before time.Time) error {
	if err := c.Lock(directory.LockOrg(org)); err != nil {
		return err
	}
	u, err := c.User(org, id)
	if directory.CodeOf(err) == directory.NotFound || (err == nil && (!u.Invited || !u.ExpiresAt.Before(before))) {
		return nil
	}
	if err != nil {
		return err
	}
	return members.TakeOut(c.AsSystem(org, directory.OpExpireInvitation), u)
}
