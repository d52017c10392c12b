package directory

import (
	"time"

	"github.com/rosterhq/roster/internal/authz"
)

// Invite makes u an invitation by the actor, with its whole time. It stores nothing.
func (c *Change) Invite(u *User) {
	u.Invited, u.InvitedBy, u.ExpiresAt = true, c.actor.Giver(), c.now.Add(c.invitationTTL)
}

// AcceptedBy is an invited user as a member: an account and its name.
func (u User) AcceptedBy(account AccountID, name string) User {
	u.AccountID, u.Name = account, name
	u.Invited, u.InvitedBy, u.ExpiresAt = false, Actor{}, time.Time{}
	return u
}

// InvitationExpired reports whether u is an invitation that can't be accepted any more.
func (u User) InvitationExpired(now time.Time) bool { return u.Invited && expired(u.ExpiresAt, now) }

// MayStillGive reports whether the inviter of u, who is invited, could give the role now.
func MayStillGive(tx Tx, u User, now time.Time) (bool, error) {
	role, err := LookupRole(tx, u.OrgID, u.Role.ID)
	if err != nil {
		return false, err
	}
	p, err := GiverNow(tx, u.OrgID, u.InvitedBy, now)
	if err != nil || p == nil {
		return false, err
	}
	if role.ID == authz.RoleOwner && !p.IsOwner() {
		return false, nil
	}
	mayAdd := OpCreateUser.Authorize(p) == nil || OpUpdateUserRole.Authorize(p) == nil
	return mayAdd && p.Giving.MayGive(role.Capabilities), nil
}

// GiverNow is a recorded actor with what they may do now in an organization, nil if
// they are gone. A person is the user, whichever token they came with.
func GiverNow(tx Tx, org OrgID, a Actor, now time.Time) (*Principal, error) {
	switch a.Kind {
	case ActorAccount:
		u, err := tx.User(org, a.UserID)
		if CodeOf(err) == NotFound || (err == nil && (u.Invited || u.Suspended)) {
			return nil, nil // nobody is an answer
		}
		if err != nil {
			return nil, err
		}
		p := &Principal{Kind: PersonalToken, OrgID: org, UserID: u.ID, AccountID: u.AccountID, Role: u.Role.ID}
		r, err := effective(tx, u, now)
		p.hold(r)
		return p, err
	case ActorAPIToken:
		t, err := tx.APIToken(org, a.TokenID)
		if CodeOf(err) == NotFound || (err == nil && expired(t.ExpiresAt, now)) {
			return nil, nil // nobody is an answer
		}
		return t.principal(), err
	default:
		return OperatorPrincipal(org), nil
	}
}
