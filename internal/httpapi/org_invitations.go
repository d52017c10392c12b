package httpapi

import (
	"github.com/rosterhq/roster/internal/directory"

	"github.com/rosterhq/roster/internal/onboarding"
)

// inviter is the user or token that created an invitation. The name is empty if it no
// longer exists.
type inviter struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

// orgInvitation is an invitation as shown to its organization.
type orgInvitation struct {
	CreatedAt wireTime                   `json:"createdAt"`
	Email     string                     `json:"email"`
	ExpiresAt wireTime                   `json:"expiresAt"`
	ID        directory.UserID           `json:"id"`
	InvitedBy inviter                    `json:"invitedBy"`
	MailedAt  wireTime                   `json:"mailedAt,omitzero"`
	Name      string                     `json:"name"`
	Role      roleRef                    `json:"role"`
	State     onboarding.InvitationState `json:"state"`
}

func orgInvitationOf(i onboarding.Invitation) orgInvitation {
	u := i.User
	return orgInvitation{
		CreatedAt: wireTime{u.CreatedAt}, Email: u.Email, ExpiresAt: wireTime{u.ExpiresAt}, ID: u.ID,
		InvitedBy: inviter{u.InvitedBy.ID(), i.Inviter}, MailedAt: wireTime{i.Mailed}, Name: u.Name, Role: roleRef(u.Role), State: i.State,
	}
}

const defaultInvitations = 100

func listOrgInvitations(rq *request) ([]onboarding.Invitation, error) {
	var q onboarding.InvitationQuery
	var err error
	if q.Limit, err = pageLimit(rq.params, defaultInvitations); err != nil {
		return nil, err
	}
	if q.After, err = decodeCursor(rq.params.Get("cursor")); err != nil {
		return nil, err
	}
	list, err := rq.api.service.ListOrgInvitations(rq.Context(), rq.call, q)
	if err == nil && len(list) == q.Limit {
		rq.linkNext(encodeCursor(list[len(list)-1].User.ID))
	}
	return list, err
}
