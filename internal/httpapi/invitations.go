package httpapi

import "github.com/rosterhq/roster/internal/directory"

type roleRef struct {
	ID   directory.RoleID `json:"id"`
	Name string           `json:"name"`
}

type invitation struct {
	ExpiresAt wireTime         `json:"expiresAt"`
	InvitedAt wireTime         `json:"invitedAt"`
	OrgID     directory.OrgID  `json:"orgId"`
	OrgName   string           `json:"orgName"`
	Role      roleRef          `json:"role"`
	UserID    directory.UserID `json:"userId"`
}

func listInvitations(rq *request) (answer, error) {
	open, err := rq.api.service.ListInvitations(rq.Context(), rq.call)
	list := make([]invitation, len(open))
	for i, m := range open {
		list[i] = invitation{
			ExpiresAt: wireTime{m.User.ExpiresAt}, InvitedAt: wireTime{m.User.CreatedAt}, OrgID: m.Org.ID, OrgName: m.Org.Name,
			Role: roleRef(m.User.Role), UserID: m.User.ID,
		}
	}
	return answerList(list, err)
}

func acceptInvitation(rq *request) (answer, error) {
	return answerWith(rq.api.service.AcceptInvitation(rq.Context(), rq.call, directory.OrgID(rq.PathValue("orgId"))))
}

func declineInvitation(rq *request) (answer, error) {
	return noContent, rq.api.service.DeclineInvitation(rq.Context(), rq.call, directory.OrgID(rq.PathValue("orgId")))
}
