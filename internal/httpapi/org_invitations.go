package httpapi

import (
	"strconv"

	"github.com/rosterhq/roster/internal/directory"
)

// inviter is who gave an invitation; the name is empty if they are gone.
type inviter struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

// orgInvitation is an invitation as its organization sees it.
type orgInvitation struct {
	CreatedAt wireTime                  `json:"createdAt"`
	Email     string                    `json:"email"`
	ExpiresAt wireTime                  `json:"expiresAt"`
	ID        directory.UserID          `json:"id"`
	InvitedBy inviter                   `json:"invitedBy"`
	MailedAt  wireTime                  `json:"mailedAt,omitzero"`
	Name      string                    `json:"name"`
	Role      roleRef                   `json:"role"`
	State     directory.InvitationState `json:"state"`
}

func orgInvitationOf(i directory.Invitation) orgInvitation {
	u := i.User
	return orgInvitation{
		CreatedAt: wireTime{u.CreatedAt}, Email: u.Email, ExpiresAt: wireTime{u.ExpiresAt}, ID: u.ID,
		InvitedBy: inviter{u.InvitedBy.ID(), i.Inviter}, MailedAt: wireTime{i.Mailed}, Name: u.Name, Role: roleRef(u.Role), State: i.State,
	}
}

const defaultInvitations = 100

func listOrgInvitations(rq *request) (answer, error) {
	var err error
	q := directory.InvitationQuery{Limit: defaultInvitations}
	if limit := rq.params.Get("limit"); limit != "" {
		if q.Limit, err = strconv.Atoi(limit); err != nil || q.Limit < 1 || q.Limit > MaxPage {
			return answer{}, directory.InvalidField("limit", "must be a number from 1 to %d", MaxPage)
		}
	}
	if q.After, err = decodeCursor(rq.params.Get("cursor")); err != nil {
		return answer{}, err
	}
	list, err := rq.api.service.ListOrgInvitations(rq.Context(), rq.call, q)
	if err == nil && len(list) == q.Limit {
		rq.linkNext(encodeCursor(list[len(list)-1].User.ID))
	}
	return answerList(list, err)
}

func resendInvitation(rq *request) (answer, error) {
	return answerWith(rq.api.service.ResendInvitation(rq.Context(), rq.call, directory.UserID(rq.PathValue("id"))))
}

func revokeInvitation(rq *request) (answer, error) {
	return noContent, rq.api.service.RevokeInvitation(rq.Context(), rq.call, directory.UserID(rq.PathValue("id")))
}
